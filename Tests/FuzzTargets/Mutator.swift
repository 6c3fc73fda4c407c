import SeededRandom

/// Changes bytes at random, as libFuzzer does but without its feedback, so that a fixed number of changes can be tried
/// in every test run.
package struct Mutator {
    private var generator: SeededGenerator
    /// Pieces of which the formats are made.
    private static let pieces = [
        "\n", "  ", "- ", ": ", "&a ", "*a", "<<: *a\n", "|", ">-\n", "\"", "'", "[", "]", "{", "}", ",", "#", "!!str ",
        "!x ", "---\n", "...\n", "%YAML 1.2\n", "? ", "\t", "\r\n", "\u{FEFF}", "\0", "\u{85}", "\u{2028}", "\\u0000",
        "null", "~", "true", "0x7fffffffffffffff", "1e999", "-0", ".nan", "apiVersion: cairn/v1\n", "kind: Plan\n",
        "name: a\n", "provider: all\n", "resources:\n", "- id: a\n", "type: A::B\n", "dependsOn: [a]\n",
        "parameters:\n", "triggers:\n", "retention: {keepLast: 1}\n", "cron: \"* * * * *\"\n", "{\"", "\":", "-1",
        "2147483648", "9223372036854775808", "[[0,0,1]]", "\\ud800", "sha256:",
    ].map { Array($0.utf8) }

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// `bytes` with one to eight changes; `other` is where pieces are also taken from.
    package mutating func change(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let length = min(bytes.count - place, Int.random(in: 1...24, using: &generator))
            switch Int.random(in: 0..<7, using: &generator) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.removeSubrange(place..<place + length)
            case 3: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
            case 4: bytes.removeSubrange(place...)
            case 5 where !other.isEmpty:
                let start = Int.random(in: 0..<other.count, using: &generator)
                let count = min(other.count - start, Int.random(in: 1...200, using: &generator))
                bytes.insert(contentsOf: other[start..<start + count], at: place)
            default:
                bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator) ?? [], at: place)
            }
        }
        return bytes
    }

    /// A number below `limit`.
    package mutating func number(below limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
}
