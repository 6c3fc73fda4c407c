import Bank
import CanonicalForm
package import Checkpoints
import PlanIR
import Surroundings

/// What a collection has done, or in a dry run would do, with one thing.
package struct CollectedItem: Sendable, Hashable {
    package enum Action: String, Sendable, CaseIterable {
        /// A run whose executor is gone was undone and recorded as failed.
        case gaveUp = "gave-up"
        /// What a run had left behind that failed, since undoing it had failed, too, was undone.
        case undone
        /// A deletion that was broken off was finished.
        case deleted
        /// Indices of a finished checkpoint were written, leftovers of it removed, and its marker.
        case published
        /// The artifacts of a run that had failed were removed, since they are good for nothing.
        case swept
        /// Objects were removed that belong to no checkpoint.
        case removed
        /// A restore or verification whose executor is gone was undone and recorded as failed.
        case ended
        /// Someone still works on it, or needs it.
        case left
        /// It could not be done.
        case failed
    }

    /// The checkpoint's or operation's id; of a lease its owner's, of a scratch directory its path.
    package let id: String
    package let action: Action
    /// Why, in a few words.
    package let message: String

    package init(_ id: String, _ action: Action, _ message: String) {
        self.id = id
        self.action = action
        self.message = message
    }
}

/// How long garbage is left alone, in milliseconds.
package struct GarbageTerms: Sendable, Hashable {
    /// How long the artifacts of a failed run are kept, and the checkpoint of a rehearsal that proved nothing, from its end, by
    /// the store's clock.
    package var failed: Int64
    /// How long what belongs to no checkpoint is kept, from its last write by the store's clock: longer than any write may
    /// be on its way.
    package var orphans: Int64
    /// How long the records of a restore or verification are kept whose checkpoint is gone, from its end by the store's clock.
    package var operations: Int64

    package init(failed: Int64, orphans: Int64, operations: Int64 = GarbageTerms.standard.operations) {
        self.failed = failed
        self.orphans = orphans
        self.operations = operations
    }

    /// A day for what is left over, and 90 days for the records of what was done.
    package static let standard = GarbageTerms(
        failed: 86_400_000, orphans: 86_400_000, operations: 90 * 86_400_000)
}

