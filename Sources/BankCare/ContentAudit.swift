import Bank
import CanonicalForm
import Checkpoints
import Engine
import PlanIR
import PluginKit

/// Compares the records and artifacts of a committed checkpoint with each other and with what is in the bank.
struct ContentAudit {
    let collection: CheckpointCollection
    let index: CheckpointIndex
    let commit: CommitRecord
    let objects: Set<BankKey>
    /// Whether nobody has anything left to do with it: only then is what no record names litter.
    let isSettled: Bool
    let depth: CheckpointAudit.Depth
    let plans: AuditedPlans
    let readers: Int

    private(set) var findings: [BankFinding] = []
    /// How many objects no record names.
    private(set) var litter = 0
    private(set) var bytesRead: Int64 = 0
    /// The objects that records name, or that are records themselves.
    private var named: Set<BankKey> = []

    init(
        collection: CheckpointCollection, index: CheckpointIndex, commit: CommitRecord, objects: Set<BankKey>,
        isSettled: Bool, depth: CheckpointAudit.Depth, plans: AuditedPlans, readers: Int
    ) {
        self.collection = collection
        self.index = index
        self.commit = commit
        self.objects = objects
        self.isSettled = isSettled
        self.depth = depth
        self.plans = plans
        self.readers = readers
    }

    private var keys: CheckpointKeys { CheckpointKeys(index.id) }

    /// Looks at everything, records first.
    mutating func run() async throws {
        named = [keys.index]
        let ir = try await plan()
        if let ir, commit.resources.map(\.resource) != ir.resources.map(\.identity) {
            add(.recordsDisagree, commitKey, "names other resources than the plan of the checkpoint")
        }
        named.insert(commitKey)
        try await epochs()
        try await journal(ir)
        try await annotations()
        try await definitions()
        try await findLitter()
    }

    private var commitKey: BankKey {
        objects.contains(keys.commit(ofEpoch: commit.epoch)) ? keys.commit(ofEpoch: commit.epoch) : keys.onlyCommit
    }

    private mutating func add(_ kind: BankFinding.Kind, _ key: BankKey, _ message: String) {
        findings.append(BankFinding(kind, key, index.id, message))
    }

    /// What a failed run has saved is removed after a while, in no particular order.
    private var mayBeSwept: Bool { commit.status == .error }

    /// The bytes of a record; reports one that is missing, unless it `mayBeGone`.
    private mutating func bytes(_ key: BankKey, mayBeGone: Bool = false) async throws -> [UInt8]? {
        named.insert(key)
        do { return try await collection.bank.get(key, longest: ObjectLimit.bulk) } catch BankError.notFound {
            if !mayBeGone { add(.recordMissing, key, "is missing") }
            return nil
        } catch let error as BankError {
            guard let finding = BankFinding(error, index.id) else { throw error }
            findings.append(finding)
            return nil
        }
    }

    // MARK: Records

    private mutating func plan() async throws -> PlanIR? {
        guard let bytes = try await bytes(keys.ir) else { return nil }
        guard SHA256Digest(of: bytes) == index.irDigest else {
            add(.recordDamaged, keys.ir, "has another digest than the one in \(keys.index)")
            return nil
        }
        do { return try await plans.plan(of: index, bytes) } catch {
            add(.recordDamaged, keys.ir, "cannot be read: \(error)")
            return nil
        }
    }

    private mutating func epochs() async throws {
        let own = keys.epoch(commit.epoch)
        if !objects.contains(own) { add(.recordMissing, own, "is missing") }
        for key in objects.sorted() where key.segments[2] == "epochs" {
            guard let epoch = CheckpointKeys.epoch(of: key), let bytes = try await bytes(key) else { continue }
            do {
                let record = try EpochRecord(opening: bytes)
                if record.id != index.id || record.epoch != epoch {
                    add(.recordDamaged, key, "is of checkpoint \(record.id), epoch \(record.epoch)")
                }
            } catch {
                add(.recordDamaged, key, "cannot be read: \(error)")
            }
        }
    }

    private mutating func journal(_ ir: PlanIR?) async throws {
        for number in 0..<commit.journalSegments {
            let key = keys.journal(ofEpoch: commit.epoch, page: number)
            guard let bytes = try await bytes(key), let ir else { continue }
            do { _ = try JournalSegment(opening: bytes, number: number, of: ir) } catch {
                add(.recordDamaged, key, "cannot be read: \(error)")
            }
        }
    }

