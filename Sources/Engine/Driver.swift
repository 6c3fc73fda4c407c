package import PlanIR
package import Scheduling
package import Surroundings

/// How one attempt at an activity ended.
package enum ActivityEnd: Sendable {
    case finished
    /// It failed, and is not tried again.
    case failed(any Error)
    /// It was stopped because others failed, or all were cancelled.
    case cancelled
    /// It failed, and is tried again after so many nanoseconds.
    case retry(delay: Int64)
}

/// Runs one activity, whatever that means: really, as a dry run, or in a test.
package protocol ActivityRunner: Sendable {
    /// Does the activity's work.
    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async -> ActivityEnd
    /// Takes note that nothing new starts any more, and why.
    func stopping(reason: String)
    /// Takes note that an activity has failed for good, or will never run since something that it waits for has failed;
    /// tells whether something must be undone now, while the rest goes on.
    func giveUp(_ activity: ActivityGraph.Activity, hasFailed: Bool) -> Bool
    /// Undoes what was begun of the resource of an activity that was given up.
    func undo(_ activity: ActivityGraph.Activity) async
}

extension ActivityRunner {
    package func stopping(reason: String) {}
    package func giveUp(_ activity: ActivityGraph.Activity, hasFailed: Bool) -> Bool { false }
    package func undo(_ activity: ActivityGraph.Activity) async {}
}

/// How a run of a graph ended.
package struct RunOutcome: Sendable {
    /// An activity that failed, with its reason.
    package struct Failure: Sendable {
        package let number: Int32
        package let activity: ActivityGraph.Activity
        package let error: any Error
    }

    /// The failures in the order in which they were reported, without those that only followed from cancelling the
    /// rest.
    package let failures: [Failure]
    /// The activities that had started, in the order of their starts; one that was retried is in it for each attempt.
    package let started: [Int32]
    /// Whether the run was stopped or cancelled from outside before all was done.
    package let wasCancelled: Bool

    /// Whether every activity did its work.
    package var succeeded: Bool { failures.isEmpty && !wasCancelled }
}

/// How a graph is run.
package struct RunSettings: Sendable {
    /// How many activities run at a time.
    package var jobs: Int
    package var limits: RunLimits?
    package var weights: ActivityWeights?
    /// The activities that are done already, by number; empty when there are none.
    package var adopted: [Bool]
    package var policy: FailurePolicy
    /// How long running activities may take to finish when the run stops, in nanoseconds.
    package var grace: Int64
    package var clock: any RunClock
    package var control: RunControl

    package init(
        jobs: Int, limits: RunLimits? = nil, weights: ActivityWeights? = nil, adopted: [Bool] = [],
        policy: FailurePolicy = .stop, grace: Int64 = 0, clock: any RunClock = SystemClock(),
        control: RunControl = RunControl()
    ) {
        self.jobs = jobs
        self.limits = limits
        self.weights = weights
        self.adopted = adopted
        self.policy = policy
        self.grace = grace
        self.clock = clock
        self.control = control
    }
}

