import Bank
import CanonicalForm

extension CheckpointCollection {
    /// What happened in the run of a checkpoint, over all of its epochs, in the order in which it became durable.
    ///
    /// Throws `CheckpointError.damaged` when a segment cannot be read, or when there are fewer than the commit record
    /// counted.
    package func journal(_ id: CheckpointID) async throws -> [JournalEvent] {
        let keys = CheckpointKeys(id)
        let commit = try await commit(id)
        var events: [JournalEvent] = []
        var epoch: UInt32 = 1
        while true {
            // Only the epoch that committed says how long its journal is; those before it ended as they did.
            let counted = commit.flatMap { $0.epoch == epoch ? $0.journalSegments : nil }
            var number: UInt32 = 0
            while true {
                let key = keys.journal(ofEpoch: epoch, page: number)
                if let counted {
                    if number >= counted { break }
                } else if try await bank.size(key) == nil {
                    break
                }
                let segment = try await read(key) { bytes -> JournalSegment in
                    let segment = try JournalSegment(opening: bytes)
                    guard segment.number == number else {
                        throw SealedRecordError.malformed(member: "segment", expected: "\(number)")
                    }
                    return segment
                }
                events += segment.events
                number += 1
            }
            if let commit, epoch >= commit.epoch { return events }
            epoch += 1
            if commit == nil, try await bank.size(keys.epoch(epoch)) == nil { return events }
        }
    }
}
