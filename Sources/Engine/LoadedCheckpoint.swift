package import Bank
import CanonicalForm
package import Checkpoints
package import PlanIR
import PluginKit

/// A checkpoint with the records that restoring it needs, all checked against their digests.
package struct LoadedCheckpoint: Sendable {
    package let index: CheckpointIndex
    package let commit: CommitRecord
    package let ir: PlanIR

    /// Loads what an available checkpoint consists of; throws an error that names the damaged bank object.
    package static func load(_ id: CheckpointID, from collection: CheckpointCollection) async throws -> Self {
        let index = try await collection.index(id)
        guard let commit = try await collection.commit(id) else {
            throw try await collection.missingCommit(id)
        }
        let ir = try await loadIR(index, from: collection)
        guard commit.resources.map(\.resource) == ir.resources.map(\.identity) else {
            throw ExecutionError.damaged(commit.key, "its resources are not those of the plan")
        }
        return LoadedCheckpoint(index: index, commit: commit, ir: ir)
    }

    /// The checkpoint as it is now: loaded anew when another commit record decides by now.
    func current(_ collection: CheckpointCollection) async throws -> Self {
        guard try await collection.commit(index.id)?.epoch != commit.epoch else { return self }
        return try await Self.load(index.id, from: collection)
    }

    /// The IR that made a checkpoint.
    package static func loadIR(
        _ index: CheckpointIndex, from collection: CheckpointCollection
    ) async throws -> PlanIR {
        let bytes = try await collection.irBytes(index)
        do { return try PlanIR(loading: bytes) } catch {
            throw ExecutionError.damaged(CheckpointKeys(index.id).ir, error.description)
        }
    }

    /// Reads the checkpoint's definitions.
    package func packs(_ collection: CheckpointCollection) -> DefinitionPacks {
        DefinitionPacks(index.id, commit, collection)
    }

    /// All of the checkpoint's definitions, in the order of its resources.
    func definitions(in collection: CheckpointCollection) async throws -> [DefinitionRecord] {
        try await packs(collection).definitions(ofFirst: ir.resources.count)
    }

    /// Refuses plugins that cannot read what was saved. A manifest may have changed since; its version says whether
    /// that matters. Returns the names of plugins whose manifests differ.
    func checkBindings(_ plugins: [String: LoadedPlugin]) throws -> [String] {
        var changed: [String] = []
        for binding in ir.plugins {
            guard let plugin = plugins[binding.name] else { throw ExecutionError.unknownPlugin(binding.name) }
            guard plugin.version == binding.version else {
                throw ExecutionError.versionChanged(
                    plugin: binding.name, saved: binding.version, present: plugin.version)
            }
            if plugin.digest != binding.digest { changed.append(binding.name) }
        }
        return changed
    }
}

/// A bank object that is missing or not as it was written.
package struct RecordFault: Sendable, Hashable, CustomStringConvertible {
    package let key: BankKey
    package let reason: String

    package var description: String { "bank object '\(key)' is damaged: \(reason)" }
}

/// Checks the records of a checkpoint that restoring it does not need: a fault in them is told, and does not stop a
/// restore.
struct RecordCheck {
    let collection: CheckpointCollection
    let checkpoint: LoadedCheckpoint

    /// All faults, in the order of the keys.
    func faults() async throws -> [RecordFault] {
        let id = checkpoint.index.id
        let layout = CheckpointKeys(id)
        var faults: [RecordFault] = []
        // Of the epochs before there are those that are there; the one that committed must be.
        var epochs = Set(try await collection.epochs(id).filter { $0 < checkpoint.commit.epoch })
        epochs.insert(checkpoint.commit.epoch)
        for epoch in epochs.sorted() {
            let key = layout.epoch(epoch)
            try await check(key, &faults) { bytes throws(SealedRecordError) in
                let record = try EpochRecord(opening: bytes)
                guard record.id == id && record.epoch == epoch else {
                    throw .malformed(member: "epoch", expected: "that of its key")
                }
            }
        }
        // Only the epoch that committed says how long its journal is; those before it ended as they did.
        let epoch = checkpoint.commit.epoch
        for number in 0..<checkpoint.commit.journalSegments {
            try await check(layout.journal(ofEpoch: epoch, page: number), &faults) {
                bytes throws(SealedRecordError) in
                _ = try JournalSegment(opening: bytes, number: number, of: checkpoint.ir)
            }
        }
        // Who was stopped between the commit record and the indices has left the marker: then none is missed.
        let isPublished = try await collection.bank.size(CheckpointLayout.unfinished(id)) == nil
        let index = checkpoint.index
        let keys = try collection.everyIndexKey(plan: index.plan, provider: index.provider, index.created, id)
        for (key, earlier) in zip(keys.prefix(3), keys.dropFirst(3)) {
            let marker = collection.marker(id)
            var key = key
            if try await collection.bank.size(key) == nil {
                if !isPublished { continue }
                // Earlier programs have put it elsewhere.
                if try await collection.bank.size(earlier) != nil { key = earlier }
            }
            try await check(key, &faults) { bytes throws(SealedRecordError) in
                guard bytes == marker else { throw .malformed(member: "entry", expected: "the checkpoint's id") }
            }
        }
        return faults
    }

    private func check(
        _ key: BankKey, _ faults: inout [RecordFault], _ open: ([UInt8]) throws(SealedRecordError) -> Void
    ) async throws {
        let bytes: [UInt8]
        do { bytes = try await collection.bank.get(key, longest: ObjectLimit.bulk) } catch BankError.notFound {
            faults.append(RecordFault(key: key, reason: "it is missing"))
            return
        } catch {
            faults.append(RecordFault(key: key, reason: String(describing: error)))
            return
        }
        do { try open(bytes) } catch { faults.append(RecordFault(key: key, reason: error.description)) }
    }
}
