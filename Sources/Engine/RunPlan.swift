internal import HeapModule
package import PlanIR

/// What a failed activity means for the others.
package enum FailurePolicy: Sendable, Hashable {
    /// Nothing new starts, and what is running is cancelled.
    case stop
    /// Everything runs that does not wait for what failed.
    case `continue`
}

/// Which activities of a graph may run next: a pure state machine without clock, threads or I/O.
///
/// Barriers finish by themselves as soon as they are reached. Of the activities that are ready, the one with the
/// longest remaining path comes first; ties go by number, so that the same answers give the same run.
package struct RunPlan: Sendable {
    private struct Ready: Comparable, Sendable {
        let remaining: Int32
        let number: Int32

        static func < (a: Ready, b: Ready) -> Bool {
            a.remaining != b.remaining ? a.remaining < b.remaining : a.number > b.number
        }
    }

    private let graph: ActivityGraph
    private let policy: FailurePolicy
    /// How many activities each one still waits for.
    private var waiting: [Int32]
    /// The length of the longest path from each activity to the finish, counting activities that do work.
    private let remaining: [Int32]
    private var ready = Heap<Ready>()
    /// The activities that were taken and have not ended.
    package private(set) var running: Set<Int32> = []
    /// How many activities have finished, barriers, start and finish included.
    package private(set) var finishedCount = 0
    /// The activities that failed, in the order of their reports.
    package private(set) var failed: [Int32] = []

    /// A run at its beginning: what the start leads to is ready.
    package init(_ graph: ActivityGraph, onFailure policy: FailurePolicy = .stop) {
        self.graph = graph
        self.policy = policy
        waiting = graph.predecessorCounts
        remaining = RunPlan.remainingPaths(graph)
        settle([ActivityGraph.start])
    }

    /// Whether everything has finished.
    package var isComplete: Bool { finishedCount == graph.count }
    /// Whether nothing can be taken and nothing is running: complete, or stopped by a failure.
    package var isIdle: Bool { running.isEmpty && (ready.isEmpty || isStopped) }

    /// Whether a failure keeps everything else from starting.
    private var isStopped: Bool { policy == .stop && !failed.isEmpty }

    /// The next activity to run, or `nil` when none is ready or a failure has stopped the run.
    package mutating func take() -> Int32? {
        guard !isStopped, let next = ready.popMax() else { return nil }
        running.insert(next.number)
        return next.number
    }

    /// Reports that a taken activity has done its work.
    package mutating func finish(_ number: Int32) {
        guard running.remove(number) != nil else { return }
        settle([number])
    }

    /// Reports that a taken activity has failed; what waits for it never becomes ready.
    package mutating func fail(_ number: Int32) {
        guard running.remove(number) != nil else { return }
        failed.append(number)
    }

    /// Marks activities finished, and with them every barrier that becomes ready thereby.
    private mutating func settle(_ finished: [Int32]) {
        var stack = finished
        while let number = stack.popLast() {
            finishedCount += 1
            for target in graph.successors(of: number) {
                waiting[Int(target)] -= 1
                guard waiting[Int(target)] == 0 else { continue }
                if graph.activity(target)?.isBarrier ?? true {
                    stack.append(target)
                } else {
                    ready.insert(Ready(remaining: remaining[Int(target)], number: target))
                }
            }
        }
    }

    private static func remainingPaths(_ graph: ActivityGraph) -> [Int32] {
        var paths = [Int32](repeating: 0, count: graph.count)
        for number in (graph.topologicalOrder() ?? []).reversed() {
            var longest: Int32 = 0
            for target in graph.successors(of: number) { longest = max(longest, paths[Int(target)]) }
            let weight: Int32 = (graph.activity(number)?.isBarrier ?? true) ? 0 : 1
            paths[Int(number)] = longest + weight
        }
        return paths
    }
}
