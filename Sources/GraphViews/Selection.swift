internal import PlanIR

/// Which way from a node.
package struct Directions: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// To what comes before it: parents, or the activities that it waits for.
    package static let up = Directions(rawValue: 1)
    /// To what comes behind it: dependents, or the activities that wait for it.
    package static let down = Directions(rawValue: 2)
}

extension Drawing {
    /// Keeps only what is at most `depth` edges away from the nodes that are named; all that is connected with them when
    /// no depth is given.
    package mutating func focus(
        on names: [String], depth: Int?, _ directions: Directions = [.up, .down]
    ) throws(ViewError) {
        var seeds: [Int32] = []
        for name in names { seeds += try nodes(named: name) }
        var isKept = [Bool](repeating: false, count: nodes.count)
        for seed in seeds {
            isKept[Int(seed)] = true
            nodes[Int(seed)].marks.insert(.focus)
        }
        let limit = depth ?? .max
        if directions.contains(.down) { Self.spread(from: seeds, along: outgoing, limit, &isKept) }
        if directions.contains(.up) { Self.spread(from: seeds, along: incoming, limit, &isKept) }
        keep(isKept)
        captions.append("around " + names.joined(separator: ", "))
    }

    /// Marks what is at most `limit` edges away, ring by ring.
    private static func spread(from seeds: [Int32], along lists: Adjacency, _ limit: Int, _ isKept: inout [Bool]) {
        // What was reached in the other direction must be walked through, too.
        var isSeen = [Bool](repeating: false, count: isKept.count)
        var ring = seeds
        for seed in seeds { isSeen[Int(seed)] = true }
        var depth = 0
        while !ring.isEmpty && depth < limit {
            var next: [Int32] = []
            for node in ring {
                for target in lists[Int(node)] where !isSeen[Int(target)] {
                    isSeen[Int(target)] = true
                    isKept[Int(target)] = true
                    next.append(target)
                }
            }
            ring = next
            depth += 1
        }
    }

    /// Drops the nodes that are not to be kept, and the edges that have one at an end.
    mutating func keep(_ isKept: [Bool]) {
        var numbers = [Int32](repeating: -1, count: nodes.count)
        var left: [Node] = []
        for (position, node) in nodes.enumerated() where isKept[position] {
            numbers[position] = Int32(left.count)
            left.append(node)
        }
        nodes = left
        edges = edges.compactMap { edge in
            var edge = edge
            edge.from = numbers[Int(edge.from)]
            edge.to = numbers[Int(edge.to)]
            return edge.from < 0 || edge.to < 0 ? nil : edge
        }
    }

    /// Keeps only resources of these types; ways through others become edges of their own. Start and finish stay.
    package mutating func keep(only names: [String]) throws(ViewError) {
        let types = try types(named: names)
        let isKept = nodes.map { node in
            node.resource < 0 || types.contains(plan.resources[Int(node.resource)].type)
        }
        contract(isKept)
        captions.append("only " + names.joined(separator: ", "))
    }

    /// Drops nodes, and leads the ways through them past them: one kept node reaches another afterwards exactly if it
    /// did before.
    mutating func contract(_ isKept: [Bool]) {
        let outgoing = outgoing
        var ways: [Edge] = []
        // The last node from which each one was reached.
        var reachedFrom = [Int32](repeating: -1, count: nodes.count)
        var stack: [Int32] = []
        for origin in 0..<Int32(nodes.count) where isKept[Int(origin)] {
            var found: [(target: Int32, edge: Int32)] = []
            for position in outgoing.span(Int(origin)) {
                let target = outgoing.targets[position]
                if isKept[Int(target)] {
                    if reachedFrom[Int(target)] != origin { found.append((target, outgoing.edges[position])) }
                    reachedFrom[Int(target)] = origin
                }
            }
            for target in outgoing[Int(origin)] where !isKept[Int(target)] && reachedFrom[Int(target)] != origin {
                reachedFrom[Int(target)] = origin
                stack.append(target)
                while let node = stack.popLast() {
                    for next in outgoing[Int(node)] where reachedFrom[Int(next)] != origin {
                        reachedFrom[Int(next)] = origin
                        if isKept[Int(next)] { found.append((next, -1)) } else { stack.append(next) }
                    }
                }
            }
            found.sort { $0.target < $1.target }
            for (target, edge) in found where target != origin || edge >= 0 {
                ways.append(edge >= 0 ? edges[Int(edge)] : Edge(from: origin, to: target, .through))
            }
        }
        edges = ways
        keep(isKept)
    }

    /// Drops the edges between whose ends another way leads; false when some may be left. A graph with a cycle stays.
    package mutating func reduce() -> Bool {
        let outgoing = outgoing
        let (lists, isComplete) = DependentLists(offsets: outgoing.offsets, targets: outgoing.targets)
            .transitivelyReduced()
        var left: [Edge] = []
        for node in nodes.indices {
            var next = lists.span(node).lowerBound
            for position in outgoing.span(node) where next < lists.span(node).upperBound {
                if lists.targets[next] != outgoing.targets[position] { continue }
                left.append(edges[Int(outgoing.edges[position])])
                next += 1
            }
        }
        edges = left
        return isComplete
    }
}
