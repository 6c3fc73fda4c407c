import CommandLineSupport
import Engine
import Foundation
import PlanIR
import PluginKit
import Synchronization

/// Shows a run on standard error: one line that is drawn anew on a terminal, plain lines otherwise.
final class ProgressDisplay: RunObserver {
    private struct State {
        var operation = OperationKind.protect
        var resources = 0
        var finishedResources = 0
        var activities = 0
        var finishedActivities = 0
        var running: [String] = []
        var bytes: Int64 = 0
        /// What the plugins said that they will handle, by resource.
        var expected: [Int: Int64] = [:]
        /// What an earlier run of the same plan handled.
        var earlierBytes: Int64?
        var began = ContinuousClock.now
        var hasLine = false
        var warnings = 0
        var isDone = false
    }

    /// How many warnings are printed one by one; all of them are in the record.
    private static let shownWarnings = 20

    private let state = Mutex(State())
    private let isLive: Bool
    private let isQuiet: Bool

    /// A display that draws when standard error is a terminal; a quiet one shows failures and warnings only.
    init(quiet: Bool) {
        isLive = StandardStream.error.isTerminal && !quiet
        isQuiet = quiet
    }

    var wantsEstimate: Bool { isLive }

    /// Draws the line a few times a second until the task is cancelled.
    func drawRegularly() async {
        guard isLive else { return }
        while !Task.isCancelled {
            draw()
            try? await Task.sleep(for: .milliseconds(200))
        }
        state.withLock { state in
            state.isDone = true
            clear(&state)
        }
    }

    func observe(_ event: RunEvent) {
        state.withLock { state in
            switch event {
            case .began(let run):
                state.operation = run.operation
                state.resources = run.resources
                state.activities = run.activities
                state.earlierBytes = run.expectedBytes
                state.began = .now
            case .activityStarted(let activity, _): state.running.append(name(activity))
            case .activityAdopted: state.finishedActivities += 1
            case .activityFinished(let activity):
                state.finishedActivities += 1
                end(name(activity), &state)
            case .activityCancelled(let activity): end(name(activity), &state)
            case .activityRetrying(let activity, _, let message, let delay):
                end(name(activity), &state)
                let wait = Words.duration(Double(delay) / 1e9)
                line("trying again in \(wait): \(activity.identity), \(activity.hook.name): \(message)", &state)
            case .activityFailed(let activity, let message):
                end(name(activity), &state)
                line("failed: \(activity.identity), \(activity.hook.name): \(message)", &state)
            case .resourceFinished(_, let identity, let bytes):
                state.finishedResources += 1
                if !isLive && !isQuiet {
                    line(
                        "\(state.operation.rawValue): \(identity) done"
                            + (bytes > 0 ? ", \(Words.bytes(bytes))" : "")
                            + " (\(state.finishedResources)/\(state.resources))", &state)
                }
            case .expected(let resource, let bytes): state.expected[resource] = bytes
            case .advanced(_, let bytes): state.bytes += bytes
            case .warned(_, let identity, let warning):
                state.warnings += 1
                if state.warnings <= Self.shownWarnings {
                    line(Words.warning(identity, warning), &state)
                } else if state.warnings == Self.shownWarnings + 1 {
                    line("warning: there are more warnings; they are in the record", &state)
                }
            case .stopping(let reason): line("stopping: \(reason)", &state)
            case .undoRegistered, .undoDischarged, .reverted, .ended: break
            case .reverting(let count): line("undoing what \(Words.count(count, "resource")) had begun", &state)
            case .revertFailed(let identity, let message): line("revert failed: \(identity): \(message)", &state)
            case .recordDamaged(let key, let reason):
                line("warning: bank object '\(key)' is damaged: \(reason)", &state)
            case .noticed(let message): line("note: \(message)", &state)
            }
        }
    }

    private func name(_ activity: EventActivity) -> String { "\(activity.identity) \(activity.hook.name)" }

    private func end(_ name: String, _ state: inout State) {
        if let position = state.running.firstIndex(of: name) { state.running.remove(at: position) }
    }

    private func line(_ text: String, _ state: inout State) {
        clear(&state)
        StandardStream.error.write(Words.harmless(text) + "\n")
    }

    private func clear(_ state: inout State) {
        guard state.hasLine else { return }
        StandardStream.error.write("\r\u{1B}[K")
        state.hasLine = false
    }

    private func draw() {
        state.withLock { state in
            guard !state.isDone, state.activities > 0 else { return }
            let elapsed = state.began.duration(to: .now)
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            var text = "\(state.operation.rawValue) \(state.finishedResources)/\(state.resources)"
            if state.bytes > 0 {
                let rate = seconds > 0 ? Double(state.bytes) / seconds : 0
                text += "  \(Words.bytes(state.bytes))  \(Words.bytes(Int64(rate)))/s"
                let total = max(state.expected.values.reduce(0, +), state.earlierBytes ?? 0)
                if total > state.bytes && rate > 0 {
                    text += "  of \(Words.bytes(total)), \(Words.duration(Double(total - state.bytes) / rate)) left"
                }
            }
            if let first = state.running.first {
                // On one line the id has to do; the type is in the record.
                text += "  \(first.drop { $0 != "#" }.dropFirst())"
                if state.running.count > 1 { text += " +\(state.running.count - 1)" }
            }
            let width = max(20, Terminal.width() - 1)
            StandardStream.error.write("\r" + Words.harmless(String(text.prefix(width))) + "\u{1B}[K")
            state.hasLine = true
        }
    }
}

/// The terminal behind standard error.
enum Terminal {
    /// Its width in columns, 80 when it does not say.
    static func width() -> Int {
        var size = winsize()
        guard ioctl(StandardStream.error.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

extension ProgressDisplay {
    /// Runs an operation with the display beside it, or with a log where one is asked for; signals end it in order.
    static func showing<Result: Sendable>(
        _ options: RunOptions, _ opened: OpenedProvider, quiet: Bool,
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let control = RunControl()
        if let level = options.log {
            let environment = opened.environment(options, observer: RunLog(level: level), control: control)
            return try await Cancellation.onSignals(control) { try await opened.underLease(environment, body) }
        }
        let display = ProgressDisplay(quiet: quiet)
        let environment = opened.environment(options, observer: display, control: control)
        return try await Cancellation.onSignals(control) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await display.drawRegularly() }
                let result: Swift.Result<Result, any Error>
                do { result = .success(try await opened.underLease(environment, body)) } catch {
                    result = .failure(error)
                }
                group.cancelAll()
                try await group.waitForAll()
                return try result.get()
            }
        }
    }
}
