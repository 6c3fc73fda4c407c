import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DirectoryBank
import Foundation
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import Engine

/// Runs `body` over a bank in memory and over one in a directory.
func overBanks(_ body: (any Bank) async throws -> Void) async throws {
    try await body(InMemoryBank.early())
    let path = NSTemporaryDirectory() + "cairn-engine-" + UUID().uuidString
    let bank = try DirectoryBank(path: path)
    try await bank.createRoot()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(bank)
}

/// A parent over two children that share a grandchild.
let diamond: [[Int32]] = [[1, 2], [3], [3], []]

@Suite struct OperationTests {
    @Test func whatWasProtectedIsVerifiedRestoredAndDeleted() async throws {
        try await overBanks { bank in
            let bench = Workbench(bank)
            let report = try await bench.protect(Workbench.ir(diamond))
            #expect(report.commit.status == .available && report.commit.failures.isEmpty)
            #expect(report.commit.resources.allSatisfy { $0.status == .available })
            #expect(report.commit.contentBytes == 4 * 13)
            #expect(bench.plugin.reverts.isEmpty)
            let listed = try await bench.collection.list(.init(plan: "shop"))
            #expect(listed.map(\.status) == [.available])

            let verified = try await bench.verify(report.checkpoint)
            #expect(verified.commit.status == .success && verified.damaged.isEmpty)
            let restored = try await bench.restore(report.checkpoint)
            #expect(restored.commit.status == .success)
            #expect(
                bench.plugin.restored.withLock { $0 }
                    == Dictionary(uniqueKeysWithValues: (0..<4).map { ("r\($0)", ScriptedPlugin.content("r\($0)")) }))

            #expect(try await bench.delete(report.checkpoint).isEmpty)
            let left = try await bank.allKeys(below: nil).filter { $0.segments[0] != "operations" }
            #expect(left.isEmpty)
            #expect(try await bench.collection.list(.init()).isEmpty)
        }
    }

    @Test func hooksRunInTheOrderOfTheGraph() async throws {
        var bench = Workbench(InMemoryBank.early())
        bench.jobs = 1
        _ = try await bench.protect(Workbench.ir([[1], []]))
        #expect(
            bench.plugin.allCalls == [
                "protect prepareBegin r0", "protect prepareBegin r1", "protect prepareFinish r1",
                "protect prepareFinish r0", "protect main r1", "protect main r0", "protect complete r1",
                "protect complete r0",
            ])
    }

    /// Where a hook fails, whatever had started is undone in reverse order, each once.
    @Test(arguments: Hook.allCases)
    func revertRunsForAllThatHadStarted(_ hook: Hook) async throws {
        let plugin = ScriptedPlugin { call in
            if call == "protect \(hook.name) r2" { throw PluginError("the disk is on fire") }
        }
        var bench = Workbench(InMemoryBank.early(), plugin)
        bench.jobs = 1
        let report = try await bench.protect(Workbench.ir([[1], [2], []]))
        #expect(report.commit.status == .error && !report.wasCancelled)
        #expect(
            report.commit.failures == [
                ResourceFailure(resource: "Test::Thing#r2", hook: hook.name, message: "the disk is on fire")
            ])
        #expect(plugin.reverts == ["revert protect r2", "revert protect r1", "revert protect r0"])
        #expect(report.commit.resources[2].status == .error)
        let summary = try #require(try await bench.collection.summary(report.checkpoint))
        #expect(summary.status == .error)
        #expect(summary.message == "Test::Thing#r2, \(hook.name): the disk is on fire")
        #expect(try await bench.delete(report.checkpoint).isEmpty)
    }

    @Test func whatHadNotStartedIsNotReverted() async throws {
        let plugin = ScriptedPlugin { if $0 == "protect prepareBegin r0" { throw PluginError("no") } }
        var bench = Workbench(InMemoryBank.early(), plugin)
        bench.jobs = 1
        let report = try await bench.protect(Workbench.ir([[1], []]))
        #expect(plugin.reverts == ["revert protect r0"])
        #expect(report.commit.resources.map(\.status) == [.error, .incomplete])
    }

    @Test func aRevertThatFailsKeepsNoOtherFromRunning() async throws {
        let plugin = ScriptedPlugin { call in
            if call == "protect main r2" || call == "revert protect r1" { throw PluginError("no: \(call)") }
        }
        var bench = Workbench(InMemoryBank.early(), plugin)
        bench.jobs = 1
        let report = try await bench.protect(Workbench.ir([[1], [2], []]))
        #expect(plugin.reverts == ["revert protect r2", "revert protect r1", "revert protect r0"])
        #expect(
            report.commit.failures.map(\.description) == [
                "Test::Thing#r2, main: no: protect main r2", "Test::Thing#r1, revert: no: revert protect r1",
            ])
    }

    @Test(.timeLimit(.minutes(10)))
    func cancellingRevertsEverythingAndRecordsIt() async throws {
        let blocked = AsyncStream<Void>.makeStream()
        let cancelledReverts = Mutex(0)
        let plugin = ScriptedPlugin { call in
            if call == "protect main r1" {
                blocked.continuation.yield()
                try await Task.sleep(for: .seconds(600))
            }
            if call.hasPrefix("revert"), Task.isCancelled { cancelledReverts.withLock { $0 += 1 } }
        }
        let bench = Workbench(InMemoryBank.early(), plugin)
        let task = Task { try await bench.protect(Workbench.ir([[1], []])) }
        var iterator = blocked.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        let report = try await task.value
        #expect(report.wasCancelled && report.commit.status == .error)
        #expect(report.commit.failures.map(\.message) == ["cancelled"])
        #expect(plugin.reverts == ["revert protect r1", "revert protect r0"])
        #expect(cancelledReverts.withLock { $0 } == 0, "an undoing must not itself be cancelled")
        let summary = try #require(try await bench.collection.summary(report.checkpoint))
        #expect(summary.status == .error && summary.message == "cancelled")
        let next = try await Workbench(bench.bank).protect(Workbench.ir([[]]))
        #expect(next.commit.status == .available)
    }

    @Test func aFailedRestoreSaysWhichResourceAndReverts() async throws {
        let bank = InMemoryBank.early()
        let id = try await Workbench(bank).protect(Workbench.ir([[1], []])).checkpoint
        let plugin = ScriptedPlugin { if $0 == "restore main r1" { throw PluginError("no room") } }
        var bench = Workbench(bank, plugin)
        bench.jobs = 1
        let report = try await bench.restore(id)
        #expect(report.commit.status == .fail)
        #expect(report.commit.failures.map(\.description) == ["Test::Thing#r1, main: no room"])
        #expect(report.commit.resources.map(\.status) == [.fail, .fail])
        #expect(report.commit.resources[1].message == "no room")
        #expect(plugin.reverts == ["revert restore r1", "revert restore r0"])
    }

    @Test func aRestoreNeedsNoBankThatCanBeWritten() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        bank.fail(at: 0, .goneBefore)
        let report = try await bench.restore(id)
        #expect(report.commit.status == .success)
        #expect(bench.observer.notices.withLock { $0.count } == 2)
    }

    @Test func aRestoreThatCannotBeKeptFromDeletionForAnotherReasonDoesNotBegin() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let plugin = ScriptedPlugin { _ in }
        let bench = Workbench(bank, plugin)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        bank.fail(at: 0)
        await #expect(throws: BankError.self) { try await bench.restore(id) }
        bank.fail(at: 0, .lostAfter)
        #expect(try await bench.restore(id).commit.status == .success)
    }

    @Test func aUseWithoutALeaseIsNotWrittenAndSaid() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        var unleased = bench.collection
        let refusal = BankError.storeFailed(operation: "write", key: "leases/x", reason: "no", fault: .readOnly)
        unleased.leaseRefusal = refusal
        var told: BankError?
        try await unleased.using(id, "restore", now: Timestamp(milliseconds: 0), unprotected: { told = $0 }) {
            let uses = try await unleased.uses(id)
            #expect(uses.isEmpty)
        }
        #expect(told == refusal)
    }

    @Test func aDeletionThatAPluginRefusesCanBeRepeatedOrForced() async throws {
        let refuses = Mutex(true)
        let plugin = ScriptedPlugin { call in
            if call == "delete main r1", refuses.withLock({ $0 }) { throw PluginError("the snapshot is in use") }
        }
        let bench = Workbench(InMemoryBank.early(), plugin)
        let ir = Workbench.ir([[1], []])
        let first = try await bench.protect(ir).checkpoint
        let failures = try await bench.delete(first)
        #expect(failures.map(\.description) == ["Test::Thing#r1, main: the snapshot is in use"])
        let summary = try #require(try await bench.collection.summary(first))
        #expect(summary.status == .errorDeleting && summary.message.hasSuffix("the snapshot is in use"))
        refuses.withLock { $0 = false }
        #expect(try await bench.delete(first).isEmpty)
        #expect(try await bench.collection.summary(first) == nil)

        refuses.withLock { $0 = true }
        let second = try await bench.protect(ir).checkpoint
        #expect(try await bench.delete(second, force: true).isEmpty)
        #expect(try await bench.bank.allKeys(below: nil).isEmpty)
    }

    @Test(.timeLimit(.minutes(10)), arguments: [false, true])
    func aCancelledDeletionIsFinishedByTheNext(_ force: Bool) async throws {
        let blocked = AsyncStream<Void>.makeStream()
        let blocks = Mutex(true)
        let plugin = ScriptedPlugin { call in
            guard call == "delete main r0", blocks.withLock({ $0 }) else { return }
            blocked.continuation.yield()
            try await Task.sleep(for: .seconds(600))
        }
        let bench = Workbench(InMemoryBank.early(), plugin)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let task = Task { try await bench.delete(id, force: force) }
        var iterator = blocked.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let summary = try #require(try await bench.collection.summary(id))
        #expect(summary.status == .errorDeleting && summary.message == "cancelled")
        #expect(plugin.reverts == ["revert delete r0"])
        blocks.withLock { $0 = false }
        #expect(try await bench.delete(id).isEmpty)
        #expect(try await bench.bank.allKeys(below: nil).isEmpty)
    }

    @Test func whatIsProtectingIsDeletedOnlyByForce() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        var bench = Workbench(bank)
        bench.ownersHaveEnded = false
        bank.fail(at: 5, .goneBefore)
        await #expect(throws: ExecutionError.self) { try await bench.protect(Workbench.ir([[]])) }
        bank.fail(at: nil)
        let summary = try #require(try await bench.collection.list(.init()).first)
        #expect(summary.status == .protecting)
        await #expect(throws: CheckpointError.self) { try await bench.delete(summary.id) }
        #expect(try await bench.delete(summary.id, force: true).isEmpty)
        #expect(try await bank.allKeys(below: nil).isEmpty)
    }

    @Test func resourcesWithoutWorkHaveADefinitionToo() async throws {
        let bench = Workbench(InMemoryBank.early())
        let report = try await bench.protect(Workbench.ir([[1], []], hooks: []))
        #expect(report.commit.status == .available)
        #expect(try await bench.verify(report.checkpoint).commit.status == .success)
        let key = CheckpointKeys(report.checkpoint).definitions(ofEpoch: 1, pack: 0)
        try await bench.bank.delete(key, if: .none)
        let verified = try await bench.verify(report.checkpoint)
        let message = "bank object '\(key)' is damaged: it is missing"
        #expect(verified.commit.failures.map(\.message) == [message, message])
    }
}
