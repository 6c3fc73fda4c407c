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
        // As version 1 has it, the record names the epoch of each definition.
        guard try await copyRecords(of: commit, to: epoch) else { return commit }
        return try await recording(commit, in: epoch, failures: commit.failures, segments: commit.journalSegments)
    }

    /// Repeats what a commit record names, journal and definitions, in an epoch that this owner has claimed; returns
    /// whether it is of the version that can be repeated.
    func copyRecords(of commit: CommitRecord, to epoch: UInt32) async throws -> Bool {
        let keys = CheckpointKeys(index.id)
        guard case .packs(let packs) = commit.definitions else { return false }
        for number in 0..<commit.journalSegments {
            try await copy(
                keys.journal(ofEpoch: commit.epoch, page: number), to: keys.journal(ofEpoch: epoch, page: number))
        }
        for number in packs.indices {
            let pack = UInt32(number)
            try await copy(
                keys.definitions(ofEpoch: commit.epoch, pack: pack), to: keys.definitions(ofEpoch: epoch, pack: pack))
        }
        return true
    }

    /// Records in an epoch what a commit record says, with these failures and so many segments of the journal, and brings
    /// the entries in order.
    func recording(
        _ commit: CommitRecord, in epoch: UInt32, failures: [ResourceFailure], segments: UInt32
    ) async throws -> CommitRecord {
        let collection = environment.collection
        let confirmed = CommitRecord(
            checkpoint: commit.checkpoint, epoch: epoch, status: commit.status, finished: commit.finished,
            resources: commit.resources, failures: failures, contentBytes: commit.contentBytes,
            journalSegments: segments, definitions: commit.definitions)
        try environment.writeGuard.ensureMayWrite()
        try await collection.commit(confirmed)
        try await collection.publish(index)
        return confirmed
    }

    private func copy(_ source: BankKey, to target: BankKey) async throws {
        try environment.writeGuard.ensureMayWrite()
        try await environment.bank.putOnce(target, try await environment.collection.read(source) { $0 })
    }
}
