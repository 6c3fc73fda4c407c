import CanonicalForm
import Foundation
import Testing

/// The Python program check-jsonschema, which validates YAML files by JSON Schemas and knows nothing of Cairn.
enum CheckJSONSchema {
    static let isThere: Bool = (try? run(["--version"])) != nil

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// A directory for the files of one test; gone with the value.
    final class Place: Sendable {
        let folder: URL

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "cairn-check-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func write(_ name: String, _ text: some Sequence<UInt8>) throws -> String {
            let file = folder.appending(path: name.split(separator: "/").joined(separator: "-"))
            try Data(text).write(to: file)
            return file.path
        }
    }

    /// Why each file is refused, by its path; files that are valid are left out.
    static func faults(schema: String, _ files: [String]) throws -> [String: String] {
        if files.isEmpty { return [:] }
        let output = try run(["--schemafile", schema, "--output-format", "json"] + files)
        guard let report = try JSONValue(parsing: Array(output.utf8)).objectValue else {
            throw Failure(description: output)
        }
        var faults: [String: String] = [:]
        for list in ["errors", "parse_errors"] {
            for fault in report[list]?.arrayValue ?? [] {
                let name = fault.objectValue?["filename"]?.stringValue ?? ""
                let place = fault.objectValue?["path"]?.stringValue ?? ""
                faults[name, default: ""] += "\(place): \(fault.objectValue?["message"]?.stringValue ?? "")\n"
            }
        }
        if report["status"] != "ok" && faults.isEmpty { throw Failure(description: output) }
        return faults
    }

    /// Whether schemas fit the schema of their dialect; what is said of those that do not.
    static func metaschemaFaults(_ files: [String]) throws -> String { try run(["--check-metaschema"] + files) }

    private static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["check-jsonschema"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        // 1 says that something is refused; everything else is a failure of the program.
        if process.terminationStatus > 1 || text.isEmpty { throw Failure(description: text) }
        return text
    }
}
