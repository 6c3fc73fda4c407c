package import CanonicalForm
package import PluginKit

/// The process that runs an operation; written into what it makes, so that a run whose process is gone can be told.
package struct Owner: Sendable, Hashable {
    /// A random id, new for each process.
    package let id: String
    package let host: String
    package let process: Int64
    /// Tells two boots of one host apart.
    package let boot: String
    /// When the process began, in the kernel's ticks since boot: a process id alone may be used again.
    package let processStart: Int64
    /// Tells containers apart, in which the same process id is another process.
    package let namespace: String
    /// Tells machines apart that bear the same name; `nil` where the process could not know it for certain.
    package let machine: String?

    package init(
        id: String, host: String, process: Int64, boot: String, processStart: Int64, namespace: String,
        machine: String? = nil
    ) {
        self.id = id
        self.host = host
        self.process = process
        self.boot = boot
        self.processStart = processStart
        self.namespace = namespace
        self.machine = machine
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        id = try object.string("id")
        host = try object.string("host")
        process = try object.integer("process")
        boot = try object.string("boot")
        processStart = try object.integer("processStart")
        namespace = try object.string("namespace")
        machine = object["machine"] == nil ? nil : try object.string("machine")
    }

    var json: JSONValue {
        var members: JSONObject = [
            "id": .string(id), "host": .string(host), "process": .integer(process), "boot": .string(boot),
            "processStart": .integer(processStart), "namespace": .string(namespace),
        ]
        members["machine"] = machine.map { .string($0) }
        return .object(members)
    }
}

/// Where a checkpoint was copied from.
package struct CheckpointOrigin: Sendable, Hashable {
    /// The id of the bank.
    package let bank: String
    /// The provider whose bank it was.
    package let provider: String
    /// When the copy was begun.
    package let copied: Timestamp

    package init(bank: String, provider: String, copied: Timestamp) {
        self.bank = bank
        self.provider = provider
        self.copied = copied
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        bank = try object.string("bank")
        provider = try object.string("provider")
        copied = try object.timestamp("copied")
    }

    package var json: JSONValue {
        ["bank": .string(bank), "provider": .string(provider), "copied": .string(copied.description)]
    }
}

/// `index.json`: what a checkpoint is, written once when it is created.
package struct CheckpointIndex: Sendable, Hashable {
    package static let format = "cairn.checkpoint"

    package let id: CheckpointID
    package let plan: String
    package let provider: String
    package let created: Timestamp
    package let owner: Owner
    package let irDigest: SHA256Digest
    /// The number of resources.
    package let resources: Int64
    /// Where it was copied from; `nil` when it was made in this bank.
    package let origin: CheckpointOrigin?
    /// Whether it was made to be tried out and deleted: it is never the last checkpoint of its plan, and no retention
    /// counts it.
    package let isRehearsal: Bool

    package init(
        id: CheckpointID, plan: String, provider: String, created: Timestamp, owner: Owner, irDigest: SHA256Digest,
        resources: Int64, origin: CheckpointOrigin? = nil, isRehearsal: Bool = false
    ) {
        self.id = id
        self.plan = plan
        self.provider = provider
        self.created = created
        self.owner = owner
        self.irDigest = irDigest
        self.resources = resources
        self.origin = origin
        self.isRehearsal = isRehearsal
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let sealed = try SealedRecord(opening: bytes, format: Self.format, versions: 1...2)
        let content = sealed.content
        id = try content.checkpointID("id")
        plan = try content.string("plan")
        isRehearsal = content["rehearsal"]?.boolValue ?? false
        provider = try content.string("provider")
        created = try content.timestamp("created")
        owner = try Owner(try content.object("owner"))
        irDigest = try content.digest("ir")
        resources = try content.integer("resources")
        origin = sealed.version == 1 ? nil : try CheckpointOrigin(try content.object("origin"))
    }

    /// The command that copies a copy again, or goes on with it; `nil` for what was made in this bank.
    package var copyAgain: String? {
        origin.map { "cairn copy \(id.text) --provider \($0.provider) --to \(provider)" }
    }

    package var record: SealedRecord {
        var content: JSONObject = [
            "id": .string(id.text), "plan": .string(plan), "provider": .string(provider),
            "created": .string(created.description), "owner": owner.json, "ir": .string(irDigest.description),
            "resources": .integer(resources),
        ]
        if isRehearsal { content["rehearsal"] = true }
        // What was made here is written as programs without copies wrote it, and read by them.
        guard let origin else { return SealedRecord(format: Self.format, version: 1, content) }
        content["origin"] = origin.json
        return SealedRecord(format: Self.format, version: 2, content)
    }
}

/// `epochs/<n>.json`: who runs a checkpoint's operation, or goes on with a restore or a verification, and since when. Of the
/// latter, the first epoch has none: the index record says who runs it.
package struct EpochRecord: Sendable, Hashable {
    /// What is run in epochs.
    package enum Subject: String, Sendable, Hashable, CaseIterable {
        case checkpoint
        /// A restore or a verification.
        case operation

        var format: String {
            switch self {
            case .checkpoint: "cairn.epoch"
            case .operation: "cairn.operation-epoch"
            }
        }
    }

    package let subject: Subject
    /// The id of the checkpoint or the operation.
    package let id: CheckpointID
    package let epoch: UInt32
    package let owner: Owner
    package let started: Timestamp

    package init(of subject: Subject = .checkpoint, _ id: CheckpointID, epoch: UInt32, owner: Owner, started: Timestamp)
    {
        self.subject = subject
        self.id = id
        self.epoch = epoch
        self.owner = owner
        self.started = started
    }

    package init(opening bytes: [UInt8], of subject: Subject = .checkpoint) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: subject.format, version: 1).content
        self.subject = subject
        id = try content.checkpointID(subject.rawValue)
        epoch = try content.uint32("epoch")
        owner = try Owner(try content.object("owner"))
        started = try content.timestamp("started")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: subject.format, version: 1,
            [
                subject.rawValue: .string(id.text), "epoch": .integer(Int64(epoch)), "owner": owner.json,
                "started": .string(started.description),
            ])
    }
}

/// What an activity had to say although it went on: the first few in full, and how many there were.
package struct WarningList: Sendable, Hashable {
    /// How many warnings are kept in full.
    package static let listed = 1000

    package private(set) var count: Int64 = 0
    package private(set) var warnings: [ActivityWarning] = []

    package init() {}

    package mutating func add(_ warning: ActivityWarning) {
        count += 1
        if warnings.count < Self.listed { warnings.append(warning) }
    }

    /// Takes in the warnings of another list.
    package mutating func add(_ other: WarningList) {
        guard other.count > 0 else { return }
        warnings += other.warnings.prefix(max(0, Self.listed - warnings.count))
        count += other.count
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        count = try object.integer("count")
        for value in try object.array("first") {
            guard let object = value.objectValue else { throw .malformed(member: "first", expected: "objects") }
            warnings.append(
                ActivityWarning(
                    kind: try object.string("kind"), subject: try object.string("subject"),
                    message: try object.string("message")))
        }
    }

    var json: JSONValue {
        [
            "count": .integer(count),
            "first": .array(
                warnings.map {
                    ["kind": .string($0.kind), "subject": .string($0.subject), "message": .string($0.message)]
                }),
        ]
    }
}
