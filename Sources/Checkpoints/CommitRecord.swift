package import Bank
package import CanonicalForm

/// Why an operation failed at one resource.
package struct ResourceFailure: Sendable, Hashable, CustomStringConvertible {
    /// `TYPE#ID`, or empty when the failure is of no one resource.
    package let resource: String
    /// The hook that failed, or empty.
    package let hook: String
    package let message: String

    package init(resource: String, hook: String, message: String) {
        self.resource = resource
        self.hook = hook
        self.message = message
    }

    /// That what a resource's hooks had begun could not be undone.
    package init(revertOf resource: String, message: String) {
        self.init(resource: resource, hook: Self.revert, message: message)
    }

    /// What stands in the place of a hook when undoing failed.
    private static let revert = "revert"

    /// Whether it was undoing that failed, so that something may still stand still.
    package var isOfRevert: Bool { hook == Self.revert }

    package var description: String {
        resource.isEmpty ? message : "\(resource), \(hook): \(message)"
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        resource = try object.string("resource")
        hook = try object.string("hook")
        message = try object.string("message")
    }

    var json: JSONValue {
        ["resource": .string(resource), "hook": .string(hook), "message": .string(message)]
    }
}

/// `commits/<n>.json`: how a protect run ended. Its one write is what makes a checkpoint.
package struct CommitRecord: Sendable, Hashable {
    package static let format = "cairn.commit"
    package static let version: Int64 = 2

    /// How the run of one resource ended.
    package struct ResourceEntry: Sendable, Hashable {
        /// The words for a resource's status.
        package enum Status: String, Sendable {
            /// All hooks did their work, and the definition is in the bank.
            case available
            /// A hook failed.
            case error
            /// The run ended before the resource was done.
            case incomplete
        }

        /// `TYPE#ID`
        package let resource: String
        package let status: Status
        /// The hook that failed; empty when none did.
        package let hook: String
        /// Why it failed; empty when it did not.
        package let message: String
        /// The bytes of its artifacts in the bank.
        package let bytes: Int64
        /// Bytes of content handled, before compression.
        package let contentBytes: Int64
        package let warnings: Int64
        /// How long the last attempt at each hook took, in milliseconds, in the order of the hooks; -1 for a hook that
        /// did not end. Empty when that is not known.
        package let milliseconds: [Int64]

        package init(
            resource: String, status: Status, hook: String = "", message: String = "", bytes: Int64,
            contentBytes: Int64, warnings: Int64, milliseconds: [Int64]
        ) {
            self.resource = resource
            self.status = status
            self.hook = hook
            self.message = message
            self.bytes = bytes
            self.contentBytes = contentBytes
            self.warnings = warnings
            self.milliseconds = milliseconds
        }
    }

    /// Where the protection definitions lie.
    package enum Definitions: Sendable, Hashable {
        /// In packs below the committing epoch, with the digest of each one's bytes.
        case packs([SHA256Digest])
        /// As version 1 had them: an object for each resource, with its epoch and the digest of its bytes, where there
        /// is one.
        case objects([(epoch: UInt32, digest: SHA256Digest?)])

        package static func == (a: Definitions, b: Definitions) -> Bool {
            switch (a, b) {
            case (.packs(let a), .packs(let b)): a == b
            case (.objects(let a), .objects(let b)): a.elementsEqual(b) { $0 == $1 }
            default: false
            }
        }

        package func hash(into hasher: inout Hasher) {
            switch self {
            case .packs(let digests): hasher.combine(digests)
            case .objects(let objects): for object in objects { hasher.combine(object.digest) }
            }
        }
    }

    package let checkpoint: CheckpointID
    package let epoch: UInt32
    /// `available` or `error`.
    package let status: CheckpointStatus
    package let finished: Timestamp
    /// The resources in the order of the IR.
    package let resources: [ResourceEntry]
    package let failures: [ResourceFailure]
    /// Bytes of content handled, before compression.
    package let contentBytes: Int64
    /// How many segments the epoch's journal has, so that a lost one is noticed.
    package let journalSegments: UInt32
    package let definitions: Definitions

    package init(
        checkpoint: CheckpointID, epoch: UInt32, status: CheckpointStatus, finished: Timestamp,
        resources: [ResourceEntry], failures: [ResourceFailure], contentBytes: Int64, journalSegments: UInt32,
        definitions: Definitions
    ) {
        self.checkpoint = checkpoint
        self.epoch = epoch
        self.status = status
        self.finished = finished
        self.resources = resources
        self.failures = failures
        self.contentBytes = contentBytes
        self.journalSegments = journalSegments
        self.definitions = definitions
    }

    /// Where the record lies.
    package var key: BankKey {
        if case .objects = definitions { return CheckpointKeys(checkpoint).onlyCommit }
        return CheckpointKeys(checkpoint).commit(ofEpoch: epoch)
    }

    /// The bytes of all artifacts in the bank.
    package var storedBytes: Int64 { resources.reduce(0) { $0 + $1.bytes } }
    package var warningCount: Int64 { resources.reduce(0) { $0 + $1.warnings } }

    /// Of a run that failed, what its own reverts could not undo: it may still stand still, and its notes are due.
    package var dueReverts: [ResourceFailure] { status == .error ? failures.filter(\.isOfRevert) : [] }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        if let record = CommitRecord(spelledAsWritten: bytes) {
            self = record
            return
        }
        let content = try SealedRecord(opening: bytes).content
        let found = (content["format"]?.stringValue ?? "?", content["version"]?.integerValue ?? -1)
        guard found.0 == Self.format, (1...Self.version).contains(found.1) else {
            throw .unknownFormat(found: "\(found.0) \(found.1)", expected: "\(Self.format) \(Self.version)")
        }
        checkpoint = try content.checkpointID("checkpoint")
        epoch = try content.uint32("epoch")
        guard let status = CheckpointStatus(rawValue: try content.string("status")),
            status == .available || status == .error
        else { throw .malformed(member: "status", expected: "available or error") }
        self.status = status
        finished = try content.timestamp("finished")
        contentBytes = try content.integer("contentBytes")
        journalSegments = try content.uint32("journalSegments")
        var entries: [ResourceEntry] = []
        var objects: [(epoch: UInt32, digest: SHA256Digest?)] = []
        for value in try content.array("resources") {
            guard let object = value.objectValue else { throw .malformed(member: "resources", expected: "objects") }
            entries.append(try ResourceEntry(object, version: found.1))
            if found.1 == 1 {
                objects.append(
                    (try object.uint32("epoch"), object["definition"] == .null ? nil : try object.digest("definition")))
            }
        }
        resources = entries
        if found.1 == 1 {
            definitions = .objects(objects)
        } else {
            var digests: [SHA256Digest] = []
            for value in try content.array("definitions") {
                guard let digest = value.stringValue.flatMap({ SHA256Digest($0) }) else {
                    throw .malformed(member: "definitions", expected: "SHA-256 digests")
                }
                digests.append(digest)
            }
            definitions = .packs(digests)
        }
        var failures: [ResourceFailure] = []
        for value in try content.array("failures") {
            guard let object = value.objectValue else { throw .malformed(member: "failures", expected: "objects") }
            failures.append(try ResourceFailure(object))
        }
        self.failures = failures
    }
}

