import Diagnostics
import Foundation
import PlanCompiler
import Reports
import Testing
import YAMLSource

/// The files of `Tests/Fixtures/reports`, which have many faults and awkward names.
enum Sample {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = root.appending(path: "Tests/Fixtures/reports")
    /// The files as `cairnc check` is given them; the last one is not there.
    static let files = ["good.yaml", "shop.yaml", "100%, naïve: [a].yaml", "missing.yaml"]

    /// What `cairnc check` finds in them.
    static func report(isStrict: Bool = false) throws -> Report {
        var faults = DiagnosticList()
        var inputs = try (files.dropLast() + ["providers/local.yaml"]).map {
            SourceText(name: $0, bytes: Array(try Data(contentsOf: folder.appending(path: $0))))
        }
        if let text = SourceReader.read("missing.yaml", into: &faults) { inputs.append(text) }
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        compiler.diagnostics.merge(faults)
        compiler.run()
        return Report(sources: compiler.sources, diagnostics: compiler.diagnostics.sorted, isStrict: isStrict)
    }

    /// A report of one file with one fault for each range.
    static func report(
        _ text: String, name: String = "plan.yaml", marking ranges: Range<Int32>..., message: String = "bad"
    ) -> Report {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: name, bytes: Array(text.utf8)))
        return Report(
            sources: sources,
            diagnostics: ranges.map {
                Diagnostic(
                    .unknownKey, message,
                    at: SourceRange(source: source, start: $0.lowerBound, end: $0.upperBound))
            })
    }

    /// A text with all that could do harm in some format: control characters, terminal escapes, bidirectional controls,
    /// what XML cannot hold, quotes, markup, and the syntax of workflow commands.
    static let nasty =
        "a\u{1B}[31m\u{7}\u{9B}2J\u{202E}\u{FFFE}\u{0}<&>\"']]>\r\n::error::x\t100%,:\\ [b](c) ##[d] 名\u{1F389}"

    /// A report in which every text is nasty.
    static var nastyReport: Report {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: nasty, bytes: Array((nasty + "\n" + nasty).utf8)))
        let range = SourceRange(source: source, start: 3, end: 60)
        let diagnostic = Diagnostic(
            .dependencyCycle, nasty, at: range, label: nasty, related: [RelatedPlace(range, nasty)], notes: [nasty],
            suggestions: [Suggestion(nasty, replacing: range, with: nasty)])
        return Report(
            sources: sources, diagnostics: [diagnostic, Diagnostic(.unreadableFile, nasty, file: nasty + "x")],
            allowed: [SilencedDiagnostic(diagnostic, reason: nasty, comment: range)])
    }
}

/// Whether any character is one that a terminal would obey, line breaks aside.
func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) }
        && !text.unicodeScalars.contains("\u{202E}")
}
