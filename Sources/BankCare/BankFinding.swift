internal import Bank
package import Checkpoints

/// One thing in a bank that is not as it should be.
package struct BankFinding: Sendable, Hashable {
    /// How much it matters.
    package enum Severity: String, Sendable, CaseIterable {
        /// Something that was saved is lost or changed.
        case damage
        /// What was saved is whole, and is found or collected wrongly.
        case disorder
        /// Objects that take room and mean nothing.
        case litter
        /// Something that is not at rest, and needs nothing of the bank.
        case notice
    }

    /// The stable names of all that a check finds.
    package enum Kind: String, Sendable, CaseIterable {
        case recordMissing = "record-missing"
        case recordDamaged = "record-damaged"
        case unreadable = "object-unreadable"
        case recordsDisagree = "records-disagree"
        case partMissing = "part-missing"
        case partDamaged = "part-damaged"
        case contentDamaged = "content-damaged"
        case entryMissing = "entry-missing"
        case entryStray = "entry-stray"
        case entryDamaged = "entry-damaged"
        case entryUndated = "entry-undated"
        case markerMissing = "marker-missing"
        case markerDamaged = "marker-damaged"
        case markerStale = "marker-stale"
        case markerAlone = "marker-alone"
        case orphan
        case litter
        case leftover
        case strayObject = "stray-object"
        case staleTemporaries = "stale-temporaries"
        case unfinished
        case rehearsalCutOff = "rehearsal-cut-off"
        case deletionUnfinished = "deletion-unfinished"
        case operationUnfinished = "operation-unfinished"
        case useStale = "use-stale"
        case leaseExpired = "lease-expired"
        case reserveMissing = "reserve-missing"
    }

    /// Where a repair has led to.
    package enum State: String, Sendable, CaseIterable {
        /// It was found, and nothing was done.
        case found
        /// It is as it should be now.
        case mended
        /// It could not be mended.
        case failed
    }

    package let kind: Kind
    /// The object, or the key below which several lie.
    package let key: String
    package let checkpoint: CheckpointID?
    /// What is the matter, in a sentence without its beginning.
    package let message: String
    package var state = State.found
    /// Why it could not be mended; empty else.
    package var failure = ""

    package init(_ kind: Kind, _ key: some CustomStringConvertible, _ checkpoint: CheckpointID?, _ message: String) {
        self.kind = kind
        self.key = key.description
        self.checkpoint = checkpoint
        self.message = message
    }

    /// Whether something is left to be done about it.
    package var isLeft: Bool { state != .mended && kind.severity != .notice }
}

extension BankFinding.Kind {
    package var severity: BankFinding.Severity {
        switch self {
        case .recordMissing, .recordDamaged, .unreadable, .recordsDisagree, .partMissing, .partDamaged, .contentDamaged:
            .damage
        case .entryMissing, .entryStray, .entryDamaged, .markerMissing, .markerDamaged, .markerStale: .disorder
        case .orphan, .litter, .leftover, .strayObject, .staleTemporaries: .litter
        case .entryUndated, .markerAlone, .unfinished, .rehearsalCutOff, .deletionUnfinished, .operationUnfinished,
            .useStale, .leaseExpired, .reserveMissing:
            .notice
        }
    }

