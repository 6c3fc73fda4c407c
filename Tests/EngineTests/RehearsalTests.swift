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
        let bench = Workbench(InMemoryBank())
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

    /// A rehearsal that is kept takes no one's place: else it would cost the last checkpoint that counts.
    @Test func noRetentionCountsARehearsalThatIsKept() async throws {
        let bench = Workbench(InMemoryBank())
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
        let bench = Workbench(InMemoryBank())
        // The scripted plugin restores to the original place only.
        let (report, _) = try await rehearse(bench, bench.plugin, Workbench.ir([[]]))
        #expect(report.resources.map(\.verdict) == [.verified])
        #expect(report.resources[0].note.contains("not restored"))
        #expect(bench.plugin.restored.withLock { $0.isEmpty })
        #expect(!report.isProven(acceptsVerified: false) && report.isProven(acceptsVerified: true))
    }

    @Test func oneThatCannotBeRestoredFailsAndTheOthersAreTried() async throws {
        let bench = Workbench(InMemoryBank())
        let plugin = FillingPlugin(Places()) { if $0 == "r0" { throw PluginError("other content") } }
        let (report, _) = try await rehearse(bench, plugin, Workbench.ir([[], []], hooks: [.main]))
        #expect(report.resources.map(\.verdict) == [.failed, .proven])
        #expect(report.resources[0].note.contains("other content"))
        #expect(!report.isProven(acceptsVerified: true))
    }

    @Test func oneThatCannotBeSavedIsNamed() async throws {
        let bench = Workbench(
            InMemoryBank(), ScriptedPlugin { if $0 == "protect main r1" { throw PluginError("no disk") } })
        let (report, _) = try await rehearse(bench, bench.plugin, Workbench.ir([[], []]))
        #expect(report.resources.map(\.verdict).contains(.failed) && report.restoreMilliseconds == nil)
        #expect(!report.isProven(acceptsVerified: true))
        #expect(try await bench.collection.summary(report.checkpoint)?.status == .error)
    }
}
