/// Takes barriers out of an acyclic graph where that does not make it larger.
///
/// A barrier with p predecessors and s successors may go when p·s ≤ p + s: when one of the two is at most 1, or both
/// are 2. Its predecessors then lead to its successors. There are three steps, each linear in the graph:
///
/// 1. From the start on, barriers with one predecessor go. Predecessors that have become the same count once.
/// 2. From the finish on, barriers with one successor go.
/// 3. Barriers with two of each go, in topological order, and then those whose neighbours have become fewer.
///
/// No step makes work for an earlier one: who had two successors keeps two, since a barrier that goes is replaced by
/// its own, and the same holds for predecessors. So nothing is left that may go, and a second removal changes nothing.
struct BarrierRemoval {
    private let isBarrier: [Bool]
    private let order: [Int32]
    /// Which nodes are still there.
    private(set) var isKept: [Bool]
    /// The edges among the nodes that are still there.
    private(set) var edges: [(from: Int32, to: Int32)] = []

    init(_ graph: Adjacency, order: [Int32], isBarrier: [Bool]) {
        self.isBarrier = isBarrier
        self.order = order
        isKept = [Bool](repeating: true, count: graph.count)
        var forward = graph
        var backward = graph.reversed().adjacency
        backward = passOver(forward, predecessors: backward, order: order).reversed().adjacency
        forward =
            passOver(backward, predecessors: backward.reversed().adjacency, order: order.reversed())
            .reversed().adjacency
        var crossings = CrossingRemoval(forward, isKept: isKept)
        crossings.remove(order.filter { isBarrier[Int($0)] && isKept[Int($0)] }, isBarrier)
        isKept = crossings.isKept
        edges = crossings.edges
    }

    /// Takes out the barriers with at most one predecessor, in one walk along `order`; returns the edges that are left.
    private mutating func passOver(_ graph: Adjacency, predecessors: Adjacency, order: [Int32]) -> Adjacency {
        // Who takes over the edges of each node: itself, when it stays; -1 when it goes and waited for nothing.
        var heirs = [Int32](0..<Int32(graph.count))
        for node in order where isBarrier[Int(node)] && isKept[Int(node)] {
            var only: Int32 = -1
            var hasSeveral = false
            for position in predecessors.span(node) {
                let heir = heirs[Int(predecessors.targets[position])]
                if heir < 0 || heir == only { continue }
                hasSeveral = only >= 0
                only = heir
                if hasSeveral { break }
            }
            if hasSeveral { continue }
            heirs[Int(node)] = only
            isKept[Int(node)] = false
        }
        var edges: [(from: Int32, to: Int32)] = []
        edges.reserveCapacity(graph.targets.count)
        for origin in 0..<Int32(graph.count) where heirs[Int(origin)] >= 0 {
            for position in graph.span(origin) where isKept[Int(graph.targets[position])] {
                edges.append((heirs[Int(origin)], graph.targets[position]))
            }
        }
        return Adjacency(count: graph.count, edges: edges)
    }
}

/// Takes out barriers with two predecessors and two successors.
///
/// Edges that are added stand in lists beside the flat arrays; edges of what is gone stay where they are, and are
/// passed over.
private struct CrossingRemoval {
    private let forward: Adjacency
    private let backward: Adjacency
    private(set) var isKept: [Bool]
    /// How many successors and predecessors each node has now.
    private var successorCounts: [Int32]
    private var predecessorCounts: [Int32]
    private var added: [(from: Int32, to: Int32)] = []
    private var isAdded: Set<UInt64> = []
    /// The edges in `added` that lead from a node, and those that lead to it.
    private var addedFrom: [Int32: [Int32]] = [:]
    private var addedTo: [Int32: [Int32]] = [:]

    init(_ graph: Adjacency, isKept: [Bool]) {
        forward = graph
        backward = graph.reversed().adjacency
        self.isKept = isKept
        successorCounts = (0..<Int32(graph.count)).map { graph.degree($0) }
        predecessorCounts = [Int32](repeating: 0, count: graph.count)
        for target in graph.targets { predecessorCounts[Int(target)] += 1 }
    }

    /// The edges that are left.
    var edges: [(from: Int32, to: Int32)] {
        var edges: [(from: Int32, to: Int32)] = []
        for origin in 0..<Int32(forward.count) where isKept[Int(origin)] {
            for position in forward.span(origin) where isKept[Int(forward.targets[position])] {
                edges.append((origin, forward.targets[position]))
            }
        }
        return edges + added.filter { isKept[Int($0.from)] && isKept[Int($0.to)] }
    }

    mutating func remove(_ barriers: [Int32], _ isBarrier: [Bool]) {
        var queue = barriers
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            guard isKept[Int(node)], predecessorCounts[Int(node)] == 2, successorCounts[Int(node)] == 2 else {
                continue
            }
            let predecessors = neighbours(node, backward, addedTo[node], \.from)
            let successors = neighbours(node, forward, addedFrom[node], \.to)
            isKept[Int(node)] = false
            for origin in predecessors {
                successorCounts[Int(origin)] -= 1
                for target in successors { add(from: origin, to: target) }
            }
            for target in successors { predecessorCounts[Int(target)] -= 1 }
            // An edge that was there already makes two nodes lose a neighbour.
            queue += (predecessors + successors).filter { isBarrier[Int($0)] }
        }
    }

    private func neighbours(
        _ node: Int32, _ adjacency: Adjacency, _ more: [Int32]?, _ end: KeyPath<(from: Int32, to: Int32), Int32>
    ) -> [Int32] {
        let all = adjacency.targets[adjacency.span(node)] + (more ?? []).map { added[Int($0)][keyPath: end] }
        return all.filter { isKept[Int($0)] }
    }

    private mutating func add(from origin: Int32, to target: Int32) {
        guard !forward.hasEdge(from: origin, to: target),
            isAdded.insert(UInt64(origin) << 32 | UInt64(target)).inserted
        else { return }
        addedFrom[origin, default: []].append(Int32(added.count))
        addedTo[target, default: []].append(Int32(added.count))
        added.append((origin, target))
        successorCounts[Int(origin)] += 1
        predecessorCounts[Int(target)] += 1
    }
}
