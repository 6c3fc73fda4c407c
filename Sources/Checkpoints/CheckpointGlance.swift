internal import Bank

/// What one turn over the bank shows of a checkpoint, read for many at a time.
struct CheckpointGlance: Sendable {
    let id: CheckpointID
    /// What lies right below the checkpoint: names of records and of what has records below it; `nil` when that cannot be
    /// read.
    let names: [String]?
    /// The records of a checkpoint that is finished and whole, and of which nothing is open; `nil` for any other, which
    /// `summary` judges.
    let finished: (index: CheckpointIndex, commit: CommitRecord)?

    /// Whether there is, or for all that can be read may be, an object `key`, or one below it, right below the checkpoint.
    func mayHave(_ key: BankKey) -> Bool {
        guard let names else { return true }
        return key.segments.last.map { names.contains(String($0)) } ?? false
    }
}

extension CheckpointCollection {
    /// A glance at each of some checkpoints, in their order.
    ///
    /// It looks in the order that a look at one checkpoint has: at the tombstone, the commit records, the claims. Whoever
    /// commits looks for later claims, and whoever claims for commit records; so a commit record behind which no claim
    /// is seen later has decided.
    func glance(at ids: [CheckpointID]) async throws -> [CheckpointGlance] {
        let keys = ids.map { CheckpointKeys($0) }
        let names = try await bank.namesBelowEach(keys.map(\.all)).map { try? $0.get() }
        let commits = try await newestEpochs(below: keys.map(\.commits))
        let claims = try await newestEpochs(below: keys.map(\.epochs))
        let settled = keys.indices.filter { place in
            commits[place] != nil && commits[place] == claims[place]
                && keys[place].tombstone.segments.last.map { names[place]?.contains(String($0)) == false } ?? false
        }
        let indices = try await bank.getEach(settled.map { keys[$0].index }, longest: ObjectLimit.record)
        let records = try await bank.getEach(
            settled.map { keys[$0].commit(ofEpoch: commits[$0] ?? 1) }, longest: ObjectLimit.bulk)
        var finished: [Int: (index: CheckpointIndex, commit: CommitRecord)] = [:]
        for (number, place) in settled.enumerated() {
            // One that cannot be read is left to whoever says why.
            guard let index = try? indices[number].get(), let commit = try? records[number].get(),
                let index = try? CheckpointIndex(opening: index), let commit = try? CommitRecord(opening: commit),
                index.id == ids[place], commit.checkpoint == ids[place], commit.epoch == commits[place]
            else { continue }
            finished[place] = (index, commit)
        }
        return ids.enumerated().map { place, id in
            CheckpointGlance(id: id, names: names[place], finished: finished[place])
        }
    }

    /// The highest epoch that has an object `<n>.json` right below each of some keys.
    private func newestEpochs(below prefixes: [BankKey]) async throws -> [UInt32?] {
        zip(prefixes, try await bank.namesBelowEach(prefixes)).map { prefix, names in
            ((try? names.get()) ?? []).compactMap { name in
                (try? prefix.appending(name)).flatMap { CheckpointKeys.epoch(of: $0) }
            }.max()
        }
    }
}
