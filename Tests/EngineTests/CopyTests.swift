import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import ScheduleTestSupport
import Synchronization
import Testing

@testable import Engine

/// A pair of consistency levels, the source's first.
private let pairs = ConsistencyLevel.allCases.flatMap { source in ConsistencyLevel.allCases.map { (source, $0) } }

@Suite struct CopyTests {
    @Test(arguments: pairs)
    func aCopyIsTheSameAndNeedsNothingOfItsOrigin(_ levels: (ConsistencyLevel, ConsistencyLevel)) async throws {
        let bench = CopyBench(source: levels.0, target: levels.1)
        let id = try await bench.protect(CopyBench.ir(diamond))
        let report = try await bench.copy(id)
        #expect(report.outcome == .copied && report.failures.isEmpty && report.artifacts == 8)
        #expect(report.tally.sentBytes == 4 * (40 + 4) && report.tally.foundBytes == 0)
        let (here, there) = (
            try await bench.atSource.collection.index(id), try await bench.atTarget.collection.index(id)
        )
        #expect(there.created == here.created && there.plan == here.plan && there.irDigest == here.irDigest)
        #expect(there.provider == "offsite" && here.origin == nil)
        #expect(there.origin?.bank == "source" && there.origin?.provider == "local")
        // Nobody uses the origin any more, and from now on it is out of reach.
        for key in try await bench.source.allKeys(below: CheckpointKeys(id).uses) {
            // What was removed may stand in listings for a while.
            #expect(try await bench.source.size(key) == nil, "\(key)")
        }
        for key in try await bench.source.allKeys(below: nil) { try await bench.source.delete(key, if: .none) }
        #expect(try await bench.verify(id).commit.status == .success)
        #expect(try await bench.restore(id).commit.status == .success)
        for resource in 0..<4 {
            let name = "r\(resource)"
            #expect(bench.plugin.restored.withLock { $0[name] } == bench.plugin.content(name))
        }
        #expect(try await bench.statuses() == [.available])
        #expect(try await GarbageCollection(bench.atTarget).run().isEmpty)
    }

    @Test func reportsAreMadeOfTheCopyAsOfTheOrigin() async throws {
        let bench = CopyBench()
        let ir = CopyBench.ir(diamond)
        let id = try await bench.protect(ir)
        _ = try await bench.copy(id)
        let (here, there) = (
            try #require(try await bench.atSource.collection.commit(id)),
            try #require(try await bench.atTarget.collection.commit(id))
        )
        #expect(there.resources == here.resources && there.finished == here.finished)
        #expect(there.contentBytes == here.contentBytes && there.journalSegments == here.journalSegments)
        let journals = (
            try await bench.atSource.collection.journal(id, ir), try await bench.atTarget.collection.journal(id, ir)
        )
        #expect(journals.0.events == journals.1.events && !journals.0.events.isEmpty)
    }

    @Test(arguments: pairs)
    func whatIsThereAlreadyIsComparedAndNotWrittenAgain(
        _ levels: (ConsistencyLevel, ConsistencyLevel)
    ) async throws {
        let bench = CopyBench(source: levels.0, target: levels.1)
        let id = try await bench.protect(CopyBench.ir(diamond))
        _ = try await bench.copy(id)
        bench.target.fail(at: nil)
        #expect(try await bench.copy(id).outcome == .alreadyThere)
        #expect(bench.target.writes.isEmpty)
    }

