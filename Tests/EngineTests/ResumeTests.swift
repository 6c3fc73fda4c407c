import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import ScheduleTestSupport
import Surroundings
import Synchronization
import Testing

@testable import Engine

extension Workbench {
    func resume(_ id: CheckpointID) async throws -> ProtectReport {
        try await ResumeOperation(environment, checkpoint: id).run()
    }

    func collect(dryRun: Bool = false) async throws -> [CollectedItem] {
        try await GarbageCollection(environment, dryRun: dryRun).run()
    }
}

/// A service that stands still from `prepareBegin` to `prepareFinish`, over things that are saved meanwhile.
final class QuietPlugin: ProtectionPlugin {
    let name = "scripted"
    /// The services that stand still, by id.
    let quiet = Mutex<Set<String>>([])
    let calls = Mutex<[String]>([])
    /// Runs at the beginning of each call.
    let act: @Sendable (String) async throws -> Void

    init(_ act: @escaping @Sendable (String) async throws -> Void = { _ in }) { self.act = act }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        let id = context.resource.id
        calls.withLock { $0.append("\(hook.name) \(id)") }
        switch hook {
        case .prepareBegin:
            try await context.undo.register(["resume": .string(id)])
            quiet.withLock { _ = $0.insert(id) }
            try await act("\(hook.name) \(id)")
        case .prepareFinish:
            try await act("\(hook.name) \(id)")
            quiet.withLock { _ = $0.remove(id) }
            try await context.undo.discharge()
        case .main, .complete: try await act("\(hook.name) \(id)")
        }
        return [hook.name: true]
    }

    /// Stands still from `prepareBegin` to `complete`.
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        let id = context.resource.id
        calls.withLock { $0.append("restore \(hook.name) \(id)") }
        if hook == .prepareBegin {
            try await context.undo.register(["resume": .string(id)])
            quiet.withLock { _ = $0.insert(id) }
        }
        try await act("restore \(hook.name) \(id)")
        guard hook == .complete else { return }
        quiet.withLock { _ = $0.remove(id) }
        try await context.undo.discharge()
    }
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}

    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        calls.withLock { $0.append("revert \(context.resource.id)") }
        guard let note = context.undo.due?["resume"]?.stringValue else { return }
        try await act("revert \(context.resource.id)")
        quiet.withLock { _ = $0.remove(note) }
    }
}

@Suite struct ResumeTests {
    /// Wherever the bank goes away, a resume finishes the run, and what it makes is as if nothing had happened.
    @Test(arguments: [FaultyBank.Fault.goneBefore, .goneAfter])
    func wherevertheBankGoesAwayAResumeFinishes(_ fault: FaultyBank.Fault) async throws {
        let ir = Workbench.ir(diamond)
        let undisturbed = FaultyBank(InMemoryBank.early())
        let whole = try await Workbench(undisturbed).protect(ir)
        let writes = undisturbed.writes.count
        let names = try await content(undisturbed, whole)
        var resumed = 0
        for number in 0..<writes + 3 {
            let bank = FaultyBank(InMemoryBank.early())
            let bench = Workbench(bank)
            bank.fail(at: number, fault)
            _ = try? await bench.protect(ir)
            bank.fail(at: nil)
            guard let summary = try await bench.collection.list(.init()).first else { continue }
            if summary.status == .available { continue }
            // Before the plan is in the bank there is nothing to go on with; gc says so, and deleting removes it.
            guard try await bank.size(CheckpointKeys(summary.id).ir) != nil else {
                await #expect(throws: CheckpointError.self) { try await bench.resume(summary.id) }
                continue
            }
            let report = try await bench.resume(summary.id)
            resumed += 1
            #expect(report.commit.status == .available, "write \(number): \(report.commit.failures)")
            #expect(try await content(bank, report) == names, "write \(number)")
            #expect(try await bench.verify(summary.id).commit.status == .success, "write \(number)")
            #expect(try await bench.restore(summary.id).commit.status == .success, "write \(number)")
            #expect(try await bank.size(CheckpointLayout.unfinished(summary.id)) == nil)
            #expect(try await bench.delete(summary.id).isEmpty)
            let left = try await bank.allKeys(below: nil).filter { $0.segments[0] != "operations" }
            #expect(left.isEmpty, "write \(number)")
        }
        #expect(resumed > 10)
    }

