import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import EventStream
import Manifests
import Notifications
import PlanIR
import RunDisplay
import RunReports
import Surroundings

/// What looks at a run: people, by a display or a log, and programs, by an event stream.
struct RunSession: Sendable {
    /// Takes the events of the run.
    let observer: any RunObserver
    private let people: any RunObserver
    private let display: RunDisplay?
    private let stream: EventStreamWriter?

    private init(_ options: RunOptions, quiet: Bool) {
        let display = options.log == nil ? RunDisplay(quiet: quiet) : nil
        var people: any RunObserver = SilentObserver()
        if let level = options.log { people = RunLog(level: level) }
        if let display { people = display }
        let looking = people
        let stream = options.events.map { target in
            EventStreamWriter(to: target, program: "cairn \(Cairn.configuration.version)") { sentence in
                looking.observe(.noticed(sentence))
            }
        }
        if let stream { observer = ObserverGroup([looking, stream]) } else { observer = looking }
        self.people = looking
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

extension RunSession {
    /// Runs a protect run, and tells those whom plan and provider name how it ended. Whoever cannot be told changes
    /// nothing about that.
    func telling(
        _ notifications: [PlanIR.Notification], _ collection: CheckpointCollection, plan: String, provider: String,
        started: Timestamp, _ run: () async throws -> ProtectReport
    ) async throws -> ProtectReport {
        let result: Swift.Result<ProtectReport, any Error>
        do { result = .success(try await run()) } catch { result = .failure(error) }
        guard !notifications.isEmpty else { return try result.get() }
        var report: RunReport
        switch result {
        case .success(let ended):
            report = RunReport(ended.commit, plan: plan, provider: provider, started: started)
            let bare = report
            report = await uncancelled {
                var whole = bare
                await whole.addDefinitions(of: ended.commit, collection)
                return whole
            }
        case .failure(let error):
            report = RunReport(operation: .protect, id: "", checkpoint: "", plan: plan, status: "error")
            report.provider = provider
            report.started = started
            report.note = error is CancellationError ? "cancelled" : String(describing: error)
        }
        let content = NotificationContent(
            isSuccess: report.isSuccess, operation: report.operation, id: report.id, checkpoint: report.checkpoint,
            plan: plan, status: report.status, report: JSONValue.object(report.json).canonicalBytes)
        for delivery in await uncancelled({ await NotificationDelivery.deliver(notifications, content) }) {
            notified(target: delivery.target, failure: delivery.failure)
        }
        return try result.get()
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
