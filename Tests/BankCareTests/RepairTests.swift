import Bank
import BankCare
import BankConformance
import CanonicalForm
import Checkpoints
import Synchronization
import Testing

/// What `cairn bank check --repair` and `cairn bank reindex` mend.
@Suite struct RepairTests {
    /// Spoils the indices of a bank in every way.
    private func spoil(_ bench: CareBench) async throws -> [CheckpointID] {
        var ids: [CheckpointID] = []
        for plan in ["shop", "shop", "blog", "shop", "shop"] { ids.append(try await bench.protect(plan: plan)) }
        let collection = bench.collection()
        func keys(_ id: CheckpointID) async throws -> [BankKey] {
            let index = try await collection.index(id)
            return try collection.everyIndexKey(plan: index.plan, provider: index.provider, index.created, id)
        }
        // Lost; not what was written; where earlier programs had it, alone and twice.
        for key in try await keys(ids[0]).prefix(3) { try await bench.bank.delete(key, if: .none) }
        try await bench.bank.put(try await keys(ids[1])[0], Array("torn".utf8), if: .none)
        let third = try await keys(ids[2])
        for (key, old) in zip(third.prefix(3), third.dropFirst(3)) {
            try await bench.bank.delete(key, if: .none)
            try await bench.bank.put(old, collection.marker(ids[2]), if: .none)
        }
        try await bench.bank.put(try await keys(ids[3])[3], collection.marker(ids[3]), if: .none)
        // What leads nowhere.
        let time = try await collection.index(ids[4]).created
        let later = Timestamp(milliseconds: time.milliseconds + 1)
        for (entry, id) in [
            (try IndexEntry(created: time, id: .random()).key(in: CheckpointLayout.byDate), ids[4]),
            (try IndexEntry(created: later, id: ids[4]).key(in: CheckpointLayout.byPlan("shop")), ids[4]),
            (try IndexEntry(created: time, id: ids[4]).key(in: CheckpointLayout.byPlan("blog")), ids[4]),
            (
                try CheckpointLayout.byDate.appending("19990101/\(IndexEntry(created: time, id: ids[4]).segment)"),
                ids[4]
            ),
        ] {
            try await bench.bank.put(entry, collection.marker(id), if: .none)
        }
        return ids
    }

    private func expectedIndices(_ bench: CareBench, _ ids: [CheckpointID]) async throws -> Set<BankKey> {
        var keys: Set<BankKey> = []
        for id in ids {
            let index = try await bench.collection().index(id)
            keys.formUnion(
                try bench.collection().indexKeys(plan: index.plan, provider: index.provider, index.created, id))
        }
        return keys
    }

    private func indices(_ bench: CareBench) -> Set<BankKey> {
        Set(bench.memory.contents.keys.filter { $0.segments[0] == "indices" })
    }

    @Test(arguments: ConsistencyLevel.allCases, [BankAudit.Scope.indices, .records])
    func indicesBecomeWhatFollowsFromTheCheckpoints(_ level: ConsistencyLevel, _ scope: BankAudit.Scope) async throws {
        let bench = CareBench(level)
        let ids = try await spoil(bench)
        let content = bench.memory.contents.filter { $0.key.segments[0] != "indices" }
        let before = bench.memory.contents
        let dry = try await bench.audit(scope)
        #expect(bench.memory.contents == before)
        #expect(dry.findings.count == 12, "\(dry.findings)")
        let (findings, tally) = try await bench.audit(scope, repairs: true)
        #expect(findings.allSatisfy { $0.state == .mended } && tally.left == 0, "\(findings)")
        #expect(indices(bench) == (try await expectedIndices(bench, ids)))
        #expect(bench.memory.contents.filter { $0.key.segments[0] != "indices" } == content)
        #expect(try await bench.audit(scope, repairs: true).findings.isEmpty)
        #expect(try await bench.collection().list(.init(plan: "shop")).count == 4)
    }

    /// Without any index, they are made anew; and a run that breaks off at any write is finished by the next.
    @Test(arguments: ConsistencyLevel.allCases)
    func aReindexThatBreaksOffIsFinishedByTheNext(_ level: ConsistencyLevel) async throws {
        var number = 0
        while true {
            let bench = CareBench(level)
            let ids = try await spoil(bench)
            if number % 2 == 1 { for key in indices(bench) { try await bench.memory.delete(key, if: .none) } }
            let failing = FailingBank(bench.bank, after: number)
            let first = try await bench.audit(.indices, repairs: true, over: failing)
            _ = try await bench.audit(.indices, repairs: true)
            #expect(indices(bench) == (try await expectedIndices(bench, ids)), "after \(number) writes")
            #expect(try await bench.audit(.data).findings.isEmpty)
            guard first.tally.left > 0 else { break }
            number += 1
        }
        #expect(number > 5)
    }

