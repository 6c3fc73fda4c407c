import PlanIR
import SeededRandom
import Testing

@testable import Engine

/// The activity graph of resources with the given dependents; `isBarrier` says which hooks do nothing.
func graph(
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
func randomDependents(_ count: Int, _ generator: inout SeededGenerator) -> [[Int32]] {
    (0..<count).map { parent in
        (parent + 1..<max(parent + 1, count)).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            .map(Int32.init)
    }
}

/// What may run next, worked out anew from the edges each time, as slowly and plainly as possible.
struct NaivePlan {
    let graph: ActivityGraph
    var done: Set<Int32> = []
    var running: Set<Int32> = []

    init(_ graph: ActivityGraph) {
        self.graph = graph
        settle()
    }

    func isOpen(_ number: Int32) -> Bool {
        !done.contains(number)
            && (0..<Int32(graph.count)).allSatisfy {
                !graph.successors(of: $0).contains(number) || done.contains($0)
            }
    }

    func isWork(_ number: Int32) -> Bool { graph.activity(number).map { !$0.isBarrier } ?? false }

    mutating func settle() {
        while let next = (0..<Int32(graph.count)).first(where: { !isWork($0) && isOpen($0) }) { done.insert(next) }
    }

    var ready: Set<Int32> {
        Set((0..<Int32(graph.count)).filter { isWork($0) && isOpen($0) && !running.contains($0) })
    }

    func remaining(_ number: Int32) -> Int {
        (graph.successors(of: number).map(remaining).max() ?? 0) + (isWork(number) ? 1 : 0)
    }
}

@Suite struct RunPlanTests {
    @Test func agreesWithAPlainReferenceOnRandomGraphs() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<60 {
            let dependents = randomDependents(Int.random(in: 0...6, using: &generator), &generator)
            var barriers: Set<Int32> = []
            for number in 0..<Int32(dependents.count * 4) where Bool.random(using: &generator) {
                barriers.insert(number)
            }
            let graph = graph(dependents) { barriers.contains($0 * 4 + Int32($1.rawValue)) }
            var plan = RunPlan(graph)
            var naive = NaivePlan(graph)
            let place: Comment = "seed \(seed), round \(round)"
            while !plan.isComplete {
                // Take a few, as parallel workers would, then let any of them end.
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let ready = naive.ready
                    guard let taken = plan.take() else {
                        #expect(ready.isEmpty, place)
                        break
                    }
                    #expect(ready.contains(taken), place)
                    let longest = ready.map(naive.remaining).max()
                    #expect(naive.remaining(taken) == longest, place)
                    let ties = ready.filter { naive.remaining($0) == longest }
                    #expect(taken == ties.min(), place)
                    naive.running.insert(taken)
                }
                guard let ended = naive.running.sorted().randomElement(using: &generator) else { break }
                plan.finish(ended)
                naive.running.remove(ended)
                naive.done.insert(ended)
                naive.settle()
                #expect(plan.running == naive.running, place)
                #expect(plan.finishedCount == naive.done.count, place)
            }
            #expect(plan.isComplete && plan.isIdle && plan.take() == nil, place)
            #expect(naive.done.count == graph.count, place)
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
        var plan = RunPlan(graph([[2], [], [3], []]) { _, hook in hook != .prepareBegin && hook != .complete })
        let first = plan.take()
        let second = plan.take()
        #expect(first == ActivityOrder.number(0, .prepareBegin))
        #expect(second == ActivityOrder.number(1, .prepareBegin))
        plan.finish(ActivityOrder.number(0, .prepareBegin))
        plan.finish(ActivityOrder.number(1, .prepareBegin))
        // What still leads through resources 2 and 3 comes before what only ends resource 1.
        let third = plan.take()
        #expect(third == ActivityOrder.number(2, .prepareBegin))
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
        #expect(plan.finishedCount == 1 && plan.failed.isEmpty)
        let taken = plan.take()
        plan.finish(taken ?? -1)
        plan.finish(taken ?? -1)
        #expect(plan.finishedCount == 2)
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
