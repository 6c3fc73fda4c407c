import Bank
import Checkpoints
import PlanIR
import PluginKit

/// What lies below a committed checkpoint and its commit record does not name: artifacts of attempts that failed, of
/// executors that crashed or were taken over from, and their commit records.
struct Leftovers {
    private let collection: CheckpointCollection
    private let ir: PlanIR
    private let commit: CommitRecord
    private let isGone: @Sendable (Owner) async throws -> Bool

    /// The leftovers of a checkpoint whose commit record is `commit`, which nobody writes to any more. `isGone` says
    /// whether an owner has certainly ended.
    init(
        _ collection: CheckpointCollection, _ ir: PlanIR, _ commit: CommitRecord,
        isGone: @escaping @Sendable (Owner) async throws -> Bool
    ) {
        self.collection = collection
        self.ir = ir
        self.commit = commit
        self.isGone = isGone
    }

    /// Removes them. Commit records of earlier epochs go first, since what they name is no longer whole behind that.
    ///
    /// Throws `CheckpointError.inUse` when someone reads the checkpoint, maybe by an earlier commit record.
    func remove() async throws {
        try await collection.ensureUnused(commit.checkpoint, isGone: isGone)
        let keys = CheckpointKeys(commit.checkpoint)
        let litter = try await litter()
        try await collection.delete(
            try await collection.bank.allKeys(below: keys.commits).filter {
                CheckpointKeys.epoch(of: $0).map { $0 < commit.epoch } ?? false
            })
        try await collection.delete(litter)
    }

    /// Removes some of what `litter` gives. Throws `CheckpointError.inUse` as above.
    func remove(_ litter: [BankKey]) async throws {
        try await collection.ensureUnused(commit.checkpoint, isGone: isGone)
        try await collection.delete(litter)
    }

    /// The objects of artifacts that the definitions do not name.
    func litter() async throws -> [BankKey] {
        let kept = try await namedPlaces()
        return try await Self.artifacts(of: commit.checkpoint, collection).filter { key in
            !kept.contains(key.segments[0..<7].joined(separator: "/"))
        }
    }

    /// All objects of artifacts below a checkpoint: `checkpoints/<id>/e<n>/resources/<resource>/artifacts/<name>/…`.
    static func artifacts(of id: CheckpointID, _ collection: CheckpointCollection) async throws -> [BankKey] {
        var found: [BankKey] = []
        for name in try await collection.bank.allNames(below: CheckpointKeys(id).all) {
            guard let epoch = CheckpointKeys.epoch(ofContent: name) else { continue }
            let resources = CheckpointKeys(id).resources(ofEpoch: epoch)
            found += try await collection.bank.allKeys(below: resources).filter {
                let segments = $0.segments
                return segments.count > 7 && segments[5] == "artifacts"
            }
        }
        return found
    }

    /// The keys below which the artifacts lie that the definitions name.
    private func namedPlaces() async throws -> Set<String> {
        let keys = CheckpointKeys(commit.checkpoint)
        let packs = DefinitionPacks(commit.checkpoint, commit, collection)
        var places: Set<String> = []
        for resource in ir.resources.indices {
            for artifact in try await packs.definitionIfSaved(resource)?.artifacts ?? [] {
                let artifacts = try keys.artifacts(ir.resources[resource].identity, epoch: artifact.epoch)
                places.insert("\(artifacts)/\(artifact.summary.name)")
            }
        }
        return places
    }
}
