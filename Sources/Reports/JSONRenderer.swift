package import CanonicalForm
import Diagnostics

/// Shows a report to programs, in the shape that `docs/diagnostics-format.md` and `schemas/diagnostics.schema.json`
/// describe.
enum JSONRenderer {
    /// One line of JSON with the whole report.
    static func document(_ report: Report) -> String {
        var writer = ShapeWriter(
            json: JSONWriter(capacity: 512 + 512 * report.diagnostics.count), places: PlaceFinder(report.sources))
        DiagnosticShapes.report.write(report, to: &writer)
        writer.json.raw("\n")
        return HarmlessJSON.text(writer.json.bytes)
    }

    /// One line of JSON for each finding, in the shape of an element of `diagnostics`; nothing when there is none.
    static func lines(_ report: Report) -> String {
        var writer = ShapeWriter(
            json: JSONWriter(capacity: 512 * report.diagnostics.count), places: PlaceFinder(report.sources))
        for finding in report.findings {
            DiagnosticShapes.finding.write(finding, to: &writer)
            writer.json.raw("\n")
        }
        return HarmlessJSON.text(writer.json.bytes)
    }
}

/// What a report lists: the fault of a file, or what is wrong with the command line.
enum Finding: Sendable {
    case fault(Diagnostic)
    case wrongUsage(Report.WrongUsage)

    var diagnostic: Diagnostic? {
        if case .fault(let diagnostic) = self { return diagnostic }
        return nil
    }

    var code: String { diagnostic?.code.rawValue ?? Report.WrongUsage.code }
    var name: String { diagnostic?.code.name ?? Report.WrongUsage.name }
    var severity: Severity { diagnostic?.severity ?? .error }

    var message: String {
        switch self {
        case .fault(let diagnostic): diagnostic.message
        case .wrongUsage(let usage): usage.message
        }
    }

    var notes: [String] {
        switch self {
        case .fault(let diagnostic): diagnostic.notes
        case .wrongUsage(let usage): usage.notes
        }
    }
}

extension Report {
    /// All findings, in the order in which they are shown.
    var findings: [Finding] { wrongUsage.map { [.wrongUsage($0)] } ?? diagnostics.map { .fault($0) } }
}