    /// What people have said may be taken back at any time, and still stand in listings then.
    private mutating func annotations() async throws {
        if objects.contains(keys.labels), let bytes = try await bytes(keys.labels, mayBeGone: true) {
            do { _ = try CheckpointLabels(opening: bytes, of: index.id) } catch {
                add(.recordDamaged, keys.labels, "cannot be read: \(error)")
            }
        }
        if objects.contains(keys.pin), let bytes = try await bytes(keys.pin, mayBeGone: true) {
            do { _ = try PinRecord(opening: bytes) } catch {
                add(.recordDamaged, keys.pin, "cannot be read: \(error); the checkpoint counts as pinned")
            }
        }
        if objects.contains(keys.reset), let bytes = try await bytes(keys.reset, mayBeGone: true) {
            do { _ = try ResetIntent(opening: bytes) } catch {
                add(.recordDamaged, keys.reset, "cannot be read: \(error); the checkpoint counts as wanted back")
            }
        }
        for key in objects.sorted() where key.segments[2] == "uses" {
            named.insert(key)
            guard let bytes = try? await collection.bank.get(key, longest: ObjectLimit.record) else { continue }
            do {
                let use = try UseRecord(opening: bytes)
                if collection.hasEnded(use.owner) {
                    add(
                        .useStale, key,
                        "is of a \(use.kind) by process \(use.owner.process) on \(use.owner.host), which has ended")
                }
            } catch {
                // Its key says whose it is, and whether that one holds a lease.
                add(
                    .useStale, key,
                    "cannot be read: \(error); the checkpoint counts as used while its owner has a lease")
            }
        }
    }

    // MARK: Definitions and artifacts

    private mutating func definitions() async throws {
        switch commit.definitions {
        case .packs(let digests):
            for (number, digest) in digests.enumerated() {
                let key = keys.definitions(ofEpoch: commit.epoch, pack: UInt32(number))
                guard let bytes = try await bytes(key) else { continue }
                guard SHA256Digest(of: bytes) == digest else {
                    add(.recordDamaged, key, "has another digest than the one in the commit record")
                    continue
                }
                let pack: DefinitionPack
                do { pack = try DefinitionPack(opening: bytes) } catch {
                    add(.recordDamaged, key, "cannot be read: \(error)")
                    continue
                }
                let first = number * DefinitionPack.length
                let resources = commit.resources.dropFirst(first).prefix(DefinitionPack.length)
                guard pack.checkpoint == index.id, pack.definitions.map(\.resource) == resources.map(\.resource) else {
                    add(.recordsDisagree, key, "has the definitions of other resources than the commit record says")
                    continue
                }
                for definition in pack.definitions { try await artifacts(of: definition) }
            }
        case .objects(let objects):
            for (resource, object) in zip(commit.resources, objects) {
                guard let digest = object.digest else { continue }
                let key = try keys.definition(resource.resource, epoch: object.epoch)
                guard let bytes = try await bytes(key) else { continue }
                guard SHA256Digest(of: bytes) == digest else {
                    add(.recordDamaged, key, "has another digest than the one in the commit record")
                    continue
                }
                do {
                    let definition = try DefinitionRecord(openingVersion1: bytes)
                    try await artifacts(of: definition)
                } catch let error as SealedRecordError {
                    add(.recordDamaged, key, "cannot be read: \(error)")
                }
            }
        }
    }

    private mutating func artifacts(of definition: DefinitionRecord) async throws {
        for artifact in definition.artifacts {
            let place = try ArtifactKeys(
                artifact.summary.name, in: try keys.artifacts(definition.resource, epoch: artifact.epoch))
            guard let bytes = try await bytes(place.record, mayBeGone: mayBeSwept) else { continue }
            guard SHA256Digest(of: bytes) == artifact.record else {
                add(
                    .recordDamaged, place.record,
                    "has another digest than the one in the definition of '\(definition.resource)'")
                continue
            }
            let record: ArtifactRecord
            do {
                record = try ArtifactRecord(opening: bytes, key: place.record, name: artifact.summary.name)
            } catch let error as ArtifactError {
                add(.recordDamaged, place.record, "cannot be read: \(error)")
                continue
            }
            if record.summary != artifact.summary {
                add(
                    .recordsDisagree, place.record,
                    "has another size or digest than the definition of '\(definition.resource)'")
            }
            try await parts(of: record, at: place)
        }
    }

