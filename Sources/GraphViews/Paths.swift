internal import PlanIR

/// Why one node comes before another: a shortest chain of edges.
package struct GraphPath: Sendable {
    /// The nodes from the first to the last.
    package let nodes: [Int32]
    /// Why each node behind the first follows the one before it.
    package let reasons: [String]
}

extension Drawing {
    /// A shortest way from what `from` names to what `to` names, the first by the order of nodes among several.
    package func path(from: String, to: String) throws(ViewError) -> GraphPath {
        let origins = try nodes(named: from)
        let targets = try nodes(named: to)
        guard let chain = shortest(from: origins, to: targets) else {
            throw .noPath(from: from, to: to, isReversed: shortest(from: targets, to: origins) != nil, view: view)
        }
        return GraphPath(nodes: chain, reasons: zip(chain, chain.dropFirst()).map { reason(from: $0, to: $1) })
    }

    /// Keeps only a path.
    package mutating func keep(_ path: GraphPath) {
        var isKept = [Bool](repeating: false, count: nodes.count)
        for node in path.nodes { isKept[Int(node)] = true }
        let steps = Set(zip(path.nodes, path.nodes.dropFirst()).map { Step(from: $0, to: $1) })
        edges = edges.filter { steps.contains(Step(from: $0.from, to: $0.to)) }
        if let first = path.nodes.first, let last = path.nodes.last {
            captions.append("path from \(id(Int(first))) to \(id(Int(last)))")
        }
        keep(isKept)
    }

    private struct Step: Hashable {
        let from: Int32
        let to: Int32
    }

    private func shortest(from origins: [Int32], to targets: [Int32]) -> [Int32]? {
        let outgoing = outgoing
        var cameFrom = [Int32](repeating: -1, count: nodes.count)
        var isTarget = [Bool](repeating: false, count: nodes.count)
        for target in targets { isTarget[Int(target)] = true }
        // A way has at least one edge: a node alone is no reason to wait.
        var queue = origins
        for origin in origins { cameFrom[Int(origin)] = origin }
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            for target in outgoing[Int(node)] {
                if isTarget[Int(target)] {
                    var chain = [target, node]
                    var at = node
                    while cameFrom[Int(at)] != at {
                        at = cameFrom[Int(at)]
                        chain.append(at)
                    }
                    return chain.reversed()
                }
                if cameFrom[Int(target)] < 0 {
                    cameFrom[Int(target)] = node
                    queue.append(target)
                }
            }
        }
        return nil
    }

    /// Which rule puts one node behind another that it follows.
    private func reason(from: Int32, to: Int32) -> String {
        let (origin, target) = (nodes[Int(from)], nodes[Int(to)])
        let edge = edges.first { $0.from == from && $0.to == to }
        switch edge?.reason {
        case .dependent: return "\(name(target)) is a dependent of \(name(origin))"
        case .bound:
            return origin.kind == .start ? "everything waits for the start" : "the finish waits for everything"
        case .within:
            return "\(target.hook.name) comes behind \(origin.hook.name) of the same resource"
        case .across where origin.hook == .prepareBegin:
            return "\(name(target)) is a dependent of \(name(origin)), which begins to stand still before its dependents do"
        case .across where origin.hook == .prepareFinish:
            return "\(name(target)) stands still until its dependent \(name(origin)) has been prepared"
        case .across: return "\(name(target)) is complete only when its dependent \(name(origin)) is"
        case .through, nil: return "by way of what is not drawn"
        }
    }

    private func name(_ node: Node) -> String { plan.resources[Int(node.resource)].id }
}
