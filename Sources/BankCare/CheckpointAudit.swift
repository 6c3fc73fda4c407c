import Bank
import CanonicalForm
import Checkpoints
import Engine
import PlanIR

/// What an audit of one checkpoint found out.
struct CheckpointVerdict: Sendable {
    let id: CheckpointID
    var findings: [BankFinding] = []
    /// What it is, where that can be read.
    var index: CheckpointIndex?
    /// Whether it is committed, not being deleted, and nobody has anything left to do: then indices must name it.
    var isSettled = false
    var isBeingDeleted = false
    /// Whether there is anything below its key.
    var exists = false
    var objects = 0
    var bytesRead: Int64 = 0
}

/// Looks at all objects of one checkpoint. It holds their keys in memory, and no more.
struct CheckpointAudit: Sendable {
    /// How deep it looks.
    enum Depth: Sendable {
        /// Only what indices follow from.
        case indices
        /// All records, and the sizes of all parts.
        case records
        /// All bytes.
        case data
    }

    let collection: CheckpointCollection
    let id: CheckpointID
    let depth: Depth
    let plans: AuditedPlans
    /// How many parts are read at a time.
    let readers: Int
    var faults = PlantedFaults()

    private var keys: CheckpointKeys { CheckpointKeys(id) }
    private var bank: any Bank { collection.bank }

    /// Looks at the checkpoint, and once more when something seems wrong: only what both looks find was not on its way
    /// to becoming something else.
    func verdict() async throws -> CheckpointVerdict {
        do { return try await certainVerdict() } catch let error as BankError {
            guard let finding = BankFinding(error, id) else { throw error }
            var verdict = CheckpointVerdict(id: id)
            verdict.exists = true
            verdict.findings = [finding]
            return verdict
        }
    }

    private func certainVerdict() async throws -> CheckpointVerdict {
        let first = try await look(depth)
        guard first.findings.contains(where: { $0.kind.severity != .notice }), !faults.believesOneLook else {
            return first
        }
        var second = try await look(depth == .data ? .records : depth)
        second.findings = second.findings.filter { $0.kind.severity == .notice || first.findings.contains($0) }
        // Data is read once: what was read and is wrong stays so.
        if depth == .data, second.index != nil, !second.isBeingDeleted {
            second.findings += first.findings.filter {
                ($0.kind == .partDamaged || $0.kind == .contentDamaged) && !second.findings.contains($0)
            }
        }
        second.bytesRead = first.bytesRead
        return second
    }

    private func look(_ depth: Depth) async throws -> CheckpointVerdict {
        var verdict = CheckpointVerdict(id: id)
        let marker = CheckpointLayout.unfinished(id)
        let isMarked = try await bank.size(marker) != nil
        let objects: [BankKey]
        if depth == .indices {
            objects = try await bank.list(below: keys.all, after: nil, limit: 1).keys
        } else {
            objects = try await bank.allKeys(below: keys.all)
        }
        verdict.objects = objects.count
        verdict.exists = !objects.isEmpty
        guard verdict.exists else {
            if isMarked {
                verdict.findings.append(
                    finding(.markerAlone, marker, "is the marker of a checkpoint of which nothing is there"))
            }
            return verdict
        }
        if isMarked, let bytes = try await bytes(marker), bytes != collection.marker(id) {
            verdict.findings.append(finding(.markerDamaged, marker, "does not hold the id of its key"))
        }
        verdict.isBeingDeleted = try await isBeingDeleted(isMarked, &verdict)
        guard !verdict.isBeingDeleted else { return verdict }
        do {
            let index = try await collection.index(id)
            verdict.index = index
            try await look(at: index, objects, isMarked, depth, &verdict)
        } catch let error as CheckpointError {
            try await noIndex(error, &verdict)
        }
        return verdict
    }

    private func finding(_ kind: BankFinding.Kind, _ key: some CustomStringConvertible, _ message: String)
        -> BankFinding
    {
        BankFinding(kind, key, id, message)
    }

    private func bytes(_ key: BankKey) async throws -> [UInt8]? {
        do { return try await bank.get(key, longest: ObjectLimit.record) } catch BankError.notFound { return nil }
    }

    // MARK: What is no whole checkpoint

    private func isBeingDeleted(_ isMarked: Bool, _ verdict: inout CheckpointVerdict) async throws -> Bool {
        guard let bytes = try await bytes(keys.tombstone) else { return false }
        if !isMarked {
            verdict.findings.append(
                finding(
                    .markerMissing, CheckpointLayout.unfinished(id),
                    "is not there, although the checkpoint is being deleted"))
        }
        do {
            let tombstone = try Tombstone(opening: bytes)
            if let failure = tombstone.failure {
                verdict.findings.append(
                    finding(.deletionUnfinished, keys.tombstone, "says that it could not be deleted: \(failure)"))
            } else if collection.hasEnded(tombstone.owner) {
                verdict.findings.append(
                    finding(
                        .deletionUnfinished, keys.tombstone,
                        "is of process \(tombstone.owner.process) on \(tombstone.owner.host), which has ended"))
            }
        } catch {
            verdict.findings.append(finding(.recordDamaged, keys.tombstone, "cannot be read: \(error)"))
        }
        return true
    }