    /// The artifacts of a checkpoint without their epochs: each once, none lost.
    private func content(_ bank: any Bank, _ report: ProtectReport) async throws -> [String] {
        let all = try await bank.allKeys(below: CheckpointKeys(report.checkpoint).all).filter {
            $0.segments.contains("resources")
        }
        return all.map { $0.segments.dropFirst(3).joined(separator: "/") }.sorted()
    }

    /// While a collector waits for an executor to be gone, it may go because it is done.
    @Test func whatEndsWhileItIsWatchedIsNotGivenUp() async throws {
        let bench = Workbench(InMemoryBank.early())
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let (bank, key) = (bench.bank, CheckpointKeys(id).commit(ofEpoch: 1))
        let commit = try await bank.get(key)
        try await bank.delete(key, if: .none)
        try await bank.put(CheckpointLayout.unfinished(id), bench.collection.marker(id), if: .none)
        let items = try await GarbageCollection(bench.environment) { _ in
            try await bank.put(key, commit, if: .none)
            return true
        }.run()
        #expect(items.isEmpty, "\(items)")
        #expect(try await bench.collection.summary(id)?.status == .available)
        #expect(try await bench.collect().map(\.action) == [.published])
    }

    @Test func whatWasFinishedIsNotRunAgain() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        var bench = Workbench(bank)
        bench.jobs = 1
        let ir = Workbench.ir([[], [], []], hooks: [.main])
        let report = try await bench.protect(ir)
        // As if it had been cut off behind the second of three: the journal ends there, and nothing else is written.
        let keys = CheckpointKeys(report.checkpoint)
        let events = try await bench.collection.journal(report.checkpoint, ir).events
        let starts = events.indices.filter { events[$0].change == .started(attempt: 1) }
        let kept = Array(events[...starts[2]])
        try await bank.delete(keys.commit(ofEpoch: 1), if: .none)
        try await bank.put(CheckpointLayout.unfinished(report.checkpoint), [], if: .none)
        for segment in try await bank.allKeys(below: keys.journal(ofEpoch: 1)) {
            try await bank.delete(segment, if: .none)
        }
        try await bank.put(
            keys.journal(ofEpoch: 1, page: 0), JournalSegment(number: 0, events: kept).bytes, if: .none)
        bench.plugin.calls.withLock { $0 = [] }
        let resumed = try await bench.resume(report.checkpoint)
        #expect(bench.plugin.allCalls == ["protect main r\(events[starts[2]].resource)"])
        #expect(resumed.commit.status == .available && resumed.commit.epoch == 2)
        #expect(try await bench.verify(report.checkpoint).commit.status == .success)
        // A second resume has nothing to do.
        await #expect(throws: CheckpointError.self) { try await bench.resume(report.checkpoint) }
    }

    private static func next(_ count: borrowing Mutex<Int>) -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    /// What was said of an attempt that was tried again is in the record, whoever finishes the run.
    @Test func warningsOfRetriesOutliveAResume() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let tries = Mutex(0)
        var ir = Workbench.ir([[]], hooks: [.main, .complete])
        ir.parameterSets[0] = ["retry": ["attempts": 3, "delay": "1s"]]
        let (reader, plan) = (Workbench(bank), ir)
        let plugin = ScriptedPlugin { call in
            guard Self.next(tries) <= 3 else { return }
            if call == "protect main r0", tries.withLock({ $0 == 1 }) {
                throw PluginError("not now", isTransient: true)
            }
            // The first of two epochs goes no further than this, when what it has done is durable.
            guard call == "protect complete r0" else { return }
            while true {
                if let id = try await reader.collection.list(.init()).first?.id,
                    try await reader.collection.journal(id, plan).events.contains(where: {
                        if case .finished = $0.change { true } else { false }
                    })
                {
                    break
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            bank.fail(at: 0, .goneBefore)
        }
        let bench = Workbench(bank, plugin)
        _ = try? await bench.protect(ir)
        bank.fail(at: nil)
        let id = try #require(try await bench.collection.list(.init()).first?.id)
        let report = try await bench.resume(id)
        #expect(report.commit.status == .available)
        #expect(report.commit.resources.map(\.warnings) == [1])
        #expect(plugin.allCalls.count { $0 == "protect main r0" } == 2, "\(plugin.allCalls)")
    }

    /// The same where the attempt behind it was cut off, twice.
    @Test func soDoThoseOfAHookThatWasCutOff() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let tries = Mutex(0)
        let plugin = ScriptedPlugin { call in
            guard call == "protect main r0" else { return }
            switch Self.next(tries) {
            case 1: throw PluginError("not now", isTransient: true)
            case 2, 3: bank.fail(at: 0, .goneBefore)
            default: break
            }
        }
        let bench = Workbench(bank, plugin)
        var ir = Workbench.ir([[]], hooks: [.main])
        ir.parameterSets[0] = ["retry": ["attempts": 3, "delay": "1s"]]
        _ = try? await bench.protect(ir)
        bank.fail(at: nil)
        let id = try #require(try await bench.collection.list(.init()).first?.id)
        _ = try? await bench.resume(id)
        bank.fail(at: nil)
        let report = try await bench.resume(id)
        #expect(report.commit.status == .available && report.commit.resources[0].warnings == 1)
        let definition = try await DefinitionPacks(id, report.commit, bench.collection).definition(0)
        #expect(definition.warnings.warnings.map(\.message) == ["attempt 1 failed: not now"])
    }

    /// A service over two things, whose quiet time is cut off: it is set going first, and then all of it is done again.
    @Test func aBrokenWindowIsUndoneAndDoneAgain() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let isFirst = Mutex(true)
        let plugin = QuietPlugin { call in
            // The second thing is never saved: the bank goes away while the service stands still.
            guard call == "prepareFinish r2", isFirst.withLock({ $0 }) else { return }
            isFirst.withLock { $0 = false }
            bank.fail(at: 0, .goneBefore)
        }
        var environment = Workbench(bank).environment
        environment.concurrency.jobs = 1
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[1, 2], [], []])
        await #expect(throws: ExecutionError.self) {
            try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        }
        bank.fail(at: nil)
        // The executor undid it although the bank was gone.
        #expect(plugin.quiet.withLock { $0.isEmpty })
        let id = try #require(try await environment.collection.list(.init()).first?.id)
        plugin.calls.withLock { $0 = [] }
        // As after a crash: nobody undid anything.
        plugin.quiet.withLock { $0 = ["r0"] }
        environment.plugins["scripted"] = LoadedPlugin(
            plugin: plugin, version: 1, digest: Workbench.digest)
        let report = try await ResumeOperation(environment, checkpoint: id).run()
        #expect(report.commit.status == .available)
        #expect(plugin.quiet.withLock { $0.isEmpty })
        let calls = plugin.calls.withLock { $0 }
        #expect(calls.contains("revert r0"))
        let reverts = calls.prefix { $0.hasPrefix("revert") }
        #expect(calls.dropFirst(reverts.count).first == "prepareBegin r0")
        for id in ["r0", "r1", "r2"] { #expect(calls.filter { $0 == "prepareFinish \(id)" }.count == 1) }
    }

    @Test func whatIsAboveABrokenWindowIsDoneAgainToo() throws {
        // 0 and 1 share 3 through 2, which has no window of its own; 4 stands alone.
        let dependents: [[Int32]] = [[2], [2], [3], [], []]
        var ir = Workbench.ir(dependents)
        ir.graphs[0] = graph(dependents) { resource, hook in
            resource == 2 && (hook == .prepareBegin || hook == .prepareFinish)
        }
        var histories = [ResourceHistory](repeating: ResourceHistory(), count: 5)
        for resource in histories.indices {
            for hook in Hook.allCases {
                histories[resource][hook].attempts = 1
                histories[resource][hook].result = HookResult()
            }
        }
        #expect(BrokenWindows(ir, histories).resources == [false, false, false, false, false])
        var broken = histories
        broken[3].undo = ["a": 1]
        #expect(BrokenWindows(ir, broken).resources == [true, true, true, true, false])
        broken = histories
        broken[4][.prepareFinish].result = nil
        #expect(BrokenWindows(ir, broken).resources == [false, false, false, false, true])
        // What was never begun is not broken.
        broken[4] = ResourceHistory()
        #expect(BrokenWindows(ir, broken).resources == [false, false, false, false, false])
    }

    @Test func givingUpUndoesAndRecordsIt() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let plugin = QuietPlugin { call in if call == "prepareBegin r1" { bank.fail(at: 0, .goneBefore) } }
        var environment = Workbench(bank).environment
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[1], []])
        _ = try? await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        bank.fail(at: nil)
        plugin.quiet.withLock { $0 = ["r0", "r1"] }
        plugin.calls.withLock { $0 = [] }
        let looked = try await GarbageCollection(environment, dryRun: true).run()
        #expect(looked.map(\.action) == [.gaveUp])
        #expect(plugin.calls.withLock { $0.isEmpty })
        let items = try await GarbageCollection(environment).run()
        #expect(items.map(\.action) == [.gaveUp])
        #expect(plugin.quiet.withLock { $0.isEmpty })
        let summary = try #require(try await environment.collection.list(.init()).first)
        #expect(summary.status == .error && summary.message.contains("given up"))
        #expect(try await GarbageCollection(environment).run().isEmpty)
        // Its marker stays until its artifacts go, and the record for ever.
        let swept = GarbageTerms(failed: 0, orphans: 0)
        _ = try await GarbageCollection(environment, terms: swept).run()
        #expect(try await bank.size(CheckpointLayout.unfinished(summary.id)) == nil)
        #expect(try await environment.collection.summary(summary.id)?.status == .error)
    }

    @Test func whatCannotBeUndoneIsToldAndStaysDue() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let plugin = QuietPlugin { call in if call == "prepareBegin r0" { bank.fail(at: 0, .goneBefore) } }
        var environment = Workbench(bank).environment
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[]])
        _ = try? await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        bank.fail(at: nil)
        let id = try #require(try await environment.collection.list(.init()).first?.id)
        let stubborn = StubbornPlugin()
        environment.plugins["scripted"] = LoadedPlugin(plugin: stubborn, version: 1, digest: Workbench.digest)
        for _ in 0..<2 {
            do {
                _ = try await ResumeOperation(environment, checkpoint: id).run()
                Issue.record("it went on although a service stands still")
            } catch ExecutionError.notReverted(let checkpoint, let failures) {
                #expect(checkpoint == id && failures.map(\.message) == ["it does not start"])
            }
        }
        stubborn.isBroken.withLock { $0 = false }
        let report = try await ResumeOperation(environment, checkpoint: id).run()
        #expect(report.commit.status == .available && report.commit.epoch == 4)
    }

    /// Whoever was taken over from learns it, and changes nothing.
    @Test func whoWasTakenOverFromDoesNotCommit() async throws {
        let bank = InMemoryBank.early()
        let other = Mutex<CommitRecord?>(nil)
        let slow = ScriptedPlugin { call in
            guard call == "protect main r0", other.withLock({ $0 == nil }) else { return }
            // Meanwhile someone else takes it for dead, and finishes it.
            let rival = Workbench(bank)
            let id = try #require(try await rival.collection.list(.init()).first?.id)
            let report = try await rival.resume(id)
            other.withLock { $0 = report.commit }
        }
        let bench = Workbench(bank, slow)
        await #expect(throws: ExecutionError.self) { try await bench.protect(Workbench.ir([[]], hooks: [.main])) }
        let winner = try #require(other.withLock { $0 })
        #expect(winner.status == .available && winner.epoch == 2)
        let commit = try await bench.collection.commit(winner.checkpoint)
        #expect(commit == winner)
        #expect(try await bench.restore(winner.checkpoint).commit.status == .success)
    }

    /// The commit record of the highest epoch decides, and claims take nothing from it: whoever claims looks for one
    /// behind that, and leaves it in force.
    @Test func theCommitOfTheHighestEpochDecides() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let report = try await bench.protect(Workbench.ir([[]]))
        let id = report.checkpoint
        let random = SystemRandom()
        let now = Timestamp(milliseconds: 0)
        #expect(try await bench.collection.claim(id, after: 1, now: now, random: random) == 2)
        #expect(try await bench.collection.commit(id) == report.commit)
        #expect(try await bench.collection.summary(id)?.status == .available)
        await #expect(throws: CheckpointError.self) { try await bench.resume(id) }
        #expect(try await bench.verify(id).commit.status == .success)
        await #expect(throws: CheckpointError.superseded(id, epoch: 2)) {
            try await bench.collection.claim(id, after: 1, now: Timestamp(milliseconds: 5), random: random)
        }
        // Who commits sees the later claim.
        await #expect(throws: CheckpointError.superseded(id, epoch: 2)) {
            try await bench.collection.commit(report.commit)
        }
        let failed = CommitRecord(
            checkpoint: id, epoch: 2, status: .error, finished: now, resources: report.commit.resources, failures: [],
            contentBytes: 0, journalSegments: 0, definitions: .packs([]))
        try await bench.collection.commit(failed)
        #expect(try await bench.collection.commit(id) == failed)
    }
}

/// Cannot undo what it is asked to, until it can.
final class StubbornPlugin: ProtectionPlugin {
    let name = "scripted"
    let isBroken = Mutex(true)

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}
    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        if isBroken.withLock({ $0 }) { throw PluginError("it does not start") }
    }
}
