import Diagnostics
import SeededRandom
import Testing

@Suite("Diagnostic values")
struct DiagnosticValuesTests {
    @Test("The same fault is kept once, and sorting goes by file, place, code and message")
    func list() {
        func fault(_ code: DiagnosticCode, _ message: String, _ source: Int32, _ start: Int32) -> Diagnostic {
            Diagnostic(code, message, at: SourceRange(source: SourceID(index: source), start: start, end: start + 1))
        }
        let expected = [
            Diagnostic(.unreadableFile, "a", file: "a"), Diagnostic(.unreadableFile, "a", file: "b"),
            fault(.unknownKind, "m", 0, 3), fault(.unknownKey, "a", 0, 3), fault(.unknownKey, "b", 0, 3),
            fault(.unknownKind, "a", 0, 9), fault(.unknownKind, "a", 1, 0),
        ]
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var list = DiagnosticList()
            #expect(!list.hasErrors)
            for diagnostic in (expected + expected).shuffled(using: &generator) { list.add(diagnostic) }
            #expect(list.sorted == expected, "seed \(seed)")
            #expect(list.hasErrors)
        }
    }

    @Test("Codes and names are unique")
    func codes() {
        #expect(Set(DiagnosticCode.allCases.map(\.name)).count == DiagnosticCode.allCases.count)
        #expect(Set(DiagnosticCode.allCases.map(\.rawValue)).count == DiagnosticCode.allCases.count)
    }

    @Test(
        "Names that someone probably meant",
        arguments: [
            ("compresion", "compression"), ("Compression", "compression"), ("nmae", "name"), ("pth", "path"),
            ("zzzzzz", nil), ("x", nil), ("", nil), ("exclud", "exclude"),
        ] as [(String, String?)])
    func similar(name: String, expected: String?) {
        #expect(Similar.best(for: name, among: ["path", "name", "compression", "exclude", "y"]) == expected)
    }

    @Test("Lines and columns of every byte agree with a plain count")
    func lineIndex() {
        let pieces = ["a", "ä", "\n", "\r\n", "\r", "🎉", "key: value", "\t", String(repeating: "é", count: 300)]
        for seed in 0..<40 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let text = (0..<30).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
            let bytes = Array(text.utf8)
            let index = LineIndex(SourceText(name: "x", bytes: bytes))
            var line = 1
            var column = 1
            for offset in 0...bytes.count {
                if offset > 0 {
                    let before = bytes[offset - 1]
                    let next = offset < bytes.count ? bytes[offset] : 0
                    if before == 0x0A || before == 0x0D && next != 0x0A {
                        line += 1
                        column = 1
                    } else if before & 0xC0 != 0x80 {
                        column += 1
                    }
                }
                let found = index.position(of: Int32(offset))
                #expect((found.line, found.column, found.offset) == (line, column, offset), "seed \(seed)")
            }
        }
    }
}
