import CanonicalForm
import Diagnostics
import Foundation
import PythonSupport
import Reports
import Testing

@Suite("JUnit", .enabled(if: Python.has("junitparser"), "python3 with junitparser is needed"))
struct JUnitTests {
    /// What an XML parser finds, as lists of texts: for each suite its name and counts, for each test its name, its
    /// outcome, the message and the content. Also reads the file as a CI system would.
    private func read(_ report: Report) throws -> JSONValue {
        let program = """
            import io, json, sys
            import xml.etree.ElementTree as E
            from junitparser import JUnitXml
            data = sys.stdin.buffer.read()
            root = E.fromstring(data)
            assert root.tag == "testsuites"
            out = []
            totals = {"tests": 0, "failures": 0, "errors": 0}
            for suite in root:
                assert suite.tag == "testsuite"
                cases = []
                outcomes = []
                for case in suite:
                    assert case.tag == "testcase" and case.get("name") and case.get("classname")
                    inner = case[0] if len(case) else None
                    outcomes.append(inner.tag if inner is not None else "passed")
                    cases.append([case.get("classname"), case.get("name"), outcomes[-1]]
                        + ([inner.get("message") or "", inner.text or ""] if inner is not None else []))
                counts = {k: int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")}
                assert counts["tests"] == len(cases), counts
                for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                    assert counts[name] == outcomes.count(tag), counts
                for name in totals: totals[name] += counts[name]
                out.append([suite.get("name"), cases])
            assert totals == {k: int(root.get(k)) for k in totals}, totals
            read = JUnitXml.fromroot(root)
            read.update_statistics()
            assert read.tests == totals["tests"] and read.failures == totals["failures"]
            print(json.dumps(out))
            """
        let output = try Python.run(program, Data(report.rendered(as: .junit).utf8))
        return try JSONValue(parsing: Array(output.utf8))
    }

    @Test("One suite for each file, one test for each finding, one that passes for a file without any")
    func suites() throws {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: "a.yaml", bytes: Array("b: 1\n".utf8)))
        _ = sources.add(SourceText(name: "good.yaml", bytes: []))
        let range = SourceRange(source: source, start: 0, end: 1)
        let diagnostics = [
            Diagnostic(.unreadableFile, "no such file", file: "x.yaml"),
            Diagnostic(.unknownKey, "no key \"b\" <here> & there", at: range),
            Diagnostic(.duplicateDependency, "twice", at: range),
        ]
        func expected(_ outcome: String) -> JSONValue {
            let text: JSONValue = "a.yaml:1:1: warning[W0212]: twice\n 1 | b: 1\n   | ^\n"
            return [
                [
                    "a.yaml",
                    [
                        [
                            "a.yaml", "E0103 unknown-key (1:1)", "failure", "no key \"b\" <here> & there",
                            "a.yaml:1:1: error[E0103]: no key \"b\" <here> & there\n 1 | b: 1\n   | ^\n",
                        ],
                        outcome == "failure"
                            ? ["a.yaml", "W0212 duplicate-dependency (1:1)", "failure", "twice", text]
                            : ["a.yaml", "W0212 duplicate-dependency (1:1)", "skipped", "warning: twice", ""],
                    ],
                ],
                ["good.yaml", [["good.yaml", "no findings", "passed"]]],
                [
                    "x.yaml",
                    [
                        [
                            "x.yaml", "E0001 unreadable-file", "failure", "no such file",
                            "x.yaml: error[E0001]: no such file\n",
                        ]
                    ],
                ],
            ]
        }
        #expect(try read(Report(sources: sources, diagnostics: diagnostics)) == expected("skipped"))
        #expect(try read(Report(sources: sources, diagnostics: diagnostics, isStrict: true)) == expected("failure"))
    }

    @Test("Whatever a plan holds, the report is XML")
    func awkward() throws {
        let report = Sample.nastyReport
        #expect(isHarmless(report.rendered(as: .junit)))
        let suites = try #require(try read(report).arrayValue)
        #expect(suites.count == 2)
        let text = try read(report).canonicalText
        #expect(text.contains("␛[31m␇") && text.contains("<&>\\\"']]>"))
        _ = try read(try Sample.report())
    }

    @Test("A wrong command line is a test with an error")
    func wrongUsage() throws {
        #expect(
            try read(Report(Report.WrongUsage("Unknown option '--x'", usage: "Usage: cairnc")))
                == [["cairnc", [["cairnc", "command line", "error", "Unknown option '--x'", "Usage: cairnc"]]]])
    }
}
