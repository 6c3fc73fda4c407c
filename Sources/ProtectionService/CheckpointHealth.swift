import Bank
import Checkpoints
import PluginKit

/// Looks for what crashes and damage have left among the checkpoints of a bank, and says what mends it.
struct CheckpointHealth: Sendable {
    private let collection: CheckpointCollection
    private let hasEnded: @Sendable (Owner) -> Bool
    private let now: Timestamp

    /// A look at a collection; `hasEnded` says whether an executor has certainly ended.
    init(_ collection: CheckpointCollection, hasEnded: @escaping @Sendable (Owner) -> Bool, now: Timestamp) {
        self.collection = collection
        self.hasEnded = hasEnded
        self.now = now
    }

    /// What was found: the indices first, then each checkpoint that someone should look at, in the order of the ids.
    func findings() async -> [Precondition] {
        let indexed: [IndexedCheckpoint]
        let marked: Set<CheckpointID>
        do {
            indexed = try await known()
            marked = Set(try await collection.markedIDs())
        } catch {
            return [Precondition("the indices of the bank", .unmet, "cannot be read: \(error)")]
        }
        var found: [Precondition] = []
        var healthy = 0
        var unnamed = 0
        for entry in indexed {
            let finding: Precondition?
            do {
                let isMarked = marked.contains(entry.id)
                if !isMarked, try await isUnnamed(entry.id) { unnamed += 1 }
                finding = isMarked ? try await unfinished(entry) : try await finished(entry)
            } catch {
                finding = Precondition(Self.subject(entry.id), .unmet, "cannot be looked at: \(error)")
            }
            if let finding { found.append(finding) } else { healthy += 1 }
            if let created = entry.created, created.milliseconds > now.milliseconds + Self.toleratedSkew {
                found.append(
                    Precondition(
                        Self.subject(entry.id), .doubtful, "was made in the future, at \(created)",
                        advice: "see that the clocks of all hosts that use the bank keep time"))
            }
        }
        let summary =
            indexed.isEmpty
            ? "can be read; there are no checkpoints"
            : "can be read; \(healthy) of \(indexed.count) checkpoints need nothing"
        let indices =
            unnamed == 0
            ? Precondition("the indices of the bank", .met, summary)
            : Precondition(
                "the indices of the bank", .doubtful,
                "\(summary); of \(unnamed) an entry is lost, so that listings may pass over them",
                advice: "make the entries anew with 'cairn bank reindex'")
        return [indices] + found + (await operations())
    }

    /// Whether an index lacks a checkpoint on which nobody has anything left to do.
    private func isUnnamed(_ id: CheckpointID) async throws -> Bool {
        let index: CheckpointIndex
        // It may have been deleted since.
        do { index = try await collection.index(id) } catch is CheckpointError { return false }
        let keys = try collection.everyIndexKey(
            plan: index.plan, provider: index.provider, index.created, id)
        for (key, earlier) in zip(keys.prefix(3), keys.dropFirst(3)) {
            if try await collection.bank.size(key) != nil { continue }
            // Earlier programs have put it elsewhere.
            if try await collection.bank.size(earlier) != nil { continue }
            // It may be on its way out.
            return try await collection.bank.size(CheckpointLayout.unfinished(id)) == nil
        }
        return false
    }

    /// Every checkpoint that anything tells of, with what the index by date says.
    private func known() async throws -> [IndexedCheckpoint] {
        var created: [CheckpointID: Timestamp] = [:]
        for key in try await collection.bank.allKeys(below: CheckpointLayout.byDate) {
            if let entry = IndexEntry(key) { created[entry.id] = entry.created }
        }
        return try await collection.everyID().map { IndexedCheckpoint(id: $0, created: created[$0]) }
    }

    private static let toleratedSkew: Int64 = 2000

    private static func subject(_ id: CheckpointID) -> String { "checkpoint \(id)" }

    /// What is wrong with a checkpoint that no marker calls unfinished; `nil` when nothing is.
    private func finished(_ entry: IndexedCheckpoint) async throws -> Precondition? {
        let subject = Self.subject(entry.id)
        guard let summary = try await collection.summary(entry.id, indexed: entry) else {
            return Precondition(subject, .doubtful, "is in an index, but there is nothing of it")
        }
        guard summary.status == .damaged else { return nil }
        return Precondition(
            subject, .unmet, "is damaged: \(summary.message)",
            advice: "'cairn bank check' tells more; 'cairn delete \(entry.id) --force' removes what is left of it")
    }

