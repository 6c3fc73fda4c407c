import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Retention
import Synchronization
import Testing

@testable import Engine

@Suite struct RehearsalTests {
    private func rehearse(
        _ bench: Workbench, _ plugin: any ProtectionPlugin, _ ir: PlanIR
    ) async throws -> (RehearsalReport, Rehearsal) {
        var environment = bench.environment
        environment.plugins["scripted"] = LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)
        let rehearsal = Rehearsal(environment, ir: ir, irBytes: ir.encoded.bytes, scratch: "/scratch")
        return (try await rehearsal.run(), rehearsal)
    }

    @Test func whatIsRestoredIsProvenAndTheCheckpointIsNeverTheLast() async throws {
        let bench = Workbench(InMemoryBank.early())
        let ir = Workbench.ir([[1], []], hooks: [.main])
        let before = try await bench.protect(ir).checkpoint
        var (report, rehearsal) = try await rehearse(bench, FillingPlugin(Places()), ir)
        #expect(report.resources.map(\.verdict) == [.proven, .proven])
        #expect(report.isProven(acceptsVerified: false) && report.isKept && report.restoreMilliseconds != nil)
        #expect(try await bench.collection.last(.init()).checkpoint.id == before)
        #expect(try await bench.collection.summary(report.checkpoint)?.isRehearsal == true)
        await rehearsal.deleteCheckpoint(&report)
        #expect(!report.isKept && report.failures.isEmpty)
        #expect(try await bench.collection.list(.init()).map(\.id) == [before])
    }

    /// Who keeps it says so; else it is of a rehearsal that was cut off, and goes. One that failed is kept, too.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatNobodyKeepsIsCollected(_ level: ConsistencyLevel) async throws {
        let (bench, _) = Workbench.degraded(to: level)
        let ir = Workbench.ir([[1], []], hooks: [.main])
        var (kept, rehearsal) = try await rehearse(bench, FillingPlugin(Places()), ir)
        await rehearsal.keepCheckpoint(&kept)
        let (left, _) = try await rehearse(bench, FillingPlugin(Places()), ir)
        #expect(kept.failures.isEmpty && left.isProven(acceptsVerified: false))
        let failing = ScriptedPlugin { if $0 == "protect main r1" { throw PluginError("no disk") } }
        let (failed, _) = try await rehearse(bench, failing, ir)
        var living = bench
        living.ownersHaveEnded = false
        func collect(_ bench: Workbench, dryRun: Bool = false) async throws -> [String] {
            try await GarbageCollection(bench.environment, dryRun: dryRun).runRehearsals(of: "shop").map {
                "\($0.action.rawValue) \($0.id)"
            }
        }
        #expect(try await collect(living) == ["left \(left.checkpoint)"])
        #expect(try await collect(bench, dryRun: true) == ["deleted \(left.checkpoint)"])
        #expect(try await GarbageCollection(bench.environment).runRehearsals(of: "other").isEmpty)
        // The clock of the bench is months ahead of the bank's, so that every mark is old enough.
        #expect(try await collect(bench) == ["deleted \(left.checkpoint)"])
        let statuses = try await bench.collection.list(.init()).map { "\($0.id) \($0.status.rawValue)" }
        #expect(Set(statuses).isSuperset(of: ["\(kept.checkpoint) available", "\(failed.checkpoint) error"]))
        #expect(!statuses.contains("\(left.checkpoint) available"))
    }

    /// Night after night a rehearsal that proves nothing leaves one checkpoint, and not one more.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatProvedNothingGoesWithTheNextRehearsalOrLater(_ level: ConsistencyLevel) async throws {
        let (bench, _) = Workbench.degraded(to: level)
        let ir = Workbench.ir([[1], []], hooks: [.main])
        let failing = ScriptedPlugin { if $0 == "protect main r1" { throw PluginError("no disk") } }
        var (available, rehearsal) = try await rehearse(bench, bench.plugin, ir)
        await rehearsal.leaveCheckpoint(&available)
        var (failed, other) = try await rehearse(bench, failing, ir)
        await other.leaveCheckpoint(&failed)
        var (pinned, third) = try await rehearse(bench, bench.plugin, ir)
        await third.leaveCheckpoint(&pinned)
        try await bench.collection.pin(pinned.checkpoint, by: "ada", reason: "", now: bench.environment.now())
        #expect(available.isPassing && failed.isPassing && available.isKept && failed.isKept)
        #expect(available.failures.isEmpty && !failed.failures.contains { $0.contains("not noted") })
        var young = bench
        young.ownersHaveEnded = false
        // A collection leaves people the time that they have for failed runs; whether the process lives is all one.
        let terms = GarbageTerms(failed: .max, orphans: .max)
        for bench in [bench, young] {
            #expect(try await GarbageCollection(bench.environment, terms: terms).run().isEmpty)
        }
        let ids = [available.checkpoint, failed.checkpoint]
        let dry = try await GarbageCollection(bench.environment, terms: terms, dryRun: true).runRehearsals(of: "shop")
        let expected = Set(ids.map { "deleted \($0)" })
        #expect(Set(dry.map { "\($0.action.rawValue) \($0.id)" }).isSuperset(of: expected), "\(dry)")
        #expect(try await GarbageCollection(bench.environment, terms: terms).runRehearsals(of: "other").isEmpty)
        let items = try await GarbageCollection(bench.environment, terms: terms).runRehearsals(of: "shop")
        #expect(
            Set(items.map { "\($0.action.rawValue) \($0.id)" }) == expected.union(["left \(pinned.checkpoint)"]),
            "\(items)")
        #expect(try await bench.collection.list(.init()).map(\.id) == [pinned.checkpoint])
        // Later, a collection does the same.
        try await bench.collection.unpin(pinned.checkpoint)
        let later = try await GarbageCollection(bench.environment, terms: .standard).run()
        #expect(later.contains { $0.id == pinned.checkpoint.text && $0.action == .deleted }, "\(later)")
    }

    /// Somebody wants a checkpoint back that is being deleted because its rehearsal proved nothing: it stays for good.
    @Test(arguments: [false, true]) func oneThatIsWantedBackStays(_ wasCutOff: Bool) async throws {
        let bench = Workbench(InMemoryBank.early())
        let ir = Workbench.ir([[1], []], hooks: [.main])
        var (report, rehearsal) = try await rehearse(bench, bench.plugin, ir)
        await rehearsal.leaveCheckpoint(&report)
        let (id, now) = (report.checkpoint, bench.environment.now())
        let record = try await bench.bank.get(CheckpointKeys(id).rehearsed)
        _ = try await bench.collection.beginDeletion(id, now: now, force: false)
        #expect(try await ResetOperation(bench.environment, checkpoint: id, isGone: { _ in true }).run() == .available)
        #expect(try await bench.bank.size(CheckpointKeys(id).rehearsed) == nil)
        // The last write of the reset was not done.
        if wasCutOff { try await bench.bank.put(CheckpointKeys(id).rehearsed, record, if: .none) }
        for _ in 0..<2 {
            #expect(try await GarbageCollection(bench.environment).run().isEmpty)
            #expect(try await GarbageCollection(bench.environment).runRehearsals(of: "shop").isEmpty)
        }
        #expect(try await bench.bank.size(CheckpointKeys(id).rehearsed) == nil)
        #expect(try await bench.collection.summary(id)?.status == .available)
    }

    /// While a collector waits for its owner to be gone, a rehearsal comes to its end: it keeps the checkpoint, or fails.
    @Test(arguments: [true, false]) func oneThatEndsWhileItIsWatchedIsLeft(_ isKept: Bool) async throws {
        let bench = Workbench(InMemoryBank.early())
        let plugin = ScriptedPlugin { if !isKept, $0 == "protect main r0" { throw PluginError("no disk") } }
        let (report, _) = try await rehearse(bench, plugin, Workbench.ir([[]], hooks: [.main]))
        let (bank, id, marker) = (bench.bank, report.checkpoint, CheckpointLayout.unfinished(report.checkpoint))
        let key = CheckpointKeys(id).commit(ofEpoch: 1)
        let commit = try await bank.get(key)
        if !isKept { try await bank.delete(key, if: .none) }
        let items = try await GarbageCollection(bench.environment) { _ in
            if isKept { try await bank.delete(marker, if: .none) } else { try await bank.put(key, commit, if: .none) }
            return true
        }.run()
        #expect(items.isEmpty, "\(items)")
        #expect(try await bench.collection.summary(id)?.status == (isKept ? .available : .error))
    }

    /// An entry that could not be written is written before the marker goes, which stands for it until then.
    @Test func oneThatIsKeptIsInAllIndices() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let bench = Workbench(bank)
        let ir = Workbench.ir([[]], hooks: [.main])
        var (report, rehearsal) = try await rehearse(bench, FillingPlugin(Places()), ir)
        let index = try await bench.collection.index(report.checkpoint)
        let keys = try bench.collection.indexKeys(
            plan: index.plan, provider: index.provider, index.created, index.id)
        for key in keys.dropFirst() { try await bank.delete(key, if: .none) }
        await rehearsal.keepCheckpoint(&report)
        #expect(report.failures.isEmpty)
        for key in keys { #expect(try await bank.size(key) != nil, "\(key)") }
        #expect(try await bank.size(CheckpointLayout.unfinished(index.id)) == nil)
    }

    /// One that is pinned stays, without what its rehearsal has left in it.
    @Test func aPinnedOneThatWasCutOffIsInUseByNobody() async throws {
        let bench = Workbench(InMemoryBank.early())
        let (report, _) = try await rehearse(bench, FillingPlugin(Places()), Workbench.ir([[]], hooks: [.main]))
        let id = report.checkpoint
        let gone = Owner(id: "gone", host: "here", process: 2, boot: "b", processStart: 1, namespace: "n")
        let use = UseRecord(checkpoint: id, kind: "restore", owner: gone, since: report.started)
        try await bench.bank.put(try CheckpointKeys(id).use(gone.id), use.record.bytes, if: .none)
        try await bench.collection.pin(id, by: "me", reason: "", now: report.started)
        #expect(try await GarbageCollection(bench.environment).run().map(\.action) == [.left])
        #expect(try await bench.collection.uses(id).isEmpty)
        #expect(try await bench.collection.summary(id)?.status == .available)
    }

    /// While one is given up that was cut off, its commit record may take effect after all. It is still to be removed then.
    @Test func oneThatIsGivenUpKeepsItsMarker() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        let bench = Workbench(bank)
        let (report, _) = try await rehearse(bench, FillingPlugin(Places()), Workbench.ir([[]], hooks: [.main]))
        let keys = CheckpointKeys(report.checkpoint)
        let key = keys.commit(ofEpoch: 1)
        let commit = try await bank.get(key)
        try await bank.delete(key, if: .none)
        // Behind the last look for it before the claim.
        bank.behindNextListing(of: keys.epochs) {
            bank.behindNextListing(of: keys.epochs) { try await bank.inner.put(key, commit, if: .none) }
        }
        let ended = try await ResumeOperation(bench.environment, checkpoint: report.checkpoint).giveUp(reason: "gone")
        #expect(ended.commit.status == .available && ended.commit.epoch == 2)
        #expect(try await bank.size(CheckpointLayout.unfinished(report.checkpoint)) != nil)
        let items = try await GarbageCollection(bench.environment).runRehearsals(of: "shop")
        #expect(items.map(\.action) == [.deleted])
    }

    /// A guard whose lease runs out at one of the looks at it.
    private final class ExpiringGuard: WriteGuard {
        struct Expired: Error {}
        private let left: Mutex<Int>
        init(after looks: Int) { left = Mutex(looks) }
        func ensureMayWrite() throws {
            let isOver = left.withLock { left in
                left -= 1
                return left < 0
            }
            if isOver { throw Expired() }
        }
    }

    /// While the marker goes, the lease may run out, and someone may have begun to clean up.
    @Test(arguments: [0, 1, 2]) func whoIsTooSlowDoesNotSayThatItIsKept(_ looks: Int) async throws {
        let bench = Workbench(InMemoryBank.early())
        let ir = Workbench.ir([[]], hooks: [.main])
        var environment = bench.environment
        environment.plugins["scripted"] = LoadedPlugin(
            plugin: FillingPlugin(Places()), version: 1, digest: Workbench.digest)
        var report = try await Rehearsal(environment, ir: ir, irBytes: ir.encoded.bytes, scratch: "/scratch").run()
        environment.writeGuard = ExpiringGuard(after: looks)
        await Rehearsal(environment, ir: ir, irBytes: ir.encoded.bytes, scratch: "/scratch").keepCheckpoint(&report)
        #expect(report.failures.isEmpty == (looks == 2))
    }

    /// A rehearsal that is kept takes no one's place: else it would cost the last checkpoint that counts.
    @Test func noRetentionCountsARehearsalThatIsKept() async throws {
        let bench = Workbench(InMemoryBank.early())
        let ir = Workbench.ir([[1], []], hooks: [.main])
        let real = try await bench.protect(ir).checkpoint
        for _ in 0..<3 {
            var (report, rehearsal) = try await rehearse(bench, FillingPlugin(Places()), ir)
            await rehearsal.keepCheckpoint(&report)
            let retained = try await RetentionOperation(
                bench.environment, plan: "shop", provider: "local", policy: try RetentionPolicy(["keepLast": 1])
            ).run()
            #expect(retained.removed == 0)
            let decision = retained.checkpoints.first { $0.id == report.checkpoint }?.decision
            #expect(decision?.reasons == [.rehearsal])
            #expect(try await bench.collection.last(.init()).checkpoint.id == real)
        }
    }

    @Test func whatCannotBeRestoredElsewhereIsVerifiedAndSaysSo() async throws {
        let bench = Workbench(InMemoryBank.early())
        // The scripted plugin restores to the original place only.
        let (report, _) = try await rehearse(bench, bench.plugin, Workbench.ir([[]]))
        #expect(report.resources.map(\.verdict) == [.verified])
        #expect(report.resources[0].note.contains("not restored"))
        #expect(bench.plugin.restored.withLock { $0.isEmpty })
        #expect(!report.isProven(acceptsVerified: false) && report.isProven(acceptsVerified: true))
    }

    @Test func oneThatCannotBeRestoredFailsAndTheOthersAreTried() async throws {
        let bench = Workbench(InMemoryBank.early())
        let plugin = FillingPlugin(Places()) { if $0 == "r0" { throw PluginError("other content") } }
        let (report, _) = try await rehearse(bench, plugin, Workbench.ir([[], []], hooks: [.main]))
        #expect(report.resources.map(\.verdict) == [.failed, .proven])
        #expect(report.resources[0].note.contains("other content"))
        #expect(!report.isProven(acceptsVerified: true))
    }

    @Test func oneThatCannotBeSavedIsNamed() async throws {
        let bench = Workbench(
            InMemoryBank.early(), ScriptedPlugin { if $0 == "protect main r1" { throw PluginError("no disk") } })
        let (report, _) = try await rehearse(bench, bench.plugin, Workbench.ir([[], []]))
        #expect(report.resources.map(\.verdict).contains(.failed) && report.restoreMilliseconds == nil)
        #expect(!report.isProven(acceptsVerified: true))
        #expect(try await bench.collection.summary(report.checkpoint)?.status == .error)
    }
}
