import Diagnostics
import PlanLanguage
import YAMLSource

/// A plan that is disabled and has triggers: whoever reads them believes that they fire.
enum EnabledLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard !plan.plan.isEnabled, let enabled = plan.plan.node["enabled"],
            let triggers = plan.plan.node["triggers"], triggers.count > 0
        else { return }
        findings.add(
            Diagnostic(
                .disabledWithTriggers,
                triggers.count == 1
                    ? "the plan is disabled: its trigger starts nothing"
                    : "the plan is disabled: its \(triggers.count) triggers start nothing", at: enabled.range,
                related: [RelatedPlace(triggers.headRange, "the triggers are here")],
                notes: ["enable it again; while it must stay so, allow this with the reason"]))
    }
}
