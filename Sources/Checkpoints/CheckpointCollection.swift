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

    package init(
        id: CheckpointID, plan: String, provider: String, created: Timestamp, status: CheckpointStatus,
        resources: Int64, storedBytes: Int64, warnings: Int64, message: String, isRehearsal: Bool = false
    ) {
        self.id = id
        self.plan = plan
        self.provider = provider
        self.created = created
        self.status = status
        self.resources = resources
        self.storedBytes = storedBytes
        self.warnings = warnings
        self.message = message
        self.isRehearsal = isRehearsal
    }
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
    /// An object of the checkpoint, or what lies below its key, cannot be read, and nobody knows what it says.
    case unreadable(String, reason: String)
    /// Another executor has taken over the checkpoint with this epoch.
    case superseded(CheckpointID, epoch: UInt32)
    /// It is pinned, and so is not deleted.
    case pinned(CheckpointID)
    /// Someone has announced that it is wanted back, and so its deletion does not go on.
    case wantedBack(CheckpointID)
    /// Someone reads it, and so it is not deleted.
    case inUse(CheckpointID, UseRecord)
    /// Someone else deletes it already.
    case beingDeleted(CheckpointID, by: Owner)
    /// Someone else has taken over its deletion.
    case deletionTakenOver(CheckpointID)
    /// There are checkpoints, and no index names one.
    case indicesLost
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
        case .unreadable(let key, let reason): return "bank object '\(key)' cannot be read: \(reason)"
        case .superseded(let id, let epoch):
            return "another cairn has taken over checkpoint \(id.text) (epoch \(epoch)); what this one did is not used"
        case .pinned(let id):
            return "checkpoint \(id.text) is pinned; 'cairn checkpoints unpin \(id.text)' lets it be deleted"
        case .wantedBack(let id):
            return
                "checkpoint \(id.text) is wanted back: 'cairn checkpoints reset \(id.text)' or 'cairn gc' sees to that "
                + "when it was announced a day ago, and another day later it can be deleted again"
        case .inUse(let id, let use) where use.isIllegible:
            return
                "checkpoint \(id.text) may be in use by owner \(use.owner.id), whose record cannot be read; when that has "
                + "ended, the same command goes on, and 'cairn gc' removes the record"
        case .inUse(let id, let use):
            return
                "checkpoint \(id.text) is in use: process \(use.owner.process) on \(use.owner.host) has a \(use.kind) "
                + "of it running since \(use.since); try again when that has ended"
        case .beingDeleted(let id, let owner):
            return
                "process \(owner.process) on \(owner.host) is deleting checkpoint \(id.text); when that has ended and the "
                + "checkpoint is still there, delete it again"
        case .deletionTakenOver(let id):
            return
                "another cairn has taken over the deletion of checkpoint \(id.text); what this one did does not count"
        case .indicesLost:
            return
                "the bank has checkpoints, and its indices name none: they are lost; 'cairn bank reindex' makes them "
                + "anew, and until then a checkpoint can be named by its id"
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
    /// What conditional writes to the bank are worth.
    package let consistency: ConsistencyLevel
    /// Tells whether the process that owns an unfinished checkpoint has certainly ended.
    package let hasEnded: @Sendable (Owner) -> Bool
    /// Why its owner has no lease on the bank, which takes no writes; `nil` when it has one, or needs none.
    package var leaseRefusal: BankError?

    /// A collection over an opened bank of a consistency level. `hasEnded` says whether an owner has certainly ended;
    /// when in doubt it has not.
    package init(
        bank: any Bank, owner: Owner, consistency: ConsistencyLevel,
        hasEnded: @escaping @Sendable (Owner) -> Bool
    ) {
        self.bank = bank
        self.owner = owner
        self.consistency = consistency
        self.hasEnded = hasEnded
    }

    // MARK: Writing

    /// Creates a checkpoint: the marker of unfinished ones first, so that a crash at any point leaves a trace.
    package func create(_ index: CheckpointIndex, ir: [UInt8]) async throws {
        let layout = CheckpointKeys(index.id)
        try await markUnfinished(index.id)
        do {
            try await bank.putOnce(layout.index, index.record.bytes)
        } catch let error as BankError {
            // Without an index there is no checkpoint, and its marker alone is litter; unless it may still come.
            if case .storeFailed = error { try? await bank.delete(CheckpointLayout.unfinished(index.id), if: .none) }
            throw error
        }
        try await bank.putOnce(layout.ir, ir)
        let epoch = EpochRecord(index.id, epoch: 1, owner: owner, started: index.created)
        try await bank.putOnce(layout.epoch(1), epoch.record.bytes)
    }

    /// Commits a checkpoint: this one write makes it what it is.
    ///
    /// Throws `superseded` when a later epoch was claimed, before or meanwhile: then what this one did may not count,
    /// and only a look at the checkpoint can tell.
    package func commit(_ record: CommitRecord) async throws {
        do {
            try await bank.putOnce(CheckpointKeys(record.checkpoint).commit(ofEpoch: record.epoch), record.bytes)
        } catch BankError.conditionFailed {
            throw CheckpointError.superseded(record.checkpoint, epoch: record.epoch)
        }
        // Whoever claims looks for commit records afterwards. So one of the two sees the other. And who deletes the
        // checkpoint removes the claims, too.
        let epochs = try await epochs(record.checkpoint)
        if let later = epochs.last, later > record.epoch {
            throw CheckpointError.superseded(record.checkpoint, epoch: later)
        }
        guard epochs.last == record.epoch, try await tombstone(record.checkpoint) == nil else {
            throw CheckpointError.wrongStatus(
                record.checkpoint, .deleting, wanted: "there to be committed", reason: "it was deleted meanwhile")
        }
    }

    /// Removes the lease of an owner that is gone: nobody renews it any more. What fails stays, and does no harm.
    package func forgetLease(of owner: Owner) async {
        guard let key = try? CheckpointLayout.lease(owner.id) else { return }
        try? await bank.delete(key, if: .none)
    }

    /// Writes the indices of a committed checkpoint, which can be rebuilt.
    package func publish(_ index: CheckpointIndex) async throws {
        for key in try indexKeys(plan: index.plan, provider: index.provider, index.created, index.id) {
            try await name(index.id, at: key)
        }
    }

    /// Writes the marker that something is to be done with a checkpoint; one that is there already is as good.
    func markUnfinished(_ id: CheckpointID) async throws { try await name(id, at: CheckpointLayout.unfinished(id)) }

    /// Writes an entry or a marker. One that is torn gives way, since what it must say is known; and one that somebody has
    /// taken away in between is written again.
    private func name(_ id: CheckpointID, at key: BankKey) async throws {
        do { try await bank.putOnce(key, marker(id)) } catch BankError.conditionFailed {
            try await bank.putRight(key, marker(id))
        }
    }

    /// Removes the marker of a checkpoint of which nothing is left to be done. A deletion that has begun meanwhile keeps it:
    /// who deletes looks for the marker behind the tombstone, so that one of the two sees the other.
    package func settle(_ id: CheckpointID) async throws {
        try await bank.delete(CheckpointLayout.unfinished(id), if: .none)
        if try await bank.size(CheckpointKeys(id).tombstone) != nil { try await markUnfinished(id) }
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

    /// All keys under which a checkpoint may be indexed: those that are written now, then those that earlier programs
    /// wrote.
    package func everyIndexKey(
        plan: String, provider: String, _ created: Timestamp, _ id: CheckpointID
    ) throws -> [BankKey] {
        let entry = IndexEntry(created: created, id: id)
        return try indexKeys(plan: plan, provider: provider, created, id) + [
            try entry.undatedKey(in: CheckpointLayout.byPlan(plan)),
            try entry.undatedKey(in: CheckpointLayout.byProvider(provider)),
            try entry.undatedKey(in: CheckpointLayout.byDate),
        ]
    }

    /// What an index entry or a marker holds: the checkpoint's id and a line feed.
    package func marker(_ id: CheckpointID) -> [UInt8] { Array(id.text.utf8) + [0x0A] }

    // MARK: Reading

    /// Runs `body`, which looks at one checkpoint or one operation; what of that cannot be read or has grown, while all
    /// else can, is thrown as a `CheckpointError`.
    func legibly<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as BankError {
            if case .damaged(let key, let reason) = error { throw CheckpointError.damaged(key, reason: reason) }
            guard let (key, reason) = error.unreadable else { throw error }
            throw CheckpointError.unreadable(key, reason: reason)
        }
    }

    /// Reads a record; throws `CheckpointError.damaged` with its key when it is missing or not as it was written, and
    /// `unreadable` when it alone cannot be read.
    package func read<Record: Sendable>(
        _ key: BankKey, longest: Int64 = ObjectLimit.record, _ open: ([UInt8]) throws -> Record
    ) async throws -> Record {
        let bytes: [UInt8]
        do {
            bytes = try await legibly { try await bank.get(key, longest: longest) }
        } catch BankError.notFound {
            throw CheckpointError.damaged(key, reason: "it is missing")
        }
        do { return try open(bytes) } catch { throw CheckpointError.damaged(key, reason: String(describing: error)) }
    }

    func readIfPresent<Record: Sendable>(
        _ key: BankKey, longest: Int64 = ObjectLimit.record, _ open: ([UInt8]) throws -> Record
    ) async throws -> Record? {
        let bytes: [UInt8]
        do { bytes = try await legibly { try await bank.get(key, longest: longest) } } catch BankError.notFound {
            return nil
        }
        do { return try open(bytes) } catch { throw CheckpointError.damaged(key, reason: String(describing: error)) }
    }

    /// The index record of a checkpoint.
    package func index(_ id: CheckpointID) async throws -> CheckpointIndex {
        let key = CheckpointKeys(id).index
        let record = try await read(key) { try CheckpointIndex(opening: $0) }
        guard record.id == id else { throw CheckpointError.damaged(key, reason: "it is of checkpoint \(record.id)") }
        return record
    }

    /// The commit record that says what a checkpoint is: that of the highest epoch that has one; `nil` while there is
    /// none.
    ///
    /// A later claim takes nothing from it: whoever made that will commit, or will see this record and repeat it.
    package func commit(_ id: CheckpointID) async throws -> CommitRecord? {
        let keys = CheckpointKeys(id)
        let newest = try await epochs(below: keys.commits).last
        let key = newest.map { keys.commit(ofEpoch: $0) } ?? keys.onlyCommit
        guard let record = try await readIfPresent(key, longest: ObjectLimit.bulk, { try CommitRecord(opening: $0) })
        else { return nil }
        guard record.checkpoint == id, newest == nil || record.epoch == newest else {
            throw CheckpointError.damaged(
                key, reason: "it is of checkpoint \(record.checkpoint), epoch \(record.epoch)")
        }
        return record
    }

    /// What to say of a checkpoint that must have a commit record and has none: the key where it would be expected.
    package func missingCommit(_ id: CheckpointID) async throws -> CheckpointError {
        let newest = try await epochs(id).last ?? 1
        return CheckpointError.damaged(CheckpointKeys(id).commit(ofEpoch: newest), reason: "it is missing")
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
