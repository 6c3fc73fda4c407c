internal import PlanIR

extension Drawing {
    /// Draws resources of these types that have the same parents as one node.
    ///
    /// No new cycle comes of it: of two resources with the same parents neither is above the other.
    package mutating func collapse(_ names: [String]) throws(ViewError) {
        let types = try types(named: names)
        let count = plan.resources.count
        var parents = [[Int32]](repeating: [], count: count)
        for (position, resource) in plan.resources.enumerated() {
            for dependent in resource.dependents { parents[Int(dependent)].append(Int32(position)) }
        }
        var groupOf = (0..<Int32(count)).map { $0 }
        var first: [Key: Int32] = [:]
        var sizes = [Int32](repeating: 1, count: count)
        for (position, resource) in plan.resources.enumerated() where types.contains(resource.type) {
            let key = Key(type: resource.type, parents: parents[position])
            if let group = first[key] {
                groupOf[position] = group
                sizes[Int(group)] += 1
            } else {
                first[key] = Int32(position)
            }
        }
        merge(into: groupOf, sizes)
        captions.append("one node for alike " + names.joined(separator: ", "))
    }

    private struct Key: Hashable {
        let type: String
        let parents: [Int32]
    }

    /// Merges nodes whose resources are in one group, hook by hook.
    private mutating func merge(into groupOf: [Int32], _ sizes: [Int32]) {
        var numberOf: [NodeKey: Int32] = [:]
        var numbers = [Int32](repeating: 0, count: nodes.count)
        var merged: [Node] = []
        for (position, node) in nodes.enumerated() {
            var node = node
            guard node.resource >= 0 else {
                numbers[position] = Int32(merged.count)
                merged.append(node)
                continue
            }
            let group = groupOf[Int(node.resource)]
            let key = NodeKey(group: group, hook: node.hook)
            if let number = numberOf[key] {
                numbers[position] = number
                merged[Int(number)].marks.formUnion(node.marks)
                if !node.isBarrier { merged[Int(number)].isBarrier = false }
                if merged[Int(number)].note < 0 { merged[Int(number)].note = node.note }
            } else {
                numberOf[key] = Int32(merged.count)
                numbers[position] = Int32(merged.count)
                node.resource = group
                node.count = sizes[Int(group)]
                merged.append(node)
            }
        }
        nodes = merged
        var joined: [Edge] = edges.map { edge in
            var edge = edge
            edge.from = numbers[Int(edge.from)]
            edge.to = numbers[Int(edge.to)]
            return edge
        }
        joined.sort { ($0.from, $0.to) < ($1.from, $1.to) }
        var kept: [Edge] = []
        for edge in joined {
            if let last = kept.last, last.from == edge.from, last.to == edge.to {
                kept[kept.count - 1].marks.formUnion(edge.marks)
            } else {
                kept.append(edge)
            }
        }
        edges = kept
        self.groupOf = groupOf
    }

    private struct NodeKey: Hashable {
        let group: Int32
        let hook: Hook
    }
}
