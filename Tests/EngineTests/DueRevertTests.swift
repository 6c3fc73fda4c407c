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

/// What a run could not undo itself stays due until it is undone, and nobody says that all is well before.
@Suite(.timeLimit(.minutes(10))) struct DueRevertTests {
    /// A service `r0` over `r1`, whose saving fails, and whose service does not go on again while `isStuck`.
    private final class Stage: Sendable {
        let bank = InMemoryBank.early()
        let isStuck = Mutex(true)
        let plugin: QuietPlugin
        let ir = Workbench.ir([[1], []])

        init() {
            let stuck = Mutex<(@Sendable () -> Bool)>({ true })
            plugin = QuietPlugin { call in
                if call == "prepareFinish r1" { throw PluginError("the disk is on fire") }
                if call == "revert r0", stuck.withLock({ $0() }) { throw PluginError("it does not start") }
            }
            stuck.withLock { $0 = { [unowned self] in self.isStuck.withLock { $0 } } }
        }

        var environment: ExecutionEnvironment {
            var environment = Workbench(bank).environment
            environment.concurrency.jobs = 1
            environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
            return environment
        }

        func protect() async throws -> ProtectReport {
            try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        }

        func collect(dryRun: Bool = false) async throws -> [CollectedItem] {
            try await GarbageCollection(environment, dryRun: dryRun).run()
        }

        var isQuiet: Bool { plugin.quiet.withLock { $0.contains("r0") } }
    }

    @Test func aCollectionUndoesItAndTellsUntilItCould() async throws {
        let stage = Stage()
        let report = try await stage.protect()
        let id = report.checkpoint
        #expect(stage.isQuiet)
        #expect(report.commit.dueReverts.map(\.description) == ["Test::Thing#r0, revert: it does not start"])
        let entry = report.commit.resources[0]
        #expect(entry.status == .error && entry.hook == "revert" && entry.message == "it does not start")
        let summary = try #require(try await stage.environment.collection.summary(id))
        #expect(summary.message.contains("may still stand still") && summary.message.contains("on fire"))

        #expect(try await stage.collect(dryRun: true).map(\.action) == [.undone])
        #expect(stage.isQuiet)
        for epoch in 2...3 as ClosedRange<UInt32> {
            #expect(try await stage.collect().map(\.action) == [.failed])
            let commit = try #require(try await stage.environment.collection.commit(id))
            #expect(commit.epoch == epoch && commit.dueReverts.count == 1)
        }
        stage.isStuck.withLock { $0 = false }
        stage.plugin.calls.withLock { $0 = [] }
        #expect(try await stage.collect().map(\.action) == [.undone])
        #expect(!stage.isQuiet)
        #expect(stage.plugin.calls.withLock { $0 } == ["revert r0"], "what was undone is not undone again")
        #expect(try await stage.collect().isEmpty)

        // What the run was is as before.
        let commit = try #require(try await stage.environment.collection.commit(id))
        #expect(commit.status == .error && commit.failures == report.commit.failures.filter { !$0.isOfRevert })
        #expect(commit.resources == report.commit.resources && commit.finished == report.commit.finished)
        let journal = try await stage.environment.collection.journal(id, stage.ir)
        #expect(journal.events.contains { if case .failed = $0.change { true } else { false } })
        #expect(ResourceHistory.of(journal.events, resources: 2)[0].undo == nil)
        do {
            _ = try await ResumeOperation(stage.environment, checkpoint: id).run()
            Issue.record("it went on with a run that had failed")
        } catch let error as CheckpointError {
            #expect(error.description.contains("what it began was undone"))
        }
        #expect(try await DeleteOperation(stage.environment, checkpoint: id, force: false).run().status == .deleted)
    }

    @Test func aResumeUndoesIt() async throws {
        let stage = Stage()
        let id = try await stage.protect().checkpoint
        let found = try await stage.environment.collection.interruptions(provider: "local", isRunning: { _ in false })
        #expect(found.map(\.id) == [id])
        await #expect(throws: ExecutionError.self) {
            try await ResumeOperation(stage.environment, checkpoint: id).run()
        }
        stage.isStuck.withLock { $0 = false }
        let report = try await ResumeOperation(stage.environment, checkpoint: id).run()
        #expect(report.commit.status == .error && report.commit.dueReverts.isEmpty && !stage.isQuiet)
        #expect(
            try await stage.environment.collection.interruptions(provider: "local", isRunning: { _ in false }).isEmpty)
    }

    /// Only the checkpoint tells what stands still: it does not go before that is undone.
    @Test(arguments: [false, true]) func deletingUndoesItFirst(_ wasCutOff: Bool) async throws {
        let stage = Stage()
        let id = try await stage.protect().checkpoint
        if wasCutOff {
            // As if it had been killed before it could record how it ended.
            try await stage.bank.delete(CheckpointKeys(id).commit(ofEpoch: 1), if: .none)
        }
        await #expect(throws: ExecutionError.self) {
            try await DeleteOperation(stage.environment, checkpoint: id, force: false).run()
        }
        #expect(try await stage.environment.collection.summary(id)?.status == .error)
        stage.isStuck.withLock { $0 = false }
        #expect(try await DeleteOperation(stage.environment, checkpoint: id, force: false).run().status == .deleted)
        #expect(!stage.isQuiet)
        #expect(try await stage.environment.collection.summary(id) == nil)
    }

    @Test func withForceItIsToldAndDeleted() async throws {
        let stage = Stage()
        let id = try await stage.protect().checkpoint
        let observer = RecordingObserver()
        var environment = stage.environment
        environment.observer = observer
        #expect(try await DeleteOperation(environment, checkpoint: id, force: true).run().status == .deleted)
        #expect(observer.notices.withLock { $0.contains { $0.contains("it does not start") } })
    }

    /// A clock on which what is to last for minutes is over at once.
    private struct HastyClock: RunClock {
        var wallMilliseconds: Int64 { 1_800_000_000_000 }
        var monotonicNanoseconds: Int64 { SystemClock().monotonicNanoseconds }
        func sleep(nanoseconds: Int64) async throws {
            try await SystemClock().sleep(nanoseconds: nanoseconds >= 60_000_000_000 ? 1_000_000 : nanoseconds)
        }
    }

    /// Two services, of which the one that is undone first never goes on again.
    private func hanging(_ environment: ExecutionEnvironment, _ plugin: QuietPlugin) async throws -> ProtectReport {
        var environment = environment
        environment.concurrency.jobs = 1
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[1], [2], []])
        return try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
    }

    @Test func oneThatNeverEndsKeepsNoOtherFromBeingUndone() async throws {
        let plugin = QuietPlugin { call in
            if call == "prepareFinish r2" { throw PluginError("no") }
            if call == "revert r1" { try await Task.sleep(for: .seconds(3600)) }
        }
        var environment = Workbench(InMemoryBank.early()).environment
        environment.clock = HastyClock()
        let report = try await hanging(environment, plugin)
        #expect(plugin.quiet.withLock { $0 } == ["r1"])
        #expect(report.commit.dueReverts.map(\.resource) == ["Test::Thing#r1"])
        #expect(report.commit.dueReverts[0].message.contains("lasted longer than 600 s"))
    }

    @Test func aFurtherSignalLeavesWhatNeverEnds() async throws {
        let bench = Workbench(InMemoryBank.early())
        let control = bench.control
        let plugin = QuietPlugin { call in
            if call == "prepareFinish r2" { throw PluginError("no") }
            guard call == "revert r1" else { return }
            // Two are for what runs, and none of it is an undoing.
            for _ in 0..<2 { control.interrupt(reason: "SIGTERM") }
            await Task.yield()
            #expect(!Task.isCancelled)
            #expect(control.interrupt(reason: "SIGTERM") == .abandonRevert)
            try await Task.sleep(for: .seconds(3600))
        }
        let report = try await hanging(bench.environment, plugin)
        #expect(plugin.quiet.withLock { $0 } == ["r1"])
        #expect(report.commit.dueReverts.map(\.resource) == ["Test::Thing#r1"])
        #expect(report.commit.dueReverts[0].message.contains("signal"))
    }

    /// A step's timeout is for the step; undoing takes what it takes.
    @Test func aTimeoutOfStepsCutsNoUndoing() async throws {
        let plugin = QuietPlugin { call in
            if call == "prepareFinish r0" { throw PluginError("no") }
            if call == "revert r0" { try await Task.sleep(for: .milliseconds(1500)) }
        }
        var environment = Workbench(InMemoryBank.early()).environment
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        var ir = Workbench.ir([[]])
        ir.parameterSets[0] = ["timeout": "1s"]
        let report = try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        #expect(report.commit.status == .error && report.commit.dueReverts.isEmpty, "\(report.commit.failures)")
        #expect(plugin.quiet.withLock { $0.isEmpty })
    }

    /// With `continue`, a service goes on as soon as nothing more of it will run, and not when all else is done.
    @Test(arguments: ["prepareFinish r1", "prepareFinish r0", "prepareBegin r0"])
    func behindAFailureItIsUndoneWhileTheRestGoesOn(_ failing: String) async throws {
        let undone = AsyncStream<Void>.makeStream()
        let plugin = QuietPlugin { call in
            if call == failing { throw PluginError("no") }
            if call == "revert r0" { undone.continuation.yield() }
            // It ends only when the service goes on; nobody else would let it.
            if call == "main r3" { for await _ in undone.stream { break } }
        }
        let bench = Workbench(InMemoryBank.early())
        var environment = bench.environment
        environment.onFailure = .continue
        environment.concurrency.jobs = 2
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[1, 2], [], [], []])
        let report = try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        let calls = plugin.calls.withLock { $0 }
        #expect(calls.filter { $0 == "revert r0" }.count == 1, "\(calls)")
        #expect(report.commit.resources.map(\.status)[3] == .available)
        #expect(report.commit.status == .error && report.commit.dueReverts.isEmpty)
        // What is below it and runs yet is saved while it stands still.
        let revert = try #require(calls.firstIndex(of: "revert r0"))
        if failing == "prepareFinish r1" {
            #expect(try #require(calls.firstIndex(of: "prepareFinish r2")) < revert)
        }
        #expect(plugin.quiet.withLock { $0.isEmpty })
    }

    @Test func anUndoingThatFailsWhileTheRestGoesOnIsTold() async throws {
        let plugin = QuietPlugin { call in
            if call == "prepareFinish r1" || call == "revert r0" { throw PluginError("no") }
        }
        var environment = Workbench(InMemoryBank.early()).environment
        environment.onFailure = .continue
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let ir = Workbench.ir([[1], [], []])
        let report = try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
        #expect(report.commit.dueReverts.map(\.resource) == ["Test::Thing#r0"])
        #expect(plugin.calls.withLock { $0.filter { $0 == "revert r0" }.count } == 1)
    }
}
