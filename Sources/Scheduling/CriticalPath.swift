package import PlanIR

/// The activities wait for each other, so that none of them can ever start.
package struct CyclicGraphError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A cycle: each activity waits for the one before it, and the first for the last. It begins with its lowest number.
    package let cycle: [Int32]

    package init(cycle: [Int32]) { self.cycle = cycle }

    package var description: String {
        "the graph has a cycle of \(cycle.count) activities, so there is no order in which they could run"
    }
}

/// The longest path through a graph by weight, and how much every activity may be late without the end being later.
///
/// It is what a run takes when there are workers for everything.
package struct CriticalPath: Sendable, Hashable {
    /// How long everything takes at least.
    package let length: Int64
    /// The earliest start of each activity, by number: when all that it waits for started as early as they could.
    package let earliestStart: [Int64]
    /// The length of the longest path from the beginning of each activity to the end of all, by number.
    package let remaining: [Int64]
    /// The activities of a longest path in their order, those without work among them. Where several paths are as long,
    /// it goes by the lowest numbers.
    package let activities: [Int32]

    /// Finds the longest path.
    package init(_ graph: ActivityGraph, _ weights: ActivityWeights) throws(CyclicGraphError) {
        guard let order = graph.topologicalOrder() else { throw CyclicGraphError(in: graph) }
        let remaining = weights.remainingPaths(graph, in: order)
        var earliest = [Int64](repeating: 0, count: graph.count)
        for number in order {
            let end = earliest[Int(number)].addingSaturated(weights[number])
            for target in graph.successors(of: number) {
                earliest[Int(target)] = max(earliest[Int(target)], end)
            }
        }
        self.remaining = remaining
        earliestStart = earliest
        length = remaining.max() ?? 0
        activities = Self.path(graph, remaining)
    }

    /// The latest start of an activity that does not delay the end.
    package func latestStart(_ number: Int32) -> Int64 { length - remaining[Int(number)] }

    /// How much later than at its earliest an activity may start without the end being later.
    package func slack(_ number: Int32) -> Int64 { max(0, latestStart(number) - earliestStart[Int(number)]) }

    /// Whether the end is later when the activity is.
    package func isCritical(_ number: Int32) -> Bool { slack(number) == 0 }

    private static func path(_ graph: ActivityGraph, _ remaining: [Int64]) -> [Int32] {
        let counts = graph.predecessorCounts
        var next = best((0..<Int32(graph.count)).lazy.filter { counts[Int($0)] == 0 }, remaining)
        var path: [Int32] = []
        while let number = next {
            path.append(number)
            next = best(graph.successors(of: number), remaining)
        }
        return path
    }

    /// The activity with the longest remaining path, of several the one with the lowest number.
    private static func best(_ numbers: some Sequence<Int32>, _ remaining: [Int64]) -> Int32? {
        numbers.reduce(nil) { best, number in
            guard let best else { return number }
            return remaining[Int(number)] > remaining[Int(best)] ? number : best
        }
    }
}

extension CyclicGraphError {
    /// Finds a cycle in a graph that has one.
    init(in graph: ActivityGraph) {
        var waiting = graph.predecessorCounts
        var open = (0..<Int32(graph.count)).filter { waiting[Int($0)] == 0 }
        while let number = open.popLast() {
            for target in graph.successors(of: number) {
                waiting[Int(target)] -= 1
                if waiting[Int(target)] == 0 { open.append(target) }
            }
        }
        // Each activity that is left waits for another that is left: whoever goes back from one to the next comes round.
        var before = [Int32](repeating: -1, count: graph.count)
        for origin in 0..<Int32(graph.count) where waiting[Int(origin)] > 0 {
            for target in graph.successors(of: origin) where before[Int(target)] < 0 { before[Int(target)] = origin }
        }
        var step = [Int](repeating: -1, count: graph.count)
        var walk: [Int32] = []
        var number = Int32(waiting.firstIndex { $0 > 0 } ?? -1)
        while number >= 0 && step[Int(number)] < 0 {
            step[Int(number)] = walk.count
            walk.append(number)
            number = before[Int(number)]
        }
        var cycle = number < 0 ? [] : Array(walk[step[Int(number)]...].reversed())
        if let lowest = cycle.indices.min(by: { cycle[$0] < cycle[$1] }) {
            cycle = Array(cycle[lowest...] + cycle[..<lowest])
        }
        self.init(cycle: cycle)
    }
}

/// How much of an operation can be done at the same time, when every activity lasts as long as any other and nothing
/// waits for a free worker.
package struct ParallelPhases: Sendable, Hashable {
    /// How many activities work in each phase; a phase starts when the one before it has ended.
    package let sizes: [Int]

    /// Counts the phases of a graph.
    package init(_ graph: ActivityGraph) throws(CyclicGraphError) {
        let path = try CriticalPath(graph, .unit(graph))
        var sizes = [Int](repeating: 0, count: Int(path.length / ActivityWeights.second))
        for number in ActivityGraph.fixedCount..<Int32(graph.count) where graph.works(number) {
            sizes[Int(path.earliestStart[Int(number)] / ActivityWeights.second)] += 1
        }
        self.sizes = sizes
    }

    /// How many activities work in the largest phase.
    package var largest: Int { sizes.max() ?? 0 }
}
