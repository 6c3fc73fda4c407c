import CanonicalForm
import Diagnostics
import Manifests
import PlanIR
import YAMLSource

/// A resource below a service that stands still, copied when the service runs again.
enum CopiedLiveLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard plan.hasTraits(where: { $0.quiesces != .never }), plan.hasTraits(where: { $0.copiedLive != nil })
        else { return }
        var isVisited = [Bool](repeating: false, count: plan.resources.count)
        for parent in plan.resources where plan.quiesces(parent) {
            // What is below a dependent is prepared within the parent's time, too.
            var waiting = Array(plan.dependents(parent).reversed())
            while let next = waiting.popLast() {
                let resource = Int(next)
                if isVisited[resource] { continue }
                isVisited[resource] = true
                waiting += plan.dependents(resource).reversed()
                guard let condition = plan.traits(resource).copiedLive,
                    let parameters = plan.protectParameters(resource), condition.holds(parameters.values)
                else { continue }
                report(resource, below: parent, condition, plan, &findings)
            }
        }
    }

    private static func report(
        _ resource: Int, below parent: Int, _ condition: ParameterCondition, _ plan: LintedPlan,
        _ findings: inout LintFindings
    ) {
        let how = condition.values.isEmpty ? "" : " (\(condition.words))"
        var notes: [String] = []
        if let quiet = quietValue(resource, condition, plan) {
            notes.append("write '\(quiet)' to copy it while '\(plan.identity(parent))' stands still")
        }
        let place = condition.values.first.flatMap { wanted in
            plan.parameterLayers(resource, .protect).first.flatMap { $0.member(wanted.parameter) }
        }
        findings.add(
            Diagnostic(
                .copiedLive,
                "'\(plan.identity(resource))' is copied live\(how), when '\(plan.identity(parent))' runs again",
                at: place?.range ?? plan.place(resource),
                related: [RelatedPlace(plan.place(parent), "'\(plan.identity(parent))' is here")], notes: notes))
    }

    /// What to set instead: a value for which the plugin has work while the parent stands still.
    private static func quietValue(_ resource: Int, _ live: ParameterCondition, _ plan: LintedPlan) -> String? {
        guard let support = plan.support(resource), let first = live.values.first else { return nil }
        for presence in support.operations[0].hooks where presence.hook == .prepareFinish {
            for condition in presence.conditions where condition.parameter == first.parameter {
                if let value = condition.values.first(where: { !first.values.contains($0) }) {
                    return "\(first.parameter): \(value.stringValue ?? value.canonicalText)"
                }
            }
        }
        return nil
    }
}
