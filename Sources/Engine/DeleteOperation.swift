package import Checkpoints
import Bank
import CanonicalForm
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// Deletes a checkpoint: marks it, lets the plugins remove what they keep elsewhere, and removes it from the bank.
package struct DeleteOperation: Sendable {
    let environment: ExecutionEnvironment
    let id: CheckpointID
    /// Deletes also what is damaged or still protecting, and goes on when a plugin cannot be asked.
    let force: Bool

    package init(_ environment: ExecutionEnvironment, checkpoint id: CheckpointID, force: Bool) {
        self.environment = environment
        self.id = id
        self.force = force
    }

    /// Runs the operation; a failing plugin leaves the checkpoint `error-deleting` and is returned. Whatever fails,
    /// deleting again goes on where it stopped. Throws `CancellationError` when it was cancelled.
    package func run() async throws -> [ResourceFailure] {
        let collection = environment.collection
        let summary = try await collection.beginDeletion(id, now: environment.now(), force: force)
        let failures: [ResourceFailure]
        do {
            failures = try await runPlugins()
        } catch {
            failures = [ResourceFailure(resource: "", hook: "", message: String(describing: error))]
        }
        let wasInterrupted = Task.isCancelled || environment.control.wasInterrupted
        if let first = failures.first, !force || wasInterrupted {
            try await uncancelled { try await collection.failDeletion(summary, now: environment.now(), failure: first) }
            environment.observer.observe(.ended(status: "error-deleting", failures: failures.count, warnings: 0))
            if wasInterrupted { throw CancellationError() }
            return failures
        }
        for failure in failures { environment.observer.observe(.noticed("deleting all the same: \(failure)")) }
        try await collection.finishDeletion(summary)
        environment.observer.observe(.ended(status: "deleted", failures: failures.count, warnings: 0))
        return []
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
            throw ExecutionError.damaged(layout.commit, "its resources are not those of the plan")
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
