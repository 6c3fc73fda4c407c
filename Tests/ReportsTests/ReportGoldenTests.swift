import CanonicalForm
import Foundation
import Reports
import Testing

/// What each format prints for `Tests/Fixtures/reports`; `make golden` records it anew.
@Suite("Reports of the sample files")
struct ReportGoldenTests {
    @Test("Each format prints exactly this", arguments: ReportFormat.allCases)
    func golden(_ format: ReportFormat) throws {
        let rendered = try Sample.report().rendered(as: format)
        let file = Sample.folder.appending(path: "expected.\(format.rawValue)")
        if ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1" {
            try Data(rendered.utf8).write(to: file)
            return
        }
        let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(rendered == expected, "it differs; if it should, run 'make golden' and look at the difference")
        #expect(isHarmless(rendered))
    }

    @Test("The schema file is the one that the tables make")
    func schemaHasNotDrifted() throws {
        let file = Sample.root.appending(path: "schemas/diagnostics.schema.json")
        if ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1" {
            try Data(DiagnosticShapes.schema.prettyText.utf8).write(to: file)
        }
        #expect(
            String(decoding: try Data(contentsOf: file), as: UTF8.self) == DiagnosticShapes.schema.prettyText,
            "run 'make golden' and look at the difference")
    }
}
