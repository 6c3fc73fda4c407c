import PlanIR
import ScheduleTestSupport
import Scheduling
import SeededRandom
import Synchronization
import Testing

@testable import Engine

/// Runs activities that last until somebody says that they are over.
private final class HandClock: ActivityRunner {
    private let waiting = Mutex<[Int32: CheckedContinuation<Void, Never>]>([:])
    private let arrived = Mutex<Set<Int32>>([])

    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async -> ActivityEnd {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0[number] = continuation }
            arrived.withLock { _ = $0.insert(number) }
        }
        return .finished
    }

    /// Ends an activity when all of these have started.
    func end(_ number: Int32, after others: Set<Int32>) async {
        while !arrived.withLock({ others.isSubset(of: $0) }) { await Task.yield() }
        waiting.withLock { $0.removeValue(forKey: number) }?.resume()
    }
}

@Suite struct ScheduleTests {
    /// The executor and the simulation follow one schedule: what runs to the second in one starts in the same order in
    /// the other.
    @Test(.timeLimit(.minutes(10)))
    func theDriverStartsWhatTheSimulationSays() async throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let graph =
                round % 2 == 0
                ? randomGraph(Int.random(in: 1...40, using: &generator), &generator)
                : graph(shuffled(randomDependents(9, &generator), &generator))
            // Different enough that no two end at the same instant.
            let weights = ActivityWeights(graph) { _, _ in Int64.random(in: 1...1_000_000_000_000, using: &generator) }
            let jobs = Int.random(in: 1...5, using: &generator)
            let run = try Simulation(graph, jobs: jobs, weights: weights)
            #expect(Set(run.steps.map(\.end)).count == run.steps.count, "seed \(seed), round \(round)")
            let clock = HandClock()
            async let outcome = Driver.run(graph, RunSettings(jobs: jobs, weights: weights), runner: clock)
            for step in run.steps.sorted(by: { $0.end < $1.end }) {
                let before = run.steps.filter { $0.start < step.end }.map(\.activity)
                await clock.end(step.activity, after: Set(before))
            }
            let started = await outcome.started
            #expect(started == run.steps.map(\.activity), "seed \(seed), round \(round)")
        }
    }
}
