internal import HeapModule
package import PlanIR

/// What an executor would do with a graph: every activity with its time and its lane, on a clock that nobody waits for.
///
/// It takes activities from a `RunPlan` as the executor does. What ends at the same instant has ended before anything
/// else starts. A lane is one of the workers; an activity goes to the lowest free one.
package struct Simulation: Sendable {
    /// One activity's turn.
    package struct Step: Sendable, Hashable {
        package let activity: Int32
        package let lane: Int32
        /// Nanoseconds since the beginning.
        package let start: Int64
        package let end: Int64
        /// The step at whose end this one could start: the position in `steps`, or -1 when it started at once.
        package fileprivate(set) var heldBy: Int32 = -1
        /// Whether it was ready earlier and waited for a free worker.
        package fileprivate(set) var waitedForLane = false
        /// Whether it was ready earlier and waited for the end of another of its plugin or its type, of which no more
        /// may run.
        package fileprivate(set) var waitedForLimit = false
    }

    /// How many activities run at a time at most.
    package let jobs: Int
    /// The steps in the order in which they start.
    package let steps: [Step]
    /// How many lanes have a step at all.
    package let laneCount: Int
    /// When the last step ends.
    package let makespan: Int64
    /// The time that all steps take together.
    package let busy: Int64
    /// The longest path, which no number of workers makes shorter.
    package let criticalPath: CriticalPath

    /// Simulates a run with so many workers, one at least. Without weights, every activity lasts a second.
    package init(
        _ graph: ActivityGraph, jobs: Int, weights: ActivityWeights? = nil, limits: RunLimits? = nil
    ) throws(CyclicGraphError) {
        let weights = weights ?? .unit(graph)
        let criticalPath = try CriticalPath(graph, weights)
        var clock = VirtualClock(graph, jobs: max(1, jobs), weights, criticalPath, limits)
        clock.run()
        clock.findCauses()
        self.jobs = max(1, jobs)
        self.criticalPath = criticalPath
        steps = clock.steps
        laneCount = clock.laneCount
        makespan = clock.time
        busy = weights.total
    }

    /// No run with this graph is shorter, however many workers there are.
    package var pathBound: Int64 { criticalPath.length }

    /// No run with so many workers is shorter, whatever waits for what.
    package var workBound: Int64 { busy / Int64(jobs) + (busy % Int64(jobs) == 0 ? 0 : 1) }

    /// The part of the workers' time in which they work, from 0 to 1; 1 when there is nothing to do.
    package var utilisation: Double {
        makespan == 0 ? 1 : min(1, Double(busy) / (Double(makespan) * Double(jobs)))
    }

    /// The steps that bound the end, as positions in `steps`, the last one last: each could start when the one before it
    /// ended, the first started at once, and the last ends when everything does.
    package var boundingSteps: [Int] {
        // Of several that end last, the one that started first.
        guard var step = steps.indices.first(where: { steps[$0].end == makespan }) else { return [] }
        var chain = [step]
        while steps[step].heldBy >= 0 {
            step = Int(steps[step].heldBy)
            chain.append(step)
        }
        return chain.reversed()
    }
}

/// Runs a plan by jumping from one end of an activity to the next.
private struct VirtualClock {
    private struct End: Comparable {
        let time: Int64
        let step: Int32

        static func < (a: End, b: End) -> Bool { a.time != b.time ? a.time < b.time : a.step < b.step }
    }

    let graph: ActivityGraph
    let jobs: Int
    let weights: ActivityWeights
    var plan: RunPlan
    var steps: [Simulation.Step] = []
    var time: Int64 = 0
    var laneCount = 0
    private var freeLanes = Heap<Int32>()
    private var ends = Heap<End>()
    private let limits: RunLimits?
    /// The last step of each class that has ended, and for each step the one that made room in its class, or -1.
    private var lastEnd: [Int32] = []
    private var roomFrom: [Int32] = []

    init(
        _ graph: ActivityGraph, jobs: Int, _ weights: ActivityWeights, _ path: CriticalPath, _ limits: RunLimits?
    ) {
        self.graph = graph
        self.limits = limits
        lastEnd = limits.map { $0.most.map { _ in -1 } } ?? []
        self.jobs = jobs
        self.weights = weights
        plan = RunPlan(graph, remaining: path.remaining, in: graph.topologicalOrder() ?? [], limits: limits)
    }

    mutating func run() {
        while true {
            while plan.runningCount < jobs, let number = plan.take() { start(number) }
            guard let next = ends.min else { return }
            time = next.time
            while let end = ends.min, end.time == time {
                ends.removeMin()
                plan.finish(steps[Int(end.step)].activity)
                freeLanes.insert(steps[Int(end.step)].lane)
                for position in classes(of: steps[Int(end.step)].activity) { lastEnd[position] = end.step }
            }
        }
    }

    private mutating func start(_ number: Int32) {
        let lane: Int32
        if let free = freeLanes.popMin() {
            lane = free
        } else {
            lane = Int32(laneCount)
            laneCount += 1
        }
        // What starts now and was ready before starts since something has ended now.
        let freed = classes(of: number).map { lastEnd[$0] }.first { $0 >= 0 && steps[Int($0)].end == time }
        roomFrom.append(freed ?? -1)
        let end = time.addingSaturated(weights[number])
        ends.insert(End(time: end, step: Int32(steps.count)))
        steps.append(Simulation.Step(activity: number, lane: lane, start: time, end: end))
    }

    /// The classes with a limit that an activity belongs to.
    private func classes(of number: Int32) -> [Int] {
        guard let limits, !limits.most.isEmpty, let activity = graph.activity(number) else { return [] }
        let resource = Int(activity.resource)
        return [limits.plugins[resource], limits.types[resource]].filter { $0 >= 0 }.map { Int($0) }
    }

    /// Finds out for each step what it waited for: the last to end of those before it, the one whose lane it got, or the
    /// one that made room for it within a limit.
    mutating func findCauses() {
        var stepOf = [Int32](repeating: -1, count: graph.count)
        for (position, step) in steps.enumerated() { stepOf[Int(step.activity)] = Int32(position) }
        // The step that made each activity ready, handed on through barriers.
        var cause = [Int32](repeating: -1, count: graph.count)
        for number in graph.topologicalOrder() ?? [] {
            let last = graph.works(number) ? stepOf[Int(number)] : cause[Int(number)]
            guard last >= 0 else { continue }
            for target in graph.successors(of: number) where isLater(last, than: cause[Int(target)]) {
                cause[Int(target)] = last
            }
        }
        var lastInLane = [Int32](repeating: -1, count: laneCount)
        for position in steps.indices {
            let step = steps[position]
            let made = cause[Int(step.activity)]
            let readyAt = made < 0 ? 0 : steps[Int(made)].end
            let before = lastInLane[Int(step.lane)]
            if readyAt >= step.start {
                steps[position].heldBy = made
            } else if before >= 0 && steps[Int(before)].end == step.start {
                steps[position].waitedForLane = true
                steps[position].heldBy = before
            } else {
                steps[position].waitedForLimit = true
                steps[position].heldBy = roomFrom[position]
            }
            lastInLane[Int(step.lane)] = Int32(position)
        }
    }

    /// Whether a step ends later than another, or as late and started earlier.
    private func isLater(_ step: Int32, than other: Int32) -> Bool {
        guard other >= 0 else { return true }
        let (a, b) = (steps[Int(step)].end, steps[Int(other)].end)
        return a != b ? a > b : step < other
    }
}
