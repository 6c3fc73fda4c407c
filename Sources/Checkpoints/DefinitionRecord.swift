package import CanonicalForm
package import PluginKit

/// The protection definition of one resource: what its plugin saved, and its artifacts.
package struct DefinitionRecord: Sendable, Hashable {
    /// The format of version 1, which had an object for each resource.
    static let format = "cairn.definition"

    /// `TYPE#ID`
    package let resource: String
    package let plugin: String
    package let pluginDigest: SHA256Digest
    /// What the plugin's hooks returned.
    package let definition: JSONObject
    package let artifacts: [Artifact]
    package let warnings: WarningList

    /// A finished artifact, with where it lies and the digest of its record: a reader refuses any other.
    package struct Artifact: Sendable, Hashable {
        package let summary: ArtifactSummary
        /// The epoch that it was written in.
        package let epoch: UInt32
        /// SHA-256 of the bytes of `artifact.json`.
        package let record: SHA256Digest

        package init(summary: ArtifactSummary, epoch: UInt32, record: SHA256Digest) {
            self.summary = summary
            self.epoch = epoch
            self.record = record
        }

        /// Reads an artifact; `epoch` stands for a member that version 1 did not have.
        init(_ object: JSONObject, epoch: UInt32?) throws(SealedRecordError) {
            summary = ArtifactSummary(
                name: try object.string("name"), size: try object.integer("size"), digest: try object.digest("digest"))
            if let epoch { self.epoch = epoch } else { self.epoch = try object.uint32("epoch") }
            record = try object.digest("record")
        }

        var json: JSONObject {
            [
                "name": .string(summary.name), "size": .integer(summary.size),
                "digest": .string(summary.digest.description), "epoch": .integer(Int64(epoch)),
                "record": .string(record.description),
            ]
        }
    }

    package init(
        resource: String, plugin: String, pluginDigest: SHA256Digest, definition: JSONObject, artifacts: [Artifact],
        warnings: WarningList
    ) {
        self.resource = resource
        self.plugin = plugin
        self.pluginDigest = pluginDigest
        self.definition = definition
        self.artifacts = artifacts
        self.warnings = warnings
    }

    /// Opens the object that version 1 had for each resource.
    package init(openingVersion1 bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        try self.init(content, epoch: try content.uint32("epoch"))
    }

    init(_ content: JSONObject, epoch: UInt32? = nil) throws(SealedRecordError) {
        resource = try content.string("resource")
        plugin = try content.string("plugin")
        pluginDigest = try content.digest("pluginDigest")
        definition = try content.object("definition")
        var list: [Artifact] = []
        for value in try content.array("artifacts") {
            guard let object = value.objectValue else { throw .malformed(member: "artifacts", expected: "objects") }
            list.append(try Artifact(object, epoch: epoch))
        }
        artifacts = list
        warnings = try WarningList(try content.object("warnings"))
    }

    /// The bytes of all artifacts.
    package var storedBytes: Int64 { artifacts.reduce(0) { $0 + $1.summary.size } }
}

/// `e<n>/definitions/<8>.json`: the protection definitions of some resources that follow each other in the IR.
///
/// Together they cost a write, and one of them is found without reading the others: pack `k` has the resources from
/// `k * length` on.
package struct DefinitionPack: Sendable, Hashable {
    package static let format = "cairn.definitions"
    package static let version: Int64 = 1
    /// How many resources a pack has, the last one excepted.
    package static let length = 512

    package let checkpoint: CheckpointID
    package let number: UInt32
    package let definitions: [DefinitionRecord]

    package init(checkpoint: CheckpointID, number: UInt32, definitions: [DefinitionRecord]) {
        self.checkpoint = checkpoint
        self.number = number
        self.definitions = definitions
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: Self.version).content
        checkpoint = try content.checkpointID("checkpoint")
        number = try content.uint32("pack")
        var list: [DefinitionRecord] = []
        for value in try content.array("definitions") {
            guard let object = value.objectValue else { throw .malformed(member: "definitions", expected: "objects") }
            list.append(try DefinitionRecord(object))
        }
        definitions = list
    }
}
