import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import Engine
import PlanIR
import PluginKit
import Retention
import Surroundings
import Synchronization
import Testing

/// Retention over banks of every consistency level.
@Suite struct RetentionOperationTests {
    /// A wall clock that a test sets.
    final class HandClock: RunClock {
        let wall = Mutex<Int64>(1_800_000_000_000)
        var wallMilliseconds: Int64 { wall.withLock { $0 } }
        var monotonicNanoseconds: Int64 { SystemClock().monotonicNanoseconds }
        func sleep(nanoseconds: Int64) async throws { try await SystemClock().sleep(nanoseconds: nanoseconds) }
    }

    /// A plan's checkpoints, one an hour.
    struct Place {
        let level: ConsistencyLevel
        let bank: DegradedBank
        let plugin: ScriptedPlugin
        let clock = HandClock()
        let control = RunControl()

        init(
            _ level: ConsistencyLevel, troubles: BankTroubles = BankTroubles(),
            _ act: @escaping @Sendable (String) async throws -> Void = { _ in }
        ) {
            self.level = level
            let clock = clock
            bank = DegradedBank(InMemoryBank { clock.wallMilliseconds }, to: level, troubles: troubles)
            plugin = ScriptedPlugin(act)
        }

        var collection: CheckpointCollection {
            CheckpointCollection(
                bank: bank, owner: Workbench.owner, consistency: level, hasEnded: { _ in false })
        }

        var environment: ExecutionEnvironment {
            ExecutionEnvironment(
                collection: collection,
                plugins: ["scripted": LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)],
                concurrency: Concurrency(jobs: 1), observer: SilentObserver(), clock: clock, control: control)
        }

        /// Makes checkpoints, and gives their ids, the newest first.
        @discardableResult
        func protect(_ count: Int, plan: String = "shop") async throws -> [CheckpointID] {
            var ids: [CheckpointID] = []
            let ir = Workbench.ir([[]], plan: plan)
            for _ in 0..<count {
                clock.wall.withLock { $0 += 3_600_000 }
                ids.append(try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run().checkpoint)
            }
            return ids.reversed()
        }

        func operation(_ policy: JSONObject, plan: String = "shop") throws -> RetentionOperation {
            try RetentionOperation(environment, plan: plan, provider: "local", policy: try RetentionPolicy(policy))
        }

        func retain(_ policy: JSONObject, plan: String = "shop") async throws -> RetentionReport {
            try await operation(policy, plan: plan).run()
        }

        /// What becomes of a checkpoint that goes.
        var gone: RetainedCheckpoint.Outcome { level == .listOnly ? .marked : .removed }

