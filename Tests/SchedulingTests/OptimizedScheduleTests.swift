import PlanIR
import PlanTestSupport
import Scheduling
import SeededRandom
import Testing

@Suite("Schedules of smaller graphs") struct OptimizedScheduleTests {
    /// The steps of a run, with the activities' numbers in the whole graph.
    private func steps(
        _ graph: ActivityGraph, _ jobs: Int, _ weights: [Int64], original: [Int32]
    ) throws -> [[Int64]] {
        let weights = ActivityWeights(graph) { number, _ in weights[Int(original[Int(number)])] }
        return try Simulation(graph, jobs: jobs, weights: weights).steps.map {
            [Int64(original[Int($0.activity)]), Int64($0.lane), $0.start, $0.end]
        }
    }

    @Test("Without barriers and implied edges the same runs at the same time on the same lane")
    func sameSchedule() throws {
        let seed = testSeed()
        print("OptimizedScheduleTests.sameSchedule: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1200 {
            let place: Comment = "seed \(seed), round \(round)"
            let shape = ResourceShape.allCases[round % ResourceShape.allCases.count]
            let lists = DependentLists(shape.dependents(upTo: 14, &generator))
            let masks = (0..<lists.count).map { _ in UInt8.random(in: 0..<16, using: &generator) }
            let graph = ActivityGraph(activities: ActivityGraph.activities(working: masks), ordering: lists)
            // Few different durations, so that ties are common.
            let weights = (0..<graph.count).map { _ in Int64.random(in: 1...3, using: &generator) }
            let jobs = Int.random(in: 1...5, using: &generator)
            let whole = try steps(graph, jobs, weights, original: (0..<Int32(graph.count)).map(\.self))
            for smaller in [graph.removingBarriers(), graph.transitivelyReduced(), graph.optimized()] {
                #expect(try steps(smaller.graph, jobs, weights, original: smaller.original) == whole, place)
            }
        }
    }
}