    @Test func aStaleMarkerGoesWhenNothingIsLeftToDo() async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let marker = CheckpointLayout.unfinished(id)
        try await bench.bank.put(marker, bench.collection().marker(id), if: .none)
        // While its executor may live, it is none.
        #expect(try await bench.audit(repairs: true, hasEnded: false).findings.isEmpty)
        let stray = try CheckpointKeys(id).all.appending("e1/resources/x/artifacts/y/parts/00000000")
        try await bench.bank.put(stray, [1], if: .none)
        #expect(try await bench.audit(repairs: true).tally.left == 1)
        // The collector of garbage needs it to find the litter.
        #expect(try await bench.bank.size(marker) != nil)
        try await bench.bank.delete(stray, if: .none)
        #expect(try await bench.audit(repairs: true).tally.mended == 1)
        #expect(try await bench.bank.size(marker) == nil)
        #expect(try await bench.audit(.data).findings.isEmpty)
    }

    /// What another attempt has left, by a write that took effect late, is for the collector, who goes by markers.
    @Test(arguments: ConsistencyLevel.allCases)
    func leftoversAreMarkedForTheCollector(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let keys = CheckpointKeys(try await bench.protect())
        let marker = CheckpointLayout.unfinished(keys.id)
        let commit = try CommitRecord(opening: try await bench.bank.get(keys.commit(ofEpoch: 1)))
        let claim = EpochRecord(keys.id, epoch: 2, owner: CareBench.owner, started: commit.finished)
        let again = CommitRecord(
            checkpoint: keys.id, epoch: 2, status: .available, finished: commit.finished, resources: commit.resources,
            failures: [], contentBytes: commit.contentBytes, journalSegments: 0, definitions: commit.definitions)
        let pack = try await bench.bank.get(keys.definitions(ofEpoch: 1, pack: 0))
        try await bench.bank.put(keys.epoch(2), claim.record.bytes, if: .none)
        try await bench.bank.put(keys.definitions(ofEpoch: 2, pack: 0), pack, if: .none)
        try await bench.bank.put(keys.commit(ofEpoch: 2), again.bytes, if: .none)
        let stray = try keys.all.appending("e1/resources/x/artifacts/y/parts/00000000")
        for key in [keys.commit(ofEpoch: 1), stray] {
            try await bench.bank.put(key, [1], if: .none)
            let first = try await bench.audit(repairs: true)
            #expect(first.findings.map(\.kind) == [.leftover] && first.tally.mended == 1, "\(first.findings)")
            #expect(try await bench.bank.get(marker) == bench.collection().marker(keys.id))
            // While the marker is there, it is the collector's.
            #expect(try await bench.audit(repairs: true, hasEnded: false).findings.isEmpty)
            for object in [key, marker] { try await bench.bank.delete(object, if: .none) }
            #expect(try await bench.audit().findings.isEmpty)
        }
        // Behind a later claim it may be what counts in the end.
        let later = EpochRecord(keys.id, epoch: 3, owner: CareBench.owner, started: commit.finished)
        try await bench.bank.put(keys.epoch(3), later.record.bytes, if: .none)
        try await bench.bank.put(stray, [1], if: .none)
        #expect(try await bench.audit(repairs: true).findings.map(\.kind) == [.litter])
        #expect(try await bench.bank.size(marker) == nil)
    }

    /// Who has taken over may still record something else. Without a marker nobody would look behind the claim.
    @Test func aMarkerStaysWhileALaterClaimIsOpen() async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let collection = bench.collection()
        let marker = CheckpointLayout.unfinished(id)
        try await bench.bank.put(marker, collection.marker(id), if: .none)
        let claim = EpochRecord(id, epoch: 2, owner: CareBench.owner, started: Timestamp.now())
        try await bench.bank.put(CheckpointKeys(id).epoch(2), claim.record.bytes, if: .none)
        let (findings, tally) = try await bench.audit(repairs: true)
        #expect(findings.map(\.kind) == [.unfinished] && tally.mended == 0, "\(findings)")
        #expect(try await bench.bank.size(marker) != nil)
        #expect(try await collection.settledCommit(id) == nil)
    }

    /// A bank in which something happens behind the first removal.
    private struct EventfulBank: ForwardingBank {
        let bank: any Bank
        let event: @Sendable () async throws -> Void
        let isFirst = Once()

        final class Once: Sendable {
            let value = Mutex(true)
            func take() -> Bool {
                value.withLock {
                    let was = $0; $0 = false; return was
                }
            }
        }

        func delete(_ key: BankKey, if condition: WriteCondition) async throws {
            try await bank.delete(key, if: condition)
            if isFirst.take() { try await event() }
        }
    }

    /// The entry of a checkpoint that was deleted is stray, until a copy comes back under its id.
    @Test func anEntryThatIsNeededMeanwhileIsWrittenAgain() async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let collection = bench.collection()
        let index = try await collection.index(id)
        let objects = bench.memory.contents.filter { $0.key.segments[0] == "checkpoints" }
        for key in objects.keys { try await bench.bank.delete(key, if: .none) }
        let eventful = EventfulBank(bank: bench.bank) {
            for (key, bytes) in objects { try await bench.bank.put(key, bytes, if: .none) }
        }
        let (findings, _) = try await bench.audit(repairs: true, over: eventful)
        #expect(findings.allSatisfy { $0.kind == .entryStray } && findings.count < 4, "\(findings)")
        for key in try collection.indexKeys(plan: index.plan, provider: index.provider, index.created, id) {
            #expect(try await bench.bank.size(key) != nil, "\(key)")
        }
    }

    /// What is not deleted, by several at once.
    private final class Kept: Sendable {
        let ids = Mutex<[CheckpointID]>([])
    }

    /// Repairs beside runs and deletions harm nothing and find no fault.
    @Test(arguments: ConsistencyLevel.allCases)
    func repairsRunBesideEverything(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let kept = Kept()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    for number in 0..<6 {
                        let id = try await bench.protect(plan: "plan\(worker)")
                        if number % 2 == 0 { try await bench.delete(id) } else { kept.ids.withLock { $0.append(id) } }
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<6 {
                        let (findings, _) = try await bench.audit(.data, repairs: true, hasEnded: false)
                        #expect(findings.allSatisfy { $0.kind.severity != .damage }, "\(findings)")
                    }
                }
            }
            try await group.waitForAll()
        }
        _ = try await bench.audit(repairs: true)
        #expect(try await bench.audit(.data).findings.isEmpty)
        let listed = try await bench.collection().list(.init())
        #expect(listed.allSatisfy { $0.status == .available })
        #expect(Set(listed.map(\.id)) == Set(kept.ids.withLock { $0 }))
    }

    @Test func anAuditIsLinear() async throws {
        var reads: [Int] = []
        for count in [8, 32] {
            let bench = CareBench()
            for _ in 0..<count { try await bench.protect() }
            let counting = FailingBank(bench.bank, after: .max)
            _ = try await bench.audit(over: counting)
            reads.append(counting.reads)
        }
        #expect(reads[1] <= reads[0] * 4 && reads[1] > reads[0] * 2, "\(reads)")
    }
}

