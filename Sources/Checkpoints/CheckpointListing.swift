import Bank
import CanonicalForm

/// What the indices say of one checkpoint, before any of its records is read.
package struct IndexedCheckpoint: Sendable, Hashable {
    package let id: CheckpointID
    /// `nil` when no index but the marker of unfinished ones names it.
    package fileprivate(set) var created: Timestamp?
    package fileprivate(set) var plan: String?
    package fileprivate(set) var provider: String?
}

extension CheckpointCollection {
    // MARK: One checkpoint

    /// What a checkpoint is and is good for, `nil` when there is nothing of it; never throws for damage, which it
    /// names instead. What the indices say stands in for records that cannot be read.
    package func summary(_ id: CheckpointID, indexed: IndexedCheckpoint? = nil) async throws -> CheckpointSummary? {
        if let summary = try await tombstoneSummary(id, indexed) { return summary }
        let summary = try await livingSummary(id, indexed)
        if summary?.status == .available || summary?.status == .protecting { return summary }
        // A deletion that began meanwhile looks like damage.
        return try await tombstoneSummary(id, indexed) ?? summary
    }

    private func tombstoneSummary(_ id: CheckpointID, _ indexed: IndexedCheckpoint?) async throws -> CheckpointSummary?
    {
        do {
            guard let tombstone = try await tombstone(id) else { return nil }
            return CheckpointSummary(
                id: id, plan: tombstone.plan, provider: tombstone.provider, created: tombstone.created,
                status: tombstone.failure == nil ? .deleting : .errorDeleting, resources: 0, storedBytes: 0,
                warnings: 0, message: tombstone.failure?.description ?? "")
        } catch let error as CheckpointError {
            return damaged(id, indexed, error)
        }
    }

    private func livingSummary(_ id: CheckpointID, _ indexed: IndexedCheckpoint?) async throws -> CheckpointSummary? {
        let keys = CheckpointKeys(id)
        let index: CheckpointIndex
        do {
            index = try await self.index(id)
        } catch let error as CheckpointError {
            // A crash before the first record leaves a marker alone; it is no checkpoint yet.
            guard try await !bank.list(below: keys.all, after: nil, limit: 1).keys.isEmpty else { return nil }
            return damaged(id, indexed, error)
        }
        do {
            let commit = try await commitBehindMarker(id)
            // Who resumed it last runs it now.
            let owner = commit == nil ? try await newestEpoch(id)?.owner ?? index.owner : index.owner
            let (status, message) = state(owner, commit)
            return CheckpointSummary(
                id: id, plan: index.plan, provider: index.provider, created: index.created, status: status,
                resources: index.resources, storedBytes: commit?.storedBytes ?? 0,
                warnings: commit?.warningCount ?? 0, message: message, isRehearsal: index.isRehearsal)
        } catch let error as CheckpointError {
            return CheckpointSummary(
                id: id, plan: index.plan, provider: index.provider, created: index.created, status: .damaged,
                resources: index.resources, storedBytes: 0, warnings: 0, message: error.description)
        }
    }

    /// The commit record, `nil` while the checkpoint is unfinished. The marker goes after the commit record was
    /// written: when neither is there, the record was lost.
    private func commitBehindMarker(_ id: CheckpointID) async throws -> CommitRecord? {
        if let commit = try await commit(id) { return commit }
        if try await bank.size(CheckpointLayout.unfinished(id)) != nil { return nil }
        // A commit record that is not in force is none, and its checkpoint goes on in a later epoch.
        if try await writtenCommit(id) != nil { return nil }
        // It may have been committed between the two looks.
        if let commit = try await commit(id) { return commit }
        throw CheckpointError.damaged(CheckpointKeys(id).commit, reason: "it is missing")
    }

    private func damaged(
        _ id: CheckpointID, _ indexed: IndexedCheckpoint?, _ error: CheckpointError
    ) -> CheckpointSummary {
        CheckpointSummary(
            id: id, plan: indexed?.plan ?? CheckpointSummary.unknownName,
            provider: indexed?.provider ?? CheckpointSummary.unknownName,
            created: indexed?.created ?? Timestamp(milliseconds: 0), status: .damaged,
            resources: 0, storedBytes: 0, warnings: 0, message: error.description)
    }

    private func state(_ owner: Owner, _ commit: CommitRecord?) -> (CheckpointStatus, String) {
        if let commit { return (commit.status, commit.failures.first.map(\.description) ?? "") }
        guard hasEnded(owner) else { return (.protecting, "") }
        return (
            .error,
            "its executor (process \(owner.process) on \(owner.host)) ended before it was done; 'cairn resume' finishes it"
        )
    }

    // MARK: All of them

