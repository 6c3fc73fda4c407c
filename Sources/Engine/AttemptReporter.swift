import Checkpoints
import PlanIR
import PluginKit
import Surroundings
import Synchronization

/// Gathers what one attempt at an activity reports, and passes it on with the resource that it is about.
final class AttemptReporter: ActivityReporter {
    /// How often progress goes into the journal at most, in nanoseconds.
    private static let progressInterval: Int64 = 5_000_000_000

    private struct State {
        var warnings = WarningList()
        var contentBytes: Int64 = 0
        var lastProgress: Int64
    }

    private let activity: EventActivity
    private let observer: any RunObserver
    private let clock: any RunClock
    private let journal: JournalWriter?
    private let state: Mutex<State>

    init(_ activity: EventActivity, _ observer: any RunObserver, _ clock: any RunClock, _ journal: JournalWriter?) {
        self.activity = activity
        self.observer = observer
        self.clock = clock
        self.journal = journal
        state = Mutex(State(lastProgress: clock.monotonicNanoseconds))
    }

    var warnings: WarningList { state.withLock { $0.warnings } }
    var contentBytes: Int64 { state.withLock { $0.contentBytes } }

    var wantsEstimate: Bool { observer.wantsEstimate }

    func expect(bytes: Int64) { observer.observe(.expected(resource: activity.resource, bytes: bytes)) }

    func advance(bytes: Int64) {
        let now = clock.monotonicNanoseconds
        let due: Int64? = state.withLock { state in
            state.contentBytes += bytes
            guard now - state.lastProgress >= Self.progressInterval else { return nil }
            state.lastProgress = now
            return state.contentBytes
        }
        if let due, let journal {
            journal.append(
                JournalEvent(
                    resource: activity.resource, hook: activity.hook,
                    time: Timestamp(milliseconds: clock.wallMilliseconds), .progress(bytes: due)))
        }
        observer.observe(.advanced(resource: activity.resource, bytes: bytes))
    }

    func warn(_ warning: ActivityWarning) {
        state.withLock { $0.warnings.add(warning) }
        observer.observe(.warned(resource: activity.resource, identity: activity.identity, warning: warning))
    }
}
