import PlanIR
import ScheduleTestSupport
import Scheduling
import SeededRandom
import Testing

@Suite struct RunPlanTests {
    @Test func agreesWithAPlainReferenceOnRandomGraphs() {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<120 {
            let graph = randomGraph(Int.random(in: 0...24, using: &generator), &generator)
            let weights = round % 2 == 0 ? nil : randomWeights(graph, &generator)
            var plan = RunPlan(graph, weights: weights)
            var naive = NaivePlan(graph, weights)
            let place: Comment = "seed \(seed), round \(round)"
            while !plan.isComplete {
                // Take a few, as parallel workers would, then let any of them end.
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let best = naive.best
                    let taken = plan.take()
                    #expect(taken == best, place)
                    guard let taken else { break }
                    naive.take(taken)
                }
                guard let ended = naive.running.sorted().randomElement(using: &generator) else { break }
                plan.finish(ended)
                naive.finish(ended)
                #expect(plan.runningCount == naive.running.count, place)
                #expect(naive.running.allSatisfy(plan.isRunning), place)
                #expect(plan.finishedCount == naive.done.count, place)
            }
            #expect(plan.isComplete && plan.isIdle && plan.take() == nil, place)
            #expect(naive.done.count == graph.count, place)
        }
    }

    /// The invariants that whoever runs a graph relies on, with and without failures.
    @Test(arguments: [FailurePolicy.stop, .continue])
    func keepsItsPromisesWhateverFails(_ policy: FailurePolicy) {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let graph = randomGraph(Int.random(in: 0...40, using: &generator), &generator)
            let jobs = Int.random(in: 1...5, using: &generator)
            let failures = round % 3
            let before = NaivePlan(graph).before
            var plan = RunPlan(graph, weights: randomWeights(graph, &generator), onFailure: policy)
            var running: [Int32] = []
            var started: Set<Int32> = []
            var ended: Set<Int32> = []
            var failed: Set<Int32> = []
            var settledSkips = 0
            let place: Comment = "seed \(seed), round \(round)"

            /// Whether all work that an activity waits for has ended well, through barriers too.
            func isFree(_ number: Int32) -> Bool {
                before[Int(number)].allSatisfy { graph.works($0) ? ended.contains($0) : isFree($0) }
            }

            while true {
                while running.count < jobs, let taken = plan.take() {
                    #expect(started.insert(taken).inserted, "given out twice, \(place)")
                    #expect(isFree(taken), "before what it waits for, \(place)")
                    #expect(policy == .continue || failed.isEmpty, "after a failure, \(place)")
                    running.append(taken)
                }
                #expect(plan.runningCount == running.count && running.count <= jobs, place)
                guard let index = running.indices.randomElement(using: &generator) else { break }
                let number = running.remove(at: index)
                if failed.count < failures && Int.random(in: 0..<8, using: &generator) == 0 {
                    plan.fail(number)
                    failed.insert(number)
                } else {
                    plan.finish(number)
                    ended.insert(number)
                }
                // What is skipped waits for nothing that may still end, and is told behind what it waited for.
                for (place, skipped) in plan.skipped.enumerated().dropFirst(settledSkips) {
                    let told = Set(plan.skipped[..<place])
                    #expect(
                        before[Int(skipped)].allSatisfy { number in
                            !graph.works(number) || ended.contains(number) || failed.contains(number)
                                || told.contains(number)
                        }, "seed \(seed), round \(round)")
                }
                settledSkips = plan.skipped.count
            }
            #expect(plan.isIdle && plan.isComplete == failed.isEmpty, place)
            let work = Set((0..<Int32(graph.count)).filter(graph.works))
            if failed.isEmpty {
                #expect(ended == work && plan.finishedCount == graph.count, place)
            } else if policy == .continue {
                // What could run has run: all else waits, directly or not, for what failed.
                #expect(work.subtracting(started).allSatisfy { !isFree($0) }, place)
                #expect(Set(plan.skipped) == work.subtracting(started), place)
                #expect(Set(plan.skipped).count == plan.skipped.count, place)
            }
        }
    }

    @Test func sameAnswersSameRun() {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let graph = randomGraph(60, &generator)
            let weights = randomWeights(graph, &generator)
            func order() -> [Int32] {
                var plan = RunPlan(graph, weights: weights)
                var order: [Int32] = []
                while let next = plan.take() {
                    order.append(next)
                    plan.finish(next)
                }
                return order
            }
            #expect(order() == order(), "seed \(seed)")
        }
    }

    @Test func aGraphOfBarriersIsCompleteAtOnce() {
        let plan = RunPlan(graph([[1, 2], [2], []]) { _, _ in true })
        #expect(plan.isComplete && plan.isIdle)
        #expect(plan.finishedCount == 14)
        let empty = RunPlan(graph([]))
        #expect(empty.isComplete)
    }

    @Test func theLongestRemainingPathComesFirst() {
        // Resource 1 is alone; resource 0 has a chain below it, so its completion waits for more.
        let graph = graph([[2], [], [3], []]) { _, hook in hook != .prepareBegin && hook != .complete }
        var plan = RunPlan(graph)
        let first = plan.take()
        let second = plan.take()
        #expect(first == ActivityOrder.number(0, .prepareBegin))
        #expect(second == ActivityOrder.number(1, .prepareBegin))
        plan.finish(ActivityOrder.number(0, .prepareBegin))
        plan.finish(ActivityOrder.number(1, .prepareBegin))
        // What still leads through resources 2 and 3 comes before what only ends resource 1.
        let third = plan.take()
        #expect(third == ActivityOrder.number(2, .prepareBegin))
        // When the end of resource 1 lasts long, it comes first.
        let slowEnd = ActivityWeights(graph) { number, _ in number == ActivityOrder.number(1, .complete) ? 100 : 1 }
        var other = RunPlan(graph, weights: slowEnd)
        #expect(other.take() == ActivityOrder.number(1, .prepareBegin))
    }

    @Test func afterAFailureNothingIsGivenOut() {
        var plan = RunPlan(graph([[], [], []]))
        let taken = [plan.take(), plan.take()].compactMap(\.self)
        #expect(taken.count == 2)
        plan.fail(taken[0])
        #expect(plan.failed == [taken[0]])
        let afterFailure = plan.take()
        #expect(afterFailure == nil && !plan.isIdle)
        plan.finish(taken[1])
        let afterFinish = plan.take()
        #expect(afterFinish == nil && plan.isIdle && !plan.isComplete)
    }

    @Test func reportsForWhatIsNotRunningChangeNothing() {
        var plan = RunPlan(graph([[]]))
        plan.finish(4)
        plan.fail(5)
        plan.finish(ActivityGraph.start)
        plan.finish(-1)
        plan.fail(4711)
        #expect(plan.finishedCount == 1 && plan.failed.isEmpty)
        let taken = plan.take()
        plan.finish(taken ?? -1)
        plan.finish(taken ?? -1)
        #expect(plan.finishedCount == 2)
    }

    @Test func whatIsOnACycleNeverRuns() {
        let cyclic = ActivityGraph(
            activities: Hook.allCases.map { .init(resource: 0, hook: $0, isBarrier: false) },
            edges: [(0, 2), (2, 3), (3, 4), (4, 3), (4, 5), (5, 1)])
        var plan = RunPlan(cyclic)
        let first = plan.take()
        #expect(first == 2)
        plan.finish(2)
        let second = plan.take()
        #expect(second == nil && plan.isIdle && !plan.isComplete)
    }

    @Test func aLongChainNeedsNoDepth() {
        let count = 100_000
        let dependents = (0..<count).map { $0 + 1 < count ? [Int32($0 + 1)] : [] }
        var plan = RunPlan(graph(dependents) { _, hook in hook != .main })
        var done = 0
        while let next = plan.take() {
            plan.finish(next)
            done += 1
        }
        #expect(done == count && plan.isComplete)
    }
}
