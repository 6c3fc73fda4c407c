package import Bank
import CanonicalForm

/// A checkpoint that is marked for deletion.
package struct DeletionMark: Sendable {
    /// What it is, and was before where this owner was the first to mark it.
    package let summary: CheckpointSummary
    package let tombstone: Tombstone
    /// Whether there was no tombstone before.
    let isFirst: Bool
    /// Whether there was a marker before, since something else is to be done with the checkpoint.
    let wasMarked: Bool
    /// The tombstone's version.
    let version: ObjectVersion

    /// The same mark behind a write of its owner.
    func replaced(by tombstone: Tombstone, _ version: ObjectVersion) -> DeletionMark {
        DeletionMark(summary: summary, tombstone: tombstone, isFirst: false, wasMarked: wasMarked, version: version)
    }
}

extension CheckpointCollection {
    /// Marks a checkpoint as being deleted: from now on it counts no more, and a crash is seen by its marker. Who has
    /// marked it looks with `ensureDeletable` whether someone has begun to use it or pinned it meanwhile.
    ///
    /// Allowed from `available`, `error`, `deleting` and `error-deleting`; `force` also takes what is damaged or
    /// unfinished. A mark that is there and without fault stays as it is, for its age counts. Throws
    /// `CheckpointError.beingDeleted` while another owner is at it that `isGone` does not know to have ended.
    package func beginDeletion(
        _ id: CheckpointID, now: Timestamp, force: Bool, isGone: (Owner) async throws -> Bool = { _ in true }
    ) async throws -> DeletionMark {
        var wasMarked: Bool?
        while true {
            guard let summary = try await summary(id) else { throw CheckpointError.unknown(id.text) }
            if !force, !summary.status.isDeletable {
                throw CheckpointError.wrongStatus(
                    id, summary.status, wanted: "available or error to be deleted; --force deletes it all the same",
                    reason: summary.message)
            }
            // Before this one writes the marker.
            let isMarked = try await bank.size(CheckpointLayout.unfinished(id)) != nil
            wasMarked = wasMarked ?? isMarked
            do {
                return try await mark(summary, wasMarked: wasMarked ?? isMarked, now: now, isGone: isGone)
            } catch BankError.conditionFailed {
                // Someone else has written or removed a tombstone meanwhile: only another look tells how far that is.
                try Task.checkCancellation()
            }
        }
    }

    /// Writes the mark, or finds it there. Throws `conditionFailed` when another one was written at the same moment.
    private func mark(
        _ summary: CheckpointSummary, wasMarked: Bool, now: Timestamp, isGone: (Owner) async throws -> Bool
    ) async throws -> DeletionMark {
        let id = summary.id
        let present = try await presentMark(id)
        if let tombstone = present?.tombstone, tombstone.failure == nil, !isLeftToOthers(tombstone),
            tombstone.owner.id != owner.id, try await !isGone(tombstone.owner)
        {
            throw CheckpointError.beingDeleted(id, by: tombstone.owner)
        }
        try await markUnfinished(id)
        // Where a mark must be old before anything goes, writing it again would make it young for ever.
        if let present, let tombstone = present.tombstone, tombstone.failure == nil,
            tombstone.stage == .marked || consistency == .listOnly
        {
            return DeletionMark(
                summary: summary, tombstone: tombstone, isFirst: false, wasMarked: wasMarked, version: present.version)
        }
        let tombstone = Tombstone(
            summary, marked: present?.tombstone?.marked ?? now, owner: owner,
            stage: present.map { $0.tombstone?.stage ?? .removing } ?? .marked, failure: nil)
        // Never over one that says more than what was seen here.
        let condition: WriteCondition =
            switch (consistency, present) {
            case (.compareAndSwap, let present?): .ifVersion(present.version)
            case (.compareAndSwap, nil), (.createOnce, nil): .ifAbsent
            case (.createOnce, _?), (.listOnly, _): .none
            }
        let version = try await write(tombstone, if: condition)
        // Who was about to bring the checkpoint to its end may have taken the marker away.
        if try await bank.size(CheckpointLayout.unfinished(id)) == nil { try await markUnfinished(id) }
        return DeletionMark(
            summary: summary, tombstone: tombstone, isFirst: present == nil, wasMarked: wasMarked, version: version)
    }

    /// Whether who has marked a checkpoint has left the rest to others: where the mark must be old first.
    package func isLeftToOthers(_ tombstone: Tombstone) -> Bool {
        tombstone.stage == .marked && consistency == .listOnly
    }

    /// The mark that is there, with its version. One that cannot be read gives way.
    private func presentMark(_ id: CheckpointID) async throws -> (tombstone: Tombstone?, version: ObjectVersion)? {
        do {
            let (bytes, version) = try await bank.getVersioned(CheckpointKeys(id).tombstone)
            return (try? Tombstone(opening: bytes), version)
        } catch BankError.notFound { return nil }
    }

    /// Throws `CheckpointError.wrongStatus` when a checkpoint was marked meanwhile, and must be `wanted`.
    package func ensureNotDeleted(_ id: CheckpointID, wanted: String) async throws {
        guard try await tombstone(id) == nil else {
            throw CheckpointError.wrongStatus(id, .deleting, wanted: wanted, reason: "")
        }
    }

    /// Takes note that from now on something may be removed. Returns the mark as it is then; `nil` when someone else has
    /// changed it, since what was looked for behind it must be looked for again.
    package func advanceDeletion(_ mark: DeletionMark) async throws -> DeletionMark? {
        // From there nobody goes back.
        guard mark.tombstone.stage == .marked else { return mark }
        // Where another deleter may write a tombstone over this one, this stays.
        if consistency != .compareAndSwap {
            try await bank.put(CheckpointKeys(mark.summary.id).removing, marker(mark.summary.id), if: .none)
        }
        let tombstone = Tombstone(
            mark.summary, marked: mark.tombstone.marked, owner: owner, stage: .removing, failure: nil)
        do {
            return mark.replaced(
                by: tombstone,
                try await write(tombstone, if: consistency == .compareAndSwap ? .ifVersion(mark.version) : .none))
        } catch BankError.conditionFailed {
            return nil
        }
    }

