package import Bank
import CanonicalForm
package import PluginKit
import Synchronization

/// The artifacts of one resource, over all epochs of its checkpoint: what a plugin's hook reads and writes.
///
/// What is read is only what a journal or a commit record has named, under the digest that it gave. What is written
/// goes to the epoch of the run, and is kept in mind until the hook has succeeded. When the hook has ended, nothing more is
/// written or removed through it; and what an earlier hook has finished stays as that hook left it.
package final class ResourceArtifacts: ArtifactStore {
    /// What may be done with the artifacts.
    package enum Access: Sendable, Hashable {
        case reading
        /// New artifacts belong to this epoch.
        case writing(epoch: UInt32)
        /// Those that there are may be removed.
        case deleting
    }

    private let bank: any Bank
    private let keys: CheckpointKeys
    private let identity: String
    private let access: Access
    private let writeGuard: any WriteGuard
    private let state: Mutex<State>

    private struct State {
        var known: [String: DefinitionRecord.Artifact]
        var finished: [String: DefinitionRecord.Artifact] = [:]
        /// The artifacts that were begun, whole or not, each with the number of its newest writer.
        var begun: [String: Int] = [:]
        var writers = 0
        var isClosed = false
    }

    /// The artifacts of the resource `identity` that `known` names, and those that will be written.
    package init(
        bank: any Bank, keys: CheckpointKeys, identity: String, known: [DefinitionRecord.Artifact], access: Access,
        guard writeGuard: any WriteGuard
    ) {
        self.bank = bank
        self.keys = keys
        self.identity = identity
        self.access = access
        self.writeGuard = writeGuard
        state = Mutex(
            State(known: Dictionary(known.map { ($0.summary.name, $0) }, uniquingKeysWith: { _, last in last })))
    }

    /// What was finished since, in the order of the names.
    package var finished: [DefinitionRecord.Artifact] {
        state.withLock { $0.finished.values.sorted { $0.summary.name < $1.summary.name } }
    }

    /// Ends the hook: writers that it has left open write no more.
    package func close() { state.withLock { $0.isClosed = true } }

    /// Removes what was begun since: the hook that wrote it has failed.
    package func discard() async throws {
        guard case .writing(let epoch) = access else { return }
        let names = state.withLock { state in
            state.isClosed = true
            return state.begun.keys.sorted()
        }
        for name in names {
            try await store(epoch, writable: true).remove(name)
            forget(name)
        }
    }

    package func writer(_ name: String) async throws -> any ArtifactWriter {
        guard case .writing(let epoch) = access else {
            throw ArtifactError.readOnly(try artifactKeys(name, epoch: 1).all)
        }
        try ensureMayChange(name, epoch)
        let number = state.withLock { state in
            state.writers += 1
            state.begun[name] = state.writers
            state.finished[name] = nil
            return state.writers
        }
        let writer = try await store(epoch, writable: true).partedWriter(name)
        return RecordingWriter(inner: writer, artifacts: self, name: name, epoch: epoch, number: number)
    }

    /// Throws when the hook has ended, or an earlier one has finished the artifact.
    private func ensureMayChange(_ name: String, _ epoch: UInt32) throws {
        let place = try artifactKeys(name, epoch: epoch).all
        let (isClosed, isKept) = state.withLock { ($0.isClosed, $0.known[name] != nil) }
        if isClosed { throw ArtifactError.closed(place) }
        if isKept, access != .deleting { throw ArtifactError.alreadyFinished(place) }
    }

    package func reader(_ name: String) async throws -> any ArtifactReader {
        let known = state.withLock { $0.finished[name] ?? $0.known[name] }
        guard let known else {
            throw ArtifactError.missing(
                try artifactKeys(name, epoch: writingEpoch ?? 1).record,
                expected: "the record of the artifact '\(name)'")
        }
        return try await store(known.epoch, writable: false, expected: [name: known.record]).reader(name)
    }

    package func artifacts() async throws -> [ArtifactSummary] {
        state.withLock { state in
            state.known.merging(state.finished) { _, new in new }.values.map(\.summary).sorted { $0.name < $1.name }
        }
    }

    package func remove(_ name: String) async throws {
        switch access {
        case .reading: throw ArtifactError.readOnly(try artifactKeys(name, epoch: 1).all)
        case .writing(let epoch):
            try ensureMayChange(name, epoch)
            try await store(epoch, writable: true).remove(name)
        case .deleting:
            try ensureMayChange(name, 1)
            guard let known = state.withLock({ $0.known[name] }) else { return }
            try await store(known.epoch, writable: true).remove(name)
        }
        forget(name)
    }

    private func forget(_ name: String) {
        state.withLock { state in
            state.known[name] = nil
            state.finished[name] = nil
            state.begun[name] = nil
        }
    }

    private var writingEpoch: UInt32? {
        if case .writing(let epoch) = access { return epoch }
        return nil
    }

    private func artifactKeys(_ name: String, epoch: UInt32) throws -> ArtifactKeys {
        try ArtifactKeys(name, in: try keys.artifacts(identity, epoch: epoch))
    }

    private func store(
        _ epoch: UInt32, writable: Bool, expected: [String: SHA256Digest]? = nil
    ) throws -> PartedArtifactStore {
        PartedArtifactStore(
            bank: bank, artifacts: try keys.artifacts(identity, epoch: epoch), writable: writable,
            expectedRecords: expected)
    }

    /// Takes note of a finished artifact; throws when the writer that finished it counts no more.
    fileprivate func finished(_ artifact: DefinitionRecord.Artifact, by number: Int) throws {
        let counts = state.withLock { state in
            guard !state.isClosed, state.begun[artifact.summary.name] == number else { return false }
            state.finished[artifact.summary.name] = artifact
            return true
        }
        if !counts { throw ArtifactError.closed(try artifactKeys(artifact.summary.name, epoch: artifact.epoch).all) }
    }

    /// Throws unless a writer is the newest of its artifact in a hook that goes on.
    fileprivate func ensureCounts(_ name: String, _ epoch: UInt32, _ number: Int) throws {
        guard state.withLock({ !$0.isClosed && $0.begun[name] == number }) else {
            throw ArtifactError.closed(try artifactKeys(name, epoch: epoch).all)
        }
    }

    fileprivate func ensureMayWrite() throws { try writeGuard.ensureMayWrite() }
}

/// Passes on what is written, and tells the store what was finished.
private struct RecordingWriter: ArtifactWriter {
    let inner: PartedArtifactWriter
    let artifacts: ResourceArtifacts
    let name: String
    let epoch: UInt32
    let number: Int

    var preferredChunkLength: Int { inner.preferredChunkLength }

    func write(_ bytes: [UInt8]) async throws {
        try artifacts.ensureCounts(name, epoch, number)
        try await inner.write(bytes)
    }

    func finish() async throws -> ArtifactSummary {
        try artifacts.ensureCounts(name, epoch, number)
        try artifacts.ensureMayWrite()
        let (summary, record) = try await inner.finishWithRecord()
        try artifacts.finished(
            DefinitionRecord.Artifact(summary: summary, epoch: epoch, record: record), by: number)
        return summary
    }
}
