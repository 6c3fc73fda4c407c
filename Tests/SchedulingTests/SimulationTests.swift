import CanonicalForm
import Glibc
import PlanIR
import ScheduleTestSupport
import Scheduling
import SeededRandom
import Testing

@Suite struct SimulationTests {
    @Test func agreesWithAPlainReference() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<150 {
            let graph = randomGraph(Int.random(in: 0...22, using: &generator), &generator)
            let weights = randomWeights(graph, &generator)
            let jobs = Int.random(in: 1...6, using: &generator)
            let run = try Simulation(graph, jobs: jobs, weights: weights)
            let naive = NaiveSchedule(graph, jobs: jobs, weights)
            let turns = run.steps.map {
                NaiveSchedule.Turn(activity: $0.activity, lane: Int($0.lane), start: $0.start, end: $0.end)
            }
            #expect(turns == naive.turns, "seed \(seed), round \(round)")
        }
    }

    @Test func keepsWithinItsBoundsAndExplainsItsEnd() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let graph = randomGraph(Int.random(in: 0...40, using: &generator), &generator)
            let weights = randomWeights(graph, &generator)
            let jobs = Int.random(in: 1...6, using: &generator)
            let run = try Simulation(graph, jobs: jobs, weights: weights)
            let place: Comment = "seed \(seed), round \(round)"
            let work = (0..<Int32(graph.count)).filter(graph.works)
            #expect(run.steps.map(\.activity).sorted() == work, place)
            #expect(run.steps.allSatisfy { $0.end - $0.start == weights[$0.activity] }, place)
            #expect(run.makespan == run.steps.map(\.end).max() ?? 0, place)
            #expect(run.busy == run.steps.reduce(0) { $0 + $1.end - $1.start }, place)
            #expect(run.makespan >= max(run.pathBound, run.workBound), place)
            // Graham's bound for every schedule that leaves no worker idle without need.
            #expect(run.makespan <= run.pathBound + run.workBound, place)
            #expect(run.laneCount <= min(jobs, work.count), place)
            #expect(run.utilisation >= 0 && run.utilisation <= 1, place)
            for lane in 0..<Int32(run.laneCount) {
                let inLane = run.steps.filter { $0.lane == lane }
                #expect(zip(inLane, inLane.dropFirst()).allSatisfy { $0.end <= $1.start }, place)
            }
            let chain = run.boundingSteps.map { run.steps[$0] }
            #expect(chain.first.map { $0.start == 0 } ?? work.isEmpty, place)
            #expect(chain.last.map { $0.end == run.makespan } ?? work.isEmpty, place)
            #expect(zip(chain, chain.dropFirst()).allSatisfy { $0.end == $1.start }, place)
            // With a worker for everything, the longest path is all that counts.
            let free = try Simulation(graph, jobs: max(1, work.count), weights: weights)
            #expect(free.makespan == free.pathBound, place)
            #expect(free.steps.allSatisfy { !$0.waitedForLane }, place)
        }
    }

    @Test func saysWhatEachStepWaitedFor() throws {
        // Two directories of which only main works, and one worker.
        let graph = graph([[], []]) { _, hook in hook != .main }
        let run = try Simulation(graph, jobs: 1)
        #expect(run.steps.map(\.heldBy) == [-1, 0])
        #expect(run.steps.map(\.waitedForLane) == [false, true])
        #expect(run.boundingSteps == [0, 1])
        #expect(run.pathBound == 1_000_000_000 && run.workBound == 2_000_000_000 && run.makespan == 2_000_000_000)
        let two = try Simulation(graph, jobs: 2)
        #expect(two.steps.map(\.heldBy) == [-1, -1] && two.boundingSteps == [0])
    }

    @Test func keepsLimitsOfPluginsAndTypes() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<150 {
            let count = Int.random(in: 1...24, using: &generator)
            let graph = randomGraph(count, &generator)
            let weights = randomWeights(graph, &generator)
            let jobs = Int.random(in: 1...8, using: &generator)
            let place: Comment = "seed \(seed), round \(round)"
            let kinds = (0..<count).map { _ in Int.random(in: 0...2, using: &generator) }
            let most = ["A::B": Int.random(in: 1...3, using: &generator), "A::C": 1]
            let limits = RunLimits(plan(graph, kinds.map { ["A::B", "A::C", "A::D"][$0] }), plugins: [:], types: most)
            let run = try Simulation(graph, jobs: jobs, weights: weights, limits: limits)
            #expect(run.steps.map(\.activity).sorted() == (0..<Int32(graph.count)).filter(graph.works), place)
            for step in run.steps where step.end > step.start {
                let atOnce = run.steps.filter { $0.start <= step.start && $0.end > step.start }
                #expect(atOnce.count <= jobs, place)
                for (type, limit) in [("A::B", most["A::B"] ?? 0), ("A::C", 1)] {
                    let kind = type == "A::B" ? 0 : 1
                    let ofKind = atOnce.filter { step in
                        graph.activity(step.activity).map { kinds[Int($0.resource)] == kind } ?? false
                    }
                    #expect(ofKind.count <= limit, place)
                }
            }
            let chain = run.boundingSteps.map { run.steps[$0] }
            #expect(chain.first.map { $0.start == 0 } ?? run.steps.isEmpty, place)
            #expect(chain.last.map { $0.end == run.makespan } ?? run.steps.isEmpty, place)
            #expect(zip(chain, chain.dropFirst()).allSatisfy { $0.end == $1.start }, place)
        }
    }

    /// A plan with this graph and resources of these types.
    private func plan(_ graph: ActivityGraph, _ types: [String]) -> PlanIR {
        let digest = SHA256Digest(of: [])
        return PlanIR(
            plan: "test", description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: [.init(name: "noop", version: 1, digest: digest)], parameterSets: [[:]],
            resources: types.enumerated().map { number, type in
                PlanIR.Resource(
                    type: type, id: "r\(number)", name: "r\(number)", properties: [:], plugin: 0,
                    parameters: [0, 0, 0], dependents: [])
            }, triggers: [], retention: [:], graphs: OperationKind.allCases.map { _ in graph })
    }

    @Test func saysWhichLimitAStepWaitedFor() throws {
        let graph = graph([[], []]) { _, hook in hook != .main }
        let limits = RunLimits(plan(graph, ["A::B", "A::B"]), plugins: ["noop": 1], types: [:])
        let run = try Simulation(graph, jobs: 8, limits: limits)
        #expect(run.makespan == 2_000_000_000)
        #expect(run.steps.map(\.heldBy) == [-1, 0])
        #expect(run.boundingSteps == [0, 1])
        // It takes over the lowest free worker, and so the one whose end it waited for.
        #expect(run.steps.map { $0.waitedForLane || $0.waitedForLimit } == [false, true])
    }

    @Test func nothingToDoIsDoneAtOnce() throws {
        for graph in [graph([]), graph([[1], []]) { _, _ in true }] {
            let run = try Simulation(graph, jobs: 0)
            #expect(run.steps.isEmpty && run.makespan == 0 && run.busy == 0 && run.laneCount == 0)
            #expect(run.utilisation == 1 && run.boundingSteps.isEmpty && run.jobs == 1)
        }
    }

    /// A forest of parents with nine children each, half of whose hooks work.
    static func forest(_ count: Int) -> ActivityGraph {
        let dependents = (0..<count).map { number in
            number % 10 == 0 ? (1..<10).map { Int32(number + $0) } : []
        }
        return graph(dependents) { _, hook in hook == .prepareBegin || hook == .complete }
    }

    @Test func manyResourcesKeepAllJobsBusy() throws {
        let run = try Simulation(Self.forest(40_000), jobs: 16)
        #expect(run.steps.count == 80_000 && run.laneCount == 16)
        #expect(run.makespan == run.workBound)
        #expect(run.makespan == 5000 * ActivityWeights.second)
    }

    @Test func tenTimesTheResourcesAreAboutTenTimesTheWork() throws {
        /// The least processor time of this thread in three runs.
        func cost(_ count: Int) throws -> Int64 {
            let graph = Self.forest(count)
            var least = Int64.max
            for _ in 0..<3 {
                var before = timespec()
                var after = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
                _ = try Simulation(graph, jobs: 16)
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
                let spent = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec
                least = min(least, Int64(spent))
            }
            return least
        }
        let (small, large) = (try cost(2000), try cost(20_000))
        // Queues cost a logarithm; a quadratic step would make it a hundred times.
        #expect(large < small * 25, "\(small) and \(large) ns")
    }

    @Test func absurdlyManyJobsCostNothing() throws {
        let run = try Simulation(graph([[], []]), jobs: .max)
        #expect(run.laneCount == 2 && run.makespan == 4 * ActivityWeights.second)
        #expect(run.workBound == 1)
    }
}
