package import PlanIR

/// Something that was cut off, or has left behind what it could not undo, and that can be gone on with.
package struct Interruption: Sendable, Hashable {
    package let kind: OperationKind
    /// The id of the checkpoint that is being made or copied, or of the restore or verification.
    package let id: CheckpointID
    package let plan: String
    /// When it was begun, or gone on with last.
    package let began: Timestamp
    /// Whether it has certainly been cut off; else its owner may live on another host.
    package let isCertain: Bool
}

extension CheckpointCollection {
    /// What was cut off in this bank of a provider's checkpoints, the newest first: protect runs, copies that were to come
    /// here, restores and verifications. What may still run on another host comes behind what certainly does not, and what
    /// runs on this host, as `isRunning` tells, is none of it.
    ///
    /// What belongs to a rehearsal is left out: it is made to be thrown away.
    package func interruptions(
        plan: String? = nil, provider: String, isRunning: (Owner) -> Bool
    ) async throws -> [Interruption] {
        var found: [Interruption] = []
        for summary in try await unfinished(Filter(plan: plan, provider: provider)) where !summary.isRehearsal {
            if let interruption = try await interruption(summary, isRunning) { found.append(interruption) }
        }
        for operation in try await operations() {
            guard let standing = operation.standing, plan.map({ $0 == standing.index.plan }) ?? true else { continue }
            if let interruption = try await interruption(standing, provider, isRunning) { found.append(interruption) }
        }
        return found.sorted { first, second in
            if first.isCertain != second.isCertain { return first.isCertain }
            return (first.began, first.id) > (second.began, second.id)
        }
    }

    private func interruption(
        _ summary: CheckpointSummary, _ isRunning: (Owner) -> Bool
    ) async throws -> Interruption? {
        switch summary.status {
        case .protecting, .error, .waitCopying, .copying: break
        case .available, .deleting, .errorDeleting, .damaged: return nil
        }
        let index = try await index(summary.id)
        let runner = try await runner(of: index)
        if let commit = try await settledCommit(summary.id) {
            // Only a copy goes on behind a record that it has failed; of a run, what it could not undo is undone.
            let goesOn =
                index.origin == nil
                ? !commit.dueReverts.isEmpty : commit.status == .error && runner.epoch > commit.epoch
            guard goesOn else { return nil }
        }
        let owner = runner.owner ?? index.owner
        guard !isRunning(owner) else { return nil }
        return Interruption(
            kind: index.origin == nil ? .protect : .copy, id: summary.id, plan: summary.plan,
            began: runner.started ?? index.origin?.copied ?? index.created, isCertain: hasEnded(owner))
    }

    private func interruption(
        _ standing: OperationStanding, _ provider: String, _ isRunning: (Owner) -> Bool
    ) async throws -> Interruption? {
        guard standing.isOpen || standing.hasDueReverts, standing.index.saysTarget, !isRunning(standing.owner),
            let kind = OperationKind(rawValue: standing.index.kind), kind == .restore || kind == .verify
        else { return nil }
        let checkpoint: CheckpointIndex
        do { checkpoint = try await index(standing.index.checkpoint) } catch is CheckpointError {
            // Without its checkpoint nothing can go on.
            return nil
        }
        guard !checkpoint.isRehearsal, checkpoint.provider == provider else { return nil }
        return Interruption(
            kind: kind, id: standing.index.id, plan: standing.index.plan, began: standing.started,
            isCertain: hasEnded(standing.owner))
    }
}
