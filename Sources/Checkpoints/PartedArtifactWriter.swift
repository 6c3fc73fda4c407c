internal import Bank
internal import CanonicalForm
internal import PluginKit
internal import Surroundings

/// Cuts what it is given into parts and keeps a few of them on their way into the bank.
///
/// At most `inFlight` parts plus the one that is being filled are in memory. The first error ends the writer: it waits
/// for what is under way, so that nothing is written any more once the error is known, and tells every later call.
actor PartedArtifactWriter: ArtifactWriter {
    /// How many parts may be on their way at once.
    static let inFlight = 3
    /// How many parts eight digits can count.
    static let mostParts: UInt32 = 100_000_000

    nonisolated let preferredChunkLength = PartedArtifactStore.partLength

    private let place: ArtifactPlace
    private let name: String
    private var filling: [UInt8] = []
    private var underWay: [Task<ArtifactRecord.Part, any Error>] = []
    private var parts: [ArtifactRecord.Part] = []
    private var started: UInt32 = 0
    /// The hasher over the whole, after all parts that were started.
    private var whole = TaskPlace.task { SHA256Hasher() }
    private var failure: (any Error)?

    init(_ place: ArtifactPlace, name: String) {
        self.place = place
        self.name = name
    }

    deinit { for task in underWay { task.cancel() } }

    func write(_ bytes: [UInt8]) async throws {
        try await sticky {
            // A chunk that is just one part goes on without a copy.
            if filling.isEmpty && bytes.count == preferredChunkLength { return try await start(bytes) }
            var rest = bytes[...]
            while !rest.isEmpty {
                // The first part grows as it must: most artifacts that come in small chunks are small.
                if filling.isEmpty && started > 0 { filling.reserveCapacity(preferredChunkLength) }
                let taken = rest.prefix(preferredChunkLength - filling.count)
                filling += taken
                rest = rest.dropFirst(taken.count)
                if filling.count == preferredChunkLength { try await startFilled() }
            }
        }
    }

    func finish() async throws -> ArtifactSummary { try await finishWithRecord().summary }

    /// Ends the artifact; returns with its summary the digest of its record's bytes.
    func finishWithRecord() async throws -> (summary: ArtifactSummary, record: SHA256Digest) {
        try await sticky {
            if !filling.isEmpty { try await startFilled() }
            while !underWay.isEmpty { try await awaitOldest() }
            let size = parts.reduce(0) { $0 + $1.size }
            let summary = ArtifactSummary(name: name, size: size, digest: await whole.value.finalize())
            let record = ArtifactRecord(summary: summary, partSize: Int64(preferredChunkLength), parts: parts)
            let bytes = record.record.bytes
            try await PartedArtifactWriter.put(bytes, at: place.keys.record, in: place.section)
            failure = ArtifactError.closed(place.whole.all)
            return (summary, SHA256Digest(of: bytes))
        }
    }

    private func sticky<Result>(_ body: () async throws -> Result) async throws -> Result {
        if let failure { throw failure }
        do {
            try Task.checkCancellation()
            return try await body()
        } catch {
            failure = error
            for task in underWay { task.cancel() }
            for task in underWay { _ = await task.result }
            underWay = []
            filling = []
            throw error
        }
    }

    private func startFilled() async throws {
        let part = filling
        filling = []
        try await start(part)
    }

    private func start(_ part: [UInt8]) async throws {
        while underWay.count >= PartedArtifactWriter.inFlight { try await awaitOldest() }
        guard started < PartedArtifactWriter.mostParts else {
            throw ArtifactError.tooLong(place.whole.all, mostParts: PartedArtifactWriter.mostParts)
        }
        let (section, key, before) = (place.section, place.keys.part(started), whole)
        let hashed = TaskPlace.task {
            var hasher = await before.value
            hasher.update(part)
            return hasher
        }
        whole = hashed
        started += 1
        underWay.append(
            TaskPlace.throwingTask {
                async let digest = SHA256Digest(of: part)
                try await PartedArtifactWriter.put(part, at: key, in: section)
                // A part counts as under way until it is in the digest of the whole too: that one keeps it in memory.
                _ = await hashed.value
                return ArtifactRecord.Part(size: Int64(part.count), digest: await digest)
            })
    }

    private func awaitOldest() async throws {
        guard let oldest = underWay.first else { return }
        // It stays in the list meanwhile, where an error finds it.
        let part = try await oldest.value
        underWay.removeFirst()
        parts.append(part)
    }

    /// Writes an object that only this writer writes, so that repeating is right where the outcome is unknown.
    static func put(_ bytes: [UInt8], at key: BankKey, in section: BankSection) async throws {
        for _ in 1...2 {
            do { return try await section.putUnversioned(key, bytes, if: .none) } catch BankError.outcomeUnknown {}
        }
        try await section.putUnversioned(key, bytes, if: .none)
    }
}
