import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import Engine

@Suite struct BankFaultTests {
    @Test func objectsAreWrittenInTheOrderThatKeepsEveryCrashHarmless() async throws {
        let bank = FaultyBank(InMemoryBank.early())
        var bench = Workbench(bank)
        bench.jobs = 1
        let report = try await bench.protect(Workbench.ir([[]], hooks: [.main]))
        let keys = CheckpointKeys(report.checkpoint)
        let artifact = try ArtifactKeys("data", in: keys.artifacts("Test::Thing#r0", epoch: 1))
        let indices = try bench.collection.indexKeys(
            plan: "shop", provider: "local", Timestamp(milliseconds: 1_800_000_000_000), report.checkpoint)
        let marker = CheckpointLayout.unfinished(report.checkpoint)
        var expected = [
            "put \(marker)", "put \(keys.index)", "put \(keys.ir)", "put \(keys.epoch(1))",
            "delete \(artifact.record)", "put \(artifact.part(0))", "put \(artifact.record)",
            "put \(keys.definitions(ofEpoch: 1, pack: 0))",
            "put \(keys.commit(ofEpoch: 1))",
        ]
        expected += indices.map { "put \($0)" }
        expected.append("delete \(marker)")
        // Segments of the journal come when they come, and all of them before what follows from them.
        let journal = "put \(keys.journal(ofEpoch: 1))"
        #expect(bank.writes.filter { !$0.hasPrefix(journal) } == expected)
        let last = try #require(bank.writes.lastIndex { $0.hasPrefix(journal) })
        #expect(bank.writes[last + 1] == "put \(keys.definitions(ofEpoch: 1, pack: 0))")
        #expect(bank.writes.filter { $0.hasPrefix(journal) }.count == Int(report.commit.journalSegments))

        bank.fail(at: nil)
        #expect(try await bench.delete(report.checkpoint).isEmpty)
        let deletes = bank.writes
        // The mark, and once more before plugins are asked.
        #expect(deletes.prefix(3) == ["put \(marker)", "put \(keys.tombstone)", "put \(keys.tombstone)"])
        #expect(deletes.suffix(2) == ["delete \(keys.tombstone)", "delete \(marker)"])
        #expect(Array(deletes.dropFirst(3).prefix(3)) == indices.map { "delete \($0)" })
    }

