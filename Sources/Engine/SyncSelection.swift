import Checkpoints
import PlanIR
package import Retention
package import Schedules

/// Which of a plan's checkpoints a sync copies.
package enum SyncRule: Sendable {
    /// Those that retention would keep there, by the policy that the newest available one of both banks was made with.
    case newestPolicy
    /// Those that this policy would keep there.
    case policy(RetentionPolicy)
    /// All of them.
    case all
}

/// What a retention policy says of all that the target would have after a sync.
package enum SyncRetention: Sendable {
    /// Nobody was asked.
    case off
    /// The policy keeps everything.
    case none
    case applied(RetentionPolicy, TimeZoneRules)
    /// It could not be asked, so that all is copied.
    case failed(String)
}

/// What is not worth a copy, since retention would remove it there at once.
struct SyncSelection: Sendable {
    let retention: SyncRetention
    /// The decisions about those that would go, and are not there.
    var passedOver: [CheckpointID: RetentionDecision<CheckpointID>] = [:]
}

extension BankSync {
    /// Asks the policy what it would keep if all of `here` were copied to what the target has.
    ///
    /// What is kept of all is kept, too, when only that is there: so nothing that is copied goes at the next retention, and
    /// nothing that has gone is copied again.
    func selection(of here: [CheckpointSummary]) async throws -> SyncSelection {
        if case .all = rule { return SyncSelection(retention: .off) }
        guard !here.isEmpty else { return SyncSelection(retention: .none) }
        let there = try await target.collection.survey(plan: plan, provider: target.provider)
        let policy: RetentionPolicy
        let zone: TimeZoneRules
        do {
            policy = try await self.policy(here, there)
            if policy.keepsEverything { return SyncSelection(retention: .none) }
            zone = try policy.zone(from: timeZones)
        } catch let error as RetentionError {
            // Retention removes nothing either by a policy that it cannot read.
            return SyncSelection(retention: .failed(error.description))
        }
        let present = Set(there.filter { $0.status == .available }.map(\.id))
        let wanted = Set(here.map(\.id))
        var candidates = there.filter { !$0.isRehearsal }.map { checkpoint in
            // What was broken off, or is being deleted there, would be available when it is copied.
            RetentionCandidate(
                checkpoint.id, created: checkpoint.created.milliseconds,
                standing: wanted.contains(checkpoint.id)
                    ? .available : RetentionOperation.standing(checkpoint.status),
                isPinned: checkpoint.isPinned)
        }
        let known = Set(there.map(\.id))
        for checkpoint in here where !known.contains(checkpoint.id) {
            candidates.append(
                RetentionCandidate(checkpoint.id, created: checkpoint.created.milliseconds, standing: .available))
        }
        // A clock that is ahead of the store's makes nothing too old to be copied.
        let now = min(environment.now().milliseconds, try await environment.storeTime())
        var selection = SyncSelection(retention: .applied(policy, zone))
        for decision in Retention.decide(candidates, by: policy, in: zone, now: now)
        where !decision.isKept && !present.contains(decision.candidate.id) {
            selection.passedOver[decision.candidate.id] = decision
        }
        return selection
    }

    /// The policy that holds in the target: the one that was given, else that of the newest available checkpoint of both
    /// banks whose IR can be read.
    private func policy(
        _ here: [CheckpointSummary], _ there: [SurveyedCheckpoint]
    ) async throws -> RetentionPolicy {
        if case .policy(let policy) = rule { return policy }
        let inSource = Set(here.map(\.id))
        let others = there.filter { $0.status == .available && !inSource.contains($0.id) }
        let all = here.map { ($0.created, $0.id) } + others.map { ($0.created, $0.id) }
        for (_, id) in all.sorted(by: { $0 > $1 }) {
            let collection = inSource.contains(id) ? source.collection : target.collection
            do {
                let ir = try await LoadedCheckpoint.loadIR(try await collection.index(id), from: collection)
                return try RetentionPolicy(ir.retention, triggers: ir.triggers)
            } catch is CheckpointError {
                // What was deleted meanwhile has no policy.
                continue
            } catch ExecutionError.damaged {
                continue
            }
        }
        return RetentionPolicy()
    }
}