/// A bank that counts reads, and takes no more writes after so many.
final class FailingBank: Bank {
    private struct State {
        var reads = 0
        var writes = 0
    }

    private let inner: any Bank
    private let limit: Int
    private let state = Mutex(State())

    init(_ inner: any Bank, after limit: Int) {
        self.inner = inner
        self.limit = limit
    }

    var place: String { inner.place }
    var reads: Int { state.withLock { $0.reads } }

    private func read() { state.withLock { $0.reads += 1 } }

    private func write(_ key: BankKey) throws {
        let number = state.withLock { state in
            state.writes += 1
            return state.writes
        }
        guard number <= limit else {
            throw BankError.storeFailed(operation: "write", key: key.text, reason: "the test wants it so")
        }
    }

    @discardableResult
    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try write(key)
        return try await inner.put(key, bytes, if: condition)
    }
    @discardableResult
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        try write(key)
        return try await inner.put(key, stream: chunks, if: condition)
    }
    func get(_ key: BankKey) async throws -> [UInt8] {
        read()
        return try await inner.get(key)
    }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        read()
        return try await inner.getVersioned(key)
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        read()
        return try await inner.stream(key)
    }
    func size(_ key: BankKey) async throws -> Int64? {
        read()
        return try await inner.size(key)
    }
    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try write(key)
        try await inner.delete(key, if: condition)
    }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        read()
        return try await inner.list(below: prefix, after: after, limit: limit)
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        read()
        return try await inner.names(below: prefix, after: after, limit: limit)
    }
    func modified(_ key: BankKey) async throws -> Int64? { try await inner.modified(key) }
}
