/// The edges of a graph as flat arrays, by their origin: those of node `n` lead to
/// `targets[offsets[n]..<offsets[n + 1]]`.
struct Adjacency {
    let offsets: [Int32]
    let targets: [Int32]

    init(offsets: [Int32], targets: [Int32]) {
        self.offsets = offsets
        self.targets = targets
    }

    /// Sorts edges that come in any order by origin and target; an edge given twice counts once.
    init(count: Int, edges: [(from: Int32, to: Int32)]) {
        // Two counting sorts: by target, then stably by origin.
        let byTarget = Adjacency.sorted(count: count, edges.count) { (edges[$0].to, edges[$0].from) }
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(count + 1)
        var targets: [Int32] = []
        targets.reserveCapacity(edges.count)
        let byOrigin = byTarget.reversed().adjacency
        for origin in 0..<Int32(count) {
            // Repetitions now stand side by side.
            var last: Int32 = -1
            for position in byOrigin.span(origin) where byOrigin.targets[position] != last {
                last = byOrigin.targets[position]
                targets.append(last)
            }
            offsets.append(Int32(targets.count))
        }
        self.init(offsets: offsets, targets: targets)
    }

    /// The number of nodes.
    var count: Int { offsets.count - 1 }

    /// Where the edges of `node` are in `targets`.
    @inline(__always)
    func span(_ node: Int32) -> Range<Int> { Int(offsets[Int(node)])..<Int(offsets[Int(node) + 1]) }

    /// How many edges lead from `node`.
    @inline(__always)
    func degree(_ node: Int32) -> Int32 { offsets[Int(node) + 1] - offsets[Int(node)] }

    /// Whether there is an edge from `origin` to `target`; the targets of each origin must be ascending.
    func hasEdge(from origin: Int32, to target: Int32) -> Bool {
        var low = Int(offsets[Int(origin)])
        let end = Int(offsets[Int(origin) + 1])
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if targets[middle] < target { low = middle + 1 } else { high = middle }
        }
        return low < end && targets[low] == target
    }

    /// The same edges the other way round, and for each of them its position in this one's `targets`.
    func reversed() -> (adjacency: Adjacency, edges: [Int32]) {
        var offsets = [Int32](repeating: 0, count: count + 1)
        for target in targets { offsets[Int(target) + 1] += 1 }
        for node in 0..<count { offsets[node + 1] += offsets[node] }
        var next = offsets
        var origins = [Int32](repeating: 0, count: targets.count)
        var edges = [Int32](repeating: 0, count: targets.count)
        for origin in 0..<Int32(count) {
            for position in span(origin) {
                let place = Int(next[Int(targets[position])])
                origins[place] = origin
                edges[place] = Int32(position)
                next[Int(targets[position])] += 1
            }
        }
        return (Adjacency(offsets: offsets, targets: origins), edges)
    }

    /// The nodes in an order that respects every edge, or `nil` when there is a cycle.
    ///
    /// Of the nodes that may come next, those of the lowest class come first, and among them the one that became free
    /// last. `classes` has a number below `classCount` for each node.
    func topologicalOrder(classes: [UInt8], classCount: Int) -> [Int32]? {
        var waiting = [Int32](repeating: 0, count: count)
        for target in targets { waiting[Int(target)] += 1 }
        var free = [[Int32]](repeating: [], count: classCount)
        for node in (0..<Int32(count)).reversed() where waiting[Int(node)] == 0 {
            free[Int(classes[Int(node)])].append(node)
        }
        var order: [Int32] = []
        order.reserveCapacity(count)
        while let lowest = free.firstIndex(where: { !$0.isEmpty }), let node = free[lowest].popLast() {
            order.append(node)
            for position in span(node) {
                let target = Int(targets[position])
                waiting[target] -= 1
                if waiting[target] == 0 { free[Int(classes[target])].append(Int32(target)) }
            }
        }
        return order.count == count ? order : nil
    }

    /// One counting sort: `edge` gives origin and target of each of so many edges.
    private static func sorted(count: Int, _ edgeCount: Int, _ edge: (Int) -> (Int32, Int32)) -> Adjacency {
        var offsets = [Int32](repeating: 0, count: count + 1)
        for number in 0..<edgeCount { offsets[Int(edge(number).0) + 1] += 1 }
        for node in 0..<count { offsets[node + 1] += offsets[node] }
        var next = offsets
        var targets = [Int32](repeating: 0, count: edgeCount)
        for number in 0..<edgeCount {
            let (origin, target) = edge(number)
            targets[Int(next[Int(origin)])] = target
            next[Int(origin)] += 1
        }
        return Adjacency(offsets: offsets, targets: targets)
    }
}
