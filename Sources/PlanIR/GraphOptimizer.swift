/// A smaller graph with the same order among the activities that are left.
package struct OptimizedGraph: Sendable {
    /// The graph: some of the activities, in the order in which they were.
    package let graph: ActivityGraph
    /// The number that each of its activities had before, start and finish included.
    package let original: [Int32]
    /// Whether all was done that can be done; not so when it would have taken too much work, or there is a cycle.
    package let isComplete: Bool
}

extension ActivityGraph {
    /// The graph without the barriers whose removal does not add edges; start and finish stay.
    ///
    /// Of the activities that are left, one precedes another exactly if it did before. The result depends on the graph
    /// only. A graph with a cycle stays as it is.
    package func removingBarriers() -> OptimizedGraph {
        guard let order = order() else { return unchanged() }
        var isBarrier = [Bool](repeating: false, count: count)
        for (position, activity) in activities.enumerated() {
            isBarrier[position + Int(Self.fixedCount)] = activity.isBarrier
        }
        let removal = BarrierRemoval(adjacency, order: order, isBarrier: isBarrier)
        var original: [Int32] = []
        var numbers = [Int32](repeating: -1, count: count)
        for number in 0..<Int32(count) where removal.isKept[Int(number)] {
            numbers[Int(number)] = Int32(original.count)
            original.append(number)
        }
        let graph = ActivityGraph(
            activities: original.compactMap(activity),
            edges: removal.edges.map { (numbers[Int($0.from)], numbers[Int($0.to)]) })
        return OptimizedGraph(graph: graph, original: original, isComplete: true)
    }

    /// The graph without the edges between whose ends another path leads.
    ///
    /// Every activity stays, and precedes what it preceded. A graph with a cycle stays as it is; in one that is made to
    /// be difficult some of the edges may stay, and the result says so.
    package func transitivelyReduced() -> OptimizedGraph {
        transitivelyReduced(budget: TransitiveReduction.budget(adjacency))
    }

    /// The same with another bound on the work, so that tests come upon it.
    func transitivelyReduced(budget: Int) -> OptimizedGraph {
        guard let order = order() else { return unchanged() }
        let reduction = TransitiveReduction(adjacency, order: order, budget: budget)
        let (offsets, targets) = adjacency.without(reduction.isRedundant)
        return OptimizedGraph(
            graph: ActivityGraph(activities: activities, offsets: offsets, targets: targets),
            original: [Int32](0..<Int32(count)), isComplete: reduction.isComplete)
    }

    /// The smallest of these graphs: reduced, without barriers, and reduced again.
    ///
    /// The first reduction takes neighbours from barriers, so that more of them go; without them, further edges may be
    /// implied by others.
    package func optimized() -> OptimizedGraph {
        let reduced = transitivelyReduced()
        let removed = reduced.graph.removingBarriers()
        let last = removed.graph.transitivelyReduced()
        return OptimizedGraph(
            graph: last.graph, original: removed.original, isComplete: reduced.isComplete && last.isComplete)
    }

    private var adjacency: Adjacency { Adjacency(offsets: offsets, targets: targets) }

    /// A topological order with prepare hooks as early as may be, and `nil` for a graph with a cycle. No `main` or
    /// `complete` leads to a prepare hook, and by this order searches know it.
    private func order() -> [Int32]? {
        var classes = [UInt8](repeating: 0, count: count)
        for (position, activity) in activities.enumerated() {
            classes[position + Int(Self.fixedCount)] = activity.hook.rawValue
        }
        return adjacency.topologicalOrder(classes: classes, classCount: Hook.allCases.count)
    }

    private func unchanged() -> OptimizedGraph {
        OptimizedGraph(graph: self, original: [Int32](0..<Int32(count)), isComplete: false)
    }
}

extension DependentLists {
    /// The dependents without those that are also reached through other dependents, in the order in which they were;
    /// whether all of these were found is said with them, as for graphs of activities.
    package func transitivelyReduced() -> (lists: DependentLists, isComplete: Bool) {
        let graph = Adjacency(offsets: offsets, targets: targets)
        guard let order = graph.topologicalOrder(classes: [UInt8](repeating: 0, count: count), classCount: 1) else {
            return (self, false)
        }
        let reduction = TransitiveReduction(graph, order: order, budget: TransitiveReduction.budget(graph))
        let (offsets, targets) = graph.without(reduction.isRedundant)
        return (DependentLists(offsets: offsets, targets: targets), reduction.isComplete)
    }
}

extension Adjacency {
    /// The edges but for those that are marked.
    fileprivate func without(_ isMarked: [Bool]) -> (offsets: [Int32], targets: [Int32]) {
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(count + 1)
        var targets: [Int32] = []
        for node in 0..<Int32(count) {
            for position in span(node) where !isMarked[position] { targets.append(self.targets[position]) }
            offsets.append(Int32(targets.count))
        }
        return (offsets, targets)
    }
}
