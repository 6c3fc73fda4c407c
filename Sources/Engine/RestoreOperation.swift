import Bank
package import Checkpoints
package import PlanIR
package import PluginKit
import Scheduling
import Surroundings

/// How a restore or a verification ended.
package struct OperationReport: Sendable {
    package let kind: OperationKind
    package let checkpoint: CheckpointID
    package let plan: String
    package let commit: OperationCommit
    package let contentBytes: Int64
    package let wasCancelled: Bool
    /// The damaged records that a restore can do without.
    package let damaged: [RecordFault]
}

/// Restores or verifies every resource of an available checkpoint, and records how that went.
package struct RestoreOperation: Sendable {
    let environment: ExecutionEnvironment
    let kind: OperationKind
    let checkpoint: LoadedCheckpoint
    let target: RestoreTarget

    /// A restore of a checkpoint to `target`.
    package static func restore(
        _ checkpoint: LoadedCheckpoint, to target: RestoreTarget, _ environment: ExecutionEnvironment
    ) -> Self {
        RestoreOperation(environment: environment, kind: .restore, checkpoint: checkpoint, target: target)
    }

    /// A verification of a checkpoint.
    package static func verify(_ checkpoint: LoadedCheckpoint, _ environment: ExecutionEnvironment) -> Self {
        RestoreOperation(
            environment: environment, kind: .verify, checkpoint: checkpoint,
            target: RestoreTarget(directory: nil, overwrite: false))
    }

    /// Runs the operation. A failing activity, or for a verification any damaged record, gives a report with the
    /// status `fail`.
    package func run() async throws -> OperationReport {
        let ir = checkpoint.ir
        for name in try checkpoint.checkBindings(environment.plugins) {
            environment.observer.observe(
                .noticed("the manifest of the plugin '\(name)' has changed since this checkpoint was made"))
        }
        let collection = environment.collection
        let operation = OperationIndex(
            id: environment.newID(), kind: kind.rawValue, checkpoint: checkpoint.index.id, plan: ir.plan,
            started: environment.now(), owner: collection.owner)
        let isRecorded = await record { try await collection.begin(operation) }
        let journal =
            isRecorded
            ? JournalWriter(bank: environment.bank, clock: environment.clock, guard: environment.writeGuard) {
                CheckpointLayout.operationJournal(operation.id, page: $0)
            } : nil
        let result: Result<OperationReport, any Error>
        do { result = .success(try await using(operation, journal)) } catch { result = .failure(error) }
        await journal?.close()
        return try result.get()
    }

    /// Runs it as a use of the checkpoint, so that nobody deletes it meanwhile.
    private func using(_ operation: OperationIndex, _ journal: JournalWriter?) async throws -> OperationReport {
        let environment = environment
        return try await environment.collection.using(
            checkpoint.index.id, kind.rawValue, now: environment.now(),
            unprotected: { error in
                environment.observer.observe(
                    .noticed("nothing keeps others from deleting the checkpoint meanwhile: \(error)"))
            }
        ) { try await run(operation, journal) }
    }

    private func run(_ operation: OperationIndex, _ journal: JournalWriter?) async throws -> OperationReport {
        let ir = checkpoint.ir
        let collection = environment.collection
        let check = RecordCheck(collection: collection, checkpoint: checkpoint)
        // Reading a few records is not worth cancelling, and what is cancelled must be recorded below.
        let damaged = try await uncancelled { try await check.faults() }
        var failures: [ResourceFailure] = []
        for fault in damaged {
            if kind == .verify {
                failures.append(ResourceFailure(resource: "", hook: "", message: fault.description))
            } else {
                environment.observer.observe(.recordDamaged(fault.key, reason: fault.reason))
            }
        }
        let hooks = Execution.hooksPerResource(ir, kind)
        environment.observer.observe(
            .began(
                RunBeginning(
                    operation: kind, id: operation.id.text, checkpoint: checkpoint.index.id.text, plan: ir.plan,
                    provider: ir.provider.name, resources: ir.resources.count, activities: hooks.reduce(0, +),
                    jobs: environment.concurrency.jobs, expectedBytes: checkpoint.commit.contentBytes)))
        let states = ResourceStates(hooksPerResource: hooks)
        let packs = checkpoint.packs(collection)
        let execution = Execution(
            environment, ir, kind, checkpoint: checkpoint.index.id, target: target, states: states, journal: journal,
            access: .reading, loadDefinition: { try await packs.definition($0) })
        // One damaged resource must not hide another: a verification looks at everything.
        let (outcome, revertFailures) = await execution.runGraph(
            policy: environment.onFailure ?? (kind == .verify ? .continue : .stop))
        failures += execution.failures(outcome, revertFailures)
        // A resource without work in this operation still has a definition, which must be there.
        for index in ir.resources.indices where hooks[index] == 0 && !outcome.wasCancelled {
            do { _ = try await packs.definition(index) } catch {
                failures.append(
                    ResourceFailure(
                        resource: ir.resources[index].identity, hook: "", message: String(describing: error)))
            }
        }
        let commit = commit(operation.id, states, failures)
        if let journal { await record { try await journal.flush() } }
        await record { try await collection.end(commit) }
        let warnings = commit.resources.reduce(0) { $0 + $1.warnings.count }
        environment.observer.observe(
            .ended(status: commit.status.rawValue, failures: failures.count, warnings: warnings))
        return OperationReport(
            kind: kind, checkpoint: checkpoint.index.id, plan: ir.plan, commit: commit,
            contentBytes: states.all.reduce(0) { $0 + $1.contentBytes }, wasCancelled: outcome.wasCancelled,
            damaged: damaged)
    }

    /// Writes a record of the operation itself; returns whether it could. A bank that takes none, such as one on
    /// read-only media, still restores; and cancelling must not keep the outcome from being recorded.
    @discardableResult
    private func record(_ write: @escaping @Sendable () async throws -> Void) async -> Bool {
        do {
            try await uncancelled { try await write() }
            return true
        } catch {
            environment.observer.observe(.noticed("this \(kind.rawValue) is not recorded in the bank: \(error)"))
            return false
        }
    }

    private func commit(
        _ id: CheckpointID, _ states: ResourceStates, _ failures: [ResourceFailure]
    ) -> OperationCommit {
        let entries = states.all.enumerated().map { index, state in
            let identity = checkpoint.ir.resources[index].identity
            let failure = failures.first { $0.resource == identity && $0.hook != "revert" }
            let isDone = failure == nil && state.hooksLeft == 0
            return OperationCommit.ResourceEntry(
                resource: identity, status: isDone ? .success : .fail,
                message: failure?.message ?? (isDone ? "" : "not done: the operation had ended before"),
                warnings: state.warnings)
        }
        return OperationCommit(
            id: id, status: failures.isEmpty ? .success : .fail, finished: environment.now(), resources: entries,
            failures: failures)
    }
}
