import Bank
import Checkpoints
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// One epoch of a restore or a verification: from the first activity to the commit record.
struct OperationRun: Sendable {
    let environment: ExecutionEnvironment
    let kind: OperationKind
    let checkpoint: LoadedCheckpoint
    let plan: OperationPlan
    let target: RestoreTarget
    let record: OperationRecord
    /// What earlier epochs have left; `nil` in the first one.
    var inheritance: OperationInheritance?
    /// How often it was begun, this time included.
    var attempt: UInt32 = 1
    /// Why nothing is to be run, when it is given up: then only what is due is undone.
    var givenUp: String?

    private var ir: PlanIR { plan.ir }

    /// Refuses plugins that cannot read what was saved, and tells of those that have changed.
    func checkBindings() throws {
        for name in try checkpoint.checkBindings(environment.plugins) {
            environment.observer.observe(
                .noticed("the manifest of the plugin '\(name)' has changed since this checkpoint was made"))
        }
    }

    /// Runs it. A failing activity gives a report with the status `fail`.
    func run(isRecorded: Bool) async throws -> OperationReport {
        let began = environment.clock.monotonicNanoseconds
        let keys = OperationKeys(record.id)
        let epoch = record.epoch
        let journal =
            isRecorded
            ? JournalWriter(bank: environment.bank, clock: environment.clock, guard: environment.writeGuard) {
                keys.journal(ofEpoch: epoch, page: $0)
            } : nil
        let result: Result<Ending, any Error>
        do { result = .success(try await run(journal)) } catch { result = .failure(error) }
        await journal?.close()
        let ending = try result.get()
        var isKept = isRecorded
        do {
            let (collection, commit) = (environment.collection, ending.commit)
            if isRecorded { try await uncancelled { try await collection.end(commit) } }
        } catch let error as OperationError {
            throw error
        } catch {
            isKept = false
            tellUnrecorded(error)
        }
        let warnings = ending.commit.resources.reduce(0) { $0 + $1.warnings.count }
        environment.observer.observe(
            .ended(status: ending.commit.status.rawValue, failures: ending.commit.failures.count, warnings: warnings))
        return OperationReport(
            kind: kind, checkpoint: checkpoint.index.id, plan: ir.plan, target: target, commit: ending.commit,
            contentBytes: ending.commit.resources.reduce(0) { $0 + $1.contentBytes },
            milliseconds: (environment.clock.monotonicNanoseconds - began) / 1_000_000,
            wasCancelled: ending.wasCancelled, isRecorded: isKept || inheritance != nil, damaged: ending.damaged)
    }

    private struct Ending {
        let commit: OperationCommit
        let wasCancelled: Bool
        let damaged: [RecordFault]
    }

    private func run(_ journal: JournalWriter?) async throws -> Ending {
        let collection = environment.collection
        let check = RecordCheck(collection: collection, checkpoint: checkpoint)
        // Reading a few records is not worth cancelling, and what is cancelled must be recorded below.
        let damaged = givenUp == nil ? try await uncancelled { try await check.faults() } : []
        var failures: [ResourceFailure] = []
        for fault in damaged {
            if kind == .verify {
                failures.append(ResourceFailure(resource: "", hook: "", message: fault.description))
            } else {
                environment.observer.observe(.recordDamaged(fault.key, reason: fault.reason))
            }
        }
        let hooks = Execution.hooksPerResource(ir, kind)
        begin(hooks)
        let states = ResourceStates(hooksPerResource: hooks)
        let packs = checkpoint.packs(collection)
        let execution = Execution(
            environment, ir, kind, checkpoint: checkpoint.index.id, target: target, states: states, journal: journal,
            access: .reading, histories: inheritance?.histories ?? [], record: journal == nil ? nil : record,
            isIncluded: plan.isIncluded, loadDefinition: { try await packs.definition($0) })
        if let journal { try await inherit(execution, states, journal) }
        var wasCancelled = false
        if let givenUp {
            failures.append(ResourceFailure(resource: "", hook: "", message: givenUp))
        } else {
            // One damaged resource must not hide another: a verification looks at everything.
            let (outcome, revertFailures) = await execution.runGraph(
                adopted: inheritance?.adopted ?? [],
                policy: environment.onFailure ?? (kind == .verify ? .continue : .stop))
            failures += execution.failures(outcome, revertFailures)
            wasCancelled = outcome.wasCancelled
            if !wasCancelled { failures += await unreadable(hooks, packs) }
        }
        for resource in states.startOrder { markBegun(resource, states) }
        if let journal { try? await uncancelled { try await journal.flush() } }
        return Ending(commit: commit(states, failures), wasCancelled: wasCancelled, damaged: damaged)
    }

    private func begin(_ hooks: [Int]) {
        let parents = plan.leftOutAbove(kind).map { "'\(ir.resources[$0].identity)'" }
        if kind == .restore, target.directory == nil, givenUp == nil, !parents.isEmpty {
            environment.observer.observe(
                .noticed(
                    "left alone, and not brought to a standstill: \(parents.prefix(5).joined(separator: ", "))"
                        + (parents.count > 5 ? " and \(parents.count - 5) more" : "")
                        + ", above what is restored"))
        }
        var beginning = RunBeginning(
            operation: kind, id: record.id.text, checkpoint: checkpoint.index.id.text, plan: ir.plan,
            provider: ir.provider.name, epoch: attempt, resources: plan.count, activities: hooks.reduce(0, +),
            jobs: environment.concurrency.jobs, expectedBytes: expectedBytes)
        if plan.count < ir.resources.count { beginning.positions = ir.resources.count }
        environment.observer.observe(.began(beginning))
    }

