import CanonicalForm
import Diagnostics
import Foundation
import PythonSupport
import Reports
import Testing

@Suite("JSON and NDJSON")
struct JSONFormatTests {
    @Test("The shape is the documented one")
    func shape() throws {
        var sources = SourceMap()
        let source = sources.add(SourceText(name: "plan.yaml", bytes: Array("ä: 1\nb: \"2\n".utf8)))
        let range = SourceRange(source: source, start: 6, end: 7)
        let diagnostics = [
            Diagnostic(
                .unknownKey, "unknown key \"b\"", at: range, label: "this", related: [RelatedPlace(range, "here")],
                notes: ["note"],
                suggestions: [Suggestion("did you mean 'c'?", replacing: range, with: "c", isCertain: true)]),
            Diagnostic(.unreadableFile, "no such file", file: "x.yaml"),
        ]
        let extent =
            #""range":{"start":{"line":2,"column":1,"offset":6},"end":{"line":2,"column":2,"offset":7}}"#
        let place = #""file":"plan.yaml",\#(extent)"#
        let first =
            #"{"code":"E0103","name":"unknown-key","severity":"error","#
            + #""message":"unknown key \"b\"",\#(place),"label":"this","#
            + #""related":[{"message":"here",\#(place)}],"notes":["note"],"#
            + #""suggestions":[{"message":"did you mean 'c'?",\#(place),"replacement":"c","certain":true}]}"#
        let second =
            #"{"code":"E0001","name":"unreadable-file","severity":"error","message":"no such file","#
            + #""file":"x.yaml","range":null,"label":null,"related":[],"notes":[],"suggestions":[]}"#
        let report = Report(
            sources: sources, diagnostics: diagnostics,
            allowed: [SilencedDiagnostic(diagnostics[1], reason: "not here", comment: range)])
        #expect(
            report.rendered(as: .json)
                == #"{"version":1,"diagnostics":[\#(first),\#(second)],"#
                + #""allowed":[{"diagnostic":\#(second),"reason":"not here",\#(extent)}],"#
                + #""summary":{"errors":2,"warnings":0,"files":2}}"# + "\n")
        #expect(report.rendered(as: .ndjson) == first + "\n" + second + "\n")
    }

    @Test("Without findings there is still a document, and no line")
    func nothing() {
        let report = Report(sources: SourceMap(), diagnostics: [])
        #expect(
            report.rendered(as: .json)
                == #"{"version":1,"diagnostics":[],"allowed":[],"summary":{"errors":0,"warnings":0,"files":0}}"# + "\n")
        #expect(report.rendered(as: .ndjson) == "")
    }

    @Test("Awkward texts come back as they were, and none reaches a terminal")
    func awkward() throws {
        for format in [ReportFormat.json, .ndjson] {
            let rendered = Sample.nastyReport.rendered(as: format)
            #expect(isHarmless(rendered))
            let line = try #require(rendered.split(separator: "\n").first)
            let value = try JSONValue(parsing: Array(line.utf8))
            let fault = format == .json ? value.objectValue?["diagnostics"]?.arrayValue?.first : value
            #expect(fault?.objectValue?["message"]?.stringValue == Sample.nasty)
            #expect(fault?.objectValue?["file"]?.stringValue == Sample.nasty)
        }
    }

    @Test(
        "Every output is valid by the schema, closed against further members too, and what breaks it is refused",
        .enabled(if: Python.has("jsonschema"), "python3 with jsonschema is needed"))
    func schemaIsRight() throws {
        var documents = [
            try Sample.report(), Sample.nastyReport, Report(sources: SourceMap(), diagnostics: []),
            Report(Report.WrongUsage("Unknown option '--x'", usage: "Usage: cairnc")),
        ].map { $0.rendered(as: .json) }
        let fixtures = Sample.root.appending(path: "Tests/Fixtures/errors")
        for name in try FileManager.default.contentsOfDirectory(atPath: fixtures.path).sorted() {
            let file = fixtures.appending(path: "\(name)/expected.json")
            documents.append(String(decoding: try Data(contentsOf: file), as: UTF8.self))
        }
        #expect(documents.count > 40)
        let program = """
            import copy, json, sys
            from jsonschema import Draft202012Validator as V
            given = json.load(sys.stdin)
            schema = given["schema"]
            V.check_schema(schema)
            def close(s):
                if isinstance(s, dict):
                    if s.get("type") == "object": s["additionalProperties"] = False
                    for v in s.values(): close(v)
                elif isinstance(s, list):
                    for v in s: close(v)
            closed = copy.deepcopy(schema)
            close(closed)
            lines = V({"$ref": "#/$defs/diagnostic", "$defs": closed["$defs"]})
            for text in given["documents"]:
                document = json.loads(text)
                for v in (V(schema), V(closed)): v.validate(document)
                for line in document["diagnostics"]: lines.validate(line)
            whole = json.loads(given["documents"][0])
            def set(d, path, value):
                for step in path[:-1]: d = d[step]
                if value is None: del d[path[-1]]
                else: d[path[-1]] = value
            breaks = [(["version"], 2), (["version"], None), (["diagnostics"], None), (["summary", "errors"], -1),
                (["diagnostics", 0, "code"], "X1"), (["diagnostics", 0, "severity"], "fatal"),
                (["diagnostics", 1, "range", "start", "line"], 0), (["diagnostics", 1, "range"], "here"),
                (["diagnostics", 1, "message"], None), (["diagnostics", 1, "suggestions", 0, "certain"], "yes"),
                (["diagnostics", 2, "related", 0, "range"], None)]
            for path, value in breaks:
                broken = copy.deepcopy(whole)
                set(broken, path, value)
                assert not V(schema).is_valid(broken), path
            print(len(breaks))
            """
        let input: JSONValue = [
            "schema": DiagnosticShapes.schema, "documents": .array(documents.map { .string($0) }),
        ]
        #expect(try Python.run(program, Data(input.canonicalBytes)) == "11\n")
    }
}
