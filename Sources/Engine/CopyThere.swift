import Bank
import Checkpoints
import PlanIR
import PluginKit
import Surroundings

/// What a bank has of a checkpoint that is recorded there as available.
struct CopyThere: Sendable {
    /// An artifact of which something is gone.
    struct Lack: Sendable {
        /// Which of the resources, and of its artifacts.
        let resource: Int
        let position: Int
        /// The artifact as it should lie there.
        let artifact: DefinitionRecord.Artifact
        let reason: ArtifactError
    }

    let index: CheckpointIndex
    /// The artifacts that are not all there; none of their bytes was read.
    let lacking: [Lack]
    /// Whether nothing is left to be done behind the commit record, or someone is at it.
    let isSettled: Bool

    var isWhole: Bool { lacking.isEmpty }

    /// What is the matter, for people.
    var words: String {
        guard let first = lacking.first else { return "is there" }
        let count = lacking.count == 1 ? "an artifact of it is" : "\(lacking.count) artifacts of it are"
        return "is there, but \(count) not whole, and sent again: \(first.reason)"
    }

    /// Looks at an available checkpoint of `collection` with its definitions, in the order of the resources. `isGone` says
    /// whether an owner has certainly ended.
    static func look(
        at checkpoint: LoadedCheckpoint, _ definitions: [DefinitionRecord], in collection: CheckpointCollection,
        isGone: (Owner) async throws -> Bool
    ) async throws -> CopyThere {
        let index = checkpoint.index
        var lacking: [Lack] = []
        for (resource, definition) in definitions.enumerated() {
            for (position, artifact) in definition.artifacts.enumerated() {
                do { try await collection.ensurePresent(artifact, of: definition.resource, index.id) } catch let reason
                    as ArtifactError
                {
                    lacking.append(Lack(resource: resource, position: position, artifact: artifact, reason: reason))
                }
            }
        }
        return CopyThere(
            index: index, lacking: lacking, isSettled: try await isSettled(index, in: collection, isGone: isGone))
    }

    private static func isSettled(
        _ index: CheckpointIndex, in collection: CheckpointCollection, isGone: (Owner) async throws -> Bool
    ) async throws -> Bool {
        guard index.origin != nil, try await collection.bank.size(CheckpointLayout.unfinished(index.id)) != nil else {
            return true
        }
        return try await !isGone(try await collection.newestEpoch(index.id)?.owner ?? index.owner)
    }
}

extension CheckpointCollection {
    /// Throws an `ArtifactError` unless every object is there that an artifact in a checkpoint's definition leads to. Reads none
    /// of their bytes.
    func ensurePresent(
        _ artifact: DefinitionRecord.Artifact, of identity: String, _ id: CheckpointID
    ) async throws {
        let store = PartedArtifactStore(
            bank: bank, artifacts: try CheckpointKeys(id).artifacts(identity, epoch: artifact.epoch), writable: false,
            expectedRecords: [artifact.summary.name: artifact.record])
        try await store.ensurePresent(artifact.summary.name)
    }
}

extension CopyOperation {
    /// Brings in order what the target has: sends what is missing, and does what a copier has left behind its commit record.
    func complete(
        _ there: CopyThere, _ checkpoint: LoadedCheckpoint, _ definitions: [DefinitionRecord]
    ) async throws -> CopyReport {
        guard !there.isWhole || !there.isSettled else { return report(checkpoint, definitions, .alreadyThere) }
        try environment.writeGuard.ensureMayWrite()
        var tally = ArtifactCopy.Tally()
        if !there.isWhole {
            environment.observer.observe(.noticed("checkpoint \(id) \(there.words)"))
            // So that nobody deletes the copy meanwhile.
            tally = try await environment.using(id, .copy) { try await send(there.lacking, definitions) }
        }
        // While a later epoch is claimed, whoever has claimed it does this.
        if !there.isSettled, let commit = try await target.collection.settledCommit(id) {
            try await target.collection.publish(there.index)
            await tidy(checkpoint, commit)
        }
        return report(checkpoint, definitions, there.isWhole ? .alreadyThere : .copied, tally)
    }

    /// Sends artifacts to where they should lie, all parts that are not there as they should be.
    private func send(
        _ lacking: [CopyThere.Lack], _ definitions: [DefinitionRecord]
    ) async throws -> ArtifactCopy.Tally {
        var sum = ArtifactCopy.Tally()
        for lack in lacking {
            if environment.control.wasInterrupted { throw CancellationError() }
            let definition = definitions[lack.resource]
            let copy = try ArtifactCopy(
                definition.artifacts[lack.position], of: definition.resource, CheckpointKeys(id),
                from: source.collection.bank, to: target.collection.bank, epoch: lack.artifact.epoch,
                guard: environment.writeGuard)
            let tally: ArtifactCopy.Tally
            do { tally = try await copy.run(trustsRecord: false) { _ in } } catch let error as ArtifactCopyError {
                throw CopyError.notCompleted(id, place: target.words, reason: error.description)
            }
            sum.sentBytes += tally.sentBytes
            sum.foundBytes += tally.foundBytes
        }
        return sum
    }
}
