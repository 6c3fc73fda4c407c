import Bank
import Checkpoints
import PlanIR
import PluginKit
import Surroundings

/// Undoes what a run has left behind that failed, and whose own reverts failed, too.
///
/// The commit record names what that is, and the run's journal has the notes. The journal goes on in a new epoch, and the
/// commit record is repeated there without what is undone now. So a crash on the way leaves everything due.
struct DueReverts {
    let environment: ExecutionEnvironment
    let index: CheckpointIndex
    let ir: PlanIR

    /// Undoes what `commit` says is due, in an epoch that this owner has claimed behind it; returns what is in force then.
    ///
    /// Throws `ExecutionError.notReverted` when something could still not be undone, which stays due.
    func run(_ commit: CommitRecord, in epoch: UInt32) async throws -> CommitRecord {
        let confirmation = Confirmation(environment, index)
        let history = try await environment.collection.journal(index.id, ir)
        let histories = ResourceHistory.of(history.events, resources: ir.resources.count)
        guard try await confirmation.copyRecords(of: commit, to: epoch) else { return commit }
        let keys = CheckpointKeys(index.id)
        let journal = JournalWriter(
            bank: environment.bank, clock: environment.clock, guard: environment.writeGuard,
            segments: commit.journalSegments
        ) { keys.journal(ofEpoch: epoch, page: $0) }
        let states = ResourceStates(hooksPerResource: Execution.hooksPerResource(ir, .protect))
        let due = due(commit)
        for resource in due {
            states.update(resource) { $0.undo = histories[resource].undo }
            for hook in Hook.allCases {
                if let result = histories[resource][hook].result { states.take(result, of: hook, resource) }
            }
        }
        let execution = Execution(
            environment, ir, .protect, checkpoint: index.id, states: states, journal: journal,
            access: .writing(epoch: epoch), histories: histories)
        let failures = await uncancelled { await execution.revert(due) }
        let result: Result<CommitRecord, any Error>
        do {
            try await journal.flush()
            let others = commit.failures.filter { !$0.isOfRevert }
            let segments = journal.segments
            result = .success(
                try await uncancelled {
                    try await confirmation.recording(
                        commit, in: epoch, failures: others + failures, segments: segments)
                })
        } catch {
            result = .failure(error)
        }
        await journal.close()
        let recorded = try result.get()
        guard failures.isEmpty else { throw ExecutionError.notReverted(index.id, failures: failures) }
        return recorded
    }

    /// The resources that are due, by their positions, in the order in which the run tried to undo them.
    private func due(_ commit: CommitRecord) -> [Int] {
        let positions = Dictionary(
            ir.resources.enumerated().map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        return commit.dueReverts.compactMap { positions[$0.resource] }
    }
}
