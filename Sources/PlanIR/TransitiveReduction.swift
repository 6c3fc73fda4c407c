/// Finds the edges of an acyclic graph that say nothing: those between whose ends another path leads.
///
/// An edge u → v is one of them when another successor of u reaches v. Most edges are seen not to be without a search,
/// by three numberings that every path follows: the longest path from a source, the longest path to a sink, and the
/// position in one topological order. The others are looked for together: all that share the origin or the target,
/// whichever has more of them, in one search that stays between the ends' numbers and stops when none is left to find.
///
/// Searches may visit so many edges in all; what has not been found by then stays. Short searches go first.
struct TransitiveReduction {
    /// For each edge of the graph whether another path leads between its ends.
    private(set) var isRedundant: [Bool]
    /// Whether every such edge was found.
    private(set) var isComplete = true

    /// How many edges searches may visit: a number that small graphs never need, and some for each node and edge.
    static func budget(_ graph: Adjacency) -> Int { 1_000_000 + 16 * (graph.count + graph.targets.count) }

    /// `order` is a topological order of the graph; the classes by which it was made keep searches short.
    init(_ graph: Adjacency, order: [Int32], budget: Int) {
        isRedundant = [Bool](repeating: false, count: graph.targets.count)
        let (backward, edgeOf) = graph.reversed()
        let down = Direction(graph, Direction.depths(graph, order), Direction.depths(backward, order.reversed()), order)
        let up = Direction(backward, down.height, down.depth, order.reversed())
        var groups = Groups(down, up)
        var search = EdgeSearch(count: graph.count)
        var budget = budget
        var limit = 16
        while !groups.pending.isEmpty && budget > 0 {
            var unfinished: [Int32] = []
            for group in groups.pending {
                let isDown = group >= 0
                let node = isDown ? group : ~group
                let direction = isDown ? down : up
                let edges = direction.graph.span(node).filter {
                    groups.kind[isDown ? $0 : Int(edgeOf[$0])] == (isDown ? .byOrigin : .byTarget)
                }
                let allowance = min(budget, limit * (direction.graph.span(node).count + 1))
                let found = search.run(direction, node, edges, allowance)
                budget -= search.work
                guard let found else {
                    unfinished.append(group)
                    continue
                }
                for edge in found { isRedundant[isDown ? edge : Int(edgeOf[edge])] = true }
            }
            groups.pending = unfinished
            limit *= 8
        }
        isComplete = groups.pending.isEmpty
    }
}

/// A graph as a search sees it, along its edges or against them.
private struct Direction {
    let graph: Adjacency
    /// The longest path to each node from where the search's direction begins, and from it to where it ends.
    let depth: [Int32]
    let height: [Int32]
    /// The position of each node in a topological order.
    let rank: [Int32]

    init(_ graph: Adjacency, _ depth: [Int32], _ height: [Int32], _ order: [Int32]) {
        self.graph = graph
        self.depth = depth
        self.height = height
        var rank = [Int32](repeating: 0, count: order.count)
        for (position, node) in order.enumerated() { rank[Int(node)] = Int32(position) }
        self.rank = rank
    }

    static func depths(_ graph: Adjacency, _ order: [Int32]) -> [Int32] {
        var depths = [Int32](repeating: 0, count: graph.count)
        for node in order {
            let next = depths[Int(node)] + 1
            for position in graph.span(node) where depths[Int(graph.targets[position])] < next {
                depths[Int(graph.targets[position])] = next
            }
        }
        return depths
    }

    /// For each node the least depth and rank among its successors.
    var leastAmongSuccessors: (depth: [Int32], rank: [Int32]) {
        var leastDepth = [Int32](repeating: .max, count: graph.count)
        var leastRank = leastDepth
        for node in 0..<Int32(graph.count) {
            for position in graph.span(node) {
                let target = Int(graph.targets[position])
                leastDepth[Int(node)] = min(leastDepth[Int(node)], depth[target])
                leastRank[Int(node)] = min(leastRank[Int(node)], rank[target])
            }
        }
        return (leastDepth, leastRank)
    }
}

/// The edges that have to be looked for, by the search that looks for them.
private struct Groups {
    enum Kind: UInt8 { case settled, byOrigin, byTarget }

    /// For each edge of the graph how it is looked for.
    private(set) var kind: [Kind]
    /// The searches to be done: a number for that from a node, its complement for that to a node.
    var pending: [Int32] = []

