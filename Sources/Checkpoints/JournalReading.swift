package import Bank
import CanonicalForm
package import PlanIR

/// What a journal says, as far as it goes.
package struct JournalHistory: Sendable {
    /// The epoch whose journal it is.
    package let epoch: UInt32
    /// The events in the order in which they became durable.
    package let events: [JournalEvent]
    /// How many segments they came in.
    package let segments: UInt32
}

extension CheckpointCollection {
    /// The IR of a checkpoint, as bytes whose digest is the one in its index record.
    ///
    /// Throws `CheckpointError.damaged`.
    package func irBytes(_ index: CheckpointIndex) async throws -> [UInt8] {
        let key = CheckpointKeys(index.id).ir
        let bytes = try await read(key) { $0 }
        guard SHA256Digest(of: bytes) == index.irDigest else {
            throw CheckpointError.damaged(
                key, reason: "its digest is not the one in \(CheckpointKeys(index.id).index)")
        }
        return bytes
    }

    /// The newest epoch of a checkpoint that was claimed, with its record; `nil` when there is none yet.
    package func newestEpoch(_ id: CheckpointID) async throws -> EpochRecord? {
        let keys = CheckpointKeys(id)
        var newest: EpochRecord?
        while true {
            let next = (newest?.epoch ?? 0) + 1
            let key = keys.epoch(next)
            guard try await bank.size(key) != nil else { return newest }
            let record = try await read(key) { try EpochRecord(opening: $0) }
            guard record.checkpoint == id && record.epoch == next else {
                throw CheckpointError.damaged(
                    key, reason: "it is of checkpoint \(record.checkpoint), epoch \(record.epoch)")
            }
            newest = record
        }
    }

    /// Claims the next epoch of a checkpoint for this owner; throws `superseded` when someone else was quicker.
    package func claim(_ id: CheckpointID, epoch: UInt32, now: Timestamp) async throws {
        let record = EpochRecord(checkpoint: id, epoch: epoch, owner: owner, started: now)
        do {
            try await bank.putOnce(CheckpointKeys(id).epoch(epoch), record.record.bytes)
        } catch BankError.conditionFailed {
            throw CheckpointError.superseded(id, epoch: epoch)
        }
    }

    /// What happened in the run of a checkpoint: the journal of its newest epoch that has begun one, which tells what
    /// it took over from those before.
    ///
    /// Throws `CheckpointError.damaged` when a segment cannot be read, or when there are fewer than the commit record
    /// counted.
    package func journal(_ id: CheckpointID, _ ir: PlanIR) async throws -> JournalHistory {
        guard let commit = try await commit(id) else {
            return try await journal(before: (try await newestEpoch(id)?.epoch ?? 1) + 1, id, ir)
        }
        let keys = CheckpointKeys(id)
        let (events, segments) = try await segments(ir, count: commit.journalSegments) {
            keys.journal(ofEpoch: commit.epoch, page: $0)
        }
        return JournalHistory(epoch: commit.epoch, events: events, segments: segments)
    }

    /// What happened in the epochs before `epoch`: the journal of the newest of them that has begun one. An epoch that
    /// was claimed and has not begun its journal has done nothing.
    package func journal(before epoch: UInt32, _ id: CheckpointID, _ ir: PlanIR) async throws -> JournalHistory {
        let keys = CheckpointKeys(id)
        for epoch in (1..<max(2, epoch)).reversed() {
            let (events, segments) = try await segments(ir, count: nil) { keys.journal(ofEpoch: epoch, page: $0) }
            if segments > 0 || epoch == 1 { return JournalHistory(epoch: epoch, events: events, segments: segments) }
        }
        return JournalHistory(epoch: 1, events: [], segments: 0)
    }

    /// The events of the segments from `first` on that are there; for those who watch a run.
    package func segments(
        _ ir: PlanIR, from first: UInt32 = 0, count: UInt32?, key: (UInt32) -> BankKey
    ) async throws -> (events: [JournalEvent], segments: UInt32) {
        var events: [JournalEvent] = []
        var number = first
        while true {
            let key = key(number)
            if let count {
                if number >= count { break }
            } else if try await bank.size(key) == nil {
                break
            }
            let segment = try await read(key) { try JournalSegment(opening: $0, number: number, of: ir) }
            events += segment.events
            number += 1
        }
        return (events, number)
    }
}
