import ArgumentParser
import CommandLineSupport
import Engine
import EventStream
import RunDisplay

/// What looks at a run: people, by a display or a log, and programs, by an event stream.
struct RunSession: Sendable {
    /// Takes the events of the run.
    let observer: any RunObserver
    private let people: any RunObserver
    private let display: RunDisplay?
    private let stream: EventStreamWriter?

    private init(_ options: RunOptions, quiet: Bool) {
        let display = options.log == nil ? RunDisplay(quiet: quiet) : nil
        let people: any RunObserver = options.log.map { RunLog(level: $0) } ?? display ?? SilentObserver()
        let stream = options.events.map { target in
            EventStreamWriter(to: target, program: "cairn \(Cairn.configuration.version)") { sentence in
                people.observe(.noticed(sentence))
            }
        }
        observer = stream.map { ObserverGroup([people, $0]) } ?? people
        self.people = people
        self.display = display
        self.stream = stream
    }

    /// Takes note of how a notification went.
    func notified(target: String, failure: String?) {
        stream?.notified(target: target, failure: failure)
        if let failure {
            people.observe(.noticed("the notification by \(target) failed: \(failure)"))
        }
    }

    /// Runs an operation with all that looks at it beside it; signals end it in order.
    static func showing<Result: Sendable>(
        _ options: RunOptions, _ opened: OpenedProvider, quiet: Bool,
        _ body: @escaping @Sendable (ExecutionEnvironment, RunSession) async throws -> Result
    ) async throws -> Result {
        let session = RunSession(options, quiet: quiet)
        let control = RunControl()
        let environment = opened.environment(options, observer: session.observer, control: control)
        return try await Cancellation.onSignals(control) {
            let ending = await withTaskGroup(of: Void.self) { group -> Swift.Result<Result, any Error> in
                if let stream = session.stream {
                    group.addTask {
                        await stream.write()
                        // What the stream had to complain of is shown, too.
                        session.display?.finish()
                    }
                }
                if let display = session.display { group.addTask { await display.show() } }
                let result: Swift.Result<Result, any Error>
                do { result = .success(try await body(environment, session)) } catch {
                    session.stream?.abort(error is CancellationError ? "cancelled" : String(describing: error))
                    result = .failure(error)
                }
                if let stream = session.stream { stream.finish() } else { session.display?.finish() }
                await group.waitForAll()
                return result
            }
            return try ending.get()
        }
    }
}

/// Shows runs of operations that send no notifications.
enum ProgressDisplay {
    /// Runs an operation with all that looks at it beside it; signals end it in order.
    static func showing<Result: Sendable>(
        _ options: RunOptions, _ opened: OpenedProvider, quiet: Bool,
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        try await RunSession.showing(options, opened, quiet: quiet) { environment, _ in try await body(environment) }
    }
}
