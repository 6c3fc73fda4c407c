import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import PlanIR
import PluginKit
import Surroundings
import Synchronization
import Testing

@testable import Engine

/// Runs that were cut off and of which records are damaged, too: there is a way out of each.
@Suite struct GivingUpTests {
    /// What a run leaves that is cut off before its commit record.
    private func cutOff(_ bench: Workbench) async throws -> CheckpointID {
        let id = try await bench.protect(Workbench.ir([[], []])).checkpoint
        let index = try await bench.collection.index(id)
        let entries = try bench.collection.indexKeys(
            plan: index.plan, provider: index.provider, index.created, index.id)
        for key in entries + [CheckpointKeys(id).commit(ofEpoch: 1)] { try await bench.bank.delete(key, if: .none) }
        try await bench.bank.put(CheckpointLayout.unfinished(id), bench.collection.marker(id), if: .none)
        return id
    }

    private enum Record: CaseIterable {
        case plan, claim, journal

        func key(_ id: CheckpointID) -> BankKey {
            switch self {
            case .plan: CheckpointKeys(id).ir
            case .claim: CheckpointKeys(id).epoch(1)
            case .journal: CheckpointKeys(id).journal(ofEpoch: 1, page: 0)
            }
        }
    }

    @Test(arguments: [false, true])
    func whatCannotBeReadIsGivenUpAllTheSame(_ isReset: Bool) async throws {
        for record in Record.allCases {
            let bench = Workbench(InMemoryBank.early())
            let id = try await cutOff(bench)
            try await bench.bank.put(record.key(id), Array("torn".utf8), if: .none)
            let summary = try #require(try await bench.collection.summary(id))
            #expect(summary.message.contains("'cairn gc'"), "\(summary)")
            if record != .claim {
                let refusal = await #expect(throws: CheckpointError.self) { try await bench.resume(id) }
                #expect(refusal?.description.contains("'cairn gc'") == true, "\(record): \(refusal as Any)")
            }
            if isReset {
                let reset = ResetOperation(bench.environment, checkpoint: id, isGone: { _ in true })
                #expect(try await reset.run() == .error, "\(record)")
            } else {
                let items = try await bench.collect()
                #expect(items.map(\.action) == [.gaveUp], "\(record): \(items)")
                let mayStandStill = items.first?.message.contains("may still stand still") == true
                #expect(mayStandStill == (record != .claim), "\(record): \(items)")
            }
            let after = try #require(try await bench.collection.commit(id))
            #expect(after.status == .error)
            #expect(after.failures.contains { $0.message.contains("stand still") } == (record != .claim))
            #expect(try await bench.collection.summary(id)?.status == .error)
            #expect(try await !bench.collect().contains { $0.action == .failed }, "\(record)")
        }
    }

