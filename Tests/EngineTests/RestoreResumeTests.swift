import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Surroundings
import Synchronization
import Testing

@testable import Engine

@Suite struct RestoreResumeTests {
    /// Wherever the bank goes away, another host finishes the restore, and replaces nothing that a user had.
    @Test(arguments: [FaultyBank.Fault.goneBefore, .goneAfter], ConsistencyLevel.allCases)
    func whereverTheBankGoesAwayAnotherHostFinishes(
        _ fault: FaultyBank.Fault, _ level: ConsistencyLevel
    ) async throws {
        let ir = Workbench.ir(diamond, hooks: [.main])
        let whole = (0..<4).reduce(into: [:]) { $0["r\($1)"] = Places.whole("r\($1)") }
        let (first, undisturbed) = Workbench.degraded(to: level)
        let checkpoint = try await first.protect(ir).checkpoint
        undisturbed.fail(at: nil)
        _ = try await RestoringHost(first, FillingPlugin(Places())).restore(checkpoint)
        let writes = undisturbed.writes.count
        #expect(writes >= 7, "\(undisturbed.writes)")
        var resumed = 0
        for number in 0..<writes {
            let (bench, bank) = Workbench.degraded(to: level)
            let id = try await bench.protect(ir).checkpoint
            let places = Places()
            let first = RestoringHost(bench, FillingPlugin(places))
            bank.fail(at: number, fault)
            let report = try? await first.restore(id)
            bank.fail(at: nil)
            let second = RestoringHost(bench, FillingPlugin(places), host: "there")
            guard let operation = try await second.operation() else {
                // The bank took nothing from the beginning: then it was restored without a record.
                #expect(report?.commit.status == .success && report?.isRecorded == false, "write \(number)")
                continue
            }
            if operation.status == .success { continue }
            let done = Set(
                report.map { $0.commit.resources.filter { $0.status == .success }.map(\.resource) } ?? [])
            let again = try await second.resume(operation.id)
            resumed += 1
            #expect(again.commit.status == .success, "write \(number): \(again.commit.failures)")
            #expect(places.contents.withLock { $0 } == whole, "write \(number)")
            #expect(again.commit.resources.count == 4)
            let now = try await second.collection.operation(operation.id)
            #expect(now.status == .success && now.standing?.epochs.count == 2, "write \(number)")
            // What the first one had recorded as done is not done again.
            if operation.commit != nil, let calls = (second.plugin as? FillingPlugin)?.calls.withLock({ $0 }) {
                #expect(calls.allSatisfy { !done.contains("Test::Thing#\($0)") }, "write \(number)")
            }
            await #expect(throws: OperationError.self) { try await second.resume(operation.id) }
        }
        #expect(resumed >= 4, "\(undisturbed.writes)")
    }

