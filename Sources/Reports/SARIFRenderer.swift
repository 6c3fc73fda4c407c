import CanonicalForm
import Diagnostics
import Explanations

/// Shows a report to code scanners: SARIF 2.1.0, one run with one result for each finding.
struct SARIFRenderer {
    private let report: Report
    private let paths: ReportPaths

    init(_ report: Report, _ paths: ReportPaths) {
        self.report = report
        self.paths = paths
    }

    /// The standard's own name of its schema.
    static let schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

    /// The log as one line of JSON.
    var document: String {
        var places = PlaceFinder(report.sources)
        let found = report.diagnostics + report.allowed.map(\.diagnostic)
        let codes = Set(found.map(\.code)).sorted { $0.rawValue < $1.rawValue }
        let ruleIndices = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, $0) })
        let names = report.fileNames
        let artifactIndices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var lengths: [String: Int] = [:]
        for text in report.sources.texts { lengths[text.name] = text.bytes.count }

        var fingerprints = Fingerprints()
        var results: [JSONValue] = []
        results.reserveCapacity(found.count)
        for (index, diagnostic) in found.enumerated() {
            var context = Context(paths: paths, artifacts: artifactIndices, places: places)
            var result = Self.result(of: diagnostic, &context)
            places = context.places
            result["ruleIndex"] = .integer(Int64(ruleIndices[diagnostic.code] ?? -1))
            result["partialFingerprints"] = [
                "cairnDiagnostic/v1": .string(
                    fingerprints.next(diagnostic, file: places.fileName(of: diagnostic).map(paths.path) ?? ""))
            ]
            if index >= report.diagnostics.count {
                let allowed = report.allowed[index - report.diagnostics.count]
                var context = Context(paths: paths, artifacts: artifactIndices, places: places)
                result["suppressions"] = [
                    [
                        "kind": "inSource", "status": "accepted", "justification": .string(allowed.reason),
                        "location": .object(context.location(of: allowed.comment)),
                    ]
                ]
                places = context.places
            } else if !report.allowed.isEmpty {
                // Where some results say whether they are suppressed, all must.
                result["suppressions"] = []
            }
            results.append(.object(result))
        }

        let log: JSONValue = [
            "$schema": .string(Self.schema),
            "version": "2.1.0",
            "runs": [
                [
                    "tool": [
                        "driver": [
                            "name": "cairnc",
                            "version": .string(ToolVersion.text), "semanticVersion": .string(ToolVersion.text),
                            "language": "en",
                            "rules": .array(codes.map(Self.rule)),
                        ]
                    ],
                    "language": "en",
                    "columnKind": "unicodeCodePoints",
                    "newlineSequences": ["\r\n", "\n", "\r"],
                    "originalUriBaseIds": [
                        "%SRCROOT%": [
                            "description": [
                                "text": .string(
                                    "Where relative names start: the working directory of cairnc, or the top of the checkout."
                                )
                            ]
                        ]
                    ],
                    "artifacts": .array(
                        names.map { name in
                            var artifact: JSONObject = ["location": paths.artifactLocation(of: name)]
                            if let length = lengths[name] { artifact["length"] = .integer(Int64(length)) }
                            return .object(artifact)
                        }),
                    "invocations": [invocation],
                    "results": .array(results),
                ]
            ],
        ]
        return HarmlessJSON.text(log.canonicalBytes) + "\n"
    }

    private var invocation: JSONValue {
        let outcome = report.outcome
        var invocation: JSONObject = [
            "exitCode": .integer(Int64(outcome.rawValue)),
            "executionSuccessful": .bool(outcome == .clean || outcome == .findings),
        ]
        switch outcome {
        case .clean: invocation["exitCodeDescription"] = "nothing that counts was found"
        case .findings: invocation["exitCodeDescription"] = "there are findings"
        case .wrongUsage: invocation["exitCodeDescription"] = "the command line cannot be understood"
        case .internalError: invocation["exitCodeDescription"] = "internal error"
        }
        if let wrongUsage = report.wrongUsage {
            invocation["toolConfigurationNotifications"] = [
                [
                    "level": "error", "message": Self.message([wrongUsage.message] + wrongUsage.notes),
                    "descriptor": ["id": .string(Report.WrongUsage.code)],
                ]
            ]
        }
        return .object(invocation)
    }

    // MARK: Rules

    private static func rule(_ code: DiagnosticCode) -> JSONValue {
        var rule: JSONObject = [
            "id": .string(code.rawValue),
            "name": .string(code.name),
            "helpUri": .string("urn:cairn:diagnostic:\(code.rawValue)"),
            "defaultConfiguration": ["level": .string(code.severity.rawValue)],
            "shortDescription": ["text": .string(code.name)],
        ]
        if let explanation = Explanation.of(code.rawValue) {
            // Links of the page lead nowhere from here.
            let meaning = ExplanationText.plain(explanation.meaning)
            let reason = ExplanationText.plain(explanation.reason)
            rule["shortDescription"] = ["text": .string(ExplanationText.plain(explanation.summary))]
            rule["fullDescription"] = ["text": .string(meaning)]
            rule["help"] = [
                "text": .string("\(meaning)\n\n\(reason)"),
                "markdown": .string(
                    "\(meaning)\(examples(explanation))\n\n**Why it matters.** \(reason)\n"),
            ]
        }
        return .object(rule)
    }

    private static func examples(_ explanation: Explanation) -> String {
        func show(_ title: String, _ example: Example) -> String {
            example.files.reduce("\n\n**\(title)**, checked with `\(example.command)`") {
                $0 + "\n\n`\($1.name)`:\n\n```yaml\n\($1.text)```"
            }
        }
        return show("Wrong", explanation.wrong) + show("Right", explanation.right)
    }

    // MARK: Results

    private static func result(of diagnostic: Diagnostic, _ context: inout Context) -> JSONObject {
        var result: JSONObject = [
            "ruleId": .string(diagnostic.code.rawValue),
            "level": .string(diagnostic.severity.rawValue),
            "message": message(
                [diagnostic.message] + diagnostic.notes.map { "note: \($0)" }
                    + diagnostic.suggestions.map { "help: \($0.message)" }),
        ]
        if let range = diagnostic.range {
            var location = context.location(of: range)
            if let label = diagnostic.label { location["message"] = message([label]) }
            result["locations"] = [.object(location)]
        } else if let file = diagnostic.file {
            result["locations"] = [["physicalLocation": ["artifactLocation": context.artifact(file)]]]
        }
        if !diagnostic.related.isEmpty {
            result["relatedLocations"] = .array(
                diagnostic.related.enumerated().map { index, place in
                    var location = context.location(of: place.range)
                    location["id"] = .integer(Int64(index + 1))
                    location["message"] = message([place.message])
                    return .object(location)
                })
        }
        // A circle is a way through the files: each step is an edge of it.
        if diagnostic.code == .dependencyCycle, let range = diagnostic.range {
            let steps = [RelatedPlace(range, diagnostic.label ?? diagnostic.message)] + diagnostic.related
            let locations: [JSONValue] = steps.map { step in
                var location = context.location(of: step.range)
                location["message"] = message([step.message])
                return ["location": .object(location)]
            }
            result["codeFlows"] = [["threadFlows": [["locations": .array(locations)]]]]
        }
        var fixes: [JSONValue] = []
        for suggestion in diagnostic.suggestions {
            let fix: JSONValue = [
                "description": message([suggestion.message]),
                "artifactChanges": [
                    [
                        "artifactLocation": context.artifact(context.places.name(of: suggestion.range.source)),
                        "replacements": [
                            [
                                "deletedRegion": context.region(of: suggestion.range),
                                "insertedContent": ["text": .string(suggestion.replacement)],
                            ]
                        ],
                    ]
                ],
                "properties": ["certain": .bool(suggestion.isCertain)],
            ]
            if !fixes.contains(fix) { fixes.append(fix) }
        }
        if !fixes.isEmpty { result["fixes"] = .array(fixes) }
        return result
    }

    /// A message of one or more lines. What would read as an embedded link, `[text](target)`, is escaped.
    private static func message(_ lines: [String]) -> JSONValue {
        let text = lines.joined(separator: "\n")
        guard text.utf8.contains(UInt8(ascii: "[")), text.contains("](") else { return ["text": .string(text)] }
        var escaped = ""
        for character in text {
            if character == "[" || character == "]" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return ["text": .string(escaped)]
    }

    /// Makes locations.
    private struct Context {
        let paths: ReportPaths
        let artifacts: [String: Int]
        var places: PlaceFinder

        func artifact(_ name: String) -> JSONValue {
            guard case .object(var location) = paths.artifactLocation(of: name) else { return [:] }
            if let index = artifacts[name] { location["index"] = .integer(Int64(index)) }
            return .object(location)
        }

        mutating func region(of range: SourceRange) -> JSONValue {
            let start = places.position(of: range.start, in: range.source)
            let end = places.position(of: range.end, in: range.source)
            let first = places.scalarOffset(of: range.start, in: range.source)
            let last = places.scalarOffset(of: range.end, in: range.source)
            return [
                "startLine": .integer(Int64(start.line)), "startColumn": .integer(Int64(start.column)),
                "endLine": .integer(Int64(end.line)), "endColumn": .integer(Int64(end.column)),
                "charOffset": .integer(Int64(first)), "charLength": .integer(Int64(last - first)),
                "byteOffset": .integer(Int64(range.start)), "byteLength": .integer(Int64(range.end - range.start)),
            ]
        }

        mutating func location(of range: SourceRange) -> JSONObject {
            [
                "physicalLocation": [
                    "artifactLocation": artifact(places.name(of: range.source)), "region": region(of: range),
                ]
            ]
        }
    }

    /// What tells a finding from all others of the same report and stays when lines move: the code, the file, the
    /// message, and which of several such it is. The source is not part of it: it may hold a secret.
    private struct Fingerprints {
        private var counts: [String: Int] = [:]

        mutating func next(_ diagnostic: Diagnostic, file: String) -> String {
            let what = "\(diagnostic.code.rawValue)\n\(file)\n\(diagnostic.message)"
            let count = counts[what, default: 0]
            counts[what] = count + 1
            return String(SHA256Digest(of: Array("\(what)\n\(count)".utf8)).hexadecimal.prefix(32))
        }
    }
}

extension ReportPaths {
    /// Where a file is, as SARIF says it; what is relative starts from the source root.
    fileprivate func artifactLocation(of name: String) -> JSONValue {
        let uri = uri(of: name)
        return uri.hasPrefix("file:") ? ["uri": .string(uri)] : ["uri": .string(uri), "uriBaseId": "%SRCROOT%"]
    }
}
