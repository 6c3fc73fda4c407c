import Dispatch
import Engine
import Glibc

/// Turns signals into requests to a run: the first one lets it end in order, the second one cancels what is running.
/// Either way, what was begun is undone, and the outcome is recorded.
enum Cancellation {
    private static let signals: [(number: Int32, name: String)] = [
        (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"),
    ]

    /// Runs `body` in a task that the signals reach: the first one through `control`, the second one cancels it. `tell` is
    /// given what was asked for, behind that, and must not wait: the next signal would wait with it.
    static func onSignals<Result: Sendable>(
        _ control: RunControl, tell: @escaping @Sendable (RunControl.Request) -> Void,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // A terminal that goes away, or a connection, must not end a backup.
        signal(SIGHUP, SIG_IGN)
        let task = Task { try await body() }
        let queue = DispatchQueue(label: "cairn.signals")
        let sources = signals.map { number, name in
            // The default action would end the process before the source sees the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let request = control.interrupt(reason: name)
                if request == .cancel { task.cancel() }
                tell(request)
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await task.value
    }
}
