import CommandLineSupport
import Dispatch
import Glibc

/// Turns SIGINT and SIGTERM into the cancellation of a task, so that a run is ended in order: what was begun is
/// reverted and recorded.
enum Cancellation {
    /// Runs `body` in a task that the signals cancel.
    static func onSignals<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let queue = DispatchQueue(label: "cairn.signals")
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            // The default action would end the process before the source sees the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if !task.isCancelled { StandardStream.error.write("cairn: stopping; what was begun is undone first\n") }
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try await task.value
    }
}
