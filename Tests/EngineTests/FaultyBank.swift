import Bank
import Synchronization

/// A bank that takes note of every write and fails at one of them, as a store on a bad day does.
final class FaultyBank: Bank {
    enum Fault: Sendable, CaseIterable {
        /// Nothing was written, and the store says so.
        case refused
        /// Nothing was written, and the answer was lost.
        case lostBefore
        /// It was written, and the answer was lost.
        case lostAfter
        /// It was written, the answer was lost, and so is every later one.
        case goneAfter
        /// Nothing is written any more.
        case goneBefore
    }

    private struct State {
        var writes: [String] = []
        var faultAt: Int?
        var fault = Fault.refused
    }

    let inner: any Bank
    private let state = Mutex(State())
    private let interlude = Mutex<Interlude?>(nil)

    init(_ inner: any Bank) { self.inner = inner }

    var place: String { inner.place }

    /// The writes so far, as `put KEY` and `delete KEY`.
    var writes: [String] { state.withLock { $0.writes } }

    /// Fails at the n-th write from now, counted from 0; never when `nil`. Forgets the writes so far.
    func fail(at number: Int?, _ fault: Fault = .refused) {
        state.withLock { $0 = State(writes: [], faultAt: number, fault: fault) }
    }

    private func writing(_ name: String, _ key: BankKey, _ write: () async throws -> Void) async throws {
        let fault: Fault? = state.withLock { state in
            state.writes.append("\(name) \(key)")
            guard let at = state.faultAt else { return nil }
            let number = state.writes.count - 1
            switch state.fault {
            case .refused, .lostBefore, .lostAfter: return number == at ? state.fault : nil
            case .goneBefore: return number >= at ? .goneBefore : nil
            case .goneAfter: return number == at ? .lostAfter : number > at ? .goneBefore : nil
            }
        }
        switch fault {
        case nil: try await write()
        case .refused:
            throw BankError.storeFailed(operation: name, key: key.text, reason: "the test wants it so")
        case .goneBefore:
            throw BankError.storeFailed(
                operation: name, key: key.text, reason: "the test wants it so", fault: .readOnly)
        case .lostBefore: throw BankError.outcomeUnknown(key, reason: "the test wants it so")
        case .lostAfter, .goneAfter:
            try await write()
            throw BankError.outcomeUnknown(key, reason: "the test wants it so")
        }
    }

    @discardableResult
    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        var version = ObjectVersion(tag: "")
        try await happen(.put, key)
        try await writing("put", key) { version = try await inner.put(key, bytes, if: condition) }
        return version
    }

    @discardableResult
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        try await put(key, bytes, if: condition)
        return Int64(bytes.count)
    }

    func get(_ key: BankKey) async throws -> [UInt8] { try await inner.get(key) }

    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        let found = try await inner.getVersioned(key)
        try await happen(.read, key)
        return found
    }

    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await inner.stream(key)
    }

    func size(_ key: BankKey) async throws -> Int64? { try await inner.size(key) }

    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try await happen(.delete, key)
        try await writing("delete", key) { try await inner.delete(key, if: condition) }
    }

    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        let page = try await inner.list(below: prefix, after: after, limit: limit)
        if let prefix { try await happen(.listing, prefix) }
        return page
    }

    /// A request at which something else happens: before a write takes effect, and behind a look, before whoever looks has
    /// its answer.
    enum Request { case put, delete, read, listing }

    private struct Interlude {
        let request: Request
        let key: BankKey
        let body: @Sendable () async throws -> Void
    }

    private func happen(_ request: Request, _ key: BankKey) async throws {
        let next = interlude.withLock { interlude in
            guard let next = interlude, next.request == request, next.key == key else {
                return Optional<Interlude>.none
            }
            interlude = nil
            return next
        }
        try await next?.body()
    }

    /// Lets something happen at the next request of a kind for a key.
    func atNext(_ request: Request, of key: BankKey, _ body: @escaping @Sendable () async throws -> Void) {
        interlude.withLock { $0 = Interlude(request: request, key: key, body: body) }
    }

    /// Lets something happen behind the next listing of a prefix, before whoever lists has its answer.
    func behindNextListing(of prefix: BankKey, _ body: @escaping @Sendable () async throws -> Void) {
        atNext(.listing, of: prefix, body)
    }

    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await inner.names(below: prefix, after: after, limit: limit)
    }

    func modified(_ key: BankKey) async throws -> Int64? { try await inner.modified(key) }
}
