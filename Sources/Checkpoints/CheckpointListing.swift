import Bank
import CanonicalForm

/// What the indices say of one checkpoint, before any of its records is read.
package struct IndexedCheckpoint: Sendable, Hashable {
    package let id: CheckpointID
    /// `nil` when no index but the marker of unfinished ones names it.
    package var created: Timestamp?
    /// The plan, where an index tells it.
    package var plan: String?
    /// The provider, where an index tells it.
    package var provider: String?

    package init(id: CheckpointID, created: Timestamp? = nil, plan: String? = nil, provider: String? = nil) {
        self.id = id
        self.created = created
        self.plan = plan
        self.provider = provider
    }
}

extension CheckpointCollection {
    // MARK: One checkpoint

    /// What a checkpoint is and is good for, `nil` when there is nothing of it; never throws for damage, which it
    /// names instead. What the indices say stands in for records that cannot be read.
    package func summary(_ id: CheckpointID, indexed: IndexedCheckpoint? = nil) async throws -> CheckpointSummary? {
        do { return try await legibly { try await judgedSummary(id, indexed) } } catch let error as CheckpointError {
            // Not even whether it is there can be told; so it is not passed over.
            return damaged(id, indexed, error)
        }
    }

    private func judgedSummary(_ id: CheckpointID, _ indexed: IndexedCheckpoint?) async throws -> CheckpointSummary? {
        if let summary = try await tombstoneSummary(id, indexed) { return summary }
        let summary = try await livingSummary(id, indexed)
        switch summary?.status {
        case .available, .protecting, .waitCopying, .copying: return summary
        case .error, .deleting, .errorDeleting, .damaged, nil: break
        }
        // A deletion that began meanwhile looks like damage, and one that has come to its end, too.
        if let summary = try await tombstoneSummary(id, indexed) { return summary }
        return summary?.status == .damaged ? try await livingSummary(id, indexed) : summary
    }

    private func tombstoneSummary(_ id: CheckpointID, _ indexed: IndexedCheckpoint?) async throws -> CheckpointSummary?
    {
        do {
            guard let tombstone = try await tombstone(id) else { return nil }
            let isWantedBack = try await isResetIntended(id)
            let wish =
                isWantedBack
                ? "it is wanted back: 'cairn checkpoints reset' or 'cairn gc' sees to that in its time" : ""
            return CheckpointSummary(
                id: id, plan: tombstone.plan, provider: tombstone.provider, created: tombstone.created,
                status: tombstone.failure == nil ? .deleting : .errorDeleting, resources: 0, storedBytes: 0,
                warnings: 0,
                message: [tombstone.failure?.description ?? "", wish].filter { !$0.isEmpty }.joined(separator: "; "))
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
            guard try await bank.holdsObjects(keys.all) else { return nil }
            return damaged(id, indexed, error)
        }
        do {
            // A copy without a commit record can always be gone on with.
            let commit = index.origin == nil ? try await commitBehindMarker(id) : try await settledCommit(id)
            let (status, message) = try await state(index, commit)
            return CheckpointSummary(index, commit, status, message)
        } catch let error as CheckpointError {
            return CheckpointSummary(
                id: id, plan: index.plan, provider: index.provider, created: index.created, status: .damaged,
                resources: index.resources, storedBytes: 0, warnings: 0, message: error.description)
        }
    }

    /// The commit record, `nil` while the checkpoint is unfinished. The marker goes after the commit record was
    /// written: when neither is there, the record was lost.
    private func commitBehindMarker(_ id: CheckpointID) async throws -> CommitRecord? {
        if let commit = try await settledCommit(id) { return commit }
        if try await bank.size(CheckpointLayout.unfinished(id)) != nil { return nil }
        // It may have been committed between the two looks.
        if let commit = try await commit(id) { return commit }
        throw try await missingCommit(id)
    }

    /// The commit record that decides, `nil` also while a later epoch was claimed whose outcome is open: its executor may
    /// commit something else. Whoever removes the marker has seen to it that none will.
    package func settledCommit(_ id: CheckpointID) async throws -> CommitRecord? {
        guard let commit = try await commit(id) else { return nil }
        guard commit.status == .available, let newest = try await epochs(id).last, newest > commit.epoch else {
            return commit
        }
        return try await bank.size(CheckpointLayout.unfinished(id)) == nil ? commit : nil
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

    private func state(
        _ index: CheckpointIndex, _ commit: CommitRecord?
    ) async throws -> (CheckpointStatus, String) {
        let recorded = commit.map { ($0.status, $0.message) }
        // A copy that has failed may be tried again.
        let mayGoOn = commit == nil || (index.origin != nil && commit?.status == .error)
        // Who resumed it last runs it now.
        let runner = mayGoOn ? try await runner(of: index) : nil
        if let recorded, runner?.epoch ?? 0 <= commit?.epoch ?? 0 { return recorded }
        if let fault = runner?.fault, runner?.owner == nil {
            return (
                .damaged,
                "\(fault); 'cairn gc' gives it up when nobody can be at it any more, and says what may still stand still"
            )
        }
        let owner = runner?.owner ?? index.owner
        let process = "(process \(owner.process) on \(owner.host)) ended before it was done"
        guard index.origin == nil else {
            if !hasEnded(owner) { return (runner?.epoch ?? 0 == 0 ? .waitCopying : .copying, "") }
            return recorded ?? (.error, "its copier \(process); 'cairn resume' goes on, or 'cairn gc' gives it up")
        }
        guard hasEnded(owner) else { return (.protecting, "") }
        // Nobody goes on with what is to be thrown away.
        let advice =
            index.isRehearsal
            ? "'cairn gc' cleans up behind it" : "'cairn resume' finishes it, or 'cairn gc' gives it up"
        return (.error, "its executor \(process); \(advice)")
    }
}

extension CheckpointSummary {
    /// What the records of a checkpoint say of it, once its state is found out.
    fileprivate init(_ index: CheckpointIndex, _ commit: CommitRecord?, _ status: CheckpointStatus, _ message: String) {
        self.init(
            id: index.id, plan: index.plan, provider: index.provider, created: index.created, status: status,
            resources: index.resources, storedBytes: commit?.storedBytes ?? 0, warnings: commit?.warningCount ?? 0,
            message: message, isRehearsal: index.isRehearsal)
    }

    /// What the records of a finished checkpoint say of it.
    init(_ index: CheckpointIndex, _ commit: CommitRecord) {
        self.init(index, commit, commit.status, commit.message)
    }
}

extension CommitRecord {
    /// What went wrong first, empty when nothing did; and what could not be undone, which must not be overlooked.
    fileprivate var message: String {
        guard let due = dueReverts.first else { return failures.first.map(\.description) ?? "" }
        let first = failures.first { !$0.isOfRevert }.map { "\($0); and " } ?? ""
        return first
            + "what it had begun could not be undone, and may still stand still (\(due)); 'cairn gc' tries again"
    }
}
