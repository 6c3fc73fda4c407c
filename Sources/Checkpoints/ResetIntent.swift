internal import Bank
package import CanonicalForm

/// `reset.json`: someone wants a checkpoint back whose deletion was broken off, in a bank that cannot replace under a
/// condition.
///
/// There nothing shows a deleter that sleeps between its look for pins and uses and its removal. So the wish is written
/// first: whoever looks behind it deletes nothing, and when it is so old that everybody who had looked before has either
/// shown what it does or lost its lease, the mark may be taken away. It stays as long again: another reset may be about to
/// take a mark away, which must not be that of a later deletion.
package struct ResetIntent: Sendable, Hashable {
    package static let format = "cairn.reset"
    package static let version: Int64 = 2

    /// How far a reset has come.
    package enum Stage: String, Sendable, CaseIterable {
        /// The checkpoint is marked, and wanted back.
        case announced
        /// The mark was taken away.
        case over
    }

    /// How old it must be, in milliseconds by the store's clock: the longest that a lease can last.
    package static let margin = LeaseTerms.longestExpireWindow

    package let checkpoint: CheckpointID
    package let stage: Stage
    /// Who wants it back.
    package let owner: Owner
    package let since: Timestamp

    package init(checkpoint: CheckpointID, stage: Stage, owner: Owner, since: Timestamp) {
        self.checkpoint = checkpoint
        self.stage = stage
        self.owner = owner
        self.since = since
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let sealed = try SealedRecord(opening: bytes, format: Self.format, versions: 1...Self.version)
        let content = sealed.content
        // Version 1 was removed when it was over.
        let word = sealed.version == 1 ? Stage.announced.rawValue : try content.string("stage")
        guard let stage = Stage(rawValue: word) else {
            throw .malformed(
                member: "stage", expected: Stage.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "))
        }
        self.stage = stage
        checkpoint = try content.checkpointID("checkpoint")
        owner = try Owner(try content.object("owner"))
        since = try content.timestamp("since")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: Self.version,
            [
                "checkpoint": .string(checkpoint.text), "stage": .string(stage.rawValue), "owner": owner.json,
                "since": .string(since.description),
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

    /// What is known of a reset: how far it has come, and when that was written, by the store's clock; `nil` when there is
    /// none. One that cannot be read is announced.
    package func resetStanding(_ id: CheckpointID) async throws -> (stage: ResetIntent.Stage, written: Int64?)? {
        let key = CheckpointKeys(id).reset
        let bytes: [UInt8]
        do { bytes = try await bank.get(key, longest: ObjectLimit.record) } catch BankError.notFound { return nil }
        // The time behind that: what was written again between the two seems younger than it is, never older.
        return ((try? ResetIntent(opening: bytes))?.stage ?? .announced, try await bank.modified(key))
    }

    /// Writes how far a reset has come; from now on its age counts.
    package func noteReset(_ id: CheckpointID, _ stage: ResetIntent.Stage, now: Timestamp) async throws {
        let intent = ResetIntent(checkpoint: id, stage: stage, owner: owner, since: now)
        try await bank.put(CheckpointKeys(id).reset, intent.record.bytes, if: .none)
    }

    /// Takes the announcement away.
    package func forgetReset(_ id: CheckpointID) async throws {
        try await bank.delete(CheckpointKeys(id).reset, if: .none)
    }

    /// Whether something of a marked checkpoint may have been removed, although its tombstone does not say so: another
    /// deleter may have written that over.
    package func mayBeRemoving(_ id: CheckpointID) async throws -> Bool {
        guard announcesResets else { return false }
        return try await bank.size(CheckpointKeys(id).removing) != nil
    }
}
