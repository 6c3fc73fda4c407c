/// Finds out what a store's conditional writes are worth, by racing real ones on scratch keys below `probe/`.
///
/// A store that lies under load can pass by luck, never the other way round: nothing's correctness rests on the
/// level, which only says what work can be saved.
package struct ConsistencyProbe: Sendable {
    /// How many writers race in one round.
    package static let writers = 8
    /// How many rounds each kind of write has to survive.
    package static let rounds = 4

    private let bank: any Bank
    private let scratch: String

    /// A probe of `bank`, with scratch keys of its own.
    package init(bank: any Bank) {
        self.bank = bank
        self.scratch = "probe/" + CrockfordBase32.random(length: 16)
    }

    /// Races the writes, removes the scratch objects and returns the level. Throws what the store throws.
    package func run() async throws -> ConsistencyLevel {
        do {
            let level = try await findLevel()
            for key in scratchKeys { try await bank.delete(key, if: .none) }
            return level
        } catch {
            // The first error is the one to tell of; what stays below `probe/` does no harm.
            for key in scratchKeys { try? await bank.delete(key, if: .none) }
            throw error
        }
    }

    private var scratchKeys: [BankKey] {
        (0..<ConsistencyProbe.rounds).flatMap { [key("create", $0), key("replace", $0)] }
    }

    private func key(_ kind: String, _ round: Int) -> BankKey { BankKey(unchecked: "\(scratch)/\(kind)-\(round)") }

    private func findLevel() async throws -> ConsistencyLevel {
        for round in 0..<ConsistencyProbe.rounds {
            guard try await createIsExclusive(key("create", round)) else { return .listOnly }
        }
        for round in 0..<ConsistencyProbe.rounds {
            guard try await replaceIsExclusive(key("replace", round)) else { return .createOnce }
        }
        return .compareAndSwap
    }

    private func createIsExclusive(_ key: BankKey) async throws -> Bool {
        guard let winner = try await race(key, .ifAbsent) else { return false }
        // The one who was told that it won must be the one who is there, and a latecomer must be refused.
        guard try await bank.get(key) == winner else { return false }
        return try await attempt(key, content(of: ConsistencyProbe.writers), .ifAbsent) == .refused
    }

    private func replaceIsExclusive(_ key: BankKey) async throws -> Bool {
        let invented = WriteCondition.ifVersion(ObjectVersion(tag: "0"))
        guard try await attempt(key, [0], invented) == .refused else { return false }
        try await bank.put(key, [0], if: .none)
        let first = try await bank.getVersioned(key).version
        guard let winner = try await race(key, .ifVersion(first)) else { return false }
        let second = try await bank.getVersioned(key)
        guard second.bytes == winner, second.version != first else { return false }
        let late = content(of: ConsistencyProbe.writers)
        guard try await attempt(key, late, .ifVersion(first)) == .refused else { return false }
        return try await attempt(key, late, .ifVersion(second.version)) == .done
    }

    private enum Outcome { case done, refused, unsupported }

    /// The content of the only writer that won, `nil` when none or several did.
    private func race(_ key: BankKey, _ condition: WriteCondition) async throws -> [UInt8]? {
        let winners = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            for writer in 0..<ConsistencyProbe.writers {
                group.addTask {
                    let bytes = content(of: writer)
                    return try await attempt(key, bytes, condition) == .done ? bytes : nil
                }
            }
            var winners: [[UInt8]] = []
            for try await winner in group { if let winner { winners.append(winner) } }
            return winners
        }
        return winners.count == 1 ? winners[0] : nil
    }

    private func attempt(_ key: BankKey, _ bytes: [UInt8], _ condition: WriteCondition) async throws -> Outcome {
        do {
            try await bank.put(key, bytes, if: condition)
            return .done
        } catch BankError.conditionFailed {
            return .refused
        } catch BankError.conditionUnsupported {
            return .unsupported
        }
    }

    private func content(of writer: Int) -> [UInt8] { Array("writer \(writer) of \(scratch)".utf8) }
}
