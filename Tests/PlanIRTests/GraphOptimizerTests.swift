import PlanTestSupport
import SeededRandom
import Testing

@testable import PlanIR

/// A random graph of activities: one that the order rules make, often with edges that follow from the others, or one
/// without any rule.
private func randomGraph(_ generator: inout SeededGenerator) -> ActivityGraph {
    let shape = ResourceShape.allCases[Int.random(in: 0..<ResourceShape.allCases.count, using: &generator)]
    let dependents = shape.dependents(upTo: 14, &generator)
    let workPercent = [0, 15, 50, 85, 100][Int.random(in: 0..<5, using: &generator)]
    var activities: [ActivityGraph.Activity] = []
    for resource in dependents.indices {
        for hook in Hook.allCases {
            let isBarrier = Int.random(in: 0..<100, using: &generator) >= workPercent
            activities.append(.init(resource: Int32(resource), hook: hook, isBarrier: isBarrier))
        }
    }
    let graph = ActivityGraph(activities: activities, ordering: DependentLists(dependents))
    switch Int.random(in: 0..<4, using: &generator) {
    case 0, 1: return graph
    case 2:
        let relation = Relation(graph)
        var edges = edges(of: graph)
        for first in 0..<Int32(graph.count) {
            for second in 0..<Int32(graph.count)
            where relation.holds(Int(first), Int(second)) && Int.random(in: 0..<6, using: &generator) == 0 {
                edges.append((first, second))
            }
        }
        return ActivityGraph(activities: activities, edges: edges.shuffled(using: &generator))
    default:
        // Any edges that lead upwards in some numbering; some activities may stand alone.
        activities.removeLast(Int.random(in: 0...activities.count, using: &generator))
        activities.shuffle(using: &generator)
        let numbers = (0..<Int32(activities.count + 2)).shuffled(using: &generator)
        let percent = Int.random(in: 2...40, using: &generator)
        var edges: [(from: Int32, to: Int32)] = []
        for first in numbers.indices {
            for second in (first + 1)..<max(first + 1, numbers.count)
            where Int.random(in: 0..<100, using: &generator) < percent {
                edges.append((numbers[first], numbers[second]))
            }
        }
        return ActivityGraph(activities: activities, edges: edges)
    }
}

private func edges(of graph: ActivityGraph) -> [(from: Int32, to: Int32)] {
    (0..<Int32(graph.count)).flatMap { origin in graph.successors(of: origin).map { (from: origin, to: $0) } }
}

/// What must be so for whatever was made smaller, by whatever means.
private func checkSound(_ graph: ActivityGraph, _ relation: Relation, _ result: OptimizedGraph, _ place: Comment) {
    #expect(result.original.prefix(2) == [ActivityGraph.start, ActivityGraph.finish], place)
    #expect(zip(result.original, result.original.dropFirst()).allSatisfy { $0 < $1 }, place)
    #expect(result.graph.activities == result.original.compactMap { graph.activity($0) }, place)
    #expect(result.graph.edgeCount <= graph.edgeCount, place)
    #expect(Relation(result.graph) == relation.among(result.original), place)
    #expect(edges(of: result.graph).map(\.from).count == result.graph.edgeCount, place)
}

private func isReduced(_ graph: ActivityGraph, _ relation: Relation) -> Bool {
    edges(of: graph).allSatisfy { edge in
        graph.successors(of: edge.from).allSatisfy { $0 == edge.to || !relation.holds(Int($0), Int(edge.to)) }
    }
}

/// Whether a barrier is left that could go.
private func hasNeedlessBarrier(_ graph: ActivityGraph) -> Bool {
    let predecessors = graph.predecessorCounts
    return (ActivityGraph.fixedCount..<Int32(graph.count)).contains { number in
        let (before, after) = (Int(predecessors[Int(number)]), graph.successors(of: number).count)
        return graph.activity(number)?.isBarrier == true && before * after <= before + after
    }
}

private func same(_ a: OptimizedGraph, _ b: OptimizedGraph) -> Bool {
    a.graph == b.graph && a.original == b.original && a.isComplete == b.isComplete
}

@Suite("Smaller graphs of the same order") struct GraphOptimizerTests {
    @Test("What is left keeps its order, on random graphs") func order() {
        let seed = testSeed()
        print("GraphOptimizerTests.order: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2500 {
            let place: Comment = "seed \(seed), round \(round)"
            let graph = randomGraph(&generator)
            let relation = Relation(graph)

            let removed = graph.removingBarriers()
            checkSound(graph, relation, removed, place)
            #expect(removed.isComplete && !hasNeedlessBarrier(removed.graph), place)
            #expect(removed.original.count == graph.count || graph.activities.contains { $0.isBarrier }, place)
            let again = removed.graph.removingBarriers()
            #expect(again.graph == removed.graph, place)

            let reduced = graph.transitivelyReduced()
            checkSound(graph, relation, reduced, place)
            #expect(reduced.isComplete && reduced.original.count == graph.count, place)
            #expect(isReduced(reduced.graph, relation), place)
            #expect(reduced.graph.transitivelyReduced().graph == reduced.graph, place)

            let optimized = graph.optimized()
            checkSound(graph, relation, optimized, place)
            #expect(optimized.isComplete && isReduced(optimized.graph, Relation(optimized.graph)), place)

            if round < 100 {
                #expect(same(graph.removingBarriers(), removed), place)
                #expect(same(graph.transitivelyReduced(), reduced), place)
            }
        }
    }

