/// What a bank's writes promise when several writers meet; found by a probe and stored in the bank.
package enum ConsistencyLevel: String, Sendable, CaseIterable {
    /// Conditional creates and conditional replacements are atomic.
    case compareAndSwap
    /// Of several racing conditional creates exactly one wins; replacements are unconditional.
    case createOnce
    /// No condition can be relied on; only what was written can be listed and read.
    case listOnly
}

/// What must hold in the bank for a write to take effect.
package enum WriteCondition: Sendable, Hashable {
    /// Nothing: create or replace.
    case none
    /// The key must have no object.
    case ifAbsent
    /// The key's object must still have this version.
    case ifVersion(ObjectVersion)
}

/// Identifies the content of an object at the time it was read; opaque, comparable for equality only.
package struct ObjectVersion: Sendable, Hashable, CustomStringConvertible {
    package let tag: String
    package init(tag: String) { self.tag = tag }
    package var description: String { tag }
}

/// One page of a listing.
package struct BankPage: Sendable, Hashable {
    /// The keys, in ascending byte order.
    package var keys: [BankKey]
    /// Whether keys follow behind the last one of this page.
    package var more: Bool

    package init(keys: [BankKey], more: Bool) {
        self.keys = keys
        self.more = more
    }
}

/// One page of the names right below a prefix.
package struct BankNames: Sendable, Hashable {
    /// The names, one segment each, in ascending byte order.
    package var names: [String]
    /// Whether names follow behind the last one of this page.
    package var more: Bool

    package init(names: [String], more: Bool) {
        self.names = names
        self.more = more
    }

    /// The page that a store with these keys gives; for stores that have all their keys in memory.
    package init(among keys: some Sequence<BankKey>, below prefix: BankKey?, after: String?, limit: Int) {
        let start = prefix.map { Array($0.text.utf8) + [UInt8(ascii: "/")] } ?? []
        var found: Set<String> = []
        for key in keys where key.text.utf8.starts(with: start) {
            let name = key.text.utf8.dropFirst(start.count).prefix { $0 != UInt8(ascii: "/") }
            if let after, !after.utf8.lexicographicallyPrecedes(name) { continue }
            found.insert(String(decoding: name, as: UTF8.self))
        }
        let names = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.init(names: Array(names.prefix(max(1, limit))), more: names.count > max(1, limit))
    }
}

/// Why a bank refused or failed; each carries the key or place it is about.
package enum BankError: Error, Sendable, Hashable {
    /// The text is not a key.
    case invalidKey(String, reason: String)
    /// The text does not name a place where a bank can be.
    case invalidPlace(String, reason: String)
    /// There is no object of this key.
    case notFound(BankKey)
    /// The write's condition did not hold; nothing was written.
    case conditionFailed(BankKey)
    /// The key lies below another object, or other objects lie below it.
    case keyConflict(BankKey, reason: String)
    /// The section does not allow this.
    case forbidden(String, reason: String)
    /// The store cannot check this kind of condition; nothing was written.
    case conditionUnsupported(BankKey, reason: String)
    /// There is no bank at this place.
    case noBank(place: String)
    /// There is a bank at this place already.
    case bankExists(place: String)
    /// A record of the bank itself is not as it was written.
    case damaged(BankKey, reason: String)
    /// A record of the bank itself has a format or version that this program does not know.
    case unknownFormat(BankKey, found: String, expected: String)
    /// The store failed; the write has certainly not taken effect.
    case storeFailed(operation: String, key: String, reason: String)
    /// The store failed while answering; whether the write took effect is not known: read back and compare.
    case outcomeUnknown(BankKey, reason: String)
}

extension BankError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidKey(let text, let reason): "'\(text)' is not a bank key: \(reason)"
        case .invalidPlace(let text, let reason): "there can be no bank at '\(text)': \(reason)"
        case .notFound(let key): "the bank has no object '\(key)'"
        case .conditionFailed(let key): "'\(key)' was changed or created by someone else"
        case .keyConflict(let key, let reason): "'\(key)' cannot be written: \(reason)"
        case .forbidden(let what, let reason): "'\(what)' is out of reach: \(reason)"
        case .conditionUnsupported(let key, let reason):
            "'\(key)' cannot be written under this condition: \(reason)"
        case .noBank(let place): "there is no bank at \(place)"
        case .bankExists(let place): "there is a bank at \(place) already"
        case .damaged(let key, let reason): "bank object '\(key)' is damaged: \(reason)"
        case .unknownFormat(let key, let found, let expected):
            "bank object '\(key)' has the format \(found), unknown here (expected \(expected)); use a newer cairn"
        case .storeFailed(let operation, let key, let reason): "the bank could not \(operation) '\(key)': \(reason)"
        case .outcomeUnknown(let key, let reason): "it is not known whether '\(key)' was written: \(reason)"
        }
    }
}