    /// Whichever write of a protect fails, and however: what says `available` can be restored, and everything can be
    /// deleted.
    @Test(arguments: FaultyBank.Fault.allCases)
    func noFaultyWriteOfAProtectDoesHarm(_ fault: FaultyBank.Fault) async throws {
        var number = 0
        while true {
            let bank = FaultyBank(InMemoryBank.early())
            let bench = Workbench(bank)
            bank.fail(at: number, fault)
            let place: Comment = "\(fault) at write \(number)"
            var reported: CheckpointStatus?
            do { reported = try await bench.protect(Workbench.ir([[1], []])).commit.status } catch {}
            let didFail = bank.writes.count > number
            let started = Set(bench.plugin.allCalls.filter { $0.hasPrefix("protect") }.compactMap(\.last))
            bank.fail(at: nil)

            let listed = try await bench.collection.list(.init())
            #expect(listed.count <= 1, place)
            if let summary = listed.first {
                #expect(summary.status == .available || summary.status == .error, place)
                if let reported { #expect(reported == summary.status, place) }
                if summary.status == .available {
                    #expect(try await bench.restore(summary.id).commit.status == .success, place)
                    #expect(try await bench.verify(summary.id).commit.status == .success, place)
                    #expect(bench.plugin.reverts.isEmpty, place)
                } else {
                    // Everything of which a hook ran was undone, unless all of it had succeeded.
                    let reverted = Set(bench.plugin.reverts.compactMap(\.last))
                    #expect(reverted == started || reported == nil, place)
                }
                #expect(try await bench.delete(summary.id).isEmpty, place)
            } else {
                #expect(reported == nil && started.isEmpty, place)
            }
            let left = try await bank.allKeys(below: nil).filter { $0.segments[0] != "operations" }
            // A marker alone is no checkpoint; collecting garbage removes it.
            #expect(left.isEmpty || left.allSatisfy { CheckpointLayout.unfinishedID(of: $0) != nil }, place)
            guard didFail else { break }
            number += 1
        }
        #expect(number > 15)
    }

    /// Whichever write of a deletion fails: deleting again finishes it, and meanwhile nothing says `available` that
    /// is not whole.
    @Test(arguments: FaultyBank.Fault.allCases)
    func noFaultyWriteOfADeletionDoesHarm(_ fault: FaultyBank.Fault) async throws {
        var number = 0
        while true {
            let bank = FaultyBank(InMemoryBank.early())
            let bench = Workbench(bank)
            let id = try await bench.protect(Workbench.ir([[1], []])).checkpoint
            bank.fail(at: number, fault)
            let place: Comment = "\(fault) at write \(number)"
            var isDeleted = false
            do { isDeleted = try await bench.delete(id).isEmpty } catch {}
            let didFail = bank.writes.count > number
            bank.fail(at: nil)
            if let summary = try await bench.collection.summary(id) {
                #expect(!isDeleted, place)
                if summary.status == .available {
                    #expect(try await bench.restore(id).commit.status == .success, place)
                } else {
                    #expect(summary.status == .deleting || summary.status == .errorDeleting, place)
                }
                #expect(try await bench.delete(id).isEmpty, place)
            }
            #expect(try await bench.collection.summary(id) == nil, place)
            let left = try await bank.allKeys(below: nil).filter { $0.segments[0] != "operations" }
            #expect(left.isEmpty || left == [CheckpointLayout.unfinished(id)], place)
            guard didFail else { break }
            number += 1
        }
        #expect(number > 15)
    }

    /// Every record in turn is changed, cut and removed: a verification names it, and a restore gives the right bytes
    /// or none.
    @Test(arguments: ["changed", "cut", "removed"])
    func everyDamagedObjectIsNamed(_ kind: String) async throws {
        let bank = InMemoryBank.early()
        let id = try await Workbench(bank).protect(Workbench.ir([[1], []])).checkpoint
        let sound = bank.contents
        for (key, bytes) in sound.sorted(by: { $0.key < $1.key }) {
            var damaged = bytes
            damaged[bytes.count / 2] ^= 1
            switch kind {
            case "changed": try await bank.put(key, damaged, if: .none)
            case "cut": try await bank.put(key, Array(bytes.dropLast()), if: .none)
            default: try await bank.delete(key, if: .none)
            }
            let bench = Workbench(bank)
            let named = "bank object '\(key)'"
            do {
                let report = try await bench.verify(id)
                #expect(report.commit.status == .fail, "\(key)")
                #expect(report.commit.failures.contains { $0.message.contains(named) }, "\(key)")
            } catch {
                #expect(String(describing: error).contains(named), "\(key): \(error)")
            }
            do {
                let report = try await bench.restore(id)
                if report.commit.status == .success {
                    #expect(report.damaged.map(\.key) == [key])
                    #expect(bench.observer.notices.withLock { $0 } == ["damaged \(key)"])
                    #expect(bench.plugin.restored.withLock { $0["r0"] } == ScriptedPlugin.content("r0"))
                } else {
                    #expect(report.commit.failures.contains { $0.message.contains(named) }, "\(key)")
                }
            } catch {
                #expect(String(describing: error).contains(named), "\(key): \(error)")
            }
            #expect(try await bench.collection.list(.init(plan: "shop")).count == 1, "\(key)")
            try await bank.put(key, bytes, if: .none)
        }
    }

    @Test func theLastIsNeverAnOlderOneUnseen() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let ids = [
            try await bench.protect(Workbench.ir([[]])).checkpoint,
            try await bench.protect(Workbench.ir([[]])).checkpoint,
        ].sorted()
        let newest = CheckpointKeys(ids[1])
        let filter = CheckpointCollection.Filter(plan: "shop", provider: "local")
        #expect(try await bench.collection.last(filter).checkpoint.id == ids[1])
        for key in [newest.commit(ofEpoch: 1), newest.index, newest.tombstone] {
            let sound = try? await bank.get(key)
            for damage in [nil, [UInt8]("{}".utf8)] {
                if let damage {
                    try await bank.put(key, damage, if: .none)
                } else {
                    try await bank.delete(key, if: .none)
                }
                if damage == nil && sound == nil { continue }
                do {
                    _ = try await bench.collection.last(filter)
                    Issue.record("\(key): an older checkpoint was taken unseen")
                } catch CheckpointError.newestDamaged(let damaged, let whole) {
                    #expect(damaged.id == ids[1] && whole?.id == ids[0])
                    #expect(damaged.plan == "shop")
                    #expect(damaged.message.contains(key.text))
                }
                // Another plan is not concerned.
                await #expect(throws: CheckpointError.noneAvailable(plan: "other")) {
                    _ = try await bench.collection.last(.init(plan: "other"))
                }
            }
            if let sound { try await bank.put(key, sound, if: .none) } else { try await bank.delete(key, if: .none) }
        }
        // A lost index entry hides nothing.
        for key in try await bank.allKeys(below: CheckpointLayout.indices) where IndexEntry(key)?.id == ids[1] {
            let sound = try await bank.get(key)
            try await bank.delete(key, if: .none)
            #expect(try await bench.collection.last(filter).checkpoint.id == ids[1])
            #expect(try await bench.collection.list(filter).count == 2)
            try await bank.put(key, sound, if: .none)
        }
        // A failed run is newer: the last available is meant, and the failed one is told.
        let failing = ScriptedPlugin { if $0.hasPrefix("protect main") { throw PluginError("no") } }
        var failed = 0
        while try await bench.collection.last(filter).failed.isEmpty && failed < 50 {
            _ = try await Workbench(bank, failing).protect(Workbench.ir([[]]))
            failed += 1
        }
        #expect(try await bench.collection.last(filter).checkpoint.id == ids[1])
    }
}
