import Bank
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// One epoch of a protect run: from the first activity to the commit record.
struct ProtectRun: Sendable {
    let environment: ExecutionEnvironment
    let ir: PlanIR
    let index: CheckpointIndex
    let epoch: UInt32
    /// What earlier epochs have left.
    var inheritance = Inheritance()
    /// The commit record of the newest earlier checkpoint of the plan, for its durations.
    var earlier: CommitRecord?

    /// What a run takes over from earlier epochs.
    struct Inheritance: Sendable {
        /// The activities that are done, by number; empty when there are none.
        var adopted: [Bool] = []
        var histories: [ResourceHistory] = []
        /// The resources that must be undone before anything else, the last begun first.
        var due: [Int] = []
        /// Whether nothing is to be run: what is due is undone, and the checkpoint is given up for this reason.
        var givenUp: String?
        /// What could not be read of what is due, when it is given up.
        var unread: [ResourceFailure] = []
    }

    /// Runs it. A failing activity gives a report with the status `error`; what is thrown is a failure of the bank, or of
    /// undoing what earlier epochs left behind, after which the checkpoint is unfinished and shows so.
    func run() async throws -> ProtectReport {
        let hooks = Execution.hooksPerResource(ir, .protect)
        let states = ResourceStates(hooksPerResource: hooks)
        let keys = CheckpointKeys(index.id)
        let journal = JournalWriter(
            bank: environment.bank, clock: environment.clock, guard: environment.writeGuard
        ) { [epoch] in keys.journal(ofEpoch: epoch, page: $0) }
        let execution = Execution(
            environment, ir, .protect, checkpoint: index.id, states: states, journal: journal,
            access: .writing(epoch: epoch), histories: inheritance.histories)
        let weights = earlier.flatMap { RecordedDurations($0).weights(ir, .protect) }
        begin(hooks, weights)
        let result: Result<ProtectReport, any Error>
        do {
            result = .success(try await run(execution, states, journal, weights))
        } catch {
            result = .failure(error)
        }
        await journal.close()
        return try result.get()
    }

    private func begin(_ hooks: [Int], _ weights: ActivityWeights?) {
        let observer = environment.observer
        // Simulating a run is worth it only where someone looks.
        let expected =
            observer.wantsEstimate
            ? weights.flatMap {
                try? Simulation(ir.graph(.protect), jobs: environment.concurrency.jobs, weights: $0).makespan
            } : nil
        observer.observe(
            .began(
                RunBeginning(
                    operation: .protect, id: index.id.text, checkpoint: index.id.text, plan: ir.plan,
                    provider: ir.provider.name, epoch: epoch, resources: ir.resources.count,
                    activities: hooks.reduce(0, +), jobs: environment.concurrency.jobs,
                    expectedBytes: earlier?.contentBytes, expectedNanoseconds: expected)))
    }

    private func run(
        _ execution: Execution, _ states: ResourceStates, _ journal: JournalWriter, _ weights: ActivityWeights?
    ) async throws -> ProtectReport {
        if epoch > 1 { try await inherit(execution, states, journal) }
        var failures: [ResourceFailure]
        var wasCancelled = false
        if let reason = inheritance.givenUp {
            failures = [ResourceFailure(resource: "", hook: "", message: reason)] + inheritance.unread
            for failure in inheritance.unread { environment.observer.observe(.noticed(failure.message)) }
        } else {
            let (outcome, revertFailures) = await execution.runGraph(
                weights: weights, adopted: inheritance.adopted,
                policy: environment.onFailure ?? ir.onFailure)
            failures = execution.failures(outcome, revertFailures)
            wasCancelled = outcome.wasCancelled
        }
        let all = states.all
        // A hook that was stopped by the cancellation leaves its resource undone without a failure of its own.
        if failures.isEmpty, let undone = all.firstIndex(where: { $0.hooksLeft > 0 }) {
            failures = [
                ResourceFailure(
                    resource: ir.resources[undone].identity, hook: "", message: "it was not done, and nothing says why")
            ]
        }
        let finalFailures = failures
        let commit = try await uncancelled {
            try await record(all, finalFailures, journal)
        }
        environment.observer.observe(
            .ended(status: commit.status.rawValue, failures: failures.count, warnings: commit.warningCount))
        return ProtectReport(checkpoint: index.id, commit: commit, wasCancelled: wasCancelled)
    }

