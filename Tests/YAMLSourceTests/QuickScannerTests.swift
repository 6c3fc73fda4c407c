import Diagnostics
import Foundation
import SeededRandom
import Testing
import YAMLSource

/// What one of the two readers makes of a text.
private struct Reading: Equatable {
    let records: [SyntaxTree.Record]
    let children: [Int32]
    let roots: [Int32]
    let faults: [Diagnostic]

    init?(_ text: String, _ parse: (SourceText, SourceID, inout DiagnosticList) -> SyntaxTree?) {
        var list = DiagnosticList()
        var sources = SourceMap()
        let source = SourceText(name: "test.yaml", bytes: Array(text.utf8))
        guard let tree = parse(source, sources.add(source), &list) else { return nil }
        records = tree.records
        children = tree.children
        roots = tree.documents.map(\.index)
        faults = list.sorted
    }

    static func quick(_ text: String) -> Reading? {
        Reading(text) { YAMLParser.parseQuickly($0, as: $1, into: &$2) }
    }

    static func library(_ text: String) -> Reading? {
        Reading(text) { YAMLParser.parseWithLibrary($0, as: $1, into: &$2) }
    }
}

@Suite("The quick scanner reads as libyaml does, or not at all")
struct QuickScannerTests {
    @Test(
        "What it reads",
        arguments: [
            "a: b", "a: b\n", "  a: b\n  c: d\n", "a:\n- b\n- c\nd: e\n", "a:\n  - b\n  -   c: d\n      e: f\n  - g\n",
            "- a: b\n  c:\n  - d\n- e\n", "a: {b: c, d: [e, {f: g}, []], h: {}}\n", "a: [b,c , d ]  # e\n",
            "\"a b\": 'c # d'\ne: \"f: g\"  # h\n", "# a\n\nb:   # c\n    d: e f  g\n   # h\n    i: j#k\n",
            "a: b:c\nd: {e: f:g, h: /i/j k}\n", "a: ~\nb: $c(d)\ne: -f\ng: .h\n", "a: 1\na: 2\nb: {c: 1, c: 2}\n",
            "a: b  \nc:  \n  d: e  \n", "a: {b: \"c\", 'd': e}\n", "a: b, [c] {d} & *e !f | >g %h @i `j \"k\"\n",
        ])
    func reads(_ text: String) throws {
        let quick = try #require(Reading.quick(text))
        #expect(quick == Reading.library(text))
    }

    @Test(
        "What it leaves to libyaml",
        arguments: [
            "", "a", "a:\n", "a: b\n c\n", "a: b\n  c: d\n", "a:\tb\n", "a: b\r\n", "a: |\n  b\n", "a: &b c\n",
            "a: *b\n",
            "a: !c d\n", "--- \na: b\n", "a: b\n...\n", "%YAML 1.2\n---\na: b\n", "a: \"b\\n\"\n", "a: 'b''c'\n",
            "a: [b\n]\n",
            "a: ä\n", "- - a\n", "-\n  a: b\n", "? a\n: b\n", "a: [b: c]\n", "a: {b}\n", "a: [b,]\n", "a : b\n",
            "<<: {a: b}\n",
            "a: {b: c}: d\n", "a: b: c\n", "a: [b]c\n", "a: [b]#c\n", "a:\n  b\n", "a: \u{7F}\n", "[a]\n",
        ])
    func leaves(_ text: String) { #expect(Reading.quick(text) == nil) }

    @Test("Plans of this repository are read alike")
    func plans() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var read = 0
        for folder in ["plans", "Tests/Fixtures", "Sources/Manifests/Builtin"] {
            let files = try #require(FileManager.default.enumerator(atPath: root.appending(path: folder).path))
            for case let name as String in files where name.hasSuffix(".yaml") {
                guard let bytes = FileManager.default.contents(atPath: root.appending(path: folder + "/" + name).path),
                    let text = String(validating: bytes, as: UTF8.self), let quick = Reading.quick(text)
                else { continue }
                read += 1
                #expect(quick == Reading.library(text), "\(folder)/\(name)")
            }
        }
        #expect(read > 50, "the scanner should read most of what people write")
    }

    @Test("Random documents, and random damage to them")
    func random() {
        let seed = testSeed()
        var random = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<10_000 {
            var generator = TextGenerator(random: random)
            var text = Array(generator.document().utf8)
            random = generator.random
            for _ in 0..<Int.random(in: 0...2, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.remove(at: place)
                case 1: text.insert(Self.marks.randomElement(using: &random) ?? 0x20, at: place)
                default: text[place] = Self.marks.randomElement(using: &random) ?? 0x20
                }
            }
            let document = String(decoding: text, as: UTF8.self)
            guard let quick = Reading.quick(document) else { continue }
            read += 1
            #expect(quick == Reading.library(document), "seed \(seed): \(document)")
        }
        #expect(read > 2000)
    }

    private static let marks = Array(" \n:-#,[]{}\"'?&*!|>%@.~ab1<=\\\t".utf8)
}

/// Makes documents that are mostly of the kind that the scanner reads.
private struct TextGenerator {
    var random: SeededGenerator

    mutating func document() -> String {
        var lines: [String] = []
        block(indent: Int.random(in: 0...1, using: &random), depth: 0, &lines)
        return lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")
    }

    private mutating func block(indent: Int, depth: Int, _ lines: inout [String]) {
        let margin = String(repeating: " ", count: indent)
        let isSequence = Int.random(in: 0..<3, using: &random) == 0
        for number in 0..<Int.random(in: 1...4, using: &random) {
            if Int.random(in: 0..<8, using: &random) == 0 { lines.append(["", "   ", "# x", "  # y: z"][number % 4]) }
            let mark = isSequence ? "-" + spaces() : ""
            let isKey = !isSequence || Bool.random(using: &random)
            var line = margin + mark
            if isKey { line += scalar(["k\(number)", "'k \(number)'", "k"]) + ":" }
            if isKey && depth < 4 && Int.random(in: 0..<3, using: &random) == 0 {
                lines.append(line + comment())
                let inner = indent + mark.count + Int.random(in: 0...3, using: &random)
                block(indent: inner, depth: depth + 1, &lines)
                continue
            }
            if isKey { line += spaces() }
            lines.append(line + value(depth: 0) + comment())
        }
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where depth < 3:
            return "[" + list(depth) { $0.value(depth: depth + 1) } + "]"
        case 1 where depth < 3:
            return "{"
                + list(depth) { generator in
                    generator.scalar(["a", "'b'", "c d", "\"e\""]) + ":" + generator.spaces()
                        + generator.value(depth: depth + 1)
                } + "}"
        default:
            return scalar([
                "a", "b c", "/d/e", "f:g", "'h, i'", "\"j: k\"", "1", "-2", "-l", "~", "true", "x#y", ".z", "", "a, b",
                "q'r",
            ])
        }
    }

    private mutating func list(_ depth: Int, _ element: (inout TextGenerator) -> String) -> String {
        let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in element(&self) }
        return elements.joined(separator: Bool.random(using: &random) ? ", " : ",")
    }

    private mutating func scalar(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }

    private mutating func spaces() -> String { String(repeating: " ", count: Int.random(in: 1...2, using: &random)) }

    private mutating func comment() -> String {
        Int.random(in: 0..<6, using: &random) == 0 ? " # c: [" : ""
    }
}
