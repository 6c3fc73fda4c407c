package import CanonicalForm
package import Manifests
package import PlanIR
package import YAMLSource

/// A plan as its author wrote it, every part with its place.
package struct Plan: Sendable {
    package let node: LocatedNode
    package let name: Spanned<String>
    package let description: String
    package let provider: Spanned<String>
    /// The plan's parameter blocks, by `TYPE` or `TYPE#ID`.
    package let parameters: [ParameterBlock]
    /// The resources in the order of the text; a parent stands before those nested in it.
    package let resources: ResourceTable
    package let triggers: [JSONValue]
    package let retention: JSONObject
    /// Whether its triggers start anything.
    package let isEnabled: Bool
    /// What becomes of the rest of a run when an activity fails.
    package let onFailure: FailurePolicy
    /// Who is told how a run of the plan ended, each with its place.
    package let notifications: [Spanned<PlanIR.Notification>]

    /// The plan with other resources.
    package func with(_ resources: ResourceTable) -> Plan {
        Plan(
            node: node, name: name, description: description, provider: provider, parameters: parameters,
            resources: resources, triggers: triggers, retention: retention, isEnabled: isEnabled, onFailure: onFailure,
            notifications: notifications)
    }
}
