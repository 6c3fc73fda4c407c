import Bank
import CanonicalForm
package import Surroundings

/// Who runs a checkpoint, as far as its records tell.
package struct CheckpointRunner: Sendable, Hashable {
    /// The newest epoch that was claimed; 0 when there is none yet.
    package let epoch: UInt32
    /// Who claimed it; `nil` when that cannot be read.
    package let owner: Owner?
    /// When it was claimed, where that can be read.
    package let started: Timestamp?
    /// What is wrong with the record of the newest epoch.
    package let fault: CheckpointError?

    /// Who it is, in words.
    package var words: String {
        owner.map { "process \($0.process) on \($0.host)" }
            ?? "unknown, since the record of epoch \(epoch) cannot be read"
    }
}

/// Who runs a checkpoint: epochs, each claimed by one owner.
extension CheckpointCollection {
    /// The epochs of a checkpoint that were claimed, in ascending order. There may be gaps between them.
    package func epochs(_ id: CheckpointID) async throws -> [UInt32] {
        try await epochs(below: CheckpointKeys(id).epochs)
    }

    /// The epochs that have an object `<n>.json` right below a key, in ascending order: claims or commit records, of a
    /// checkpoint or an operation.
    func epochs(below prefix: BankKey) async throws -> [UInt32] {
        try await legibly { try await bank.allKeys(below: prefix) }.compactMap { CheckpointKeys.epoch(of: $0) }.sorted()
    }

    /// The newest epoch of a checkpoint that was claimed, with its record; `nil` when there is none yet.
    package func newestEpoch(_ id: CheckpointID) async throws -> EpochRecord? {
        guard let newest = try await epochs(id).last else { return nil }
        return try await epoch(newest, of: id)
    }

    /// Who runs a checkpoint, or did. A record that cannot be read is no reason not to look further: the number of an epoch
    /// is in its key, and the first one is claimed by whoever makes the checkpoint.
    package func runner(of index: CheckpointIndex) async throws -> CheckpointRunner {
        guard let newest = try await epochs(index.id).last else {
            return CheckpointRunner(epoch: 0, owner: index.owner, started: nil, fault: nil)
        }
        do {
            let record = try await epoch(newest, of: index.id)
            return CheckpointRunner(epoch: newest, owner: record.owner, started: record.started, fault: nil)
        } catch let fault as CheckpointError {
            let owner = newest == 1 && index.origin == nil ? index.owner : nil
            return CheckpointRunner(epoch: newest, owner: owner, started: nil, fault: fault)
        }
    }

    /// Whether who runs a checkpoint has certainly ended. Of one that nothing names it is certain when every owner has that
    /// holds a lease on the bank: nobody works on it without.
    package func hasLeft(_ runner: CheckpointRunner, isGone: (Owner) async throws -> Bool) async throws -> Bool {
        if let owner = runner.owner { return try await isGone(owner) }
        let own = BankKey.segment(encoding: owner.id)
        for name in try await bank.allNames(below: CheckpointLayout.leases) where name != own {
            let bytes: [UInt8]
            do {
                bytes = try await bank.get(
                    try CheckpointLayout.leases.appending(name), longest: ObjectLimit.record)
            } catch BankError.notFound { continue } catch is BankError { return false }
            guard let lease = try? LeaseRecord(opening: bytes), try await isGone(lease.owner) else { return false }
        }
        return true
    }

    /// The record of a claimed epoch; throws `CheckpointError.damaged`.
    package func epoch(_ epoch: UInt32, of id: CheckpointID) async throws -> EpochRecord {
        try await self.epoch(epoch, of: .checkpoint, id, at: CheckpointKeys(id).epoch(epoch))
    }

    /// The record of a claimed epoch of a checkpoint or an operation; throws `CheckpointError.damaged`.
    func epoch(
        _ epoch: UInt32, of subject: EpochRecord.Subject, _ id: CheckpointID, at key: BankKey
    ) async throws -> EpochRecord {
        let record = try await read(key) { try EpochRecord(opening: $0, of: subject) }
        guard record.id == id && record.epoch == epoch else {
            throw CheckpointError.damaged(
                key, reason: "it is of \(subject.rawValue) \(record.id), epoch \(record.epoch)")
        }
        return record
    }

    /// Claims an epoch of a checkpoint behind all that were claimed, and returns its number.
    ///
    /// Of several who claim the same number one wins, where the bank can say which; where it cannot, no two choose the
    /// same, and who meets another claim that was not there before gives way: each of the two would set services going that
    /// stand still for the other. Throws `superseded` when someone else was quicker, or as quick. Whoever has claimed must look for commit records once
    /// more: one that says available is in force.
    package func claim(
        _ id: CheckpointID, after newest: UInt32, now: Timestamp, random: any RunRandom
    ) async throws -> UInt32 {
        guard let epoch = Self.epoch(after: newest, consistency, random) else {
            throw CheckpointError.damaged(CheckpointKeys(id).epoch(newest), reason: "no later epoch can be numbered")
        }
        let record = EpochRecord(id, epoch: epoch, owner: owner, started: now)
        let key = CheckpointKeys(id).epoch(epoch)
        do {
            try await bank.putOnce(key, record.record.bytes)
        } catch BankError.conditionFailed {
            throw CheckpointError.superseded(id, epoch: epoch)
        }
        if consistency == .listOnly, try await bank.get(key, longest: ObjectLimit.record) != record.record.bytes {
            throw CheckpointError.superseded(id, epoch: epoch)
        }
        if let other = try await epochs(id).last(where: { $0 > newest && $0 != epoch }) {
            throw CheckpointError.superseded(id, epoch: other)
        }
        return epoch
    }

    /// The bits of an epoch's number that are random where a bank cannot say who was first.
    static let randomEpochBits: UInt32 = 20

    /// The number of an epoch behind `newest`; `nil` when there are no more numbers.
    static func epoch(after newest: UInt32, _ consistency: ConsistencyLevel, _ random: any RunRandom) -> UInt32? {
        guard consistency == .listOnly else { return newest == .max ? nil : newest + 1 }
        let generation = (newest >> randomEpochBits) + 1
        guard generation < 1 << (32 - randomEpochBits) else { return nil }
        return generation << randomEpochBits
            | UInt32(truncatingIfNeeded: random.next() >> (64 - UInt64(randomEpochBits)))
    }
}
