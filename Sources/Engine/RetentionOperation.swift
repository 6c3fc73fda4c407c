import Bank
package import Checkpoints
import PlanIR
package import Retention
package import Schedules
import Surroundings

/// What has become of one checkpoint of a plan, or in a dry run would.
package struct RetainedCheckpoint: Sendable {
    package enum Outcome: Sendable, Hashable {
        case kept
        /// It goes; in a dry run, and before the turn comes to it, no more than that.
        case toGo
        case removed
        /// It is marked and counts no more; garbage collection removes it when every listing shows the mark.
        case marked
        /// It was to go, and stays: meanwhile someone has pinned it or uses it, or others have gone.
        case spared(String)
        /// It could not be removed.
        case failed(String)
    }

    package let decision: RetentionDecision<CheckpointID>
    package let status: CheckpointStatus
    package internal(set) var outcome: Outcome

    package var id: CheckpointID { decision.candidate.id }
    package var created: Timestamp { Timestamp(milliseconds: decision.candidate.created) }
}

/// What a retention policy has done to a plan's checkpoints.
package struct RetentionReport: Sendable {
    package let plan: String
    package let policy: RetentionPolicy
    package let zone: TimeZoneRules
    /// All checkpoints of the plan, newest first.
    package internal(set) var checkpoints: [RetainedCheckpoint]

    /// Those that were removed, or marked.
    package var removed: Int { checkpoints.count { $0.outcome == .removed || $0.outcome == .marked } }
    /// Those that were to go and are still there, because something failed.
    package var failed: Int {
        checkpoints.count { if case .failed = $0.outcome { true } else { false } }
    }
}

/// Applies a retention policy to the checkpoints of a plan.
///
/// What it decides by is what it has read. So before each removal it looks whether the newest checkpoint that it relies
/// on is still available, and the deletion looks for pins and uses behind its mark.
package struct RetentionOperation: Sendable {
    let environment: ExecutionEnvironment
    let plan: String
    let provider: String
    let policy: RetentionPolicy
    let zone: TimeZoneRules
    /// Whether an owner has certainly ended, so that its use of a checkpoint counts no more; when in doubt it has not.
    let isGone: @Sendable (Owner) async throws -> Bool

    /// An operation over the checkpoints of `plan` and `provider`. Throws `RetentionError` when this machine does not know
    /// the policy's time zone.
    package init(
        _ environment: ExecutionEnvironment, plan: String, provider: String, policy: RetentionPolicy,
        timeZones: TimeZoneDatabase = .system, isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) throws(RetentionError) {
        self.environment = environment
        self.plan = plan
        self.provider = provider
        self.policy = policy
        zone = try policy.zone(from: timeZones)
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// What is to become of each checkpoint; changes nothing.
    package func decide() async throws -> RetentionReport {
        let collection = environment.collection
        let found = try await collection.survey(plan: plan, provider: provider)
        // After the reading: what was created meanwhile was not read.
        let now = environment.now().milliseconds
        var candidates: [RetentionCandidate<CheckpointID>] = []
        candidates.reserveCapacity(found.count)
        for checkpoint in found {
            candidates.append(
                RetentionCandidate(
                    checkpoint.id, created: checkpoint.created.milliseconds,
                    standing: checkpoint.isRehearsal ? .rehearsal : Self.standing(checkpoint.status),
                    isPinned: checkpoint.isPinned,
                    isInUse: checkpoint.hasUses ? try await isInUse(checkpoint.id) : false))
        }
        let statuses = Dictionary(found.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        let decisions = Retention.decide(candidates, by: policy, in: zone, now: now)
        return RetentionReport(
            plan: plan, policy: policy, zone: zone,
            checkpoints: decisions.map { decision in
                RetainedCheckpoint(
                    decision: decision, status: statuses[decision.candidate.id] ?? .damaged,
                    outcome: decision.isKept ? .kept : .toGo)
            })
    }

    /// Decides, and removes what is to go, the oldest first; one that cannot be removed does not keep the others.
    ///
    /// Throws `CancellationError` when it was cancelled, and what the bank or the lease throws that ends all of it.
    package func run() async throws -> RetentionReport {
        var report = try await decide()
        for position in report.checkpoints.indices.reversed() where report.checkpoints[position].outcome == .toGo {
            try Task.checkCancellation()
            if environment.control.wasInterrupted { throw CancellationError() }
            try environment.writeGuard.ensureMayWrite()
            report.checkpoints[position].outcome = try await remove(report.checkpoints[position], of: report)
        }
        return report
    }

    private func remove(
        _ checkpoint: RetainedCheckpoint, of report: RetentionReport
    ) async throws -> RetainedCheckpoint.Outcome {
        do {
            guard try await hasNewer(than: checkpoint, report) else {
                return .spared("all newer ones that can be restored have gone meanwhile")
            }
            let report = try await DeleteOperation(
                environment, checkpoint: checkpoint.id, force: false, isGone: isGone
            ).run()
            switch report.status {
            case .deleted: return .removed
            case .deleting: return .marked
            case .errorDeleting: return .failed(report.failures.first?.description ?? "")
            }
        } catch let error as CheckpointError {
            switch error {
            case .pinned, .wantedBack, .inUse, .beingDeleted, .deletionTakenOver: return .spared(error.description)
            // Someone else was faster.
            case .unknown: return .removed
            default: return .failed(error.description)
            }
        } catch let error where !(error is CancellationError || error is LeaseError) {
            return .failed(String(describing: error))
        }
    }

    /// Whether a newer checkpoint that stays can still be restored, so that this one is not the last.
    private func hasNewer(than checkpoint: RetainedCheckpoint, _ report: RetentionReport) async throws -> Bool {
        for newer in report.checkpoints
        where newer.outcome == .kept && newer.status == .available && newer.created >= checkpoint.created {
            if try await environment.collection.summary(newer.id)?.status == .available { return true }
        }
        return false
    }

    // MARK: Looking

    /// What a status means to retention.
    static func standing(_ status: CheckpointStatus) -> RetentionCandidate<CheckpointID>.Standing {
        switch status {
        case .available: .available
        case .deleting, .errorDeleting: .deleting
        default: .notAvailable
        }
    }

    private func isInUse(_ id: CheckpointID) async throws -> Bool {
        do {
            for use in try await environment.collection.uses(id) where try await !isGone(use.owner) { return true }
            return false
        } catch is CheckpointError {
            // What cannot be read may name one.
            return true
        }
    }
}