    /// Takes over what earlier epochs have done, durably, and undoes what they left behind.
    private func inherit(_ execution: Execution, _ states: ResourceStates, _ journal: JournalWriter) async throws {
        var events: [JournalEvent] = []
        let now = environment.now()
        let graph = ir.graph(.protect)
        for (place, activity) in graph.activities.enumerated() where !activity.isBarrier {
            let number = place + Int(ActivityGraph.fixedCount)
            let resource = Int(activity.resource)
            guard !inheritance.adopted.isEmpty, inheritance.adopted[number] else {
                if !inheritance.histories.isEmpty {
                    events += inheritance.histories[resource].retried(activity.hook, resource, at: now)
                }
                continue
            }
            let result = inheritance.histories[resource][activity.hook].result ?? HookResult()
            states.take(result, of: activity.hook, resource)
            events.append(JournalEvent(resource: resource, hook: activity.hook, time: now, .adopted(result)))
            environment.observer.observe(
                .activityAdopted(
                    EventActivity(
                        resource: resource, identity: ir.resources[resource].identity, hook: activity.hook)))
        }
        for resource in inheritance.due {
            guard let note = inheritance.histories[resource].undo else { continue }
            states.update(resource) { $0.undo = note }
            events.append(JournalEvent(resource: resource, hook: nil, time: now, .undo(note)))
        }
        // One object, so that a later epoch finds all of it or nothing. It says what this epoch begins with, even when
        // that is nothing.
        if events.isEmpty { events = [JournalEvent(resource: 0, hook: nil, time: now, .undone)] }
        try await journal.appendDurably(events)
        let failures = await uncancelled { [inheritance] in await execution.revert(inheritance.due) }
        guard failures.isEmpty else { throw ExecutionError.notReverted(index.id, failures: failures) }
    }

    // MARK: The outcome

    /// Writes definitions, commit record and indices, in this order.
    private func record(
        _ states: [ResourceStates.State], _ failures: [ResourceFailure], _ journal: JournalWriter
    ) async throws -> CommitRecord {
        let collection = environment.collection
        let commit: CommitRecord
        do {
            let packs = packs(states)
            if environment.faults.commitsEarly {
                commit = commitRecord(states, failures, journal.segments, packs.map { SHA256Digest(of: $0.bytes) })
                try await collection.commit(commit)
                try await write(packs)
            } else {
                try await journal.flush()
                try await write(packs)
                commit = commitRecord(states, failures, journal.segments, packs.map { SHA256Digest(of: $0.bytes) })
                try await ensureStanding()
                if let standing = try await standing(commit) {
                    return try await Confirmation(environment, index).repeating(standing, in: epoch)
                }
                try environment.writeGuard.ensureMayWrite()
                try await collection.commit(commit)
            }
        } catch CheckpointError.unknown, CheckpointError.wrongStatus(_, .deleting, _, _),
            CheckpointError.wrongStatus(_, .errorDeleting, _, _)
        {
            throw ExecutionError.deletedMeanwhile(index.id)
        } catch {
            throw ExecutionError.notCommitted(index.id, reason: String(describing: error))
        }
        do {
            try await collection.publish(index)
            // What a failed run has left behind, and an earlier epoch, is still to be removed; and what a rehearsal makes is
            // unfinished until it decides whether that stays.
            let isOver = !index.isRehearsal || environment.faults.settlesRehearsals
            if commit.status == .available, epoch == 1, isOver { try await collection.settle(index.id) }
        } catch {
            // The commit record alone says what the checkpoint is; its marker keeps it in every listing.
            environment.observer.observe(
                .noticed("the checkpoint is recorded, but not yet in all indices of the bank: \(error)"))
        }
        return commit
    }

