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

    /// Calls `body` with every edge that the rules demand, given the dependents of each resource.
    ///
    /// The start needs edges only to resources without a parent, and the finish only from them: every other
    /// `prepareBegin` and `complete` is between those of its parents.
    @inline(__always)
    static func forEachEdge<Failure: Error>(
        _ dependents: DependentLists, _ body: (_ from: Int32, _ to: Int32) throws(Failure) -> Void
    ) throws(Failure) {
        var hasParent = [Bool](repeating: false, count: dependents.count)
        for child in dependents.targets { hasParent[Int(child)] = true }
        for position in 0..<dependents.count {
            let parent = Int32(position)
            try body(number(parent, .prepareBegin), number(parent, .prepareFinish))
            try body(number(parent, .prepareFinish), number(parent, .main))
            try body(number(parent, .main), number(parent, .complete))
            for edge in dependents.span(position) {
                let child = dependents.targets[edge]
                try body(number(parent, .prepareBegin), number(child, .prepareBegin))
                try body(number(child, .prepareFinish), number(parent, .prepareFinish))
                try body(number(child, .complete), number(parent, .complete))
            }
            if !hasParent[position] {
                try body(ActivityGraph.start, number(parent, .prepareBegin))
                try body(number(parent, .complete), ActivityGraph.finish)
            }
        }
        if dependents.count == 0 { try body(ActivityGraph.start, ActivityGraph.finish) }
    }

    /// Every edge that the rules demand, given the dependents of each resource.
    package static func edges(dependents: some Sequence<[Int32]>) -> [(from: Int32, to: Int32)] {
        var edges: [(from: Int32, to: Int32)] = []
        forEachEdge(DependentLists(dependents)) { from, to in edges.append((from, to)) }
        return edges
    }
}
