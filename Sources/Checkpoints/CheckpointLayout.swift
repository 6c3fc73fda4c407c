package import Bank

/// Where everything lies in a bank: the one place that knows the keys (see docs/bank-format.md).
///
/// Keys that hold names from outside throw `BankError.invalidKey` when the encoded name is too long; the others cannot
/// fail.
package enum CheckpointLayout {
    /// What lies below this is checkpoints, one below each id.
    package static let checkpoints = BankKey(unchecked: "checkpoints")
    /// What lies below this is leases, one object for each owner.
    package static let leases = BankKey(unchecked: "leases")
    /// What lies below this is the records of restores and verifications, below their ids.
    package static let operations = BankKey(unchecked: "operations")
    /// What lies below this is all indices.
    package static let indices = BankKey(unchecked: "indices")
    /// What lies below this is the markers of unfinished checkpoints.
    package static let unfinished = BankKey(unchecked: "indices/unfinished")
    /// What lies below this is all checkpoints in the order of their creation.
    package static let byDate = BankKey(unchecked: "indices/by-date")
    /// What lies below this is the indices of the plans, one below each name.
    package static let byPlan = BankKey(unchecked: "indices/by-plan")
    /// What lies below this is the indices of the providers, one below each name.
    package static let byProvider = BankKey(unchecked: "indices/by-provider")

    /// What lies below this is the checkpoints of one plan in the order of their creation.
    package static func byPlan(_ plan: String) throws(BankError) -> BankKey {
        try byPlan.appending(BankKey.segment(encoding: plan))
    }

    /// What lies below this is the checkpoints of one provider in the order of their creation.
    package static func byProvider(_ provider: String) throws(BankError) -> BankKey {
        try byProvider.appending(BankKey.segment(encoding: provider))
    }

    /// The marker that a checkpoint is unfinished.
    package static func unfinished(_ id: CheckpointID) -> BankKey {
        BankKey(unchecked: "\(unfinished)/\(id)")
    }

    /// The checkpoint whose marker `key` is, `nil` when it is none.
    package static func unfinishedID(of key: BankKey) -> CheckpointID? {
        let segments = key.segments
        guard segments.count == 3, segments[0] == "indices", segments[1] == "unfinished" else { return nil }
        return CheckpointID(segments[2])
    }

    /// An owner's lease.
    package static func lease(_ owner: String) throws(BankError) -> BankKey {
        try leases.appending(BankKey.segment(encoding: owner))
    }
}

/// An entry of an index by plan, provider or date: when a checkpoint was created, and which.
package struct IndexEntry: Sendable, Hashable, Comparable {
    /// When the checkpoint was created.
    package let created: Timestamp
    /// The checkpoint.
    package let id: CheckpointID

    package init(created: Timestamp, id: CheckpointID) {
        self.created = created
        self.id = id
    }

    /// Reads the last segment of an index key; `nil` for anything else.
    package init?(_ key: BankKey) {
        guard let segment = key.segments.last else { return nil }
        self.init(segment: segment)
    }

    /// Reads `<created>@<id>`; `nil` for anything else.
    package init?(segment: some StringProtocol) {
        let parts = segment.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let created = Timestamp(stamp: parts[0]), let id = CheckpointID(parts[1])
        else { return nil }
        self.init(created: created, id: id)
    }

    /// The entry's last segment: `<created>@<id>`, in the order of creation.
    package var segment: String { "\(created.stamp)@\(id)" }

    /// The day of its creation in UTC, `YYYYMMDD`: the segment above it.
    ///
    /// Entries of a day lie together, so that a page of a listing reads the days that it needs and not the whole index.
    package var day: String { Self.day(of: created) }

    /// The day of a time in UTC, `YYYYMMDD`.
    package static func day(of time: Timestamp) -> String { String(time.stamp.prefix(8)) }

    /// The entry's key in one of the indices.
    package func key(in index: BankKey) throws(BankError) -> BankKey { try index.appending("\(day)/\(segment)") }

    /// Where earlier programs have put the entry: right below the index. It is read and removed, and written no more.
    package func undatedKey(in index: BankKey) throws(BankError) -> BankKey { try index.appending(segment) }

    package static func < (a: IndexEntry, b: IndexEntry) -> Bool { (a.created, a.id) < (b.created, b.id) }
}

