import Diagnostics
import Foundation
import PlanCompiler
import Testing
import YAMLSource

@Suite("docs/diagnostics.md")
struct DiagnosticsPageTests {
    /// The codes that no example can give, with the reason.
    static let withoutExample: [DiagnosticCode: String] = [
        .unreadableFile: "is about a file that is not there",
        .notUTF8: "needs bytes that a page in UTF-8 cannot hold",
        .parentNotAllowed: "every plugin of this version allows every parent",
        .typeClaimedTwice: "no two plugins of this version take the same type by its name",
        .literalSecret: "no plugin of this version has a secret",
        .invalidIR: "would be a fault of the compiler",
    ]

    let page: Page

    init() throws { page = try Page("diagnostics.md") }

    /// The two blocks before the first code: the head of all plans, and the provider beside them.
    private func prelude() throws -> (head: String, provider: String) {
        let blocks = page.blocks.prefix(2).map(\.text)
        try #require(blocks.count == 2 && blocks[1].contains("kind: Provider"))
        return (blocks[0], blocks[1])
    }

    /// An example with its repetitions written out, below the head unless it is a whole file.
    private func text(of block: Page.Block, _ head: String) -> String {
        var text = block.language == "yaml" ? head + block.text : block.text
        while let match = text.firstMatch(of: /⟨([0-9]+) × ([^⟩]*)⟩/) {
            text.replaceSubrange(match.range, with: String(repeating: String(match.2), count: Int(match.1) ?? 0))
        }
        return text
    }

    @Test("There is a section for each code, in order, and none besides") func sections() {
        let expected = DiagnosticCode.allCases.map { "\($0.rawValue) \($0.name)" }
        let found = page.sections.map(\.heading).filter { $0.wholeMatch(of: /[EW][0-9]{4}.*/) != nil }
        #expect(found == expected)
        let others = page.sections.map(\.heading).filter { !expected.contains($0) }
        #expect(others == ["How to read the examples"])
    }

    @Test("Each example gives its code and no other, and prints what the page says", arguments: DiagnosticCode.allCases)
    func example(_ code: DiagnosticCode) throws {
        let (head, provider) = try prelude()
        let section = try #require(page.sections.first { $0.heading == "\(code.rawValue) \(code.name)" })
        let examples = section.blocks.filter { $0.language.hasPrefix("yaml") }
        if Self.withoutExample[code] != nil {
            #expect(examples.isEmpty, "take \(code.rawValue) out of the list of codes without example")
            return
        }
        #expect(examples.count == 1 && section.blocks.count == 2)
        let example = try #require(examples.first)
        let shown = try #require(section.blocks.last { $0.language == "text" })
        let compiler = compile([("example.yaml", text(of: example, head)), ("providers/local.yaml", provider)])
        #expect(Set(compiler.diagnostics.all.map(\.code)) == [code], "line \(example.line)")
        #expect(printed(compiler) == shown.text, "line \(shown.line)")
    }

    @Test("What is printed for a file that is not UTF-8 is a fixture's") func notUTF8() throws {
        let section = try #require(page.sections.first { $0.heading == "E0002 not-utf8" })
        let fixture = Page.root.appending(path: "Tests/Fixtures/errors/not-utf8/expected.txt")
        #expect(section.blocks.map(\.text) == [try String(contentsOf: fixture, encoding: .utf8)])
    }

    @Test("What is printed for a file that is not there is what is printed") func unreadable() throws {
        let section = try #require(page.sections.first { $0.heading == "E0001 unreadable-file" })
        var faults = DiagnosticList()
        #expect(SourceReader.read("missing.yaml", into: &faults) == nil)
        let text = TextRenderer(sources: SourceMap(), color: false).render(faults.sorted)
        #expect(section.blocks.map(\.text) == [text])
    }
}
