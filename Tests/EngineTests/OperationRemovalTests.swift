import Bank
import BankConformance
import Checkpoints
import Testing

@testable import Engine

/// The records of restores and verifications: they stay as long as their checkpoint is there, and a while longer.
@Suite struct OperationRemovalTests {
    private static let terms = GarbageTerms(failed: 0, orphans: 0, operations: 60_000)

    private func collect(
        _ bench: Workbench, _ terms: GarbageTerms = Self.terms, dryRun: Bool = false
    ) async throws -> [CollectedItem] {
        try await GarbageCollection(bench.environment, terms: terms, dryRun: dryRun).run()
    }

    @Test func whatHasEndedLongAgoGoesWithItsCheckpoint() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir([[1], []])).checkpoint
        #expect(try await bench.restore(id).commit.status == .success)
        #expect(try await bench.restore(id).commit.status == .success)
        #expect(try await collect(bench).isEmpty)
        #expect(try await bench.delete(id).isEmpty)
        let young = GarbageTerms(failed: 0, orphans: 0, operations: .max)
        #expect(try await collect(bench, young).isEmpty)
        #expect(try await bench.collection.operations().map(\.status) == [.success, .success])
        let expected = try await bench.collection.operationIDs().map { "removed \($0)" }
        for dryRun in [true, false] {
            let items = try await collect(bench, dryRun: dryRun)
            #expect(items.map { "\($0.action.rawValue) \($0.id)" } == expected)
            #expect(items.allSatisfy { $0.message.contains("whose checkpoint \(id) is gone") }, "\(items)")
        }
        #expect(try await bench.bank.allKeys(below: CheckpointLayout.operations).isEmpty)
        #expect(try await collect(bench).isEmpty)
    }

    /// Wherever a removal ends, what is left is no damage, and goes with a later one.
    @Test func aRemovalThatWasCutOffIsFinished() async throws {
        var cut = 0
        var isDone = false
        while !isDone {
            let bank = FaultyBank(InMemoryBank.early())
            let bench = Workbench(bank)
            let id = try await bench.protect(Workbench.ir([[1], []])).checkpoint
            _ = try await bench.restore(id)
            _ = try await bench.delete(id)
            bank.fail(at: cut, .goneBefore)
            isDone = try await !collect(bench).contains { $0.action == .failed }
            bank.fail(at: nil)
            #expect(try await bench.collection.operations().allSatisfy { $0.status != .damaged }, "cut \(cut)")
            for _ in 0..<2 {
                #expect(try await !collect(bench).contains { $0.action == .failed || $0.action == .left }, "cut \(cut)")
            }
            #expect(try await bench.bank.allKeys(below: CheckpointLayout.operations).isEmpty, "cut \(cut)")
            cut += 1
            try #require(cut < 100)
        }
        #expect(cut > 3)
    }
}