/// Drives a graph: as many workers as may run at a time each take what is ready, run it, and report.
///
/// One actor owns the run's state, and a worker's report and its next activity are one message to it. When an activity
/// fails under the policy `stop`, or someone asks the run to stop, nothing new starts, what is running may finish
/// within the grace period, and is cancelled then. Under the policy `continue`, what must be undone behind a failure is
/// undone as soon as nothing more of it will run, one after the other, before anything else is begun.
package enum Driver {
    /// Runs `graph` with `runner`.
    package static func run(
        _ graph: ActivityGraph, _ settings: RunSettings, runner: any ActivityRunner
    ) async -> RunOutcome {
        let (commands, sender) = AsyncStream.makeStream(of: Command.self)
        let run = DrivenRun(graph, settings, runner, sender)
        let requests = settings.control.attach { request in
            switch request {
            case .stop(let reason): sender.yield(.stop(reason: reason))
            case .cancel: sender.yield(.cancel)
            case .abandonRevert: break
            }
        }
        defer { settings.control.detach(requests) }
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                // What is cancelled before it begins starts nothing, whichever of its tasks is first.
                if Task.isCancelled { await run.stop(reason: RunControl.cancelledReason, isRequested: true) }
                for _ in 0..<max(1, settings.jobs) { group.addTask { await work(run, graph, runner) } }
                // Timers and requests. The stream ends when all is done, and when the task is cancelled.
                for await command in commands {
                    await obey(command, run, settings, sender, &group)
                }
                if Task.isCancelled { await run.stop(reason: RunControl.cancelledReason, isRequested: true) }
                // Nothing runs any more, or all of it is to be cancelled; timers have nothing to wait for.
                group.cancelAll()
                await group.waitForAll()
            }
        } onCancel: {
            sender.yield(.cancel)
        }
        return await run.outcome
    }

    /// What the driver is asked to do beside running activities.
    enum Command: Sendable {
        case retry(Int32, delay: Int64)
        case stop(reason: String)
        /// Something failed, so that nothing new starts.
        case stopped
        case cancel
    }

    private static func obey(
        _ command: Command, _ run: DrivenRun, _ settings: RunSettings,
        _ sender: AsyncStream<Command>.Continuation, _ group: inout TaskGroup<Void>
    ) async {
        switch command {
        case .retry(let number, let delay):
            group.addTask {
                // Cancelled means that the run has stopped, and nothing is tried again.
                try? await settings.clock.sleep(nanoseconds: delay)
                await run.wake(number)
            }
        case .stop(let reason):
            await run.stop(reason: reason, isRequested: true)
            startGrace(settings, sender, &group)
        case .stopped: startGrace(settings, sender, &group)
        case .cancel:
            await run.stop(reason: RunControl.cancelledReason, isRequested: true)
            group.cancelAll()
        }
    }

    private static func startGrace(
        _ settings: RunSettings, _ sender: AsyncStream<Command>.Continuation, _ group: inout TaskGroup<Void>
    ) {
        guard settings.grace > 0 else {
            group.cancelAll()
            return
        }
        group.addTask {
            // Cancelled means that everything was.
            do { try await settings.clock.sleep(nanoseconds: settings.grace) } catch { return }
            sender.yield(.cancel)
        }
    }

    private static func work(_ run: DrivenRun, _ graph: ActivityGraph, _ runner: any ActivityRunner) async {
        var report: Report?
        while let work = await run.next(after: report) {
            switch work {
            case .run(let number):
                let activity = graph.activities[Int(number - ActivityGraph.fixedCount)]
                report = .ended(number, await runner.run(number, activity))
            case .undo(let activity):
                await runner.undo(activity)
                report = .undone
            }
        }
    }

    /// What a worker is given to do.
    enum Work: Sendable {
        case run(Int32)
        case undo(ActivityGraph.Activity)
    }

    /// What a worker has done.
    enum Report: Sendable {
        case ended(Int32, ActivityEnd)
        case undone
    }
}

extension RunControl {
    /// The reason of a run that was cancelled.
    package static let cancelledReason = "cancelled"
}

