package import Checkpoints
import Bank
import CanonicalForm
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// What has become of a checkpoint that was to be deleted.
package struct DeletionReport: Sendable, Hashable {
    /// How far it came.
    package enum Status: String, Sendable, CaseIterable {
        case deleted
        /// It is marked, and goes when the mark is old enough that nobody can have overlooked it.
        case deleting
        case errorDeleting = "error-deleting"
    }

    package let status: Status
    /// Why it could not be deleted; empty else.
    package let failures: [ResourceFailure]
}

/// Deletes a checkpoint: marks it, looks whether someone needs it, lets the plugins remove what they keep elsewhere, and
/// removes it from the bank.
package struct DeleteOperation: Sendable {
    let environment: ExecutionEnvironment
    let id: CheckpointID
    /// Deletes also what is damaged or still protecting, and goes on when a plugin cannot be asked.
    let force: Bool
    /// Whether an owner has certainly ended, so that its use of the checkpoint counts no more.
    let isGone: @Sendable (Owner) async throws -> Bool

    package init(
        _ environment: ExecutionEnvironment, checkpoint id: CheckpointID, force: Bool,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.id = id
        self.force = force
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// The margin of every program, `ExecutionEnvironment.listingMargin`: ten minutes.
    package static let listingMargin: Int64 = 600_000

    /// Runs the operation; a failing plugin leaves the checkpoint `error-deleting` and is reported. Whatever fails,
    /// deleting again goes on where it stopped.
    ///
    /// Throws `CheckpointError.pinned` and `inUse`, with the checkpoint as it was or, where the bank cannot tell, marked;
    /// `beingDeleted` and `deletionTakenOver` where someone else deletes it; and `CancellationError` when it was cancelled.
    package func run() async throws -> DeletionReport {
        let collection = environment.collection
        try await undoWhatIsDue()
        var (mark, isOldEnough) = try await mark()
        while true {
            guard isOldEnough else { return DeletionReport(status: .deleting, failures: []) }
            // Who stood still behind its look must not act upon it: meanwhile somebody may have had it back.
            try environment.writeGuard.ensureMayWrite()
            if let advanced = try await collection.advanceDeletion(mark) {
                mark = advanced
                break
            }
            (mark, isOldEnough) = try await self.mark()
        }
        let failures: [ResourceFailure]
        do { failures = try await runPlugins() } catch {
            failures = [ResourceFailure(resource: "", hook: "", message: String(describing: error))]
        }
        let wasInterrupted = Task.isCancelled || environment.control.wasInterrupted
        if let first = failures.first, !force || wasInterrupted {
            let failed = mark
            try environment.writeGuard.ensureMayWrite()
            let recorded = try await uncancelled { try await collection.failDeletion(failed, failure: first) }
            guard recorded != nil || wasInterrupted else { throw CheckpointError.deletionTakenOver(id) }
            environment.observer.observe(
                .ended(status: DeletionReport.Status.errorDeleting.rawValue, failures: failures.count, warnings: 0))
            if wasInterrupted { throw CancellationError() }
            return DeletionReport(status: .errorDeleting, failures: failures)
        }
        for failure in failures { environment.observer.observe(.noticed("deleting all the same: \(failure)")) }
        try environment.writeGuard.ensureMayWrite()
        guard try await collection.finishDeletion(mark, guard: environment.writeGuard) else {
            throw CheckpointError.deletionTakenOver(id)
        }
        environment.observer.observe(
            .ended(status: DeletionReport.Status.deleted.rawValue, failures: failures.count, warnings: 0))
        return DeletionReport(status: .deleted, failures: [])
    }

    /// Undoes what the run that made the checkpoint has left behind, of which only the checkpoint tells. With force, that
    /// it could not be undone is told, and no more.
    private func undoWhatIsDue() async throws {
        let collection = environment.collection
        // What is available has left nothing behind, and what runs must not be deleted.
        guard try await collection.summary(id)?.status == .error else { return }
        try await collection.ensureDeletable(id, isGone: isGone)
        let run = ResumeOperation(environment, checkpoint: id, isGone: isGone)
        do {
            guard try await collection.index(id).origin == nil else { return }
            if try await collection.settledCommit(id) != nil {
                _ = try await run.undoDue()
            } else if try await collection.hasBegun(id) {
                _ = try await run.giveUp(reason: "it was cut off, and is deleted")
            }
        } catch let error where force && !(error is CancellationError) {
            environment.observer.observe(.noticed("deleting all the same: \(error)"))
        }
    }

    /// Marks the checkpoint, and looks before and behind that whether someone needs it. Says, too, whether everybody
    /// must have seen the mark when it looked again.
    private func mark() async throws -> (mark: DeletionMark, isOldEnough: Bool) {
        let collection = environment.collection
        try await collection.ensureDeletable(id, isGone: isGone)
        try environment.writeGuard.ensureMayWrite()
        let mark = try await collection.beginDeletion(id, now: environment.now(), force: force, isGone: isGone)
        // Before the look: what a listing shows only behind it must have begun behind the mark.
        let isOldEnough = try await isOldEnough()
        do {
            // Someone may have begun to use it, or pinned it, between the look and the mark: now nobody does any more.
            if !environment.faults.looksOnce { try await collection.ensureDeletable(id, isGone: isGone) }
        } catch let reason as CheckpointError {
            try environment.writeGuard.ensureMayWrite()
            try await uncancelled { try await collection.withdrawDeletion(mark, because: reason) }
            throw reason
        }
        return (mark, isOldEnough)
    }

    /// Whether everybody must have seen the mark. Where listings are never behind, everybody has.
    private func isOldEnough() async throws -> Bool {
        guard environment.collection.consistency == .listOnly else { return true }
        let marked = try await environment.bank.modified(CheckpointKeys(id).tombstone)
        guard let marked else { return true }
        return try await environment.storeTime() - marked >= environment.listingMargin
    }

    private func runPlugins() async throws -> [ResourceFailure] {
        let collection = environment.collection
        let layout = CheckpointKeys(id)
        // What an earlier attempt has removed needs no plugin any more.
        guard try await collection.bank.size(layout.index) != nil, try await collection.bank.size(layout.ir) != nil
        else { return [] }
        let index = try await collection.index(id)
        let whole = try await LoadedCheckpoint.loadIR(index, from: collection)
        let ir = index.origin == nil ? whole : whole.forDeletionOfCopy
        let commit = try await collection.commit(id)
        if let commit, commit.resources.map(\.resource) != ir.resources.map(\.identity) {
            throw ExecutionError.damaged(commit.key, "its resources are not those of the plan")
        }
        let hooks = Execution.hooksPerResource(ir, .delete)
        environment.observer.observe(
            .began(
                RunBeginning(
                    operation: .delete, id: id.text, checkpoint: id.text, plan: ir.plan, provider: ir.provider.name,
                    resources: ir.resources.count, activities: hooks.reduce(0, +),
                    jobs: environment.concurrency.jobs)))
        let packs = commit.map { DefinitionPacks(id, $0, collection) }
        let execution = Execution(
            environment, ir, .delete, checkpoint: id, states: ResourceStates(hooksPerResource: hooks), journal: nil,
            access: .deleting,
            // A checkpoint that was never committed has nothing that a plugin would find by it.
            loadDefinition: { try await packs?.definitionIfSaved($0) })
        let (outcome, revertFailures) = await execution.runGraph(policy: environment.onFailure ?? .stop)
        return execution.failures(outcome, revertFailures)
    }
}

extension ExecutionEnvironment {
    /// A time by the store's clock that is not behind us, in milliseconds since 1970: when this owner's lease was last
    /// written, else this host's time.
    func storeTime() async throws -> Int64 {
        let lease = try CheckpointLayout.lease(collection.owner.id)
        return try await bank.modified(lease) ?? now().milliseconds
    }
}
