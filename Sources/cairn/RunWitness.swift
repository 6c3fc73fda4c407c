import Checkpoints
import Engine
import PlanIR
import PluginKit
import RunReports
import Synchronization

/// Notes how far a run has come, resource by resource: what there is to tell of one whose outcome cannot be recorded.
final class RunWitness: RunObserver {
    private struct Progress {
        var identity = ""
        var status = "waiting"
        var hook = ""
        var message = ""
        var bytes: Int64 = 0
        var warnings = WarningList()
    }

    private struct State {
        var beginning: RunBeginning?
        var progress: [Progress] = []
        /// Where the resources are that have begun; made when something is undone.
        var positions: [String: Int] = [:]
        var failures: [ResourceFailure] = []
    }

    private let state = Mutex(State())

    /// How the last run began; `nil` before.
    var beginning: RunBeginning? { state.withLock { $0.beginning } }
    var hasBegun: Bool { beginning != nil }
    /// What failed, in that order.
    var failures: [ResourceFailure] { state.withLock { $0.failures } }

    func observe(_ event: RunEvent) {
        switch event {
        case .began(let run):
            state.withLock { state in
                state = State()
                state.beginning = run
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
            // What has failed stays so, whatever else of it is stopped.
            guard state.progress[activity.resource].status != "failed" else { return }
            state.progress[activity.resource].status = status
            state.progress[activity.resource].hook = status == "begun" ? "" : activity.hook.name
            state.progress[activity.resource].message = message
            state.progress[activity.resource].identity = activity.identity
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
