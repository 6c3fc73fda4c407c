import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Testing

@testable import FilesPlugin

/// A directory of its own for one test, with a tree to protect and a store.
final class Fixture: Sendable {
    let directory: String
    let tree: String
    let store: DirectoryArtifacts
    let reporter = RecordingReporter()

    init(partLength: Int = 1 << 16) throws {
        directory = NSTemporaryDirectory() + "cairn-files-" + UUID().uuidString
        tree = directory + "/tree"
        try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
        store = try DirectoryArtifacts(directory + "/store", partLength: partLength)
    }

    deinit { _ = try? shell("chmod -R u+rwx '\(directory)'; rm -rf '\(directory)'") }

    func context(
        _ parameters: JSONObject = [:], definition: JSONObject = [:], reporter: RecordingReporter? = nil
    ) -> ActivityContext {
        ActivityContext(
            resource: ResourceDescription(
                type: "Host::FileSystem::Directory", id: "t", name: "t", properties: ["path": .string(tree)]),
            parameters: parameters, protectParameters: parameters, checkpoint: "c1", definition: definition,
            artifacts: store, reporter: reporter ?? self.reporter)
    }

    func protect(_ parameters: JSONObject = [:], seams: FilesSeams = FilesSeams()) async throws -> JSONObject {
        try await FilesPlugin(seams: seams).protect(.main, context(parameters))
    }

    /// Restores below `out` and returns the path of the restored tree.
    func restore(
        _ definition: JSONObject, to out: String? = nil, overwrite: Bool = false, seams: FilesSeams = FilesSeams(),
        reporter: RecordingReporter? = nil
    ) async throws -> String {
        let out = out ?? directory + "/out"
        try await FilesPlugin(seams: seams).restore(
            .main, context(definition: definition, reporter: reporter),
            to: RestoreTarget(directory: out, overwrite: overwrite))
        return out + tree
    }

    func verify(_ definition: JSONObject, level: String = "archive") async throws {
        try await FilesPlugin().verify(.main, context(["level": .string(level)], definition: definition))
    }

    /// The concatenated parts of an artifact, as a file.
    func file(_ artifact: String) throws -> String {
        let path = directory + "/" + artifact + ".bin"
        try shell("cat \(store.parts(artifact).joined(separator: " ")) > '\(path)'")
        return path
    }

    /// The catalog, decoded.
    func catalog() throws -> [CatalogEntry] {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file("catalog"))))
        var given = false
        let reader = try CatalogReader {
            defer { given = true }
            return given ? nil : bytes
        }
        var lines: [CatalogEntry] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }

    /// Runs a script in the tree.
    @discardableResult
    func inTree(_ script: String) throws -> String { try shell("cd '\(tree)' || exit 1\n" + script) }
}

/// Runs a shell script; throws with its output when it fails.
@discardableResult
func shell(_ script: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-ec", script]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw StoreFailure(description: output) }
    return output
}

struct StoreFailure: Error, CustomStringConvertible { let description: String }

/// Everything that can be told from outside about a tree, as text: one line per entry.
func portrait(_ path: String) throws -> String {
    try shell(
        #"""
        cd '\#(path)'; export LC_ALL=C
        {
        find . -printf '%P|%y|%m|%U:%G|%T@|%l|%n' -a \( -type d -printf '\n' -o -printf '|%s\n' \) | sort
        find . -type f -print0 | sort -z | xargs -0 -r sha256sum
        find . ! -type l -print0 | sort -z | xargs -0 -r getfacl -np
        find . -print0 | sort -z | xargs -0 -r getfattr -h -d -m - -e hex --
        } | cat -v
        """#)
}

/// The reason of a `PluginError`, or a note of what came instead.
func failure(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "(no error)"
    } catch let error as PluginError { return error.description } catch { return "(not a PluginError) \(error)" }
}
