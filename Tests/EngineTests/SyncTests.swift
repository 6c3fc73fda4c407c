import Bank
import Checkpoints
import PlanIR
import PluginKit
import Testing

@testable import Engine

@Suite struct SyncTests {
    /// A bench with so many checkpoints, oldest first: its clock stands still, so that ids decide among them.
    private func bench(_ count: Int, _ plugin: CopyablePlugin = CopyablePlugin()) async throws -> (
        CopyBench, [CheckpointID]
    ) {
        let bench = CopyBench(plugin)
        var ids: [CheckpointID] = []
        for _ in 0..<count { ids.append(try await bench.protect(CopyBench.ir([[1], []]))) }
        return (bench, ids.sorted())
    }

    @Test func whatLacksIsCopiedOldestFirstAndNothingTwice() async throws {
        let (bench, ids) = try await bench(4)
        _ = try await bench.copy(ids[1])
        bench.target.fail(at: nil)
        let dry = try await bench.sync(limit: 2, dryRun: true)
        #expect(dry.items.map(\.checkpoint.id) == ids)
        #expect(dry.items.map(\.action) == [.copied, .alreadyThere, .copied, .left])
        #expect(bench.target.writes.isEmpty)
        let first = try await bench.sync(limit: 2)
        #expect(first.items.map(\.action) == dry.items.map(\.action) && !first.wasCancelled)
        #expect(try await bench.sync().items.map(\.action) == [.alreadyThere, .alreadyThere, .alreadyThere, .copied])
        bench.target.fail(at: nil)
        #expect(try await bench.sync().count(.alreadyThere) == 4)
        #expect(bench.target.writes.isEmpty)
        for id in ids { #expect(try await bench.verify(id).commit.status == .success) }
    }

    @Test func oneThatFailsDoesNotKeepTheOthersFromBeingCopied() async throws {
        let (bench, ids) = try await bench(3)
        let part = try #require(
            try await bench.source.allKeys(below: CheckpointKeys(ids[1]).all).first { $0.text.contains("/parts/") })
        let was = try await bench.damage(part) { _ in nil }
        let report = try await bench.sync()
        #expect(report.items.map(\.action) == [.copied, .failed, .copied])
        #expect(report.items[1].message.contains("\(part)"))
        try await bench.source.put(part, was, if: .none)
        #expect(try await bench.sync().items.map(\.action) == [.alreadyThere, .copied, .alreadyThere])
    }

    @Test func anInterruptedSyncGoesOnWhereItStopped() async throws {
        let (bench, ids) = try await bench(3)
        bench.target.fail(at: 30, .goneBefore)
        let broken = try? await bench.sync()
        #expect(broken?.count(.copied) != 3)
        bench.target.fail(at: nil)
        let report = try await bench.sync()
        #expect(report.count(.failed) == 0 && report.count(.left) == 0)
        for id in ids { #expect(try await bench.verify(id).commit.status == .success) }
        _ = try await GarbageCollection(bench.atTarget).run()
        #expect(try await bench.statuses() == [.available, .available, .available])
    }

    @Test func whatIsInTheWayIsNamed() async throws {
        let (bench, ids) = try await bench(2)
        _ = try await bench.copy(ids[0])
        _ = try await bench.atTarget.collection.beginDeletion(ids[0], now: bench.atTarget.now(), force: false)
        let report = try await bench.sync()
        #expect(report.items.map(\.action) == [.failed, .copied])
        #expect(report.items[0].message.contains("'cairn delete \(ids[0]) --provider offsite'"))
    }

    @Test func theSameBankAndAnUnknownPlanAreNoSync() async throws {
        var (bench, _) = try await bench(1)
        let other = BankSync(bench.atTarget, plan: "other", from: bench.from, to: bench.to)
        #expect(try await other.run().items.isEmpty)
        bench.sourceID = "target"
        let same = bench
        await #expect(throws: CopyError.self) { try await same.sync() }
    }
}
