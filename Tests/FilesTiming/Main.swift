import CanonicalForm
import FilesPlugin
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit

/// Measures the files plugin: `files-timing TREE STORE TARGET [THREADS]` protects, verifies and restores a tree once.
@main
struct FilesTiming {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4 else {
            FileHandle.standardError.write(Data("usage: files-timing TREE STORE TARGET [THREADS]\n".utf8))
            exit(2)
        }
        let parameters: JSONObject = ["threads": .integer(arguments.count > 4 ? Int64(arguments[4]) ?? 1 : 1)]
        let store = try DirectoryArtifacts(arguments[2])
        let reporter = RecordingReporter()
        let resource = ResourceDescription(
            type: "Host::FileSystem::Directory", id: "tree", name: "tree", properties: ["path": .string(arguments[1])])
        @Sendable func context(_ definition: JSONObject, _ parameters: JSONObject) -> ActivityContext {
            ActivityContext(
                resource: resource, parameters: parameters, protectParameters: parameters, checkpoint: "timing",
                definition: definition, artifacts: store, reporter: reporter)
        }
        let plugin = FilesPlugin()
        let definition = try await measure("protect") { try await plugin.protect(.main, context([:], parameters)) }
        try await measure("verify") { try await plugin.verify(.main, context(definition, [:])) }
        try await measure("restore") {
            try await plugin.restore(
                .main, context(definition, [:]), to: RestoreTarget(directory: arguments[3], overwrite: false))
        }
        write(JSONValue.object(definition).prettyText)
    }

    private static func measure<Value: Sendable>(
        _ name: String, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await body()
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        write("\(name) \(ContinuousClock.now - start), \(usage.ru_maxrss / 1024) MiB at most so far\n")
        return value
    }

    private static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
