package import Checkpoints
import PlanIR
import Surroundings

/// What copiers that are gone have left to be undone.
enum CopyLegacy {
    /// Takes over what earlier epochs have begun outside of the banks, durably, and undoes it.
    static func inherit(
        before epoch: UInt32, _ id: CheckpointID, _ ir: PlanIR, _ target: CheckpointCollection,
        _ execution: Execution, _ states: ResourceStates, _ journal: JournalWriter
    ) async throws {
        let history = try await target.copyJournal(before: epoch, id, ir)
        guard history.segments > 0 else { return }
        try await inherit(history.events, id, ir, execution, states, journal)
    }

    /// Takes over what some events of earlier epochs say, durably, and undoes it.
    static func inherit(
        _ before: [JournalEvent], _ id: CheckpointID, _ ir: PlanIR, _ execution: Execution, _ states: ResourceStates,
        _ journal: JournalWriter
    ) async throws {
        let histories = ResourceHistory.of(before, resources: ir.resources.count)
        let due = ResourceHistory.due(histories)
        let now = execution.environment.now()
        // One object, so that a later epoch finds all of it or nothing.
        var events = due.compactMap { resource in
            histories[resource].undo.map { JournalEvent(resource: resource, hook: nil, time: now, .undo($0)) }
        }
        if events.isEmpty { events = [JournalEvent(resource: 0, hook: nil, time: now, .undone)] }
        for resource in due { states.update(resource) { $0.undo = histories[resource].undo } }
        try await journal.appendDurably(events)
        let failures = await uncancelled { await execution.revert(due) }
        guard failures.isEmpty else { throw ExecutionError.notReverted(id, failures: failures) }
    }
}

/// Brings a copy to an end whose copier is gone: what its plugins began is undone, and it is recorded as failed.
///
/// It needs the bank that holds the copy, and not the one that it comes from.
package struct CopyGivingUp: Sendable {
    let environment: ExecutionEnvironment
    let index: CheckpointIndex

    /// `index` is the copy's record; its copier is certainly gone.
    package init(_ environment: ExecutionEnvironment, _ index: CheckpointIndex) {
        self.environment = environment
        self.index = index
    }

    /// Records that the copy has failed, for `reason`. Throws `ExecutionError.notReverted` when what was left behind
    /// could not be undone, and `CheckpointError.superseded` when someone else has taken over the copy.
    package func run(reason: String) async throws {
        let (collection, id) = (environment.collection, index.id)
        let (now, random) = (environment.now(), environment.random)
        let earlier = try await collection.epochs(id)
        let newest = earlier.last ?? CheckpointCollection.copyEpochs(random)
        let ir: PlanIR
        do { ir = try await LoadedCheckpoint.loadIR(index, from: collection) } catch let fault
            where Unread.isDamage(fault)
        {
            _ = try await BlindGivingUp(environment: environment, index: index, reason: reason, fault: fault).run(
                after: newest)
            return
        }
        try environment.writeGuard.ensureMayWrite()
        let epoch = try await uncancelled { try await collection.claim(id, after: newest, now: now, random: random) }
        // It may have been whole already when its copier went.
        if let commit = try await collection.commit(id), commit.status == .available {
            _ = try await Confirmation(environment, index).repeating(commit, in: epoch)
            return
        }
        let keys = CheckpointKeys(id)
        let journal = JournalWriter(
            bank: collection.bank, clock: environment.clock, guard: environment.writeGuard
        ) { keys.copyJournal(ofEpoch: epoch, page: $0) }
        let states = ResourceStates(hooksPerResource: Execution.hooksPerResource(ir, .copy))
        let execution = Execution(
            environment, ir, .copy, checkpoint: id, states: states, journal: journal, access: .reading)
        let (events, faults) = try await collection.legibleJournal(of: earlier, ir) { keys.copyJournal(ofEpoch: $0) }
        let unread = Unread.failures(faults, ir, .copy)
        for failure in unread { environment.observer.observe(.noticed(failure.message)) }
        let result: Result<Void, any Error>
        do {
            if !events.isEmpty { try await CopyLegacy.inherit(events, id, ir, execution, states, journal) }
            try await journal.flush()
            result = .success(())
        } catch { result = .failure(error) }
        await journal.close()
        try result.get()
        let entries = ir.resources.map {
            CommitRecord.ResourceEntry(
                resource: $0.identity, status: .incomplete, bytes: 0, contentBytes: 0, warnings: 0, milliseconds: [])
        }
        let commit = CommitRecord(
            checkpoint: id, epoch: epoch, status: .error, finished: now, resources: entries,
            failures: [ResourceFailure(resource: "", hook: "", message: reason)] + unread, contentBytes: 0,
            journalSegments: 0, definitions: .packs([]))
        if let standing = try await collection.commit(id), standing.status == .available {
            _ = try await Confirmation(environment, index).repeating(standing, in: epoch)
            return
        }
        try environment.writeGuard.ensureMayWrite()
        let index = index
        try await uncancelled {
            try await collection.commit(commit)
            try await collection.publish(index)
        }
    }
}
