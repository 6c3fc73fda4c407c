internal import Bank

extension CheckpointCollection {
    /// Those of some checkpoints that rehearsals have made: they are made to be thrown away, and no retention counts them.
    package func rehearsals(among ids: [CheckpointID]) async throws -> Set<CheckpointID> {
        let shares = stride(from: 0, to: ids.count, by: 64).map { Array(ids[$0..<min($0 + 64, ids.count)]) }
        let found = try await concurrentMap(shares, width: 4) { share in
            let records = try await bank.getEach(share.map { CheckpointKeys($0).index })
            return zip(share, records).compactMap { id, bytes in
                // One that cannot be read is damaged, which is seen elsewhere.
                bytes.flatMap { try? CheckpointIndex(opening: $0) }?.isRehearsal == true ? id : nil
            }
        }
        return Set(found.flatMap(\.self))
    }
}
