import Foundation
import PlanDiff
import PlanTestSupport
import Testing

/// GitHub's own Markdown library, from PyPI as cmarkgfm.
private enum GitHubMarkdown {
    static let isThere = (try? run("import cmarkgfm", "")) != nil

    struct Failure: Error {}

    /// The names of the HTML elements and the text that a page gives.
    static func elements(of markdown: String) throws -> (tags: Set<String>, text: String) {
        let program = """
            import sys, cmarkgfm, html.parser
            from cmarkgfm.cmark import Options
            class Parser(html.parser.HTMLParser):
                tags, text = [], ''
                def handle_starttag(self, tag, attrs): self.tags.append(tag)
                def handle_comment(self, data): self.tags.append('comment')
                def handle_data(self, data): self.text += data
            parser = Parser()
            text = open(sys.argv[1], encoding='utf-8').read()
            parser.feed(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))
            print(' '.join(parser.tags))
            print(parser.text)
            """
        let lines = try run(program, markdown).split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        return (Set(lines[0].split(separator: " ").map(String.init)), lines.count > 1 ? String(lines[1]) : "")
    }

    private static func run(_ program: String, _ input: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "cairn-markdown-\(UUID().uuidString).md")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, file.path()]
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONIOENCODING": "utf-8"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failure() }
        return text
    }
}

@Suite(.enabled(if: GitHubMarkdown.isThere, "python3 with cmarkgfm is needed"))
struct MarkdownTests {
    /// What a page may consist of.
    private static let expected: Set<String> = [
        "h3", "p", "strong", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "br",
    ]

    @Test(
        "Nothing in a plan acts as markup, and all of it can be read",
        arguments: [
            "<img src=x onerror=alert(1)>", "a|b", "a\\\\|b", "`tick`", "a`b|c", "**bold**", "_em_", "[l](http://x)",
            "http://example.org", "www.example.org", "<!-- ", "</details>", "&lt;", "a\\\\", "| | |", "~~x~~",
            "#1 @who",
            "```", " lead", "$x$", "![i](http://x)",
        ])
    func markup(_ text: String) throws {
        func plan(_ text: String) -> String {
            """
              - id: a
                type: Test::Thing
                name: "N \(text)"
                properties: {path: "/p \(text)", "k \(text)": "v \(text)"}
                parameters: {exclude: ["e \(text)"], "q \(text)": 1}

            """
        }
        let old = try #require(CompiledPlans.ir(plan("plain")))
        let new = try #require(CompiledPlans.ir(plan(text)))
        let shown = text.replacingOccurrences(of: "\\\\", with: "\\")
        for diff in [PlanDiff(old: old, new: new), PlanDiff(old: nil, new: new), PlanDiff(old: new, new: nil)] {
            let page = try GitHubMarkdown.elements(of: DiffMarkdown.render(diff))
            #expect(page.tags.isSubset(of: Self.expected), "\(page.tags.subtracting(Self.expected))")
            #expect(page.text.contains("N \(shown)"), "\(DiffMarkdown.render(diff))\n\(page.text)")
        }
        let changed = try GitHubMarkdown.elements(of: DiffMarkdown.render(PlanDiff(old: old, new: new))).text
        // In values as JSON, backslashes are doubled.
        #expect(changed.contains("\"e \(text)\""), "\(changed)")
    }
}
