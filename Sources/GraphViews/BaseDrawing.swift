package import PlanIR

extension Drawing {
    /// Everything of a view.
    package static func whole(
        _ plan: PlanIR, _ view: GraphView, _ operation: OperationKind = .protect, clustering: Clustering? = nil
    ) -> Drawing {
        switch view {
        case .resources: resources(plan, operation, clustering ?? .none)
        case .activities: activities(plan, plan.graph(operation), operation, clustering ?? .resource)
        }
    }

    private static func resources(
        _ plan: PlanIR, _ operation: OperationKind, _ clustering: Clustering
    ) -> Drawing {
        var nodes = plan.resources.indices.map { Node(.resource, resource: Int32($0)) }
        var edges: [Edge] = []
        for (position, resource) in plan.resources.enumerated() {
            if resource.discover != nil && plan.needsInventory { nodes[position].marks.insert(.discovers) }
            // Edges ascend; the order in which a plan names dependents is no order among them.
            for dependent in resource.dependents.sorted() {
                edges.append(Edge(from: Int32(position), to: dependent, .dependent))
            }
        }
        return Drawing(
            plan: plan, view: .resources, operation: operation, nodes: nodes, edges: edges, clustering: clustering)
    }

    /// The activities of a graph over the plan's resources, be it the operation's own or what an optimiser made of it.
    package static func activities(
        _ plan: PlanIR, _ graph: ActivityGraph, _ operation: OperationKind, _ clustering: Clustering
    ) -> Drawing {
        var nodes: [Node] = [Node(.start), Node(.finish)]
        nodes.reserveCapacity(graph.count)
        for activity in graph.activities {
            nodes.append(
                Node(.activity, resource: activity.resource, hook: activity.hook, isBarrier: activity.isBarrier))
        }
        var edges: [Edge] = []
        edges.reserveCapacity(graph.edgeCount)
        for origin in 0..<Int32(graph.count) {
            let resource = nodes[Int(origin)].resource
            for target in graph.successors(of: origin) {
                let other = nodes[Int(target)].resource
                let reason: Reason = resource < 0 || other < 0 ? .bound : resource == other ? .within : .across
                edges.append(Edge(from: origin, to: target, reason))
            }
        }
        return Drawing(
            plan: plan, view: .activities, operation: operation, nodes: nodes, edges: edges, clustering: clustering)
    }

    /// The activities of an operation without the barriers whose removal does not multiply edges.
    package static func withoutBarriers(
        _ plan: PlanIR, _ operation: OperationKind, clustering: Clustering? = nil
    ) -> Drawing {
        var drawing = activities(
            plan, plan.graph(operation).removingBarriers().graph, operation, clustering ?? .resource)
        drawing.hidesBarriers = true
        return drawing
    }

    /// The targets of each node, and where each node's edges begin.
    package var outgoing: Adjacency { Adjacency(count: nodes.count, edges.lazy.map { ($0.from, $0.to) }) }
    /// The origins of each node's edges.
    package var incoming: Adjacency { Adjacency(count: nodes.count, edges.lazy.map { ($0.to, $0.from) }) }
}

/// Which nodes lead to which, as flat arrays; `edges` are the positions of the pairs that it was made of.
package struct Adjacency: Sendable {
    package let offsets: [Int32]
    package let targets: [Int32]
    package let edges: [Int32]

    /// The lists of `count` nodes, each in the order of the pairs.
    package init(count: Int, _ pairs: some Collection<(Int32, Int32)>) {
        var offsets = [Int32](repeating: 0, count: count + 1)
        for pair in pairs { offsets[Int(pair.0) + 1] += 1 }
        for node in 0..<count { offsets[node + 1] += offsets[node] }
        var next = offsets
        var targets = [Int32](repeating: 0, count: pairs.count)
        var edges = targets
        for (position, pair) in pairs.enumerated() {
            let place = Int(next[Int(pair.0)])
            targets[place] = pair.1
            edges[place] = Int32(position)
            next[Int(pair.0)] += 1
        }
        self.offsets = offsets
        self.targets = targets
        self.edges = edges
    }

    /// Where a node's targets are.
    package func span(_ node: Int) -> Range<Int> { Int(offsets[node])..<Int(offsets[node + 1]) }

    /// The targets of a node.
    package subscript(node: Int) -> ArraySlice<Int32> { targets[span(node)] }
}
