import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// A trigger for a plan of which nothing is saved, as when all its types are taken by `noop`.
enum SavesNothingLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard let trigger = plan.protectTriggers.first, !plan.resources.isEmpty,
            plan.resources.allSatisfy({ plan.traits($0).savesNothing })
        else { return }
        let plugins = plan.plugins.map { "'\($0.name)'" }.joined(separator: ", ")
        findings.add(
            Diagnostic(
                .savesNothing, "this trigger saves nothing of any resource",
                at: (trigger.node["operation"] ?? trigger.node).headRange,
                related: [RelatedPlace(plan.plan.provider.range, "the provider is here")],
                notes: ["all of them are taken by \(plugins), which saves nothing: a provider for drawing and trying"]))
    }
}