    /// One that was killed writes nothing more: the crash is in the middle of a place.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatWasHalfFilledIsFilledAgainAndWhatIsDoneIsLeft(_ level: ConsistencyLevel) async throws {
        let (bench, bank) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[], [], []], hooks: [.main])).checkpoint
        let places = Places()
        let first = RestoringHost(
            bench,
            FillingPlugin(places) { id in
                guard id == "r1" else { return }
                // As long as it takes until what came before is in the bank; then it is cut off.
                try await bench.waitUntilNoted(before: id)
                bank.fail(at: 0, .goneBefore)
                throw PluginError("cut off")
            })
        let report = try? await first.restore(id)
        #expect(report?.isRecorded != true)
        bank.fail(at: nil)
        #expect(places["r0"] == Places.whole("r0") && places["r1"] == Places.half && places["r2"] == nil)
        let plugin = FillingPlugin(places)
        let second = RestoringHost(bench, plugin, host: "there")
        let operation = try #require(try await second.operation())
        #expect(operation.status == .fail && operation.isResumable)
        let again = try await second.resume(operation.id)
        #expect(again.commit.status == .success, "\(again.commit.failures)")
        #expect(plugin.calls.withLock { $0 } == ["r1", "r2"])
        for id in ["r0", "r1", "r2"] { #expect(places[id] == Places.whole(id)) }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aFailedRestoreSaysWhatIsWholeAndNeverReplacesWhatAUserHad(_ level: ConsistencyLevel) async throws {
        let (bench, _) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[], [], [], []], hooks: [.main])).checkpoint
        let places = Places()
        places["r1"] = Places.users
        let isBroken = Mutex(true)
        let host = RestoringHost(
            bench,
            FillingPlugin(places) { id in
                if id == "r2", isBroken.withLock({ $0 }) { throw PluginError("the disk is full") }
            })
        var environment = host.environment
        environment.onFailure = .continue
        let report = try await RestoreOperation.restore(
            try await LoadedCheckpoint.load(id, from: host.collection), OperationRequest(), environment
        ).run()
        #expect(report.commit.status == .fail && report.isRecorded)
        #expect(report.commit.resources.map(\.status) == [.success, .fail, .fail, .success])
        // The user's place was refused, and the other one is half filled.
        #expect(report.commit.resources.map(\.isBegun) == [true, false, true, true])
        #expect(places["r1"] == Places.users && places["r2"] == Places.half)
        // As long as it is in the way, it stays, however often it is tried.
        let again = try await host.resume(report.commit.id)
        #expect(again.commit.status == .fail)
        #expect(places["r1"] == Places.users)
        places["r1"] = nil
        isBroken.withLock { $0 = false }
        let last = try await host.resume(report.commit.id)
        #expect(last.commit.status == .success && last.commit.epoch > again.commit.epoch)
        for id in ["r0", "r1", "r2", "r3"] { #expect(places[id] == Places.whole(id)) }
        let calls = (host.plugin as? FillingPlugin)?.calls.withLock { $0 } ?? []
        #expect(calls.count { $0 == "r0" } == 1 && calls.count { $0 == "r3" } == 1)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func twoDoNotGoOnWithOneRestore(_ level: ConsistencyLevel) async throws {
        let (bench, _) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[]], hooks: [.main])).checkpoint
        let places = Places()
        places["r0"] = Places.users
        let first = RestoringHost(bench, FillingPlugin(places))
        let operation = try await first.restore(id).commit.id
        let second = RestoringHost(bench, FillingPlugin(places), host: "there")
        // Both have seen how it stands; the second one to claim meets the first one's claim.
        let standing = try await first.collection.standing(operation)
        let random = SystemRandom()
        let claim = try await first.collection.claim(standing, now: Timestamp(milliseconds: 0), random: random)
        await #expect(throws: OperationError.superseded(operation, epoch: claim.epoch)) {
            try await second.collection.claim(standing, now: Timestamp(milliseconds: 0), random: random)
        }
        // As long as nobody knows that the first one is gone, nobody goes on.
        await #expect(throws: OperationError.self) {
            try await RestoreResumption(second.environment, operation: operation, isGone: { _ in false }).run()
        }
        // Who commits behind a claim is told that another one decides.
        let late = OperationCommit(
            id: operation, epoch: 1, status: .fail, finished: Timestamp(milliseconds: 0), resources: [], failures: [])
        await #expect(throws: BankError.self) { try await first.collection.end(late) }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func theCommitRecordOfTheHighestEpochDecides(_ level: ConsistencyLevel) async throws {
        let (bench, _) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[]], hooks: [.main])).checkpoint
        let collection = bench.collection
        let index = OperationIndex(
            id: .random(), kind: "restore", checkpoint: id, plan: "shop", started: Timestamp(milliseconds: 1),
            owner: Workbench.owner)
        func commit(_ epoch: UInt32, _ status: OperationStatus) -> OperationCommit {
            OperationCommit(
                id: index.id, epoch: epoch, status: status, finished: Timestamp(milliseconds: 2), resources: [],
                failures: [])
        }
        try await collection.begin(index)
        #expect(try await collection.operation(index.id).status == .fail)
        let claim = try await collection.claim(
            try await collection.standing(index.id), now: Timestamp(milliseconds: 3), random: SystemRandom())
        // The first one was only asleep: its record is written, and it is told.
        await #expect(throws: OperationError.superseded(index.id, epoch: claim.epoch)) {
            try await collection.end(commit(1, .fail))
        }
        #expect(try await collection.standing(index.id).isOpen)
        try await collection.end(commit(claim.epoch, .success))
        let summary = try await collection.operation(index.id)
        #expect(summary.status == .success && summary.commit?.epoch == claim.epoch)
        // A claim alone voids nothing.
        let key = OperationKeys(index.id).epoch(claim.epoch + 7)
        let stray = EpochRecord(
            of: .operation, index.id, epoch: claim.epoch + 7, owner: Workbench.owner,
            started: Timestamp(milliseconds: 4))
        try await bench.bank.put(key, stray.record.bytes, if: .none)
        #expect(try await collection.operation(index.id).status == .success)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func gcGivesUpWhatNobodyResumesAndAResumeIsStillPossible(_ level: ConsistencyLevel) async throws {
        let (bench, bank) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[], []], hooks: [.main])).checkpoint
        let places = Places()
        let first = RestoringHost(bench, FillingPlugin(places) { if $0 == "r1" { bank.fail(at: 0, .goneBefore) } })
        _ = try? await first.restore(id)
        bank.fail(at: nil)
        places["r1"] = Places.half
        let second = RestoringHost(bench, FillingPlugin(places), host: "there")
        let operation = try #require(try await second.operation())
        #expect(operation.commit == nil)
        func collect() async throws -> [CollectedItem.Action] {
            try await GarbageCollection(second.environment).run().filter { $0.id == operation.id.text }.map(\.action)
        }
        #expect(try await collect() == [.ended])
        let given = try await second.collection.operation(operation.id)
        #expect(given.status == .fail && given.commit?.failures.isEmpty == false && given.isResumable)
        #expect(try await collect().isEmpty)
        #expect(try await second.resume(operation.id).commit.status == .success)
        #expect(places["r1"] == Places.whole("r1"))
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aVerificationThatWasCutOffGoesOn(_ level: ConsistencyLevel) async throws {
        let (bench, bank) = Workbench.degraded(to: level)
        let id = try await bench.protect(Workbench.ir([[], [], []], hooks: [.main])).checkpoint
        bank.fail(at: 2, .goneBefore)
        _ = try? await bench.verify(id)
        bank.fail(at: nil)
        let host = RestoringHost(bench, FillingPlugin(Places()), host: "there")
        let operation = try #require(try await host.operation())
        #expect(operation.index?.kind == "verify" && operation.isResumable && operation.commit == nil)
        let again = try await host.resume(operation.id)
        #expect(again.commit.status == .success && again.commit.resources.count == 3, "\(again.commit.failures)")
        #expect(try await host.collection.operation(operation.id).isResumable == false)
        await #expect(throws: OperationError.self) { try await host.resume(operation.id) }
    }

    /// What `resume --last` chooses from: everything that was cut off, the newest first; nothing that runs here, has ended,
    /// or belongs to a rehearsal.
    @Test func interruptionsAreFoundWhateverTheyAre() async throws {
        let (bench, bank) = Workbench.degraded(to: .compareAndSwap)
        let ir = Workbench.ir([[], []], hooks: [.main])
        let id = try await bench.protect(ir).checkpoint
        _ = try await bench.verify(id)
        func found(
            _ plan: String? = nil, provider: String = "local", _ isRunning: (Owner) -> Bool = { _ in false }
        ) async throws -> [Interruption] {
            try await bench.collection.interruptions(plan: plan, provider: provider, isRunning: isRunning)
        }
        #expect(try await found().isEmpty)
        bank.fail(at: 2, .goneBefore)
        _ = try? await bench.verify(id)
        bank.fail(at: nil)
        bank.fail(at: 2, .goneBefore)
        _ = try? await bench.restore(id)
        bank.fail(at: nil)
        bank.fail(at: 6, .goneBefore)
        _ = try? await bench.protect(ir)
        bank.fail(at: nil)
        bank.fail(at: 6, .goneBefore)
        _ = try? await ProtectOperation(bench.environment, ir: ir, irBytes: ir.encoded.bytes).asRehearsal.run()
        bank.fail(at: nil)
        let all = try await found()
        #expect(Set(all.map(\.kind)) == [.verify, .restore, .protect] && all.count == 3, "\(all)")
        #expect(all.allSatisfy { $0.isCertain && $0.plan == "shop" })
        // The clock stands still, so that ids decide.
        #expect(all.map(\.id) == all.map(\.id).sorted().reversed())
        #expect(try await found("shop") == all)
        #expect(try await found("other").isEmpty)
        #expect(try await found(provider: "offsite").isEmpty)
        #expect(try await found { _ in true }.isEmpty)
        var doubtful = bench
        doubtful.ownersHaveEnded = false
        let uncertain = try await doubtful.collection.interruptions(provider: "local") { _ in false }
        #expect(uncertain.map(\.id) == all.map(\.id) && uncertain.allSatisfy { !$0.isCertain })
    }

    @Test func whatCannotBeResumedSaysWhy() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir([[]], hooks: [.main])).checkpoint
        let host = RestoringHost(bench, FillingPlugin(Places()))
        let done = try await host.restore(id)
        await #expect(throws: OperationError.self) { try await host.resume(done.commit.id) }
        let verified = try await bench.verify(id)
        await #expect(throws: OperationError.self) { try await host.resume(verified.commit.id) }
        await #expect(throws: CheckpointError.self) { try await host.resume(.random()) }
        // One of before: its record does not say where to.
        let old = CheckpointID.random()
        let record = SealedRecord(
            format: "cairn.operation", version: 1,
            [
                "id": .string(old.text), "kind": "restore", "checkpoint": .string(id.text), "plan": "shop",
                "started": "2026-11-22T13:24:55.123Z",
                "owner": [
                    "id": "a", "host": "here", "process": 1, "boot": "b", "processStart": 1, "namespace": "n",
                ],
            ])
        try await bench.bank.put(OperationKeys(old).index, record.bytes, if: .ifAbsent)
        await #expect(throws: OperationError.self) { try await host.resume(old) }
        #expect(try await host.collection.operation(old).status == .fail)
        // A damaged one is named, and hides no other.
        try await bench.bank.put(OperationKeys(old).index, Array("{}".utf8), if: .none)
        #expect(try await host.collection.operation(old).status == .damaged)
        #expect(try await host.collection.operations().count == 3)
    }
}

