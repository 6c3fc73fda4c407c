package import Bank
internal import Glibc
internal import Synchronization

/// A bank in memory, for tests: the whole contract and nothing durable. Every write gives a version of its own.
package final class InMemoryBank: Bank {
    private struct Object {
        var bytes: [UInt8]
        var version: Int
        var modified: Int64
    }

    private struct State {
        var objects: [BankKey: Object] = [:]
        var writes = 0
    }

    private let state = Mutex(State())
    package let place = "memory"

    private let now: @Sendable () -> Int64

    /// An empty bank; `now` is its clock, in milliseconds since 1970.
    package init(now: @escaping @Sendable () -> Int64 = InMemoryBank.systemTime) { self.now = now }

    /// The system's wall clock in milliseconds since 1970.
    package static let systemTime: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Every object, for tests that look at or damage what is stored.
    package var contents: [BankKey: [UInt8]] { state.withLock { $0.objects.mapValues(\.bytes) } }

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try state.withLock { state in
            try InMemoryBank.check(condition, key, state.objects[key])
            try InMemoryBank.refuseConflict(key, state)
            state.writes += 1
            state.objects[key] = Object(bytes: bytes, version: state.writes, modified: now())
            return ObjectVersion(tag: String(state.writes))
        }
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

    package func get(_ key: BankKey) async throws -> [UInt8] { try await getVersioned(key).bytes }

    package func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        guard let object = state.withLock({ $0.objects[key] }) else { throw BankError.notFound(key) }
        return (object.bytes, ObjectVersion(tag: String(object.version)))
    }

    package func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        let bytes = try await get(key)
        return AsyncThrowingStream<[UInt8], any Error> { continuation in
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                continuation.yield(Array(bytes[start..<min(bytes.count, start + 1 << 20)]))
            }
            continuation.finish()
        }
    }

    package func size(_ key: BankKey) async throws -> Int64? {
        state.withLock { $0.objects[key].map { Int64($0.bytes.count) } }
    }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        if condition == .ifAbsent {
            throw BankError.conditionUnsupported(key, reason: "what is absent cannot be removed")
        }
        try state.withLock { state in
            try InMemoryBank.check(condition, key, state.objects[key])
            state.objects[key] = nil
        }
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        let limit = max(1, limit)
        let keys = state.withLock { Array($0.objects.keys) }
        let start = prefix.map { $0.text + "/" } ?? ""
        let found = keys.filter { key in key.text.hasPrefix(start) && after.map { $0 < key } ?? true }.sorted()
        return BankPage(keys: Array(found.prefix(limit)), more: found.count > limit)
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        BankNames(among: state.withLock { Array($0.objects.keys) }, below: prefix, after: after, limit: limit)
    }

    package func modified(_ key: BankKey) async throws -> Int64? { state.withLock { $0.objects[key]?.modified } }

    private static func check(_ condition: WriteCondition, _ key: BankKey, _ object: Object?) throws {
        let holds =
            switch condition {
            case .none: true
            case .ifAbsent: object == nil
            case .ifVersion(let version): object.map { String($0.version) == version.tag } ?? false
            }
        guard holds else { throw BankError.conditionFailed(key) }
    }

    private static func refuseConflict(_ key: BankKey, _ state: State) throws {
        if state.objects[key] != nil { return }
        var end = key.text.startIndex
        while let slash = key.text[end...].firstIndex(of: "/") {
            if state.objects[BankKey(unchecked: String(key.text[..<slash]))] != nil {
                throw BankError.keyConflict(key, reason: "'\(key.text[..<slash])' is an object")
            }
            end = key.text.index(after: slash)
        }
        if state.objects.keys.contains(where: { $0.text.hasPrefix(key.text + "/") }) {
            throw BankError.keyConflict(key, reason: "there are objects below it")
        }
    }
}