    private func noIndex(
        _ error: CheckpointError, _ verdict: inout CheckpointVerdict
    ) async throws {
        guard try await bank.size(keys.index) == nil else {
            verdict.findings.append(BankFinding(error, at: keys.index, id))
            return
        }
        let all = try await bank.objectsThere(below: keys.all)
        guard !all.isEmpty else {
            verdict.exists = false
            return
        }
        let hasContent = all.contains { CheckpointKeys.epoch(ofContent: $0.segments[2]) != nil }
        let hasCommit = all.contains { $0 == keys.onlyCommit || $0.segments[2] == "commits" }
        if hasContent && hasCommit {
            verdict.findings.append(finding(.recordMissing, keys.index, "is missing"))
        } else {
            verdict.findings.append(finding(.orphan, keys.all, "has \(all.count) objects below it and no index.json"))
        }
    }

    // MARK: A checkpoint

    private func look(
        at index: CheckpointIndex, _ objects: [BankKey], _ isMarked: Bool, _ depth: Depth,
        _ verdict: inout CheckpointVerdict
    ) async throws {
        let commit: CommitRecord
        do {
            guard let found = try await collection.commit(id) else {
                return try await unfinished(index, objects, isMarked, depth, &verdict)
            }
            commit = found
        } catch let error as CheckpointError {
            verdict.findings.append(BankFinding(error, at: keys.commits, id))
            return
        }
        verdict.isSettled = !isMarked
        var content = ContentAudit(
            collection: collection, index: index, commit: commit, objects: Set(objects), isSettled: !isMarked,
            depth: depth, plans: plans, readers: readers)
        if depth != .indices {
            try await content.run()
            verdict.findings += content.findings
            verdict.bytesRead = content.bytesRead
        }
        // What a rehearsal has left to be deleted keeps its marker until then.
        guard isMarked, commit.status == .available, !objects.contains(keys.rehearsed) else { return }
        let owner = try await executor(index)
        guard collection.hasEnded(owner) else { return }
        // Behind the look at the commit record: whoever claims later than this has seen it.
        let claimed = try await collection.epochs(id).last ?? commit.epoch
        let executor = "executor (process \(owner.process) on \(owner.host)) has ended"
        if index.isRehearsal && index.origin == nil {
            verdict.findings.append(
                finding(
                    .rehearsalCutOff, CheckpointLayout.unfinished(id), "is of a run that is recorded; its \(executor)"))
        } else if claimed > commit.epoch {
            // What the later one has recorded may still take effect; without its marker nobody would look behind it.
            verdict.findings.append(
                finding(
                    .unfinished, CheckpointLayout.unfinished(id),
                    "is of a run that is recorded, and was taken over in epoch \(claimed), whose \(executor)"))
        } else {
            verdict.findings.append(
                finding(
                    content.litter > 0 ? .leftover : .markerStale, CheckpointLayout.unfinished(id),
                    "is of a run that is recorded; its \(executor)"))
        }
    }

    private func executor(_ index: CheckpointIndex) async throws -> Owner {
        do { return try await collection.newestEpoch(id)?.owner ?? index.owner } catch is CheckpointError {
            return index.owner
        }
    }

    private func unfinished(
        _ index: CheckpointIndex, _ objects: [BankKey], _ isMarked: Bool, _ depth: Depth,
        _ verdict: inout CheckpointVerdict
    ) async throws {
        if !isMarked {
            // Entries are written behind the commit record, so that it was lost where there are any; but a copy can always be
            // gone on with, and a deletion of an earlier one under this id may have taken its marker.
            let isNamed = try await isNamed(index)
            guard index.origin != nil || !isNamed else {
                verdict.findings.append(
                    finding(
                        .recordMissing, keys.commits, "has no commit record, and no marker says that it is unfinished"))
                return
            }
            verdict.findings.append(
                finding(
                    .markerMissing, CheckpointLayout.unfinished(id),
                    "is not there, although the checkpoint is unfinished"))
            return
        }
        let owner = try await executor(index)
        let hasEnded = collection.hasEnded(owner)
        if depth != .indices { verdict.findings += try await unfinishedRecords(index, objects, hasEnded) }
        guard hasEnded else { return }
        verdict.findings.append(
            finding(
                index.isRehearsal && index.origin == nil ? .rehearsalCutOff : .unfinished, keys.all,
                "is unfinished, and its executor (process \(owner.process) on \(owner.host)) has ended"))
    }

    private func isNamed(_ index: CheckpointIndex) async throws -> Bool {
        for key in try collection.everyIndexKey(plan: index.plan, provider: index.provider, index.created, id)
        where try await bank.size(key) != nil {
            return true
        }
        return false
    }
}

extension CheckpointError {
    /// The record that is damaged, where that is what is wrong.
    var key: BankKey? {
        switch self {
        case .damaged(let key, _): key
        case .unreadable(let text, _): try? BankKey(text)
        default: nil
        }
    }

    /// What is wrong, without the key.
    var reason: String {
        switch self {
        case .damaged(_, let reason), .unreadable(_, let reason): reason
        default: description
        }
    }
}