/// The state of a run, which its workers share by messages.
private actor DrivenRun {
    private var plan: RunPlan
    private let graph: ActivityGraph
    private let policy: FailurePolicy
    private let runner: any ActivityRunner
    private let sender: AsyncStream<Driver.Command>.Continuation
    private var idle: [CheckedContinuation<Driver.Work?, Never>] = []
    private var failures: [RunOutcome.Failure] = []
    private var started: [Int32] = []
    private var isRequested = false
    private var isStopping = false
    /// What must be undone while the rest goes on, in this order, and whether a worker is about it.
    private var due: [ActivityGraph.Activity] = []
    private var isUndoing = false
    /// How many of the skipped activities were told to the runner.
    private var toldSkipped = 0

    init(
        _ graph: ActivityGraph, _ settings: RunSettings, _ runner: any ActivityRunner,
        _ sender: AsyncStream<Driver.Command>.Continuation
    ) {
        self.graph = graph
        policy = settings.policy
        self.runner = runner
        self.sender = sender
        plan = RunPlan(
            graph, weights: settings.weights, limits: settings.limits, adopted: settings.adopted,
            onFailure: settings.policy)
    }

    /// Takes a worker's report and gives it the next activity; `nil` when there will be none.
    func next(after report: Driver.Report?) async -> Driver.Work? {
        switch report {
        case .ended(let number, let end): take(number, end)
        case .undone: isUndoing = false
        case nil: break
        }
        if let work = takeNext() {
            // What this report has made ready may be more than one worker can do.
            wakeIdle()
            return work
        }
        if isIdle {
            finish()
            return nil
        }
        return await withCheckedContinuation { idle.append($0) }
    }

    private var isIdle: Bool { plan.isIdle && due.isEmpty && !isUndoing }

    private func takeNext() -> Driver.Work? {
        if !isUndoing, !due.isEmpty {
            isUndoing = true
            return .undo(due.removeFirst())
        }
        guard let number = plan.take() else { return nil }
        started.append(number)
        return .run(number)
    }

    private func take(_ number: Int32, _ end: ActivityEnd) {
        switch end {
        case .finished:
            plan.finish(number)
            giveUpSkipped()
        case .failed(let error):
            plan.fail(number)
            failures.append(
                RunOutcome.Failure(
                    number: number, activity: graph.activities[Int(number - ActivityGraph.fixedCount)], error: error))
            if policy == .stop { stopOnce(reason: "an activity failed", .stopped) } else { giveUp(behind: number) }
        case .cancelled: plan.cancel(number)
        case .retry(let delay):
            plan.postpone(number)
            sender.yield(.retry(number, delay: delay))
        }
    }

    /// Tells the runner of an activity that has failed, and of all that will not run because of that.
    private func giveUp(behind failed: Int32) {
        giveUp(failed, hasFailed: true)
        giveUpSkipped()
    }

    /// Tells the runner of the activities that will never run, as far as it was not told.
    private func giveUpSkipped() {
        while toldSkipped < plan.skipped.count {
            giveUp(plan.skipped[toldSkipped], hasFailed: false)
            toldSkipped += 1
        }
    }

    private func giveUp(_ number: Int32, hasFailed: Bool) {
        let activity = graph.activities[Int(number - ActivityGraph.fixedCount)]
        // Once the run stops, all is undone behind it.
        if runner.giveUp(activity, hasFailed: hasFailed), !isStopping { due.append(activity) }
    }

    func wake(_ number: Int32) {
        plan.wake(number)
        wakeIdle()
        if isIdle { finish() }
    }

    func stop(reason: String, isRequested requested: Bool) {
        if requested && !plan.isComplete { isRequested = true }
        stopOnce(reason: reason, nil)
        if isIdle { finish() }
    }

    private func stopOnce(reason: String, _ command: Driver.Command?) {
        plan.stop()
        guard !isStopping else { return }
        isStopping = true
        // All is undone behind the run.
        due = []
        // Nobody needs to hear that a run stops when nothing is left to stop.
        if plan.runningCount > 0 { runner.stopping(reason: reason) }
        if let command { sender.yield(command) }
    }

    private func wakeIdle() {
        while !idle.isEmpty, let work = takeNext() { idle.removeLast().resume(returning: work) }
    }

    private func finish() {
        sender.finish()
        for worker in idle { worker.resume(returning: nil) }
        idle = []
    }

    var outcome: RunOutcome {
        // Nothing may have been running when the request came; one that came when all was done changed nothing.
        RunOutcome(failures: failures, started: started, wasCancelled: isRequested && !plan.isComplete)
    }
}