    private var expectedBytes: Int64 {
        zip(checkpoint.commit.resources, plan.isIncluded).reduce(0) { $0 + ($1.1 ? $1.0.contentBytes : 0) }
    }

    /// Takes over what earlier epochs have done, durably, and undoes what they left behind.
    private func inherit(_ execution: Execution, _ states: ResourceStates, _ journal: JournalWriter) async throws {
        guard let inheritance else { return }
        let events = inheritance.events(ir.graph(kind), at: environment.now())
        for event in events {
            guard case .adopted(let result) = event.change, let hook = event.hook else { continue }
            states.take(result, of: hook, event.resource)
            environment.observer.observe(
                .activityAdopted(
                    EventActivity(
                        resource: event.resource, identity: ir.resources[event.resource].identity, hook: hook)))
        }
        for (resource, history) in inheritance.histories.enumerated() {
            let isTaken = inheritance.places.contains(ir.resources[resource].identity)
            states.update(resource) { state in
                state.undo = history.undo
                state.isPlaceTaken = isTaken
            }
            if isTaken || history.hadNote || history.hooks.contains(where: { $0.attempts > 0 }) {
                markBegun(resource, states)
            }
        }
        try await journal.appendDurably(events)
        // Whatever stands still from before is set going when this epoch ends, however it does.
        for resource in inheritance.standing { states.markStarted(resource) }
        let due = inheritance.due + (givenUp == nil ? [] : inheritance.standing)
        let failures = await uncancelled { await execution.revert(due) }
        guard failures.isEmpty else { throw ExecutionError.operationNotReverted(record.id, failures: failures) }
    }

    /// A resource of a plugin that takes places before it changes them was not touched before, and one without content has
    /// none that could be half done.
    private func markBegun(_ resource: Int, _ states: ResourceStates) {
        let described = ir.resources[resource]
        guard let plugin = environment.plugins[ir.plugins[Int(described.plugin)].name]?.plugin else { return }
        var mayBeChanged = true
        switch plugin.rehearsal(
            of: ResourceDescription(described), protectParameters: ir.parameters(of: resource, for: .protect))
        {
        case .restored, .verified: mayBeChanged = !plugin.takesPlaces || kind != .restore
        case .empty, .unsaved: mayBeChanged = false
        }
        states.update(resource) { state in
            state.isBegun =
                state.isBegun || state.isPlaceTaken || state.undo != nil || (mayBeChanged && !state.isUndone)
        }
    }

    /// A resource without work in this operation still has a definition, which must be there.
    private func unreadable(_ hooks: [Int], _ packs: DefinitionPacks) async -> [ResourceFailure] {
        var failures: [ResourceFailure] = []
        for index in ir.resources.indices where hooks[index] == 0 && plan.isIncluded[index] {
            do { _ = try await packs.definition(index) } catch {
                failures.append(
                    ResourceFailure(
                        resource: ir.resources[index].identity, hook: "", message: String(describing: error)))
            }
        }
        return failures
    }

    // MARK: Records

    /// Writes a record of the operation itself; returns whether it could. A bank that takes none, such as one on
    /// read-only media, still restores; and cancelling must not keep the outcome from being recorded.
    func record(_ write: @escaping @Sendable () async throws -> Void) async -> Bool {
        do {
            try await uncancelled { try await write() }
            return true
        } catch {
            tellUnrecorded(error)
            return false
        }
    }

    private func tellUnrecorded(_ error: any Error) {
        environment.observer.observe(
            .noticed(
                "this \(kind.rawValue) is not recorded in the bank"
                    + (kind == .restore ? ", and cannot be resumed if it fails" : "") + ": \(error)"))
    }

    private func commit(_ states: ResourceStates, _ failures: [ResourceFailure]) -> OperationCommit {
        var entries: [OperationCommit.ResourceEntry] = []
        for (index, state) in states.all.enumerated() where plan.isIncluded[index] {
            let identity = ir.resources[index].identity
            let failure = failures.first { $0.resource == identity && !$0.isOfRevert }
            let isDone = failure == nil && state.hooksLeft == 0
            let message = failure?.message ?? (isDone ? "" : whyNotDone(identity, state, failures))
            entries.append(
                OperationCommit.ResourceEntry(
                    resource: identity, status: isDone ? .success : .fail, isBegun: isDone || state.isBegun,
                    message: message, contentBytes: state.contentBytes, milliseconds: state.milliseconds,
                    warnings: state.warnings))
        }
        return OperationCommit(
            id: record.id, epoch: record.epoch, status: failures.isEmpty ? .success : .fail,
            finished: environment.now(), resources: entries, failures: failures)
    }

    /// What is said of a resource that is not done and did not fail itself.
    private func whyNotDone(
        _ identity: String, _ state: ResourceStates.State, _ failures: [ResourceFailure]
    ) -> String {
        if let failure = failures.first(where: { $0.resource == identity && $0.isOfRevert }) {
            return "begun, and could not be undone: \(failure.message)"
        }
        if state.isBegun { return "begun, and not done" }
        return state.isUndone ? "begun, and undone" : "not done: the run had ended before"
    }
}
