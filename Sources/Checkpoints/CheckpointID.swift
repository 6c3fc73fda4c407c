internal import Bank
package import Surroundings

/// The id of a checkpoint, or of a restore or verification: 16 lower-case digits of Crockford's base 32, 80 random bits.
package struct CheckpointID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of digits.
    package static let length = 16

    /// The digits.
    package let text: String

    /// Reads an id; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard CrockfordBase32.isValid(text, length: CheckpointID.length) else { return nil }
        self.text = String(text)
    }

    /// A new id.
    package static func random() -> CheckpointID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A new id from a given source.
    package static func random(using generator: inout some RandomNumberGenerator) -> CheckpointID {
        CheckpointID(digits: CrockfordBase32.random(length: length, using: &generator))
    }

    /// A new id from the random numbers of a run.
    package init(random: any RunRandom) {
        var generator = Generator(random: random)
        self = Self.random(using: &generator)
    }

    private struct Generator: RandomNumberGenerator {
        let random: any RunRandom
        mutating func next() -> UInt64 { random.next() }
    }

    private init(digits: String) { text = digits }

    package var description: String { text }

    package static func < (a: CheckpointID, b: CheckpointID) -> Bool {
        a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
    }
}
