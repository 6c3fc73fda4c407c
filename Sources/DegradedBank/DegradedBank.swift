package import Bank
package import Surroundings
internal import Synchronization

/// What else may befall who uses a degraded bank.
package struct BankTroubles: Sendable, Hashable {
    /// Of how many in a thousand writes the answer is lost after they took effect.
    package var lostAnswers = 0
    /// How long a store that keeps no conditions waits at most between its look and its write, in nanoseconds.
    package var raceWindow: Int64 = 20_000_000
    /// How long a deleted key stays in the listings of a `listOnly` bank at most, in nanoseconds.
    package var lingering: Int64 = 500_000_000
    /// How far the store's clock is ahead of the one of the bank below, in milliseconds.
    package var clockAhead: Int64 = 0

    package init() {}
}

/// A bank as weak as its consistency level allows, over one that is better: what holds here holds in every bank of the
/// level.
///
/// - `compareAndSwap`: as the bank below.
/// - `createOnce`: replacements and deletes do not look at versions.
/// - `listOnly`: besides, a conditional create looks first and writes then, so that of several racing ones several
///   win and the last write stays; and deleted keys stay in listings for a while.
/// - At every level, answers get lost after the write took effect, as often as `BankTroubles` say, and the store's clock
///   is as wrong as they say.
///
/// Chance and time come from outside, so that a simulation can repeat them.
package final class DegradedBank: ForwardingBank {
    /// What its writes promise, and no more.
    package let level: ConsistencyLevel

    package let bank: any Bank
    private let troubles: BankTroubles
    private let random: any RunRandom
    private let clock: any RunClock
    private let deleted: LingeringKeys

    /// `bank`, degraded to `level`. Those who use one store share its `deleted` keys; by default they are the bank's own.
    package init(
        _ bank: any Bank, to level: ConsistencyLevel, troubles: BankTroubles = BankTroubles(),
        random: any RunRandom = SystemRandom(), clock: any RunClock = SystemClock(), deleted: LingeringKeys? = nil
    ) {
        self.bank = bank
        self.level = level
        self.troubles = troubles
        self.random = random
        self.clock = clock
        self.deleted = deleted ?? LingeringKeys(clock: clock)
    }

    // MARK: Writing

    @discardableResult
    package func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        let version = try await bank.put(key, bytes, if: try await kept(condition, key))
        try answer(key)
        return version
    }

    package func putUnversioned(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws {
        try await bank.putUnversioned(key, bytes, if: try await kept(condition, key))
        try answer(key)
    }

    @discardableResult
    package func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        let size = try await bank.put(key, stream: chunks, if: try await kept(condition, key))
        try answer(key)
        return size
    }

    package func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        if level == .listOnly, condition != .ifAbsent, try await bank.size(key) != nil {
            deleted.add(key, for: number(upTo: troubles.lingering))
        }
        try await bank.delete(key, if: condition == .ifAbsent ? condition : try await kept(condition, key))
        try answer(key)
    }

    /// What is left of a condition.
    private func kept(_ condition: WriteCondition, _ key: BankKey) async throws -> WriteCondition {
        switch condition {
        case .none: return .none
        case .ifVersion: return level == .compareAndSwap ? condition : .none
        case .ifAbsent:
            guard level == .listOnly else { return .ifAbsent }
            guard try await bank.size(key) == nil else { throw BankError.conditionFailed(key) }
            // A request that is on its way is not called back when its task is cancelled.
            try? await clock.sleep(nanoseconds: number(upTo: troubles.raceWindow))
            return .none
        }
    }

    private func answer(_ key: BankKey) throws(BankError) {
        guard troubles.lostAnswers > 0, random.next() % 1000 < UInt64(troubles.lostAnswers) else { return }
        throw .outcomeUnknown(key, reason: "no answer came")
    }

    private func number(upTo most: Int64) -> Int64 {
        most > 0 ? Int64(random.next() % UInt64(most)) : 0
    }

    // MARK: Reading

    package func modified(_ key: BankKey) async throws -> Int64? {
        try await bank.modified(key).map { $0 + troubles.clockAhead }
    }

    package func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        let page = try await bank.list(below: prefix, after: after, limit: limit)
        let start = prefix.map { $0.text + "/" } ?? ""
        // Behind the last key of the page is the next page's business.
        let end = page.more ? page.keys.last : nil
        let ghosts = deleted.keys.filter { key in
            key.text.utf8.starts(with: start.utf8) && after.map { $0 < key } ?? true && end.map { key < $0 } ?? true
        }
        guard !ghosts.isEmpty else { return page }
        let keys = Set(page.keys).union(ghosts).sorted()
        let limit = max(1, limit)
        return BankPage(keys: Array(keys.prefix(limit)), more: page.more || keys.count > limit)
    }

    package func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        let page = try await bank.names(below: prefix, after: after, limit: limit)
        let end = page.more ? page.names.last : nil
        let ghosts = BankNames(among: deleted.keys, below: prefix, after: after, limit: .max).names.filter { name in
            end.map { name.utf8.lexicographicallyPrecedes($0.utf8) } ?? true
        }
        guard !ghosts.isEmpty else { return page }
        let names = Set(page.names).union(ghosts).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let limit = max(1, limit)
        return BankNames(names: Array(names.prefix(limit)), more: page.more || names.count > limit)
    }
}

/// The deleted keys of one store that still stand in its listings.
package final class LingeringKeys: Sendable {
    private let clock: any RunClock
    private let ends = Mutex<[BankKey: Int64]>([:])

    /// No keys; `clock` says when one goes.
    package init(clock: any RunClock) { self.clock = clock }

    /// Lets a key stay for so many nanoseconds.
    func add(_ key: BankKey, for duration: Int64) {
        let end = clock.monotonicNanoseconds + duration
        ends.withLock { $0[key] = max($0[key] ?? 0, end) }
    }

    /// The keys that still stay, in no order.
    var keys: [BankKey] {
        let now = clock.monotonicNanoseconds
        return ends.withLock { ends in
            ends = ends.filter { $0.value > now }
            return Array(ends.keys)
        }
    }
}
