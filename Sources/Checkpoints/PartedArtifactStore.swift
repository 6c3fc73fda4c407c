package import Bank
package import CanonicalForm
package import PluginKit

/// The artifacts of one resource in one epoch, each as parts of a fixed length and a sealed record that is written last.
///
/// An artifact exists when its record does. So a crash while writing leaves parts that nothing counts, and removing
/// takes the record first: at no instant does half an artifact look whole.
package struct PartedArtifactStore: ArtifactStore {
    /// The length of every part but the last, in bytes.
    package static let partLength = 8 << 20

    /// All of the bank that this store, and so the plugin behind it, can reach.
    private let section: BankSection
    private let expectedRecords: [String: SHA256Digest]?

    /// The artifacts below `artifacts` (see `CheckpointKeys.artifacts`).
    ///
    /// `expectedRecords` is the commit record's word: for each artifact's name the SHA-256 of the bytes of its
    /// `artifact.json`. When it is given, artifacts with other records and artifacts that it does not name are refused.
    package init(
        bank: any Bank, artifacts: BankKey, writable: Bool, expectedRecords: [String: SHA256Digest]? = nil
    ) {
        self.section = BankSection(bank, below: artifacts, writable: writable)
        self.expectedRecords = expectedRecords
    }

    /// Starts an artifact. What an earlier attempt left under this name is removed first, so that a repeated activity
    /// leaves only its own parts. Throws `ArtifactError` and `BankError`.
    package func writer(_ name: String) async throws -> any ArtifactWriter { try await partedWriter(name) }

    /// Starts an artifact, as `writer` does.
    func partedWriter(_ name: String) async throws -> PartedArtifactWriter {
        try await remove(name)
        return PartedArtifactWriter(try place(name), name: name)
    }

    package func reader(_ name: String) async throws -> any ArtifactReader {
        PartedArtifactReader(try place(name), record: try await record(name).record)
    }

    package func artifacts() async throws -> [ArtifactSummary] {
        try await names().asyncMap { try await record($0).record.summary }
    }

    package func remove(_ name: String) async throws {
        let place = try place(name)
        let section = section
        guard section.isWritable else { throw ArtifactError.readOnly(place.whole.all) }
        // Durable before any part goes: without its record, nothing looks whole.
        try await section.delete(place.keys.record, if: .none)
        // A listing may still hold what was deleted, so each page begins behind the one before.
        var last: BankKey?
        while true {
            let page = try await section.list(below: place.keys.parts, after: last, limit: 256)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in page.keys { group.addTask { try await section.delete(key, if: .none) } }
                try await group.waitForAll()
            }
            guard page.more, let next = page.keys.last else { return }
            last = next
        }
    }

    /// Throws an `ArtifactError` unless the record of an artifact is as it should be and all parts are there with their
    /// lengths. Reads none of their bytes.
    package func ensurePresent(_ name: String) async throws {
        let place = try place(name)
        for (number, part) in try await record(name).record.parts.enumerated() {
            let key = place.keys.part(UInt32(number))
            guard let size = try await section.size(key) else {
                throw ArtifactError.missing(
                    place.whole.part(UInt32(number)), expected: "a part of the artifact '\(name)'")
            }
            guard size == part.size else {
                throw ArtifactError.wrongSize(place.whole.part(UInt32(number)), expected: part.size, actual: size)
            }
        }
    }

    private func place(_ name: String) throws -> ArtifactPlace { try ArtifactPlace(name, in: section) }

    /// The names of the finished artifacts, in order; costs two keys of the listing for each, not all of its parts.
    private func names() async throws -> [String] {
        var names: [String] = []
        var cursor: BankKey?
        while let key = try await section.list(below: nil, after: cursor, limit: 1).keys.first {
            guard let name = key.segments.first.map(String.init), let place = try? place(name) else {
                // Not of an artifact; nothing that this program writes comes here.
                cursor = key
                continue
            }
            // `artifact.json` sorts before `parts/`, so that a finished artifact shows its record first.
            if key == place.keys.record { names.append(name) }
            cursor = place.keys.end
        }
        return names
    }

    private func record(_ name: String) async throws -> (record: ArtifactRecord, digest: SHA256Digest) {
        let place = try place(name)
        let key = place.whole.record
        let bytes: [UInt8]
        do {
            bytes = try await section.get(place.keys.record, longest: ObjectLimit.bulk)
        } catch BankError.notFound {
            throw ArtifactError.missing(key, expected: "the record of the artifact '\(name)'")
        }
        let digest = SHA256Digest(of: bytes)
        if let expectedRecords {
            guard let expected = expectedRecords[name] else { throw ArtifactError.notCommitted(key) }
            guard expected == digest else {
                throw ArtifactError.otherRecord(key, expected: expected, actual: digest)
            }
        }
        return (try ArtifactRecord(opening: bytes, key: key, name: name), digest)
    }
}

/// Where one artifact lies: in its section, where its objects are reached, and in the whole bank, as errors name it.
struct ArtifactPlace: Sendable {
    let section: BankSection
    let keys: ArtifactKeys
    let whole: ArtifactKeys

    init(_ name: String, in section: BankSection) throws {
        self.section = section
        keys = try ArtifactKeys(name)
        whole = try ArtifactKeys(name, in: section.prefix)
    }
}

extension Sequence {
    /// The results of an asynchronous transformation, one after the other.
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
