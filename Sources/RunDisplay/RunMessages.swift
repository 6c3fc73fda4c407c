internal import Bank
internal import Engine
internal import PlanIR
internal import PluginKit
internal import Wording

/// The lines that stay of a run: on a terminal only what is out of the ordinary, else also what is done.
struct RunMessages {
    /// How many warnings are shown one by one; all of them are in the record.
    private static let shownWarnings = 20

    let tellsDone: Bool
    private var operation = ""
    private var resources = 0
    private var finished = 0
    private var warnings = 0
    private(set) var bytes: [UInt8] = []

    init(tellsDone: Bool) { self.tellsDone = tellsDone }

    mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        return taken
    }

    mutating func add(_ event: RunEvent) {
        switch event {
        case .began(let run):
            operation = run.operation.rawValue
            resources = run.resources
            finished = 0
        case .resourceFinished(_, let identity, let size):
            finished += 1
            if tellsDone { done(identity, size) }
        case .activityRetrying(let activity, _, let message, let delay):
            let wait = Words.duration(Double(delay) / 1e9)
            line("trying again in \(wait): \(activity.identity), \(activity.hook.name): \(message)")
        case .activityFailed(let activity, let message):
            line("failed: \(activity.identity), \(activity.hook.name): \(message)")
        case .warned(_, let identity, let warning):
            warnings += 1
            // That it is tried again is told by itself.
            if warning.kind == ActivityWarning.retriedKind { return }
            if warnings <= Self.shownWarnings {
                line(Words.warning(identity, warning))
            } else if warnings == Self.shownWarnings + 1 {
                line("warning: there are more warnings; they are in the record")
            }
        case .stopping(let reason): line("stopping: \(reason)")
        case .reverting(let count): line("undoing what \(Words.count(count, "resource")) had begun")
        case .revertFailed(let identity, let message): line("revert failed: \(identity): \(message)")
        case .recordDamaged(let key, let reason): line("warning: bank object '\(key)' is damaged: \(reason)")
        case .noticed(let message): line("note: \(message)")
        case .activityAdopted, .activityStarted, .activityFinished, .activityCancelled, .expected, .advanced,
            .undoRegistered, .undoDischarged, .reverted, .ended:
            break
        }
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: Words.harmless(text).utf8)
        bytes.append(0x0A)
    }

    /// The line of a resource that is done. There is one for each, so it is put together without detours.
    private mutating func done(_ identity: String, _ size: Int64) {
        bytes.append(contentsOf: operation.utf8)
        bytes.append(contentsOf: ": ".utf8)
        bytes.append(contentsOf: Words.harmless(identity).utf8)
        bytes.append(contentsOf: " done".utf8)
        if size > 0 { bytes.append(contentsOf: ", \(Words.bytes(size))".utf8) }
        bytes.append(contentsOf: " (".utf8)
        bytes.append(contentsOf: String(finished).utf8)
        bytes.append(0x2F)
        bytes.append(contentsOf: String(resources).utf8)
        bytes.append(contentsOf: ")\n".utf8)
    }
}