    private mutating func parts(of record: ArtifactRecord, at place: ArtifactKeys) async throws {
        for number in record.parts.indices { named.insert(place.part(UInt32(number))) }
        let results: [ArtifactReading.PartResult]
        if depth == .data {
            let reading = ArtifactReading(record: record, place: place, bank: collection.bank, readers: readers)
            let result = try await reading.run()
            results = result.parts
            if result.isOtherContent {
                add(.contentDamaged, place.record, "says another digest of the whole than its parts have together")
            }
        } else {
            let bank = collection.bank
            results = try await concurrentMap(record.parts.indices, width: 4) { number in
                try await Self.size(place.part(UInt32(number)), record.parts[number], bank)
            }
        }
        for (number, result) in zip(record.parts.indices, results) {
            bytesRead += result.bytes
            if let fault = result.fault, !(result.isMissing && mayBeSwept) {
                add(result.isMissing ? .partMissing : .partDamaged, place.part(UInt32(number)), fault)
            }
        }
    }

    private static func size(
        _ key: BankKey, _ part: ArtifactRecord.Part, _ bank: any Bank
    ) async throws -> ArtifactReading.PartResult {
        guard let size = try await bank.size(key) else { return .init(isMissing: true, fault: "is missing") }
        return .init(fault: size == part.size ? nil : "has \(size) bytes and not \(part.size)")
    }

    // MARK: Litter

    /// What is there and no record names, grouped by artifact. Journals of earlier epochs stay for reports.
    private mutating func findLitter() async throws {
        var groups: [(key: BankKey, count: Int)] = []
        for key in objects.sorted() where !named.contains(key) && !isHistory(key) {
            guard try await collection.bank.size(key) != nil else { continue }
            litter += 1
            let segments = key.segments
            let isArtifact = segments.count > 7 && segments[3] == "resources" && segments[5] == "artifacts"
            let group = isArtifact ? BankKey(unchecked: segments[0..<7].joined(separator: "/")) : key
            if groups.last?.key == group {
                groups[groups.count - 1].count += 1
            } else {
                groups.append((group, 1))
            }
        }
        // While someone may still tidy up, or the artifacts of a failed run are kept, it is none.
        guard isSettled else { return }
        // A record that cannot be read may be the one that names it.
        guard findings.allSatisfy({ $0.kind.severity != .damage }) else { return }
        // What a later claimant writes is none of ours.
        let claims = objects.filter { $0.segments[2] == "epochs" }.compactMap { CheckpointKeys.epoch(of: $0) }
        let isLast = claims.max() ?? 0 <= commit.epoch
        let places = Set(named.filter { $0.segments.count > 7 }.map { $0.segments[0..<7].joined(separator: "/") })
        for group in groups {
            add(
                isLast && isOfAnotherAttempt(group.key, places) ? .leftover : .litter, group.key,
                group.count == 1 ? "is named by no record" : "has \(group.count) objects that no record names")
        }
    }

    /// Whether a collection that brings the checkpoint to its end removes an object: an earlier commit record, or artifacts
    /// at a place that no definition names. It comes where a write took effect late, or two have brought it to its end.
    private func isOfAnotherAttempt(_ key: BankKey, _ places: Set<String>) -> Bool {
        if key.segments[2] == "commits" { return CheckpointKeys.epoch(of: key).map { $0 < commit.epoch } ?? false }
        guard key.segments.count == 7, let epoch = CheckpointKeys.epoch(ofContent: key.segments[2]) else {
            return false
        }
        return (commit.status == .available || epoch <= commit.epoch) && !places.contains(key.text)
    }

    /// Journals and definitions of other epochs: an executor that was taken over from has left them. And what copiers
    /// have noted, and how earlier attempts have failed.
    private func isHistory(_ key: BankKey) -> Bool {
        let segments = key.segments
        if commit.status == .error, segments[2] == "commits", let epoch = CheckpointKeys.epoch(of: key) {
            return epoch < commit.epoch
        }
        guard segments.count > 4, CheckpointKeys.epoch(ofContent: segments[2]) != nil else { return false }
        return ["journal", "definitions", "copying"].contains(segments[3])
    }
}
