package import Bank
internal import CanonicalForm
package import PlanIR
package import Surroundings

/// Why a restore or a verification cannot be gone on with.
package enum OperationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another executor goes on with it, in this epoch.
    case superseded(CheckpointID, epoch: UInt32)
    /// There is nothing to go on with.
    case notResumable(CheckpointID, reason: String)
    /// Its executor has not certainly ended.
    case running(CheckpointID, Owner)

    package var description: String {
        switch self {
        case .superseded(let id, let epoch):
            "another cairn goes on with operation \(id) (epoch \(epoch)), and this one has stopped; "
                + "'cairn operations show \(id)' tells how it stands"
        case .notResumable(let id, let reason): "operation \(id) cannot be resumed: \(reason)"
        case .running(let id, let owner):
            "operation \(id) cannot be resumed: process \(owner.process) on \(owner.host) still runs it"
        }
    }
}

/// How a restore or a verification stands: what was asked for, who runs it now, and how it ended, if it has.
package struct OperationStanding: Sendable, Hashable {
    package let index: OperationIndex
    /// The newest epoch that was claimed.
    package let epoch: UInt32
    /// Who runs the newest epoch, and since when.
    package let owner: Owner
    package let started: Timestamp
    /// All epochs that were claimed, ascending.
    package let epochs: [UInt32]
    /// The commit record of the highest epoch that has one.
    package let commit: OperationCommit?

    /// Whether the newest epoch has not ended, so that it runs, or was cut off.
    package var isOpen: Bool { commit?.status != .success && (commit?.epoch ?? 0) < epoch }
    /// Whether it has failed, and could not undo what it had begun: that may still stand still.
    package var hasDueReverts: Bool { !isOpen && commit.map { !$0.dueReverts.isEmpty } ?? false }
}

extension CheckpointCollection {
    // MARK: Writing

    /// Records that a restore or a verification begins.
    package func begin(_ operation: OperationIndex) async throws {
        try await bank.putOnce(OperationKeys(operation.id).index, operation.record.bytes)
    }

    /// Records how an epoch of a restore or a verification ended; throws `OperationError.superseded` when a later one was
    /// claimed, whose outcome will count.
    package func end(_ commit: OperationCommit) async throws {
        try await bank.putOnce(OperationKeys(commit.id).commit(ofEpoch: commit.epoch), commit.record.bytes)
        if let later = try await laterEpoch(commit.id, than: commit.epoch) {
            throw OperationError.superseded(commit.id, epoch: later)
        }
    }

    /// An epoch that was claimed later than this one, `nil` when there is none.
    package func laterEpoch(_ id: CheckpointID, than epoch: UInt32) async throws -> UInt32? {
        try await epochs(below: OperationKeys(id).epochs).last { $0 > epoch }
    }

    /// Claims the next epoch of an operation for this owner. Who meets another claim that was not there before gives way.
    ///
    /// Throws `OperationError`.
    package func claim(
        _ standing: OperationStanding, now: Timestamp, random: any RunRandom
    ) async throws -> EpochRecord {
        let id = standing.index.id
        let keys = OperationKeys(id)
        guard let epoch = Self.epoch(after: standing.epoch, consistency, random) else {
            throw CheckpointError.damaged(keys.epoch(standing.epoch), reason: "no later epoch can be numbered")
        }
        let claim = EpochRecord(of: .operation, id, epoch: epoch, owner: owner, started: now)
        do {
            try await bank.putOnce(keys.epoch(claim.epoch), claim.record.bytes)
        } catch BankError.conditionFailed {
            throw OperationError.superseded(id, epoch: claim.epoch)
        }
        // Where conditions are worth nothing, several may have claimed: none of them goes on then. And what one who
        // seemed gone has ended meanwhile is over.
        let now = try await self.standing(standing.index)
        let others = now.epochs.filter { $0 != claim.epoch && !standing.epochs.contains($0) }
        if let other = others.last { throw OperationError.superseded(id, epoch: other) }
        if now.commit?.status == .success {
            throw OperationError.notResumable(id, reason: "it has ended meanwhile, and succeeded")
        }
        return claim
    }

