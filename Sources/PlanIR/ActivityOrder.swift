/// The order rules of activity graphs, in one place: what the compiler builds and what the verifier demands.
///
/// Within a resource `prepareBegin → prepareFinish → main → complete`; for a parent P and its child C
/// `P.prepareBegin → C.prepareBegin`, `C.prepareFinish → P.prepareFinish`, `C.complete → P.complete`. Nothing orders
/// `main` across resources. The start precedes everything, the finish follows everything.
package enum ActivityOrder {
    /// The activity number of a hook when every resource has all four.
    @inline(__always)
    package static func number(_ resource: Int32, _ hook: Hook) -> Int32 {
        ActivityGraph.fixedCount + resource * 4 + Int32(hook.rawValue)
    }

    /// Every edge that the rules demand, given the dependents of each resource.
    ///
    /// The start needs edges only to resources without a parent, and the finish only from them: every other
    /// `prepareBegin` and `complete` is between those of its parents.
    package static func edges(dependents: some RandomAccessCollection<[Int32]>) -> [(from: Int32, to: Int32)] {
        var edges: [(from: Int32, to: Int32)] = []
        let resourceEdges = dependents.reduce(0) { $0 + $1.count }
        edges.reserveCapacity(dependents.count * 5 + resourceEdges * 3)
        var hasParent = [Bool](repeating: false, count: dependents.count)
        for children in dependents {
            for child in children { hasParent[Int(child)] = true }
        }
        for (position, children) in dependents.enumerated() {
            let parent = Int32(position)
            edges.append((number(parent, .prepareBegin), number(parent, .prepareFinish)))
            edges.append((number(parent, .prepareFinish), number(parent, .main)))
            edges.append((number(parent, .main), number(parent, .complete)))
            for child in children {
                edges.append((number(parent, .prepareBegin), number(child, .prepareBegin)))
                edges.append((number(child, .prepareFinish), number(parent, .prepareFinish)))
                edges.append((number(child, .complete), number(parent, .complete)))
            }
            if !hasParent[position] {
                edges.append((ActivityGraph.start, number(parent, .prepareBegin)))
                edges.append((number(parent, .complete), ActivityGraph.finish))
            }
        }
        if dependents.isEmpty { edges.append((ActivityGraph.start, ActivityGraph.finish)) }
        return edges
    }
}
