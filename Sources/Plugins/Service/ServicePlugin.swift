package import CanonicalForm
package import PlanIR
package import PluginKit
internal import ProcessSupervision
internal import ProgramSettings
package import Surroundings

/// Brings services to a standstill while what they write to is saved or restored, by commands of the plan.
///
/// Before a service is stopped, a note says how it is started again; whoever finds the note due starts it.
package struct ServicePlugin: ProtectionPlugin {
    package let name = "service"
    private let clock: any RunClock

    /// The plugin.
    package init(clock: any RunClock = SystemClock()) { self.clock = clock }

    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        .empty(reason: "a service has no content of its own")
    }

    package func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        let service = try ServiceCommands(context.resource.properties, context.parameters)
        switch hook {
        case .prepareBegin: try await quiesce(service, context)
        case .prepareFinish: try await resume(service, context)
        case .main, .complete: break
        }
        return [:]
    }

    package func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        // What is restored elsewhere is no business of the service.
        guard target.directory == nil, context.parameters["restart"]?.boolValue ?? true else { return }
        let service = try ServiceCommands(context.resource.properties, context.parameters)
        switch hook {
        case .prepareBegin: try await quiesce(service, context)
        case .complete: try await resume(service, context)
        case .prepareFinish, .main: break
        }
    }

    package func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        guard hook == .main, context.parameters["checkHealth"]?.boolValue == true else { return }
        let service = try ServiceCommands(context.resource.properties, context.parameters)
        guard let health = service.health else {
            throw PluginError(
                "'\(context.resource.identity)' has no program to check its health with",
                advice: "add the property 'health', or leave 'checkHealth' out")
        }
        try await service.run(health, "the service is not healthy")
    }

    /// Lets a service go on that an operation has left standing still, and only such a one.
    package func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        guard let due = context.undo.due else { return }
        let note = try ServiceNote(due)
        if note.host != ServiceNote.thisHost {
            context.reporter.warn(
                ActivityWarning(
                    kind: "resumed-elsewhere", subject: context.resource.identity,
                    message: "it was brought to a standstill on the host '\(note.host)', and is resumed on the host "
                        + "'\(ServiceNote.thisHost)': see whether it runs"))
        }
        try await Patience.insisting(clock) { try await note.commands.resume(clock) }
        try await context.undo.discharge()
    }

    package func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition] {
        let service: ServiceCommands
        do { service = try ServiceCommands(context.resource.properties, context.parameters) } catch {
            return [Precondition("the service \(context.resource.identity)", .unmet, "\(error)")]
        }
        switch operation {
        case .protect: return await ProgramChecks.check(service.all, confirmedBy: service.check)
        case .restore:
            guard context.target.directory == nil, context.parameters["restart"]?.boolValue ?? true else { return [] }
            return await ProgramChecks.check(service.all, confirmedBy: service.check)
        case .verify:
            guard context.parameters["checkHealth"]?.boolValue == true else { return [] }
            return await ProgramChecks.check(
                [service.health].compactMap { $0 }, confirmedBy: service.check)
        case .delete, .copy: return []
        }
    }

    package func hostPreconditions() async -> [Precondition] { await ProgramChecks.checkHost() }

    private func quiesce(_ service: ServiceCommands, _ context: ActivityContext) async throws {
        try await context.undo.register(ServiceNote(service).object)
        try await service.run(service.quiesce, "the service cannot be brought to a standstill")
    }

    private func resume(_ service: ServiceCommands, _ context: ActivityContext) async throws {
        try await service.resume(clock)
        try await context.undo.discharge()
    }
}
