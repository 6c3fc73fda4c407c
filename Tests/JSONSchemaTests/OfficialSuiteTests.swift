import Foundation
import Testing

@Suite(
    "The official JSON Schema test suite and docs/json-schema.md",
    .enabled(if: OfficialSuite.isThere, "the suite is needed: 'make test' puts it into .venv"))
struct OfficialSuiteTests {
    /// The files with verdicts of the suite that Cairn does not share, with the reason.
    static let deviations = ["format": "formats are asserted, here they are not"]

    private static let page = OfficialSuite.root.appending(path: "docs/json-schema.md")
    private static let start = "<!-- The table is written by 'make golden'. -->\n"

    @Test("No schema that is understood gets another verdict than the suite's") func verdicts() throws {
        let outcomes = try OfficialSuite.files().map { try OfficialSuite.run($0) }
        #expect(outcomes.count >= 60)
        #expect(outcomes.reduce(0) { $0 + $1.passed } >= 1500)
        for outcome in outcomes where Self.deviations[outcome.name] == nil {
            #expect(outcome.failed.isEmpty, "\(outcome.name)")
        }
        let format = try #require(outcomes.first { $0.name == "format" })
        #expect(format.failed.allSatisfy { $0.hasSuffix("is only an annotation by default") })
    }

    @Test("The page says which files pass, and why cases are refused") func page() throws {
        let rows = try OfficialSuite.files().map { row(try OfficialSuite.run($0)) }
        let table =
            "| file | pass | refused | why |\n|---|---|---|---|\n" + rows.map { $0 + "\n" }.joined()
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let parts = text.components(separatedBy: Self.start)
        try #require(parts.count == 2)
        if ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1" {
            try Data((parts[0] + Self.start + table).utf8).write(to: Self.page)
        } else {
            #expect(parts[1] == table, "run 'make golden' and look at the difference")
        }
    }

    private func row(_ outcome: OfficialSuite.Outcome) -> String {
        var reasons = outcome.reasons.sorted()
        if let deviation = Self.deviations[outcome.name] {
            reasons.insert("\(outcome.failed.count) cases differ: \(deviation)", at: 0)
        }
        return "| \(outcome.name) | \(outcome.passed) | \(outcome.refused) | \(reasons.joined(separator: "; ")) |"
    }
}
