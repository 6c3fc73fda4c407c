import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// A path that several plans protect into one bank. Into different banks, that is a second copy and wanted.
enum SharedPathsLint {
    static func run(_ plans: [LintedPlan], _ findings: inout LintFindings) {
        guard plans.count > 1 else { return }
        var banks: [BankPlace: Bank] = [:]
        for (position, plan) in plans.enumerated() {
            guard plan.paths.count > 0, let provider = plan.provider else { continue }
            let key = BankPlace(provider)
            var bank = banks[key] ?? Bank()
            var isRepeated = [Bool](repeating: false, count: plan.paths.count)
            for (entry, _) in plan.repeatedPaths { isRepeated[entry] = true }
            // What one plan has twice is told as such.
            for entry in 0..<plan.paths.count where !isRepeated[entry] {
                let (_, first) = bank.paths.add(Array(plan.paths.path(entry)))
                bank.owners.append((position, Int(plan.resourceOfPath[entry])))
                guard let first else { continue }
                let owner = bank.owners[first]
                // Two plans of one name in one bank are the greater fault, and may be one plan twice.
                if plans[owner.plan].plan.name.value == plan.plan.name.value { continue }
                report((plan, Int(plan.resourceOfPath[entry])), (plans[owner.plan], owner.resource), &findings)
            }
            banks[key] = bank
        }
    }

    /// The paths that go into one bank, each with its plan and resource.
    private struct Bank {
        var paths = ProtectedPaths()
        var owners: [(plan: Int, resource: Int)] = []
    }

    private static func report(
        _ one: (plan: LintedPlan, resource: Int), _ other: (plan: LintedPlan, resource: Int),
        _ findings: inout LintFindings
    ) {
        guard let path = one.plan.protectedPath(one.resource), let first = other.plan.protectedPath(other.resource)
        else { return }
        let name = other.plan.plan.name.value
        findings.add(
            Diagnostic(
                .pathInSeveralPlans,
                "'\(AbsolutePath.text(path.path))' goes into this bank twice: the plan '\(name)' protects it, too",
                at: path.node.range, related: [RelatedPlace(first.node.range, "the plan '\(name)' protects it here")],
                notes: ["leave it to one of the plans, or give one of them another bank"]))
    }
}
