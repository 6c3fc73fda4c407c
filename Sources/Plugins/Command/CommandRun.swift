internal import CanonicalForm
internal import PlanIR
internal import PluginKit
internal import ProcessSupervision
internal import ProgramSettings

/// One operation on one resource: the programs that it takes, and the artifact between them and the bank.
struct CommandRun: Sendable {
    /// The name of the artifact.
    static let artifactName = "dump"

    let operation: OperationKind
    let resource: ResourceDescription
    private let checkpoint: String
    private let target: RestoreTarget
    /// Whether an earlier attempt of the same restore has started the programs.
    private let isRepeated: Bool
    private var programs: ProgramProperties { ProgramProperties(resource.properties) }

    init(
        _ operation: OperationKind, _ resource: ResourceDescription, _ checkpoint: String,
        _ target: RestoreTarget = RestoreTarget(directory: nil, overwrite: false), isRepeated: Bool = false
    ) {
        self.operation = operation
        self.resource = resource
        self.checkpoint = checkpoint
        self.target = target
        self.isRepeated = isRepeated
    }

    /// The property with the programs of the operation.
    private var key: String {
        switch operation {
        case .protect: "dump"
        case .restore:
            if target.directory == nil {
                "restore"
            } else {
                target.isRehearsal && resource.properties["rehearse"] != nil ? "rehearse" : "restoreTo"
            }
        case .verify: "verify"
        case .delete: "delete"
        case .copy: "copy"
        }
    }

    /// The programs of the operation; `nil` when it needs none.
    var pipeline: ProgramPipeline? {
        get throws(PluginError) {
            if let pipeline = try programs.pipeline(key, adding: variables) { return pipeline }
            switch key {
            case "restoreTo":
                throw PluginError(
                    "'\(resource.identity)' cannot be restored elsewhere: nobody knows where its program would put it",
                    advice: "restore it without --to, or add the property 'restoreTo' with a program that puts it into "
                        + "the directory CAIRN_TARGET_DIRECTORY")
            case "dump", "restore": throw PluginError("the property '\(key)' is missing")
            default: return nil
            }
        }
    }

    /// What a dry run lets judge whether the programs would work.
    var check: ProgramCommand? {
        get throws(PluginError) { try programs.program("check", adding: variables) }
    }

    /// What the programs are told of the run.
    private var variables: [EnvironmentVariable] {
        var variables = [
            EnvironmentVariable("CAIRN_OPERATION", .text(operation.rawValue)),
            EnvironmentVariable("CAIRN_RESOURCE", .text(resource.identity)),
            EnvironmentVariable("CAIRN_CHECKPOINT", .text(checkpoint)),
        ]
        if operation == .restore {
            variables.append(EnvironmentVariable("CAIRN_OVERWRITE", .text(target.overwrite ? "true" : "false")))
            variables.append(EnvironmentVariable("CAIRN_REPEATED", .text(isRepeated ? "true" : "false")))
            if let directory = target.directory {
                variables.append(EnvironmentVariable("CAIRN_TARGET_DIRECTORY", .text(directory)))
            }
        }
        return variables
    }

    /// What a dry run says of where the artifact would go.
    func place(_ pipeline: ProgramPipeline, _ definition: CommandDefinition) -> [Precondition] {
        let program = pipeline.commands.first?.name ?? ""
        let path = target.directory.map { "the program '\(program)', into \($0)" } ?? "the program '\(program)'"
        return [
            Precondition(
                "the artifact of \(resource.identity)", .met, "would be given to \(path)",
                place: RestorePlace(path: path, content: .unknown, bytes: definition.artifact.size))
        ]
    }

    // MARK: The operations

    /// Makes the artifact of what the programs print.
    func dump(_ context: ActivityContext) async throws -> CommandDefinition {
        guard let pipeline = try pipeline else { throw PluginError("the property 'dump' is missing") }
        let store = context.artifacts
        // An earlier attempt may have left something.
        for left in try await store.artifacts() where left.name == Self.artifactName {
            try await store.remove(left.name)
        }
        do {
            let writer = try await store.writer(Self.artifactName)
            let outcome = try await run(pipeline, "the dump failed") {
                try await pipeline.run(into: { chunk in
                    try await writer.write(chunk)
                    context.reporter.advance(bytes: Int64(chunk.count))
                })
            }
            if outcome.printed == 0 && context.parameters["allowEmpty"]?.boolValue != true {
                throw PluginError(
                    "the dump is empty: '\(pipeline.commands.last?.name ?? "")' succeeded and has printed nothing",
                    advice: "if that may be, set the parameter 'allowEmpty: true'")
            }
            return CommandDefinition(artifact: try await writer.finish())
        } catch {
            // Only tidying: what is not finished does not count, and what stays is removed with the checkpoint.
            try? await store.remove(Self.artifactName)
            throw error
        }
    }

