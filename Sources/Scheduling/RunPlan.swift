internal import HeapModule
package import PlanIR

/// Which activities of a graph may run next: a pure state machine without clock, threads or I/O.
///
/// Barriers finish by themselves as soon as they are reached. Of the activities that are ready, the one with the
/// longest remaining path by weight comes first; ties go by number, so that the same answers give the same run.
///
/// Whoever runs a graph relies on this: every activity is given out once at most, and only when all that it waits for
/// have finished; what waits for a failed one is never given out.
package struct RunPlan: Sendable {
    private struct Ready: Comparable, Sendable {
        let remaining: Int64
        let number: Int32

        static func < (a: Ready, b: Ready) -> Bool {
            a.remaining != b.remaining ? a.remaining < b.remaining : a.number > b.number
        }
    }

    /// What `waiting` holds of an activity that waits no longer.
    private enum Mark {
        static let running: Int32 = -1
        static let finished: Int32 = -2
        static let failed: Int32 = -3
    }

    private let graph: ActivityGraph
    private let policy: FailurePolicy
    /// How many activities each one still waits for, or a mark.
    private var waiting: [Int32]
    /// The length of the longest path from the beginning of each activity to the end of all.
    private let remaining: [Int64]
    private var ready = Heap<Ready>()
    /// How many activities were taken and have not ended.
    package private(set) var runningCount = 0
    /// How many activities have finished, barriers, start and finish included.
    package private(set) var finishedCount = 0
    /// The activities that failed, in the order of their reports.
    package private(set) var failed: [Int32] = []

    /// A run at its beginning: what waits for nothing is ready. Without weights, every activity weighs the same.
    package init(_ graph: ActivityGraph, weights: ActivityWeights? = nil, onFailure policy: FailurePolicy = .stop) {
        let weights = weights ?? .unit(graph)
        self.init(
            graph, remaining: weights.remainingPaths(graph, in: graph.topologicalOrder() ?? []), onFailure: policy)
    }

    /// A run whose remaining paths are known.
    init(_ graph: ActivityGraph, remaining: [Int64], onFailure policy: FailurePolicy = .stop) {
        self.graph = graph
        self.policy = policy
        self.remaining = remaining
        waiting = graph.predecessorCounts
        let first = (0..<Int32(graph.count)).filter { waiting[Int($0)] == 0 }
        for number in first { reach(number) }
    }

    /// Whether everything has finished.
    package var isComplete: Bool { finishedCount == graph.count }
    /// Whether nothing can be taken and nothing is running: complete, or stopped by a failure.
    package var isIdle: Bool { runningCount == 0 && (ready.isEmpty || isStopped) }

    /// Whether a failure keeps everything else from starting.
    private var isStopped: Bool { policy == .stop && !failed.isEmpty }

    /// Whether an activity was taken and has not ended.
    package func isRunning(_ number: Int32) -> Bool {
        waiting.indices.contains(Int(number)) && waiting[Int(number)] == Mark.running
    }

    /// The next activity to run, or `nil` when none is ready or a failure has stopped the run.
    package mutating func take() -> Int32? {
        guard !isStopped, let next = ready.popMax() else { return nil }
        waiting[Int(next.number)] = Mark.running
        runningCount += 1
        return next.number
    }

    /// Reports that a taken activity has done its work.
    package mutating func finish(_ number: Int32) {
        guard isRunning(number) else { return }
        runningCount -= 1
        settle(number)
    }

    /// Reports that a taken activity has failed; what waits for it never becomes ready.
    package mutating func fail(_ number: Int32) {
        guard isRunning(number) else { return }
        waiting[Int(number)] = Mark.failed
        runningCount -= 1
        failed.append(number)
    }

    /// Takes note that an activity waits for nothing any more.
    private mutating func reach(_ number: Int32) {
        if graph.works(number) {
            ready.insert(Ready(remaining: remaining[Int(number)], number: number))
        } else {
            settle(number)
        }
    }

    /// Marks an activity finished, and with it every barrier that becomes ready thereby.
    private mutating func settle(_ number: Int32) {
        var stack = [number]
        while let number = stack.popLast() {
            waiting[Int(number)] = Mark.finished
            finishedCount += 1
            for edge in Int(graph.offsets[Int(number)])..<Int(graph.offsets[Int(number) + 1]) {
                let target = graph.targets[edge]
                waiting[Int(target)] -= 1
                guard waiting[Int(target)] == 0 else { continue }
                if graph.works(target) {
                    ready.insert(Ready(remaining: remaining[Int(target)], number: target))
                } else {
                    stack.append(target)
                }
            }
        }
    }
}

extension ActivityGraph {
    /// Whether an activity has something to do: it is neither a barrier nor the start nor the finish.
    package func works(_ number: Int32) -> Bool {
        number >= Self.fixedCount && !activities[Int(number - Self.fixedCount)].isBarrier
    }
}