/// A service over things that are restored while it stands still.
@Suite struct RestoredWindowTests {
    /// A service `r0` over `r1` and `r2`; the rest are places.
    final class ServedPlugin: ProtectionPlugin {
        let name = "scripted"
        let filling: FillingPlugin
        let quiet = Mutex(false)
        let calls = Mutex<[String]>([])

        init(_ filling: FillingPlugin) { self.filling = filling }

        var takesPlaces: Bool { true }

        func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
        func verify(_ hook: Hook, _ context: ActivityContext) async throws {}

        func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
            guard context.resource.id == "r0" else {
                return try await filling.restore(hook, context, to: target)
            }
            calls.withLock { $0.append(hook.name) }
            switch hook {
            case .prepareBegin:
                try await context.undo.register(["resume": true])
                quiet.withLock { $0 = true }
            case .complete:
                quiet.withLock { $0 = false }
                try await context.undo.discharge()
            case .prepareFinish, .main: break
            }
        }

        func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
            guard context.undo.due != nil else { return }
            calls.withLock { $0.append("revert") }
            quiet.withLock { $0 = false }
            try await context.undo.discharge()
        }
    }

    /// A restore that is cut off in `r2`, without anyone who undoes anything, as after a kill.
    private func cutOff() async throws -> (bench: Workbench, places: Places, operation: CheckpointID) {
        let bank = FaultyBank(InMemoryBank.early())
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir([[1, 2], [], []])).checkpoint
        let places = Places()
        let filling = FillingPlugin(places) { id in
            guard id == "r2" else { return }
            try await bench.waitUntilNoted(before: id, andAllOf: "r1")
            bank.fail(at: 0, .goneBefore)
            throw PluginError("cut off")
        }
        var first = RestoringHost(bench, ServedPlugin(filling))
        // While one waits, the other comes to its end.
        first.jobs = 2
        _ = try? await first.restore(id)
        bank.fail(at: nil)
        #expect(places["r1"] == Places.whole("r1") && places["r2"] == Places.half)
        return (bench, places, try #require(try await first.operation()).id)
    }

    @Test func aServiceThatStandsStillStaysSoOnTheSameBoot() async throws {
        let (bench, places, operation) = try await cutOff()
        let plugin = ServedPlugin(FillingPlugin(places))
        plugin.quiet.withLock { $0 = true }
        let report = try await RestoringHost(bench, plugin).resume(operation)
        #expect(report.commit.status == .success, "\(report.commit.failures)")
        // Nothing was undone, so what was restored beside it is still good.
        #expect(plugin.filling.calls.withLock { $0 } == ["r2"])
        #expect(plugin.calls.withLock { $0 } == ["prepareBegin", "prepareFinish", "main", "complete"])
        #expect(plugin.quiet.withLock { !$0 })
    }

    @Test(arguments: [("there", "b"), ("here", "another boot")])
    func elsewhereOrAfterABootAllBelowItIsRestoredAgain(_ host: String, _ boot: String) async throws {
        let (bench, places, operation) = try await cutOff()
        let plugin = ServedPlugin(FillingPlugin(places))
        plugin.quiet.withLock { $0 = true }
        let report = try await RestoringHost(bench, plugin, host: host, boot: boot).resume(operation)
        #expect(report.commit.status == .success, "\(report.commit.failures)")
        #expect(plugin.calls.withLock { $0.first } == "revert")
        #expect(plugin.filling.calls.withLock { $0.sorted() } == ["r1", "r2"])
        #expect(plugin.quiet.withLock { !$0 })
        #expect(places["r1"] == Places.whole("r1") && places["r2"] == Places.whole("r2"))
    }

    /// A failed run sets the service going; so what was restored while it stood still is restored again.
    @Test func afterAFailureAllBelowItIsRestoredAgain() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir([[1, 2], [], []])).checkpoint
        let places = Places()
        let isBroken = Mutex(true)
        let plugin = ServedPlugin(
            FillingPlugin(places) { id in
                if id == "r2", isBroken.withLock({ $0 }) { throw PluginError("the disk is full") }
            })
        let host = RestoringHost(bench, plugin)
        let report = try await host.restore(id)
        #expect(report.commit.status == .fail && plugin.quiet.withLock { !$0 })
        // What it had brought to a standstill goes on again: nothing of it is half done.
        #expect(!report.commit.resources[0].isBegun)
        isBroken.withLock { $0 = false }
        plugin.filling.calls.withLock { $0 = [] }
        let again = try await host.resume(report.commit.id)
        #expect(again.commit.status == .success, "\(again.commit.failures)")
        #expect(plugin.filling.calls.withLock { $0.sorted() } == ["r1", "r2"])
    }
}

