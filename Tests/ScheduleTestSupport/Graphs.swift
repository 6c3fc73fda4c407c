package import PlanIR
package import Scheduling
package import SeededRandom

/// The activity graph of resources with the given dependents; `isBarrier` says which hooks do nothing.
package func graph(
    _ dependents: [[Int32]], isBarrier: (Int32, Hook) -> Bool = { _, _ in false }
) -> ActivityGraph {
    var activities: [ActivityGraph.Activity] = []
    for resource in dependents.indices {
        for hook in Hook.allCases {
            let number = Int32(resource)
            activities.append(.init(resource: number, hook: hook, isBarrier: isBarrier(number, hook)))
        }
    }
    return ActivityGraph(activities: activities, edges: ActivityOrder.edges(dependents: dependents))
}

/// Dependents of so many resources in which a child always has a higher number.
package func randomDependents(_ count: Int, _ generator: inout SeededGenerator) -> [[Int32]] {
    (0..<count).map { parent in
        (parent + 1..<max(parent + 1, count)).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            .map(Int32.init)
    }
}

/// The same resources under other numbers, so that no order of numbers is an order of the graph.
package func shuffled(_ dependents: [[Int32]], _ generator: inout SeededGenerator) -> [[Int32]] {
    let places = dependents.indices.shuffled(using: &generator)
    var result = [[Int32]](repeating: [], count: dependents.count)
    for (number, children) in dependents.enumerated() {
        result[places[number]] = children.map { Int32(places[Int($0)]) }
    }
    return result
}

/// A graph that follows no rules but being free of cycles: any activity may wait for any other.
package func randomGraph(_ count: Int, _ generator: inout SeededGenerator) -> ActivityGraph {
    let activities = (0..<count).map { number in
        ActivityGraph.Activity(
            resource: Int32(number / 4), hook: Hook.allCases[number % 4],
            isBarrier: Int.random(in: 0..<3, using: &generator) == 0)
    }
    let order = (0..<count).map { Int32($0) + ActivityGraph.fixedCount }.shuffled(using: &generator)
    let density = Int.random(in: 2...12, using: &generator)
    var edges: [(from: Int32, to: Int32)] = []
    for (position, number) in order.enumerated() {
        var isFirst = true
        for earlier in order[..<position] where Int.random(in: 0..<density, using: &generator) == 0 {
            edges.append((earlier, number))
            isFirst = false
        }
        if isFirst { edges.append((ActivityGraph.start, number)) }
        edges.append((number, ActivityGraph.finish))
    }
    if count == 0 { edges.append((ActivityGraph.start, ActivityGraph.finish)) }
    return ActivityGraph(activities: activities, edges: edges.shuffled(using: &generator))
}

/// Durations of all sorts, none and equal ones among them.
package func randomWeights(_ graph: ActivityGraph, _ generator: inout SeededGenerator) -> ActivityWeights {
    let most = [1, 3, 1000, 1_000_000_000_000].randomElement(using: &generator) ?? 1
    return ActivityWeights(graph) { _, _ in Int64.random(in: 0...Int64(most), using: &generator) }
}
