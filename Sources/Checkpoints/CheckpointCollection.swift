package import Bank
import CanonicalForm

/// What a listing says of one checkpoint.
package struct CheckpointSummary: Sendable, Hashable {
    /// Stands for the plan and provider of a checkpoint whose records cannot be read.
    package static let unknownName = "?"

    package let id: CheckpointID
    package let plan: String
    package let provider: String
    package let created: Timestamp
    package let status: CheckpointStatus
    package let resources: Int64
    /// Bytes in the bank; 0 until it is committed.
    package let storedBytes: Int64
    package let warnings: Int64
    /// Why it is not available, where there is something to say.
    package let message: String
    /// Whether it was made to be tried out and deleted.
    package var isRehearsal = false
}

/// Why a checkpoint cannot be used.
package enum CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No checkpoint has this id, or an id that begins so.
    case unknown(String)
    /// No restore or verification has an id that begins so.
    case unknownOperation(String)
    /// Neither a checkpoint nor a restore has an id that begins so.
    case unknownToResume(String)
    /// Several checkpoints, or operations, have an id that begins so.
    case ambiguous(String, [CheckpointID])
    /// There is no available checkpoint to be the last.
    case noneAvailable(plan: String?, before: Timestamp? = nil)
    /// The newest checkpoint is damaged, so that which one is the last must be said by a person.
    case newestDamaged(CheckpointSummary, whole: CheckpointSummary?)
    /// A record of the checkpoint is missing or not what was written.
    case damaged(BankKey, reason: String)
    /// Another executor has taken over the checkpoint with this epoch.
    case superseded(CheckpointID, epoch: UInt32)
    /// The checkpoint's status does not allow the operation.
    case wrongStatus(CheckpointID, CheckpointStatus, wanted: String, reason: String)

    package var description: String {
        switch self {
        case .unknown(let text): return "there is no checkpoint '\(text)'"
        case .unknownOperation(let text): return "there is no restore or verification '\(text)'"
        case .unknownToResume(let text):
            return "there is neither a checkpoint nor a restore '\(text)'; 'cairn checkpoints list' and "
                + "'cairn operations list' show those there are"
        case .ambiguous(let text, let ids):
            let list = ids.prefix(5).map(\.text).joined(separator: ", ")
            let more = ids.count > 5 ? ", …" : ""
            return "'\(text)' is the beginning of \(ids.count) ids (\(list)\(more)); give more of it"
        case .noneAvailable(let plan, let before):
            let older = before.map { " created before \($0)" } ?? ""
            return plan.map { "the plan '\($0)' has no available checkpoint\(older)" }
                ?? "there is no available checkpoint\(older)"
        case .newestDamaged(let newest, let whole):
            let advice =
                whole.map { "the newest that can be read is \($0.id) of \($0.created): name it to use it" }
                ?? "no older one is available"
            return "the newest checkpoint, \(newest.id) of \(newest.created), is damaged (\(newest.message)); \(advice)"
        case .damaged(let key, let reason): return "bank object '\(key)' is damaged: \(reason)"
        case .superseded(let id, let epoch):
            return "another cairn has taken over checkpoint \(id.text) (epoch \(epoch)); what this one did is not used"
        case .wrongStatus(let id, let status, let wanted, let reason):
            let because = reason.isEmpty ? "" : " (\(reason))"
            return "checkpoint \(id.text) is '\(status.rawValue)'\(because), and must be \(wanted)"
        }
    }
}

