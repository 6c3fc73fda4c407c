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
    /// Whether a rehearsal has made it, to be thrown away.
    package let isRehearsal: Bool
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
        var indexed: [CheckpointID: IndexedCheckpoint] = [:]
        for key in try await bank.allKeys(below: CheckpointLayout.byPlan(plan)) {
            guard let entry = IndexEntry(key) else { continue }
            found.insert(entry.id)
            // Of one that cannot be read, this is all that is known. It is not for that reason none of the plan's.
            indexed[entry.id] = IndexedCheckpoint(
                id: entry.id, created: entry.created, plan: plan, provider: provider)
        }
        let ids = found.sorted()
        let known = indexed
        let shares = stride(from: 0, to: ids.count, by: Self.surveyShare).map {
            Array(ids[$0..<min($0 + Self.surveyShare, ids.count)])
        }
        return try await concurrentMap(shares, width: 4) {
            try await survey($0, known, plan: plan, provider: provider)
        }.flatMap(\.self)
    }

    private func survey(
        _ ids: [CheckpointID], _ indexed: [CheckpointID: IndexedCheckpoint], plan: String, provider: String
    ) async throws -> [SurveyedCheckpoint] {
        var found: [SurveyedCheckpoint] = []
        for glance in try await glance(at: ids) {
            try Task.checkCancellation()
            let keys = CheckpointKeys(glance.id)
            let summary: CheckpointSummary
            if let finished = glance.finished {
                summary = CheckpointSummary(finished.index, finished.commit)
            } else if let judged = try await self.summary(glance.id, indexed: indexed[glance.id]) {
                summary = judged
            } else {
                continue
            }
            guard summary.plan == plan, summary.provider == provider else { continue }
            found.append(
                SurveyedCheckpoint(
                    id: glance.id, created: summary.created, status: summary.status, isPinned: glance.mayHave(keys.pin),
                    hasUses: glance.mayHave(keys.uses), isRehearsal: summary.isRehearsal))
        }
        return found
    }
}
