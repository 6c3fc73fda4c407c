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

    package init(id: String, host: String, process: Int64, boot: String, processStart: Int64, namespace: String) {
        self.id = id
        self.host = host
        self.process = process
        self.boot = boot
        self.processStart = processStart
        self.namespace = namespace
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        id = try object.string("id")
        host = try object.string("host")
        process = try object.integer("process")
        boot = try object.string("boot")
        processStart = try object.integer("processStart")
        namespace = try object.string("namespace")
    }

    var json: JSONValue {
        [
            "id": .string(id), "host": .string(host), "process": .integer(process), "boot": .string(boot),
            "processStart": .integer(processStart), "namespace": .string(namespace),
        ]
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

    package init(
        id: CheckpointID, plan: String, provider: String, created: Timestamp, owner: Owner, irDigest: SHA256Digest,
        resources: Int64
    ) {
        self.id = id
        self.plan = plan
        self.provider = provider
        self.created = created
        self.owner = owner
        self.irDigest = irDigest
        self.resources = resources
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        id = try content.checkpointID("id")
        plan = try content.string("plan")
        provider = try content.string("provider")
        created = try content.timestamp("created")
        owner = try Owner(try content.object("owner"))
        irDigest = try content.digest("ir")
        resources = try content.integer("resources")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "id": .string(id.text), "plan": .string(plan), "provider": .string(provider),
                "created": .string(created.description), "owner": owner.json, "ir": .string(irDigest.description),
                "resources": .integer(resources),
            ])
    }
}

/// `epochs/<n>.json`: who runs a checkpoint's operation, and since when.
package struct EpochRecord: Sendable, Hashable {
    package static let format = "cairn.epoch"

    package let checkpoint: CheckpointID
    package let epoch: UInt32
    package let owner: Owner
    package let started: Timestamp

    package init(checkpoint: CheckpointID, epoch: UInt32, owner: Owner, started: Timestamp) {
        self.checkpoint = checkpoint
        self.epoch = epoch
        self.owner = owner
        self.started = started
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        checkpoint = try content.checkpointID("checkpoint")
        epoch = try content.uint32("epoch")
        owner = try Owner(try content.object("owner"))
        started = try content.timestamp("started")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "epoch": .integer(Int64(epoch)), "owner": owner.json,
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

/// `definition.json`: the protection definition of one resource: what its plugin saved, and its artifacts.
package struct DefinitionRecord: Sendable, Hashable {
    package static let format = "cairn.definition"

    /// `TYPE#ID`
    package let resource: String
    package let epoch: UInt32
    package let plugin: String
    package let pluginDigest: SHA256Digest
    /// What the plugin's hooks returned.
    package let definition: JSONObject
    package let artifacts: [Artifact]
    package let warnings: WarningList

    /// A finished artifact, with the digest of its record: a reader refuses any other.
    package struct Artifact: Sendable, Hashable {
        package let summary: ArtifactSummary
        /// SHA-256 of the bytes of `artifact.json`.
        package let record: SHA256Digest

        package init(summary: ArtifactSummary, record: SHA256Digest) {
            self.summary = summary
            self.record = record
        }
    }

    /// The digests of the artifacts' records, by name.
    package var recordDigests: [String: SHA256Digest] {
        Dictionary(artifacts.map { ($0.summary.name, $0.record) }, uniquingKeysWith: { first, _ in first })
    }

    package init(
        resource: String, epoch: UInt32, plugin: String, pluginDigest: SHA256Digest, definition: JSONObject,
        artifacts: [Artifact], warnings: WarningList
    ) {
        self.resource = resource
        self.epoch = epoch
        self.plugin = plugin
        self.pluginDigest = pluginDigest
        self.definition = definition
        self.artifacts = artifacts
        self.warnings = warnings
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        resource = try content.string("resource")
        epoch = try content.uint32("epoch")
        plugin = try content.string("plugin")
        pluginDigest = try content.digest("pluginDigest")
        definition = try content.object("definition")
        var list: [Artifact] = []
        for value in try content.array("artifacts") {
            guard let object = value.objectValue else { throw .malformed(member: "artifacts", expected: "objects") }
            list.append(
                Artifact(
                    summary: ArtifactSummary(
                        name: try object.string("name"), size: try object.integer("size"),
                        digest: try object.digest("digest")), record: try object.digest("record")))
        }
        artifacts = list
        warnings = try WarningList(try content.object("warnings"))
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "resource": .string(resource), "epoch": .integer(Int64(epoch)), "plugin": .string(plugin),
                "pluginDigest": .string(pluginDigest.description), "definition": .object(definition),
                "artifacts": .array(
                    artifacts.map {
                        [
                            "name": .string($0.summary.name), "size": .integer($0.summary.size),
                            "digest": .string($0.summary.digest.description),
                            "record": .string($0.record.description),
                        ]
                    }), "warnings": warnings.json,
            ])
    }

    /// The bytes of all artifacts.
    package var storedBytes: Int64 { artifacts.reduce(0) { $0 + $1.summary.size } }
}
