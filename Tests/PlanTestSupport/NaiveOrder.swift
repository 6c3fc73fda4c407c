package import PlanIR

/// Which of so many things come before which, as a plain table.
package struct Relation: Equatable, Sendable {
    private var rows: [[UInt64]]

    /// Nothing comes before anything.
    package init(count: Int) {
        rows = [[UInt64]](repeating: [UInt64](repeating: 0, count: (count + 63) / 64), count: count)
    }

    /// What a graph's edges say, and what follows from them.
    package init(_ graph: ActivityGraph) {
        self.init(count: graph.count)
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) { relate(Int(origin), Int(target)) }
        }
        close()
    }

    package var count: Int { rows.count }

    package mutating func relate(_ first: Int, _ second: Int) { rows[first][second / 64] |= 1 << UInt64(second % 64) }

    package func holds(_ first: Int, _ second: Int) -> Bool { rows[first][second / 64] >> UInt64(second % 64) & 1 == 1 }

    /// Adds what follows: who comes before something comes before all that this comes before.
    package mutating func close() {
        for middle in rows.indices {
            for first in rows.indices where holds(first, middle) {
                for word in rows[first].indices { rows[first][word] |= rows[middle][word] }
            }
        }
    }

    /// What holds among some of the things, which are numbered anew.
    package func among(_ kept: [Int32]) -> Relation {
        var relation = Relation(count: kept.count)
        for (first, before) in kept.enumerated() {
            for (second, after) in kept.enumerated() where holds(Int(before), Int(after)) {
                relation.relate(first, second)
            }
        }
        return relation
    }
}

/// The order of activities as the design words it, one sentence after the other, without a thought for cost.
///
/// It shares nothing with the compiler but the numbers of activities: 0 is the start, 1 the finish, and `4r + h + 2`
/// hook `h` of resource `r`.
package enum NaiveOrder {
    package static func relation(_ dependents: [[Int32]]) -> Relation {
        var relation = Relation(count: 4 * dependents.count + 2)
        func number(_ resource: Int, _ hook: Int) -> Int { 4 * resource + hook + 2 }
        let (prepareBegin, prepareFinish, main, complete) = (0, 1, 2, 3)
        // For one resource: prepareBegin → prepareFinish → main → complete.
        for resource in dependents.indices {
            relation.relate(number(resource, prepareBegin), number(resource, prepareFinish))
            relation.relate(number(resource, prepareFinish), number(resource, main))
            relation.relate(number(resource, main), number(resource, complete))
        }
        // For a parent P and each child C: P.prepareBegin → C.prepareBegin, C.prepareFinish → P.prepareFinish,
        // C.complete → P.complete. Nothing orders main across resources.
        for (parent, children) in dependents.enumerated() {
            for child in children {
                relation.relate(number(parent, prepareBegin), number(Int(child), prepareBegin))
                relation.relate(number(Int(child), prepareFinish), number(parent, prepareFinish))
                relation.relate(number(Int(child), complete), number(parent, complete))
            }
        }
        // One start activity precedes everything; one finish activity follows everything.
        relation.relate(0, 1)
        for resource in dependents.indices {
            for hook in 0..<4 {
                relation.relate(0, number(resource, hook))
                relation.relate(number(resource, hook), 1)
            }
        }
        relation.close()
        return relation
    }
}
