import CanonicalForm
import Checkpoints
import PluginKit

/// The undo note of one resource: kept in the journal before the hook goes on.
struct ResourceUndoNotes: UndoNotes {
    let resource: Int
    /// A reference: every activity takes its notes along.
    let execution: Execution

    private var identity: String { execution.identities[resource] }
    private var states: ResourceStates { execution.states }
    private var journal: JournalWriter? { execution.journal }
    private var environment: ExecutionEnvironment { execution.environment }

    var due: JSONObject? { states.read(resource) { $0.undo } }

    func register(_ note: JSONObject) async throws {
        try environment.writeGuard.ensureMayWrite()
        // From now on it may be there; whoever reverts too much does less harm than who forgets.
        states.update(resource) { $0.undo = note }
        if let journal {
            let event = JournalEvent(resource: resource, hook: nil, time: environment.now(), .undo(note))
            if environment.faults.skipsUndoDurability {
                journal.append(event)
            } else {
                try await journal.appendDurably(event)
            }
        }
        // Writing it may have lasted: who has been taken over from meanwhile must not begin anything.
        try environment.writeGuard.ensureMayWrite()
        try Task.checkCancellation()
        environment.observer.observe(.undoRegistered(identity: identity))
    }

    func discharge() async throws {
        states.update(resource) { $0.undo = nil }
        journal?.append(JournalEvent(resource: resource, hook: nil, time: environment.now(), .undone))
        environment.observer.observe(.undoDischarged(identity: identity))
    }
}
