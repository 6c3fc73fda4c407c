import PlanIR
import ScheduleTestSupport
import Scheduling
import SeededRandom
import Testing

@Suite struct CriticalPathTests {
    @Test func agreesWithEnumeratingAllPaths() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<100 {
            let graph = randomGraph(Int.random(in: 0...9, using: &generator), &generator)
            let weights = randomWeights(graph, &generator)
            let path = try CriticalPath(graph, weights)
            let place: Comment = "seed \(seed), round \(round)"
            // Every path from the start on, with the time at which each of its activities begins.
            var longest: Int64 = 0
            var earliest = [Int64](repeating: 0, count: graph.count)
            var open: [(Int32, Int64)] = [(ActivityGraph.start, 0)]
            while let (number, time) = open.popLast() {
                earliest[Int(number)] = max(earliest[Int(number)], time)
                longest = max(longest, time + weights[number])
                for target in graph.successors(of: number) { open.append((target, time + weights[number])) }
            }
            #expect(path.length == longest, place)
            #expect(path.earliestStart == earliest, place)
            let naive = NaivePlan(graph, weights)
            for number in 0..<Int32(graph.count) {
                #expect(path.remaining[Int(number)] == naive.remaining(number), place)
                #expect(path.latestStart(number) == longest - naive.remaining(number), place)
                #expect(path.slack(number) == path.latestStart(number) - earliest[Int(number)], place)
            }
            // The path is one, of the length that it says, and without slack.
            #expect(path.activities.reduce(0) { $0 + weights[$1] } == longest, place)
            #expect(zip(path.activities, path.activities.dropFirst()).allSatisfy(graph.hasEdge), place)
            #expect(path.activities.first == ActivityGraph.start && path.activities.last == ActivityGraph.finish, place)
            #expect(path.activities.allSatisfy(path.isCritical), place)
        }
    }

    @Test func amongEqualsTheLowestNumbersArePicked() throws {
        let path = try CriticalPath(graph([[], [], []]), .unit(graph([[], [], []])))
        #expect(path.activities == [0, 2, 3, 4, 5, 1])
        #expect(path.length == 4 * ActivityWeights.second)
    }

    @Test func aCycleIsAnErrorThatNamesIt() throws {
        let activities = (0..<6).map { ActivityGraph.Activity(resource: $0, hook: .main, isBarrier: false) }
        let cyclic = ActivityGraph(
            activities: activities, edges: [(0, 2), (2, 5), (5, 3), (3, 4), (4, 5), (4, 6), (6, 1), (0, 7), (7, 1)])
        let error = #expect(throws: CyclicGraphError.self) { try CriticalPath(cyclic, .unit(cyclic)) }
        #expect(error?.cycle == [3, 4, 5])
        #expect(
            error?.description
                == "the graph has a cycle of 3 activities, so there is no order in which they could run")
        #expect(throws: CyclicGraphError.self) { try Simulation(cyclic, jobs: 2) }
        #expect(throws: CyclicGraphError.self) { try ParallelPhases(cyclic) }
        let own = ActivityGraph(activities: activities, edges: [(0, 2), (2, 2), (2, 1)])
        #expect(throws: CyclicGraphError(cycle: [2])) { try CriticalPath(own, .unit(own)) }
    }

    @Test func everyCycleThatIsNamedIsOne() {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var cycles = 0
        for round in 0..<200 {
            let count = Int32.random(in: 2...12, using: &generator)
            let activities = (0..<count).map { ActivityGraph.Activity(resource: $0, hook: .main, isBarrier: false) }
            let edges = (0..<count * 2).map { _ in
                (
                    from: Int32.random(in: 0..<count + 2, using: &generator),
                    to: Int32.random(in: 0..<count + 2, using: &generator)
                )
            }
            let graph = ActivityGraph(activities: activities, edges: edges)
            do {
                _ = try CriticalPath(graph, .unit(graph))
                #expect(graph.topologicalOrder() != nil)
            } catch {
                let cycle = error.cycle
                cycles += 1
                let steps = zip(cycle, cycle.dropFirst() + cycle.prefix(1))
                #expect(steps.allSatisfy(graph.hasEdge), "seed \(seed), round \(round)")
                #expect(!cycle.isEmpty && cycle.first == cycle.min() && Set(cycle).count == cycle.count)
            }
        }
        #expect(cycles > 20)
    }

    @Test func sumsBeyondAllMeasureSaturate() throws {
        let graph = graph([[], []])
        let weights = ActivityWeights(graph) { _, _ in .max }
        let path = try CriticalPath(graph, weights)
        #expect(path.length == .max && weights.total == .max)
        let run = try Simulation(graph, jobs: 1, weights: weights)
        #expect(run.makespan == .max && run.utilisation == 1)
    }

    @Test func phasesCountWhatWorksAtTheSameTime() throws {
        // A parent with three children: the children's main hooks and the parent's work side by side.
        let phases = try ParallelPhases(graph([[1, 2, 3], [], [], []]))
        #expect(phases.sizes.reduce(0, +) == 16)
        #expect(phases.sizes == [1, 3, 3, 4, 4, 1] && phases.largest == 4)
        let none = try ParallelPhases(graph([[1], []]) { _, _ in true })
        #expect(none.sizes.isEmpty && none.largest == 0)
    }
}
