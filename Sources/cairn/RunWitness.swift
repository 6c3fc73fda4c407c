import Checkpoints
import Engine
import PlanIR
import PluginKit
import RunReports
import Synchronization

/// Notes how far a run has come, resource by resource, where someone is to be told of it: what there is to tell of one whose
/// outcome cannot be recorded.
final class RunWitness: RunObserver {
    private struct Progress {
        var identity = ""
        var status = "waiting"
        var hook = ""
        var message = ""
        var bytes: Int64 = 0
        var warnings = WarningList()

        mutating func note(_ activity: EventActivity, _ status: String, _ message: String) {
            // What has failed stays so, whatever else of it is stopped.
            guard self.status != "failed" else { return }
            self.status = status
            hook = status == "begun" ? "" : activity.hook.name
            if !message.isEmpty || !self.message.isEmpty { self.message = message }
            if identity.isEmpty { identity = activity.identity }
        }
    }

    private struct State {
        var beginning: RunBeginning?
        var progress: [Progress] = []
        /// Where the resources are that have begun; made when something is undone.
        var positions: [String: Int] = [:]
        var failures: [ResourceFailure] = []
    }

    private let state = Mutex(State())
    /// Whether there is anyone to be told of the run that goes on, which costs something for each activity.
    private let isNoting = Atomic(false)
    private let isWanted = Mutex<@Sendable () -> Bool>({ false })

    /// From now on, the resources of a run are noted if, when it begins, `isWanted` says so.
    func serve(_ isWanted: @escaping @Sendable () -> Bool) { self.isWanted.withLock { $0 = isWanted } }

    /// How the last run began; `nil` before.
    var beginning: RunBeginning? { state.withLock { $0.beginning } }
    var hasBegun: Bool { beginning != nil }
    /// What failed, in that order.
    var failures: [ResourceFailure] { state.withLock { $0.failures } }

    func observe(_ event: RunEvent) {
        if case .began = event {
            isNoting.store(isWanted.withLock { $0 }(), ordering: .relaxed)
        } else if !isNoting.load(ordering: .relaxed) {
            return
        }
        switch event {
        case .began(let run):
            state.withLock { state in
                state = State()
                state.beginning = run
                guard isNoting.load(ordering: .relaxed) else { return }
                state.progress = Array(repeating: Progress(), count: run.positions ?? run.resources)
            }
        case .activityStarted(let activity, _): note(activity, "running")
        case .activityAdopted(let activity), .activityFinished(let activity): note(activity, "begun")
        case .activityCancelled(let activity): note(activity, "interrupted")
        case .activityFailed(let activity, let message):
            note(activity, "failed", message)
            state.withLock {
                $0.failures.append(
                    ResourceFailure(resource: activity.identity, hook: activity.hook.name, message: message))
            }
        case .resourceFinished(let resource, _, let bytes):
            change(resource) { progress in
                progress.status = "done"
                progress.hook = ""
                progress.bytes = bytes
            }
        case .warned(let resource, _, let warning): change(resource) { $0.warnings.add(warning) }
        case .reverting:
            state.withLock { state in
                let places = state.progress.enumerated().map { ($1.identity, $0) }
                state.positions = Dictionary(places) { first, _ in first }
            }
        case .reverted(let identity): change(identity) { $0.status = "reverted" }
        case .revertFailed(let identity, let message):
            change(identity) { progress in
                progress.status = "revert failed"
                progress.hook = "revert"
                progress.message = message
            }
            state.withLock {
                $0.failures.append(ResourceFailure(resource: identity, hook: "revert", message: message))
            }
        case .activityRetrying, .expected, .advanced, .undoRegistered, .undoDischarged, .stopping, .recordDamaged,
            .noticed, .ended:
            break
        }
    }

    /// What became of the resources, whose names are in the order of their positions.
    func resources(_ identities: [String]) -> [RunReport.Resource] {
        state.withLock { state in
            zip(identities, state.progress).map { identity, progress in
                var resource = RunReport.Resource(identity: identity, status: progress.status)
                // The run has ended, so nothing is running.
                if resource.status == "running" { resource.status = "interrupted" }
                resource.hook = progress.hook
                resource.message = progress.message
                resource.contentBytes = progress.bytes
                resource.warningCount = progress.warnings.count
                resource.warnings = progress.warnings.warnings
                return resource
            }
        }
    }

    private func note(_ activity: EventActivity, _ status: String, _ message: String = "") {
        state.withLock { state in
            guard state.progress.indices.contains(activity.resource) else { return }
            state.progress[activity.resource].note(activity, status, message)
        }
    }

    private func change(_ resource: Int, _ body: (inout Progress) -> Void) {
        state.withLock { state in
            guard state.progress.indices.contains(resource) else { return }
            body(&state.progress[resource])
        }
    }

    private func change(_ identity: String, _ body: (inout Progress) -> Void) {
        guard let resource = state.withLock({ $0.positions[identity] }) else { return }
        change(resource, body)
    }
}