    /// What a listing is narrowed to.
    package struct Filter: Sendable, Hashable {
        package var plan: String?
        package var provider: String?
        package var status: CheckpointStatus?

        package init(plan: String? = nil, provider: String? = nil, status: CheckpointStatus? = nil) {
            self.plan = plan
            self.provider = provider
            self.status = status
        }

        /// Whether what the indices say leaves it open that the checkpoint is wanted.
        func admits(_ indexed: IndexedCheckpoint) -> Bool {
            (plan == nil || indexed.plan == nil || indexed.plan == plan)
                && (provider == nil || indexed.provider == nil || indexed.provider == provider)
        }

        /// Whether the checkpoint is wanted, whatever its status. One that cannot say its names may be meant.
        func admits(_ summary: CheckpointSummary) -> Bool {
            let unknown = CheckpointSummary.unknownName
            return (plan == nil || summary.plan == unknown || summary.plan == plan)
                && (provider == nil || summary.provider == unknown || summary.provider == provider)
        }
    }

    /// Every checkpoint that any index or marker names, in the order of the ids.
    ///
    /// All indices together, so that a lost entry hides no checkpoint.
    package func indexed() async throws -> [IndexedCheckpoint] {
        var found: [CheckpointID: IndexedCheckpoint] = [:]
        for key in try await bank.allKeys(below: CheckpointLayout.indices) {
            guard let id = CheckpointLayout.unfinishedID(of: key) ?? IndexEntry(key)?.id else { continue }
            var entry = found[id] ?? IndexedCheckpoint(id: id)
            entry.created = IndexEntry(key)?.created ?? entry.created
            let segments = key.segments
            if segments.count == 4 && segments[1] == "by-plan" { entry.plan = BankKey.text(decoding: segments[2]) }
            if segments.count == 4 && segments[1] == "by-provider" {
                entry.provider = BankKey.text(decoding: segments[2])
            }
            found[id] = entry
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// The checkpoints that match, newest first; at most `limit`.
    ///
    /// An index entry without a checkpoint is passed over, and one that cannot be read is listed as damaged.
    package func list(_ filter: Filter, limit: Int = .max) async throws -> [CheckpointSummary] {
        var summaries: [CheckpointSummary] = []
        for entry in try await indexed() where filter.admits(entry) {
            guard let summary = try await summary(entry.id, indexed: entry), filter.admits(summary) else { continue }
            if (filter.status ?? summary.status) == summary.status { summaries.append(summary) }
        }
        summaries.sort { ($0.created, $0.id) > ($1.created, $1.id) }
        return Array(summaries.prefix(limit))
    }

    /// The checkpoint whose id begins with `prefix`.
    package func resolve(prefix: String) async throws -> CheckpointID {
        let prefix = prefix.lowercased()
        // A whole id needs no index: those may be lost.
        if let id = CheckpointID(prefix) {
            guard try await summary(id) != nil else { throw CheckpointError.unknown(prefix) }
            return id
        }
        guard !prefix.isEmpty else { throw CheckpointError.unknown(prefix) }
        var ids: [CheckpointID] = []
        for entry in try await indexed() where entry.id.text.hasPrefix(prefix) {
            if try await summary(entry.id, indexed: entry) != nil { ids.append(entry.id) }
        }
        switch ids.count {
        case 0: throw CheckpointError.unknown(prefix)
        case 1: return ids[0]
        default: throw CheckpointError.ambiguous(prefix, ids)
        }
    }

    /// The newest available checkpoint, and the newer ones that had failed; with `before`, of those that were created
    /// before that time.
    ///
    /// Throws `newestDamaged` when a newer one is damaged: nobody who asks for the last means an older one unseen.
    package func last(
        _ filter: Filter, before: Timestamp? = nil
    ) async throws -> (checkpoint: CheckpointSummary, failed: [CheckpointSummary]) {
        var failed: [CheckpointSummary] = []
        var damaged: CheckpointSummary?
        for candidate in try await newestFirst(filter) {
            // What the index says spares reading the records of all that are newer.
            if let before, let created = candidate.created, created >= before { continue }
            guard
                let summary = try await summary(candidate.id, indexed: candidate), filter.admits(summary),
                before.map({ summary.created < $0 }) ?? true, !summary.isRehearsal
            else { continue }
            switch summary.status {
            case .available:
                if let damaged { throw CheckpointError.newestDamaged(damaged, whole: summary) }
                return (summary, failed)
            case .damaged: damaged = damaged ?? summary
            case .error: failed.append(summary)
            case .protecting, .deleting, .errorDeleting: break
            }
        }
        if let damaged { throw CheckpointError.newestDamaged(damaged, whole: nil) }
        throw CheckpointError.noneAvailable(plan: filter.plan, before: before)
    }

    /// What the indices leave open, newest first; what only a marker names is asked for its time.
    private func newestFirst(_ filter: Filter) async throws -> [IndexedCheckpoint] {
        var candidates: [(created: Timestamp, entry: IndexedCheckpoint)] = []
        for entry in try await indexed() where filter.admits(entry) {
            guard let created = entry.created else {
                guard let summary = try await summary(entry.id, indexed: entry) else { continue }
                candidates.append((summary.created, entry))
                continue
            }
            candidates.append((created, entry))
        }
        candidates.sort { ($0.created, $0.entry.id) > ($1.created, $1.entry.id) }
        return candidates.map(\.entry)
    }
}
