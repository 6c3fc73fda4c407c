import Diagnostics

/// Shows a report as test results: one suite for each file, one test for each finding, and one that passes for a file
/// without any. A warning that does not count is a test that was skipped, with its message, since a test that passes
/// shows none.
struct JUnitRenderer {
    private let report: Report

    init(_ report: Report) { self.report = report }

    /// The XML document, with a line break at its end.
    var document: String {
        let names = report.fileNames
        var suites: [[Int]] = Array(repeating: [], count: names.count)
        let positions = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var places = PlaceFinder(report.sources)
        for (index, diagnostic) in report.diagnostics.enumerated() {
            if let name = places.fileName(of: diagnostic), let position = positions[name] {
                suites[position].append(index)
            }
        }
        let texts = TextRenderer(sources: report.sources, color: false).renderEach(report.diagnostics)

        var body = ""
        var total = Counts()
        for (name, findings) in zip(names, suites) {
            total.add(suite(name, findings, texts, &places, into: &body))
        }
        if let wrongUsage = report.wrongUsage { total.add(commandLine(wrongUsage, into: &body)) }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="cairnc check" \(total.attributes) time="0">
            \(body)</testsuites>

            """
    }

    private struct Counts {
        var tests = 0
        var failures = 0
        var errors = 0
        var skipped = 0

        mutating func add(_ other: Counts) {
            tests += other.tests
            failures += other.failures
            errors += other.errors
            skipped += other.skipped
        }

        /// `skipped` is an attribute of a suite only.
        var attributes: String { "tests=\"\(tests)\" failures=\"\(failures)\" errors=\"\(errors)\"" }
    }

    private func suite(
        _ name: String, _ findings: [Int], _ texts: [String], _ places: inout PlaceFinder, into out: inout String
    ) -> Counts {
        var counts = Counts()
        var cases = ""
        let file = JUnitRenderer.attribute(name)
        for index in findings {
            let diagnostic = report.diagnostics[index]
            counts.tests += 1
            var title = diagnostic.title
            var line = ""
            if let range = diagnostic.range {
                let start = places.position(of: range.start, in: range.source)
                title += " (\(start.line):\(start.column))"
                line = " line=\"\(start.line)\""
            }
            cases += "    <testcase classname=\"\(file)\" name=\"\(JUnitRenderer.attribute(title))\""
            cases += " file=\"\(file)\"\(line) time=\"0\">\n"
            let message = JUnitRenderer.attribute(diagnostic.message)
            if diagnostic.code == .invalidIR {
                counts.errors += 1
                cases += element("error", message, diagnostic, texts[index])
            } else if diagnostic.severity == .error || report.isStrict {
                counts.failures += 1
                cases += element("failure", message, diagnostic, texts[index])
            } else {
                counts.skipped += 1
                cases += "      <skipped message=\"warning: \(message)\"/>\n"
                cases += "      <system-out>\(JUnitRenderer.content(texts[index]))</system-out>\n"
            }
            cases += "    </testcase>\n"
        }
        if findings.isEmpty {
            counts.tests = 1
            cases += "    <testcase classname=\"\(file)\" name=\"no findings\" file=\"\(file)\" time=\"0\"/>\n"
        }
        out += "  <testsuite name=\"\(file)\" \(counts.attributes) skipped=\"\(counts.skipped)\" time=\"0\">\n"
        out += cases + "  </testsuite>\n"
        return counts
    }

    /// The suite of a command line that cannot be understood.
    private func commandLine(_ wrongUsage: Report.WrongUsage, into out: inout String) -> Counts {
        let counts = Counts(tests: 1, errors: 1)
        out += "  <testsuite name=\"cairnc\" \(counts.attributes) skipped=\"0\" time=\"0\">\n"
        out += "    <testcase classname=\"cairnc\" name=\"command line\" time=\"0\">\n"
        out +=
            "      <error type=\"\(Report.WrongUsage.code)\" message=\"\(JUnitRenderer.attribute(wrongUsage.message))\">"
        out += "\(JUnitRenderer.content(wrongUsage.usage))</error>\n    </testcase>\n  </testsuite>\n"
        return counts
    }

    private func element(_ name: String, _ message: String, _ diagnostic: Diagnostic, _ text: String) -> String {
        "      <\(name) type=\"\(diagnostic.code.rawValue)\" message=\"\(message)\">"
            + "\(JUnitRenderer.content(text))</\(name)>\n"
    }

    // MARK: XML

    /// `text` as the value of an attribute between double quotes; line breaks and tabs stay what they are.
    static func attribute(_ text: String) -> String { escaped(text, inAttribute: true) }

    /// `text` as the content of an element.
    static func content(_ text: String) -> String { escaped(text, inAttribute: false) }

    private static func escaped(_ text: String, inAttribute: Bool) -> String {
        var out = String.UnicodeScalarView()
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
            case "\r": out.append(contentsOf: "&#13;".unicodeScalars)
            case "\n" where inAttribute: out.append(contentsOf: "&#10;".unicodeScalars)
            case "\t" where inAttribute: out.append(contentsOf: "&#9;".unicodeScalars)
            case "\n", "\t": out.append(scalar)
            // XML 1.0 has no way to write these.
            case "\u{FFFE}", "\u{FFFF}": out.append("\u{FFFD}")
            default: out.append(DisplayWidth.substitute(for: scalar) ?? scalar)
            }
        }
        return String(out)
    }
}
