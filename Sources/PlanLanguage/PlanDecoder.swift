package import Diagnostics
import Manifests
import PlanIR
package import YAMLSource

/// Reads a plan's document; reports every fault of its shape and gives what could be read.
package enum PlanDecoder {
    /// Decodes the plan in `node`; `nil` when it has no name or provider to go on with.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> Plan? {
        let fields = FieldReader(node, PlanFields.plan, into: &diagnostics)
        if let name = fields.text(2), let fault = NameRules.planFault(name.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(name.value)' is not a plan name", at: name.range, notes: [fault]))
        }
        var blocks: [ParameterBlock] = []
        for phase in ParameterPhase.allCases {
            blocks += ParameterBlock.read(fields[5 + phase.rawValue], phase: phase, into: &diagnostics)
        }
        let resources = ResourceDecoder.decode(
            fields[8], isUnread: fields.isUnread(8), in: node.tree, into: &diagnostics)
        if let list = fields[8], list.count == 0 {
            diagnostics.add(
                Diagnostic(.invalidValue, "a plan without resources protects nothing", at: list.headRange))
        }
        let triggers = TriggerDecoder.decode(fields[9], into: &diagnostics)
        let retention = RetentionDecoder.decode(fields[10], into: &diagnostics)
        let onFailure = failurePolicy(fields.text(12), &diagnostics)
        let notifications = NotificationDecoder.decode(fields[13], into: &diagnostics)
        guard let name = fields.text(2), let provider = fields.text(4) else { return nil }
        return Plan(
            node: node, name: name, description: fields.text(3)?.value ?? "", provider: provider, parameters: blocks,
            resources: resources, triggers: triggers, retention: retention,
            isEnabled: fields[11]?.scalarValue != .bool(false), onFailure: onFailure, notifications: notifications)
    }

    private static func failurePolicy(
        _ text: Spanned<String>?, _ diagnostics: inout DiagnosticList
    ) -> FailurePolicy {
        guard let text else { return .standard }
        if let policy = FailurePolicy(rawValue: text.value) { return policy }
        diagnostics.add(
            WordChoice.fault(
                "'onFailure' is 'stop' or 'continue'", text, among: FailurePolicy.allCases.map(\.rawValue)))
        return .standard
    }
}