    /// Parts and records that are gone, or too short, are sent again to where they were, and nothing else is.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatIsGoneOfACopyIsSentAgain(_ level: ConsistencyLevel) async throws {
        let bench = CopyBench(target: level)
        let id = try await bench.protect(CopyBench.ir(diamond))
        _ = try await bench.copy(id)
        let (whole, commit) = (try await bench.contentKeys(id), try await bench.atTarget.collection.commit(id))
        let keys = try await bench.target.allKeys(below: CheckpointKeys(id).all)
        let parts = keys.filter { $0.text.contains("/parts/") }
        let records = keys.filter { $0.text.hasSuffix("/artifact.json") }
        #expect(parts.count == 8 && records.count == 8)
        try await bench.target.delete(parts[0], if: .none)
        try await bench.target.delete(records[2], if: .none)
        try await bench.target.put(parts[4], [1], if: .none)
        let dry = try await DryRun(plugins: bench.atTarget.plugins, jobs: 1).copy(bench.operation(id))
        #expect(dry.findings.contains { $0.precondition.finding.contains("3 artifacts of it are not whole") })
        bench.target.fail(at: nil)
        let report = try await bench.copy(id)
        #expect(report.outcome == .copied && report.tally.sentBytes > 0 && report.tally.foundBytes > 0)
        #expect(bench.observer.notices.withLock { $0 }.contains { $0.contains("3 artifacts of it are not whole") })
        #expect(try await bench.contentKeys(id) == whole)
        #expect(try await bench.atTarget.collection.commit(id) == commit)
        #expect(try await bench.verify(id).commit.status == .success)
        #expect(try await bench.copy(id).outcome == .alreadyThere)
        // When the source has not got it either, that is said, and the copy is no worse than before.
        try await bench.target.delete(parts[0], if: .none)
        for key in try await bench.source.allKeys(below: CheckpointKeys(id).all) where key.text.contains("/parts/") {
            try await bench.source.delete(key, if: .none)
        }
        do {
            _ = try await bench.copy(id)
            Issue.record("sent from nothing")
        } catch CopyError.notCompleted(_, _, let reason) { #expect(reason.contains("/parts/"), "\(reason)") }
        #expect(try await bench.statuses() == [.available])
    }

    /// Who crashed behind the commit record has left the marker and maybe no entries.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatACopierLeftBehindItsCommitRecordIsDoneByTheNext(_ level: ConsistencyLevel) async throws {
        let bench = CopyBench(target: level)
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        _ = try await bench.copy(id)
        let (collection, index) = (bench.atTarget.collection, try await bench.atTarget.collection.index(id))
        let entries = try collection.indexKeys(
            plan: index.plan, provider: index.provider, index.created, index.id)
        let marker = CheckpointLayout.unfinished(id)
        for key in entries { try await bench.target.delete(key, if: .none) }
        try await bench.target.put(marker, collection.marker(id), if: .none)
        var living = bench
        living.ownersHaveEnded = false
        #expect(try await living.copy(id).outcome == .alreadyThere)
        #expect(try await bench.target.size(marker) != nil)
        for sync in [true, false] {
            try await bench.target.put(marker, collection.marker(id), if: .none)
            for key in entries { try await bench.target.delete(key, if: .none) }
            if sync {
                #expect(try await bench.sync().items.map(\.action) == [.alreadyThere])
            } else {
                #expect(try await bench.copy(id).outcome == .alreadyThere)
            }
            #expect(try await bench.target.size(marker) == nil)
            for key in entries { #expect(try await bench.target.size(key) != nil, "\(key)") }
        }
    }

    /// A delete of an earlier copy under this id may take effect so late that it hits the next one's first records.
    @Test(arguments: pairs)
    func firstRecordsThatALateDeleteHasTakenAreWrittenAgain(
        _ levels: (ConsistencyLevel, ConsistencyLevel)
    ) async throws {
        let bench = CopyBench(source: levels.0, target: levels.1)
        let id = try await bench.protect(CopyBench.ir(diamond))
        _ = try await bench.copy(id)
        let content = try await bench.contentKeys(id)
        let keys = CheckpointKeys(id)
        for lost in [[keys.index], [keys.ir], [keys.index, keys.ir]] {
            for key in lost { try await bench.target.delete(key, if: .none) }
            let report = try await bench.copy(id)
            #expect(report.outcome == .alreadyThere && report.tally.sentBytes == 0)
            #expect(try await bench.statuses() == [.available])
            #expect(try await bench.restore(id).commit.status == .success)
            #expect(try await bench.contentKeys(id) == content)
        }
        try await bench.target.delete(keys.index, if: .none)
        let synced = try await bench.sync()
        #expect(synced.count(.failed) == 0)
        #expect(try await bench.statuses() == [.available])
    }

