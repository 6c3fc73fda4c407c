package import PlanIR
package import Scheduling

/// Runs one activity, whatever that means: really, as a dry run, or in a test.
package protocol ActivityRunner: Sendable {
    /// Does the activity's work; throws when it fails.
    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async throws
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
    /// The activities that had started, in the order of their start.
    package let started: [Int32]
    /// Whether the run was cancelled from outside.
    package let wasCancelled: Bool

    /// Whether every activity did its work.
    package var succeeded: Bool { failures.isEmpty && !wasCancelled }
}

/// Drives a graph: takes what is ready from the plan and gives it to the runner, at most so many at a time.
///
/// The driver is the single owner of the run's state; activities report back to it as child tasks end. On the first
/// failure nothing new starts, and what is running is cancelled and waited for.
package enum Driver {
    /// Runs `graph` with at most `jobs` activities at a time, the longest remaining path by weight first.
    package static func run(
        _ graph: ActivityGraph, jobs: Int, weights: ActivityWeights? = nil, onFailure policy: FailurePolicy = .stop,
        runner: any ActivityRunner
    ) async -> RunOutcome {
        var plan = RunPlan(graph, weights: weights, onFailure: policy)
        var started: [Int32] = []
        var failures: [RunOutcome.Failure] = []
        // Whether the run was cancelled before anything had failed by itself.
        var wasCancelled = false
        await withTaskGroup(of: (Int32, (any Error)?).self) { group in
            while true {
                while plan.runningCount < max(1, jobs), !Task.isCancelled, let number = plan.take() {
                    guard let activity = graph.activity(number) else {
                        plan.finish(number)
                        continue
                    }
                    started.append(number)
                    group.addTask {
                        do {
                            try Task.checkCancellation()
                            try await runner.run(number, activity)
                            return (number, nil)
                        } catch {
                            return (number, error)
                        }
                    }
                }
                guard let (number, error) = await group.next() else { return }
                guard let error else {
                    plan.finish(number)
                    continue
                }
                if plan.failed.isEmpty { wasCancelled = Task.isCancelled }
                // What fails because it was cancelled is not a reason of its own.
                let others = policy == .stop && !plan.failed.isEmpty
                let isConsequence = error is CancellationError && (others || Task.isCancelled)
                plan.fail(number)
                if !isConsequence, let activity = graph.activity(number) {
                    failures.append(RunOutcome.Failure(number: number, activity: activity, error: error))
                }
                if policy == .stop { group.cancelAll() }
            }
        }
        // Nothing may have been running when the cancellation came; one that came when all was done changed nothing.
        let stoppedEarly = !plan.isComplete && plan.failed.isEmpty
        return RunOutcome(failures: failures, started: started, wasCancelled: wasCancelled || stoppedEarly)
    }
}