    /// Gives the artifact to the programs that put it back.
    func restore(_ context: ActivityContext) async throws {
        guard let pipeline = try pipeline else { return }
        // Before a program is started: what it has changed from then on, nobody knows.
        let reader = try await open(context)
        try await context.place.take()
        if let directory = target.directory {
            let making = ProgramPipeline(ProgramCommand(["mkdir", "-p", "--", directory]))
            _ = try await run(making, "the directory cannot be made") { try await making.run() }
        }
        let outcome = try await feed(pipeline, from: reader, context, "the restore failed")
        if outcome.leftInput {
            context.reporter.warn(
                ActivityWarning(
                    kind: "artifact-left-unread", subject: resource.identity,
                    message: "'\(pipeline.commands.first?.name ?? "")' succeeded and has not read all of the artifact"))
        }
    }

    /// Checks every byte of the artifact, and lets the programs judge it.
    func verify(_ context: ActivityContext) async throws {
        let reader = try await open(context)
        let wantsProgram = context.parameters["level"]?.stringValue ?? "command" == "command"
        if wantsProgram, let pipeline = try pipeline {
            _ = try await feed(pipeline, from: reader, context, "the artifact could not be restored")
        }
        // A program may know enough before the end.
        while let chunk = try await reader.next() { context.reporter.advance(bytes: Int64(chunk.count)) }
    }

    /// Lets the programs remove what they have left elsewhere.
    func delete() async throws {
        guard let pipeline = try pipeline else { return }
        _ = try await run(pipeline, "the deletion failed") { try await pipeline.run() }
    }

    /// Opens the artifact and makes sure that it is the one that was saved.
    private func open(_ context: ActivityContext) async throws -> any ArtifactReader {
        let expected = try CommandDefinition(context.definition).artifact
        let reader = try await context.artifacts.reader(expected.name)
        guard reader.summary == expected else {
            throw PluginError(
                "the artifact '\(expected.name)' is not the one that was protected: it has \(reader.summary.size) bytes "
                    + "and \(reader.summary.digest), not \(expected.size) bytes and \(expected.digest)")
        }
        context.reporter.expect(bytes: expected.size)
        return reader
    }

    private func feed(
        _ pipeline: ProgramPipeline, from reader: any ArtifactReader, _ context: ActivityContext, _ doing: String
    ) async throws -> ProgramPipeline.Outcome {
        try await run(pipeline, doing) {
            try await pipeline.run(from: {
                let chunk = try await reader.next()
                context.reporter.advance(bytes: Int64(chunk?.count ?? 0))
                return chunk
            })
        }
    }

    /// Runs programs by `body`; their faults become errors of the plugin.
    private func run(
        _ pipeline: ProgramPipeline, _ doing: String, _ body: () async throws -> ProgramPipeline.Outcome
    ) async throws -> ProgramPipeline.Outcome {
        do { return try await body() } catch let fault as ProcessFault {
            throw fault.asHookError(doing, transient: try programs.transientExitCodes())
        }
    }
}

/// What is saved of a resource.
struct CommandDefinition: Sendable, Equatable {
    private static let version: Int64 = 1

    let artifact: ArtifactSummary

    init(artifact: ArtifactSummary) { self.artifact = artifact }

    init(_ object: JSONObject) throws(PluginError) {
        guard object["version"]?.integerValue == Self.version, let artifact = object["artifact"]?.objectValue,
            let name = artifact["name"]?.stringValue, let size = artifact["size"]?.integerValue,
            let text = artifact["digest"]?.stringValue, let digest = SHA256Digest(text)
        else { throw PluginError("what was saved of the artifact cannot be read") }
        self.artifact = ArtifactSummary(name: name, size: size, digest: digest)
    }

    var object: JSONObject {
        [
            "version": .integer(Self.version),
            "artifact": [
                "name": .string(artifact.name), "size": .integer(artifact.size),
                "digest": .string(artifact.digest.description),
            ],
        ]
    }
}
