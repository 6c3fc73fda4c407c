import Bank
import Checkpoints

/// What rehearsals leave behind: of one that was cut off a checkpoint, and a restore or a verification of it; of one that
/// proved nothing the checkpoint.
///
/// A rehearsal keeps the marker of its checkpoint until it has decided whether that stays. So one that has a marker, and
/// whose owner is gone, was made by a rehearsal that never came to its end; unless `rehearsed.json` says that it has.
extension GarbageCollection {
    /// Removes what rehearsals of a plan have left behind that were cut off or proved nothing; everything else stays.
    package func runRehearsals(of plan: String) async throws -> [CollectedItem] {
        var items: [CollectedItem] = []
        for id in try await collection.markedIDs() {
            guard let index = try? await collection.index(id), index.isRehearsal, index.plan == plan else { continue }
            try await collect(id.text, &items) {
                if try await collection.isRehearsed(id), try await collection.tombstone(id) == nil {
                    return try await collect(rehearsed: index, after: 0)
                }
                let item = try await collect(marked: id)
                // One that failed in order is kept, and its artifacts go in their time.
                return item?.action == .swept ? nil : item
            }
        }
        return items
    }

    /// Whether a checkpoint is of a rehearsal that has not come to its end, or not yet.
    func wasRehearsalCutOff(_ index: CheckpointIndex, _ commit: CommitRecord?, _ runner: CheckpointRunner) -> Bool {
        guard index.isRehearsal, index.origin == nil else { return false }
        guard let commit, commit.status == .error, runner.epoch <= commit.epoch else { return true }
        // One that failed has ended in order, unless it was somebody else who recorded that.
        return runner.owner.map { $0.id != index.owner.id } ?? false
    }

    /// Deletes the checkpoint of a rehearsal that has ended without proving it, when people have had so many milliseconds to
    /// look at it.
    func collect(rehearsed index: CheckpointIndex, after grace: Int64) async throws -> CollectedItem? {
        let id = index.id
        // What is due does not wait so long.
        if let commit = try await collection.commit(id), !commit.dueReverts.isEmpty {
            return try await undo(index, commit)
        }
        guard let ended = try await environment.bank.modified(CheckpointKeys(id).rehearsed),
            try await environment.storeTime() - ended >= grace
        else { return nil }
        let reason = "a rehearsal of plan '\(index.plan)' made it and proved nothing, and nobody asked to keep it"
        guard !dryRun else { return CollectedItem(id.text, .deleted, reason) }
        if let left = try await endOperations(of: id) { return left }
        return try await delete(id, force: false, reason)
    }

    /// Ends the restores and verifications of a checkpoint that were cut off, and undoes what they have left: while the
    /// checkpoint is there, it tells what that is. Returns what could not be ended.
    private func endOperations(of id: CheckpointID) async throws -> CollectedItem? {
        for operation in try await collection.operations() {
            guard let standing = operation.standing, standing.isOpen || standing.hasDueReverts,
                standing.index.checkpoint == id
            else { continue }
            let item = try await collect(standing)
            guard item.action == .ended || item.action == .undone else {
                return CollectedItem(id.text, .left, "\(standing.index.kind) \(item.id): \(item.message)")
            }
        }
        return nil
    }

    private func delete(_ id: CheckpointID, force: Bool, _ reason: String) async throws -> CollectedItem {
        let report = try await DeleteOperation(environment, checkpoint: id, force: force, isGone: isGone).run()
        if let first = report.failures.first { return CollectedItem(id.text, .failed, first.description) }
        return report.status == .deleting
            ? CollectedItem(id.text, .left, Self.waiting) : CollectedItem(id.text, .deleted, reason)
    }

    /// Undoes what a rehearsal that was cut off has begun, and deletes its checkpoint.
    func collect(
        rehearsal index: CheckpointIndex, _ commit: CommitRecord?, _ runner: CheckpointRunner
    ) async throws -> CollectedItem? {
        let id = index.id
        // Where listings are behind, the marker of one that is kept may still be in them.
        guard try await environment.bank.size(CheckpointLayout.unfinished(id)) != nil else { return nil }
        guard try await collection.hasLeft(runner, isGone: isGone) else {
            return CollectedItem(id.text, .left, "it is being rehearsed")
        }
        // It may have gone because it was done: it has kept the checkpoint, or has failed in order.
        guard try await environment.bank.size(CheckpointLayout.unfinished(id)) != nil else { return nil }
        let (commit, runner) = (try await collection.commit(id), try await collection.runner(of: index))
        guard wasRehearsalCutOff(index, commit, runner) else { return nil }
        let reason =
            "a rehearsal of plan '\(index.plan)' made it, and was cut off (process \(index.owner.process) on "
            + "\(index.owner.host))"
        guard !dryRun else { return CollectedItem(id.text, .deleted, reason) }
        // One that is pinned stays, and so would they.
        try await removeUses(of: id)
        if let left = try await endOperations(of: id) { return left }
        // A run without a plan and an epoch has done nothing.
        let hasBegun = try await environment.bank.size(CheckpointKeys(id).ir) != nil && runner.epoch > 0
        let run = ResumeOperation(environment, checkpoint: id, isGone: isGone)
        if commit == nil, hasBegun { _ = try await run.giveUp(reason: reason) }
        if let commit, !commit.dueReverts.isEmpty { _ = try await run.undoDue() }
        return try await delete(id, force: !hasBegun, reason)
    }
}