/// The keys of one checkpoint.
package struct CheckpointKeys: Sendable, Hashable {
    /// The checkpoint.
    package let id: CheckpointID

    package init(_ id: CheckpointID) { self.id = id }

    /// The key below which all of the checkpoint lies.
    package var all: BankKey { BankKey(unchecked: "\(CheckpointLayout.checkpoints)/\(id)") }

    /// Plan, provider, owner, time and IR digest; written once.
    package var index: BankKey { below("index.json") }
    /// The IR that the checkpoint runs.
    package var ir: BankKey { below("ir.json") }
    /// What lies below this is the commit records, one for each epoch that has committed.
    package var commits: BankKey { below("commits") }
    /// The commit record of an epoch.
    package func commit(ofEpoch epoch: UInt32) -> BankKey { below("commits/\(epoch).json") }
    /// The one commit record, where version 1 has it.
    package var onlyCommit: BankKey { below("commit.json") }
    /// What lies below this is those who read the checkpoint at present.
    package var uses: BankKey { below("uses") }
    /// That an owner reads the checkpoint; throws `BankError.invalidKey` when its id is no segment.
    package func use(_ owner: String) throws(BankError) -> BankKey {
        try uses.appending(BankKey.segment(encoding: owner) + ".json")
    }
    /// Labels and a note, which may change.
    package var labels: BankKey { below("labels.json") }
    /// The mark that nothing deletes the checkpoint by itself.
    package var pin: BankKey { below("pin.json") }
    /// The word of a rehearsal that it has ended without proving the checkpoint.
    package var rehearsed: BankKey { below("rehearsed.json") }
    /// The announcement that someone wants the checkpoint back.
    package var reset: BankKey { below("reset.json") }
    /// That something may have been removed, where a tombstone can be written over.
    package var removing: BankKey { below("removing") }
    /// The mark of a checkpoint that is being deleted.
    package var tombstone: BankKey { below("tombstone.json") }
    /// What lies below this is the records of the epochs.
    package var epochs: BankKey { below("epochs") }
    /// Who runs an epoch, and since when.
    package func epoch(_ epoch: UInt32) -> BankKey { below("epochs/\(epoch).json") }

    /// The key below which everything lies that was written in an epoch.
    package func content(ofEpoch epoch: UInt32) -> BankKey { below("e\(epoch)") }
    /// What lies below this is an epoch's journal.
    package func journal(ofEpoch epoch: UInt32) -> BankKey { below("e\(epoch)/journal") }
    /// One page of an epoch's journal, counted from 0.
    package func journal(ofEpoch epoch: UInt32, page: UInt32) -> BankKey {
        below("e\(epoch)/journal/\(eightDigits(page)).json")
    }

    /// What lies below this is what an epoch's copier has noted.
    package func copyJournal(ofEpoch epoch: UInt32) -> BankKey { below("e\(epoch)/copying") }
    /// One page of what an epoch's copier has noted, counted from 0.
    package func copyJournal(ofEpoch epoch: UInt32, page: UInt32) -> BankKey {
        below("e\(epoch)/copying/\(eightDigits(page)).json")
    }

    /// A pack of definitions, counted from 0.
    package func definitions(ofEpoch epoch: UInt32, pack: UInt32) -> BankKey {
        below("e\(epoch)/definitions/\(eightDigits(pack)).json")
    }

    /// What lies below this is the artifacts of an epoch, by resource.
    package func resources(ofEpoch epoch: UInt32) -> BankKey { below("e\(epoch)/resources") }

    /// The key below which a resource's results lie; `identity` is `TYPE#ID`.
    package func resource(_ identity: String, epoch: UInt32) throws(BankError) -> BankKey {
        try below("e\(epoch)/resources").appending(BankKey.segment(encoding: identity))
    }
    /// A resource's protection definition, where version 1 has it.
    package func definition(_ identity: String, epoch: UInt32) throws(BankError) -> BankKey {
        try resource(identity, epoch: epoch).appending("definition.json")
    }
    /// The key below which a resource's artifacts lie.
    package func artifacts(_ identity: String, epoch: UInt32) throws(BankError) -> BankKey {
        try resource(identity, epoch: epoch).appending("artifacts")
    }

    private func below(_ suffix: String) -> BankKey { BankKey(unchecked: "\(all)/\(suffix)") }

    /// The epoch whose record `key` is, of a claim or a commit: `<n>.json`; `nil` for anything else.
    package static func epoch(of key: BankKey) -> UInt32? {
        guard let name = key.segments.last, name.hasSuffix(".json") else { return nil }
        return number(name.dropLast(5))
    }

    /// The epoch whose content lies below a name such as `e2`, `nil` for other names.
    package static func epoch(ofContent name: some StringProtocol) -> UInt32? {
        name.hasPrefix("e") ? number(name.dropFirst()) : nil
    }

    private static func number(_ text: some StringProtocol) -> UInt32? {
        // One spelling for each number.
        guard let number = UInt32(text), number > 0, String(number) == text else { return nil }
        return number
    }
}

/// The keys of one artifact.
package struct ArtifactKeys: Sendable, Hashable {
    /// The key below which the artifact lies: `…/artifacts/<name>`.
    package let all: BankKey

    /// The artifact `name` below a resource's `artifacts`. The name has 1 to 64 of `a-z 0-9 . _ -` and does not start
    /// with a dot; throws `ArtifactError.invalidName` for others, and `BankError.invalidKey` for too long a key.
    package init(_ name: String, in artifacts: BankKey) throws {
        guard ArtifactKeys.isName(name) else { throw ArtifactError.invalidName(name) }
        all = try artifacts.appending(name)
        // The longest key of the artifact, so that the others cannot fail.
        _ = try all.appending("parts/00000000")
    }

    /// The artifact `name` in a section that holds artifacts only; throws `ArtifactError.invalidName`.
    init(_ name: String) throws {
        guard ArtifactKeys.isName(name) else { throw ArtifactError.invalidName(name) }
        all = try BankKey(name)
    }

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789._-".utf8.contains($0) }
    }

    /// The artifact's sealed record, written last.
    package var record: BankKey { BankKey(unchecked: "\(all)/artifact.json") }
    /// What lies below this is the parts.
    package var parts: BankKey { BankKey(unchecked: "\(all)/parts") }
    /// One part, counted from 0.
    package func part(_ number: UInt32) -> BankKey { BankKey(unchecked: "\(all)/parts/\(eightDigits(number))") }
    /// Not an object: a cursor behind everything of the artifact.
    var end: BankKey { BankKey(unchecked: "\(all)/~") }
}

/// A number as at least eight decimal digits, so that byte order is number order up to 99,999,999.
func eightDigits(_ number: UInt32) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
}