/// Finds what executors have left behind that are gone, and brings it to an end: what they began is undone, and their runs
/// are recorded as failed; half-deleted checkpoints are deleted; indices that are missing are written; what belongs to no
/// checkpoint is removed.
///
/// It takes over in an epoch of its own, as a resume does, so that one that still lives loses nothing but its claim; and it
/// removes nothing that a commit record in force names. So it may run beside everything, itself included.
package struct GarbageCollection: Sendable {
    let environment: ExecutionEnvironment
    let isGone: @Sendable (Owner) async throws -> Bool
    let terms: GarbageTerms
    let dryRun: Bool

    package init(
        _ environment: ExecutionEnvironment, terms: GarbageTerms = .standard, dryRun: Bool = false,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.terms = terms
        self.dryRun = dryRun
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// How many checkpoints are looked at in one turn.
    private static let batch = 500

    var collection: CheckpointCollection { environment.collection }
    var bank: any Bank { environment.bank }

    /// Runs it over all markers of unfinished checkpoints, all checkpoints, operations and leases, each in the order of
    /// their ids; one that fails does not keep the others from being collected.
    package func run() async throws -> [CollectedItem] {
        var items: [CollectedItem] = []
        var marked: Set<CheckpointID> = []
        for key in try await bank.allKeys(below: CheckpointLayout.unfinished).sorted() {
            // A listing may still show one that was removed.
            guard let id = CheckpointLayout.unfinishedID(of: key), try await bank.size(key) != nil else { continue }
            marked.insert(id)
            try await collect(id.text, &items) { try await collect(marked: id) }
        }
        // A crash leaves a marker. What has none and is not whole comes from writes that took effect very late.
        let present = Set(try await bank.allNames(below: CheckpointLayout.checkpoints).compactMap { CheckpointID($0) })
        let unmarked = present.subtracting(marked).sorted()
        for first in stride(from: 0, to: unmarked.count, by: Self.batch) {
            let ids = unmarked[first..<min(first + Self.batch, unmarked.count)]
            let names = try await bank.namesBelowEach(ids.map { CheckpointKeys($0).all })
            for (id, names) in zip(ids, names) {
                try await collect(id.text, &items) { try await collect(unmarked: id, Set(try names.get())) }
            }
        }
        // Of what has just been removed there may be entries left, too.
        let removed = Set(items.lazy.filter { $0.action == .removed }.map(\.id))
        try await collectEntries(without: present.filter { !removed.contains($0.text) }, &items)
        var operations: [CheckpointID] = []
        try await collect(CheckpointLayout.operations.text, &items) {
            operations = try await collection.operationIDs()
            return nil
        }
        for id in operations {
            try await collect(id.text, &items) {
                let standing: OperationStanding
                // A damaged one is for a check of the bank. One that cannot be read may still have something to undo.
                do { standing = try await collection.standing(id) } catch CheckpointError.damaged { return nil }
                return standing.isOpen || standing.hasDueReverts
                    ? try await collect(standing) : try await remove(standing)
            }
        }
        for name in try await bank.allNames(below: CheckpointLayout.leases) {
            try await collect(name, &items) { try await collect(lease: name) }
        }
        return items
    }

    func collect(
        _ id: String, _ items: inout [CollectedItem], _ body: () async throws -> CollectedItem?
    ) async throws {
        try Task.checkCancellation()
        do {
            if let item = try await body() { items.append(item) }
        } catch let error where !(error is CancellationError) {
            switch error {
            case CheckpointError.superseded, CheckpointError.pinned, CheckpointError.wantedBack, CheckpointError.inUse,
                CheckpointError.beingDeleted, CheckpointError.deletionTakenOver,
                // A service that is set going now would spoil what that run saves.
                QuietWindowError.held:
                items.append(CollectedItem(id, .left, String(describing: error)))
            default: items.append(CollectedItem(id, .failed, String(describing: error)))
            }
        }
    }

    // MARK: Checkpoints

    func collect(marked id: CheckpointID) async throws -> CollectedItem? {
        if try await bank.size(CheckpointKeys(id).tombstone) != nil { return try await finishDeletion(of: id) }
        guard try await bank.size(CheckpointKeys(id).index) != nil else { return try await collect(orphan: id) }
        try await removeFinishedReset(of: id)
        let index = try await collection.index(id)
        if index.isRehearsal, try await collection.isRehearsed(id) {
            return try await collect(rehearsed: index, after: terms.failed)
        }
        // The commit record first, and the claims behind that.
        let commit = try await collection.commit(id)
        let runner = try await collection.runner(of: index)
        if wasRehearsalCutOff(index, commit, runner) { return try await collect(rehearsal: index, commit, runner) }
        if let commit {
            guard runner.epoch > commit.epoch else { return try await tidy(index, commit) }
            if try await !collection.hasLeft(runner, isGone: isGone) {
                let doing = index.origin == nil ? "who runs it is" : "who copies it is"
                return CollectedItem(id.text, .left, "\(doing) \(runner.words)")
            }
            // Only a copy is tried again after it has failed, and may have been left behind once more.
            if index.origin != nil, commit.status == .error { return try await giveUpCopy(index, runner) }
            guard !dryRun else { return try await tidy(index, commit) }
            return try await tidy(index, try await Confirmation(environment, index).run(after: runner.epoch))
        }
        guard try await collection.hasLeft(runner, isGone: isGone) else {
            return CollectedItem(
                id.text, .left,
                runner.owner == nil
                    ? "who runs it is \(runner.words), and someone works on this bank"
                    : index.origin == nil ? "it is being made" : "it is being copied")
        }
        // It may have gone because it was done; what it has left is for the next collection.
        guard try await collection.commit(id) == nil else { return nil }
        guard try await collection.hasBegun(id) else {
            if !dryRun {
                let report = try await DeleteOperation(environment, checkpoint: id, force: true, isGone: isGone).run()
                if report.status == .deleting { return CollectedItem(id.text, .left, Self.waiting) }
            }
            return CollectedItem(id.text, .deleted, "its executor ended before it had begun")
        }
        if index.origin != nil { return try await giveUpCopy(index, runner) }
        let reason = "its executor (\(runner.words)) ended before it was done; given up"
        let resume = ResumeOperation(environment, checkpoint: id, isGone: isGone)
        try await resume.ensureMayGiveUp()
        guard !dryRun else { return CollectedItem(id.text, .gaveUp, reason) }
        let report = try await resume.giveUp(reason: reason)
        // What could not be read, and so may not be undone.
        let unread = report.commit.failures.dropFirst().map(\.description)
        return CollectedItem(id.text, .gaveUp, ([reason] + unread).joined(separator: "; "))
    }

    func giveUpCopy(_ index: CheckpointIndex, _ runner: CheckpointRunner) async throws -> CollectedItem {
        let reason = "its copier (\(runner.words)) ended before it was done; given up"
        if !dryRun { try await CopyGivingUp(environment, index).run(reason: reason) }
        return CollectedItem(index.id.text, .gaveUp, reason)
    }

    static let waiting = "it is marked, and goes when the mark is old enough to have been seen by all"

    func finishDeletion(of id: CheckpointID) async throws -> CollectedItem? {
        if try await collection.isResetIntended(id), let item = try await finishReset(of: id) { return item }
        if let tombstone = try? await collection.tombstone(id) {
            if tombstone.failure == nil, !collection.isLeftToOthers(tombstone), try await !isGone(tombstone.owner) {
                return CollectedItem(id.text, .left, "it is being deleted")
            }
        }
        if !dryRun {
            let report = try await DeleteOperation(environment, checkpoint: id, force: false, isGone: isGone).run()
            if let first = report.failures.first {
                return CollectedItem(
                    id.text, .failed,
                    "\(first); 'cairn delete \(id.text) --force' removes it without asking the plugins that fail")
            }
            if report.status == .deleting { return CollectedItem(id.text, .left, Self.waiting) }
        }
        return CollectedItem(id.text, .deleted, "its deletion had been broken off")
    }

    /// Takes the mark of a checkpoint away that someone wants back; `nil` when its deletion has gone too far for that.
    private func finishReset(of id: CheckpointID) async throws -> CollectedItem? {
        do {
            _ = try await ResetOperation(environment, checkpoint: id, isGone: isGone).run(dryRun: dryRun)
            return CollectedItem(id.text, .published, "someone wanted it back, and nothing was removed yet")
        } catch let error as CheckpointError {
            guard try await collection.isResetIntended(id) else { return nil }
            return CollectedItem(id.text, .left, error.description)
        }
    }

    /// Brings a reset to its end whose mark is gone: for as long as another one may be about to take a mark away, nobody
    /// begins to delete the checkpoint.
    func removeFinishedReset(of id: CheckpointID) async throws {
        guard !dryRun, collection.announcesResets, let reset = try await collection.resetStanding(id) else { return }
        let isOld = try await environment.isResetOld(reset.written)
        guard try await collection.tombstone(id) == nil else { return }
        try environment.writeGuard.ensureMayWrite()
        switch reset.stage {
        case .announced: try await collection.noteReset(id, .over, now: environment.now())
        case .over: if isOld { try await collection.forgetReset(id) }
        }
    }

    /// Brings a committed checkpoint that has a marker to rest.
    private func tidy(_ index: CheckpointIndex, _ commit: CommitRecord) async throws -> CollectedItem? {
        let id = index.id
        guard commit.status == .error else {
            if !dryRun {
                try await collection.publish(index)
                do {
                    let ir = try await LoadedCheckpoint.loadIR(index, from: collection)
                    try await Leftovers(collection, ir, commit, isGone: isGone).remove()
                } catch let fault where Unread.isDamage(fault) {
                    // What is named cannot be told from what is not, so all of it stays.
                    try await collection.settle(id)
                    return CollectedItem(
                        id.text, .published, "\(fault); 'cairn bank check' tells more")
                }
                try await collection.settle(id)
            }
            return CollectedItem(id.text, .published, "it had not been brought to its end")
        }
        if index.origin == nil, !commit.dueReverts.isEmpty { return try await undo(index, commit) }
        if !dryRun { try await collection.publish(index) }
        // It is there for people to look at, and for a plugin's own leftovers to be found.
        let ended = try await bank.modified(commit.key) ?? commit.finished.milliseconds
        guard try await environment.storeTime() - ended >= terms.failed else { return nil }
        // Of a copy that is tried again meanwhile, nothing lies in this epoch or before.
        let litter = try await Leftovers.artifacts(of: id, collection).filter { key in
            CheckpointKeys.epoch(ofContent: String(key.segments[2])).map { $0 <= commit.epoch } ?? false
        }
        if !dryRun {
            try await collection.ensureUnused(id, isGone: isGone)
            try await collection.delete(litter)
            try await collection.settle(id)
        }
        return litter.isEmpty
            ? nil
            : CollectedItem(id.text, .swept, "it failed on \(commit.finished); \(litter.count) objects of artifacts")
    }

    /// Undoes what a run has left behind that failed, and whose reverts failed, too.
    func undo(_ index: CheckpointIndex, _ commit: CommitRecord) async throws -> CollectedItem {
        let id = index.id
        let owner = try await collection.newestEpoch(id)?.owner ?? index.owner
        guard try await isGone(owner) else { return CollectedItem(id.text, .left, "it is being made") }
        let run = ResumeOperation(environment, checkpoint: id, isGone: isGone)
        try await run.ensureMayGiveUp()
        if !dryRun { _ = try await run.undoDue() }
        let names = commit.dueReverts.map { "'\($0.resource)'" }.joined(separator: ", ")
        return CollectedItem(id.text, .undone, "its run had failed, and could not undo what it had begun of \(names)")
    }

    // MARK: Operations and leases

    /// Undoes what a broken-off restore or verification left behind, and records that it failed.
    func collect(_ operation: OperationStanding) async throws -> CollectedItem {
        let id = operation.index.id
        let owner = operation.owner
        guard try await isGone(owner) else { return CollectedItem(id.text, .left, "it is running") }
        let reason =
            operation.isOpen
            ? "its executor (process \(owner.process) on \(owner.host)) ended before it was done"
            : "it had failed, and could not undo what it had begun"
        if !dryRun {
            do {
                try await RestoreResumption(environment, operation: id, isGone: isGone).giveUp(reason: reason)
            } catch let error as OperationError {
                return CollectedItem(id.text, .left, error.description)
            }
        }
        return CollectedItem(id.text, operation.isOpen ? .ended : .undone, reason)
    }

    /// Removes the records of a restore or verification that has ended long ago, and of whose checkpoint nothing is left.
    private func remove(_ operation: OperationStanding) async throws -> CollectedItem? {
        let keys = OperationKeys(operation.index.id)
        let checkpoint = operation.index.checkpoint
        guard let commit = operation.commit, try await bank.size(CheckpointKeys(checkpoint).index) == nil else {
            return nil
        }
        // One that was made before there were epochs has its outcome elsewhere.
        var written = try await bank.modified(keys.commit(ofEpoch: commit.epoch))
        if written == nil { written = try await bank.modified(keys.onlyCommit) }
        guard let written, try await environment.storeTime() - written >= terms.operations else { return nil }
        let item = CollectedItem(
            operation.index.id.text, .removed,
            "the records of a \(operation.index.kind) of \(commit.finished), whose checkpoint \(checkpoint) is gone")
        guard !dryRun else { return item }
        // What says that it has ended goes last: until then it is what it was, for whoever looks.
        let outcomes = try await bank.allKeys(below: keys.commits) + [keys.onlyCommit]
        let rest = try await bank.allKeys(below: keys.all).filter { $0 != keys.index && !outcomes.contains($0) }
        // Somebody may have had the checkpoint back meanwhile, and gone on with it.
        guard try await collection.standing(operation.index.id) == operation else { return nil }
        try await collection.delete(rest, guard: environment.writeGuard)
        try await collection.delete(outcomes, guard: environment.writeGuard)
        try await collection.delete([keys.index], guard: environment.writeGuard)
        return item
    }

    /// Removes a lease whose owner has certainly ended, or that nobody has renewed for longer than any lease lasts, by the
    /// store's clock.
    private func collect(lease name: String) async throws -> CollectedItem? {
        guard let key = try? CheckpointLayout.leases.appending(name), let written = try await bank.modified(key) else {
            return nil
        }
        let age = try await environment.storeTime() - written
        let bytes: [UInt8]
        do { bytes = try await bank.get(key, longest: ObjectLimit.record) } catch BankError.notFound { return nil }
        if let lease = try? LeaseRecord(opening: bytes), lease.owner.id != collection.owner.id,
            collection.hasEnded(lease.owner)
        {
            if !dryRun { try await bank.delete(key, if: .none) }
            return CollectedItem(
                name, .removed, "a lease of process \(lease.owner.process) on \(lease.owner.host), which has ended")
        }
        guard age > LeaseTerms.longestExpireWindow else { return nil }
        if !dryRun { try await bank.delete(key, if: .none) }
        return CollectedItem(name, .removed, "a lease that was not renewed for \(age / 3_600_000) hours")
    }
}
