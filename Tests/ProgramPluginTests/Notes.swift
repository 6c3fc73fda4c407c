import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import Synchronization

/// Notes in memory, with what became of them.
final class MemoryNotes: UndoNotes {
    struct Refused: Error {}

    private let state = Mutex((note: JSONObject?.none, log: [String]()))
    /// Called when a note is registered, before it counts.
    let registering: @Sendable () throws -> Void

    init(due: JSONObject? = nil, registering: @escaping @Sendable () throws -> Void = {}) {
        self.registering = registering
        state.withLock { $0.note = due }
    }

    var due: JSONObject? { state.withLock { $0.note } }
    var log: [String] { state.withLock { $0.log } }

    func register(_ note: JSONObject) async throws {
        try registering()
        state.withLock {
            $0.note = note
            $0.log.append("register")
        }
    }

    func discharge() async throws {
        state.withLock {
            $0.note = nil
            $0.log.append("discharge")
        }
    }
}

/// A directory for one test; gone with the value.
final class Workshop: Sendable {
    let path = NSTemporaryDirectory() + "cairn-programs-" + UUID().uuidString.prefix(8)
    let artifacts: DirectoryArtifacts
    let reporter = RecordingReporter()

    init() throws { artifacts = try DirectoryArtifacts(path + "/artifacts") }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func read(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func context(
        _ type: String, _ properties: JSONObject, _ parameters: JSONObject = [:], definition: JSONObject = [:],
        undo: any UndoNotes = NoUndoNotes()
    ) -> ActivityContext {
        ActivityContext(
            resource: ResourceDescription(type: type, id: "it", name: "", properties: properties),
            parameters: parameters, protectParameters: parameters, checkpoint: "0123456789abcdef",
            definition: definition, artifacts: artifacts, reporter: reporter, undo: undo)
    }

    func precondition(
        _ type: String, _ properties: JSONObject, _ parameters: JSONObject = [:], to directory: String? = nil
    ) -> PreconditionContext {
        PreconditionContext(
            resource: ResourceDescription(type: type, id: "it", name: "", properties: properties),
            parameters: parameters, protectParameters: parameters,
            target: RestoreTarget(directory: directory, overwrite: false), definition: [:], scope: OperationScope())
    }
}

/// The original place.
let original = RestoreTarget(directory: nil, overwrite: false)

/// Runs something that must fail with a plugin's error, and gives it back.
func pluginError(_ body: () async throws -> Void) async -> PluginError? {
    do {
        try await body()
        return nil
    } catch { return error as? PluginError }
}

/// A property with a script.
func script(_ text: String) -> JSONValue { .array([.string("/bin/sh"), .string("-c"), .string(text)]) }