    /// What it means, for people.
    package var meaning: String {
        switch self {
        case .recordMissing: "an object is gone that others name"
        case .recordDamaged: "a record is not what was written"
        case .unreadable: "an object cannot be read here, so that nobody knows whether it is whole"
        case .recordsDisagree: "two records that must say the same do not"
        case .partMissing: "bytes of an artifact are gone: what they belong to cannot be restored"
        case .partDamaged: "bytes of an artifact have changed: what they belong to cannot be restored"
        case .contentDamaged: "an artifact's parts are whole, and together not what was saved: it cannot be restored"
        case .entryMissing: "an index does not name the checkpoint, so that listings may pass over it"
        case .entryStray: "an index names a checkpoint that is not there, or not what the index says"
        case .entryDamaged: "an index entry does not hold the id that it stands for"
        case .entryUndated: "an index entry lies where earlier programs wrote it, which makes listings slow"
        case .markerMissing: "nothing tells the collector of garbage that there is something to finish"
        case .markerDamaged: "a marker does not hold the id that it stands for"
        case .markerStale: "a marker was left by a run that ended behind its commit record"
        case .markerAlone: "a marker was left by a run that ended before its first record"
        case .orphan: "objects lie below a checkpoint's key that has no index.json"
        case .litter: "objects lie in a checkpoint that no record of it names"
        case .leftover: "objects of another attempt lie in a checkpoint that needs them no more"
        case .strayObject: "an object lies where a bank has none"
        case .staleTemporaries: "files were half-written when their writers crashed"
        case .unfinished: "a run was cut off, and what it quiesced may still stand still"
        case .rehearsalCutOff: "a rehearsal was cut off, and has left its checkpoint"
        case .deletionUnfinished: "a checkpoint is half deleted, and nobody goes on with it"
        case .operationUnfinished: "a restore or verification was cut off"
        case .useStale: "a reader of the checkpoint is gone and has left its mark, or who it is cannot be read"
        case .leaseExpired: "the owner of a lease is gone"
        case .reserveMissing: "no room is set aside by which the bank could be cleaned up when it is full"
        }
    }

    /// What a repair does about it; `nil` where it does nothing.
    package var repair: String? {
        switch self {
        case .entryMissing: "writes the entry"
        case .entryStray: "removes the entry"
        case .entryDamaged: "writes the entry anew"
        case .entryUndated: "writes the entry in its day, and removes the old one"
        case .markerMissing: "writes the marker, so that 'cairn gc' goes on"
        case .markerDamaged: "writes the marker anew"
        case .leftover: "writes the marker, so that 'cairn gc' removes them"
        case .markerStale: "writes the entries and removes the marker, unless there is litter"
        case .staleTemporaries: "removes them"
        default: nil
        }
    }

    /// What a person does about it where a repair does nothing.
    package var advice: String {
        switch self {
        case .recordMissing, .recordDamaged, .recordsDisagree, .partMissing, .partDamaged, .contentDamaged:
            "restore it from a copy of the bank, or 'cairn delete ID --force'; and see how the storage does"
        case .rehearsalCutOff, .deletionUnfinished, .useStale, .reserveMissing: "'cairn gc'"
        // What may still be on its way is left alone for a day.
        case .markerAlone, .orphan, .leaseExpired: "'cairn gc', a day after it was last written"
        case .unreadable: "give it back to the user to whom the bank belongs, and see how the storage does"
        case .unfinished: "'cairn resume ID', or 'cairn gc'"
        case .operationUnfinished: "'cairn gc'"
        case .leftover: "'cairn bank check --repair', and then 'cairn gc'"
        case .litter, .strayObject: "look at it and remove it: no program of this bank does"
        default: "'cairn bank check --repair'"
        }
    }
}

extension BankFinding {
    /// A finding about an object that a bank could not give; `nil` for a failure that concerns the whole store.
    init?(_ error: BankError, _ checkpoint: CheckpointID?) {
        if let (key, reason) = error.unreadable {
            self.init(.unreadable, key, checkpoint, "cannot be read: \(reason)")
        } else if let (key, reason) = error.faultOfOneObject {
            self.init(.recordDamaged, key, checkpoint, reason)
        } else {
            return nil
        }
    }

    /// A finding about a record that cannot be used; `key` is where it was looked for.
    init(_ error: CheckpointError, at key: BankKey, _ checkpoint: CheckpointID?) {
        if case .unreadable(let key, let reason) = error {
            self.init(.unreadable, key, checkpoint, "cannot be read: \(reason)")
        } else {
            self.init(.recordDamaged, error.key ?? key, checkpoint, "cannot be read: \(error.reason)")
        }
    }
}