    init(_ down: Direction, _ up: Direction) {
        let graph = down.graph
        kind = [Kind](repeating: .settled, count: graph.targets.count)
        let (depths, ranks) = down.leastAmongSuccessors
        let (heights, ranksAgainst) = up.leastAmongSuccessors
        var fromNode = [Int32](repeating: 0, count: graph.count)
        var toNode = fromNode
        for origin in 0..<graph.count {
            for position in graph.span(Int32(origin)) {
                let target = Int(graph.targets[position])
                // Another successor must lie before the target, and another predecessor behind the origin.
                guard depths[origin] < down.depth[target], ranks[origin] < down.rank[target],
                    heights[target] < up.depth[origin], ranksAgainst[target] < up.rank[origin]
                else { continue }
                kind[position] = .byOrigin
                fromNode[origin] += 1
                toNode[target] += 1
            }
        }
        var isTarget = [Bool](repeating: false, count: graph.count)
        for origin in 0..<graph.count where fromNode[origin] > 0 {
            var isOrigin = false
            for position in graph.span(Int32(origin)) where kind[position] == .byOrigin {
                let target = Int(graph.targets[position])
                if toNode[target] > fromNode[origin] {
                    kind[position] = .byTarget
                    isTarget[target] = true
                } else {
                    isOrigin = true
                }
            }
            if isOrigin { pending.append(Int32(origin)) }
        }
        for target in isTarget.indices where isTarget[target] { pending.append(~Int32(target)) }
    }
}

/// Searches from one node for those of its neighbours that other neighbours reach.
private struct EdgeSearch {
    /// The last search that has seen each node, and the last that looks for it.
    private var seen: [Int32]
    private var wanted: [Int32]
    private var number: Int32 = 0
    /// What is to be followed; what has many edges waits until nothing else is left.
    private var stack: [Int32] = []
    private var large: [Int32] = []
    private static let largeDegree = 16
    /// How many edges the last search has visited.
    private(set) var work = 0

    /// Outside of these lies nothing that reaches one of some nodes.
    private struct Bounds {
        var depth = Int32.min
        var height = Int32.max
        var rank = Int32.min

        init(_ direction: Direction, targets edges: [Int]) {
            for edge in edges {
                let target = Int(direction.graph.targets[edge])
                depth = max(depth, direction.depth[target])
                height = min(height, direction.height[target])
                rank = max(rank, direction.rank[target])
            }
        }

        @inline(__always)
        func admits(_ node: Int, _ direction: Direction) -> Bool {
            direction.depth[node] < depth && direction.height[node] > height && direction.rank[node] < rank
        }
    }

    init(count: Int) {
        seen = [Int32](repeating: 0, count: count)
        wanted = seen
    }

    /// Those of `edges` of `node` whose targets are reached otherwise; `nil` when that takes more work than allowed.
    mutating func run(_ direction: Direction, _ node: Int32, _ edges: [Int], _ allowance: Int) -> [Int]? {
        number += 1
        work = 0
        stack.removeAll(keepingCapacity: true)
        large.removeAll(keepingCapacity: true)
        let graph = direction.graph
        for edge in edges { wanted[Int(graph.targets[edge])] = number }
        var missing = edges.count
        // The edges whose targets were missing when the bounds were found.
        var open = edges
        var bounds = Bounds(direction, targets: open)
        var next = node
        while true {
            missing -= visit(next, direction, bounds, isFirst: next == node)
            if missing == 0 { break }
            if missing <= open.count - max(1, open.count / 4) {
                open.removeAll { wanted[Int(graph.targets[$0])] != number }
                bounds = Bounds(direction, targets: open)
                work += open.count
            }
            guard let top = follow(direction, bounds) else { break }
            if work + Int(graph.degree(top)) > allowance { return nil }
            next = top
        }
        return edges.filter { wanted[Int(graph.targets[$0])] != number }
    }

    /// Looks at the edges of a node; says how many of the targets that are wanted it has found.
    private mutating func visit(_ node: Int32, _ direction: Direction, _ bounds: Bounds, isFirst: Bool) -> Int {
        let graph = direction.graph
        var found = 0
        var furthest = -1
        var furthestLarge = -1
        for position in graph.span(node) {
            let target = Int(graph.targets[position])
            if !isFirst && wanted[target] == number {
                wanted[target] = 0
                found += 1
            }
            guard seen[target] != number, bounds.admits(target, direction) else { continue }
            seen[target] = number
            // What goes furthest is followed first: it comes soonest to what is wanted.
            if graph.degree(Int32(target)) > Self.largeDegree {
                large.append(Int32(target))
                if furthestLarge < 0 || direction.rank[target] > direction.rank[Int(large[furthestLarge])] {
                    furthestLarge = large.count - 1
                }
            } else {
                stack.append(Int32(target))
                if furthest < 0 || direction.rank[target] > direction.rank[Int(stack[furthest])] {
                    furthest = stack.count - 1
                }
            }
        }
        if furthest >= 0 { stack.swapAt(furthest, stack.count - 1) }
        if furthestLarge >= 0 { large.swapAt(furthestLarge, large.count - 1) }
        work += graph.span(node).count
        return found
    }

    /// The node to look at next: the last one seen that may still reach what is missing.
    private mutating func follow(_ direction: Direction, _ bounds: Bounds) -> Int32? {
        while let node = stack.popLast() ?? large.popLast() {
            if bounds.admits(Int(node), direction) { return node }
        }
        return nil
    }
}
