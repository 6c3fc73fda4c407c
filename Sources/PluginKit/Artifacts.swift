package import CanonicalForm

/// What a finished artifact is: enough to find it again and to prove that it is whole.
package struct ArtifactSummary: Sendable, Hashable {
    /// The artifact's name within its resource.
    package let name: String
    /// Its length in bytes.
    package let size: Int64
    /// The digest over all of its bytes.
    package let digest: SHA256Digest

    package init(name: String, size: Int64, digest: SHA256Digest) {
        self.name = name
        self.size = size
        self.digest = digest
    }
}

/// Takes the bytes of one artifact, in order; what stands behind it is the bank's business.
///
/// The caller calls one method at a time. An artifact exists only after `finish`; without it, nothing of it counts.
package protocol ArtifactWriter: Sendable {
    /// The chunk length, in bytes, with which writing costs least: the length of a part.
    var preferredChunkLength: Int { get }
    /// Appends bytes; returns when they may be forgotten by the caller, and holds back a caller that is too quick.
    func write(_ bytes: [UInt8]) async throws
    /// Ends the artifact: all of it is durable when this returns.
    func finish() async throws -> ArtifactSummary
}

/// Gives back the bytes of one artifact, in order, each part checked against its digest before it is handed out.
package protocol ArtifactReader: Sendable {
    /// The summary that the artifact was finished with.
    var summary: ArtifactSummary { get }
    /// The next bytes, or `nil` at the end. The end is reached only when the digest over the whole was right too.
    ///
    /// Throws an error that names the damaged bank object.
    func next() async throws -> [UInt8]?
}

/// The place of one resource in one checkpoint: all that a plugin can reach of the bank.
package protocol ArtifactStore: Sendable {
    /// Starts an artifact; `name` has 1 to 64 of `a-z 0-9 . _ -` and is used once per resource.
    func writer(_ name: String) async throws -> any ArtifactWriter
    /// Opens a finished artifact.
    func reader(_ name: String) async throws -> any ArtifactReader
    /// The finished artifacts, in order of their names.
    func artifacts() async throws -> [ArtifactSummary]
    /// Removes an artifact, whole or half-written.
    func remove(_ name: String) async throws
}
