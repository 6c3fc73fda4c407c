package import Bank
import CanonicalForm
import PluginKit

/// Why an artifact could not be copied, and in which bank the reason lies.
package enum ArtifactCopyError: Error, Sendable, CustomStringConvertible {
    /// The bank that was read from.
    case source(place: String, any Error)
    /// The bank that was written to.
    case target(place: String, any Error)

    package var description: String {
        switch self {
        case .source(let place, let error), .target(let place, let error): "in the bank at \(place): \(error)"
        }
    }

    /// Whether a store failed, so that the same may succeed a little later; damage is not of this kind.
    package var isOfStore: Bool {
        switch self {
        case .target: return true
        case .source(_, let error):
            switch error as? BankError {
            case .storeFailed, .outcomeUnknown: return true
            default: return false
            }
        }
    }
}

/// Copies one artifact into another bank, part for part, under the same record.
///
/// Every part is checked against its digest before it is written, and all of them together against the digest of the
/// whole before the record is. So two copiers that write the same artifact write the same bytes, and one that finds
/// what another has left may go on in its place.
package struct ArtifactCopy: Sendable {
    /// How much was done.
    package struct Tally: Sendable, Hashable {
        /// Bytes that were read from the source and written.
        package var sentBytes: Int64 = 0
        /// Bytes that were there already.
        package var foundBytes: Int64 = 0

        package init() {}
    }

    /// How many bytes of parts may be in memory at once, beside at least one part.
    static let memory: Int64 = 32 << 20
    /// How many parts may be on their way at once.
    static let inFlight: Int64 = 4

    private let artifact: DefinitionRecord.Artifact
    private let source: ArtifactPlace
    private let target: ArtifactPlace
    private let sourcePlace: String
    private let targetPlace: String
    private let writeGuard: any WriteGuard

    /// A copy of the artifact of the resource `identity`, to lie in `epoch` of the same checkpoint in `target`.
    package init(
        _ artifact: DefinitionRecord.Artifact, of identity: String, _ keys: CheckpointKeys, from source: any Bank,
        to target: any Bank, epoch: UInt32, guard writeGuard: any WriteGuard
    ) throws {
        self.artifact = artifact
        let name = artifact.summary.name
        self.source = try ArtifactPlace(
            name,
            in: BankSection(source, below: try keys.artifacts(identity, epoch: artifact.epoch), writable: false))
        self.target = try ArtifactPlace(
            name, in: BankSection(target, below: try keys.artifacts(identity, epoch: epoch), writable: true))
        sourcePlace = source.place
        targetPlace = target.place
        self.writeGuard = writeGuard
    }

    /// Whether anything of the artifact is in its place.
    package var isBegun: Bool {
        get async throws {
            try await onTarget {
                try await !target.section.list(below: target.keys.all, after: nil, limit: 1).keys.isEmpty
            }
        }
    }

    /// Copies what is missing; `advance` is told of the bytes of every part that is in its place. Without `trustsRecord`, the
    /// artifact's record does not count for all of its parts.
    ///
    /// Throws `ArtifactCopyError`, `CancellationError`, and what the guard throws.
    package func run(trustsRecord: Bool = true, _ advance: @Sendable (Int64) -> Void) async throws -> Tally {
        let bytes = try await onSource { try await recordBytes() }
        let record = try await onSource {
            try ArtifactRecord(opening: bytes, key: source.whole.record, name: artifact.summary.name)
        }
        if trustsRecord, try await onTarget({ try await hasRecord(bytes) }) {
            advance(record.summary.size)
            var tally = Tally()
            tally.foundBytes = record.summary.size
            return tally
        }
        let (digest, tally) = try await copyParts(record, advance)
        guard digest == record.summary.digest else {
            throw ArtifactCopyError.source(
                place: sourcePlace,
                ArtifactError.wrongDigest(source.whole.record, expected: record.summary.digest, actual: digest))
        }
        try writeGuard.ensureMayWrite()
        try await onTarget { try await PartedArtifactWriter.put(bytes, at: target.keys.record, in: target.section) }
        return tally
    }

    private func recordBytes() async throws -> [UInt8] {
        let key = source.whole.record
        let bytes: [UInt8]
        do { bytes = try await source.section.get(source.keys.record, longest: ObjectLimit.bulk) } catch BankError
            .notFound
        {
            throw ArtifactError.missing(key, expected: "the record of the artifact '\(artifact.summary.name)'")
        }
        let digest = SHA256Digest(of: bytes)
        guard digest == artifact.record else {
            throw ArtifactError.otherRecord(key, expected: artifact.record, actual: digest)
        }
        return bytes
    }

    /// Whether the artifact is whole in its place: its record is written last.
    private func hasRecord(_ bytes: [UInt8]) async throws -> Bool {
        do {
            return try await target.section.get(target.keys.record, longest: ObjectLimit.bulk) == bytes
        } catch BankError.notFound {
            return false
        }
    }

    // MARK: Parts

    /// A part in its place.
    private struct Moved: Sendable {
        let number: Int
        let bytes: [UInt8]
        let wasThere: Bool
    }

    private func copyParts(
        _ record: ArtifactRecord, _ advance: @Sendable (Int64) -> Void
    ) async throws -> (digest: SHA256Digest, tally: Tally) {
        let present = try await onTarget { try await presentParts() }
        let width = Int(max(1, min(Self.inFlight, Self.memory / record.partSize)))
        return try await withThrowingTaskGroup(of: Moved.self) { group in
            var hasher = SHA256Hasher()
            var tally = Tally()
            // What has arrived before an earlier part.
            var early: [Int: Moved] = [:]
            var started = 0
            var next = 0
            while next < record.parts.count {
                while started < record.parts.count && started - next < width {
                    let (number, part) = (started, record.parts[started])
                    let isPresent = present.contains(target.keys.part(UInt32(number)))
                    group.addTask { try await move(number, part, isPresent: isPresent) }
                    started += 1
                }
                if let moved = early.removeValue(forKey: next) {
                    hasher.update(moved.bytes)
                    let size = Int64(moved.bytes.count)
                    if moved.wasThere { tally.foundBytes += size } else { tally.sentBytes += size }
                    advance(size)
                    next += 1
                } else if let moved = try await group.next() {
                    early[moved.number] = moved
                }
            }
            return (hasher.finalize(), tally)
        }
    }

    /// The parts that an earlier copier has left.
    private func presentParts() async throws -> Set<BankKey> {
        Set(try await target.section.allKeys(below: target.keys.parts))
    }

    private func move(_ number: Int, _ part: ArtifactRecord.Part, isPresent: Bool) async throws -> Moved {
        try Task.checkCancellation()
        let key = target.keys.part(UInt32(number))
        // What is there is believed only by its digest; what cannot be read is written anew.
        if isPresent, let bytes = try? await target.section.get(key, longest: part.size),
            Int64(bytes.count) == part.size,
            SHA256Digest(of: bytes) == part.digest
        {
            return Moved(number: number, bytes: bytes, wasThere: true)
        }
        let bytes = try await onSource {
            try await PartedArtifactReader.fetch(UInt32(number), part, from: source)
        }
        try writeGuard.ensureMayWrite()
        try await onTarget { try await PartedArtifactWriter.put(bytes, at: key, in: target.section) }
        return Moved(number: number, bytes: bytes, wasThere: false)
    }

    // MARK: Whose fault it is

    private func onSource<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error where !(error is CancellationError) {
            throw ArtifactCopyError.source(place: sourcePlace, error)
        }
    }

    private func onTarget<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error where !(error is CancellationError) {
            throw ArtifactCopyError.target(place: targetPlace, error)
        }
    }
}