@Suite struct OperationPlanTests {
    @Test func onlyTakesDependentsAlongAndKeepsTheOrder() throws {
        // 0 and 1 share 3; 2 stands alone over 4.
        let ir = Workbench.ir([[3], [3], [4], [], []])
        #expect(ir.withDependents([1]) == [1, 3])
        #expect(ir.withDependents([0, 1]) == [0, 1, 3])
        #expect(ir.withDependents([4, 2]) == [2, 4])
        let plan = OperationPlan(ir, .restore, OperationRequest(resources: [1, 3]))
        let graph = plan.ir.graph(.restore)
        #expect(graph.hasOrder(of: ir.graph(.restore)))
        #expect(Set(graph.activities.filter { !$0.isBarrier }.map(\.resource)) == [1, 3])
        #expect(plan.ir.graph(.verify) == ir.graph(.verify))
        // What stands above one that takes part, and is left out.
        #expect(plan.leftOutAbove(.restore) == [0])
        #expect(OperationPlan(ir, .restore, OperationRequest()).leftOutAbove(.restore).isEmpty)
    }

    @Test func aDeepChainIsNoTrouble() {
        let count = 20_000
        let ir = Workbench.ir((0..<count).map { $0 + 1 < count ? [Int32($0 + 1)] : [] }, hooks: [.main])
        #expect(ir.withDependents([0]).count == count)
        #expect(ir.withDependents([count - 1]) == [count - 1])
    }