    /// Takes note that an operation begins to fill the place of a resource.
    package func takePlace(_ id: CheckpointID, of identity: String) async throws {
        try await bank.putOnce(try OperationKeys(id).place(identity), Array("\(identity)\n".utf8))
    }

    // MARK: Reading

    /// How a restore or a verification stands; throws `CheckpointError.damaged`.
    package func standing(_ id: CheckpointID) async throws -> OperationStanding {
        let key = OperationKeys(id).index
        let index = try await read(key, longest: ObjectLimit.bulk) { try OperationIndex(opening: $0) }
        guard index.id == id else { throw CheckpointError.damaged(key, reason: "it is of operation \(index.id)") }
        return try await standing(index)
    }

    private func standing(_ index: OperationIndex) async throws -> OperationStanding {
        let keys = OperationKeys(index.id)
        // Claims first: the other way round, one that was made and ended in between would seem to run.
        let later = try await epochs(below: keys.epochs)
        let commit = try await newestCommit(index.id)
        var newest: (epoch: UInt32, owner: Owner, started: Timestamp) = (1, index.owner, index.started)
        if let last = later.last {
            let record = try await epoch(last, of: .operation, index.id, at: keys.epoch(last))
            newest = (last, record.owner, record.started)
        }
        return OperationStanding(
            index: index, epoch: newest.epoch, owner: newest.owner, started: newest.started, epochs: [1] + later,
            commit: commit)
    }

    private func newestCommit(_ id: CheckpointID) async throws -> OperationCommit? {
        let keys = OperationKeys(id)
        let key: BankKey
        if let last = try await epochs(below: keys.commits).last {
            key = keys.commit(ofEpoch: last)
        } else if try await bank.size(keys.onlyCommit) != nil {
            key = keys.onlyCommit
        } else {
            return nil
        }
        let commit = try await read(key, longest: ObjectLimit.bulk) { try OperationCommit(opening: $0) }
        guard commit.id == id, key == keys.onlyCommit || key == keys.commit(ofEpoch: commit.epoch) else {
            throw CheckpointError.damaged(key, reason: "it is of operation \(commit.id), epoch \(commit.epoch)")
        }
        return commit
    }

    /// The resources whose places an operation has begun to fill, `TYPE#ID`.
    package func takenPlaces(_ id: CheckpointID) async throws -> Set<String> {
        Set(try await bank.allNames(below: OperationKeys(id).places).compactMap { BankKey.text(decoding: $0) })
    }

    /// The key of a page of an operation's journal: those that were made before there were epochs have it elsewhere.
    package func operationJournalKey(
        _ id: CheckpointID, epoch: UInt32
    ) async throws -> @Sendable (UInt32) -> BankKey {
        let keys = OperationKeys(id)
        if epoch == 1, try await bank.size(keys.journal(ofEpoch: 1, page: 0)) == nil,
            try await bank.size(keys.onlyJournal(page: 0)) != nil
        {
            return { keys.onlyJournal(page: $0) }
        }
        return { keys.journal(ofEpoch: epoch, page: $0) }
    }

    /// What has happened in a restore or a verification: the journal of the newest epoch that has begun one, which tells
    /// what it took over from those before.
    package func operationJournal(_ standing: OperationStanding, _ ir: PlanIR) async throws -> [JournalEvent] {
        for epoch in standing.epochs.reversed() {
            let key = try await operationJournalKey(standing.index.id, epoch: epoch)
            let (events, segments) = try await segments(ir, count: nil, key: key)
            if segments > 0 { return events }
        }
        return []
    }

    /// As `operationJournal`, as far as it can be read, and what cannot be.
    package func legibleOperationJournal(
        _ standing: OperationStanding, _ ir: PlanIR
    ) async throws -> (events: [JournalEvent], faults: [CheckpointError]) {
        let keys = OperationKeys(standing.index.id)
        let isOld = try await bank.size(keys.onlyJournal(page: 0)) != nil
        return try await legibleJournal(of: standing.epochs, ir) { epoch in
            epoch == 1 && isOld ? keys.onlyJournal : keys.journal(ofEpoch: epoch)
        }
    }
}
