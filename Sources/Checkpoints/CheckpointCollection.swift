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
}

/// Why a checkpoint cannot be used.
package enum CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No checkpoint has this id, or an id that begins so.
    case unknown(String)
    /// Several checkpoints have an id that begins so.
    case ambiguous(String, [CheckpointID])
    /// There is no available checkpoint to be the last.
    case noneAvailable(plan: String?)
    /// A record of the checkpoint is missing or not what was written.
    case damaged(BankKey, reason: String)
    /// The checkpoint's status does not allow the operation.
    case wrongStatus(CheckpointID, CheckpointStatus, wanted: String, reason: String)

    package var description: String {
        switch self {
        case .unknown(let text): return "there is no checkpoint '\(text)'"
        case .ambiguous(let text, let ids):
            let list = ids.prefix(5).map(\.text).joined(separator: ", ")
            return "'\(text)' is the beginning of \(ids.count) checkpoints: \(list)"
        case .noneAvailable(let plan):
            return plan.map { "the plan '\($0)' has no available checkpoint" } ?? "there is no available checkpoint"
        case .damaged(let key, let reason): return "bank object '\(key)' is damaged: \(reason)"
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
    private let hasEnded: @Sendable (Owner) -> Bool

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
        try await bank.putOnce(layout.index, index.record.bytes)
        try await bank.putOnce(layout.ir, ir)
        let epoch = EpochRecord(checkpoint: index.id, epoch: 1, owner: owner, started: index.created)
        try await bank.putOnce(layout.epoch(1), epoch.record.bytes)
    }

    /// Commits a checkpoint: one write of the commit record, then what can be rebuilt, then the marker goes.
    package func commit(_ record: CommitRecord, _ index: CheckpointIndex) async throws {
        try await bank.putOnce(CheckpointKeys(index.id).commit, record.record.bytes)
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
        try await read(CheckpointKeys(id).index) { try CheckpointIndex(opening: $0) }
    }

    /// The commit record of a checkpoint, `nil` while there is none.
    package func commit(_ id: CheckpointID) async throws -> CommitRecord? {
        try await readIfPresent(CheckpointKeys(id).commit) { try CommitRecord(opening: $0) }
    }

    /// The tombstone of a checkpoint, `nil` while there is none.
    package func tombstone(_ id: CheckpointID) async throws -> Tombstone? {
        try await readIfPresent(CheckpointKeys(id).tombstone) { try Tombstone(opening: $0) }
    }

    /// What a checkpoint is and is good for; never throws for damage, which it names instead.
    package func summary(_ id: CheckpointID, created: Timestamp?) async throws -> CheckpointSummary? {
        do {
            return try await readableSummary(id)
        } catch let error as CheckpointError {
            guard case .damaged = error else { throw error }
            return CheckpointSummary(
                id: id, plan: CheckpointSummary.unknownName, provider: CheckpointSummary.unknownName,
                created: created ?? Timestamp(milliseconds: 0), status: .damaged,
                resources: 0, storedBytes: 0, warnings: 0, message: error.description)
        }
    }

    private func readableSummary(_ id: CheckpointID) async throws -> CheckpointSummary? {
        if let tombstone = try await tombstone(id) {
            return CheckpointSummary(
                id: id, plan: tombstone.plan, provider: tombstone.provider, created: tombstone.created,
                status: tombstone.failure == nil ? .deleting : .errorDeleting, resources: 0, storedBytes: 0,
                warnings: 0, message: tombstone.failure?.description ?? "")
        }
        guard try await bank.size(CheckpointKeys(id).index) != nil else {
            // A crash before the first record leaves a marker alone; it is no checkpoint yet.
            guard try await !bank.list(below: CheckpointKeys(id).all, after: nil, limit: 1).keys.isEmpty else {
                return nil
            }
            throw CheckpointError.damaged(CheckpointKeys(id).index, reason: "it is missing")
        }
        let index = try await index(id)
        let commit = try await commit(id)
        let (status, message) = try await state(index, commit)
        return CheckpointSummary(
            id: id, plan: index.plan, provider: index.provider, created: index.created, status: status,
            resources: index.resources, storedBytes: commit?.storedBytes ?? 0, warnings: commit?.warningCount ?? 0,
            message: message)
    }

    private func state(_ index: CheckpointIndex, _ commit: CommitRecord?) async throws -> (CheckpointStatus, String) {
        if let commit {
            return (commit.status, commit.failures.first.map(\.description) ?? "")
        }
        guard hasEnded(index.owner) else { return (.protecting, "") }
        return (.error, "its executor (process \(index.owner.process) on \(index.owner.host)) ended before it was done")
    }

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
    }

    /// The checkpoints that match, newest first; at most `limit`.
    ///
    /// An index entry without a checkpoint is passed over, and one that cannot be read is listed as damaged.
    package func list(_ filter: Filter, limit: Int = .max) async throws -> [CheckpointSummary] {
        var found: [(id: CheckpointID, created: Timestamp?)] = []
        for key in try await bank.allKeys(below: try indexRoot(filter)) {
            if let entry = IndexEntry(key) { found.append((entry.id, entry.created)) }
        }
        for key in try await bank.allKeys(below: CheckpointLayout.unfinished) {
            guard let id = CheckpointLayout.unfinishedID(of: key) else { continue }
            if !found.contains(where: { $0.id == id }) { found.append((id, nil)) }
        }
        var summaries: [CheckpointSummary] = []
        // Index keys ascend with time: the newest stand last; those without a known time are looked at first.
        for entry in found.reversed() {
            guard let summary = try await summary(entry.id, created: entry.created) else { continue }
            let matches =
                summary.status == .damaged
                || ((filter.plan ?? summary.plan) == summary.plan
                    && (filter.provider ?? summary.provider) == summary.provider)
            if matches && (filter.status ?? summary.status) == summary.status { summaries.append(summary) }
        }
        summaries.sort { ($0.created, $0.id.text) > ($1.created, $1.id.text) }
        return Array(summaries.prefix(limit))
    }

    private func indexRoot(_ filter: Filter) throws -> BankKey {
        if let plan = filter.plan { return try CheckpointLayout.byPlan(plan) }
        if let provider = filter.provider { return try CheckpointLayout.byProvider(provider) }
        return CheckpointLayout.byDate
    }

    /// The checkpoint whose id begins with `prefix`.
    package func resolve(prefix: String) async throws -> CheckpointID {
        if let id = CheckpointID(prefix) {
            guard try await summary(id, created: nil) != nil else { throw CheckpointError.unknown(prefix) }
            return id
        }
        let ids = try await list(Filter()).map(\.id).filter { $0.text.hasPrefix(prefix.lowercased()) }
        switch ids.count {
        case 0: throw CheckpointError.unknown(prefix)
        case 1: return ids[0]
        default: throw CheckpointError.ambiguous(prefix, ids)
        }
    }

    /// The newest available checkpoint, of a plan if one is named.
    package func last(plan: String?) async throws -> CheckpointID {
        guard let id = try await list(Filter(plan: plan, status: .available)).first?.id else {
            throw CheckpointError.noneAvailable(plan: plan)
        }
        return id
    }
}