    /// What is to be done about a checkpoint with a marker; `nil` when someone is at work on it.
    private func unfinished(_ entry: IndexedCheckpoint) async throws -> Precondition? {
        let id = entry.id
        let subject = Self.subject(id)
        if let tombstone = try await collection.tombstone(id) {
            if let failure = tombstone.failure {
                return Precondition(
                    subject, .doubtful, "could not be deleted: \(failure)",
                    advice: "delete it again with 'cairn delete \(id)'")
            }
            guard hasEnded(tombstone.owner) else { return nil }
            return Precondition(
                subject, .doubtful, "is half deleted, and who deleted it has ended",
                advice: "finish that with 'cairn gc', or 'cairn delete \(id)'")
        }
        guard let summary = try await collection.summary(id, indexed: entry) else {
            return Precondition(
                subject, .doubtful, "is only a marker that a crash left", advice: "remove it with 'cairn gc'")
        }
        if summary.status == .damaged {
            return Precondition(
                subject, .unmet, "is damaged: \(summary.message)",
                advice: "'cairn bank check' tells more; 'cairn delete \(id) --force' removes what is left of it")
        }
        let executor = try await executor(of: id)
        let index = try await collection.index(id)
        let copyAgain = index.copyAgain
        guard hasEnded(executor) else { return try await silent(executor, subject, isCopy: copyAgain != nil) }
        // One that has ended without proving anything goes in its time.
        if index.isRehearsal, try await collection.isRehearsed(id) { return nil }
        if index.isRehearsal, index.origin == nil, summary.status == .available {
            return Precondition(
                subject, .doubtful, "was made by a rehearsal that was cut off", advice: "remove it with 'cairn gc'")
        }
        if summary.status == .available || summary.status == .error, let commit = try await collection.commit(id) {
            // The marker of a failed run stays until its artifacts are removed.
            if commit.status == .error {
                guard !commit.dueReverts.isEmpty else { return nil }
                let names = commit.dueReverts.map { "'\($0.resource)'" }.joined(separator: ", ")
                return Precondition(
                    subject, .unmet, "has failed, and what it had begun of \(names) could not be undone",
                    advice: "see what keeps it from that, and undo it with 'cairn gc'")
            }
            return Precondition(
                subject, .doubtful, "is recorded, but a crash has left its marker and maybe indices that are missing",
                advice: "finish that with 'cairn gc'")
        }
        if index.isRehearsal, copyAgain == nil {
            return Precondition(
                subject, .doubtful,
                "is of a rehearsal that was cut off; what it had quiesced may still stand still",
                advice: "undo that, and remove it, with 'cairn gc'")
        }
        if let copyAgain {
            return Precondition(
                subject, .doubtful, "is an unfinished copy, and its copier has ended",
                advice: "finish it with '\(copyAgain)', or give it up with 'cairn gc'")
        }
        return Precondition(
            subject, .doubtful, "is unfinished, and its executor has ended; what it had quiesced may still stand still",
            advice: "finish it with 'cairn resume \(id)', or undo what is due with 'cairn gc'")
    }

    /// What to say of an executor that may be on another host, and has let its lease run out by the wall clocks.
    private func silent(_ executor: Owner, _ subject: String, isCopy: Bool) async throws -> Precondition? {
        let bytes: [UInt8]
        do {
            bytes = try await collection.bank.get(try CheckpointLayout.lease(executor.id), longest: ObjectLimit.record)
        } catch BankError.notFound {
            return nil
        }
        guard let lease = try? LeaseRecord(opening: bytes), LeaseView.looksGone(lease, now: now) else { return nil }
        return Precondition(
            subject, .doubtful,
            "is unfinished, and its \(isCopy ? "copier" : "executor") on \(executor.host) has not renewed its lease since \(lease.renewed)",
            advice: "see whether it still runs there; 'cairn resume' takes it over once it is certainly gone")
    }

    /// The restores and verifications that broke off, the newest first.
    private func operations() async -> [Precondition] {
        let all: [OperationSummary]
        do { all = try await collection.operations() } catch {
            return [Precondition("the records of operations", .unmet, "cannot be read: \(error)")]
        }
        return all.compactMap { operation in
            let subject = "the \(operation.index?.kind ?? "operation") \(operation.id)"
            if let due = operation.commit?.dueReverts, !due.isEmpty {
                return Precondition(
                    subject, .unmet,
                    "has failed, and what it had begun of \(due.map { "'\($0.resource)'" }.joined(separator: ", ")) could "
                        + "not be undone",
                    advice: "see what keeps it from that, and undo it with 'cairn gc'")
            }
            guard operation.commit == nil && operation.status == .fail else { return nil }
            return Precondition(
                subject, .doubtful, "has broken off; what it had quiesced may still stand still",
                advice: "undo that with 'cairn gc'")
        }
    }

    /// Who runs the newest epoch of a checkpoint.
    private func executor(of id: CheckpointID) async throws -> Owner {
        let index = try await collection.index(id)
        return try await collection.runner(of: index).owner ?? index.owner
    }
}
