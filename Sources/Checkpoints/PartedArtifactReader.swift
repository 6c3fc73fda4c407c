internal import Bank
internal import CanonicalForm
internal import PluginKit
internal import Surroundings

/// Fetches the parts of an artifact ahead of its caller and hands out only what its digests vouch for.
actor PartedArtifactReader: ArtifactReader {
    /// How many parts may be fetched ahead.
    static let ahead = 2

    nonisolated let summary: ArtifactSummary

    private let place: ArtifactPlace
    private let record: ArtifactRecord
    private var underWay: [Task<[UInt8], any Error>] = []
    private var started: UInt32 = 0
    /// The hasher over all that was handed out.
    private var whole = TaskPlace.task { SHA256Hasher() }
    private var failure: (any Error)?

    init(_ place: ArtifactPlace, record: ArtifactRecord) {
        self.place = place
        self.record = record
        self.summary = record.summary
    }

    deinit { for task in underWay { task.cancel() } }

    func next() async throws -> [UInt8]? {
        if let failure { throw failure }
        do {
            try Task.checkCancellation()
            startAhead()
            guard let oldest = underWay.first else {
                try await checkWhole()
                return nil
            }
            let part = try await oldest.value
            underWay.removeFirst()
            // The part before has long been hashed when this one is asked for: the wait bounds what lies in memory.
            let before = await whole.value
            whole = TaskPlace.task {
                var hasher = before
                hasher.update(part)
                return hasher
            }
            startAhead()
            return part
        } catch {
            failure = error
            for task in underWay { task.cancel() }
            underWay = []
            throw error
        }
    }

    private func startAhead() {
        while underWay.count < PartedArtifactReader.ahead && started < record.parts.count {
            let (place, number, expected) = (place, started, record.parts[Int(started)])
            underWay.append(
                TaskPlace.throwingTask { try await PartedArtifactReader.fetch(number, expected, from: place) })
            started += 1
        }
    }

    static func fetch(
        _ number: UInt32, _ expected: ArtifactRecord.Part, from place: ArtifactPlace
    ) async throws -> [UInt8] {
        let key = place.whole.part(number)
        let bytes: [UInt8]
        do {
            bytes = try await place.section.get(place.keys.part(number), longest: expected.size)
        } catch BankError.damaged {
            let size = try await place.section.size(place.keys.part(number))
            throw ArtifactError.wrongSize(key, expected: expected.size, actual: size ?? 0)
        } catch BankError.notFound {
            throw ArtifactError.missing(key, expected: "\(expected.size) bytes with the digest \(expected.digest)")
        }
        guard Int64(bytes.count) == expected.size else {
            throw ArtifactError.wrongSize(key, expected: expected.size, actual: Int64(bytes.count))
        }
        let digest = SHA256Digest(of: bytes)
        guard digest == expected.digest else {
            throw ArtifactError.wrongDigest(key, expected: expected.digest, actual: digest)
        }
        return bytes
    }

    private func checkWhole() async throws {
        let digest = await whole.value.finalize()
        guard digest == summary.digest else {
            throw ArtifactError.wrongDigest(place.whole.record, expected: summary.digest, actual: digest)
        }
    }
}
