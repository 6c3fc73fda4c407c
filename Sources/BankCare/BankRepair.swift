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
            try await bank.deleteSettled(try BankKey(finding.key))
            return true
        case .entryMissing, .entryDamaged, .entryUndated: return try await rewriteEntry(finding)
        case .markerMissing, .markerDamaged:
            guard let id = finding.checkpoint else { return false }
            try await bank.putRight(CheckpointLayout.unfinished(id), collection.marker(id))
            return true
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
            guard try await bank.size(CheckpointKeys(id).tombstone) != nil else { return true }
            try await bank.putOnce(CheckpointLayout.unfinished(id), collection.marker(id))
            return false
        default: return false
        }
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
