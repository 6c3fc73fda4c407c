import Diagnostics
import Foundation
import Testing
import YAMLSource

@Suite("docs/ci.md")
struct CIPageTests {
    @Test("Every example, and the hook's description, is YAML") func examples() throws {
        var texts = try Page("ci.md").blocks("yaml").map { ("docs/ci.md:\($0.line)", $0.text) }
        #expect(texts.count >= 7)
        let hooks = Page.root.appending(path: ".pre-commit-hooks.yaml")
        texts.append((".pre-commit-hooks.yaml", try String(contentsOf: hooks, encoding: .utf8)))
        for (name, text) in texts {
            var sources = SourceMap()
            var faults = DiagnosticList()
            let source = SourceText(name: name, bytes: Array(text.utf8))
            let tree = YAMLParser.parse(source, as: sources.add(source), into: &faults)
            let printed = TextRenderer(sources: sources, color: false).render(faults.sorted)
            #expect(faults.all.isEmpty && tree.documents.count == 1, "\(printed)")
        }
    }

    @Test("The page names the hook that there is") func hook() throws {
        let hooks = try String(contentsOf: Page.root.appending(path: ".pre-commit-hooks.yaml"), encoding: .utf8)
        let page = try String(contentsOf: Page.root.appending(path: "docs/ci.md"), encoding: .utf8)
        let id = try #require(hooks.firstMatch(of: /(?m)^- id: (.+)$/)).1
        #expect(page.matches(of: /- id: (.+)/).allSatisfy { $0.1 == id })
        #expect(hooks.contains("entry: cairnc check\n"))
    }
}
