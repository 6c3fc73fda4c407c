import Bank
package import Checkpoints
import PlanIR
import PluginKit
import Surroundings

/// Leads a checkpoint out of a state in which someone has left it: one whose deletion broke off before anything was
/// removed is available again, and one whose executor is gone is given up.
package struct ResetOperation: Sendable {
    let environment: ExecutionEnvironment
    let id: CheckpointID
    let isGone: @Sendable (Owner) async throws -> Bool

    /// A reset of a checkpoint; `isGone` says whether an owner has certainly ended.
    package init(
        _ environment: ExecutionEnvironment, checkpoint id: CheckpointID,
        isGone: @escaping @Sendable (Owner) async throws -> Bool
    ) {
        self.environment = environment
        self.id = id
        self.isGone = isGone
    }

    /// Runs it, or in a dry run only finds out whether it can; returns what the checkpoint is then.
    ///
    /// Throws `CheckpointError.wrongStatus` where there is nothing to reset or someone is at work on it, and
    /// `ExecutionError.damaged` when what is left is not whole.
    package func run(dryRun: Bool = false) async throws -> CheckpointStatus {
        let collection = environment.collection
        guard let summary = try await collection.summary(id) else { throw CheckpointError.unknown(id.text) }
        var status = summary.status
        // What only its claims make damaged can be given up.
        if status == .damaged, let index = try? await collection.index(id),
            (try? await collection.commit(id)) == .some(nil),
            try await collection.runner(of: index).fault != nil
        {
            status = .error
        }
        switch status {
        case .deleting, .errorDeleting: return try await undelete(summary, dryRun)
        case .protecting, .error, .waitCopying, .copying:
            let index = try await collection.index(id)
            let (commit, runner) = (try await collection.commit(id), try await collection.runner(of: index))
            // Only a copy goes on behind a record that it has failed.
            let isOver = commit.map { index.origin == nil || runner.epoch <= $0.epoch } ?? false
            guard !isOver else {
                let advice = index.copyAgain.map { "'\($0)' copies it again" } ?? "protect again"
                throw CheckpointError.wrongStatus(
                    id, summary.status, wanted: "unfinished or being deleted to be reset",
                    reason: "it has failed for good; \(advice), and 'cairn delete \(id.text) --provider "
                        + "\(index.provider)' removes it")
            }
            guard try await collection.hasLeft(runner, isGone: isGone) else {
                throw CheckpointError.wrongStatus(
                    id, summary.status,
                    wanted: index.origin == nil ? "without an executor to be reset" : "without a copier to be reset",
                    reason: runner.owner == nil
                        ? "who runs it is \(runner.words), and someone works on this bank"
                        : "\(runner.words) still " + (index.origin == nil ? "runs it" : "copies it"))
            }
            try await collection.ensureBegun(id, wanted: "begun to be reset")
            if !dryRun, index.origin != nil {
                try await CopyGivingUp(environment, index).run(reason: "reset after its copier had ended")
            } else if !dryRun {
                let resume = ResumeOperation(environment, checkpoint: id, isGone: isGone)
                return try await resume.giveUp(reason: "reset after its executor had ended").commit.status
            }
            return .error
        case .available, .damaged:
            throw CheckpointError.wrongStatus(
                id, summary.status, wanted: "unfinished or being deleted to be reset",
                reason: summary.status == .damaged
                    ? "\(summary.message); 'cairn bank check' tells more, and 'cairn delete \(id.text) --force' removes it"
                    : "nothing is wrong with it")
        }
    }

    private func undelete(_ summary: CheckpointSummary, _ dryRun: Bool) async throws -> CheckpointStatus {
        let collection = environment.collection
        // Before the look at what is there: whoever may still remove something has shown it by then.
        let isDue = try await isDue()
        let key = CheckpointKeys(id).tombstone
        let (bytes, version) = try await environment.bank.getVersioned(key)
        let tombstone = try await collection.read(key) { _ in try Tombstone(opening: bytes) }
        if tombstone.failure == nil, try await !isGone(tombstone.owner) {
            throw CheckpointError.wrongStatus(
                id, summary.status, wanted: "left by who deleted it, to be reset",
                reason: "process \(tombstone.owner.process) on \(tombstone.owner.host) is at it")
        }
        let checkpoint: LoadedCheckpoint
        do { checkpoint = try await whole(summary, tombstone) } catch {
            // What cannot be had back holds up no deletion.
            if !(error is BankError || error is CancellationError), !dryRun, try await collection.isResetIntended(id) {
                try environment.writeGuard.ensureMayWrite()
                try await collection.forgetReset(id)
            }
            throw error
        }
        if !isDue { try await announce(summary, dryRun) }
        guard !dryRun else { return checkpoint.commit.status }
        try environment.writeGuard.ensureMayWrite()
        try await collection.publish(checkpoint.index)
        try environment.writeGuard.ensureMayWrite()
        let condition: WriteCondition = collection.consistency == .compareAndSwap ? .ifVersion(version) : .none
        try await environment.bank.delete(key, if: condition)
        if collection.announcesResets {
            // What is not noted here 'cairn gc' notes.
            try environment.writeGuard.ensureMayWrite()
            try await collection.noteReset(id, .over, now: environment.now())
        }
        guard checkpoint.commit.status == .available else { return checkpoint.commit.status }
        // Whoever has claimed it later may still record something else: then a collection sees to that, by the marker.
        guard try await collection.epochs(id).last ?? 0 <= checkpoint.commit.epoch else {
            return try await collection.summary(id)?.status ?? .error
        }
        try await collection.settle(id)
        // Who wants the checkpoint of a rehearsal back keeps it.
        if checkpoint.index.isRehearsal { try await collection.forgetRehearsal(id) }
        return checkpoint.commit.status
    }

    /// The checkpoint that is marked; throws `CheckpointError.wrongStatus` when something of it may be missing.
    private func whole(_ summary: CheckpointSummary, _ tombstone: Tombstone) async throws -> LoadedCheckpoint {
        guard tombstone.stage == .marked, try await !environment.collection.mayBeRemoving(id) else {
            throw CheckpointError.wrongStatus(
                id, summary.status, wanted: "marked only, to be reset",
                reason: "something of it may be removed already; 'cairn delete \(id.text)' finishes it")
        }
        let checkpoint: LoadedCheckpoint
        do {
            checkpoint = try await LoadedCheckpoint.load(id, from: environment.collection)
        } catch let error as CheckpointError {
            throw CheckpointError.wrongStatus(
                id, summary.status, wanted: "whole to be reset",
                reason: "\(error); 'cairn delete \(id.text)' finishes its deletion")
        }
        try await ensurePresent(checkpoint)
        return checkpoint
    }

    /// Whether nobody can be about to go on deleting the checkpoint who has not seen that it is wanted back.
    private func isDue() async throws -> Bool {
        guard environment.collection.announcesResets else { return true }
        guard let reset = try await environment.collection.resetStanding(id), reset.stage == .announced else {
            return false
        }
        return try await environment.isResetOld(reset.written)
    }

    /// Announces that the checkpoint is wanted back, and throws `CheckpointError.wrongStatus`, since someone who has not
    /// seen that may be about to go on deleting it.
    private func announce(_ summary: CheckpointSummary, _ dryRun: Bool) async throws {
        let isAnnounced = try await environment.collection.resetStanding(id)?.stage == .announced
        if !isAnnounced, !dryRun {
            try environment.writeGuard.ensureMayWrite()
            try await environment.collection.noteReset(id, .announced, now: environment.now())
        }
        throw CheckpointError.wrongStatus(
            id, summary.status, wanted: "left alone for a day to be reset",
            reason: "this bank cannot tell whether someone is about to go on deleting it; "
                + (dryRun && !isAnnounced
                    ? "a reset announces that it is wanted back, and a day later it can be"
                    : "from now on nobody begins to, and a day later the same command or 'cairn gc' makes it what it was")
        )
    }

    /// Throws unless every object is there that the commit record leads to.
    private func ensurePresent(_ checkpoint: LoadedCheckpoint) async throws {
        guard checkpoint.commit.status == .available else { return }
        let packs = checkpoint.packs(environment.collection)
        for resource in checkpoint.ir.resources.indices {
            let identity = checkpoint.ir.resources[resource].identity
            for artifact in try await packs.definition(resource).artifacts {
                try await environment.collection.ensurePresent(artifact, of: identity, id)
            }
        }
    }
}

extension ExecutionEnvironment {
    /// Whether what was written of a reset, at a time by the store's clock, is so old that whoever had looked before has come
    /// to its end or lost its lease.
    func isResetOld(_ written: Int64?) async throws -> Bool {
        guard let written else { return false }
        return try await storeTime() - written > ResetIntent.margin
    }
}
