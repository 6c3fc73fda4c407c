internal import HeapModule
package import PlanIR

/// Which activities of a graph may run next: a pure state machine without clock, threads or I/O.
///
/// Barriers finish by themselves as soon as they are reached. Of the activities that are ready and within their limits,
/// the one with the longest remaining path by weight comes first; ties go by number, so that the same answers give
/// the same run.
///
/// Whoever runs a graph relies on this: every activity is given out once at most, unless it was postponed, and only when
/// all that it waits for have finished; what waits for a failed one is never given out.
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
        static let postponed: Int32 = -4
        static let skipped: Int32 = -5
    }

    private let graph: ActivityGraph
    private let policy: FailurePolicy
    /// How many activities each one still waits for, or a mark.
    private var waiting: [Int32]
    /// The length of the longest path from the beginning of each activity to the end of all.
    private let remaining: [Int64]
    /// Activities that count as done before the run, by number; empty when there are none.
    private let adopted: [Bool]
    private var ready = Heap<Ready>()
    private let limits: RunLimits?
    /// How many more activities of each class may run.
    private var room: [Int32]
    /// Activities that are ready, and wait for room in a class.
    private var parked: [Heap<Ready>]
    /// How many activities were taken and have not ended.
    package private(set) var runningCount = 0
    /// How many activities were postponed and not woken.
    package private(set) var postponedCount = 0
    /// How many activities have finished, barriers, start and finish included.
    package private(set) var finishedCount = 0
    /// The activities that failed, in the order of their reports.
    package private(set) var failed: [Int32] = []
    /// Activities with work that will never run, since all that they waited for has ended, and some of it not well; in an
    /// order in which each comes behind what it waited for. Under the policy `stop` nothing is said of them.
    package private(set) var skipped: [Int32] = []
    /// Which activities wait for one that failed, or was skipped; empty while none does.
    private var isDoomed: [Bool] = []
    /// Whether nothing new starts any more.
    package private(set) var isStopped = false

    /// A run at its beginning: what waits for nothing is ready. Without weights, every activity weighs the same.
    ///
    /// `adopted` says by number which activities are done already; what an adopted one waits for is adopted, too.
    package init(
        _ graph: ActivityGraph, weights: ActivityWeights? = nil, limits: RunLimits? = nil, adopted: [Bool] = [],
        onFailure policy: FailurePolicy = .stop
    ) {
        let weights = weights ?? .unit(graph)
        self.init(
            graph, remaining: weights.remainingPaths(graph, in: graph.topologicalOrder() ?? []), limits: limits,
            adopted: adopted, onFailure: policy)
    }

    /// A run whose remaining paths are known.
    init(
        _ graph: ActivityGraph, remaining: [Int64], limits: RunLimits? = nil, adopted: [Bool] = [],
        onFailure policy: FailurePolicy = .stop
    ) {
        self.graph = graph
        self.policy = policy
        self.remaining = remaining
        // Limits that hold nothing back cost nothing.
        self.limits = limits.flatMap { $0.most.isEmpty ? nil : $0 }
        self.adopted = adopted
        room = self.limits?.most ?? []
        parked = room.map { _ in Heap() }
        waiting = graph.predecessorCounts
        let first = (0..<Int32(graph.count)).filter { waiting[Int($0)] == 0 }
        for number in first { reach(number) }
    }

    /// Whether everything has finished.
    package var isComplete: Bool { finishedCount == graph.count }
    /// Whether nothing is running and nothing will: complete, stopped, or all that is left waits for what failed.
    package var isIdle: Bool {
        runningCount == 0 && (isStopped || (postponedCount == 0 && ready.isEmpty && parked.allSatisfy(\.isEmpty)))
    }

    /// Whether an activity was taken and has not ended.
    package func isRunning(_ number: Int32) -> Bool {
        waiting.indices.contains(Int(number)) && waiting[Int(number)] == Mark.running
    }

    /// The next activity to run, or `nil` when none is ready, or the run was stopped.
    package mutating func take() -> Int32? {
        guard !isStopped else { return nil }
        while let next = ready.popMax() {
            if let full = fullClass(next.number) {
                parked[Int(full)].insert(next)
                // It came from another class, where its place is free for someone else.
                unparkBehind(next.number, except: full)
                continue
            }
            changeRoom(next.number, by: -1)
            waiting[Int(next.number)] = Mark.running
            runningCount += 1
            return next.number
        }
        return nil
    }

    /// Reports that a taken activity has done its work.
    package mutating func finish(_ number: Int32) {
        guard release(number) else { return }
        settle(number, Mark.finished)
    }

    /// Reports that a taken activity has failed; what waits for it never becomes ready.
    package mutating func fail(_ number: Int32) {
        guard release(number) else { return }
        failed.append(number)
        switch policy {
        case .stop:
            waiting[Int(number)] = Mark.failed
            stop()
        case .continue: settle(number, Mark.failed)
        }
    }

    /// Reports that a taken activity was stopped by someone else; what waits for it never becomes ready.
    package mutating func cancel(_ number: Int32) {
        guard release(number) else { return }
        waiting[Int(number)] = Mark.failed
    }

    /// Reports that a taken activity has failed and will be tried again: it gives up its place until it is woken.
    package mutating func postpone(_ number: Int32) {
        guard release(number) else { return }
        waiting[Int(number)] = Mark.postponed
        postponedCount += 1
    }

    /// Makes a postponed activity ready again.
    package mutating func wake(_ number: Int32) {
        guard waiting.indices.contains(Int(number)), waiting[Int(number)] == Mark.postponed else { return }
        postponedCount -= 1
        waiting[Int(number)] = 0
        ready.insert(Ready(remaining: remaining[Int(number)], number: number))
    }

    /// Lets nothing new start.
    package mutating func stop() { isStopped = true }

    private mutating func release(_ number: Int32) -> Bool {
        guard isRunning(number) else { return false }
        runningCount -= 1
        guard limits != nil else { return true }
        changeRoom(number, by: 1)
        unparkBehind(number, except: -1)
        return true
    }

    // MARK: Limits

    private func classes(_ number: Int32) -> (plugin: Int32, type: Int32) {
        guard let limits, number >= ActivityGraph.fixedCount else { return (-1, -1) }
        let resource = Int(graph.activities[Int(number - ActivityGraph.fixedCount)].resource)
        return (limits.plugins[resource], limits.types[resource])
    }

    /// A class of the activity that has no room.
    private func fullClass(_ number: Int32) -> Int32? {
        guard limits != nil else { return nil }
        let (plugin, type) = classes(number)
        if plugin >= 0 && room[Int(plugin)] <= 0 { return plugin }
        return type >= 0 && room[Int(type)] <= 0 ? type : nil
    }

    private mutating func changeRoom(_ number: Int32, by change: Int32) {
        guard limits != nil else { return }
        let (plugin, type) = classes(number)
        if plugin >= 0 { room[Int(plugin)] += change }
        if type >= 0 { room[Int(type)] += change }
    }

    /// Makes the best activity ready that waits for room in a class of `number`, where there is room.
    private mutating func unparkBehind(_ number: Int32, except full: Int32) {
        let (plugin, type) = classes(number)
        for position in [plugin, type] where position >= 0 && position != full && room[Int(position)] > 0 {
            if let next = parked[Int(position)].popMax() { ready.insert(next) }
        }
    }

    // MARK: Progress

    private func isAdopted(_ number: Int32) -> Bool { !adopted.isEmpty && adopted[Int(number)] }

    /// Takes note that an activity waits for nothing any more.
    private mutating func reach(_ number: Int32) {
        if graph.works(number) && !isAdopted(number) {
            ready.insert(Ready(remaining: remaining[Int(number)], number: number))
        } else {
            settle(number, Mark.finished)
        }
    }

    /// Marks an activity finished, and with it every barrier that becomes ready thereby; or failed, and with it everything
    /// skipped that waits for nothing else any more.
    private mutating func settle(_ number: Int32, _ mark: Int32) {
        if mark != Mark.finished && isDoomed.isEmpty { isDoomed = [Bool](repeating: false, count: graph.count) }
        var stack = [(number: number, mark: mark)]
        while let (number, mark) = stack.popLast() {
            waiting[Int(number)] = mark
            if mark == Mark.finished { finishedCount += 1 }
            if mark == Mark.skipped && graph.works(number) { skipped.append(number) }
            for edge in Int(graph.offsets[Int(number)])..<Int(graph.offsets[Int(number) + 1]) {
                let target = graph.targets[edge]
                if mark != Mark.finished { isDoomed[Int(target)] = true }
                waiting[Int(target)] -= 1
                guard waiting[Int(target)] == 0 else { continue }
                if !isDoomed.isEmpty && isDoomed[Int(target)] {
                    stack.append((target, Mark.skipped))
                } else if graph.works(target) && !isAdopted(target) {
                    ready.insert(Ready(remaining: remaining[Int(target)], number: target))
                } else {
                    stack.append((target, Mark.finished))
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
