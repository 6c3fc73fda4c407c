package import Bank

/// How often which misfortune befalls a bank, in chances of a thousand operations.
package struct BankFortune: Sendable, Hashable {
    /// A write is refused, and has certainly not taken effect.
    package var refused = 0
    /// A write's answer is lost, and it has not taken effect.
    package var lostBefore = 0
    /// A write's answer is lost, and it has taken effect.
    package var lostAfter = 0
    /// A write's answer is lost, and it takes effect some time later, whatever has become of its writer.
    package var late = 0
    /// A read fails.
    package var unreadable = 0
    /// A stream ends with an error behind some of its chunks.
    package var torn = 0
    /// An operation lasts up to a minute and a half.
    package var slow = 0

    /// Nothing ever goes wrong.
    package static let fair = BankFortune()

    package init() {}
}

/// Where a process ends by itself: before or behind the n-th of its writes.
package struct CrashPoint: Sendable, Hashable {
    package let write: Int
    package let isBefore: Bool

    package init(write: Int, isBefore: Bool) {
        self.write = write
        self.isBefore = isBefore
    }
}

/// One process's way to the store of its world, with all that can happen on the way.
package final class SimulatedBank: Bank, @unchecked Sendable {
    private let store: SimulatedStore
    private let process: SimulatedProcess
    private var world: World { process.world }
    package var fortune: BankFortune
    /// Where its process crashes.
    package var crashPoint: CrashPoint?
    /// Which writes the store only promises to keep: for planted faults.
    package var isOnlyPromised: (BankKey) -> Bool = { _ in false }
    /// Lets a reader see something else than was written: for planted faults.
    package var distort: (BankKey, [UInt8]) -> [UInt8] = { $1 }
    /// Sees the key of every object that is about to be written.
    package var beginsWrite: (BankKey) -> Void = { _ in }
    /// How many writes it has begun.
    package private(set) var writes = 0

    package init(_ store: SimulatedStore, _ process: SimulatedProcess, _ fortune: BankFortune = .fair) {
        self.store = store
        self.process = process
        self.fortune = fortune
    }

    package var place: String { "simulated" }

    // MARK: Writing

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        var version = ObjectVersion(tag: "")
        if !process.isDead { beginsWrite(key) }
        try await writing("write", key) { [store, process] in
            let before = store.bytes(key)?.bytes
            version = try store.put(key, bytes, if: condition, by: process)
            if self.isOnlyPromised(key) { store.promised(key, before: before, to: process) }
        }
        return version
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        // Streams end early when their reader is cancelled.
        try Task.checkCancellation()
        try await put(key, bytes, if: condition)
        return Int64(bytes.count)
    }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try await writing("delete", key) { [store, process] in try store.delete(key, if: condition, by: process) }
    }

    private func writing(_ operation: String, _ key: BankKey, _ apply: @escaping () throws -> Void) async throws {
        try await wait(operation, key)
        writes += 1
        if crashPoint == CrashPoint(write: writes, isBefore: true) { die() }
        try ensureAlive(operation, key)
        if world.happens(fortune.refused) {
            world.note("\(process.name): the store refuses to \(operation) \(key)")
            throw BankError.storeFailed(operation: operation, key: key.text, reason: "the store had a bad moment")
        }
        if world.happens(fortune.lostBefore) {
            world.note("\(process.name): the store loses the request to \(operation) \(key)")
            throw BankError.outcomeUnknown(key, reason: "no answer came")
        }
        if world.happens(fortune.late) {
            let delay = Int64(world.number(1...300_000)) * 1_000_000
            world.note("\(process.name): a write is on its way: \(operation) \(key)")
            world.later(delay) { try? apply() }
            throw BankError.outcomeUnknown(key, reason: "no answer came")
        }
        try apply()
        if crashPoint == CrashPoint(write: writes, isBefore: false) { die() }
        try ensureAlive(operation, key)
        if world.happens(fortune.lostAfter) {
            world.note("\(process.name): the answer is lost: \(operation) \(key)")
            throw BankError.outcomeUnknown(key, reason: "no answer came")
        }
        try await wait(operation, key)
    }

    private func die() {
        process.crash()
        store.loseUnsynced(of: process)
    }

    // MARK: Reading

    package func get(_ key: BankKey) async throws -> [UInt8] { try await getVersioned(key).bytes }

    package func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await reading("read", key)
        guard let found = store.bytes(key) else { throw BankError.notFound(key) }
        return (distort(key, found.bytes), found.version)
    }

    package func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        let bytes = try await get(key)
        let end = world.happens(fortune.torn) ? world.number(0...bytes.count) : nil
        return AsyncThrowingStream<[UInt8], any Error> { continuation in
            guard let end else {
                continuation.yield(bytes)
                continuation.finish()
                return
            }
            continuation.yield(Array(bytes.prefix(end)))
            continuation.finish(
                throwing: BankError.storeFailed(operation: "read", key: key.text, reason: "the stream broke off"))
        }
    }

    package func size(_ key: BankKey) async throws -> Int64? {
        try await reading("look at", key)
        return store.bytes(key).map { Int64($0.bytes.count) }
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await reading("list", prefix)
        return store.list(below: prefix, after: after, limit: limit)
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await reading("list", prefix)
        return store.names(below: prefix, after: after, limit: limit)
    }

    package func modified(_ key: BankKey) async throws -> Int64? {
        try await reading("look at", key)
        return store.modified(key)
    }

    private func reading(_ operation: String, _ key: BankKey?) async throws {
        try await wait(operation, key)
        if world.happens(fortune.unreadable) {
            throw BankError.storeFailed(
                operation: operation, key: key?.text ?? "", reason: "the store had a bad moment")
        }
    }

    // MARK: Time

    /// A moment, and sometimes a long one. A request that is on its way is not called back when its task is cancelled.
    private func wait(_ operation: String, _ key: BankKey?) async throws {
        try ensureAlive(operation, key)
        let duration =
            world.happens(fortune.slow)
            ? Int64(world.number(1000...90_000)) * 1_000_000 : Int64(world.number(0...3)) * 500_000
        if duration > 0 { await process.uninterruptedSleep(duration) }
        try ensureAlive(operation, key)
    }

    private func ensureAlive(_ operation: String, _ key: BankKey?) throws {
        if process.isDead {
            throw BankError.storeFailed(operation: operation, key: key?.text ?? "", reason: "its process is no more")
        }
    }
}
