internal import PlanIR

extension Drawing {
    /// Marks the nodes and edges that lie on cycles; whether there are any.
    package mutating func markCycles() -> Bool {
        let outgoing = outgoing
        // Most plans have none, which is known sooner than where they are.
        if outgoing.isAcyclic { return false }
        let components = StronglyConnected.components(
            count: nodes.count, successors: { outgoing.span($0).count },
            successor: { Int(outgoing.targets[outgoing.span($0).lowerBound + $1]) })
        var componentOf = [Int32](repeating: -1, count: nodes.count)
        for (number, component) in components.enumerated() where component.count > 1 {
            for node in component {
                componentOf[node] = Int32(number)
                nodes[node].marks.insert(.cycle)
            }
        }
        var isFound = components.contains { $0.count > 1 }
        // Between two nodes of a component every edge is part of a cycle; so is one from a node to itself.
        for position in edges.indices {
            let (from, to) = (Int(edges[position].from), Int(edges[position].to))
            guard from == to || (componentOf[from] >= 0 && componentOf[from] == componentOf[to]) else { continue }
            edges[position].marks.insert(.cycle)
            nodes[from].marks.insert(.cycle)
            isFound = true
        }
        return isFound
    }
}

extension Adjacency {
    /// Whether no node leads back to itself.
    fileprivate var isAcyclic: Bool {
        let count = offsets.count - 1
        var waiting = [Int32](repeating: 0, count: count)
        for target in targets { waiting[Int(target)] += 1 }
        var free = (0..<count).filter { waiting[$0] == 0 }
        var seen = 0
        while let node = free.popLast() {
            seen += 1
            for position in span(node) {
                let target = Int(targets[position])
                waiting[target] -= 1
                if waiting[target] == 0 { free.append(target) }
            }
        }
        return seen == count
    }
}
