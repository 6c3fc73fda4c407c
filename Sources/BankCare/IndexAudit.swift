import Bank
import Checkpoints
import Engine

/// What is known of a checkpoint while indices are compared with it.
struct KnownCheckpoint: Sendable {
    let plan: String
    let provider: String
    let created: Timestamp
    /// Whether indices must name it.
    let isSettled: Bool
    /// Which of the indices name it: by plan, by provider, by date.
    var seen: UInt8 = 0
}

/// One of the indices of a bank.
enum IndexName: Sendable, Hashable {
    case plan(segment: String)
    case provider(segment: String)
    case date

    /// The key below which its entries lie.
    func key() throws -> BankKey {
        switch self {
        case .plan(let segment): try CheckpointLayout.byPlan.appending(segment)
        case .provider(let segment): try CheckpointLayout.byProvider.appending(segment)
        case .date: CheckpointLayout.byDate
        }
    }

    var bit: UInt8 {
        switch self {
        case .plan: 1
        case .provider: 2
        case .date: 4
        }
    }

    /// Whether a checkpoint of this plan and provider belongs into it.
    func takes(plan: String, provider: String) -> Bool {
        switch self {
        case .plan(let segment): BankKey.segment(encoding: plan) == segment
        case .provider(let segment): BankKey.segment(encoding: provider) == segment
        case .date: true
        }
    }
}

/// Compares the entries of all indices with the checkpoints that there are.
struct IndexAudit {
    let collection: CheckpointCollection
    private(set) var known: [CheckpointID: KnownCheckpoint]

    private let faults: PlantedFaults

    init(
        _ collection: CheckpointCollection, known: [CheckpointID: KnownCheckpoint],
        faults: PlantedFaults = PlantedFaults()
    ) {
        self.collection = collection
        self.known = known
        self.faults = faults
    }

    private var bank: any Bank { collection.bank }

    /// Walks all indices, then looks for entries that are missing, and hands over what it finds.
    mutating func run(_ report: (BankFinding) async throws -> Void) async throws {
        for name in try await bank.allNames(below: CheckpointLayout.indices)
        where !["by-plan", "by-provider", "by-date", "unfinished"].contains(name) {
            guard try await bank.holdsObjects(try CheckpointLayout.indices.appending(name)) else { continue }
            try await report(
                BankFinding(.strayObject, "\(CheckpointLayout.indices)/\(name)", nil, "is no index that a bank has"))
        }
        for name in try await bank.allNames(below: CheckpointLayout.unfinished) where CheckpointID(name) == nil {
            guard try await bank.holdsObjects(try CheckpointLayout.unfinished.appending(name)) else { continue }
            try await report(
                BankFinding(.strayObject, "\(CheckpointLayout.unfinished)/\(name)", nil, "is no marker of a checkpoint")
            )
        }
        for name in try await bank.allNames(below: CheckpointLayout.byPlan) {
            try await walk(.plan(segment: name), report)
        }
        for name in try await bank.allNames(below: CheckpointLayout.byProvider) {
            try await walk(.provider(segment: name), report)
        }
        try await walk(.date, report)
        for id in known.keys.sorted() { try await missing(id, report) }
    }

    // MARK: Entries

    private struct Place: Sendable {
        let key: BankKey
        let entry: IndexEntry
        /// Whether it lies in its own day.
        let isInPlace: Bool
        let isUndated: Bool
    }

    private mutating func walk(_ name: IndexName, _ report: (BankFinding) async throws -> Void) async throws {
        let index = try name.key()
        let outline = try await IndexOutline(of: index, in: bank)
        for stray in outline.strays {
            guard try await bank.holdsObjects(try index.appending(stray)) else { continue }
            try await report(BankFinding(.strayObject, "\(index)/\(stray)", nil, "is no entry of an index"))
        }
        for day in outline.days {
            var places: [Place] = []
            for text in try await outline.names(of: day, in: bank) {
                let key = try index.appending("\(day)/\(text)")
                guard let entry = IndexEntry(segment: text) else {
                    guard try await bank.holdsObjects(key) else { continue }
                    try await report(BankFinding(.strayObject, key, nil, "is no entry of an index"))
                    continue
                }
                places.append(Place(key: key, entry: entry, isInPlace: entry.day == day, isUndated: false))
            }
            for entry in outline.undatedEntries(of: day) {
                places.append(
                    Place(key: try entry.undatedKey(in: index), entry: entry, isInPlace: true, isUndated: true))
            }
            try await judge(places, of: name, report)
        }
    }