    /// Throws when the checkpoint was deleted meanwhile.
    private func ensureStanding() async throws {
        let collection = environment.collection
        try await collection.ensureNotDeleted(index.id, wanted: "unfinished to be committed")
        guard try await collection.bank.size(CheckpointKeys(index.id).index) != nil else {
            throw CheckpointError.unknown(index.id.text)
        }
    }

    /// What counts in place of a run that has failed: the commit record of an earlier epoch, whose executor was slower
    /// than it seemed and has succeeded after all.
    private func standing(_ commit: CommitRecord) async throws -> CommitRecord? {
        guard epoch > 1, commit.status != .available else { return nil }
        let standing = try await environment.collection.commit(index.id)
        guard let standing, standing.status == .available else { return nil }
        environment.observer.observe(
            .noticed("this run has failed, but the one that it took over from has succeeded meanwhile"))
        return standing
    }

    private func packs(_ states: [ResourceStates.State]) -> [(key: BankKey, bytes: [UInt8])] {
        let keys = CheckpointKeys(index.id)
        return stride(from: 0, to: states.count, by: DefinitionPack.length).map { first in
            let number = UInt32(first / DefinitionPack.length)
            let definitions = (first..<min(first + DefinitionPack.length, states.count)).map { resource in
                let (state, described) = (states[resource], ir.resources[resource])
                let binding = ir.plugins[Int(described.plugin)]
                return DefinitionRecord(
                    resource: described.identity, plugin: binding.name, pluginDigest: binding.digest,
                    definition: state.definition,
                    artifacts: state.artifacts.sorted { $0.summary.name < $1.summary.name }, warnings: state.warnings)
            }
            let pack = DefinitionPack(checkpoint: index.id, number: number, definitions: definitions)
            return (keys.definitions(ofEpoch: epoch, pack: number), pack.bytes)
        }
    }

    private func write(_ packs: [(key: BankKey, bytes: [UInt8])]) async throws {
        let bank = environment.bank
        try environment.writeGuard.ensureMayWrite()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, pack) in packs.enumerated() {
                if number >= 4 { try await group.next() }
                group.addTask { try await bank.putOnce(pack.key, pack.bytes) }
            }
            try await group.waitForAll()
        }
    }

    private func commitRecord(
        _ states: [ResourceStates.State], _ failures: [ResourceFailure], _ journalSegments: UInt32,
        _ packs: [SHA256Digest]
    ) -> CommitRecord {
        let entries = states.enumerated().map { resource, state in
            let identity = ir.resources[resource].identity
            // What could not be undone is told in its place, where nothing else had failed before.
            let failure =
                state.failure.map { (hook: $0.hook.name, message: $0.message) }
                ?? failures.first { $0.isOfRevert && $0.resource == identity }.map {
                    (hook: $0.hook, message: $0.message)
                }
            let status: CommitRecord.ResourceEntry.Status =
                failure != nil ? .error : state.hooksLeft > 0 ? .incomplete : .available
            return CommitRecord.ResourceEntry(
                resource: identity, status: status, hook: failure?.hook ?? "", message: failure?.message ?? "",
                bytes: state.artifacts.reduce(0) { $0 + $1.summary.size }, contentBytes: state.contentBytes,
                warnings: state.warnings.count, milliseconds: state.milliseconds)
        }
        return CommitRecord(
            checkpoint: index.id, epoch: epoch, status: failures.isEmpty ? .available : .error,
            finished: environment.now(), resources: entries, failures: failures,
            contentBytes: states.reduce(0) { $0 + $1.contentBytes }, journalSegments: journalSegments,
            definitions: .packs(packs))
    }
}
