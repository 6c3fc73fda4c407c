import Bank
import CanonicalForm
package import PlanIR
package import Surroundings

extension CheckpointCollection {
    /// Writes what a copied checkpoint begins with: the marker of unfinished ones, its index and the IR that made it.
    ///
    /// Nothing of its content may be there before an epoch is claimed. Throws `BankError.conditionFailed` when someone
    /// else has begun a copy at the same moment.
    package func createCopy(_ index: CheckpointIndex, ir: [UInt8]) async throws {
        let keys = CheckpointKeys(index.id)
        try await markUnfinished(index.id)
        do {
            try await bank.putOnce(keys.index, index.record.bytes)
        } catch let error as BankError {
            // Without an index there is no checkpoint, and its marker alone is litter; unless it may still come.
            if case .storeFailed = error { try? await bank.delete(CheckpointLayout.unfinished(index.id), if: .none) }
            throw error
        }
        try await bank.putOnce(keys.ir, ir)
    }

    /// Writes what an interrupted copy may lack before it goes on.
    package func recreateCopy(_ index: CheckpointIndex, ir: [UInt8]) async throws {
        try await markUnfinished(index.id)
        try await bank.putOnce(CheckpointKeys(index.id).ir, ir)
    }

    /// The number behind which the epochs of a new copy begin: a random one. A checkpoint is copied under its own id, also
    /// when it was deleted here before, and nobody may mistake what is new for what was to be deleted.
    package static func copyEpochs(_ random: any RunRandom) -> UInt32 {
        UInt32(truncatingIfNeeded: random.next() >> 44)
    }

    /// What the copiers of a checkpoint have noted before `epoch`: the notes of the newest of them that has made any,
    /// which tell what it took over from those before.
    package func copyJournal(
        before epoch: UInt32, _ id: CheckpointID, _ ir: PlanIR
    ) async throws -> JournalHistory {
        let keys = CheckpointKeys(id)
        for earlier in try await epochs(id).reversed() where earlier < epoch {
            let (events, segments) = try await segments(ir, count: nil) { keys.copyJournal(ofEpoch: earlier, page: $0) }
            if segments > 0 { return JournalHistory(epoch: earlier, events: events, segments: segments) }
        }
        return JournalHistory(epoch: 0, events: [], segments: 0)
    }

    /// Writes the labels that a checkpoint has in another bank, unless it has some here. Throws `CheckpointError.damaged` for those
    /// that cannot be read.
    package func adoptLabels(of id: CheckpointID, from source: CheckpointCollection) async throws {
        let key = CheckpointKeys(id).labels
        let bytes: [UInt8]
        do { bytes = try await source.bank.get(key, longest: ObjectLimit.record) } catch BankError.notFound { return }
        do { _ = try CheckpointLabels(opening: bytes, of: id) } catch {
            throw CheckpointError.damaged(key, reason: error.description)
        }
        do { try await bank.putOnce(key, bytes) } catch BankError.conditionFailed {}
    }
}
