import CanonicalForm
import Diagnostics
import Foundation
import Manifests
import YAMLSource

/// The official JSON Schema test suite, draft 2020-12, as `make` puts it beside the tests' tools.
struct OfficialSuite {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = root.appending(path: ".venv/json-schema-test-suite/tests/draft2020-12")
    static let isThere = FileManager.default.fileExists(atPath: folder.path)

    /// How one file of the suite went.
    struct Outcome {
        let name: String
        var passed = 0
        /// Cases whose schemas are refused, that is: reported as faulty rather than understood in part.
        var refused = 0
        /// Cases with another verdict than the suite's.
        var failed: [String] = []
        /// Why schemas are refused, each reason once.
        var reasons: [String] = []
    }

    /// The files of the suite that are about validation, those of the formats that are asserted behind them.
    static func files() throws -> [String] {
        func names(_ place: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: place).path).sorted()
                .filter { $0.hasSuffix(".json") }
        }
        return try names("") + names("optional").map { "optional/" + $0 }
            + names("optional/format").map { "optional/format/" + $0 }
    }

    /// Runs all cases of a file.
    static func run(_ name: String) throws -> Outcome {
        var outcome = Outcome(name: String(name.dropLast(5)))
        let data = try Data(contentsOf: folder.appending(path: name))
        for group in try JSONValue(parsing: Array(data)).arrayValue ?? [] {
            guard let group = group.objectValue, let schemaText = group["schema"]?.canonicalText else { continue }
            let tests = (group["tests"]?.arrayValue ?? []).compactMap(\.objectValue)
            let title = group["description"]?.stringValue ?? ""
            var bench = Workbench()
            let schema = try bench.schema(schemaText)
            if let fault = bench.faults.sorted.first {
                outcome.refused += tests.count
                if !outcome.reasons.contains(fault.message) { outcome.reasons.append(fault.message) }
                continue
            }
            for test in tests {
                let value = try bench.node((test["data"] ?? .null).canonicalText)
                let faults = schema.validate(.node(value), as: Subject(.value, of: "the value"), partial: false)
                if !bench.faults.all.isEmpty {
                    outcome.failed.append("\(title): \(test["description"]?.stringValue ?? ""): not YAML")
                    bench.faults = DiagnosticList()
                } else if faults.isEmpty == (test["valid"] == true) {
                    outcome.passed += 1
                } else {
                    outcome.failed.append("\(title): \(test["description"]?.stringValue ?? "")")
                }
            }
        }
        return outcome
    }
}
