package import Bank
package import CanonicalForm

/// Why a label, a note or a pin is refused.
package enum AnnotationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is no label's key.
    case invalidKey(String)
    /// The value cannot be a label's.
    case invalidValue(key: String, reason: String)
    /// There would be too many labels.
    case tooManyLabels(Int)
    /// The note cannot be kept.
    case invalidNote(reason: String)
    /// The reason of a pin cannot be kept.
    case invalidReason(String)
    /// The checkpoint is being deleted.
    case beingDeleted(CheckpointID)
    /// What was said before cannot be read, and is not replaced unasked.
    case damaged(CheckpointID, BankKey, reason: String)
    /// Others change the labels all the time.
    case contended(CheckpointID)

    package var description: String {
        switch self {
        case .invalidKey(let key):
            "'\(key)' is no key of a label: it has 1 to 63 of a-z 0-9 . _ / - and begins and ends with a letter or digit"
        case .invalidValue(let key, let reason): "the value of the label '\(key)' cannot be kept: \(reason)"
        case .tooManyLabels(let count):
            "a checkpoint has at most \(CheckpointLabels.mostLabels) labels, and would have \(count)"
        case .invalidNote(let reason): "the note cannot be kept: \(reason)"
        case .invalidReason(let reason): "the reason of the pin cannot be kept: \(reason)"
        case .beingDeleted(let id):
            "checkpoint \(id.text) is being deleted, and what is said of it now may come too late; look what becomes of it "
                + "with 'cairn checkpoints show \(id.text)', and say it again if it stays"
        case .damaged(let id, let key, let reason):
            "bank object '\(key)' is damaged: \(reason); what was said of checkpoint \(id.text) cannot be read any more; "
                + "--replace-damaged writes anew what you say now, with all labels and the note of before lost"
        case .contended(let id):
            "the labels of checkpoint \(id.text) are being changed by others all the time; try again"
        }
    }
}

/// `labels.json`: what people have said of a checkpoint; the only record of one that may change.
package struct CheckpointLabels: Sendable, Hashable {
    package static let format = "cairn.labels"
    /// How many labels a checkpoint has at most.
    package static let mostLabels = 64
    /// The longest value of a label, in bytes.
    package static let longestValue = 256
    /// The longest note, in bytes.
    package static let longestNote = 4096

    /// Values by key.
    package private(set) var labels: [String: String] = [:]
    /// A note for people; empty when there is none.
    package private(set) var note = ""

    package init() {}

    /// Whether it says nothing.
    package var isEmpty: Bool { labels.isEmpty && note.isEmpty }

    /// The labels in the order of their keys.
    package var sorted: [(key: String, value: String)] {
        labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    /// Sets a label.
    package mutating func set(_ key: String, _ value: String) throws(AnnotationError) {
        try Self.check(key: key)
        if value.utf8.count > Self.longestValue {
            throw .invalidValue(key: key, reason: "it has more than \(Self.longestValue) bytes")
        }
        if value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw .invalidValue(key: key, reason: "it has control characters in it")
        }
        labels[key] = value
        if labels.count > Self.mostLabels { throw .tooManyLabels(labels.count) }
    }

    /// Removes a label; one that is not there is no error.
    package mutating func remove(_ key: String) throws(AnnotationError) {
        try Self.check(key: key)
        labels[key] = nil
    }

    /// Replaces the note; an empty one removes it.
    package mutating func setNote(_ text: String) throws(AnnotationError) {
        if text.utf8.count > Self.longestNote {
            throw .invalidNote(reason: "it has more than \(Self.longestNote) bytes")
        }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && $0 != "\n" }) {
            throw .invalidNote(reason: "it has control characters in it")
        }
        note = text
    }

    /// Refuses what is no key of a label.
    package static func check(key: String) throws(AnnotationError) {
        let isWord = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard (1...63).contains(key.utf8.count), let first = key.utf8.first, let last = key.utf8.last, isWord(first),
            isWord(last), key.utf8.allSatisfy({ isWord($0) || "._/-".utf8.contains($0) })
        else { throw .invalidKey(key) }
    }

    package init(opening bytes: [UInt8], of checkpoint: CheckpointID) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        guard try content.checkpointID("checkpoint") == checkpoint else {
            throw .malformed(member: "checkpoint", expected: "that of its key")
        }
        note = try content.string("note")
        for member in try content.object("labels").members {
            guard let text = member.value.stringValue else { throw .malformed(member: "labels", expected: "texts") }
            labels[member.key] = text
        }
    }

    /// The record of a checkpoint's labels, as it is stored.
    package func record(of checkpoint: CheckpointID, changed: Timestamp) -> SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "changed": .string(changed.description),
                "labels": .object(JSONObject(sorted.map { ($0.key, .string($0.value)) })), "note": .string(note),
            ])
    }
}

/// `pin.json`: that nothing deletes a checkpoint by itself, and who wanted that.
package struct PinRecord: Sendable, Hashable {
    package static let format = "cairn.pin"

    package let checkpoint: CheckpointID
    /// Who pinned it: a user and a host.
    package let by: String
    package let pinned: Timestamp
    /// Why; may be empty.
    package let reason: String

    package init(checkpoint: CheckpointID, by: String, pinned: Timestamp, reason: String) {
        self.checkpoint = checkpoint
        self.by = by
        self.pinned = pinned
        self.reason = reason
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        checkpoint = try content.checkpointID("checkpoint")
        by = try content.string("by")
        pinned = try content.timestamp("pinned")
        reason = try content.string("reason")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "by": .string(by), "pinned": .string(pinned.description),
                "reason": .string(reason),
            ])
    }
}

/// What people have said of a checkpoint: labels, a note, a pin.
package struct CheckpointAnnotations: Sendable, Hashable {
    /// Labels and note.
    package var texts = CheckpointLabels()
    /// The pin; `nil` also for one that cannot be read, which `isPinned` tells.
    package var pin: PinRecord?
    /// Whether there is a pin, legible or not.
    package var isPinned = false
    /// The records that could not be read.
    package var faults: [String] = []

    package init() {}

    /// Values by key.
    package var labels: [String: String] { texts.labels }
    /// The note; empty when there is none.
    package var note: String { texts.note }
}
