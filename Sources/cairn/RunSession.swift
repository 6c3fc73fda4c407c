import ArgumentParser
import Checkpoints
import Engine
import EventStream
import Notifications
import PlanIR
import ProtectionService
import RunDisplay
import Surroundings
import Synchronization

/// What looks at a run: people, by a display or a log, and programs, by an event stream.
final class RunSession: Sendable {
    /// Takes the events of the run.
    let observer: any RunObserver
    /// Takes what signals ask for.
    let control = RunControl()
    /// Knows how far the run has come, for those who are told of its end.
    let witness = RunWitness()
    private let options: RunOptions
    private let people: any RunObserver
    private let display: RunDisplay
    private let stream: EventStreamWriter?
    private let isTelling = Mutex(false)

    private init(_ options: RunOptions, quiet: Bool) {
        self.options = options
        let display = RunDisplay(quiet: quiet, showsEvents: options.log == nil)
        let looking: any RunObserver = options.log.map { RunLog(level: $0, on: display) } ?? display
        stream = options.events.map { target in
            EventStreamWriter(to: target, program: "cairn \(Cairn.configuration.version)") { sentence in
                looking.observe(.noticed(sentence))
            }
        }
        var all: [any RunObserver] = [looking, witness]
        if let stream { all.append(stream) }
        observer = ObserverGroup(all)
        people = looking
        self.display = display
    }

    /// What an operation needs, with all that looks at it.
    func environment(_ opened: OpenedProvider) -> ExecutionEnvironment {
        opened.environment(options, observer: observer, control: control)
    }

    /// Says something to those who look.
    func note(_ sentence: String) { observer.observe(.noticed(sentence)) }

    /// Runs `body` with all that looks at it beside it; signals end it in order.
    static func showing<Result: Sendable>(
        _ options: RunOptions, quiet: Bool, _ body: @escaping @Sendable (RunSession) async throws -> Result
    ) async throws -> Result {
        let session = RunSession(options, quiet: quiet)
        return try await Cancellation.onSignals(session.control, tell: { session.tell($0) }) {
            let ending = await withTaskGroup(of: Void.self) { group -> Swift.Result<Result, any Error> in
                if let stream = session.stream {
                    group.addTask {
                        await stream.write()
                        // What the stream had to complain of is shown, too.
                        session.display.finish()
                    }
                }
                group.addTask { await session.display.show() }
                let result: Swift.Result<Result, any Error>
                do { result = .success(try await body(session)) } catch {
                    session.abort(error)
                    result = .failure(error)
                }
                if let stream = session.stream { stream.finish() } else { session.display.finish() }
                await group.waitForAll()
                return result
            }
            return try ending.get()
        }
    }

    /// Runs an operation on an open bank with all that looks at it beside it.
    static func showing<Result: Sendable>(
        _ options: RunOptions, _ opened: OpenedProvider, quiet: Bool,
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        try await showing(options, quiet: quiet) { try await body($0.environment(opened)) }
    }

    /// Says what a signal has asked for.
    private func tell(_ request: RunControl.Request) {
        let ended = "the run has ended; those who are told of it are still waited for"
        switch request {
        case _ where isTelling.withLock { $0 }: display.tell("cairn: \(ended)")
        case .stop:
            display.tell(
                "cairn: stopping; what is running may finish, and what was begun is undone "
                    + "(once more to cancel what is running)")
        case .cancel: display.tell("cairn: cancelling what is running; what was begun is undone")
        case .abandonRevert:
            display.tell("cairn: what is being undone now is left as it is; the next of what was begun has its turn")
        }
    }

    private func abort(_ error: any Error) {
        stream?.abort(error is CancellationError ? "cancelled" : String(describing: error))
    }
}

extension RunSession {
    /// Runs an operation, and tells its audience how it ended. Whoever cannot be told changes nothing about that.
    ///
    /// `content` says what there is to tell of a run that has an outcome.
    func telling<Report: Sendable>(
        _ audience: Audience, _ run: () async throws -> Report,
        content: @escaping @Sendable (Report) async -> NotificationContent
    ) async throws -> Report {
        witness.serve { !audience.notifications.isEmpty }
        do {
            let report = try await run()
            if !audience.notifications.isEmpty { await deliver(audience, await uncancelled { await content(report) }) }
            return report
        } catch {
            // What could not even begin, since it is not there or done already, is said to who asked for it.
            guard witness.hasBegun || !isRefusal(error) else { throw error }
            abort(error)
            await deliver(audience, audience.failure(error, witness))
            throw error
        }
    }

    /// Tells an audience of a run; not to be stopped with it.
    func deliver(_ audience: Audience, _ content: NotificationContent) async {
        let notifications = audience.notifications
        guard !notifications.isEmpty else { return }
        isTelling.withLock { $0 = true }
        for delivery in await uncancelled({ await NotificationDelivery.deliver(notifications, content) }) {
            stream?.notified(target: delivery.target, failure: delivery.failure)
            if let failure = delivery.failure {
                people.observe(.noticed("the notification by \(delivery.target) failed: \(failure)"))
            }
        }
        isTelling.withLock { $0 = false }
    }
}

/// Whether an error says that there is nothing to be run: what was asked for is not there, is done, or is run by another
/// one.
private func isRefusal(_ error: any Error) -> Bool {
    switch error {
    case CheckpointError.unknown, CheckpointError.unknownOperation, CheckpointError.unknownToResume,
        CheckpointError.ambiguous, CheckpointError.wrongStatus:
        true
    case is RequestError, is OperationError, is BankHarm: true
    default: false
    }
}
