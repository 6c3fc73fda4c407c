internal import Bank

/// What there is of a checkpoint, as far as retention needs it.
package struct SurveyedCheckpoint: Sendable, Hashable {
    package let id: CheckpointID
    package let created: Timestamp
    package let status: CheckpointStatus
    /// Whether someone has said that it stays.
    package let isPinned: Bool
    /// Whether someone uses it, or did when it crashed.
    package let hasUses: Bool
}

extension CheckpointCollection {
    /// How many checkpoints are looked at in one turn.
    private static let surveyShare = 64

    /// All checkpoints of a plan and a provider that its index or a marker names, in no particular order.
    ///
    /// The records that say what a whole checkpoint is are read for many at a time. What does not look like one is judged
    /// as `summary` does it.
    package func survey(plan: String, provider: String) async throws -> [SurveyedCheckpoint] {
        // Markers first: what is finished meanwhile has its entries before its marker goes.
        var found = Set(try await markedIDs())
        for key in try await bank.allKeys(below: CheckpointLayout.byPlan(plan)) {
            if let entry = IndexEntry(key) { found.insert(entry.id) }
        }
        let ids = found.sorted()
        let shares = stride(from: 0, to: ids.count, by: Self.surveyShare).map {
            Array(ids[$0..<min($0 + Self.surveyShare, ids.count)])
        }
        return try await concurrentMap(shares, width: 4) {
            try await survey($0, plan: plan, provider: provider)
        }.flatMap(\.self)
    }

    private func survey(
        _ ids: [CheckpointID], plan: String, provider: String
    ) async throws -> [SurveyedCheckpoint] {
        let keys = ids.map { CheckpointKeys($0) }
        let names = try await bank.namesBelowEach(keys.map(\.all))
        let commits = try await bank.namesBelowEach(keys.map(\.commits))
        let records = try await bank.getEach(
            zip(keys, commits).flatMap { keys, commits in
                [keys.index, keys.commit(ofEpoch: Self.newest(commits, keys) ?? 1)]
            })
        var found: [SurveyedCheckpoint] = []
        for (place, id) in ids.enumerated() {
            try Task.checkCancellation()
            let has = { (key: BankKey) in key.segments.last.map { names[place].contains(String($0)) } ?? false }
            let whole = has(keys[place].tombstone) ? nil : Self.whole(id, records[2 * place], records[2 * place + 1])
            let summary: (plan: String, provider: String, created: Timestamp, status: CheckpointStatus)
            if let (index, commit) = whole, Self.newest(commits[place], keys[place]) == commit.epoch {
                summary = (index.plan, index.provider, index.created, commit.status)
            } else if let slow = try await self.summary(id) {
                summary = (slow.plan, slow.provider, slow.created, slow.status)
            } else {
                continue
            }
            guard summary.plan == plan, summary.provider == provider else { continue }
            found.append(
                SurveyedCheckpoint(
                    id: id, created: summary.created, status: summary.status, isPinned: has(keys[place].pin),
                    hasUses: has(keys[place].uses)))
        }
        return found
    }

    private static func newest(_ commits: [String], _ keys: CheckpointKeys) -> UInt32? {
        commits.compactMap { (try? keys.commits.appending($0)).flatMap { CheckpointKeys.epoch(of: $0) } }.max()
    }

    /// The two records of a checkpoint that is finished, when both are as they must be.
    private static func whole(
        _ id: CheckpointID, _ index: [UInt8]?, _ commit: [UInt8]?
    ) -> (index: CheckpointIndex, commit: CommitRecord)? {
        guard let index, let commit, let index = try? CheckpointIndex(opening: index),
            let commit = try? CommitRecord(opening: commit), index.id == id, commit.checkpoint == id
        else { return nil }
        return (index, commit)
    }
}