    @Test func aRunIsResumedOfWhichOnlyTheClaimIsDamaged() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await cutOff(bench)
        try await bench.bank.put(CheckpointKeys(id).epoch(1), Array("torn".utf8), if: .none)
        #expect(try await bench.resume(id).commit.status == .available)
        #expect(try await bench.restore(id).commit.status == .success)
    }

    /// Of a later epoch nothing tells who claimed it: nobody has when no owner of a lease lives.
    @Test func anUnknownExecutorCountsAsAliveWhileAnyoneWorksOnTheBank() async throws {
        // The store's clock is that of those who work on it.
        let bench = Workbench(InMemoryBank { 1_800_000_000_000 })
        let id = try await cutOff(bench)
        try await bench.bank.put(CheckpointKeys(id).epoch(2), Array("torn".utf8), if: .none)
        let other = Owner(id: "1111111111111111", host: "there", process: 2, boot: "c", processStart: 1, namespace: "n")
        let lease = LeaseRecord(owner: other, renewal: 1, renewed: Timestamp.now(), expireWindow: 60_000)
        let key = try CheckpointLayout.lease(other.id)
        try await bench.bank.put(key, lease.record.bytes, if: .none)
        var living = bench
        living.ownersHaveEnded = false
        #expect(try await bench.collection.summary(id)?.status == .damaged)
        let items = try await living.collect()
        #expect(items.map(\.action) == [.left], "\(items)")
        try await bench.bank.delete(key, if: .none)
        #expect(try await living.collect().map(\.action) == [.gaveUp])
    }

    /// What can be read of a journal is undone, and what cannot be is told.
    @Test func whatCanBeReadIsUndone() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await cutOff(bench)
        let keys = CheckpointKeys(id)
        for key in try await bench.bank.allKeys(below: keys.journal(ofEpoch: 1)) {
            try await bench.bank.delete(key, if: .none)
        }
        let note = JournalEvent(resource: 1, hook: nil, time: Timestamp.now(), .undo(["resume": "r1"]))
        try await bench.bank.put(
            keys.journal(ofEpoch: 1, page: 1), JournalSegment(number: 1, events: [note]).bytes, if: .none)
        try await bench.bank.put(keys.journal(ofEpoch: 1, page: 0), Array("torn".utf8), if: .none)
        let items = try await bench.collect()
        #expect(items.map(\.action) == [.gaveUp] && items[0].message.contains("'Test::Thing#r0'"), "\(items)")
        #expect(bench.plugin.reverts.count == 1 && bench.plugin.reverts[0].hasSuffix("r1"), "\(bench.plugin.reverts)")
    }

    /// Without its checkpoint, nothing goes on with a restore, and nothing says so.
    @Test func aRestoreOfADeletedCheckpointIsOver() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let operation = OperationIndex(
            id: .random(), kind: "restore", checkpoint: id, plan: "shop", started: Timestamp.now(),
            owner: Workbench.owner)
        try await bench.collection.begin(operation)
        #expect(try await bench.collection.operation(operation.id).isResumable)
        #expect(try await bench.delete(id).isEmpty)
        let summary = try await bench.collection.operation(operation.id)
        #expect(!summary.isResumable && summary.message.contains("the checkpoint is gone"), "\(summary)")
        let refusal = await #expect(throws: OperationError.self) {
            try await RestoreResumption(bench.environment, operation: operation.id).run()
        }
        #expect(refusal?.description.contains("is gone") == true)
        #expect(try await bench.collect().map(\.action) == [.ended])
    }

    // MARK: What is left at rest

    private typealias Place = RetentionOperationTests.Place

    private func collect(_ place: Place, isGone: Bool = true) async throws -> [CollectedItem] {
        try await GarbageCollection(place.environment, isGone: { _ in isGone }).run()
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aUseThatCannotBeReadIsJudgedByItsOwner(_ level: ConsistencyLevel) async throws {
        var troubles = BankTroubles()
        troubles.lingering = 0
        let place = Place(level, troubles: troubles)
        let id = try await place.protect(1)[0]
        let key = try CheckpointKeys(id).use("someone")
        try await place.bank.put(key, Array("torn".utf8), if: .none)
        let delete = DeleteOperation(place.environment, checkpoint: id, force: true, isGone: { _ in false })
        await #expect(throws: CheckpointError.self) { try await delete.run() }
        #expect(try await collect(place, isGone: false).isEmpty)
        let items = try await collect(place)
        #expect(items.map(\.action) == [.removed] && items[0].message.contains("readers"), "\(items)")
        #expect(try await place.bank.size(key) == nil)
        try await place.bank.put(key, Array("torn".utf8), if: .none)
        let report = try await DeleteOperation(
            place.environment, checkpoint: id, force: false, isGone: { $0.id == "someone" }
        ).run()
        #expect(report.status != .errorDeleting)
    }

    /// Two writes that took effect when the checkpoint was gone: one collection removes what both have brought.
    @Test func lateObjectsGoWithLateEntries() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = CheckpointID.random()
        let entries = try bench.collection.indexKeys(plan: "shop", provider: "local", Timestamp(milliseconds: 0), id)
        for key in [CheckpointKeys(id).removing, entries[2]] {
            try await bench.bank.put(key, bench.collection.marker(id), if: .none)
        }
        #expect(try await bench.collect().map(\.action) == [.removed, .removed])
        #expect(try await bench.bank.allKeys(below: CheckpointKeys(id).all).isEmpty)
        #expect(try await bench.bank.size(entries[2]) == nil)
    }

    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func litterOfACheckpointAtRestIsCollected(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        let before = try await place.bank.allKeys(below: CheckpointKeys(id).all)
        let part = try CheckpointKeys(id).all.appending("e9999999/resources/x/artifacts/y/parts/00000000")
        try await place.bank.put(part, [1], if: .none)
        // It may have been written just now.
        #expect(try await collect(place).isEmpty)
        place.clock.wall.withLock { $0 += 90_000_000 }
        let use = UseRecord(checkpoint: id, kind: "restore", owner: Workbench.owner, since: Timestamp.now())
        let key = try CheckpointKeys(id).use(Workbench.owner.id)
        try await place.bank.put(key, use.record.bytes, if: .none)
        #expect(try await collect(place, isGone: false).map(\.action) == [.left])
        try await place.bank.delete(key, if: .none)
        #expect(try await collect(place).map(\.action) == [.removed])
        #expect(try await place.bank.allKeys(below: CheckpointKeys(id).all) == before)
        #expect(try await place.available() == [id])
        #expect(try await collect(place).isEmpty)
    }

    @Test func aLeaseOfAnOwnerThatHasEndedIsCollected() async throws {
        let bench = Workbench(InMemoryBank.early())
        let other = Owner(id: "1111111111111111", host: "here", process: 2, boot: "b", processStart: 1, namespace: "n")
        let lease = LeaseRecord(owner: other, renewal: 1, renewed: Timestamp.now(), expireWindow: 60_000)
        try await bench.bank.put(try CheckpointLayout.lease(other.id), lease.record.bytes, if: .none)
        #expect(try await bench.collect().map(\.action) == [.removed])
        #expect(try await bench.bank.allKeys(below: CheckpointLayout.leases).isEmpty)
    }
}