    private mutating func judge(
        _ places: [Place], of name: IndexName, _ report: (BankFinding) async throws -> Void
    ) async throws {
        let (bank, known) = (bank, known)
        let (collection, faults) = (collection, faults)
        let findings = try await concurrentMap(places) { place -> (isThere: Bool, BankFinding?) in
            let id = place.entry.id
            let bytes: [UInt8]
            // A weak store's listings keep names of what was removed.
            do { bytes = try await bank.get(place.key) } catch BankError.notFound { return (false, nil) }
            guard place.isInPlace else {
                return (true, BankFinding(.entryStray, place.key, id, "lies in the day of another time"))
            }
            let checkpoint = known[id]
            let fits = checkpoint.map {
                $0.created == place.entry.created && name.takes(plan: $0.plan, provider: $0.provider)
            }
            if fits != true, faults.believesListing {
                return (true, BankFinding(.entryStray, place.key, id, "leads to a checkpoint that was not listed"))
            }
            if fits != true, let stray = try await Self.stray(place, name, collection) {
                return (true, stray)
            }
            if bytes != collection.marker(id) {
                return (true, BankFinding(.entryDamaged, place.key, id, "does not hold the id of its key"))
            }
            guard place.isUndated else { return (true, nil) }
            return (true, BankFinding(.entryUndated, place.key, id, "lies where earlier programs wrote it"))
        }
        for (place, (isThere, finding)) in zip(places, findings) {
            if isThere, finding?.kind != .entryStray { self.known[place.entry.id]?.seen |= name.bit }
            if let finding { try await report(finding) }
        }
    }

    /// What is wrong with an entry that does not fit what is known of its checkpoint: nothing, when that has come since.
    private static func stray(
        _ place: Place, _ name: IndexName, _ collection: CheckpointCollection
    ) async throws -> BankFinding? {
        let id = place.entry.id
        do {
            let index = try await collection.index(id)
            if try await collection.bank.size(CheckpointKeys(id).tombstone) != nil { return nil }
            guard index.created == place.entry.created else {
                return BankFinding(.entryStray, place.key, id, "has another time than its checkpoint")
            }
            guard name.takes(plan: index.plan, provider: index.provider) else {
                return BankFinding(
                    .entryStray, place.key, id,
                    "leads to a checkpoint of the plan '\(index.plan)' and the provider '\(index.provider)'")
            }
            return nil
        } catch is CheckpointError {
            // An entry says what a damaged checkpoint cannot say any more.
            if try await collection.bank.holdsObjects(CheckpointKeys(id).all) { return nil }
            guard try await collection.bank.size(place.key) != nil else { return nil }
            return BankFinding(.entryStray, place.key, id, "leads to a checkpoint that is not there")
        }
    }

    // MARK: Missing entries

    private func missing(_ id: CheckpointID, _ report: (BankFinding) async throws -> Void) async throws {
        guard let checkpoint = known[id], checkpoint.isSettled, checkpoint.seen != 7 else { return }
        let keys = try collection.everyIndexKey(
            plan: checkpoint.plan, provider: checkpoint.provider, checkpoint.created, id)
        for (number, key) in keys.prefix(3).enumerated() where checkpoint.seen & (1 << UInt8(number)) == 0 {
            if try await bank.size(key) != nil { continue }
            if try await bank.size(keys[number + 3]) != nil { continue }
            // It may be on its way out.
            if try await bank.size(CheckpointLayout.unfinished(id)) != nil { continue }
            if try await bank.size(CheckpointKeys(id).index) == nil { continue }
            try await report(BankFinding(.entryMissing, key, id, "is missing"))
        }
    }
}