/// A key/value object store: what every bank must be able to do.
///
/// - Objects are whole: a reader sees all of a write or nothing of it, and a write that has returned survives a crash
///   of the machine.
/// - Bytes come back as they were put.
/// - A key never lies below another key's object (`a` and `a/b` cannot both be objects).
/// - Leases are objects below `leases/`, written through `put` under conditions; a bank needs nothing more for them.
///
/// Every implementation passes the conformance suite in `Tests/BankConformance`.
package protocol Bank: Sendable {
    /// Where the bank is, for messages, without secrets.
    var place: String { get }

    /// Writes an object under a condition and returns its new version.
    ///
    /// Throws `conditionFailed` when the condition does not hold, `keyConflict`, `storeFailed`, or `outcomeUnknown`.
    @discardableResult
    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion

    /// Writes an object as `put` does, without finding out its version, which costs some banks a pass over the bytes.
    func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws

    /// Writes an object from a stream of chunks, in bounded memory; nothing is visible before the end. Returns the
    /// number of bytes. An error of the stream leaves the key as it was and is rethrown.
    @discardableResult
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64

    /// The bytes of an object; throws `notFound`.
    func get(_ key: BankKey) async throws -> [UInt8]

    /// The bytes of an object with their version; throws `notFound`.
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion)

    /// The bytes of an object in chunks of at most 1 MiB, in bounded memory; throws `notFound`.
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable

    /// The size of an object in bytes, or `nil` when there is none.
    func size(_ key: BankKey) async throws -> Int64?

    /// Removes an object under a condition (`ifAbsent` makes no sense and is refused). Removing what is not there is
    /// no error with `none` and `conditionFailed` with `ifVersion`.
    func delete(_ key: BankKey, if condition: WriteCondition) async throws

    /// The first `limit` keys that have the segments of `prefix` and more (all keys when it is `nil`) and come behind
    /// `after`, in ascending byte order of the whole key. `after` need not exist nor lie below `prefix`; a limit less
    /// than 1 counts as 1. What is written or deleted meanwhile may be in the page or not.
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage

    /// The first `limit` names behind `after` that stand in keys right below `prefix` (in all keys when it is `nil`),
    /// in ascending byte order of the names, without looking at what lies below them. A name is there once, whether it
    /// is an object's or only the beginning of keys; where a delete was cut short, also when nothing is left below it.
    /// `after` need not exist nor be a name; a limit less than 1 counts as 1.
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames

    /// The bytes of each of some objects, in the order of `keys`; `nil` for one that is not there. Each is whole by itself.
    func getEach(_ keys: [BankKey]) async throws -> [[UInt8]?]

    /// All names right below each of some prefixes, in the order of `prefixes`, as `names` gives them.
    func namesBelowEach(_ prefixes: [BankKey]) async throws -> [[String]]

    /// When an object was last written, in milliseconds since 1970 by the store's own clock; `nil` when there is no
    /// such object, or the store does not tell. It lies between the beginning of the write and its answer, cut to the
    /// fineness of the store's clock, which may be a whole second.
    func modified(_ key: BankKey) async throws -> Int64?

    /// How much room there is, `nil` where the store does not tell.
    func capacity() async throws -> BankCapacity?

    /// What the bank can tell of itself without anything being written.
    func survey() async throws -> BankSurvey

    /// Removes the half-written objects that `survey` counts and nobody writes any more; returns how many.
    func removeLeftovers() async throws -> Int
}

extension Bank {
    package func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
        try await put(key, bytes, if: condition)
    }

    package func getEach(_ keys: [BankKey]) async throws -> [[UInt8]?] {
        try await inTurns(keys) { key in
            do { return try await get(key) } catch BankError.notFound { return nil }
        }
    }

    package func namesBelowEach(_ prefixes: [BankKey]) async throws -> [[String]] {
        try await inTurns(prefixes) { try await allNames(below: $0) }
    }

    /// What becomes of each item, in their order; some are asked for at a time.
    private func inTurns<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ transform: @escaping @Sendable (Item) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results = [Result?](repeating: nil, count: items.count)
            for (number, item) in items.enumerated() {
                if number >= 16, let (place, result) = try await group.next() { results[place] = .some(result) }
                group.addTask { (number, try await transform(item)) }
            }
            for try await (place, result) in group { results[place] = .some(result) }
            return results.compactMap(\.self)
        }
    }

    /// All keys below `prefix`, page by page.
    package func allKeys(below prefix: BankKey?) async throws -> [BankKey] {
        var keys: [BankKey] = []
        var last: BankKey?
        while true {
            let page = try await list(below: prefix, after: last, limit: 1000)
            keys += page.keys
            guard page.more, let next = page.keys.last else { return keys }
            last = next
        }
    }

    /// All names right below `prefix`, page by page.
    package func allNames(below prefix: BankKey?) async throws -> [String] {
        var names: [String] = []
        while true {
            // A directory is read anew for every page, so pages are long.
            let page = try await self.names(below: prefix, after: names.last, limit: 10_000)
            names += page.names
            guard page.more, !page.names.isEmpty else { return names }
        }
    }

    /// Writes an object that is written once: when it is there already, its bytes must be the same.
    ///
    /// This also settles an unknown outcome, by reading back. Throws `conditionFailed` when another content is there.
    package func putOnce(_ key: BankKey, _ bytes: [UInt8]) async throws {
        do {
            try await put(key, bytes, if: .ifAbsent)
        } catch let cause as BankError {
            switch cause {
            case .conditionFailed, .outcomeUnknown:
                let existing: [UInt8]
                do { existing = try await get(key) } catch BankError.notFound { throw cause } catch {
                    // What cannot be read back stays unknown: whoever is told that it failed takes it for not written.
                    if case .outcomeUnknown = cause { throw cause }
                    throw error
                }
                guard existing == bytes else { throw BankError.conditionFailed(key) }
            default: throw cause
            }
        }
    }

    /// Writes an object of which only one content is right: what else is there gives way.
    ///
    /// Where the answer is lost, it is read back.
    package func putRight(_ key: BankKey, _ bytes: [UInt8]) async throws {
        do { try await put(key, bytes, if: .none) } catch BankError.outcomeUnknown(let key, let reason) {
            let present = try? await get(key)
            guard present == bytes else { throw BankError.outcomeUnknown(key, reason: reason) }
        }
    }
}
