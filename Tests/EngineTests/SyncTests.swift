import Bank
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Retention
import Synchronization
import Testing

@testable import Engine

@Suite struct SyncTests {
    /// A bench with so many checkpoints, oldest first: its clock stands still, so that ids decide among them.
    private func bench(
        _ count: Int, retention: JSONObject = JSONObject(), target: ConsistencyLevel = .compareAndSwap
    ) async throws -> (CopyBench, [CheckpointID]) {
        let bench = CopyBench(target: target)
        var ids: [CheckpointID] = []
        for _ in 0..<count { ids.append(try await bench.protect(CopyBench.ir([[1], []], retention: retention))) }
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

    /// Whatever of its records is damaged, and whether its index entries are there or not: nobody is told that all is copied.
    @Test func aDamagedCheckpointIsAFailureAndTheOthersAreCopied() async throws {
        let (bench, ids) = try await bench(3)
        let keys = CheckpointKeys(ids[1])
        let commit = try #require(try await bench.source.allKeys(below: keys.commits).first)
        for key in [commit, keys.index] {
            let was = try await bench.damage(key) { _ in Array("junk".utf8) }
            for dryRun in [true, false] {
                let report = try await bench.sync(dryRun: dryRun)
                let item = try #require(report.items.first { $0.checkpoint.id == ids[1] })
                #expect(report.count(.failed) == 1 && item.action == .failed && report.items.count == 3)
                #expect(item.message.contains("\(key)"), "\(item.message)")
            }
            try await bench.source.put(key, was, if: .none)
        }
        #expect(try await bench.sync().items.map(\.action) == [.alreadyThere, .copied, .alreadyThere])
    }

    /// A plan that has no checkpoint here any more, and some there, is known.
    @Test func aPlanOfWhichOnlyCopiesAreLeftIsNoError() async throws {
        let (bench, ids) = try await bench(1)
        _ = try await bench.sync()
        _ = try await DeleteOperation(bench.atSource, checkpoint: ids[0], force: false).run()
        #expect(try await bench.sync().items.isEmpty)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatIsGoneOfACopyIsSentAgain(_ level: ConsistencyLevel) async throws {
        let (bench, ids) = try await bench(2, target: level)
        _ = try await bench.sync()
        let part = try #require(
            try await bench.target.allKeys(below: CheckpointKeys(ids[0]).all).first { $0.text.contains("/parts/") })
        try await bench.target.delete(part, if: .none)
        let dry = try await bench.sync(dryRun: true)
        #expect(dry.items.map(\.action) == [.copied, .alreadyThere] && dry.items[0].message.contains("\(part)"))
        let report = try await bench.sync()
        #expect(report.items.map(\.action) == [.copied, .alreadyThere] && report.items[0].tally.sentBytes > 0)
        #expect(try await bench.sync().count(.alreadyThere) == 2)
        for id in ids { #expect(try await bench.verify(id).commit.status == .success) }
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
        for dryRun in [true, false] {
            let other = BankSync(bench.atTarget, plan: "other", from: bench.from, to: bench.to)
            do {
                _ = try await other.run(dryRun: dryRun)
                Issue.record("a plan that nobody knows was synced")
            } catch CopyError.unknownPlan(let plan, let places) { #expect(plan == "other" && places.count == 2) }
        }
        bench.sourceID = "target"
        let same = bench
        await #expect(throws: CopyError.self) { try await same.sync() }
    }

    // MARK: Retention

    /// Night after night: what retention has removed there does not come back, and nothing that comes goes at once.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatRetentionHasRemovedThereIsNotCopiedAgain(_ level: ConsistencyLevel) async throws {
        let policy: JSONObject = ["keepLast": 2]
        let clock = RetentionOperationTests.HandClock()
        var bench = CopyBench(target: level)
        bench.clock = clock
        func protect() async throws {
            clock.wall.withLock { $0 += 3_600_000 }
            _ = try await bench.protect(CopyBench.ir([[1], []], retention: policy))
        }
        for _ in 0..<3 { try await protect() }
        for night in 0..<3 {
            try await protect()
            let report = try await bench.sync()
            #expect(report.count(.copied) == (night == 0 ? 2 : 1) && report.count(.failed) == 0, "\(report.items)")
            // The oldest that is there has just been displaced: retention removes it right behind.
            let (kept, other) = (report.items.suffix(2), report.items.dropLast(2))
            #expect(kept.allSatisfy { $0.action == .copied || $0.action == .alreadyThere })
            #expect(other.count { $0.action == .alreadyThere } == (night == 0 ? 0 : 1))
            #expect(other.allSatisfy { $0.action == .alreadyThere || $0.decision?.isKept == false })
            #expect(try await bench.retain(policy).removed == (night == 0 ? 0 : 1))
            bench.target.fail(at: nil)
            #expect(try await bench.sync().count(.copied) == 0 && bench.target.writes.isEmpty)
        }
    }

    @Test func theNewestCheckpointOfBothBanksSaysThePolicyUnlessOneIsGiven() async throws {
        let (bench, ids) = try await bench(3, retention: ["keepLast": 1])
        #expect(try await bench.sync(dryRun: true).items.map(\.action) == [.notKept, .notKept, .copied])
        let given = SyncRule.policy(try RetentionPolicy(["keepLast": 2]))
        #expect(try await bench.sync(rule: given, dryRun: true).items.map(\.action) == [.notKept, .copied, .copied])
        #expect(try await bench.sync(rule: .all, dryRun: true).items.map(\.action) == [.copied, .copied, .copied])
        // One that is damaged has no policy, and the one before it has.
        _ = try await bench.damage(CheckpointKeys(ids[2]).ir) { _ in nil }
        let report = try await bench.sync()
        #expect(report.items.map(\.action) == [.notKept, .notKept, .failed])
        #expect(report.items[0].decision?.reasons == [.unneeded])
    }

    @Test func aPolicyThatCannotBeAskedKeepsNothingFromBeingCopied() async throws {
        for retention: JSONObject in [["keepFortnightly": 1], ["keepDaily": 1, "timezone": "Mars/Olympus"]] {
            let (bench, _) = try await bench(2, retention: retention)
            let report = try await bench.sync()
            #expect(report.items.map(\.action) == [.copied, .copied])
            guard case .failed(let reason) = report.retention else {
                Issue.record("\(report.retention)")
                continue
            }
            #expect(reason.contains("keepFortnightly") || reason.contains("Mars/Olympus"), "\(reason)")
        }
    }

    /// A copy that was broken off, and one that is being deleted there, would be available when they are copied.
    @Test func whatIsUnfinishedThereIsJudgedAsIfItWereCopied() async throws {
        let (bench, ids) = try await bench(3, retention: ["keepLast": 2])
        bench.target.fail(at: 12, .goneBefore)
        _ = try? await bench.copy(ids[2])
        bench.target.fail(at: nil)
        _ = try await bench.copy(ids[0])
        _ = try await bench.atTarget.collection.beginDeletion(ids[0], now: bench.atTarget.now(), force: false)
        let report = try await bench.sync()
        // The first is on its way out there, which is as it should be and no failure.
        #expect(report.items.map(\.action) == [.notKept, .copied, .copied], "\(report.items)")
    }

    @Test func whatIsThereIsNeverPassedOver() async throws {
        let (bench, ids) = try await bench(3, retention: ["keepLast": 1])
        _ = try await bench.copy(ids[0])
        let report = try await bench.sync()
        #expect(report.items.map(\.action) == [.alreadyThere, .notKept, .copied])
    }
}
