package import Bank
package import CanonicalForm
import Surroundings

/// `uses/<owner>.json`: someone reads a checkpoint, so that nobody should delete it meanwhile.
package struct UseRecord: Sendable, Hashable {
    package static let format = "cairn.use"

    package let checkpoint: CheckpointID
    /// What is done with it: `restore`, `verify`, `copy`.
    package let kind: String
    package let owner: Owner
    package let since: Timestamp
    /// Whether the record cannot be read, and all that is known is whose it is, by its key.
    package private(set) var isIllegible = false

    /// The use of an owner whose record cannot be read.
    init(illegible id: CheckpointID, of owner: String) {
        self.init(
            checkpoint: id, kind: "use",
            owner: Owner(id: owner, host: "?", process: 0, boot: "unknown", processStart: 0, namespace: "unknown"),
            since: Timestamp(milliseconds: 0))
        isIllegible = true
    }

    package init(checkpoint: CheckpointID, kind: String, owner: Owner, since: Timestamp) {
        self.checkpoint = checkpoint
        self.kind = kind
        self.owner = owner
        self.since = since
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        checkpoint = try content.checkpointID("checkpoint")
        kind = try content.string("kind")
        owner = try Owner(try content.object("owner"))
        since = try content.timestamp("since")
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "checkpoint": .string(checkpoint.text), "kind": .string(kind), "owner": owner.json,
                "since": .string(since.description),
            ])
    }
}

extension CheckpointCollection {
    /// Runs `body` as a use of a checkpoint, which deletions respect as long as this owner's lease lives.
    ///
    /// Throws `CheckpointError.wrongStatus` when the checkpoint is being deleted. Where the bank takes no writes, `body`
    /// runs all the same, and `unprotected` is told why nothing keeps others from deleting. A use without a lease counts for
    /// nothing, so that without one there is none.
    package func using<Result: Sendable>(
        _ id: CheckpointID, _ kind: String, now: Timestamp, unprotected: (BankError) -> Void = { _ in },
        _ body: () async throws -> Result
    ) async throws -> Result {
        let key = try CheckpointKeys(id).use(owner.id)
        let use = UseRecord(checkpoint: id, kind: kind, owner: owner, since: now).record.bytes
        if let refusal = try await refusal(of: use, at: key) {
            unprotected(refusal)
            try await ensureNotMarked(id)
            return try await body()
        }
        let bank = bank
        do {
            // Behind the write: whoever deletes looks for uses behind the tombstone. So one of the two sees the other.
            try await ensureNotMarked(id)
            let result = try await body()
            await uncancelled { try? await bank.delete(key, if: .none) }
            return result
        } catch {
            await uncancelled { try? await bank.delete(key, if: .none) }
            throw error
        }
    }

    /// Writes a use, and returns why the bank takes none; any other failure is thrown.
    private func refusal(of use: [UInt8], at key: BankKey) async throws -> BankError? {
        if let leaseRefusal { return leaseRefusal }
        do { try await bank.put(key, use, if: .none) } catch let error as BankError {
            if error.refusesWrites { return error }
            guard case .outcomeUnknown = error, try await bank.get(key, longest: ObjectLimit.record) == use else {
                throw error
            }
        }
        return nil
    }

    private func ensureNotMarked(_ id: CheckpointID) async throws {
        guard let tombstone = try await tombstone(id) else { return }
        throw CheckpointError.wrongStatus(
            id, tombstone.failure == nil ? .deleting : .errorDeleting, wanted: "available", reason: "")
    }

    /// Who uses a checkpoint, or did when it crashed, by owner. Of a record that cannot be read the key says whose it is.
    ///
    /// Throws `CheckpointError.unreadable` when their names cannot be read.
    package func uses(_ id: CheckpointID) async throws -> [UseRecord] {
        var uses: [UseRecord] = []
        for key in try await legibly({ try await bank.allKeys(below: CheckpointKeys(id).uses) }) {
            do {
                if let use = try await readIfPresent(key, { try UseRecord(opening: $0) }) { uses.append(use) }
            } catch is CheckpointError {
                // What is no owner's key protects nothing.
                guard let name = key.segments.last, name.hasSuffix(".json"),
                    let owner = BankKey.text(decoding: name.dropLast(5))
                else { continue }
                uses.append(UseRecord(illegible: id, of: owner))
            }
        }
        return uses
    }

    /// Throws `CheckpointError.pinned`, `wantedBack` or `inUse` when a checkpoint must not be deleted now.
    package func ensureDeletable(
        _ id: CheckpointID, isGone: (Owner) async throws -> Bool
    ) async throws {
        if try await bank.size(CheckpointKeys(id).pin) != nil { throw CheckpointError.pinned(id) }
        if try await isResetIntended(id) { throw CheckpointError.wantedBack(id) }
        try await ensureUnused(id, isGone: isGone)
    }

    /// Throws `CheckpointError.inUse` when someone reads a checkpoint.
    package func ensureUnused(_ id: CheckpointID, isGone: (Owner) async throws -> Bool) async throws {
        for use in try await uses(id) where try await !isGone(use.owner) {
            throw CheckpointError.inUse(id, use)
        }
    }
}
