import Checkpoints
import PlanIR
import Scheduling

/// How long the hooks of each resource took in an earlier run of the same plan.
struct RecordedDurations: Sendable {
    private var milliseconds: [String: [Int64]] = [:]

    /// The durations in a commit record.
    init(_ commit: CommitRecord) {
        for entry in commit.resources where entry.milliseconds.count == Hook.allCases.count {
            milliseconds[entry.resource] = entry.milliseconds
        }
    }

    /// The weights of an operation's activities: what was measured, and for resources that are new the mean of the
    /// same hook over the others. `nil` when nothing was measured.
    func weights(_ ir: PlanIR, _ operation: OperationKind) -> ActivityWeights? {
        var sums = [Int64](repeating: 0, count: Hook.allCases.count)
        var counts = sums
        for entry in milliseconds.values {
            for (hook, value) in entry.enumerated() where value >= 0 {
                sums[hook] = sums[hook].addingSaturated(value)
                counts[hook] += 1
            }
        }
        guard counts.contains(where: { $0 > 0 }) else { return nil }
        let means = zip(sums, counts).map { $1 > 0 ? $0 / $1 : 1000 }
        let known = ir.resources.map { milliseconds[$0.identity] }
        return ActivityWeights(ir.graph(operation)) { _, activity in
            let hook = Int(activity.hook.rawValue)
            let measured = known[Int(activity.resource)].map { $0[hook] } ?? -1
            // What takes no time that was measured still takes some, so that longer chains come first.
            return max(1, measured >= 0 ? measured : means[hook]) * 1_000_000
        }
    }
}