    @Test func theCommandLineComesLastAndResourcesBehindTypes() {
        var ir = Workbench.ir([[], [], []])
        ir.parameterSets = [["a": 1, "b": 1]]
        let overrides = [
            ParameterOverride(target: "Test::Thing", key: "a", value: 2),
            ParameterOverride(target: "Test::Thing#r1", key: "a", value: 3),
        ]
        let plan = OperationPlan(ir, .restore, OperationRequest(parameters: overrides))
        #expect(plan.ir.parameters(of: 0, for: .restore) == ["a": 2, "b": 1])
        #expect(plan.ir.parameters(of: 1, for: .restore) == ["a": 3, "b": 1])
        #expect(plan.ir.parameters(of: 1, for: .verify) == ["a": 1, "b": 1])
        // Equal ones share a set.
        #expect(plan.ir.parameterSets.count == 3)
    }

    @Test func onlyWhatIsAskedForIsRestoredAndRecorded() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir(diamond)).checkpoint
        var request = OperationRequest(resources: [1, 3])
        request.target = RestoreTarget(directory: "/mnt", overwrite: true)
        let report = try await RestoreOperation.restore(
            try await LoadedCheckpoint.load(id, from: bench.collection), request, bench.environment
        ).run()
        #expect(report.commit.resources.map(\.resource) == ["Test::Thing#r1", "Test::Thing#r3"])
        #expect(Set(bench.plugin.restored.withLock { $0.keys }) == ["r1", "r3"])
        let index = try await bench.collection.standing(report.commit.id).index
        #expect(index.target == "/mnt" && index.overwrite && index.only == ["Test::Thing#r1", "Test::Thing#r3"])
        // Those above are named, since nobody brings them to a standstill here.
        #expect(bench.observer.notices.withLock { $0 }.isEmpty)
    }
}
