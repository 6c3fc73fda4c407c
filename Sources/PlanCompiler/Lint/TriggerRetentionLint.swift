import Diagnostics
import PlanLanguage
import YAMLSource

/// Checkpoints that are made and never deleted, or deleted and never made.
enum TriggerRetentionLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        let node = plan.plan.node
        // What could not be read may be what is missing.
        if [node["triggers"], node["retention"]].contains(where: { $0?.hasFaults == true }) { return }
        let triggers = (node["triggers"]?.elements ?? []).filter { trigger in
            // A trigger that could not be read may be the one.
            trigger["operation"].map { !$0.textEquals("verify") } ?? true
        }
        let hasRetention = node["retention"].map { $0.kind != .mapping || $0.hasRules } ?? false
        if hasRetention && triggers.isEmpty {
            guard let place = node.place(ofKey: "retention") else { return }
            findings.add(
                Diagnostic(
                    .retentionWithoutTrigger, "there is a retention policy, and no trigger that makes checkpoints",
                    at: place, notes: ["add a trigger with 'operation: protect', or something else must start it"]))
        } else if !hasRetention, let trigger = triggers.first {
            findings.add(
                Diagnostic(
                    .triggerWithoutRetention, "this trigger makes checkpoints, and nothing deletes any",
                    at: (trigger["name"] ?? trigger).headRange,
                    notes: ["the bank grows until it is full; add 'retention', such as {keepLast: 7, keepDaily: 14}"]))
        }
    }
}

extension LocatedNode {
    /// Whether a retention policy says more than by which clock it goes.
    fileprivate var hasRules: Bool { entries.contains { !$0.key.textEquals("timezone") } }

    /// Whether some of the node could not be read.
    fileprivate var hasFaults: Bool {
        var waiting = [self]
        while let node = waiting.popLast() {
            if node.isFaulty { return true }
            waiting += node.elements
            for entry in node.entries { waiting += [entry.key, entry.value] }
        }
        return false
    }
}
