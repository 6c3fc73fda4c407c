internal import Bank
package import CanonicalForm

/// `reset.json`: someone wants a checkpoint back whose deletion was broken off, in a bank that cannot replace under a
/// condition.
///
/// There nothing shows a deleter that sleeps between its look for pins and uses and its removal. So the wish is written
/// first: whoever looks behind it deletes nothing, and when it is so old that everybody who had looked before has either
/// shown what it does or lost its lease, the mark may be taken away.
package struct ResetIntent: Sendable, Hashable {
    package static let format = "cairn.reset"
    /// How old it must be, in milliseconds by the store's clock: the longest that a lease can last.
    package static let margin = LeaseTerms.longestExpireWindow

    package let checkpoint: CheckpointID
    /// Who wants it back.
    package let owner: Owner
    package let since: Timestamp

    package init(checkpoint: CheckpointID, owner: Owner, since: Timestamp) {
        self.checkpoint = checkpoint
        self.owner = owner
        self.since = since
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        checkpoint = try content.checkpointID("checkpoint")
        owner = try Owner(try content.object("owner"))
        since = try content.timestamp("since")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "owner": owner.json, "since": .string(since.description),
            ])
    }
}

extension CheckpointCollection {
    /// Whether resets are announced before they take a mark away: where that cannot be done under a condition.
    package var announcesResets: Bool { consistency != .compareAndSwap }

    /// Whether someone has announced that a checkpoint is wanted back. One that cannot be read is an announcement.
    package func isResetIntended(_ id: CheckpointID) async throws -> Bool {
        guard announcesResets else { return false }
        return try await bank.size(CheckpointKeys(id).reset) != nil
    }

    /// Announces that a checkpoint is wanted back, unless someone has done so already.
    package func intendReset(_ id: CheckpointID, now: Timestamp) async throws {
        let key = CheckpointKeys(id).reset
        guard try await bank.size(key) == nil else { return }
        do {
            try await bank.putOnce(key, ResetIntent(checkpoint: id, owner: owner, since: now).record.bytes)
        } catch BankError.conditionFailed {
            // Someone else was quicker, which is as good.
        }
    }

    /// Takes the announcement away.
    package func forgetReset(_ id: CheckpointID) async throws {
        try await bank.delete(CheckpointKeys(id).reset, if: .none)
    }
}