    /// What was made in a bank becomes no copy when its index record is lost there, nor what holds something else.
    @Test func anIndexRecordIsWrittenAgainForACopyOnly() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir(diamond))
        _ = try await bench.copy(id)
        try await bench.source.delete(CheckpointKeys(id).index, if: .none)
        let back = CopyOperation(bench.atSource, checkpoint: id, from: bench.to, to: bench.from)
        bench.source.fail(at: nil)
        let error = await #expect(throws: CopyError.self) { try await back.run() }
        #expect(error?.description.contains("damaged") == true, "\(error as Any)")
        #expect(bench.source.writes.isEmpty)

        let other = CopyBench()
        let another = try await other.protect(CopyBench.ir(diamond))
        _ = try await other.copy(another)
        let commit = try #require(try await other.atTarget.collection.commit(another))
        let pack = CheckpointKeys(another).definitions(ofEpoch: commit.epoch, pack: 0)
        try await other.target.put(pack, Array("{}".utf8), if: .none)
        try await other.target.delete(CheckpointKeys(another).index, if: .none)
        other.target.fail(at: nil)
        await #expect(throws: (any Error).self) { try await other.copy(another) }
        #expect(other.target.writes.isEmpty)
    }

    @Test func anotherCheckpointUnderTheSameIDIsAnError() async throws {
        let bench = CopyBench()
        let ir = CopyBench.ir([[]])
        let id = try await bench.protect(ir)
        let mine = try await bench.atSource.collection.index(id)
        let origin = CheckpointOrigin(bank: "source", provider: "local", copied: mine.created)
        let earlier = Timestamp(milliseconds: mine.created.milliseconds - 1)
        // Another plan's, another time's, and one that was made there.
        let others: [(Timestamp, PlanIR, CheckpointOrigin?, String)] = [
            (mine.created, CopyBench.ir([[], []]), origin, "another plan"),
            (earlier, ir, origin, "made at"),
            (mine.created, ir, nil, "made there"),
        ]
        for (created, plan, origin, difference) in others {
            var other = CopyBench(bench.plugin)
            let bytes = plan.encoded.bytes
            try await other.atTarget.collection.createCopy(
                CheckpointIndex(
                    id: id, plan: "shop", provider: "offsite", created: created, owner: Workbench.owner,
                    irDigest: SHA256Digest(of: bytes), resources: Int64(plan.resources.count), origin: origin),
                ir: bytes)
            other.target.fail(at: nil)
            let operation = CopyOperation(other.atTarget, checkpoint: id, from: bench.from, to: other.to)
            do {
                _ = try await operation.run()
                Issue.record("it was copied over \(difference)")
            } catch let error as CopyError {
                #expect(error.description.contains(difference), "\(error)")
            }
            #expect(other.target.writes.isEmpty)
            other.ownersHaveEnded = false
            #expect(try await other.statuses() == [origin == nil ? .protecting : .waitCopying])
        }
    }

    @Test func whatCannotBeCopiedIsRefusedBeforeAnythingIsWritten() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir(diamond))
        var refused: [(CopyBench, String)] = []
        var other = bench
        other.sourceID = "target"
        refused.append((other, "the same bank"))
        other = bench
        other.version = 2
        refused.append((other, "was made by version 1 of the plugin 'scripted'"))
        for (bench, reason) in refused {
            bench.target.fail(at: nil)
            do {
                _ = try await bench.copy(id)
                Issue.record("copied in spite of \(reason)")
            } catch { #expect("\(error)".contains(reason), "\(error)") }
            #expect(bench.target.writes.isEmpty)
            #expect(try await bench.statuses().isEmpty)
        }
        await #expect(throws: CheckpointError.unknown("0000000000000000")) {
            try await bench.copy(try #require(CheckpointID("0000000000000000")))
        }
        let mark = try await bench.atSource.collection.beginDeletion(id, now: bench.atSource.now(), force: false)
        #expect(mark.summary.status == .available)
        do {
            _ = try await bench.copy(id)
            Issue.record("copied while it is being deleted")
        } catch CheckpointError.wrongStatus(_, let status, _, _) { #expect(status == .deleting) }
        #expect(bench.target.writes.isEmpty)
    }

    @Test func aFailedProtectIsNotCopied() async throws {
        let bench = CopyBench(
            CopyablePlugin { call in if call.hasPrefix("delete") { throw PluginError("not meant") } })
        let failing = Workbench(
            bench.source, ScriptedPlugin { if $0 == "protect main r0" { throw PluginError("no") } })
        let report = try await failing.protect(CopyBench.ir([[]]))
        await #expect(throws: CheckpointError.self) { try await bench.copy(report.checkpoint) }
        #expect(try await bench.statuses().isEmpty)
    }

    // MARK: Damage

    @Test(arguments: ConsistencyLevel.allCases)
    func damageInTheSourceIsNeverCopied(_ level: ConsistencyLevel) async throws {
        let bench = CopyBench(source: level, target: level)
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        let keys = CheckpointKeys(id)
        let needed = try await bench.source.allKeys(below: keys.all).filter { key in
            ["resources", "definitions", "commits", "index.json", "ir.json"].contains { key.text.contains("/\($0)") }
        }
        #expect(needed.count == 12)
        for key in needed {
            for change in [{ _ in nil }, { $0 + [0x20] }, { [$0[0] ^ 1] + $0.dropFirst() }, { _ in [] }]
                as [([UInt8]) -> [UInt8]?]
            {
                let was = try await bench.damage(key, change)
                do {
                    let report = try await bench.copy(id)
                    #expect(report.outcome == .failed && !report.failures.isEmpty, "\(key)")
                    #expect(report.failures.contains { $0.message.contains("\(key)") }, "\(key): \(report.failures)")
                } catch {
                    #expect("\(error)".contains("checkpoint") || "\(error)".contains("\(key)"), "\(key): \(error)")
                }
                #expect(try await bench.statuses().allSatisfy { $0 == .error }, "\(key)")
                try await bench.source.put(key, was, if: .none)
            }
        }
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(try await bench.verify(id).commit.status == .success)
    }

    @Test func aDamagedJournalIsLeftOutAndTheCopyIsWholeWithoutIt() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        let key = CheckpointKeys(id).journal(ofEpoch: 1, page: 0)
        _ = try await bench.damage(key) { _ in Array("{}".utf8) }
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(bench.observer.notices.withLock { $0 }.contains("damaged \(key)"))
        #expect(try await bench.atTarget.collection.commit(id)?.journalSegments == 0)
        #expect(try await bench.verify(id).commit.status == .success)
    }

    @Test func damagedLabelsAreLeftOutAndTheCopyIsWholeWithoutThem() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        let key = CheckpointKeys(id).labels
        try await bench.source.put(key, Array("torn".utf8), if: .none)
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(bench.observer.notices.withLock { $0 }.contains("damaged \(key)"))
        #expect(try await bench.target.size(key) == nil)
        #expect(try await bench.verify(id).commit.status == .success)
    }

    // MARK: Going on

    /// Whichever write to the target fails, and however: the copy goes on from there, or never seemed whole; and what is
    /// there in the end is the same as if nothing had happened.
    @Test(arguments: ConsistencyLevel.allCases, FaultyBank.Fault.allCases)
    func wherevertheTargetFailsTheCopyGoesOn(_ level: ConsistencyLevel, _ fault: FaultyBank.Fault) async throws {
        let ir = CopyBench.ir([[1], []])
        let plugin = CopyablePlugin()
        let whole = CopyBench(plugin, target: level)
        let id = try await whole.protect(ir)
        whole.target.fail(at: nil)
        #expect(try await whole.copy(id).outcome == .copied)
        let (writes, content) = (whole.target.writes.count, try await whole.contentKeys(id))
        // The other levels differ in few of the writes.
        for number in 0..<writes where level == .compareAndSwap || number % 3 == 0 || number > writes - 8 {
            let bench = CopyBench(plugin, target: level)
            let place: Comment = "\(fault) at write \(number)"
            func copy() async throws -> CopyReport {
                try await CopyOperation(bench.atTarget, checkpoint: id, from: whole.from, to: bench.to).run()
            }
            bench.target.fail(at: number, fault)
            let report = try? await copy()
            bench.target.fail(at: nil)
            let statuses = try await bench.statuses()
            if report?.outcome == .copied { #expect(statuses == [.available], place) }
            if statuses == [.available] { #expect(try await bench.verify(id).commit.status == .success, place) }
            let again = try await copy()
            #expect(again.outcome == .copied || again.outcome == .alreadyThere, place)
            #expect(try await bench.verify(id).commit.status == .success, place)
            #expect(try await bench.statuses() == [.available], place)
            // What is left to be done after a commit record, gc does.
            _ = try await GarbageCollection(bench.atTarget).run()
            #expect(try await bench.contentKeys(id) == content, place)
            #expect(try await bench.target.size(CheckpointLayout.unfinished(id)) == nil, place)
            #expect(plugin.moving.withLock { $0.isEmpty }, place)
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func wholePartsAreNotSentAgain(_ level: ConsistencyLevel) async throws {
        let part = PartedArtifactStore.partLength
        let bench = CopyBench(CopyablePlugin(length: 4 * part + 100), target: level)
        let id = try await bench.protect(CopyBench.ir([[]]))
        bench.target.fail(at: nil)
        // Marker, index, IR, epoch, note of the beginning, and then parts.
        bench.target.fail(at: 7, .goneBefore)
        let first = try? await bench.copy(id)
        #expect(first?.outcome != .copied)
        bench.target.fail(at: nil)
        let there = try await bench.target.allKeys(below: CheckpointKeys(id).all).filter { $0.text.contains("/parts/") }
        #expect((1...4).contains(there.count))
        // One of them is not what it should be: nobody believes it.
        try await bench.target.put(there[0], [1, 2, 3], if: .none)
        let report = try await bench.copy(id)
        #expect(report.outcome == .copied)
        #expect(report.tally.foundBytes == Int64((there.count - 1) * part))
        #expect(report.tally.sentBytes == Int64((5 - there.count) * part + 100 + 4))
        #expect(try await bench.restore(id).commit.status == .success)
        #expect(bench.plugin.restored.withLock { $0["r0"] } == bench.plugin.content("r0"))
    }

    @Test func aStoreThatFailsForAMomentIsAskedAgain() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[]], attempts: 3))
        // Marker, index, IR, epoch, note of the beginning; then a part that is refused once.
        bench.target.fail(at: 5, .refused)
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(try await bench.verify(id).commit.status == .success)
    }

    @Test func whatWasBegunOutsideIsUndoneByWhoGoesOn() async throws {
        let plugin = CopyablePlugin()
        let bench = CopyBench(plugin)
        let id = try await bench.protect(CopyBench.ir([[]]))
        bench.target.fail(at: nil)
        #expect(try await bench.copy(id).outcome == .copied)
        let last = bench.target.writes.count
        var seen = 0
        for number in 0..<last {
            let other = CopyBench(plugin)
            other.target.fail(at: number, .goneBefore)
            let operation = CopyOperation(other.atTarget, checkpoint: id, from: bench.from, to: other.to)
            _ = try? await operation.run()
            // As if the process had been killed before it could undo anything.
            plugin.calls.withLock { $0 = [] }
            plugin.moving.withLock { _ = $0.insert("r0") }
            other.target.fail(at: nil)
            let due = try await other.atTarget.collection.copyJournal(
                before: .max, id, CopyBench.ir([[]])
            ).events.last { if case .undo = $0.change { true } else { false } }
            _ = try await operation.run()
            if due != nil, plugin.allCalls.contains("revert copy r0") { seen += 1 }
            plugin.moving.withLock { $0 = [] }
        }
        #expect(seen > 0)
    }

    @Test func aCopyThatIsStoppedGoesOn() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir(diamond))
        bench.control.request(.stop(reason: "the test"))
        let report = try await bench.copy(id)
        #expect(report.outcome == .unfinished && report.wasCancelled)
        #expect(try await bench.statuses() == [.error])
        var other = bench
        other.control = RunControl()
        #expect(try await other.copy(id).outcome == .copied)
    }

    // MARK: Many at once

    @Test(arguments: pairs)
    func severalCopiersAtOnceMakeOneWholeCopy(_ levels: (ConsistencyLevel, ConsistencyLevel)) async throws {
        let bench = CopyBench(source: levels.0, target: levels.1)
        let id = try await bench.protect(CopyBench.ir(diamond))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                var copier = bench
                // Each takes the others for gone: that is the worst that can be.
                copier.targetOwner = "222222222222222\(number)"
                group.addTask { [copier] in
                    // Whoever loses says so.
                    _ = try? await copier.copy(id)
                }
            }
        }
        let report = try await bench.copy(id)
        #expect(report.outcome == .copied || report.outcome == .alreadyThere)
        #expect(try await bench.verify(id).commit.status == .success)
        #expect(try await bench.statuses() == [.available])
        _ = try await GarbageCollection(bench.atTarget).run()
        #expect(try await bench.verify(id).commit.status == .success)
    }

    @Test func someoneElseIsLeftToIt() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[]]))
        bench.target.fail(at: 6, .goneBefore)
        _ = try? await bench.copy(id)
        bench.target.fail(at: nil)
        var other = bench
        other.ownersHaveEnded = false
        #expect(try await other.statuses() == [.copying])
        await #expect(throws: CopyError.begunElsewhere(id, place: other.to.words)) { try await other.copy(id) }
        #expect(try await other.sync().items.map(\.action) == [.left])
        #expect(try await GarbageCollection(other.atTarget).run().map(\.action) == [.left])
        await #expect(throws: CheckpointError.self) {
            try await DeleteOperation(other.atTarget, checkpoint: id, force: false).run()
        }
        #expect(try await bench.copy(id).outcome == .copied)
    }

    // MARK: The ways out

    @Test(arguments: ConsistencyLevel.allCases)
    func aCopyThatNobodyGoesOnWithIsCollectedAndCanBeMadeAgain(_ level: ConsistencyLevel) async throws {
        let bench = CopyBench(CopyablePlugin(length: 100), target: level)
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        bench.target.fail(at: 12, .goneBefore)
        _ = try? await bench.copy(id)
        bench.target.fail(at: nil)
        let terms = GarbageTerms(failed: 0, orphans: 86_400_000)
        #expect(try await GarbageCollection(bench.atTarget, terms: terms).run().map(\.action) == [.gaveUp])
        #expect(try await bench.statuses() == [.error])
        // Its content goes after the grace, and it may be tried again before or behind that.
        #expect(try await GarbageCollection(bench.atTarget, terms: terms).run().map(\.action) == [.swept])
        #expect(try await bench.contentKeys(id).isEmpty)
        let report = try await bench.copy(id)
        #expect(report.outcome == .copied && report.tally.foundBytes == 0)
        _ = try await GarbageCollection(bench.atTarget, terms: terms).run()
        #expect(try await bench.verify(id).commit.status == .success)
        #expect(try await bench.statuses() == [.available])
    }

    @Test func aCopyCanBeReset() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[]]))
        for number in [3, 6] {
            let other = CopyBench(bench.plugin)
            other.target.fail(at: number, .goneBefore)
            let operation = CopyOperation(other.atTarget, checkpoint: id, from: bench.from, to: other.to)
            _ = try? await operation.run()
            other.target.fail(at: nil)
            var living = other
            living.ownersHaveEnded = false
            #expect(try await living.statuses() == [number == 3 ? .waitCopying : .copying])
            let reset = ResetOperation(other.atTarget, checkpoint: id, isGone: { _ in true })
            #expect(try await reset.run() == .error)
            #expect(try await living.statuses() == [.error])
            #expect(try await operation.run().outcome == .copied)
        }
    }

    /// A copy that has failed is made again by copying, not by protecting; and one that was tried again and left behind is
    /// given up although there is a record that it has failed.
    @Test func theResetOfACopySaysHowToCopyItAgain() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[]]))
        bench.target.fail(at: 6, .goneBefore)
        _ = try? await bench.copy(id)
        bench.target.fail(at: nil)
        let reset = ResetOperation(bench.atTarget, checkpoint: id, isGone: { _ in true })
        #expect(try await reset.run() == .error)
        let error = await #expect(throws: CheckpointError.self) { try await reset.run() }
        let words = error?.description ?? ""
        #expect(words.contains("'cairn copy \(id) --provider local --to offsite' copies it again"), "\(words)")
        #expect(words.contains("'cairn delete \(id) --provider offsite'"), "\(words)")
        #expect(!words.contains("protect again"), "\(words)")
        bench.target.fail(at: 6, .goneBefore)
        _ = try? await bench.copy(id)
        bench.target.fail(at: nil)
        var living = bench
        living.ownersHaveEnded = false
        #expect(try await living.statuses() == [.copying])
        let busy = await #expect(throws: CheckpointError.self) {
            try await ResetOperation(living.atTarget, checkpoint: id, isGone: { _ in false }).run()
        }
        #expect(busy?.description.contains("still copies it") == true, "\(busy?.description ?? "")")
        #expect(try await reset.run() == .error)
        #expect(try await living.statuses() == [.error])
        #expect(try await bench.copy(id).outcome == .copied)
    }

    @Test func deletingACopyLeavesAloneWhatBelongsToTheOrigin() async throws {
        let bench = CopyBench()
        var ir = CopyBench.ir([[1], []])
        // `r1` has no work in a copy, so that nothing of it was brought out of the bank.
        let graph = ir.graph(.copy)
        ir.graphs[OperationKind.copy.index] = ActivityGraph(
            activities: graph.activities.map {
                .init(resource: $0.resource, hook: $0.hook, isBarrier: $0.resource == 1)
            }, orderedLike: graph)
        let id = try await bench.protect(ir)
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(bench.plugin.allCalls.filter { $0.hasPrefix("copy") }.allSatisfy { $0.hasSuffix("r0") })
        bench.plugin.calls.withLock { $0 = [] }
        let report = try await DeleteOperation(bench.atTarget, checkpoint: id, force: false).run()
        #expect(report.status == .deleted)
        #expect(!bench.plugin.allCalls.isEmpty && bench.plugin.allCalls.allSatisfy { $0.hasSuffix("r0") })
        #expect(try await bench.statuses().isEmpty)
        // The origin is as it was, and can be copied again.
        #expect(try await bench.copy(id).outcome == .copied)
    }

    /// A deletion that is slower than another one of the same checkpoint removes nothing of what was copied there since.
    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func aSlowDeletionSparesWhatWasCopiedAgain(_ level: ConsistencyLevel) async throws {
        let bench = CopyBench(target: level)
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        _ = try await bench.copy(id)
        bench.target.behindNextListing(of: CheckpointKeys(id).all) {
            let deletion = try await DeleteOperation(bench.atTarget, checkpoint: id, force: false).run()
            let left = try await bench.statuses()
            let copy = try await bench.copy(id)
            #expect(deletion.status == .deleted && left.isEmpty && copy.outcome == .copied)
        }
        _ = try await DeleteOperation(bench.atTarget, checkpoint: id, force: false).run()
        #expect(try await bench.statuses() == [.available])
        #expect(try await bench.verify(id).commit.status == .success)
    }

    @Test func aFailingHookFailsTheCopyAndIsReverted() async throws {
        let plugin = CopyablePlugin { if $0 == "copy complete r1" { throw PluginError("no room over there") } }
        let bench = CopyBench(plugin)
        let id = try await bench.protect(CopyBench.ir([[1], []]))
        let report = try await bench.copy(id)
        #expect(report.outcome == .failed)
        #expect(report.failures.first?.message == "no room over there")
        #expect(plugin.allCalls.contains("revert copy r0") && plugin.allCalls.contains("revert copy r1"))
        #expect(plugin.moving.withLock { $0.isEmpty })
        #expect(try await bench.statuses() == [.error])
        let summary = try #require(try await bench.atTarget.collection.summary(id))
        #expect(summary.message.contains("no room over there"))
        #expect(try await DeleteOperation(bench.atTarget, checkpoint: id, force: false).run().status == .deleted)
    }

    @Test func labelsComeAlongUnlessTheCopyHasSome() async throws {
        let bench = CopyBench()
        let id = try await bench.protect(CopyBench.ir([[]]))
        let labels = CheckpointKeys(id).labels
        try await bench.atSource.collection.annotate(id, now: bench.atSource.now()) { try $0.set("a", "b") }
        let record = try await bench.source.get(labels)
        try await bench.source.put(CheckpointKeys(id).pin, Array("{}".utf8), if: .none)
        #expect(try await bench.copy(id).outcome == .copied)
        #expect(try await bench.target.get(labels) == record)
        #expect(try await bench.target.size(CheckpointKeys(id).pin) == nil)
    }
}
