import PlanIR
import Scheduling
import ScheduleTestSupport
import SeededRandom
import Synchronization
import Testing

@testable import Engine

/// Runs activities by a closure and takes note of how many run at a time.
final class CountingRunner: ActivityRunner {
    struct Count {
        var running = 0
        var most = 0
        var order: [Int32] = []
    }

    let count = Mutex(Count())
    private let body: @Sendable (Int32, ActivityGraph.Activity) async throws -> Void

    private let began: @Sendable (Int) -> Void

    /// `began` is told how many run when one more has begun.
    init(
        _ body: @escaping @Sendable (Int32, ActivityGraph.Activity) async throws -> Void,
        began: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.body = body
        self.began = began
    }

    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async -> ActivityEnd {
        count.withLock {
            $0.running += 1
            $0.most = max($0.most, $0.running)
            $0.order.append(number)
        }
        began(count.withLock { $0.running })
        defer { count.withLock { $0.running -= 1 } }
        do {
            try await body(number, activity)
            return .finished
        } catch {
            return error is CancellationError && Task.isCancelled ? .cancelled : .failed(error)
        }
    }
}

extension Driver {
    /// Runs a graph without grace: what runs when something fails is cancelled at once.
    static func run(
        _ graph: ActivityGraph, jobs: Int, onFailure policy: FailurePolicy = .stop, runner: any ActivityRunner
    ) async -> RunOutcome {
        await run(graph, RunSettings(jobs: jobs, policy: policy), runner: runner)
    }
}

struct Broken: Error, CustomStringConvertible {
    var description = "broken"
}

@Suite struct DriverTests {
    @Test(arguments: [1, 2, 3, 7])
    func atMostSoManyRunAtATime(_ jobs: Int) async {
        let most = Mutex(0)
        // Nobody ends before so many have begun together, however busy the machine is.
        let runner = CountingRunner { _, _ in
            while most.withLock({ $0 }) < jobs { try await Task.sleep(for: .milliseconds(1)) }
        } began: { running in
            most.withLock { $0 = max($0, running) }
        }
        let outcome = await Driver.run(graph(Array(repeating: [], count: 12)), jobs: jobs, runner: runner)
        #expect(outcome.succeeded)
        #expect(runner.count.withLock { $0.most } == jobs)
        #expect(outcome.started.count == 48)
    }

    @Test func continuingRunsAllThatDoesNotWaitForWhatFailed() async {
        // Resource 0 needs 1; 2 and 3 stand alone. The main hooks of 1 and 2 fail.
        let graph = graph([[1], [], [], []])
        let broken = [ActivityOrder.number(1, .main), ActivityOrder.number(2, .main)]
        let runner = CountingRunner { number, _ in if broken.contains(number) { throw Broken() } }
        let outcome = await Driver.run(graph, jobs: 2, onFailure: .continue, runner: runner)
        #expect(Set(outcome.failures.map(\.number)) == Set(broken))
        #expect(!outcome.wasCancelled)
        let left: Set<Int32> = [
            ActivityOrder.number(1, .complete), ActivityOrder.number(0, .complete), ActivityOrder.number(2, .complete),
        ]
        #expect(Set(outcome.started) == Set(2..<Int32(graph.count)).subtracting(left))
    }

    @Test func theOrderRespectsEveryEdge() async {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let graph = graph(randomDependents(8, &generator))
            let finished = Mutex<Set<Int32>>([])
            let early = Mutex<[Int32]>([])
            let predecessors = (0..<Int32(graph.count)).map { number in
                (2..<Int32(graph.count)).filter { graph.successors(of: $0).contains(number) }
            }
            let runner = CountingRunner { number, _ in
                let missing = finished.withLock { done in
                    predecessors[Int(number)].contains { !done.contains($0) }
                }
                if missing { early.withLock { $0.append(number) } }
                await Task.yield()
                finished.withLock { _ = $0.insert(number) }
            }
            let outcome = await Driver.run(graph, jobs: 4, runner: runner)
            #expect(outcome.succeeded && early.withLock { $0.isEmpty }, "seed \(seed)")
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func theFirstFailureCancelsTheOthersAndIsTheOnlyOneReported() async {
        let runner = CountingRunner { number, _ in
            if number == 2 {
                try await Task.sleep(for: .milliseconds(20))
                throw Broken()
            }
            try await Task.sleep(for: .seconds(600))
        }
        let outcome = await Driver.run(graph([[], [], []]), jobs: 3, runner: runner)
        #expect(outcome.failures.map(\.number) == [2])
        #expect(!outcome.wasCancelled && !outcome.succeeded)
        #expect(outcome.started.count == 3)
    }

    @Test(.timeLimit(.minutes(10)))
    func twoFailuresOfTheirOwnAreBothReported() async {
        let runner = CountingRunner { number, _ in
            if number == 2 {
                // The other one runs by then.
                try await Task.sleep(for: .milliseconds(50))
                throw Broken()
            }
            do { try await Task.sleep(for: .seconds(600)) } catch { throw Broken(description: "on its own") }
        }
        let outcome = await Driver.run(graph([[], []]), jobs: 2, runner: runner)
        #expect(outcome.failures.map(\.number) == [2, 6])
    }

    @Test(.timeLimit(.minutes(10)))
    func cancellingStopsWhatRunsAndStartsNothing() async {
        let started = AsyncStream<Void>.makeStream()
        let runner = CountingRunner { _, _ in
            started.continuation.yield()
            try await Task.sleep(for: .seconds(600))
        }
        let task = Task { await Driver.run(graph([[], [], []]), jobs: 2, runner: runner) }
        var iterator = started.stream.makeAsyncIterator()
        _ = await (iterator.next(), iterator.next())
        task.cancel()
        let outcome = await task.value
        #expect(outcome.wasCancelled && !outcome.succeeded && outcome.failures.isEmpty)
        #expect(outcome.started.count == 2)
    }

    @Test(.timeLimit(.minutes(10)))
    func aPluginThatAnswersCancellationWithAnErrorOfItsOwnIsStillCancelled() async {
        let started = AsyncStream<Void>.makeStream()
        let runner = CountingRunner { _, _ in
            started.continuation.yield()
            do { try await Task.sleep(for: .seconds(600)) } catch { throw Broken(description: "interrupted") }
        }
        let task = Task { await Driver.run(graph([[]]), jobs: 1, runner: runner) }
        var iterator = started.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        let outcome = await task.value
        #expect(outcome.wasCancelled && outcome.failures.count == 1)
    }

    @Test func aRunThatIsCancelledBeforeItBeginsDoesNothing() async {
        let runner = CountingRunner { _, _ in }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await Driver.run(graph([[]]), jobs: 1, runner: runner)
        }
        let outcome = await task.value
        #expect(outcome.wasCancelled && outcome.started.isEmpty)
    }

    @Test func aCancellationErrorWithoutCancellationIsAFailure() async {
        let runner = CountingRunner { _, _ in throw CancellationError() }
        let outcome = await Driver.run(graph([[]]), jobs: 1, runner: runner)
        #expect(outcome.failures.count == 1 && !outcome.wasCancelled)
    }

    @Test func aCancellationAfterTheLastActivityChangesNothing() async {
        let runner = CountingRunner { number, _ in
            if number == ActivityOrder.number(0, .complete) { withUnsafeCurrentTask { $0?.cancel() } }
        }
        let outcome = await Driver.run(graph([[]]), jobs: 1, runner: runner)
        #expect(outcome.succeeded)
    }
}
