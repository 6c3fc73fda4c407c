import Bank
import BankConformance
import Checkpoints
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import Engine

/// Runs that bring the same service to a standstill: at once, and one after the other was cut off.
@Suite struct QuietWindowTests {
    private static let ir = Workbench.ir([[1], []])
    private static let restoring = RestoreTarget(directory: nil, overwrite: true)

    /// What one process has: an owner of its own, and what it knows of others.
    private static func environment(
        _ bank: any Bank, _ plugin: any ProtectionPlugin, process: Int64, host: String = "here", gone: Set<Int64> = [],
        observer: any RunObserver = SilentObserver()
    ) -> ExecutionEnvironment {
        let owner = Owner(
            id: "000000000000000\(process)", host: host, process: process, boot: "b", processStart: 1, namespace: "n")
        return ExecutionEnvironment(
            collection: CheckpointCollection(
                bank: bank, owner: owner, consistency: .compareAndSwap, hasEnded: { gone.contains($0.process) }),
            plugins: [
                "scripted": LoadedPlugin(
                    plugin: plugin, version: 1, digest: Workbench.digest, quiescing: .always)
            ],
            concurrency: Concurrency(jobs: 1), observer: observer, clock: StillClock())
    }

    private static func protect(_ environment: ExecutionEnvironment, _ ir: PlanIR = ir) async throws -> ProtectReport {
        try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
    }

    private static func restore(_ id: CheckpointID, _ environment: ExecutionEnvironment) async throws -> OperationReport
    {
        let loaded = try await LoadedCheckpoint.load(id, from: environment.collection)
        return try await RestoreOperation.restore(loaded, to: restoring, environment).run()
    }

    /// A protect run of process 1 that was cut off while its services stand still.
    private static func cutOff(in bank: FaultyBank) async throws -> CheckpointID {
        let plugin = QuietPlugin { call in if call == "prepareFinish r1" { bank.fail(at: 0, .goneBefore) } }
        let environment = environment(bank, plugin, process: 1)
        await #expect(throws: ExecutionError.self) { try await protect(environment) }
        bank.fail(at: nil)
        return try #require(try await environment.collection.list(.init()).first?.id)
    }

    // MARK: At once

