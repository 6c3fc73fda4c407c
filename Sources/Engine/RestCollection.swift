import Bank
import Checkpoints
import PlanIR
import Surroundings

/// What lies in a bank beside runs: what readers, resets and slow executors have left at checkpoints at rest, and what belongs
/// to no checkpoint.
extension GarbageCollection {
    /// Looks at what no marker names, by the names of its objects only.
    func collect(unmarked id: CheckpointID, _ names: Set<String>) async throws -> CollectedItem? {
        let keys = CheckpointKeys(id)
        if names.isEmpty { return nil }
        // Listings may still show what was removed.
        if names.contains("tombstone.json"), try await bank.size(keys.tombstone) != nil {
            return try await finishDeletion(of: id)
        }
        guard names.contains("index.json") else { return try await collect(orphan: id) }
        let uses = names.contains("uses") ? try await removeUses(of: id) : 0
        if names.contains("reset.json") { try await removeFinishedReset(of: id) }
        // Without a marker the checkpoint of a rehearsal stays.
        if names.contains("rehearsed.json"), !dryRun, try await bank.size(CheckpointLayout.unfinished(id)) == nil {
            try await collection.forgetRehearsal(id)
        }
        // Of a copy under the id of a checkpoint that was being deleted, that deletion may have taken the marker.
        let isUnfinished = !names.contains("commits") && !names.contains(keys.onlyCommit.segments[2].description)
        if isUnfinished, try await collection.index(id).origin != nil { return try await collect(marked: id) }
        // One epoch is the one that has committed. What is below others may be named by its definitions, or by nothing.
        let epochs = names.count { CheckpointKeys.epoch(ofContent: $0) != nil }
        let litter = !isUnfinished && epochs > 1 ? try await removeLitter(of: id) : 0
        let parts = [
            uses == 0 ? nil : "\(uses) of its readers had ended and left their marks",
            litter == 0 ? nil : "\(litter) objects that no record of it names",
        ].compactMap(\.self)
        return parts.isEmpty ? nil : CollectedItem(id.text, .removed, parts.joined(separator: "; "))
    }

    /// Removes artifacts of a checkpoint that is at rest and does not name them, when they are old enough that nobody can be
    /// at it; returns of how many objects. An executor that was taken over from, and woke up late, has left them.
    private func removeLitter(of id: CheckpointID) async throws -> Int {
        let index = try await collection.index(id)
        guard let commit = try await collection.settledCommit(id), commit.status == .available else { return 0 }
        let leftovers: Leftovers
        let litter: [BankKey]
        do {
            let ir = try await LoadedCheckpoint.loadIR(index, from: collection)
            leftovers = Leftovers(collection, ir, commit, isGone: isGone)
            litter = try await leftovers.litter()
        } catch let fault where Unread.isDamage(fault) {
            // What is named cannot be told from what is not; 'cairn bank check' tells of the damage.
            return 0
        }
        let now = try await environment.storeTime()
        var old: [BankKey] = []
        for key in litter {
            if let written = try await bank.modified(key), now - written >= terms.orphans { old.append(key) }
        }
        guard !old.isEmpty else { return 0 }
        // Once more, behind the look at what is there: only as long as the same record decides.
        guard try await collection.commit(id)?.epoch == commit.epoch, try await collection.tombstone(id) == nil,
            try await bank.size(CheckpointLayout.unfinished(id)) == nil
        else { return 0 }
        if !dryRun { try await leftovers.remove(old) }
        return old.count
    }

    /// Removes index entries of checkpoints of which nothing is there. An entry is written behind the checkpoint, so one
    /// that leads nowhere will never lead anywhere.
    func collectEntries(without present: Set<CheckpointID>, _ items: inout [CollectedItem]) async throws {
        var last: BankKey?
        while true {
            let page = try await bank.list(below: CheckpointLayout.indices, after: last, limit: 1000)
            for key in page.keys {
                guard let id = IndexEntry(key)?.id, !present.contains(id) else { continue }
                try await collect(id.text, &items) {
                    guard try await bank.list(below: CheckpointKeys(id).all, after: nil, limit: 1).keys.isEmpty else {
                        return nil
                    }
                    if !dryRun { try await bank.delete(key, if: .none) }
                    return CollectedItem(id.text, .removed, "\(key) led nowhere")
                }
            }
            guard page.more, let next = page.keys.last else { return }
            last = next
        }
    }

    /// Removes the uses of owners that are gone, and returns how many there were.
    @discardableResult
    func removeUses(of id: CheckpointID) async throws -> Int {
        var removed = 0
        for use in try await collection.uses(id) where try await isGone(use.owner) {
            if !dryRun { try await bank.delete(try CheckpointKeys(id).use(use.owner.id), if: .none) }
            removed += 1
        }
        return removed
    }

    /// What has no index record: of a checkpoint that was deleted, or never came to be. One that can still be restored by
    /// its other records is none of it.
    func collect(orphan id: CheckpointID) async throws -> CollectedItem? {
        let keys = CheckpointKeys(id)
        let objects = try await bank.allKeys(below: keys.all)
        let hasContent = objects.contains { CheckpointKeys.epoch(ofContent: $0.segments[2]) != nil }
        let hasCommit = objects.contains { $0 == keys.onlyCommit || $0.segments[2] == "commits" }
        if hasContent && hasCommit {
            return CollectedItem(
                id.text, .left,
                "its index.json is missing, and the rest may hold what it protected; 'cairn bank check' tells more, and "
                    + "'cairn delete \(id.text) --force' removes it")
        }
        let marker = CheckpointLayout.unfinished(id)
        var newest: Int64?
        for key in objects + [marker] {
            if let written = try await bank.modified(key) { newest = max(newest ?? written, written) }
        }
        guard let newest, try await environment.storeTime() - newest >= terms.orphans else {
            // Its executor may be about to write the first record, or a write still be on its way.
            return CollectedItem(id.text, .left, "it has no index.json, and is too young to be removed")
        }
        // Meanwhile it may have become one.
        guard try await bank.size(keys.index) == nil else { return nil }
        if !dryRun {
            try await collection.delete(objects)
            try await collection.settle(id)
        }
        return CollectedItem(
            id.text, .removed,
            objects.isEmpty ? "a marker that led nowhere" : "\(objects.count) objects of no checkpoint")
    }
}
