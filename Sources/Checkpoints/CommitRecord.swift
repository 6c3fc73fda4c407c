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

/// `commit.json`: how a protect run ended. Its one write is what makes a checkpoint.
package struct CommitRecord: Sendable, Hashable {
    package static let format = "cairn.commit"

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
        /// The epoch in which its definition and artifacts lie.
        package let epoch: UInt32
        /// The digest of the definition record; `nil` when there is none.
        package let definition: SHA256Digest?
        /// The bytes of its artifacts in the bank.
        package let bytes: Int64
        package let warnings: Int64

        package init(
            resource: String, status: Status, epoch: UInt32, definition: SHA256Digest?, bytes: Int64, warnings: Int64
        ) {
            self.resource = resource
            self.status = status
            self.epoch = epoch
            self.definition = definition
            self.bytes = bytes
            self.warnings = warnings
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

    package init(
        checkpoint: CheckpointID, epoch: UInt32, status: CheckpointStatus, finished: Timestamp,
        resources: [ResourceEntry], failures: [ResourceFailure], contentBytes: Int64, journalSegments: UInt32
    ) {
        self.checkpoint = checkpoint
        self.epoch = epoch
        self.status = status
        self.finished = finished
        self.resources = resources
        self.failures = failures
        self.contentBytes = contentBytes
        self.journalSegments = journalSegments
    }

    /// The bytes of all artifacts in the bank.
    package var storedBytes: Int64 { resources.reduce(0) { $0 + $1.bytes } }
    package var warningCount: Int64 { resources.reduce(0) { $0 + $1.warnings } }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
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
        for value in try content.array("resources") {
            guard let object = value.objectValue else { throw .malformed(member: "resources", expected: "objects") }
            guard let status = ResourceEntry.Status(rawValue: try object.string("status")) else {
                throw .malformed(member: "resources.status", expected: "a resource status")
            }
            entries.append(
                ResourceEntry(
                    resource: try object.string("resource"), status: status, epoch: try object.uint32("epoch"),
                    definition: object["definition"] == .null ? nil : try object.digest("definition"),
                    bytes: try object.integer("bytes"), warnings: try object.integer("warnings")))
        }
        resources = entries
        var failures: [ResourceFailure] = []
        for value in try content.array("failures") {
            guard let object = value.objectValue else { throw .malformed(member: "failures", expected: "objects") }
            failures.append(try ResourceFailure(object))
        }
        self.failures = failures
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "epoch": .integer(Int64(epoch)),
                "status": .string(status.rawValue),
                "finished": .string(finished.description), "contentBytes": .integer(contentBytes),
                "journalSegments": .integer(Int64(journalSegments)),
                "failures": .array(failures.map(\.json)),
                "resources": .array(
                    resources.map {
                        [
                            "resource": .string($0.resource), "status": .string($0.status.rawValue),
                            "epoch": .integer(Int64($0.epoch)),
                            "definition": $0.definition.map { .string($0.description) } ?? .null,
                            "bytes": .integer($0.bytes), "warnings": .integer($0.warnings),
                        ]
                    }),
            ])
    }
}

/// What a checkpoint is good for; derived from what is in the bank, never stored twice.
package enum CheckpointStatus: String, Sendable, Hashable, CaseIterable {
    /// No commit record yet, and its executor lives.
    case protecting
    /// Committed whole: it can be restored.
    case available
    /// Committed as failed, or its executor is gone.
    case error
    /// It has a tombstone.
    case deleting
    /// It has a tombstone, and the last attempt to delete it failed.
    case errorDeleting = "error-deleting"
    /// One of its records cannot be read; what it says is named with it.
    case damaged
}

/// `tombstone.json`: the checkpoint is being deleted and counts no more.
package struct Tombstone: Sendable, Hashable {
    package static let format = "cairn.tombstone"

    package let checkpoint: CheckpointID
    package let plan: String
    package let provider: String
    package let created: Timestamp
    package let marked: Timestamp
    package let owner: Owner
    /// Why the last attempt failed, if it did.
    package let failure: ResourceFailure?

    package init(
        checkpoint: CheckpointID, plan: String, provider: String, created: Timestamp, marked: Timestamp, owner: Owner,
        failure: ResourceFailure?
    ) {
        self.checkpoint = checkpoint
        self.plan = plan
        self.provider = provider
        self.created = created
        self.marked = marked
        self.owner = owner
        self.failure = failure
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
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
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "plan": .string(plan), "provider": .string(provider),
                "created": .string(created.description), "marked": .string(marked.description), "owner": owner.json,
                "failure": failure?.json ?? .null,
            ])
    }
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
