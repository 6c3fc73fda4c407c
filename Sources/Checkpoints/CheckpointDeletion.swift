import Bank
import CanonicalForm

extension CheckpointCollection {
    /// Marks a checkpoint as being deleted: from now on it counts no more, and a crash is seen by its marker.
    ///
    /// Allowed from `available`, `error`, `deleting` and `error-deleting`; `force` also takes what is damaged or
    /// still protecting.
    package func beginDeletion(_ id: CheckpointID, now: Timestamp, force: Bool) async throws -> CheckpointSummary {
        guard let summary = try await summary(id) else { throw CheckpointError.unknown(id.text) }
        switch summary.status {
        case .available, .error, .deleting, .errorDeleting: break
        case .protecting, .waitCopying, .copying, .damaged:
            guard force else {
                throw CheckpointError.wrongStatus(
                    id, summary.status, wanted: "available or error to be deleted; --force deletes it all the same",
                    reason: summary.message)
            }
        }
        try await bank.putOnce(CheckpointLayout.unfinished(id), marker(id))
        try await mark(summary, now: now, failure: nil)
        return summary
    }

    /// Records that deleting failed; the checkpoint stays `error-deleting` until it is deleted again.
    package func failDeletion(_ summary: CheckpointSummary, now: Timestamp, failure: ResourceFailure) async throws {
        try await mark(summary, now: now, failure: failure)
    }

    private func mark(_ summary: CheckpointSummary, now: Timestamp, failure: ResourceFailure?) async throws {
        let tombstone = Tombstone(
            checkpoint: summary.id, plan: summary.plan, provider: summary.provider, created: summary.created,
            marked: now, owner: owner, failure: failure)
        try await bank.put(CheckpointKeys(summary.id).tombstone, tombstone.record.bytes, if: .none)
    }

    /// Removes what is left of a marked checkpoint: indices first, so that none leads to half a checkpoint; then its
    /// objects, the tombstone behind all others; then the marker. Repeating it after a crash or a cancellation finishes
    /// the work.
    package func finishDeletion(_ summary: CheckpointSummary) async throws {
        // A damaged checkpoint may not tell its names: then its indices are found by its id.
        let known = summary.plan != CheckpointSummary.unknownName && summary.status != .damaged
        if known {
            for key in try indexKeys(
                plan: summary.plan, provider: summary.provider, summary.created, summary.id)
            {
                try await bank.delete(key, if: .none)
            }
        } else {
            for key in try await bank.allKeys(below: CheckpointLayout.indices)
            where IndexEntry(key)?.id == summary.id {
                try await bank.delete(key, if: .none)
            }
        }
        let layout = CheckpointKeys(summary.id)
        // As long as it is there, plugins are asked to delete, for which they need all the rest.
        try await bank.delete(layout.index, if: .none)
        try await delete(try await bank.allKeys(below: layout.all).filter { $0 != layout.tombstone })
        try await bank.delete(layout.tombstone, if: .none)
        try await bank.delete(CheckpointLayout.unfinished(summary.id), if: .none)
    }

    /// Deletes objects in no particular order, some at a time: most of a deletion is waiting for the store.
    private func delete(_ keys: [BankKey]) async throws {
        let bank = bank
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, key) in keys.enumerated() {
                try Task.checkCancellation()
                if number >= 16 { try await group.next() }
                group.addTask { try await bank.delete(key, if: .none) }
            }
            try await group.waitForAll()
        }
    }
}
