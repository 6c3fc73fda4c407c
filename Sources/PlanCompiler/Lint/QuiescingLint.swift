import Diagnostics
import Manifests

/// A service that is brought to a standstill though nothing hangs on it.
enum QuiescingLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard plan.hasTraits(where: { $0.quiesces != .never }) else { return }
        for resource in plan.resources where plan.quiesces(resource) && !plan.namesDependents(resource) {
            findings.add(
                Diagnostic(
                    .quiescesForNothing, "'\(plan.identity(resource))' is brought to a standstill for nothing",
                    at: plan.place(resource),
                    notes: ["nest what it writes to below it, or name that in its 'dependsOn'"]))
        }
    }
}
