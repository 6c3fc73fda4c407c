import Bank
package import Checkpoints
import CanonicalForm
import PlanIR
import Surroundings

/// What a collection has done, or in a dry run would do, with one unfinished thing.
package struct CollectedItem: Sendable, Hashable {
    package enum Action: String, Sendable, CaseIterable {
        /// A run whose executor is gone was undone and recorded as failed.
        case gaveUp = "gave-up"
        /// A deletion that was broken off was finished.
        case deleted
        /// Indices of a finished checkpoint were written, and its marker removed.
        case published
        /// A restore or verification whose executor is gone was undone and recorded as failed.
        case ended
        /// Someone still works on it.
        case left
        /// It could not be done.
        case failed
    }

    /// The checkpoint's or operation's id.
    package let id: CheckpointID
    package let action: Action
    /// Why, in a few words.
    package let message: String

    package init(_ id: CheckpointID, _ action: Action, _ message: String) {
        self.id = id
        self.action = action
        self.message = message
    }
}

/// Finds what executors have left unfinished that are gone, and brings it to an end: what they began is undone, and their
/// runs are recorded as failed; half-deleted checkpoints are deleted; indices that are missing are written.
///
/// It takes over in an epoch of its own, as a resume does, so that one that still lives loses nothing but its claim.
package struct ZombieCollection: Sendable {
    let environment: ExecutionEnvironment
    let isGone: @Sendable (Owner) async throws -> Bool
    let dryRun: Bool

    package init(
        _ environment: ExecutionEnvironment, dryRun: Bool = false,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.dryRun = dryRun
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// Runs it over all markers of unfinished checkpoints and all operations, in the order of their ids; one that fails
    /// does not keep the others from being collected.
    package func run() async throws -> [CollectedItem] {
        var items: [CollectedItem] = []
        for key in try await environment.bank.allKeys(below: CheckpointLayout.unfinished) {
            guard let id = CheckpointLayout.unfinishedID(of: key) else { continue }
            do { items.append(try await collect(checkpoint: id)) } catch let error where !(error is CancellationError) {
                items.append(CollectedItem(id, .failed, String(describing: error)))
            }
        }
        for operation in try await environment.collection.operations() {
            guard let standing = operation.standing, standing.isOpen else { continue }
            do { items.append(try await collect(standing)) } catch let error where !(error is CancellationError) {
                items.append(CollectedItem(operation.id, .failed, String(describing: error)))
            }
        }
        return items
    }

    private func collect(checkpoint id: CheckpointID) async throws -> CollectedItem {
        let collection = environment.collection
        if let tombstone = try await collection.tombstone(id) {
            guard try await isGone(tombstone.owner) || tombstone.failure != nil else {
                return CollectedItem(id, .left, "it is being deleted")
            }
            if !dryRun {
                let failures = try await DeleteOperation(environment, checkpoint: id, force: false).run()
                if let first = failures.first { return CollectedItem(id, .failed, first.description) }
            }
            return CollectedItem(id, .deleted, "its deletion had been broken off")
        }
        guard try await environment.bank.size(CheckpointKeys(id).index) != nil else {
            // Its executor may be about to write the first record.
            return CollectedItem(id, .left, "it has a marker only")
        }
        let index = try await collection.index(id)
        if try await collection.commit(id) != nil {
            if !dryRun { try await collection.publish(index) }
            return CollectedItem(id, .published, "its indices had not been written")
        }
        let owner = try await collection.newestEpoch(id)?.owner ?? index.owner
        guard try await isGone(owner) else { return CollectedItem(id, .left, "it is being made") }
        // Nothing has run before both were written.
        let hasPlan = try await environment.bank.size(CheckpointKeys(id).ir) != nil
        let epoch = try await collection.newestEpoch(id)
        guard hasPlan || epoch != nil else {
            if !dryRun { _ = try await DeleteOperation(environment, checkpoint: id, force: true).run() }
            return CollectedItem(id, .deleted, "its executor ended before it had begun")
        }
        let reason = "its executor (process \(owner.process) on \(owner.host)) ended before it was done; given up"
        if !dryRun {
            _ = try await ResumeOperation(environment, checkpoint: id, isGone: isGone).giveUp(reason: reason)
        }
        return CollectedItem(id, .gaveUp, reason)
    }

    /// Undoes what a broken-off restore or verification left behind, and records that it failed.
    private func collect(_ operation: OperationStanding) async throws -> CollectedItem {
        let id = operation.index.id
        let owner = operation.owner
        guard try await isGone(owner) else { return CollectedItem(id, .left, "it is running") }
        let reason = "its executor (process \(owner.process) on \(owner.host)) ended before it was done"
        if !dryRun {
            try await RestoreResumption(environment, operation: id, isGone: isGone).giveUp(reason: reason)
        }
        return CollectedItem(id, .ended, reason)
    }
}
