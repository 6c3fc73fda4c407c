package import Bank

/// The keys of one restore or verification.
package struct OperationKeys: Sendable, Hashable {
    /// The operation.
    package let id: CheckpointID

    package init(_ id: CheckpointID) { self.id = id }

    /// The key below which all of the operation lies.
    package var all: BankKey { BankKey(unchecked: "\(CheckpointLayout.operations)/\(id)") }
    /// What was asked for, and by whom; written once when it starts.
    package var index: BankKey { below("index.json") }
    /// What lies below this is the claims of later epochs; the first one is the index record's.
    package var epochs: BankKey { below("epochs") }
    /// Who runs a later epoch, and since when.
    package func epoch(_ epoch: UInt32) -> BankKey { below("epochs/\(epoch).json") }
    /// What lies below this is the outcomes of the epochs.
    package var commits: BankKey { below("commits") }
    /// The outcome of an epoch.
    package func commit(ofEpoch epoch: UInt32) -> BankKey { below("commits/\(epoch).json") }
    /// The outcome of an operation that was made before there were epochs.
    package var onlyCommit: BankKey { below("commit.json") }
    /// What lies below this is an epoch's journal.
    package func journal(ofEpoch epoch: UInt32) -> BankKey { below("e\(epoch)/journal") }
    /// What lies below this is the journal of an operation that was made before there were epochs.
    package var onlyJournal: BankKey { below("journal") }
    /// One page of an epoch's journal, counted from 0.
    package func journal(ofEpoch epoch: UInt32, page: UInt32) -> BankKey {
        below("e\(epoch)/journal/\(eightDigits(page)).json")
    }
    /// One page of the journal of an operation that was made before there were epochs.
    package func onlyJournal(page: UInt32) -> BankKey { below("journal/\(eightDigits(page)).json") }
    /// What lies below this is the places that the operation has begun to fill.
    package var places: BankKey { below("places") }
    /// That the operation has begun to fill the place of a resource; `identity` is `TYPE#ID`.
    package func place(_ identity: String) throws(BankError) -> BankKey {
        try places.appending(BankKey.segment(encoding: identity))
    }

    private func below(_ suffix: String) -> BankKey { BankKey(unchecked: "\(all)/\(suffix)") }
}
