import CanonicalForm
import Checkpoints
import Engine
import PlanIR

/// The compiled plans of checkpoints, of which most have the same: the last few are kept.
actor AuditedPlans {
    private static let kept = 8
    private var plans: [(digest: SHA256Digest, plan: PlanIR)] = []

    /// The plan of a checkpoint, whose bytes have the digest that its index record names.
    func plan(of index: CheckpointIndex, _ bytes: [UInt8]) throws(IRLoadError) -> PlanIR {
        if let known = plans.first(where: { $0.digest == index.irDigest }) { return known.plan }
        let plan = try PlanIR(loading: bytes)
        plans.append((index.irDigest, plan))
        if plans.count > Self.kept { plans.removeFirst() }
        return plan
    }
}
