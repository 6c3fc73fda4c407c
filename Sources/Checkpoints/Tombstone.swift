package import CanonicalForm

/// `tombstone.json`: the checkpoint is being deleted and counts no more.
package struct Tombstone: Sendable, Hashable {
    package static let format = "cairn.tombstone"
    package static let version: Int64 = 2

    /// How far a deletion has come that can be told from the tombstone.
    package enum Stage: String, Sendable, CaseIterable {
        /// Nothing but the mark: the checkpoint is as it was.
        case marked
        /// Something may have been removed, here or by plugins elsewhere, so that the checkpoint may be good for nothing.
        case removing
    }

    package let checkpoint: CheckpointID
    package let plan: String
    package let provider: String
    package let created: Timestamp
    package let marked: Timestamp
    package let owner: Owner
    package let stage: Stage
    /// Why the last attempt failed, if it did.
    package let failure: ResourceFailure?

    /// The mark of a deletion by `owner` of what a summary describes.
    package init(
        _ summary: CheckpointSummary, marked: Timestamp, owner: Owner, stage: Stage, failure: ResourceFailure?
    ) {
        checkpoint = summary.id
        plan = summary.plan
        provider = summary.provider
        created = summary.created
        self.marked = marked
        self.owner = owner
        self.stage = stage
        self.failure = failure
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let sealed = try SealedRecord(opening: bytes, format: Self.format, versions: 1...Self.version)
        let content = sealed.content
        // Version 1 does not say how far it came, so that something may have been removed.
        let word = sealed.version == 1 ? Stage.removing.rawValue : try content.string("stage")
        guard let stage = Stage(rawValue: word) else {
            throw .malformed(
                member: "stage", expected: Stage.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "))
        }
        self.stage = stage
        checkpoint = try content.checkpointID("checkpoint")
        plan = try content.string("plan")
        provider = try content.string("provider")
        created = try content.timestamp("created")
        marked = try content.timestamp("marked")
        owner = try Owner(try content.object("owner"))
        failure = content["failure"] == .null ? nil : try ResourceFailure(try content.object("failure"))
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: Self.version,
            [
                "checkpoint": .string(checkpoint.text), "plan": .string(plan), "provider": .string(provider),
                "created": .string(created.description), "marked": .string(marked.description), "owner": owner.json,
                "stage": .string(stage.rawValue), "failure": failure?.json ?? .null,
            ])
    }
}
