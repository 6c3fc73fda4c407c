import Checkpoints
import Engine
import PlanIR
import ProtectionService

/// What `cairn resume` goes on with.
enum Resumable {
    case checkpoint(CheckpointID)
    case operation(CheckpointID)

    /// The checkpoint or restore whose id begins with `prefix`; ids of both are of one kind.
    static func named(_ prefix: String, in collection: CheckpointCollection) async throws -> Resumable {
        let operations = try await collection.operationIDs(prefix: prefix)
        let checkpoint: CheckpointID?
        do { checkpoint = try await collection.resolve(prefix: prefix) } catch CheckpointError.unknown {
            checkpoint = nil
        } catch CheckpointError.ambiguous(let text, let ids) {
            throw CheckpointError.ambiguous(text, ids + operations)
        }
        let all = operations + [checkpoint].compactMap { $0 }
        guard all.count <= 1 else { throw CheckpointError.ambiguous(prefix, all) }
        if let checkpoint { return .checkpoint(checkpoint) }
        guard let operation = operations.first else { throw CheckpointError.unknownToResume(prefix) }
        return .operation(operation)
    }
}

extension Resume {
    /// Goes on with a restore, and prints how it went.
    func resumeRestore(_ id: CheckpointID, _ opened: OpenedProvider) async throws {
        let standing = try await opened.collection.standing(id)
        let kind = OperationKind(rawValue: standing.index.kind) ?? .restore
        let report = try await RunSession.showing(options, quiet: output == .json) { session in
            let audience = Audience(kind)
            audience.add(opened.manifest)
            audience.add(standing.index.checkpoint)
            return try await session.telling(audience) {
                let checkpoint = try await LoadedCheckpoint.load(standing.index.checkpoint, from: opened.collection)
                audience.add(checkpoint.ir)
                if standing.index.saysTarget {
                    // The plugins may have changed since; what was set is checked again before anything is begun.
                    let resources = try checkpoint.ir.resources(exactly: standing.index.only)
                    _ = try ParameterAssignments.check(
                        standing.index.parameters.map { ParameterAssignment($0) }, for: kind, of: checkpoint.ir,
                        resources: resources, opened.provided)
                }
                return try await session.environment(opened).leased { environment in
                    try await RestoreResumption(environment, operation: id, isGone: environment.ownerWatch()).run()
                }
            } content: {
                await $0.content(opened.collection)
            }
        }
        try report.finish(output)
    }
}

extension PlanIR {
    /// The positions of resources by `TYPE#ID`; `nil` for all when none is named. What is not there is passed over.
    func resources(exactly identities: [String]) throws -> [Int]? {
        guard !identities.isEmpty else { return nil }
        let wanted = Set(identities)
        return resources.indices.filter { wanted.contains(resources[$0].identity) }
    }
}
