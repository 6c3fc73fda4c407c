internal import Bank
package import CanonicalForm

/// `rehearsed.json`: a rehearsal has come to its end without proving the checkpoint, and nobody has asked to keep that.
///
/// Its marker stays, so that the next rehearsal of the plan, or a collection some time later, finds it and deletes it.
package struct RehearsedRecord: Sendable, Hashable {
    package static let format = "cairn.rehearsed"

    package let checkpoint: CheckpointID
    /// Who rehearsed.
    package let owner: Owner
    package let ended: Timestamp

    package init(checkpoint: CheckpointID, owner: Owner, ended: Timestamp) {
        self.checkpoint = checkpoint
        self.owner = owner
        self.ended = ended
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        checkpoint = try content.checkpointID("checkpoint")
        owner = try Owner(try content.object("owner"))
        ended = try content.timestamp("ended")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "owner": owner.json, "ended": .string(ended.description),
            ])
    }
}

extension CheckpointCollection {
    /// Whether the rehearsal that made a checkpoint has left it to be deleted. A record that cannot be read says so, too.
    package func isRehearsed(_ id: CheckpointID) async throws -> Bool {
        try await bank.size(CheckpointKeys(id).rehearsed) != nil
    }

    /// Leaves a checkpoint of a rehearsal to be deleted later.
    package func leaveRehearsed(_ id: CheckpointID, now: Timestamp) async throws {
        let record = RehearsedRecord(checkpoint: id, owner: owner, ended: now).record
        try await bank.putOnce(CheckpointKeys(id).rehearsed, record.bytes)
    }

    /// Takes that away again: the checkpoint stays as it is.
    package func forgetRehearsal(_ id: CheckpointID) async throws {
        try await bank.delete(CheckpointKeys(id).rehearsed, if: .none)
    }
}
