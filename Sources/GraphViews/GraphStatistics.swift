package import PlanIR
internal import Scheduling
package import Timings

/// The figures of a plan's graphs, as docs/graph.md defines them.
package struct GraphStatistics: Sendable, Hashable {
    package let resources: Int
    /// Resources that are nobody's dependent.
    package let roots: Int
    /// Resources with more than one parent.
    package let shared: Int
    /// From resources to their dependents.
    package let dependencies: Int
    /// Resources on the longest way down.
    package let depth: Int
    /// The most resources that are equally deep.
    package let width: Int
    /// By `OperationKind.index`.
    package let operations: [Operation]

    /// The figures of one operation.
    package struct Operation: Sendable, Hashable {
        package let kind: OperationKind
        /// All activities, start and finish among them.
        package let activities: Int
        /// Those with work.
        package let working: Int
        package let edges: Int
        /// Activities and edges that are left when barriers are taken out and implied edges dropped.
        package let optimizedActivities: Int
        package let optimizedEdges: Int
        /// The sum of durations on the critical path, in nanoseconds; a second for each activity where nothing was
        /// measured.
        package let criticalPath: Int64
        /// How many activities with work are on it.
        package let criticalLength: Int
        package let largestPhase: Int
    }

    /// Counts. Durations are those of `timings`, which may be for one operation only.
    package init(_ plan: PlanIR, timings: ActivityTimings? = nil) throws(ViewError) {
        let lists = plan.dependentLists
        if lists.cycleMember != nil { throw .cyclic("counting") }
        var parents = [Int32](repeating: 0, count: lists.count)
        for target in lists.targets { parents[Int(target)] += 1 }
        resources = lists.count
        roots = parents.count { $0 == 0 }
        shared = parents.count { $0 > 1 }
        dependencies = lists.targets.count
        let levels = Self.levels(lists, parents)
        depth = levels.count
        width = levels.max() ?? 0
        var operations: [Operation] = []
        // Operations with the same work have the same graph, which is made smaller once.
        var sizes: [(of: ActivityGraph, optimized: ActivityGraph)] = []
        for kind in OperationKind.allCases {
            let graph = plan.graph(kind)
            let optimized = sizes.first { $0.of == graph }?.optimized ?? graph.optimized().graph
            sizes.append((graph, optimized))
            operations.append(try Self.figures(plan, kind, optimized, timings))
        }
        self.operations = operations
    }

    /// How many resources there are at each depth.
    private static func levels(_ lists: DependentLists, _ parents: [Int32]) -> [Int] {
        var waiting = parents
        var depth = [Int32](repeating: 0, count: lists.count)
        var ready = (0..<Int32(lists.count)).filter { waiting[Int($0)] == 0 }
        var next = 0
        var levels: [Int] = []
        while next < ready.count {
            let resource = Int(ready[next])
            next += 1
            let level = Int(depth[resource])
            if level == levels.count { levels.append(0) }
            levels[level] += 1
            for edge in lists.span(resource) {
                let child = Int(lists.targets[edge])
                depth[child] = max(depth[child], Int32(level) + 1)
                waiting[child] -= 1
                if waiting[child] == 0 { ready.append(Int32(child)) }
            }
        }
        return levels
    }

    private static func figures(
        _ plan: PlanIR, _ kind: OperationKind, _ optimized: ActivityGraph, _ timings: ActivityTimings?
    ) throws(ViewError) -> Operation {
        let graph = plan.graph(kind)
        let measured = timings.flatMap { try? EstimatedWeights($0, of: plan, kind) }
        let weights = (measured ?? EstimatedWeights(unit: graph)).weights
        do {
            let path = try CriticalPath(graph, weights)
            return Operation(
                kind: kind, activities: graph.count, working: graph.activities.count { !$0.isBarrier },
                edges: graph.edgeCount, optimizedActivities: optimized.count, optimizedEdges: optimized.edgeCount,
                criticalPath: path.length, criticalLength: path.activities.count { graph.works($0) },
                largestPhase: try ParallelPhases(graph).largest)
        } catch { throw .cyclic("counting") }
    }
}
