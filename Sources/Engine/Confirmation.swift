import Bank
import Checkpoints
import Surroundings

/// Repeats a commit record in an epoch behind all claims.
///
/// While a later epoch is claimed than the one that has committed, its executor may still commit something else, even when
/// it has ended: a write may take effect late. So nobody may act upon the commit record before it stands behind all claims.
struct Confirmation {
    private let environment: ExecutionEnvironment
    private let index: CheckpointIndex

    init(_ environment: ExecutionEnvironment, _ index: CheckpointIndex) {
        self.environment = environment
        self.index = index
    }

    /// Claims an epoch behind `newest`, and repeats in it the commit record that decides then.
    ///
    /// Throws `CheckpointError.superseded` when someone else was quicker.
    func run(after newest: UInt32) async throws -> CommitRecord {
        let collection = environment.collection
        let (id, now, random) = (index.id, environment.now(), environment.random)
        try environment.writeGuard.ensureMayWrite()
        let epoch = try await uncancelled {
            try await collection.claim(id, after: newest, now: now, random: random)
        }
        guard let commit = try await collection.commit(id) else { throw try await collection.missingCommit(id) }
        return try await repeating(commit, in: epoch)
    }

    /// Repeats a commit record in an epoch that this owner has claimed, and brings the entries in order.
    func repeating(_ commit: CommitRecord, in epoch: UInt32) async throws -> CommitRecord {
        let collection = environment.collection
        let keys = CheckpointKeys(index.id)
        guard case .packs(let packs) = commit.definitions else {
            // As version 1 has it, where the record names the epoch of each definition.
            return commit
        }
        for number in 0..<commit.journalSegments {
            try await copy(
                keys.journal(ofEpoch: commit.epoch, page: number), to: keys.journal(ofEpoch: epoch, page: number))
        }
        for number in packs.indices {
            let pack = UInt32(number)
            try await copy(
                keys.definitions(ofEpoch: commit.epoch, pack: pack), to: keys.definitions(ofEpoch: epoch, pack: pack))
        }
        let confirmed = CommitRecord(
            checkpoint: commit.checkpoint, epoch: epoch, status: commit.status, finished: commit.finished,
            resources: commit.resources, failures: commit.failures, contentBytes: commit.contentBytes,
            journalSegments: commit.journalSegments, definitions: commit.definitions)
        try environment.writeGuard.ensureMayWrite()
        try await collection.commit(confirmed)
        try await collection.publish(index)
        return confirmed
    }

    private func copy(_ source: BankKey, to target: BankKey) async throws {
        try environment.writeGuard.ensureMayWrite()
        try await environment.bank.putOnce(
            target, try await environment.collection.read(source, longest: ObjectLimit.bulk) { $0 })
    }
}