    /// Records that deleting failed; the checkpoint stays `error-deleting` until it is deleted again or reset. Returns the
    /// mark as it is then.
    ///
    /// Returns `nil`, and records nothing, when the mark is not there any more or someone else's: whoever was slow would
    /// else mark what stands under this id by now.
    @discardableResult
    package func failDeletion(_ mark: DeletionMark, failure: ResourceFailure) async throws -> DeletionMark? {
        let tombstone = Tombstone(
            mark.summary, marked: mark.tombstone.marked, owner: owner, stage: mark.tombstone.stage, failure: failure)
        guard consistency == .compareAndSwap else {
            guard try await version(of: CheckpointKeys(mark.summary.id).tombstone) == mark.version else { return nil }
            return mark.replaced(by: tombstone, try await write(tombstone, if: .none))
        }
        do {
            return mark.replaced(by: tombstone, try await write(tombstone, if: .ifVersion(mark.version)))
        } catch BankError.conditionFailed {
            return nil
        }
    }

    /// Takes the mark away again where nothing but the mark was made and the bank can tell that nobody else has changed
    /// it; else records why the checkpoint was not deleted.
    package func withdrawDeletion(_ mark: DeletionMark, because reason: CheckpointError) async throws {
        guard consistency == .compareAndSwap, mark.isFirst, mark.summary.status == .available else {
            try await failDeletion(
                mark, failure: ResourceFailure(resource: "", hook: "", message: reason.description))
            return
        }
        // Where that fails, someone else deletes it, too, and will come upon the same reason.
        do {
            try await bank.delete(CheckpointKeys(mark.summary.id).tombstone, if: .ifVersion(mark.version))
            // What was to be done before is still to be done: entries to be written, or a rehearsal to be removed.
            if !mark.wasMarked { try await settle(mark.summary.id) }
        } catch BankError.conditionFailed {}
    }

    private func write(_ tombstone: Tombstone, if condition: WriteCondition) async throws -> ObjectVersion {
        try await bank.put(CheckpointKeys(tombstone.checkpoint).tombstone, tombstone.record.bytes, if: condition)
    }

    /// Removes what is left of a marked checkpoint: indices first, so that none leads to half a checkpoint; then its
    /// objects, the tombstone behind all others; then the marker. Repeating it after a crash or a cancellation finishes
    /// the work.
    ///
    /// Somebody else may finish the same deletion first, and then the checkpoint may be copied here again, under the same
    /// id. So what is removed is what stood here under this mark. Returns `false` when there is another one, whose owner
    /// goes on. Nothing is removed that `mayGoOn` no longer lets.
    @discardableResult
    package func finishDeletion(
        _ mark: DeletionMark, guard mayGoOn: any WriteGuard = NoGuard()
    ) async throws -> Bool {
        let summary = mark.summary
        let layout = CheckpointKeys(summary.id)
        guard let present = try await version(of: layout.tombstone) else { return true }
        guard present == mark.version else { return false }
        let index = try await version(of: layout.index)
        // A damaged checkpoint may not tell its names: then its indices are found by its id.
        let known = summary.plan != CheckpointSummary.unknownName && summary.status != .damaged
        if known {
            let keys = try everyIndexKey(
                plan: summary.plan, provider: summary.provider, summary.created, summary.id)
            for key in keys.prefix(3) { try await bank.delete(key, if: .none) }
            // Few have entries of earlier programs.
            for key in keys.dropFirst(3) where try await bank.size(key) != nil {
                try await bank.delete(key, if: .none)
            }
        } else {
            for key in try await bank.allKeys(below: CheckpointLayout.indices)
            where IndexEntry(key)?.id == summary.id {
                try await bank.delete(key, if: .none)
            }
        }
        // As long as it is there, plugins are asked to delete, for which they need all the rest.
        try mayGoOn.ensureMayWrite()
        if let index, try await !delete(layout.index, as: index) { return true }
        let keys = try await bank.allKeys(below: layout.all).filter { $0 != layout.tombstone }
        guard try await version(of: layout.tombstone) == mark.version else { return true }
        try await delete(keys, guard: mayGoOn)
        try mayGoOn.ensureMayWrite()
        if try await delete(layout.tombstone, as: mark.version) { try await settle(summary.id) }
        return true
    }

    private func version(of key: BankKey) async throws -> ObjectVersion? {
        do { return try await bank.getVersioned(key).version } catch BankError.notFound { return nil }
    }

    /// Removes an object that is still as it was seen, as far as the bank can tell; `false` when it is not.
    private func delete(_ key: BankKey, as version: ObjectVersion) async throws -> Bool {
        do {
            try await bank.delete(key, if: consistency == .compareAndSwap ? .ifVersion(version) : .none)
            return true
        } catch BankError.conditionFailed {
            return false
        }
    }

    /// Deletes objects in no particular order, some at a time: most of a deletion is waiting for the store.
    package func delete(_ keys: [BankKey], guard mayGoOn: any WriteGuard = NoGuard()) async throws {
        let bank = bank
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, key) in keys.enumerated() {
                try Task.checkCancellation()
                if number >= 16 { try await group.next() }
                try mayGoOn.ensureMayWrite()
                group.addTask { try await bank.delete(key, if: .none) }
            }
            try await group.waitForAll()
        }
    }
}
