package import CanonicalForm
package import PlanIR
package import PluginKit

/// Takes every resource type and does nothing, so that plans can be compiled, drawn and dry-run without the plugins
/// that they will need.
///
/// It is honest about it: the protection definition is empty and each operation leaves a warning, so that nobody takes
/// a checkpoint of it for a backup.
package struct NoopPlugin: ProtectionPlugin {
    package let name = "noop"

    /// The plugin.
    package init() {}

    package func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        .unsaved(reason: "nothing of it is saved: the plugin noop only stands in for another")
    }

    package func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        admit(hook, context, "nothing of this resource is saved: the plugin noop only stands in for another")
        return [:]
    }

    package func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        admit(hook, context, "nothing was restored: the plugin noop has saved nothing")
    }

    package func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        admit(hook, context, "nothing was verified: the plugin noop has saved nothing")
    }

    package func preconditions(
        of operation: OperationKind, _ context: PreconditionContext
    ) async -> [Precondition] {
        let finding: String? =
            switch operation {
            case .protect: "will not be saved: the plugin noop only stands in for another"
            case .restore: "will not be restored: the plugin noop has saved nothing"
            case .verify: "will not be verified: the plugin noop has saved nothing"
            case .delete, .copy: nil
            }
        return finding.map {
            [
                Precondition(
                    "the resource", .doubtful, $0,
                    advice: "name the plugin that takes \(context.resource.type) in the provider")
            ]
        } ?? []
    }

    /// Warns once per operation, not once per hook.
    private func admit(_ hook: Hook, _ context: ActivityContext, _ message: String) {
        guard hook == .main else { return }
        context.reporter.warn(
            ActivityWarning(kind: "nothing-done", subject: context.resource.identity, message: message))
    }
}
