package import Bank
package import CanonicalForm
package import PluginKit

/// The content of `artifact.json`: what an artifact's parts are and what they add up to.
package struct ArtifactRecord: Sendable, Hashable {
    /// One part.
    package struct Part: Sendable, Hashable {
        /// Its length in bytes.
        package let size: Int64
        /// The digest of its bytes.
        package let digest: SHA256Digest

        package init(size: Int64, digest: SHA256Digest) {
            self.size = size
            self.digest = digest
        }
    }

    /// The name in the record's member `format`.
    package static let formatName = "cairn.artifact"
    /// The format version that this program reads and writes.
    package static let formatVersion: Int64 = 1
    /// The longest part that a record may speak of, in bytes: what a reader has to hold in memory.
    package static let longestPart: Int64 = 1 << 30

    /// Name, length and digest of the whole.
    package let summary: ArtifactSummary
    /// The length of every part but the last, in bytes.
    package let partSize: Int64
    /// The parts in order; none for an empty artifact.
    package let parts: [Part]

    package init(summary: ArtifactSummary, partSize: Int64, parts: [Part]) {
        self.summary = summary
        self.partSize = partSize
        self.parts = parts
    }

    /// The sealed form that is stored.
    package var record: SealedRecord {
        SealedRecord(
            format: ArtifactRecord.formatName, version: ArtifactRecord.formatVersion,
            [
                "name": .string(summary.name), "size": .integer(summary.size),
                // The sealed record's own digest is called `digest`.
                "contentDigest": .string(summary.digest.description),
                "partSize": .integer(partSize),
                "parts": .array(
                    parts.map { ["size": .integer($0.size), "digest": .string($0.digest.description)] }),
            ])
    }

    /// Opens a stored record; throws `ArtifactError.damagedRecord` when it is not one or contradicts itself.
    package init(opening bytes: [UInt8], key: BankKey, name: String) throws {
        do {
            let record = try SealedRecord(
                opening: bytes, format: ArtifactRecord.formatName, version: ArtifactRecord.formatVersion)
            try self.init(content: record.content, name: name)
        } catch {
            throw ArtifactError.damagedRecord(key, reason: "\(error)")
        }
    }

    private init(content: JSONObject, name: String) throws(SealedRecordError) {
        guard try content.string("name") == name else { throw .malformed(member: "name", expected: "'\(name)'") }
        var parts: [Part] = []
        for value in try content.array("parts") {
            guard let part = value.objectValue else { throw .malformed(member: "parts", expected: "objects") }
            parts.append(Part(size: try part.integer("size"), digest: try part.digest("digest")))
        }
        let partSize = try content.integer("partSize")
        let size = try content.integer("size")
        guard (1...ArtifactRecord.longestPart).contains(partSize) else {
            throw .malformed(member: "partSize", expected: "1 to \(ArtifactRecord.longestPart)")
        }
        guard parts.dropLast().allSatisfy({ $0.size == partSize }),
            parts.last.map({ (1...partSize).contains($0.size) }) ?? true
        else { throw .malformed(member: "parts", expected: "parts of partSize bytes, only the last one shorter") }
        guard parts.reduce(0, { $0 + $1.size }) == size else {
            throw .malformed(member: "size", expected: "the sum of the parts' sizes")
        }
        self.init(
            summary: ArtifactSummary(name: name, size: size, digest: try content.digest("contentDigest")),
            partSize: partSize, parts: parts)
    }
}