/// The checkpoints of one bank: creating, committing, listing and reading them, in the order that keeps every crash
/// harmless.
package struct CheckpointCollection: Sendable {
    package let bank: any Bank
    /// Who writes through this collection.
    package let owner: Owner
    /// Tells whether the process that owns an unfinished checkpoint has certainly ended.
    package let hasEnded: @Sendable (Owner) -> Bool

    /// A collection over an opened bank. `hasEnded` says whether an owner has certainly ended; when in doubt it has
    /// not.
    package init(bank: any Bank, owner: Owner, hasEnded: @escaping @Sendable (Owner) -> Bool) {
        self.bank = bank
        self.owner = owner
        self.hasEnded = hasEnded
    }

    // MARK: Writing

    /// Creates a checkpoint: the marker of unfinished ones first, so that a crash at any point leaves a trace.
    package func create(_ index: CheckpointIndex, ir: [UInt8]) async throws {
        let layout = CheckpointKeys(index.id)
        try await bank.putOnce(CheckpointLayout.unfinished(index.id), marker(index.id))
        do {
            try await bank.putOnce(layout.index, index.record.bytes)
        } catch let error as BankError {
            // Without an index there is no checkpoint, and its marker alone is litter; unless it may still come.
            if case .storeFailed = error { try? await bank.delete(CheckpointLayout.unfinished(index.id), if: .none) }
            throw error
        }
        try await bank.putOnce(layout.ir, ir)
        let epoch = EpochRecord(checkpoint: index.id, epoch: 1, owner: owner, started: index.created)
        try await bank.putOnce(layout.epoch(1), epoch.record.bytes)
    }

    /// Commits a checkpoint: this one write makes it what it is.
    ///
    /// A record of an earlier epoch that is there gives way: it was written by an executor that had been taken over
    /// from, and is not in force. Throws `superseded` when a later epoch was claimed, before or meanwhile.
    package func commit(_ record: CommitRecord) async throws {
        let key = CheckpointKeys(record.checkpoint).commit
        let bytes = record.bytes
        do {
            try await bank.putOnce(key, bytes)
        } catch BankError.conditionFailed {
            let (existing, version) = try await bank.getVersioned(key)
            let earlier: CommitRecord
            do { earlier = try CommitRecord(opening: existing) } catch {
                throw CheckpointError.damaged(key, reason: error.description)
            }
            guard earlier.epoch < record.epoch else {
                throw CheckpointError.superseded(record.checkpoint, epoch: earlier.epoch)
            }
            try await bank.put(key, bytes, if: .ifVersion(version))
        }
        if try await bank.size(CheckpointKeys(record.checkpoint).epoch(record.epoch + 1)) != nil {
            throw CheckpointError.superseded(record.checkpoint, epoch: record.epoch + 1)
        }
    }

    /// Removes the lease of an owner that is gone: nobody renews it any more. What fails stays, and does no harm.
    package func forgetLease(of owner: Owner) async {
        guard let key = try? CheckpointLayout.lease(owner.id) else { return }
        try? await bank.delete(key, if: .none)
    }

    /// Writes the indices of a committed checkpoint, which can be rebuilt, and then removes its marker.
    package func publish(_ index: CheckpointIndex) async throws {
        try await writeIndices(index)
        try await bank.delete(CheckpointLayout.unfinished(index.id), if: .none)
    }

    private func writeIndices(_ index: CheckpointIndex) async throws {
        for key in try indexKeys(plan: index.plan, provider: index.provider, index.created, index.id) {
            try await bank.putOnce(key, marker(index.id))
        }
    }

    /// The keys under which a checkpoint is indexed.
    package func indexKeys(
        plan: String, provider: String, _ created: Timestamp, _ id: CheckpointID
    ) throws -> [BankKey] {
        [
            try IndexEntry(created: created, id: id).key(in: CheckpointLayout.byPlan(plan)),
            try IndexEntry(created: created, id: id).key(in: CheckpointLayout.byProvider(provider)),
            try IndexEntry(created: created, id: id).key(in: CheckpointLayout.byDate),
        ]
    }

    /// What an index entry or a marker holds: the checkpoint's id and a line feed.
    package func marker(_ id: CheckpointID) -> [UInt8] { Array(id.text.utf8) + [0x0A] }

    // MARK: Reading

    /// Reads a record; throws `CheckpointError.damaged` with its key when it is missing or not as it was written.
    package func read<Record: Sendable>(
        _ key: BankKey, _ open: ([UInt8]) throws -> Record
    ) async throws -> Record {
        let bytes: [UInt8]
        do {
            bytes = try await bank.get(key)
        } catch BankError.notFound {
            throw CheckpointError.damaged(key, reason: "it is missing")
        }
        do { return try open(bytes) } catch { throw CheckpointError.damaged(key, reason: String(describing: error)) }
    }

    private func readIfPresent<Record: Sendable>(
        _ key: BankKey, _ open: ([UInt8]) throws -> Record
    ) async throws -> Record? {
        let bytes: [UInt8]
        do { bytes = try await bank.get(key) } catch BankError.notFound { return nil }
        do { return try open(bytes) } catch { throw CheckpointError.damaged(key, reason: String(describing: error)) }
    }

    /// The index record of a checkpoint.
    package func index(_ id: CheckpointID) async throws -> CheckpointIndex {
        let key = CheckpointKeys(id).index
        let record = try await read(key) { try CheckpointIndex(opening: $0) }
        guard record.id == id else { throw CheckpointError.damaged(key, reason: "it is of checkpoint \(record.id)") }
        return record
    }

    /// The commit record of a checkpoint, `nil` while there is none that is in force: one of an epoch before the
    /// newest is not.
    package func commit(_ id: CheckpointID) async throws -> CommitRecord? {
        guard let record = try await writtenCommit(id) else { return nil }
        // Epochs have no gaps, so that the next one tells of all later ones.
        return try await bank.size(CheckpointKeys(id).epoch(record.epoch + 1)) == nil ? record : nil
    }

    func writtenCommit(_ id: CheckpointID) async throws -> CommitRecord? {
        let key = CheckpointKeys(id).commit
        guard let record = try await readIfPresent(key, { try CommitRecord(opening: $0) }) else { return nil }
        guard record.checkpoint == id else {
            throw CheckpointError.damaged(key, reason: "it is of checkpoint \(record.checkpoint)")
        }
        return record
    }

    /// The tombstone of a checkpoint, `nil` while there is none.
    package func tombstone(_ id: CheckpointID) async throws -> Tombstone? {
        let key = CheckpointKeys(id).tombstone
        guard let record = try await readIfPresent(key, { try Tombstone(opening: $0) }) else { return nil }
        guard record.checkpoint == id else {
            throw CheckpointError.damaged(key, reason: "it is of checkpoint \(record.checkpoint)")
        }
        return record
    }
}
