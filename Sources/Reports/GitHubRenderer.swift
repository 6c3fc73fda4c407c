import CanonicalForm
import Diagnostics

/// Shows a report in a GitHub workflow: commands that become annotations at the lines of a pull request, and then the
/// text, since a log shows of an annotation neither file nor source.
struct GitHubRenderer {
    private let report: Report
    private let paths: ReportPaths

    init(_ report: Report, _ paths: ReportPaths) {
        self.report = report
        self.paths = paths
    }

    /// The commands, and the text, coloured or not.
    func output(color: Bool) -> String {
        var places = PlaceFinder(report.sources)
        var out = ""
        if let wrongUsage = report.wrongUsage {
            let title = "\(Report.WrongUsage.name) of cairnc"
            out.append("::error title=\(GitHubRenderer.property(title))::\(GitHubRenderer.data(wrongUsage.message))\n")
        }
        for diagnostic in report.diagnostics { command(diagnostic, &places, into: &out) }
        let text = report.text(color: color)
        out.append(text.isEmpty ? "" : GitHubRenderer.harmless(text))
        return out
    }

    private func command(_ diagnostic: Diagnostic, _ places: inout PlaceFinder, into out: inout String) {
        out.append("::\(diagnostic.severity.rawValue) ")
        if let file = places.fileName(of: diagnostic) {
            out.append("file=\(GitHubRenderer.property(paths.path(of: file))),")
        }
        if let range = diagnostic.range {
            let start = places.position(of: range.start, in: range.source)
            let end = places.position(of: range.end, in: range.source)
            if start.line == end.line {
                out.append("line=\(start.line),col=\(start.column),endLine=\(end.line),endColumn=\(end.column),")
            } else {
                // Columns are only allowed within one line. A range that ends at the start of a line ends before it.
                out.append("line=\(start.line),endLine=\(end.column == 1 ? end.line - 1 : end.line),")
            }
        }
        out.append("title=\(GitHubRenderer.property(diagnostic.title))::")
        let lines = [diagnostic.message] + diagnostic.remarks(&places)
        out.append(GitHubRenderer.data(lines.joined(separator: "\n")) + "\n")
    }

    /// The message of a command: `%` and line breaks are escaped, and what a terminal would obey is replaced.
    static func data(_ text: String) -> String { escaped(text, inProperty: false) }

    /// A property of a command, in which a comma and a colon would end it.
    static func property(_ text: String) -> String { escaped(text, inProperty: true) }

    private static func escaped(_ text: String, inProperty: Bool) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": out.append(contentsOf: "%25".unicodeScalars)
            case "\r": out.append(contentsOf: "%0D".unicodeScalars)
            case "\n": out.append(contentsOf: "%0A".unicodeScalars)
            case ":" where inProperty: out.append(contentsOf: "%3A".unicodeScalars)
            case "," where inProperty: out.append(contentsOf: "%2C".unicodeScalars)
            default: out.append(DisplayWidth.substitute(for: scalar) ?? scalar)
            }
        }
        return String(out)
    }

    /// `text` as it is, unless a line of it would be taken for a command: then commands are switched off around it, until
    /// a word follows that nobody can have written into a plan, since it depends on the whole text.
    static func harmless(_ text: String) -> String {
        guard isCommand(text) else { return text }
        let word = "cairnc-\(SHA256Digest(of: Array(text.utf8)).hexadecimal)"
        return "::stop-commands::\(word)\n\(text)::\(word)::\n"
    }

    /// Whether a runner may find a command in a line: `::name` at its start, or the older `##[name]` anywhere.
    private static func isCommand(_ text: String) -> Bool {
        if text.contains("##[") { return true }
        return text.split(separator: "\n").contains { line in
            line.drop { $0.isWhitespace }.hasPrefix("::")
        }
    }
}
