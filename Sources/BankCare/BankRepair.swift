import Bank
import Checkpoints

/// Mends what can be mended beside everything else that runs on a bank: what follows from other records. It never
/// touches what was saved.
///
/// Each repair looks again at what it relies on behind its write, and takes the write back when that has gone. So it is
/// repeatable, and a crash at any point leaves what the next check finds.
struct BankRepair: Sendable {
    let collection: CheckpointCollection
    let writeGuard: any WriteGuard

    private var bank: any Bank { collection.bank }

    /// The finding with what has become of it.
    func mend(_ finding: BankFinding) async throws -> BankFinding {
        guard finding.kind.repair != nil else { return finding }
        var finding = finding
        do {
            try writeGuard.ensureMayWrite()
            finding.state = try await repair(finding) ? .mended : .found
        } catch let error where !(error is CancellationError) && !(error is LeaseError) {
            finding.state = .failed
            finding.failure = String(describing: error)
        }
        return finding
    }

    private func repair(_ finding: BankFinding) async throws -> Bool {
        switch finding.kind {
        case .staleTemporaries:
            _ = try await bank.removeLeftovers()
            return true
        case .entryStray:
            let key = try BankKey(finding.key)
            try await bank.deleteSettled(key)
            guard let id = finding.checkpoint, try await isEntry(key, of: id) else { return true }
            // A copy has come under this id meanwhile.
            try await bank.putRight(key, collection.marker(id))
            return false
        case .entryMissing, .entryDamaged, .entryUndated: return try await rewriteEntry(finding)
        case .markerMissing, .markerDamaged:
            guard let id = finding.checkpoint else { return false }
            try await bank.putRight(CheckpointLayout.unfinished(id), collection.marker(id))
            return true
        case .leftover:
            guard let id = finding.checkpoint else { return false }
            let marker = CheckpointLayout.unfinished(id)
            // The collector knows already.
            guard try await bank.size(marker) == nil else { return false }
            try await bank.putRight(marker, collection.marker(id))
            // It was deleted meanwhile.
            guard try await bank.size(CheckpointKeys(id).index) == nil else { return true }
            if try await bank.size(CheckpointKeys(id).tombstone) == nil { try await bank.deleteSettled(marker) }
            return false
        case .markerStale:
            guard let id = finding.checkpoint else { return false }
            // Once more, the record first and the claims behind it: while one is behind the record, nobody acts upon that.
            guard let commit = try await collection.commit(id), commit.status == .available,
                try await collection.epochs(id).last ?? 0 <= commit.epoch
            else { return false }
            try await collection.publish(try await collection.index(id))
            // A deletion that has begun meanwhile needs its marker.
            guard try await bank.size(CheckpointKeys(id).tombstone) == nil else { return false }
            try await collection.settle(id)
            return try await bank.size(CheckpointKeys(id).tombstone) == nil
        default: return false
        }
    }

    /// Whether a checkpoint is there to which an entry leads.
    private func isEntry(_ key: BankKey, of id: CheckpointID) async throws -> Bool {
        do {
            let index = try await collection.index(id)
            return try collection.everyIndexKey(
                plan: index.plan, provider: index.provider, index.created, id
            ).contains(key)
        } catch is CheckpointError { return false }
    }

    private func rewriteEntry(_ finding: BankFinding) async throws -> Bool {
        guard let id = finding.checkpoint else { return false }
        let old = try BankKey(finding.key)
        guard let entry = IndexEntry(old) else { return false }
        // …/<day>/<entry>, or of earlier programs …/<entry>.
        let segments = old.segments
        let isDated = segments[segments.count - 2] == entry.day[...]
        let key =
            isDated
            ? old : try BankKey(segments.dropLast().joined(separator: "/")).appending("\(entry.day)/\(entry.segment)")
        // Only this one content is right under this key, so that no condition is needed.
        try await bank.putRight(key, collection.marker(id))
        if key != old { try await bank.deleteSettled(old) }
        let keys = CheckpointKeys(id)
        guard try await bank.size(keys.index) == nil, try await bank.size(keys.tombstone) == nil,
            try await !bank.holdsObjects(keys.all)
        else { return true }
        // It was deleted meanwhile, entries first.
        try await bank.deleteSettled(key)
        return true
    }
}
