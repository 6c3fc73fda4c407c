import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import Synchronization

/// A bank with checkpoints that tests put there, record by record.
struct BankShelf {
    static let owner = Owner(
        id: "0000000000000000", host: "here", process: 1, boot: "b", processStart: 1, namespace: "n")
    /// 2026-03-01.
    static let start: Int64 = 1_772_323_200_000
    static let hour: Int64 = 3_600_000

    let memory = InMemoryBank()
    let bank: any Bank
    let collection: CheckpointCollection

    /// With `lingers`, listings at the level `listOnly` show for a while what was removed.
    init(
        _ level: ConsistencyLevel = .compareAndSwap, lingers: Bool = true,
        over wrap: (any Bank) -> any Bank = { $0 }
    ) {
        var troubles = Self.quick
        if !lingers { troubles.lingering = 0 }
        bank = wrap(DegradedBank(memory, to: level, troubles: troubles))
        collection = CheckpointCollection(bank: bank, owner: Self.owner, consistency: level, hasEnded: { _ in true })
    }

    /// No test waits for races that it does not run.
    private static var quick: BankTroubles {
        var troubles = BankTroubles()
        troubles.raceWindow = 1000
        return troubles
    }

    /// Puts a checkpoint there: settled, or with its marker only.
    @discardableResult
    func add(
        _ created: Int64, plan: String = "shop", provider: String = "local", status: CheckpointStatus? = .available,
        id: CheckpointID = .random()
    ) async throws -> CheckpointIndex {
        let index = CheckpointIndex(
            id: id, plan: plan, provider: provider, created: Timestamp(milliseconds: created), owner: Self.owner,
            irDigest: SHA256Digest(of: [UInt8]()), resources: 0)
        try await collection.create(index, ir: [])
        guard let status else { return index }
        try await collection.commit(
            CommitRecord(
                checkpoint: id, epoch: 1, status: status, finished: index.created, resources: [], failures: [],
                contentBytes: 0, journalSegments: 0, definitions: .packs([])))
        try await collection.publish(index)
        try await collection.settle(id)
        return index
    }

    /// So many checkpoints of a plan, some hours apart, from the oldest.
    func fill(_ count: Int, every hours: Int64 = 7, plan: String = "shop") async throws -> [CheckpointIndex] {
        var made: [CheckpointIndex] = []
        for number in 0..<count {
            made.append(try await add(Self.start + Int64(number) * hours * Self.hour, plan: plan))
        }
        return made
    }

    /// The ids of a page.
    func ids(
        _ filter: CheckpointCollection.Filter = .init(), order: ListingOrder = .newestFirst,
        after: CheckpointCollection.Cursor? = nil, limit: Int = .max
    ) async throws -> [CheckpointID] {
        try await collection.page(filter, order: order, after: after, limit: limit).checkpoints.map(\.summary.id)
    }
}

/// A bank that counts what is read from it.
final class CountingBank: Bank {
    private let inner: any Bank
    private let count = Mutex(0)

    init(_ inner: any Bank) { self.inner = inner }

    var place: String { inner.place }
    /// How many requests have read something.
    var reads: Int { count.withLock { $0 } }
    func forget() { count.withLock { $0 = 0 } }

    private func read<Result>(_ body: () async throws -> Result) async throws -> Result {
        count.withLock { $0 += 1 }
        return try await body()
    }

    @discardableResult
    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try await inner.put(key, bytes, if: condition)
    }
    @discardableResult
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 { try await inner.put(key, stream: chunks, if: condition) }
    func get(_ key: BankKey) async throws -> [UInt8] { try await read { try await inner.get(key) } }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await read { try await inner.getVersioned(key) }
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await read { try await inner.stream(key) }
    }
    func size(_ key: BankKey) async throws -> Int64? { try await read { try await inner.size(key) } }
    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try await inner.delete(key, if: condition)
    }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await read { try await inner.list(below: prefix, after: after, limit: limit) }
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await read { try await inner.names(below: prefix, after: after, limit: limit) }
    }
    func get(_ key: BankKey, longest: Int64) async throws -> [UInt8] {
        try await read { try await inner.get(key, longest: longest) }
    }
    func getEach(_ keys: [BankKey], longest: Int64) async throws -> [Result<[UInt8]?, BankError>] {
        try await read { try await inner.getEach(keys, longest: longest) }
    }
    func namesBelowEach(_ prefixes: [BankKey]) async throws -> [Result<[String], BankError>] {
        try await read { try await inner.namesBelowEach(prefixes) }
    }
    func modified(_ key: BankKey) async throws -> Int64? { try await inner.modified(key) }
}
