import ArgumentParser
import Dispatch
import Foundation
import SimulatedWorld
import Synchronization

/// `make simulate`
@main struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Lives simulated days of the executor, and looks for what must never happen.",
        discussion: """
            Each seed fixes one day: a plan, faults of the bank, crashes, a second executor; or several nights of a \
            plan with two banks, with retention, copies and restores. The exit code is 1 when anything was found; its \
            seed repeats it.

            EXAMPLES
              simulate --seeds 100000
              simulate --kind nights --seed 4711
            """)

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 3000

    @Option(help: "The first of them; by chance without it.")
    var from: UInt64?

    @Option(help: "Only this seed, with all that happened.")
    var seed: UInt64?

    @Option(help: "What a seed stands for: \(ScenarioResult.Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind = "run"

    @Option(help: "Plant a mistake: \(PlantedMistake.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mistake: String?

    @Option(help: "How many seeds are lived at the same time.")
    var threads = 2

    func run() throws {
        let planted = try mistake.map { name in
            guard let planted = PlantedMistake(rawValue: name) else {
                throw ValidationError("There is no mistake '\(name)'.")
            }
            return planted
        }
        guard let kind = ScenarioResult.Kind(rawValue: kind) else {
            throw ValidationError("There is nothing of the kind '\(kind)'.")
        }
        if let seed {
            let result = kind.run(seed: seed, mistake: planted, keepsLog: true)
            for line in result.log { print(line) }
            print(result.violations.isEmpty ? "nothing was found" : "found: \(result.violations)")
            if !result.violations.isEmpty { throw ExitCode(1) }
            return
        }
        let first = from ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("seeds \(first) to \(first + seeds - 1)")
        let findings = Findings()
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { thread in
            var number = UInt64(thread)
            while number < seeds {
                findings.take(kind.run(seed: first + number, mistake: planted))
                number += UInt64(max(1, threads))
            }
        }
        let (failed, tally) = findings.all
        print("\(seeds) days: \(tally)")
        for result in failed.prefix(20) {
            print(
                "seed \(result.seed): \(result.violations.first?.description ?? "")\n    repeat it: \(result.command)")
        }
        guard failed.isEmpty else {
            print("\(failed.count) seeds have found something")
            throw ExitCode(1)
        }
        print("nothing was found")
    }
}

/// What all threads have found.
private final class Findings: Sendable {
    private let state = Mutex((failed: [ScenarioResult](), tally: ScenarioResult.Tally()))

    func take(_ result: ScenarioResult) {
        state.withLock { state in
            state.tally += result.tally
            guard let first = result.violations.first else { return }
            state.failed.append(result)
            // At once: a long search may be broken off.
            FileHandle.standardError.write(Data("seed \(result.seed) has found something: \(first)\n".utf8))
        }
    }

    var all: ([ScenarioResult], ScenarioResult.Tally) {
        state.withLock { ($0.failed.sorted { $0.seed < $1.seed }, $0.tally) }
    }
}