        /// The checkpoints that can be restored, newest first.
        func available() async throws -> [CheckpointID] {
            try await collection.list(.init(plan: "shop", status: .available)).map(\.id)
        }
    }

    private static func outcomes(_ report: RetentionReport) -> [CheckpointID: RetainedCheckpoint.Outcome] {
        Dictionary(report.checkpoints.map { ($0.id, $0.outcome) }, uniquingKeysWith: { first, _ in first })
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatNoRuleKeepsGoes(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let other = try await place.protect(2, plan: "other")
        let ids = try await place.protect(5)
        let planned = try await place.operation(["keepLast": 2]).decide()
        #expect(planned.checkpoints.map(\.id) == ids)
        #expect(planned.checkpoints.map(\.outcome) == [.kept, .kept, .toGo, .toGo, .toGo])
        #expect(try await place.available() == ids)

        let report = try await place.retain(["keepLast": 2])
        #expect(report.checkpoints.map(\.outcome) == [.kept, .kept] + [place.gone, place.gone, place.gone])
        #expect(report.removed == 3 && report.failed == 0)
        #expect(try await place.available() == Array(ids.prefix(2)))
        #expect(try await place.collection.list(.init(plan: "other")).map(\.id) == other)
        // Nothing more goes, however often it is said.
        let again = try await place.retain(["keepLast": 2])
        #expect(again.removed == 0)
        #expect(try await place.available() == Array(ids.prefix(2)))
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func anEmptyPolicyRemovesNothing(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let ids = try await place.protect(4)
        #expect(try await place.retain([:]).checkpoints.map(\.outcome) == Array(repeating: .kept, count: 4))
        #expect(try await place.available() == ids)
        #expect(try await place.retain(["keepLast": 1], plan: "nothing").checkpoints.isEmpty)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatIsPinnedOrInUseStays(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let ids = try await place.protect(5)
        try await place.bank.put(CheckpointKeys(ids[3]).pin, Array("{}".utf8), if: .none)
        let collection = place.collection
        let report = try await collection.using(ids[4], "restore", now: Timestamp(milliseconds: 0)) {
            try await place.retain(["keepLast": 1])
        }
        #expect(report.checkpoints.map(\.outcome) == [.kept, place.gone, place.gone, .kept, .kept])
        #expect(report.checkpoints.suffix(2).map(\.decision.reasons) == [[.pinned], [.inUse]])
        #expect(try await place.available() == [ids[0], ids[3], ids[4]])
        // The use has ended, the pin has not.
        #expect(try await place.retain(["keepLast": 1]).removed == 1)
        #expect(try await place.available() == [ids[0], ids[3]])
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aUseThatCannotBeReadMayBeOne(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let ids = try await place.protect(2)
        try await place.bank.put(CheckpointKeys(ids[1]).use("someone"), Array("torn".utf8), if: .none)
        #expect(try await place.retain(["keepLast": 1]).checkpoints.last?.decision.reasons == [.inUse])
        #expect(try await place.available() == ids)
    }

    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func whatIsPinnedMeanwhileIsSpared(_ level: ConsistencyLevel) async throws {
        let next = Mutex<(any Bank, BankKey)?>(nil)
        let place = Place(level) { call in
            // The oldest goes first, and while it does someone pins the next one.
            guard call == "delete main r0", let (bank, key) = next.withLock({ $0 }) else { return }
            try await bank.put(key, Array("{}".utf8), if: .none)
        }
        let ids = try await place.protect(3)
        next.withLock { $0 = (place.bank, CheckpointKeys(ids[1]).pin) }
        let outcomes = Self.outcomes(try await place.retain(["keepLast": 1]))
        #expect(outcomes[ids[2]] == .removed && outcomes[ids[0]] == .kept)
        guard case .spared = outcomes[ids[1]] else {
            Issue.record("\(String(describing: outcomes[ids[1]]))")
            return
        }
        #expect(try await place.available() == [ids[0], ids[1]])
    }

    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func whatCannotBeRemovedDoesNotKeepTheOthers(_ level: ConsistencyLevel) async throws {
        let calls = Mutex(0)
        let place = Place(level) { call in
            guard call == "delete main r0" else { return }
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            if number == 2 { throw PluginError("the tape is stuck") }
        }
        let ids = try await place.protect(5)
        let report = try await place.retain(["keepLast": 2])
        #expect(report.removed == 2 && report.failed == 1)
        guard case .failed(let reason) = Self.outcomes(report)[ids[3]] else {
            Issue.record("\(report.checkpoints.map(\.outcome))")
            return
        }
        #expect(reason.contains("the tape is stuck"))
        #expect(try await place.collection.summary(ids[3])?.status == .errorDeleting)
        #expect(try await place.available() == Array(ids.prefix(2)))
    }

    /// Someone deletes by hand what retention relies on, while it runs.
    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func theLastThatCanBeRestoredStays(_ level: ConsistencyLevel) async throws {
        let others = Mutex<(ExecutionEnvironment, [CheckpointID])?>(nil)
        let place = Place(level) { call in
            guard call == "delete main r0" else { return }
            let found = others.withLock { others in
                defer { others = nil }
                return others
            }
            guard let (environment, ids) = found else { return }
            for id in ids { _ = try await DeleteOperation(environment, checkpoint: id, force: false).run() }
        }
        let ids = try await place.protect(5)
        others.withLock { $0 = (place.environment, [ids[0], ids[1]]) }
        let outcomes = Self.outcomes(try await place.retain(["keepLast": 2]))
        #expect(outcomes[ids[4]] == .removed)
        for id in [ids[2], ids[3]] {
            guard case .spared = outcomes[id] else {
                Issue.record("\(outcomes)")
                return
            }
        }
        #expect(try await place.available() == [ids[2], ids[3]])
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatFailedNeitherCountsNorGoes(_ level: ConsistencyLevel) async throws {
        let isBroken = Mutex(false)
        let place = Place(level) { call in
            if call.hasPrefix("protect main"), isBroken.withLock({ $0 }) { throw PluginError("no disk") }
        }
        let good = try await place.protect(3)
        isBroken.withLock { $0 = true }
        let failed = try await place.protect(3)
        place.clock.wall.withLock { $0 += 1000 * 3_600_000 }
        let report = try await place.retain(["keepLast": 2, "maxAge": "10h"])
        #expect(report.checkpoints.map(\.id) == failed + good)
        #expect(report.checkpoints.map(\.outcome) == [.kept, .kept, .kept, .kept, .kept, place.gone])
        #expect(report.checkpoints.prefix(3).allSatisfy { $0.decision.reasons == [.notAvailable] })
        #expect(try await place.available() == Array(good.prefix(2)))
    }

    @Test func aRunThatIsStoppedRemovesNothingMore() async throws {
        let place = Place(.compareAndSwap)
        let ids = try await place.protect(4)
        place.control.interrupt(reason: "SIGTERM")
        await #expect(throws: CancellationError.self) { try await place.retain(["keepLast": 1]) }
        #expect(try await place.available() == ids)
    }

    private struct LostLease: WriteGuard {
        func ensureMayWrite() throws { throw LeaseError.lost(owner: "me", reason: "it was not renewed in time") }
    }

    @Test func withoutALeaseNothingIsRemoved() async throws {
        let place = Place(.compareAndSwap)
        let ids = try await place.protect(4)
        var environment = place.environment
        environment.writeGuard = LostLease()
        let operation = try RetentionOperation(
            environment, plan: "shop", provider: "local", policy: try RetentionPolicy(["keepLast": 1]))
        await #expect(throws: LeaseError.self) { try await operation.run() }
        #expect(try await place.available() == ids)
    }

    @Test func anUnknownZoneRemovesNothing() throws {
        let place = Place(.compareAndSwap)
        #expect(throws: RetentionError.unknownTimeZone("Europe/Berlni")) {
            try place.operation(["keepDaily": 2, "timezone": "Europe/Berlni"])
        }
    }

    /// Answers get lost all the time; whatever is told, what must stay is whole, and in the end all is done.
    @Test(arguments: ConsistencyLevel.allCases)
    func lostAnswersRemoveNothingElse(_ level: ConsistencyLevel) async throws {
        var troubles = BankTroubles()
        troubles.lostAnswers = 150
        let calm = Place(level)
        let ids = try await calm.protect(6)
        let troubled = DegradedBank(calm.bank, to: level, troubles: troubles)
        var environment = calm.environment
        environment.collection = CheckpointCollection(
            bank: troubled, owner: Workbench.owner, consistency: level, hasEnded: { _ in false })
        let operation = try RetentionOperation(
            environment, plan: "shop", provider: "local", policy: try RetentionPolicy(["keepLast": 2]))
        for _ in 0..<10 {
            _ = try? await operation.run()
            #expect(try await Array(calm.available().prefix(2)) == Array(ids.prefix(2)))
        }
        // Deletions that were begun are for garbage collection to finish; they count no more.
        #expect(try await calm.available() == Array(ids.prefix(2)))
        for id in ids.prefix(2) {
            let loaded = try await LoadedCheckpoint.load(id, from: calm.collection)
            let verified = try await RestoreOperation.verify(loaded, calm.environment).run()
            #expect(verified.commit.status == .success && verified.damaged.isEmpty)
        }
    }
}
