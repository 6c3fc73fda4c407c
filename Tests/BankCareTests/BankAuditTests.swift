import Bank
import BankCare
import BankConformance
import CanonicalForm
import Checkpoints
import Foundation
import PluginKit
import PlanIR
import Testing

/// What `cairn bank check` finds.
@Suite struct BankAuditTests {
    @Test(arguments: ConsistencyLevel.allCases)
    func aSoundBankHasNothingToSay(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        for plan in ["shop", "blog", "shop"] { try await bench.protect(plan: plan) }
        let gone = try await bench.protect()
        try await bench.delete(gone)
        // Failed runs keep what they saved for a while.
        try await bench.protect(fails: true)
        let collection = bench.collection()
        let id = try #require(try await collection.list(.init()).last?.id)
        try await collection.annotate(id, now: Timestamp.now()) { try $0.set("a", "b") }
        try await collection.pin(id, by: "ada", reason: "", now: Timestamp.now())
        for scope in [BankAudit.Scope.indices, .records, .data] {
            let (findings, tally) = try await bench.audit(scope)
            #expect(findings.isEmpty, "\(scope)")
            #expect(tally.checkpoints == 4 && tally.left == 0)
            #expect((tally.bytesRead > 0) == (scope == .data))
        }
    }

    /// Each object in turn is changed, cut and removed: the check names it, and a repair brings back what can be.
    @Test(arguments: ConsistencyLevel.allCases, ["changed", "cut", "removed"])
    func everyDamagedObjectIsNamed(_ level: ConsistencyLevel, _ kind: String) async throws {
        let bench = CareBench(level)
        try await bench.protect()
        let sound = bench.memory.contents
        for (key, bytes) in sound.sorted(by: { $0.key < $1.key }) {
            var damaged = bytes
            damaged[bytes.count / 2] ^= 1
            switch kind {
            case "changed": try await bench.memory.put(key, damaged, if: .none)
            case "cut": try await bench.memory.put(key, Array(bytes.dropLast()), if: .none)
            default: try await bench.memory.delete(key, if: .none)
            }
            let (findings, tally) = try await bench.audit(.data)
            // Commit records are found by listing.
            let isCommit = key.segments.contains("commits")
            #expect(
                findings.contains { $0.key == key.text || (isCommit && key.text.hasPrefix($0.key)) },
                "\(key) \(kind): \(findings)")
            #expect(tally.left > 0, "\(key) \(kind)")
            let isEntry = key.segments[0] == "indices"
            #expect(findings.allSatisfy { ($0.kind.severity == .damage) != isEntry }, "\(key) \(kind): \(findings)")
            let repaired = try await bench.audit(.data, repairs: true)
            #expect((repaired.tally.left == 0) == isEntry, "\(key) \(kind): \(repaired.findings)")
            if isEntry {
                #expect(bench.memory.contents == sound, "\(key)")
            } else {
                #expect(bench.memory.contents[key] != bytes, "a repair wrote \(key)")
            }
            try await bench.memory.put(key, bytes, if: .none)
        }
        #expect(sound.count > 12)
    }

    @Test func sizesAreComparedWithoutReadingData() async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let part = try #require(bench.memory.contents.keys.first { $0.segments.contains("parts") })
        let bytes = try await bench.bank.get(part)
        try await bench.bank.put(part, bytes.reversed(), if: .none)
        #expect(try await bench.kinds().isEmpty)
        #expect(try await bench.kinds(.data) == [.partDamaged])
        try await bench.bank.put(part, bytes + [0], if: .none)
        #expect(try await bench.kinds() == [.partDamaged])
        try await bench.bank.delete(part, if: .none)
        let finding = try #require(try await bench.audit().findings.first)
        #expect(finding.kind == .partMissing && finding.key == part.text && finding.checkpoint == id)
    }

    /// All parts are as they were written, but together they are not what the record says: only reading them tells.
    @Test(arguments: [Int64(1), 3, 8, 100]) func theDigestOfTheWholeIsComputedAgain(_ partSize: Int64) async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let keys = CheckpointKeys(id)
        let place = try ArtifactKeys("data", in: keys.artifacts("Test::Thing#r0", epoch: 1))
        let content = try await bench.bank.get(place.part(0))
        // In parts of another length, which is as good.
        let pieces = stride(from: 0, to: content.count, by: Int(partSize)).map {
            Array(content[$0..<min($0 + Int(partSize), content.count)])
        }
        for (number, piece) in pieces.enumerated() {
            try await bench.bank.put(place.part(UInt32(number)), piece, if: .none)
        }
        let parts = pieces.map { ArtifactRecord.Part(size: Int64($0.count), digest: SHA256Digest(of: $0)) }
        func rewrite(_ digest: SHA256Digest) async throws {
            let summary = ArtifactSummary(name: "data", size: Int64(content.count), digest: digest)
            let record = ArtifactRecord(summary: summary, partSize: partSize, parts: parts).record.bytes
            try await bench.bank.put(place.record, record, if: .none)
            try await bench.rename(id, "Test::Thing#r0", summary, SHA256Digest(of: record))
        }
        try await rewrite(SHA256Digest(of: content))
        let sound = try await bench.audit(.data)
        #expect(sound.findings.isEmpty && sound.tally.bytesRead > Int64(content.count), "\(sound.findings)")
        try await rewrite(SHA256Digest(of: Array(content.reversed())))
        #expect(try await bench.kinds(.records).isEmpty)
        let other = try await bench.audit(.data)
        #expect(other.findings.map(\.kind) == [.contentDamaged], "\(other.findings)")
        #expect(other.findings.first?.key == place.record.text)
        // A part that is damaged is told of, and the whole is not blamed for it.
        for number in pieces.indices {
            let key = place.part(UInt32(number))
            try await bench.bank.put(key, pieces[number].map { $0 ^ 1 }, if: .none)
            let damaged = try await bench.audit(.data).findings
            #expect(damaged.map(\.kind) == [.partDamaged] && damaged.first?.key == key.text, "\(damaged)")
            try await bench.bank.put(key, pieces[number], if: .none)
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatNothingNamesIsLitter(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.protect()
        let keys = CheckpointKeys(id)
        let other = CheckpointID.random()
        let artifact = try ArtifactKeys("data", in: keys.artifacts("Test::Thing#r0", epoch: 1))
        let strays: [(BankKey, BankFinding.Kind)] = [
            (artifact.part(7), .litter),
            (try keys.all.appending("notes.txt"), .litter), (keys.onlyCommit, .litter),
            (try CheckpointKeys(other).all.appending("e1/journal/00000000.json"), .orphan),
            (try BankKey("stray"), .strayObject), (try BankKey("checkpoints/stray/x"), .strayObject),
            (try BankKey("indices/by-mood/x"), .strayObject), (try BankKey("indices/by-date/20260101/x"), .strayObject),
            (try BankKey("indices/unfinished/x"), .strayObject), (try BankKey("operations/x/y"), .strayObject),
            (try BankKey("probe/x/y"), .strayObject),
        ]
        for (key, kind) in strays {
            try await bench.bank.put(key, Array("x".utf8), if: .none)
            let found = try await bench.audit()
            #expect(found.findings.map(\.kind) == [kind], "\(key): \(found.findings)")
            #expect(found.tally.left == 1, "\(key)")
            // Nobody knows what it is: a repair leaves it.
            _ = try await bench.audit(repairs: true)
            #expect(try await bench.bank.size(key) == 1)
            try await bench.bank.delete(key, if: .none)
        }
    }

    @Test func whatIsUnfinishedIsNoFault() async throws {
        let bench = CareBench()
        let collection = bench.collection()
        let id = CheckpointID.random()
        let index = CheckpointIndex(
            id: id, plan: "shop", provider: "local", created: Timestamp.now(), owner: CareBench.owner,
            irDigest: SHA256Digest(of: CareBench.plan("shop").encoded.bytes), resources: 2)
        try await collection.create(index, ir: CareBench.plan("shop").encoded.bytes)
        #expect(try await bench.audit(hasEnded: false).findings.isEmpty)
        #expect(try await bench.kinds() == [.unfinished])
        _ = try await collection.beginDeletion(id, now: Timestamp.now(), force: true)
        #expect(try await bench.audit(hasEnded: false).findings.isEmpty)
        #expect(try await bench.kinds() == [.deletionUnfinished])
        #expect(try await bench.audit().tally.left == 0)
        // Whoever settles the checkpoint leaves it its marker; without that, it would be in no listing any more.
        try await collection.settle(id)
        #expect(try await bench.kinds() == [.deletionUnfinished])
        try await bench.bank.delete(CheckpointLayout.unfinished(id), if: .none)
        #expect(try await bench.kinds() == [.deletionUnfinished, .markerMissing])
        _ = try await bench.audit(repairs: true)
        #expect(try await bench.kinds() == [.deletionUnfinished])
    }

    /// Whatever a resume or a collection reads of a run that was cut off is looked at.
    @Test(arguments: ConsistencyLevel.allCases)
    func damageOfAnUnfinishedCheckpointIsNamed(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.cutOff()
        let keys = CheckpointKeys(id)
        #expect(try await bench.kinds() == [.unfinished])
        for key in [keys.ir, keys.epoch(1), keys.journal(ofEpoch: 1, page: 0)] {
            let bytes = try await bench.bank.get(key)
            for damaged in [Array("torn".utf8), Array(bytes.dropLast()), bytes.map { $0 ^ 1 }] {
                try await bench.memory.put(key, damaged, if: .none)
                let findings = try await bench.audit().findings
                let named = findings.first { $0.key == key.text }
                #expect(named?.kind == .recordDamaged && named?.message.contains("'cairn gc'") == true, "\(findings)")
                // Also while someone may be at it.
                #expect(try await bench.audit(hasEnded: false).tally.left == 1)
            }
            try await bench.memory.put(key, bytes, if: .none)
        }
        let plan = try await bench.bank.get(keys.ir)
        try await bench.memory.delete(keys.ir, if: .none)
        #expect(try await bench.audit(hasEnded: false).findings.isEmpty)
        #expect(try await bench.audit().findings.map(\.key).contains(keys.ir.text))
        try await bench.memory.put(keys.ir, plan, if: .none)
        // A journal has no gaps.
        let later = keys.journal(ofEpoch: 1, page: 7)
        try await bench.memory.put(later, Array("torn".utf8), if: .none)
        let findings = try await bench.audit().findings
        #expect(findings.contains { $0.key == later.text && $0.kind == .recordDamaged })
        #expect(findings.contains { $0.key == keys.journal(ofEpoch: 1, page: 6).text && $0.kind == .recordMissing })
    }

    /// What is unfinished and has lost its marker is in no listing: the marker follows from the rest.
    @Test(arguments: ConsistencyLevel.allCases)
    func theMarkerOfAnUnfinishedCheckpointIsWrittenAgain(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.cutOff()
        try await bench.memory.delete(CheckpointLayout.unfinished(id), if: .none)
        #expect(try await bench.kinds() == [.markerMissing])
        #expect(try await bench.audit(repairs: true).tally.left == 0)
        #expect(try await bench.kinds() == [.unfinished])
        #expect(try await bench.collection().list(.init()).map(\.id) == [id])
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func everythingOfAnOperationIsLookedAt(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.protect()
        let operation = OperationIndex(
            id: .random(), kind: "restore", checkpoint: id, plan: "shop", started: Timestamp.now(),
            owner: CareBench.owner)
        let keys = OperationKeys(operation.id)
        let segment = JournalSegment(number: 0, events: []).bytes
        try await bench.bank.put(keys.index, operation.record.bytes, if: .none)
        try await bench.bank.put(keys.journal(ofEpoch: 1, page: 0), segment, if: .none)
        try await bench.bank.put(try keys.place("Test::Thing#r0"), Array("Test::Thing#r0\n".utf8), if: .none)
        #expect(try await bench.audit(hasEnded: false).findings.isEmpty)
        let cases: [(BankKey, BankFinding.Kind)] = [
            (keys.journal(ofEpoch: 1, page: 1), .recordDamaged), (keys.epoch(2), .recordDamaged),
            (keys.commit(ofEpoch: 1), .recordDamaged), (try keys.place("Test::Thing#r1"), .recordDamaged),
            (try keys.all.appending("notes.txt"), .strayObject), (try keys.all.appending("e1/x/y"), .strayObject),
            (try keys.all.appending("e1/journal/1.json"), .strayObject),
        ]
        for (key, kind) in cases {
            try await bench.bank.put(key, Array("torn".utf8), if: .none)
            let findings = try await bench.audit(hasEnded: false).findings
            #expect(findings.map(\.kind) == [kind] && findings.first?.key == key.text, "\(key): \(findings)")
            try await bench.memory.delete(key, if: .none)
        }
    }

    /// A copy without a commit record can be gone on with, whatever has become of its marker.
    @Test func anUnfinishedCopyWithoutItsMarkerIsMarkedAgain() async throws {
        let bench = CareBench()
        let collection = bench.collection()
        let index = CheckpointIndex(
            id: .random(), plan: "shop", provider: "local", created: Timestamp.now(), owner: CareBench.owner,
            irDigest: SHA256Digest(of: CareBench.plan("shop").encoded.bytes), resources: 2,
            origin: CheckpointOrigin(bank: "b", provider: "p", copied: Timestamp.now()))
        try await collection.createCopy(index, ir: CareBench.plan("shop").encoded.bytes)
        try await collection.settle(index.id)
        #expect(try await bench.kinds() == [.markerMissing])
        #expect(try await bench.audit(repairs: true).tally.mended == 1)
        #expect(try await bench.kinds() == [.unfinished])
    }

    /// Several may give up the same copy one after the other; each leaves its record.
    @Test func earlierRecordsOfAFailedRunAreNoLitter() async throws {
        let bench = CareBench()
        let id = try await bench.protect(fails: true)
        let keys = CheckpointKeys(id)
        let first = try CommitRecord(opening: try await bench.bank.get(keys.commit(ofEpoch: 1)))
        let again = CommitRecord(
            checkpoint: id, epoch: 2, status: .error, finished: first.finished, resources: first.resources,
            failures: first.failures, contentBytes: 0, journalSegments: 0, definitions: .packs([]))
        let claim = EpochRecord(id, epoch: 2, owner: CareBench.owner, started: first.finished)
        try await bench.bank.put(keys.epoch(2), claim.record.bytes, if: .none)
        try await bench.bank.put(keys.commit(ofEpoch: 2), again.bytes, if: .none)
        for key in try await bench.bank.allKeys(below: keys.resources(ofEpoch: 1)) {
            try await bench.bank.delete(key, if: .none)
        }
        try await bench.collection().settle(id)
        let findings = try await bench.audit().findings
        #expect(findings.isEmpty, "\(findings)")
    }

    /// Where listings are behind, they still name a pin that was just taken away.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatPeopleTakeBackIsNoFault(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.protect()
        let collection = bench.collection()
        for _ in 0..<5 {
            try await collection.pin(id, by: "me", reason: "", now: Timestamp.now())
            try await collection.unpin(id)
            let findings = try await bench.audit().findings
            #expect(findings.isEmpty, "\(findings)")
        }
    }

    /// A sweep of what a failed run has saved removes records and parts in no particular order.
    @Test(arguments: ConsistencyLevel.allCases)
    func whatIsBeingSweptIsNoFault(_ level: ConsistencyLevel) async throws {
        let bench = CareBench(level)
        let id = try await bench.protect()
        let artifact = try ArtifactKeys("data", in: CheckpointKeys(id).artifacts("Test::Thing#r0", epoch: 1))
        // As of a run in which something else has failed.
        let key = CheckpointKeys(id).commit(ofEpoch: 1)
        let commit = try CommitRecord(opening: try await bench.bank.get(key))
        let failed = CommitRecord(
            checkpoint: id, epoch: 1, status: .error, finished: commit.finished, resources: commit.resources,
            failures: [ResourceFailure(resource: "", hook: "", message: "no disk")], contentBytes: commit.contentBytes,
            journalSegments: commit.journalSegments, definitions: commit.definitions)
        try await bench.bank.put(key, failed.bytes, if: .none)
        try await bench.bank.put(CheckpointLayout.unfinished(id), bench.collection().marker(id), if: .none)
        for key in [artifact.record, artifact.part(0)] {
            let bytes = try await bench.bank.get(key)
            try await bench.bank.delete(key, if: .none)
            for scope in [BankAudit.Scope.records, .data] {
                let findings = try await bench.audit(scope, hasEnded: false).findings
                #expect(findings.isEmpty, "\(findings)")
            }
            try await bench.bank.put(key, bytes, if: .none)
        }
    }

    @Test func operationsLeasesAndMarkersAreLookedAt() async throws {
        let bench = CareBench()
        let id = try await bench.protect()
        let operation = OperationIndex(
            id: .random(), kind: "restore", checkpoint: id, plan: "shop", started: Timestamp.now(),
            owner: CareBench.owner)
        let lease = LeaseRecord(owner: CareBench.owner, renewal: 1, renewed: Timestamp.now(), expireWindow: 60_000)
        let use = UseRecord(checkpoint: id, kind: "restore", owner: CareBench.owner, since: Timestamp.now())
        let alone = CheckpointID.random()
        let cases: [(BankKey, [UInt8], [BankFinding.Kind])] = [
            (OperationKeys(operation.id).index, operation.record.bytes, [.operationUnfinished]),
            (OperationKeys(operation.id).index, Array("torn".utf8), [.recordDamaged]),
            (OperationKeys(operation.id).commit(ofEpoch: 1), Array("torn".utf8), [.recordMissing]),
            (try CheckpointLayout.lease(CareBench.owner.id), lease.record.bytes, [.leaseExpired]),
            (try CheckpointKeys(id).use(CareBench.owner.id), use.record.bytes, [.useStale]),
            (try CheckpointKeys(id).use(CareBench.owner.id), Array("torn".utf8), [.useStale]),
            (CheckpointLayout.unfinished(alone), bench.collection().marker(alone), [.markerAlone]),
            (CheckpointLayout.unfinished(id), bench.collection().marker(id), [.markerStale]),
            (CheckpointLayout.unfinished(id), Array("torn".utf8), [.markerDamaged, .markerStale]),
            (CheckpointKeys(id).labels, Array("torn".utf8), [.recordDamaged]),
            (CheckpointKeys(id).pin, Array("torn".utf8), [.recordDamaged]),
            (CheckpointKeys(id).tombstone, Array("torn".utf8), [.markerMissing, .recordDamaged]),
        ]
        for (key, bytes, kinds) in cases {
            try await bench.bank.put(key, bytes, if: .none)
            #expect(try await bench.kinds() == kinds, "\(key)")
            try await bench.bank.delete(key, if: .none)
        }
        #expect(try await bench.kinds().isEmpty)
        // A lease of another host counts as run out by the store's clock only.
        let key = try CheckpointLayout.lease(CareBench.owner.id)
        try await bench.bank.put(key, lease.record.bytes, if: .none)
        let written = try #require(try await bench.bank.modified(key))
        #expect(try await bench.audit(hasEnded: false, now: written + 100_000).findings.isEmpty)
        #expect(try await bench.audit(hasEnded: false, now: written + 200_000).findings.map(\.kind) == [.leaseExpired])
    }

    /// Each kind has its row in the page, as the table of kinds has it.
    @Test func thePageHasEveryKind() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/bank-care.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.split(separator: "|").count == 4 }
        let severities = Set(BankFinding.Severity.allCases.map(\.rawValue))
        let found = rows.map(String.init).filter { row in
            severities.contains(row.split(separator: "|")[1].trimmingCharacters(in: .whitespaces))
        }
        let expected = BankFinding.Kind.allCases.map {
            "| `\($0.rawValue)` | \($0.severity.rawValue) | \($0.meaning) | \($0.repair ?? "-") |"
        }
        #expect(found == expected)
    }
}
