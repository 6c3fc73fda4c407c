import SeededRandom
import Testing

@testable import CanonicalForm

@Suite("Readers know canonical text when they see it") struct SpellingTests {
    /// A value, spelt at random: often as the writer does, often otherwise.
    private func text(_ generator: inout SeededGenerator, depth: Int = 0) -> String {
        func oneOf(_ choices: String...) -> String { choices.randomElement(using: &generator) ?? "" }
        func space() -> String { Int.random(in: 0..<30, using: &generator) == 0 ? oneOf(" ", "\n", "\t", "\r") : "" }
        func string() -> String {
            "\""
                + (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    oneOf(
                        "a", "b", "ü", "😀", "\u{7F}", "/", "\\\"", "\\\\", "\\n", "\\u001f", "\\u001F", "\\/", "\\u0061"
                    )
                }.joined() + "\""
        }
        switch Int.random(in: 0..<(depth > 3 ? 5 : 8), using: &generator) {
        case 0: return space() + oneOf("null", "true", "false")
        case 1: return oneOf("0", "-0", "7", "-12", "123456789", "1234567890", "9223372036854775807") + space()
        case 2:
            return oneOf("0.5", "1.0", "1e21", "1e+21", "5e-1", "-0.0", "1E5", "100000000000000000000", "1.50", "1e-7")
        case 3, 4: return space() + string()
        case 5, 6:
            let count = Int.random(in: 0...4, using: &generator)
            let elements = (0..<count).map { _ in text(&generator, depth: depth + 1) }
            return "[" + elements.joined(separator: "," + space()) + space() + "]"
        default:
            var keys = (0..<Int.random(in: 0...3, using: &generator)).map { _ in string() }
            if Bool.random(using: &generator) { keys.sort() }
            let members = keys.map { $0 + space() + ":" + text(&generator, depth: depth + 1) }
            return "{" + members.joined(separator: ",") + space() + "}"
        }
    }

    @Test("Exactly what the writer would write is canonical, in random texts") func randomTexts() throws {
        let seed = testSeed()
        print("SpellingTests.randomTexts: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var counts = [true: 0, false: 0]
        for round in 0..<20_000 {
            let bytes = Array(text(&generator).utf8)
            var reader = JSONReader(bytes)
            // Some have a key twice.
            guard let value = try? reader.value(), (try? reader.finish()) != nil else { continue }
            let isCanonical = value.canonicalBytes == bytes
            #expect(
                reader.isCanonical == isCanonical,
                "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
            counts[isCanonical, default: 0] += 1
        }
        #expect(counts.values.allSatisfy { $0 > 2000 }, "seed \(seed): \(counts)")
    }

    @Test(
        "Arrays of integers",
        arguments: [
            ("[]", []), ("[0]", [0]), ("[1,23,456789012,2147483647,-2147483648]", [1, 23, 456_789_012, .max, .min]),
            ("[ 1 , 2 ]", [1, 2]), ("[-0]", [0]),
        ] as [(String, [Int32])])
    func integers(_ text: String, _ expected: [Int32]) throws {
        var reader = JSONReader(Array(text.utf8))
        var list: [Int32] = []
        try reader.integers(appendingTo: &list)
        try reader.finish()
        #expect(list == expected)
        var writer = JSONWriter()
        writer.integers(expected)
        #expect(reader.isCanonical == (writer.bytes == Array(text.utf8)))
    }

    @Test(
        "What is no array of integers",
        arguments: [
            "", "[", "[1", "[1,", "[1,]", "[,]", "[01]", "[1.5]", "[1e3]", "[2147483648]", "[-2147483649]", "[null]",
            "[\"1\"]", "1", "{}", "[123456789", "[99999999999999999999]", "[-]", "[+1]",
        ])
    func faultyIntegers(_ text: String) {
        var reader = JSONReader(Array(text.utf8))
        var list: [Int32] = []
        #expect(throws: JSONError.self) { try reader.integers(appendingTo: &list) }
    }

    @Test("Lists of lists are written as one by one") func lists() {
        let lists: [[Int32]] = [[], [1], [], [-5, 0, .max, .min], (0..<700).map { $0 * 1_000_000 }, [9], []]
        var offsets: [Int32] = [0]
        for list in lists { offsets.append((offsets.last ?? 0) + Int32(list.count)) }
        var writer = JSONWriter()
        writer.lists(lists.flatMap(\.self), offsets: offsets)
        let expected = lists.map { "[\($0.map(String.init).joined(separator: ","))]" }.joined(separator: ",")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[\(expected)]")
        for empty in [[], [0]] as [[Int32]] {
            var writer = JSONWriter()
            writer.lists([], offsets: empty)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == "[]")
        }
    }

    @Test("Integers of all lengths") func lengths() {
        var value: Int64 = 1
        for _ in 0..<19 {
            for number in [value, -value, value - 1, 1 - value] {
                var writer = JSONWriter()
                writer.integer(number)
                #expect(String(decoding: writer.bytes, as: UTF8.self) == "\(number)")
            }
            value = value.multipliedReportingOverflow(by: 10).partialValue
        }
        for number in [Int64.max, .min] {
            var writer = JSONWriter()
            writer.integer(number)
            #expect(String(decoding: writer.bytes, as: UTF8.self) == "\(number)")
        }
    }
}
