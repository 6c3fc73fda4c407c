/// The activities of one operation and the order among them, as flat arrays.
///
/// Activity 0 is the start, activity 1 the finish; the others are hooks of resources. Edges are stored by their
/// origin: the targets of activity `a` are `targets[offsets[a]..<offsets[a + 1]]`, ascending.
package struct ActivityGraph: Sendable, Hashable {
    /// The activity that precedes all others.
    package static let start: Int32 = 0
    /// The activity that follows all others.
    package static let finish: Int32 = 1
    /// The number of activities that belong to no resource.
    package static let fixedCount: Int32 = 2

    /// One hook of one resource.
    package struct Activity: Sendable, Hashable {
        /// Position of the resource in the IR.
        package var resource: Int32
        package var hook: Hook
        /// Whether the plugin has nothing to do here: the activity only keeps the order.
        package var isBarrier: Bool

        package init(resource: Int32, hook: Hook, isBarrier: Bool) {
            self.resource = resource
            self.hook = hook
            self.isBarrier = isBarrier
        }
    }

    /// The hooks; activity number `i + 2` is `activities[i]`.
    package let activities: [Activity]
    /// Where each activity's targets begin; one more element than there are activities.
    package let offsets: [Int32]
    /// The edges' targets.
    package let targets: [Int32]

    /// The number of activities, start and finish included.
    package var count: Int { activities.count + Int(Self.fixedCount) }
    /// The number of edges.
    package var edgeCount: Int { targets.count }

    /// The hook of an activity number, `nil` for start and finish.
    package func activity(_ number: Int32) -> Activity? {
        number < Self.fixedCount ? nil : activities[Int(number - Self.fixedCount)]
    }

    /// The activities that wait for `number`, ascending.
    package func successors(of number: Int32) -> ArraySlice<Int32> {
        targets[Int(offsets[Int(number)])..<Int(offsets[Int(number) + 1])]
    }

    /// Whether the edges are those of `other`.
    package func hasOrder(of other: ActivityGraph) -> Bool { offsets == other.offsets && targets == other.targets }

    /// Whether there is an edge from `origin` to `target`.
    package func hasEdge(from origin: Int32, to target: Int32) -> Bool {
        var low = Int(offsets[Int(origin)])
        let end = Int(offsets[Int(origin) + 1])
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if targets[middle] < target { low = middle + 1 } else { high = middle }
        }
        return low < end && targets[low] == target
    }

    /// Builds a graph from edges in any order; an edge given twice counts once.
    ///
    /// Every edge's ends must be activity numbers of this graph.
    package init(activities: [Activity], edges: [(from: Int32, to: Int32)]) {
        self.activities = activities
        let sorted = Adjacency(count: activities.count + Int(Self.fixedCount), edges: edges)
        offsets = sorted.offsets
        targets = sorted.targets
    }

    /// Builds the graph that the order rules demand of resources with the given dependents, none of them named twice.
    package init(activities: [Activity], ordering dependents: DependentLists) {
        let count = dependents.count * 4 + Int(Self.fixedCount)
        var offsets = [Int32](repeating: 0, count: count + 1)
        ActivityOrder.forEachEdge(dependents) { from, _ in offsets[Int(from) + 1] += 1 }
        for number in 0..<count { offsets[number + 1] += offsets[number] }
        var targets = [Int32](repeating: 0, count: Int(offsets[count]))
        var next = offsets
        ActivityOrder.forEachEdge(dependents) { from, to in
            targets[Int(next[Int(from)])] = to
            next[Int(from)] += 1
        }
        // The rules come by resource, so most rows are in order already.
        for number in 0..<count {
            let row = Int(offsets[number])..<Int(offsets[number + 1])
            if row.count > 1 && row.dropFirst().contains(where: { targets[$0 - 1] > targets[$0] }) {
                targets[row].sort()
            }
        }
        self.activities = activities
        self.offsets = offsets
        self.targets = targets
    }

    /// Other activities in the same order, which is shared.
    package init(activities: [Activity], orderedLike other: ActivityGraph) {
        self.activities = activities
        offsets = other.offsets
        targets = other.targets
    }

    /// How many activities each one waits for.
    package var predecessorCounts: [Int32] {
        var counts = [Int32](repeating: 0, count: count)
        for target in targets { counts[Int(target)] += 1 }
        return counts
    }

    /// The activities in an order that respects every edge, or `nil` when there is a cycle; ties go by number.
    package func topologicalOrder() -> [Int32]? {
        var waiting = predecessorCounts
        var order: [Int32] = []
        order.reserveCapacity(count)
        for number in 0..<Int32(count) where waiting[Int(number)] == 0 { order.append(number) }
        var next = 0
        while next < order.count {
            for target in successors(of: order[next]) {
                waiting[Int(target)] -= 1
                if waiting[Int(target)] == 0 { order.append(target) }
            }
            next += 1
        }
        return order.count == count ? order : nil
    }
}