extension CommitRecord.ResourceEntry {
    init(_ object: JSONObject, version: Int64) throws(SealedRecordError) {
        guard let status = Status(rawValue: try object.string("status")) else {
            throw .malformed(member: "resources.status", expected: "a resource status")
        }
        var milliseconds: [Int64] = []
        if version > 1 {
            for value in try object.array("ms") {
                guard let value = value.integerValue else { throw .malformed(member: "ms", expected: "integers") }
                milliseconds.append(value)
            }
        }
        self.init(
            resource: try object.string("resource"), status: status,
            hook: object["hook"] == nil ? "" : try object.string("hook"),
            message: object["message"] == nil ? "" : try object.string("message"),
            bytes: try object.integer("bytes"),
            contentBytes: version > 1 ? try object.integer("contentBytes") : 0,
            warnings: try object.integer("warnings"), milliseconds: milliseconds)
    }
}

/// What a checkpoint is good for; derived from what is in the bank, never stored twice.
package enum CheckpointStatus: String, Sendable, Hashable, CaseIterable {
    /// No commit record yet, and its executor lives.
    case protecting
    /// It is to be a copy, and nobody has begun to copy its content; its copier lives.
    case waitCopying = "wait-copying"
    /// It is being copied from another bank, and its copier lives.
    case copying
    /// Committed whole: it can be restored.
    case available
    /// Committed as failed, or its executor or copier is gone.
    case error
    /// It has a tombstone.
    case deleting
    /// It has a tombstone, and the last attempt to delete it failed.
    case errorDeleting = "error-deleting"
    /// One of its records cannot be read; what it says is named with it.
    case damaged

    /// Whether it is marked for deletion.
    package var isBeingDeleted: Bool { self == .deleting || self == .errorDeleting }
    /// Whether it is deleted when someone asks for that, without force.
    package var isDeletable: Bool { self == .available || self == .error || isBeingDeleted }
}

extension JSONObject {
    func checkpointID(_ key: String) throws(SealedRecordError) -> CheckpointID {
        guard let id = CheckpointID(try string(key)) else {
            throw .malformed(member: key, expected: "a checkpoint id")
        }
        return id
    }

    func uint32(_ key: String) throws(SealedRecordError) -> UInt32 {
        guard let value = UInt32(exactly: try integer(key)) else {
            throw .malformed(member: key, expected: "a number below 2^32")
        }
        return value
    }

    func timestamp(_ key: String) throws(SealedRecordError) -> Timestamp {
        guard let time = Timestamp(text: try string(key)) else { throw .malformed(member: key, expected: "a time") }
        return time
    }
}
