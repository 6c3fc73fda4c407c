package import Bank
import SeededRandom

/// What a bank did that its contract does not allow.
package struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was expected and what came.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// The contract of `Bank` as a list of named checks. Each takes an empty bank and throws when the contract is broken,
/// so that a parameterised test can run every check over every bank.
package struct BankConformance: Sendable, CustomStringConvertible {
    /// What a bank must be able to do for a check to make sense.
    package enum Need: Sendable {
        /// Every bank.
        case nothing
        /// A bank of at least this level. Deleted keys leave the listings at once where a create is exclusive.
        case level(_ level: ConsistencyLevel)
        /// A bank that sees that a key lies below another one's object; object stores do not.
        case keyConflicts
    }

    /// The name of the check, a short sentence.
    package let name: String
    /// What the check needs.
    package let need: Need
    /// The check itself, given an empty bank.
    package let run: @Sendable (any Bank) async throws -> Void

    package var description: String { name }

    init(_ name: String, need: Need = .nothing, _ run: @escaping @Sendable (any Bank) async throws -> Void) {
        self.name = name
        self.need = need
        self.run = run
    }

    /// All checks.
    package static let all: [BankConformance] =
        contents + conditions + racing + listings + concurrentListings + names + times + limits

    /// The checks of what a bank of this level promises.
    package static func promised(at level: ConsistencyLevel, seesConflicts: Bool = true) -> [BankConformance] {
        let levels = ConsistencyLevel.allCases.drop { $0 != level }
        return all.filter { check in
            switch check.need {
            case .nothing: true
            case .level(let needed): levels.contains(needed)
            case .keyConflicts: seesConflicts
            }
        }
    }

    /// Throws when `condition` does not hold.
    static func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw ConformanceFailure(message()) }
    }

    /// Throws unless `condition` holds some time: where deletes take a while to reach the listings.
    static func eventually(_ message: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<1000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ConformanceFailure(message)
    }

    /// Throws unless `body` throws a `BankError` that `matches`.
    static func expectError(
        _ what: String, _ matches: (BankError) -> Bool, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as BankError {
            return try expect(matches(error), "expected \(what), got: \(error)")
        }
        throw ConformanceFailure("expected \(what), got no error")
    }

    static func isNotFound(_ error: BankError) -> Bool { if case .notFound = error { true } else { false } }
    static func isRefused(_ error: BankError) -> Bool { if case .conditionFailed = error { true } else { false } }
    static func isConflict(_ error: BankError) -> Bool { if case .keyConflict = error { true } else { false } }

    /// Bytes that look random but are the same each time: a random block again and again, of a length that no store
    /// cuts its objects by.
    static func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        let block = (0..<min(count, 4099)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes += block }
        return bytes.count == count ? bytes : Array(bytes[..<count])
    }
}
