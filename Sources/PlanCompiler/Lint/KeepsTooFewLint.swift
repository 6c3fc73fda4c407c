import CanonicalForm
import Diagnostics
import PlanLanguage
import YAMLSource

/// A retention policy that keeps a single checkpoint: when that one is bad, nothing is left.
enum KeepsTooFewLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard let node = plan.plan.node["retention"], node.kind == .mapping else { return }
        let counts = node.entries.compactMap { entry -> (name: String, value: LocatedNode, count: Int64)? in
            guard case .integer(let count) = entry.value.scalarValue, count > 0 else { return nil }
            return (entry.key.text, entry.value, count)
        }
        let kept = counts.filter { $0.name.hasPrefix("keep") }
        // One of a day and one of a month may be two.
        let single =
            counts.first { $0.name == "maxCheckpoints" && $0.count == 1 }
            ?? (kept.count == 1 && kept[0].count == 1 ? kept[0] : nil)
        guard let single else { return }
        findings.add(
            Diagnostic(
                .keepsTooFew, "'\(single.name): 1' keeps a single checkpoint", at: single.value.range,
                notes: ["when it turns out to be bad, there is none before it; keep at least two"]))
    }
}