    @Test("Activities that work are never taken out, and those that could go are") func masks() {
        let dependents: [[Int32]] = [[1, 2], [3], [3], []]
        func graph(_ works: (Int32, Hook) -> Bool) -> ActivityGraph {
            var activities: [ActivityGraph.Activity] = []
            for resource in 0..<Int32(dependents.count) {
                for hook in Hook.allCases {
                    activities.append(.init(resource: resource, hook: hook, isBarrier: !works(resource, hook)))
                }
            }
            return ActivityGraph(activities: activities, ordering: DependentLists(dependents))
        }
        let none = graph { _, _ in false }.removingBarriers().graph
        #expect(none.activities.isEmpty && none.edgeCount == 1 && none.hasEdge(from: 0, to: 1))
        let all = graph { _, _ in true }
        #expect(all.removingBarriers().graph == all)
        // With `main` alone nothing is ordered, so every one stands between start and finish.
        let main = graph { _, hook in hook == .main }.removingBarriers().graph
        #expect(main.activities.map(\.hook) == [.main, .main, .main, .main] && main.edgeCount == 8)
    }

    @Test("A crossing of two and two goes, and makes room for others") func crossings() {
        // 2 and 3 work, then the barrier 4, then 5 and 6 work; the barrier 7 stands beside 4 with an edge to 5.
        func graph(_ edges: [(from: Int32, to: Int32)], barriers: Set<Int32>) -> ActivityGraph {
            let last = edges.map { max($0.from, $0.to) }.max() ?? 1
            let activities = (2...last).map {
                ActivityGraph.Activity(resource: $0, hook: .main, isBarrier: barriers.contains($0))
            }
            return ActivityGraph(activities: activities, edges: edges)
        }
        let crossing = graph(
            [(0, 2), (0, 3), (2, 4), (3, 4), (4, 5), (4, 6), (5, 1), (6, 1)], barriers: [4])
        #expect(crossing.removingBarriers().original == [0, 1, 2, 3, 5, 6])
        #expect(crossing.removingBarriers().graph.edgeCount == 8)
        let wide = graph(
            [(0, 2), (0, 3), (2, 4), (3, 4), (4, 5), (4, 6), (4, 7), (5, 1), (6, 1), (7, 1)], barriers: [4])
        #expect(wide.removingBarriers().graph == wide)
        // Once 4 is gone, 8 has the successors 5 and 6 only, since it had both already.
        let chained = graph(
            [
                (0, 2), (0, 3), (2, 8), (3, 8), (8, 4), (8, 5), (8, 6), (0, 7), (7, 4), (4, 5), (4, 6), (5, 1), (6, 1),
            ], barriers: [4, 8])
        #expect(chained.removingBarriers().original == [0, 1, 2, 3, 5, 6, 7])
    }

    @Test("Graphs with cycles stay as they are") func cycles() {
        let activities = (0..<4).map { ActivityGraph.Activity(resource: $0, hook: .main, isBarrier: $0 % 2 == 0) }
        let graph = ActivityGraph(activities: activities, edges: [(0, 2), (2, 3), (3, 4), (4, 2), (4, 5), (5, 1)])
        for result in [graph.removingBarriers(), graph.transitivelyReduced(), graph.optimized()] {
            #expect(result.graph == graph && result.original == [0, 1, 2, 3, 4, 5] && !result.isComplete)
        }
        let knot = DependentLists([[1], [0, 2], []])
        #expect(knot.transitivelyReduced().lists == knot && !knot.transitivelyReduced().isComplete)
    }