/// The tables of the JSON format; a member is described once, here.
package enum DiagnosticShapes {
    /// The version of the shape. It changes when a member changes its meaning or goes; members may be added without.
    static let version: Int64 = 1

    /// A range with its lines and columns.
    struct PlacedRange {
        let start: SourcePosition
        let end: SourcePosition

        init(_ range: SourceRange, _ places: inout PlaceFinder) {
            start = places.position(of: range.start, in: range.source)
            end = places.position(of: range.end, in: range.source)
        }
    }

    static let position = JSONShape<SourcePosition>(
        name: "position", meaning: "A place in a file.",
        members: [
            .integer("line", "The line, counted from 1.", minimum: 1, \.line),
            .integer("column", "The column in Unicode scalars, counted from 1.", minimum: 1, \.column),
            .integer("offset", "The bytes of the file before it.", minimum: 0, \.offset),
        ])

    static let range = JSONShape<PlacedRange>(
        name: "range",
        meaning: "A run of characters; start and end are the same when it stands between two characters.",
        members: [
            .object("start", "The first character.", position) { range, _ in range.start },
            .object("end", "What follows the last character.", position) { range, _ in range.end },
        ])

    static let related = JSONShape<RelatedPlace>(
        name: "related", meaning: "A further place that a finding is about.",
        members: [
            .text("message", "What the place has to do with it.") { place, _ in place.message },
            .text("file", "The file's name, as the user gave it.") { place, places in
                places.name(of: place.range.source)
            },
            .object("range", "The characters.", range) { place, places in PlacedRange(place.range, &places) },
        ])

    static let suggestion = JSONShape<Suggestion>(
        name: "suggestion", meaning: "A change that would mend the fault.",
        members: [
            .text("message", "What to do.") { suggestion, _ in suggestion.message },
            .text("file", "The file to change.") { suggestion, places in places.name(of: suggestion.range.source) },
            .object("range", "The characters to replace.", range) { suggestion, places in
                PlacedRange(suggestion.range, &places)
            },
            .text("replacement", "What to put in their place.") { suggestion, _ in suggestion.replacement },
            .flag(
                "certain",
                "Whether this is surely what the author means, so that `cairnc check --fix` applies it.",
                \.isCertain),
        ])

    static let finding = JSONShape<Finding>(
        name: "diagnostic", meaning: "One fault. In NDJSON, one line.",
        members: [
            .text(
                "code",
                "The stable code; `cairnc explain CODE` says what it means. It is 'usage' for a command line that cannot be "
                    + "understood.", pattern: "^([EW][0-9]{4}|usage)$"
            ) { finding, _ in finding.code },
            .text("name", "The code's name.", pattern: "^[a-z0-9]+(-[a-z0-9]+)*$") { finding, _ in finding.name },
            .choice(
                "severity", "How bad it is; a project can give a lint another severity than its code says.",
                of: ["error", "warning"], \.severity.rawValue),
            .text("message", "What is wrong, in one line.") { finding, _ in finding.message },
            .optionalText(
                "file", "The file's name, as the user gave it; null when the fault is in no file."
            ) { finding, places in finding.diagnostic.flatMap { places.fileName(of: $0) } },
            .optionalObject(
                "range", "The exact characters; null when the fault is with a file as a whole.", range
            ) { finding, places in finding.diagnostic?.range.map { PlacedRange($0, &places) } },
            .optionalText("label", "What the range has to do with the fault, if the message does not say it.") {
                finding, _ in finding.diagnostic?.label
            },
            .objects("related", "Further places; the steps of a circle, in their order.", related) {
                $0.diagnostic?.related ?? []
            },
            .texts("notes", "What else there is to know.", \.notes),
            .objects("suggestions", "What would mend it.", suggestion) { $0.diagnostic?.suggestions ?? [] },
        ])

    static let counts = JSONShape<Report.Counts>(
        name: "summary", meaning: "How many findings there are.",
        members: [
            .integer("errors", "How many are errors.", minimum: 0, \.errors),
            .integer("warnings", "How many are warnings.", minimum: 0, \.warnings),
            .integer("files", "How many files have a finding.", minimum: 0, \.files),
        ])

    static let allowed = JSONShape<SilencedDiagnostic>(
        name: "allowed", meaning: "A fault that an inline comment allows; it does not count.",
        members: [
            .object("diagnostic", "The fault.", finding) { allowed, _ in .fault(allowed.diagnostic) },
            .text("reason", "Why the author allows it.") { allowed, _ in allowed.reason },
            .object("range", "The comment, in the file of the fault.", range) { allowed, places in
                PlacedRange(allowed.comment, &places)
            },
        ])

    static let report = JSONShape<Report>(
        name: "report", meaning: "What cairnc found.",
        members: [
            .constant("version", "The version of this shape.", version),
            .objects("diagnostics", "The findings, sorted by file and place.", finding, \.findings),
            .objects("allowed", "What inline comments allow.", allowed, \.allowed),
            .object("summary", "How many findings there are.", counts) { report, _ in report.counts },
        ])

    /// The JSON Schema of the format, as `schemas/diagnostics.schema.json` has it.
    package static var schema: JSONValue {
        guard case .object(var schema) = report.schema else { return report.schema }
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["$id"] = .string("urn:cairn:schema:diagnostics:\(version)")
        schema["title"] = .string("Cairn diagnostics, version \(version)")
        schema["description"] = .string(
            "What 'cairnc check --format json' prints; a line of '--format ndjson' is a #/$defs/diagnostic. Members may "
                + "be added within a version.")
        schema["$defs"] = [
            "position": position.schema, "range": range.schema, "related": related.schema,
            "suggestion": suggestion.schema, "diagnostic": finding.schema, "allowed": allowed.schema,
            "summary": counts.schema,
        ]
        return .object(schema)
    }
}
