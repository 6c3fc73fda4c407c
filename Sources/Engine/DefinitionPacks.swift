import Bank
import CanonicalForm
package import Checkpoints
import Surroundings

/// Reads the protection definitions of a committed checkpoint, each pack once, all checked against the commit record.
package actor DefinitionPacks {
    private let checkpoint: CheckpointID
    private let commit: CommitRecord
    private let collection: CheckpointCollection
    /// The packs that are being read or were, by number.
    private var packs: [UInt32: Task<DefinitionPack, any Error>] = [:]

    package init(_ checkpoint: CheckpointID, _ commit: CommitRecord, _ collection: CheckpointCollection) {
        self.checkpoint = checkpoint
        self.commit = commit
        self.collection = collection
    }

    /// The definitions of the first resources, in their order.
    package func definitions(ofFirst count: Int) async throws -> [DefinitionRecord] {
        var definitions: [DefinitionRecord] = []
        definitions.reserveCapacity(count)
        for resource in 0..<count { definitions.append(try await definition(resource)) }
        return definitions
    }

    /// The definition of the resource at a position of the IR, `nil` when none was saved.
    package func definitionIfSaved(_ resource: Int) async throws -> DefinitionRecord? {
        switch commit.definitions {
        case .objects(let objects): if objects[resource].digest == nil { return nil }
        // A copy that failed names none.
        case .packs(let digests): if digests.isEmpty && commit.status == .error { return nil }
        }
        return try await definition(resource)
    }

    /// The definition of the resource at a position of the IR; throws an error that names the damaged bank object.
    package func definition(_ resource: Int) async throws -> DefinitionRecord {
        let record: DefinitionRecord
        let key: BankKey
        switch commit.definitions {
        case .objects(let objects):
            let keys = CheckpointKeys(checkpoint)
            key = try keys.definition(commit.resources[resource].resource, epoch: objects[resource].epoch)
            let bytes = try await bytes(key, digest: objects[resource].digest)
            do { record = try DefinitionRecord(openingVersion1: bytes) } catch {
                throw ExecutionError.damaged(key, error.description)
            }
        case .packs(let digests):
            let number = UInt32(resource / DefinitionPack.length)
            key = CheckpointKeys(checkpoint).definitions(ofEpoch: commit.epoch, pack: number)
            guard Int(number) < digests.count else {
                throw ExecutionError.damaged(commit.key, "it names too few definitions")
            }
            let pack = try await pack(number, key, digests[Int(number)])
            let place = resource % DefinitionPack.length
            guard place < pack.definitions.count else {
                throw ExecutionError.damaged(key, "it has too few definitions")
            }
            record = pack.definitions[place]
        }
        guard record.resource == commit.resources[resource].resource else {
            throw ExecutionError.damaged(key, "it has the definition of '\(record.resource)' in another's place")
        }
        return record
    }

    private func pack(_ number: UInt32, _ key: BankKey, _ digest: SHA256Digest) async throws -> DefinitionPack {
        if let known = packs[number] { return try await known.value }
        let checkpoint = checkpoint
        let task = TaskPlace.throwingTask { [self] in
            let bytes = try await bytes(key, digest: digest)
            let pack: DefinitionPack
            do { pack = try DefinitionPack(opening: bytes) } catch {
                throw ExecutionError.damaged(key, String(describing: error))
            }
            guard pack.checkpoint == checkpoint && pack.number == number else {
                throw ExecutionError.damaged(key, "it is another pack")
            }
            return pack
        }
        packs[number] = task
        return try await task.value
    }

    private func bytes(_ key: BankKey, digest: SHA256Digest?) async throws -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try await collection.bank.get(key, longest: ObjectLimit.bulk) } catch BankError.notFound {
            throw ExecutionError.damaged(key, "it is missing")
        }
        guard SHA256Digest(of: bytes) == digest else {
            throw ExecutionError.damaged(key, "its digest is not the one in the commit record")
        }
        return bytes
    }
}