    @Test func whileOneStandsStillAnotherRunIsRefused() async throws {
        let bank = InMemoryBank.early()
        let second = QuietPlugin()
        let refused = Mutex<ProtectReport?>(nil)
        let first = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            let report = try await Self.protect(Self.environment(bank, second, process: 2))
            refused.withLock { $0 = report }
        }
        let report = try await Self.protect(Self.environment(bank, first, process: 1))
        #expect(report.commit.status == .available)
        let other = try #require(refused.withLock { $0 })
        #expect(other.commit.status == .error && !other.wasCancelled)
        let message = other.commit.failures.map(\.description).joined()
        for part in [report.checkpoint.text, "plan 'shop'", "process 1 on here", "Test::Thing#r0", "wait"] {
            #expect(message.contains(part), "\(message)")
        }
        #expect(second.calls.withLock { $0.isEmpty })
        // When it is over, the way is free.
        #expect(try await Self.protect(Self.environment(bank, second, process: 2)).commit.status == .available)
    }

    @Test(arguments: [("shop", "there", true), ("other", "here", true), ("other", "there", false)])
    func otherPlansOnOtherHostsAreNotInTheWay(_ plan: String, _ host: String, _ isInTheWay: Bool) async throws {
        let bank = InMemoryBank.early()
        let statuses = Mutex<[CheckpointStatus]>([])
        let first = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            let report = try await Self.protect(
                Self.environment(bank, QuietPlugin(), process: 2, host: host), Workbench.ir([[1], []], plan: plan))
            statuses.withLock { $0.append(report.commit.status) }
        }
        #expect(try await Self.protect(Self.environment(bank, first, process: 1)).commit.status == .available)
        #expect(statuses.withLock { $0 } == [isInTheWay ? .error : .available])
    }

    /// What stands still for one must not be set going by who restores, resumes or collects meanwhile.
    @Test func whileOneStandsStillNobodyRestores() async throws {
        let bank = InMemoryBank.early()
        let whole = try await Self.protect(Self.environment(bank, QuietPlugin(), process: 1))
        let second = QuietPlugin()
        let refused = Mutex<OperationReport?>(nil)
        let first = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            let report = try await Self.restore(whole.checkpoint, Self.environment(bank, second, process: 2))
            refused.withLock { $0 = report }
        }
        #expect(try await Self.protect(Self.environment(bank, first, process: 1)).commit.status == .available)
        let report = try #require(refused.withLock { $0 })
        #expect(report.commit.status == .fail && second.calls.withLock { $0.isEmpty })
        #expect(report.commit.failures.first?.description.contains("to a standstill") == true, "\(report.commit)")
        // Elsewhere it changes nothing that stands still.
        let elsewhere = RestoreTarget(directory: "/tmp/elsewhere", overwrite: false)
        let loaded = try await LoadedCheckpoint.load(whole.checkpoint, from: Workbench(bank).collection)
        let beside = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            let environment = Self.environment(bank, QuietPlugin(), process: 2)
            let report = try await RestoreOperation.restore(loaded, to: elsewhere, environment).run()
            #expect(report.commit.status == .success, "\(report.commit)")
        }
        #expect(try await Self.protect(Self.environment(bank, beside, process: 1)).commit.status == .available)
    }

    @Test func whileOneRestoresNobodyProtects() async throws {
        let bank = InMemoryBank.early()
        let whole = try await Self.protect(Self.environment(bank, QuietPlugin(), process: 1))
        let refused = Mutex<ProtectReport?>(nil)
        let second = QuietPlugin()
        let first = QuietPlugin { call in
            guard call == "restore main r1" else { return }
            let report = try await Self.protect(Self.environment(bank, second, process: 2))
            refused.withLock { $0 = report }
        }
        let restored = try await Self.restore(whole.checkpoint, Self.environment(bank, first, process: 1))
        #expect(restored.commit.status == .success)
        let report = try #require(refused.withLock { $0 })
        #expect(report.commit.status == .error && second.calls.withLock { $0.isEmpty })
        #expect(report.commit.failures.first?.description.contains("restore ") == true, "\(report.commit)")
    }

    @Test func aCollectionLeavesWhatIsInTheWay() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let dead = try await Self.cutOff(in: bank)
        let second = QuietPlugin()
        let collecting = Self.environment(bank, second, process: 3, gone: [1])
        let live = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            for dryRun in [true, false] {
                let items = try await GarbageCollection(collecting, dryRun: dryRun).run()
                let item = try #require(items.first { $0.id == dead.text })
                #expect(item.action == .left && item.message.contains("process 2 on here"), "\(item)")
            }
            // Nor does who has claimed it before the other one looked.
            await #expect(throws: QuietWindowError.self) {
                try await ResumeOperation(collecting, checkpoint: dead).giveUp(reason: "a test")
            }
            await #expect(throws: QuietWindowError.self) {
                try await ResumeOperation(
                    Self.environment(bank, second, process: 4, gone: [1, 3]), checkpoint: dead
                ).run()
            }
        }
        // As if it had been cut off only now.
        var environment = Self.environment(bank, live, process: 2, gone: [1])
        environment.faults.overlooksWindows = true
        #expect(try await Self.protect(environment).commit.status == .available)
        #expect(second.calls.withLock { $0.isEmpty })
        let later = Self.environment(bank, second, process: 5, gone: [1, 2, 3, 4])
        #expect(try await GarbageCollection(later).run().first { $0.id == dead.text }?.action == .gaveUp)
        #expect(second.calls.withLock { $0.contains("revert r0") })
    }

    // MARK: One after the other

    @Test func whatWasLeftStandingIsSetGoingFirst() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let dead = try await Self.cutOff(in: bank)
        let plugin = QuietPlugin()
        let observer = RecordingObserver()
        let environment = Self.environment(bank, plugin, process: 2, gone: [1], observer: observer)
        let report = try await Self.protect(environment)
        #expect(report.commit.status == .available)
        #expect(plugin.calls.withLock { Array($0.prefix(3)) } == ["revert r1", "revert r0", "prepareBegin r0"])
        let left = try #require(try await environment.collection.summary(dead))
        #expect(left.status == .error && left.message.contains("given up"), "\(left)")
        #expect(observer.notices.withLock { $0.contains { $0.contains(dead.text) && $0.contains("cut off") } })
    }

    @Test func whatARestoreHasLeftStandingIsSetGoingFirst() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let whole = try await Self.protect(Self.environment(bank, QuietPlugin(), process: 1))
        let dying = QuietPlugin { call in
            guard call == "restore main r1" else { return }
            bank.fail(at: 0, .goneBefore)
            throw PluginError("the host goes down")
        }
        _ = try? await Self.restore(whole.checkpoint, Self.environment(bank, dying, process: 1))
        bank.fail(at: nil)
        let plugin = QuietPlugin()
        let environment = Self.environment(bank, plugin, process: 2, gone: [1])
        #expect(try await Self.protect(environment).commit.status == .available)
        #expect(plugin.calls.withLock { Array($0.prefix(3)) } == ["revert r1", "revert r0", "prepareBegin r0"])
        let restores = try await environment.collection.operations()
        #expect(restores.map(\.status) == [.fail] && restores.allSatisfy { $0.standing?.isOpen == false })
    }

    @Test func whatCannotBeSetGoingEndsTheRun() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let dead = try await Self.cutOff(in: bank)
        let stubborn = StubbornPlugin()
        let environment = Self.environment(bank, stubborn, process: 2, gone: [1, 2])
        let report = try await Self.protect(environment)
        let message = report.commit.failures.map(\.description).joined()
        #expect(report.commit.status == .error)
        for part in [dead.text, "it does not start", "cairn gc"] { #expect(message.contains(part), "\(message)") }
        stubborn.isBroken.withLock { $0 = false }
        #expect(try await Self.protect(environment).commit.status == .available)
    }

    /// A run that has failed, and whose service did not go on: it does before another run quiesces it, and not in the middle
    /// of that.
    @Test func whatAFailedRunCouldNotSetGoingIsSetGoingFirst() async throws {
        let bank = InMemoryBank.early()
        let failing = QuietPlugin { call in
            if call == "prepareFinish r1" { throw PluginError("the disk is on fire") }
            if call == "revert r0" { throw PluginError("it does not start") }
        }
        let failed = try await Self.protect(Self.environment(bank, failing, process: 1))
        #expect(failed.commit.dueReverts.map(\.resource) == ["Test::Thing#r0"])
        let collector = QuietPlugin()
        let collecting = Self.environment(bank, collector, process: 3, gone: [1])
        let overlooking = QuietPlugin { call in
            guard call == "prepareFinish r1" else { return }
            for dryRun in [true, false] {
                let items = try await GarbageCollection(collecting, dryRun: dryRun).run()
                #expect(items.first { $0.id == failed.checkpoint.text }?.action == .left, "\(items)")
            }
            await #expect(throws: QuietWindowError.self) {
                try await ResumeOperation(collecting, checkpoint: failed.checkpoint).undoDue()
            }
        }
        var environment = Self.environment(bank, overlooking, process: 2, gone: [1, 3])
        environment.faults.overlooksWindows = true
        #expect(try await Self.protect(environment).commit.status == .available)
        #expect(collector.calls.withLock { $0.isEmpty })

        let plugin = QuietPlugin()
        let next = Self.environment(bank, plugin, process: 4, gone: [1, 2, 3])
        #expect(try await Self.protect(next).commit.status == .available)
        #expect(plugin.calls.withLock { Array($0.prefix(2)) } == ["revert r0", "prepareBegin r0"])
        #expect(try await next.collection.commit(failed.checkpoint)?.dueReverts.isEmpty == true)
    }

    /// What stands still for nobody is left for a resume.
    @Test func whatHasLeftNothingStandingIsLeftAlone() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let dying = QuietPlugin { call in
            guard call == "main r0" || call == "main r1" else { return }
            bank.fail(at: 2, .goneBefore)
        }
        _ = try? await Self.protect(Self.environment(bank, dying, process: 1))
        bank.fail(at: nil)
        let plugin = QuietPlugin()
        let environment = Self.environment(bank, plugin, process: 2, gone: [1])
        let dead = try #require(try await environment.collection.list(.init()).first?.id)
        #expect(try await Self.protect(environment).commit.status == .available)
        #expect(plugin.calls.withLock { !$0.contains { $0.hasPrefix("revert") } })
        let report = try await ResumeOperation(environment, checkpoint: dead).run()
        #expect(report.commit.status == .available)
    }
}
