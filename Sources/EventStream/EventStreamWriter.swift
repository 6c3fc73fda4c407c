internal import Bank
internal import BlockingIO
internal import CommandLineSupport
internal import Dispatch
package import Engine
internal import PlanIR
internal import PluginKit
package import Surroundings
internal import Synchronization

/// Writes everything that happens in a run as lines of JSON, for programs (docs/events.md).
///
/// Events are encoded where they happen and written by a thread of the stream's own, a few times a second. Whatever
/// becomes of the file, the run goes on: that it can no longer be written is said once.
package final class EventStreamWriter: RunObserver {
    /// How many bytes wait at most for a reader that does not keep up.
    private static let mostWaiting = 64 << 20
    /// How long the end of the run waits for a reader that does not keep up.
    private static let patience: Int64 = 5_000_000_000
    /// How long lines are gathered before they are written together, in milliseconds.
    private static let gathering = 50
    private static let progressInterval: Int64 = 1_000_000_000

    private struct State {
        var encoder = EventEncoder()
        var resources = ResourceTallies()
        var isLost = false
        var finishedAt: Int64?
        var hasEnded = false

        /// A rehearsal is several runs, one after the other.
        mutating func beginRun() {
            guard hasEnded else { return }
            hasEnded = false
            resources = ResourceTallies()
        }
    }

    private let state = Mutex(State())
    private let target: EventTarget
    private let clock: any RunClock
    private let complain: @Sendable (String) -> Void
    private let start: Int64
    private let something = DispatchSemaphore(value: 0)
    private let hurry = DispatchSemaphore(value: 0)

    /// A stream to `target`; `program` says what writes it. `complain` takes one sentence when it cannot be written.
    package init(
        to target: EventTarget, program: String, clock: any RunClock = SystemClock(),
        complain: @escaping @Sendable (String) -> Void
    ) {
        self.target = target
        self.clock = clock
        self.complain = complain
        start = clock.monotonicNanoseconds
        line(.stream) {
            $0.number("version", EventShapes.version)
            $0.text("program", program)
        }
    }

    /// Writes what there is until `finish` is called and all is written; to be run beside the operation.
    package func write() async {
        // Reading and opening files throws nothing here: the thread's body tells its own failures.
        try? await BlockingThreads.runAlone(name: "cairn.events") { self.writeAll() }
    }

    /// Nothing comes any more: `write` ends when all is written, or its patience is at its end.
    package func finish() {
        state.withLock { $0.finishedAt = SystemClock().monotonicNanoseconds }
        something.signal()
        hurry.signal()
    }

    /// The run ended by an error instead of an outcome.
    package func abort(_ reason: String) {
        let hasEnded = state.withLock { state in
            defer { state.hasEnded = true }
            return state.hasEnded
        }
        if hasEnded { return }
        line(.aborted) { $0.text("message", reason) }
    }

    /// A notification was delivered, or could not be.
    package func notified(target: String, failure: String?) {
        line(.notified) {
            $0.text("target", target)
            $0.truth("delivered", failure == nil)
            $0.text("message", ifAny: failure)
        }
    }

    // MARK: Events

    package func observe(_ event: RunEvent) {
        switch event {
        case .began(let run):
            state.withLock { $0.beginRun() }
            line(.began) {
                $0.text("operation", run.operation.rawValue)
                $0.text("id", run.id)
                $0.text("checkpoint", run.checkpoint)
                $0.text("plan", run.plan)
                $0.text("provider", run.provider)
                $0.number("epoch", Int64(run.epoch))
                $0.number("resources", Int64(run.resources))
                $0.number("activities", Int64(run.activities))
                $0.number("jobs", Int64(run.jobs))
                $0.number("expectedBytes", ifAny: run.expectedBytes)
                $0.number("expectedNanoseconds", ifAny: run.expectedNanoseconds)
            }
        case .activityAdopted(let activity): of(.adopted, activity)
        case .activityStarted(let activity, let attempt):
            of(.started, activity) { $0.number("attempt", Int64(attempt)) }
        case .activityFinished(let activity): of(.finished, activity)
        case .activityRetrying(let activity, let attempt, let message, let delay):
            of(.retrying, activity) {
                $0.number("attempt", Int64(attempt))
                $0.text("message", message)
                $0.number("delayNanoseconds", max(0, delay))
            }
        case .activityCancelled(let activity): of(.cancelled, activity)
        case .activityFailed(let activity, let message):
            state.withLock { $0.resources.fail(activity, message) }
            of(.failed, activity) { $0.text("message", message) }
        case .resourceFinished(let resource, let identity, let bytes):
            state.withLock { $0.resources.finish(resource, identity, bytes) }
            line(.done) {
                $0.text("resource", identity)
                $0.number("contentBytes", bytes)
            }
        case .expected(let resource, let bytes): state.withLock { $0.resources.expect(resource, bytes) }
        case .advanced(let resource, let bytes): advance(resource, bytes)
        case .warned(let resource, let identity, let warning):
            state.withLock { $0.resources.warn(resource, identity) }
            line(.warning) {
                $0.text("resource", identity)
                $0.text("kind", warning.kind)
                $0.text("subject", warning.subject)
                $0.text("message", warning.message)
            }
        case .undoRegistered(let identity): line(.undoRegistered) { $0.text("resource", identity) }
        case .undoDischarged(let identity): line(.undoDischarged) { $0.text("resource", identity) }
        case .stopping(let reason): line(.stopping) { $0.text("reason", reason) }
        case .reverting(let count): line(.reverting) { $0.number("resources", Int64(count)) }
        case .reverted(let identity): line(.reverted) { $0.text("resource", identity) }
        case .revertFailed(let identity, let message):
            line(.revertFailed) {
                $0.text("resource", identity)
                $0.text("message", message)
            }
        case .recordDamaged(let key, let reason):
            line(.damaged) {
                $0.text("object", key.text)
                $0.text("message", reason)
            }
        case .noticed(let message): line(.notice) { $0.text("message", message) }
        case .ended(let status, let failures, let warnings): end(status, failures, warnings)
        }
    }

    /// A line about an activity; what its resource has handled since the last line about that comes before it.
    private func of(
        _ kind: EventKind, _ activity: EventActivity, _ members: (inout EventEncoder) -> Void = { _ in }
    ) {
        let (wall, now) = (clock.wallMilliseconds, clock.monotonicNanoseconds)
        emit { state in
            let tally = state.resources.note(activity)
            if kind != .started && kind != .adopted && tally.toldBytes != tally.bytes {
                progress(activity.resource, wall, now, &state)
            }
            state.encoder.begin(kind, wall: wall, elapsed: (now - start) / 1000)
            state.encoder.activity(activity)
            members(&state.encoder)
            state.encoder.end()
        }
    }

    private func advance(_ resource: Int, _ bytes: Int64) {
        let now = clock.monotonicNanoseconds
        let isDue = state.withLock { $0.resources.advance(resource, bytes, now, interval: Self.progressInterval) }
        guard isDue else { return }
        let wall = clock.wallMilliseconds
        emit { progress(resource, wall, now, &$0) }
    }

    private func progress(_ resource: Int, _ wall: Int64, _ now: Int64, _ state: inout State) {
        guard let tally = state.resources.tell(resource, now) else { return }
        state.encoder.begin(.progress, wall: wall, elapsed: (now - start) / 1000)
        state.encoder.text("resource", tally.identity)
        state.encoder.number("contentBytes", tally.bytes)
        state.encoder.number("expectedBytes", ifAny: tally.expected)
        state.encoder.end()
    }

    private func end(_ status: String, _ failures: Int, _ warnings: Int64) {
        let (wall, elapsed) = (clock.wallMilliseconds, (clock.monotonicNanoseconds - start) / 1000)
        emit { state in
            state.hasEnded = true
            var counts: [ResourceTally.Status: Int64] = [:]
            var bytes: Int64 = 0
            for tally in state.resources.known {
                counts[tally.status, default: 0] += 1
                bytes += tally.bytes
                state.encoder.begin(.result, wall: wall, elapsed: elapsed)
                state.encoder.text("resource", tally.identity)
                state.encoder.text("status", tally.status.rawValue)
                state.encoder.number("contentBytes", tally.bytes)
                state.encoder.number("warnings", tally.warnings)
                state.encoder.text("hook", ifAny: tally.failedHook?.name)
                state.encoder.text("message", ifAny: tally.message)
                state.encoder.end()
            }
            state.encoder.begin(.ended, wall: wall, elapsed: elapsed)
            state.encoder.text("status", status)
            state.encoder.number("failures", Int64(failures))
            state.encoder.number("warnings", warnings)
            state.encoder.number("contentBytes", bytes)
            state.encoder.number("done", counts[.done] ?? 0)
            state.encoder.number("failed", counts[.failed] ?? 0)
            state.encoder.number("incomplete", counts[.incomplete] ?? 0)
            state.encoder.end()
        }
    }

    private func line(_ kind: EventKind, _ members: (inout EventEncoder) -> Void) {
        let (wall, now) = (clock.wallMilliseconds, clock.monotonicNanoseconds)
        emit { state in
            state.encoder.begin(kind, wall: wall, elapsed: (now - start) / 1000)
            members(&state.encoder)
            state.encoder.end()
        }
    }

    // MARK: Writing

    /// Encodes a line, unless they are lost anyway, and wakes the thread when it had nothing to do.
    private func emit(_ body: (inout State) -> Void) {
        let (isFirst, isTooMuch) = state.withLock { state in
            guard !state.isLost else { return (false, false) }
            let wasEmpty = state.encoder.waiting == 0
            body(&state)
            let isTooMuch = state.encoder.waiting > Self.mostWaiting
            if isTooMuch { lose(&state) }
            return (wasEmpty, isTooMuch)
        }
        if isFirst { something.signal() }
        if isTooMuch { tell("nobody reads it fast enough") }
    }

    private func lose(_ state: inout State) {
        state.isLost = true
        _ = state.encoder.take()
    }

    private func tell(_ reason: String) {
        complain("the events can no longer be written to \(target): \(reason); the run itself goes on")
    }

    private func writeAll() {
        let isPatient = { [self] in
            state.withLock { state in
                guard !state.isLost else { return false }
                return state.finishedAt.map { SystemClock().monotonicNanoseconds - $0 < Self.patience } ?? true
            }
        }
        do throws(PatientFile.Failure) {
            let file = try target.open(patience: isPatient)
            defer { file.close() }
            while true {
                something.wait()
                if state.withLock({ $0.finishedAt == nil }) {
                    _ = hurry.wait(timeout: .now() + .milliseconds(Self.gathering))
                }
                let (bytes, isFinished) = state.withLock { ($0.encoder.take(), $0.finishedAt != nil) }
                if !bytes.isEmpty { try file.write(bytes, patience: isPatient) }
                // What came behind the last look was announced, and is fetched in another round.
                if isFinished && state.withLock({ $0.encoder.waiting == 0 }) { return }
            }
        } catch {
            let wasLost = state.withLock { state in
                defer { lose(&state) }
                return state.isLost
            }
            if !wasLost { tell(error.description) }
        }
    }
}