    @Test("Too little room for work is said, and what was done is right") func bounds() {
        let seed = testSeed()
        print("GraphOptimizerTests.bounds: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var incomplete = 0
        for round in 0..<200 {
            let graph = randomGraph(&generator)
            let relation = Relation(graph)
            let result = graph.transitivelyReduced(budget: round % 2 * graph.edgeCount)
            checkSound(graph, relation, result, "seed \(seed), round \(round)")
            if result.isComplete {
                #expect(isReduced(result.graph, relation), "seed \(seed), round \(round)")
            } else {
                incomplete += 1
            }
        }
        #expect(incomplete > 50, "seed \(seed)")
    }

    @Test("Dependents reached through others go, and the others keep their places") func dependents() {
        let lists = DependentLists([[3, 1, 2], [2], [3], []])
        #expect(lists.transitivelyReduced().lists == DependentLists([[1], [2], [3], []]))
        let seed = testSeed()
        print("GraphOptimizerTests.dependents: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<800 {
            let place: Comment = "seed \(seed), round \(round)"
            let shape = ResourceShape.allCases[round % ResourceShape.allCases.count]
            let dependents = shape.dependents(upTo: 30, &generator)
            let (lists, isComplete) = DependentLists(dependents).transitivelyReduced()
            #expect(isComplete, place)
            var relation = Relation(count: dependents.count)
            for (parent, children) in dependents.enumerated() {
                for child in children { relation.relate(parent, Int(child)) }
            }
            relation.close()
            // Exactly those stay that no other dependent reaches, which are the same in any reduction.
            for (parent, children) in dependents.enumerated() {
                let needed = children.filter { child in
                    !children.contains { $0 != child && relation.holds(Int($0), Int(child)) }
                }
                #expect(Array(lists.targets[lists.span(parent)]) == needed, place)
            }
        }
    }

    /// The work is bounded by the size of the graph, so that what is complete was done in linear time.
    @Test("Large graphs of usual and of difficult shape are reduced completely", arguments: LargeShape.allCases)
    func large(_ shape: LargeShape) {
        let lists = DependentLists(shape.dependents(4000))
        let activities = (0..<lists.count).flatMap { resource in
            Hook.allCases.map {
                ActivityGraph.Activity(resource: Int32(resource), hook: $0, isBarrier: $0 == .prepareBegin)
            }
        }
        let graph = ActivityGraph(activities: activities, ordering: lists)
        let result = graph.optimized()
        // Only what is small is expected: a failure would print all of it.
        let isOptimized = result.isComplete && result.graph.topologicalOrder() != nil
        #expect(isOptimized)
        let (reduced, isComplete) = lists.transitivelyReduced()
        #expect(isComplete)
        switch shape {
        case .tree, .chain, .diamonds, .layers, .star:
            let isUnchanged = reduced == lists
            #expect(isUnchanged)
        case .allNameTheLast, .firstNamesAll, .nextThree:
            #expect(reduced.targets.count == lists.count - 1)
        }
        // `prepareBegin → prepareFinish` of a parent follows from its dependents.
        let parents = (0..<lists.count).count { !reduced.span($0).isEmpty }
        let roots = lists.count - Set(lists.targets).count
        // The room that graphs of any size have, without that which is there for small ones.
        let bounded = graph.transitivelyReduced(budget: 16 * (graph.count + graph.edgeCount))
        let isBounded = bounded.isComplete
        #expect(isBounded)
        let edgeCount = bounded.graph.edgeCount
        #expect(edgeCount == 3 * lists.count - parents + 3 * reduced.targets.count + 2 * roots)
    }

    enum LargeShape: CaseIterable, Sendable {
        case tree, chain, diamonds, layers, star, allNameTheLast, firstNamesAll, nextThree

        func dependents(_ count: Int) -> [[Int32]] {
            (0..<count).map { parent in
                switch self {
                case .tree: return [2 * parent + 1, 2 * parent + 2].filter { $0 < count }.map(Int32.init)
                case .chain: return parent + 1 < count ? [Int32(parent + 1)] : []
                case .diamonds:
                    return [2 * (parent / 2 + 1), 2 * (parent / 2 + 1) + 1].filter { $0 < count }.map(Int32.init)
                case .layers:
                    let next = 20 * (parent / 20 + 1)
                    return (next..<next + 20).filter { $0 < count }.map(Int32.init)
                case .star: return parent == 0 ? (1..<Int32(count)).map(\.self) : []
                case .allNameTheLast:
                    return parent + 2 < count
                        ? [Int32(parent + 1), Int32(count - 1)] : parent + 1 < count ? [Int32(parent + 1)] : []
                case .nextThree: return (parent + 1...parent + 3).filter { $0 < count }.map(Int32.init)
                case .firstNamesAll:
                    if parent == 0 { return (1..<Int32(count)).map(\.self) }
                    return parent + 1 < count ? [Int32(parent + 1)] : []
                }
            }
        }
    }
}

@Suite("The order rules against their wording") struct NaiveOrderTests {
    @Test("Graphs of dependents have the order of the rules, on random graphs") func order() {
        let seed = testSeed()
        print("NaiveOrderTests.order: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2000 {
            let shape = ResourceShape.allCases[round % ResourceShape.allCases.count]
            let dependents = shape.dependents(upTo: 15, &generator)
            let activities = dependents.indices.flatMap { resource in
                Hook.allCases.map { ActivityGraph.Activity(resource: Int32(resource), hook: $0, isBarrier: false) }
            }
            let graph = ActivityGraph(activities: activities, ordering: DependentLists(dependents))
            #expect(Relation(graph) == NaiveOrder.relation(dependents), "seed \(seed), round \(round), \(shape)")
        }
    }
}
