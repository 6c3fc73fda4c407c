package import CanonicalForm
package import PlanIR
package import PluginKit
internal import ProcessSupervision
internal import ProgramSettings

/// Saves what a program prints as an artifact, and gives it to other programs to read: anything with a dump tool.
package struct CommandPlugin: ProtectionPlugin {
    package let name = "command"

    /// The plugin.
    package init() {}

    /// No program runs before the place is taken.
    package var takesPlaces: Bool { true }

    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        if resource.properties["rehearse"] != nil {
            return .restored(proof: "read byte by byte, and restored by the program of 'rehearse', which succeeded")
        }
        return resource.properties["restoreTo"] == nil
            ? .verified(reason: "it has no property 'rehearse' or 'restoreTo' with a program that restores it")
            : .restored(proof: "read byte by byte, and restored by its program, which succeeded")
    }

    package func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        let consistency = context.parameters["consistency"]?.stringValue ?? "live"
        guard hook == (consistency == "quiesced" ? .prepareFinish : .main) else { return [:] }
        return try await CommandRun(.protect, context.resource, context.checkpoint).dump(context).object
    }

    package func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        guard hook == .main else { return }
        try await CommandRun(
            .restore, context.resource, context.checkpoint, target, isRepeated: context.place.isTaken
        ).restore(context)
    }

    package func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        guard hook == .main else { return }
        try await CommandRun(.verify, context.resource, context.checkpoint).verify(context)
    }

    package func delete(_ hook: Hook, _ context: ActivityContext) async throws {
        guard hook == .main else { return }
        try await CommandRun(.delete, context.resource, context.checkpoint).delete()
    }

    package func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition] {
        let run = CommandRun(operation, context.resource, "", context.target)
        do {
            guard let pipeline = try run.pipeline else { return [] }
            let checks = await ProgramChecks.check(pipeline.commands, confirmedBy: try run.check)
            guard operation == .restore else { return checks }
            return checks + run.place(pipeline, try CommandDefinition(context.definition))
        } catch {
            return [
                Precondition(
                    "the programs of \(context.resource.identity)", .unmet, error.reason, advice: error.advice ?? "")
            ]
        }
    }

    package func hostPreconditions() async -> [Precondition] { await ProgramChecks.checkHost() }
}
