package import Bank

/// What lies right below an index: days with entries, and the entries of earlier programs, which have no day above.
package struct IndexOutline: Sendable {
    private struct Day: Sendable {
        let text: String
        /// Whether there are entries below the day.
        var isDated = false
        /// The entries of earlier programs.
        var undated: [IndexEntry] = []
    }

    /// The names that are neither a day nor an entry.
    package private(set) var strays: [String] = []
    private var contents: [Day] = []
    private let index: BankKey

    /// Reads the names right below an index.
    package init(of index: BankKey, in bank: any Bank) async throws {
        self.index = index
        // A day sorts right before the entries that begin with it, so that all comes in the order of the days.
        for name in try await bank.allNames(below: index) {
            if Self.isDay(name) {
                contents.append(Day(text: name, isDated: true))
            } else if let entry = IndexEntry(segment: name) {
                let day = String(name.prefix(8))
                if contents.last?.text != day { contents.append(Day(text: day)) }
                contents[contents.count - 1].undated.append(entry)
            } else {
                strays.append(name)
            }
        }
    }

    /// The days of all entries, `YYYYMMDD`, in ascending order.
    package var days: [String] { contents.map(\.text) }

    /// The entries of a day, in ascending order.
    package func entries(of day: String, in bank: any Bank) async throws -> [IndexEntry] {
        guard let content = content(of: day) else { return [] }
        var entries = content.undated
        if content.isDated {
            for name in try await bank.allNames(below: try index.appending(day)) {
                if name.hasPrefix(day), let entry = IndexEntry(segment: name) { entries.append(entry) }
            }
        }
        // Earlier programs and this one may both have written an entry.
        return content.undated.isEmpty ? entries : Set(entries).sorted()
    }

    /// The names right below a day, whatever they are.
    package func names(of day: String, in bank: any Bank) async throws -> [String] {
        guard content(of: day)?.isDated == true else { return [] }
        return try await bank.allNames(below: try index.appending(day))
    }

    /// The entries of a day that have no day above.
    package func undatedEntries(of day: String) -> [IndexEntry] { content(of: day)?.undated ?? [] }

    private func content(of day: String) -> Day? {
        var range = contents.indices
        while let first = range.first, let last = range.last {
            let middle = (first + last) / 2
            if contents[middle].text == day { return contents[middle] }
            range = contents[middle].text < day ? middle + 1..<last + 1 : first..<middle
        }
        return nil
    }

    static func isDay(_ name: String) -> Bool {
        name.utf8.count == 8 && name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// What a listing has found out about the indices that it went by.
package struct IndexStanding: Sendable, Hashable {
    /// Whether all was compared with another index; else too much else was made on the same days.
    package var isCompared = true
    /// Whether an index lacks a checkpoint that another one names. It was found all the same.
    package var isIncomplete = false
    /// Whether there are checkpoints and no index names any.
    package var isLost = false

    /// Nothing is known to be wrong.
    package init() {}

    /// What to say of it, and what mends it; `nil` when there is nothing to say.
    package var notice: String? {
        if isLost { return CheckpointError.indicesLost.description }
        if isIncomplete {
            return
                "an index of the bank does not name every checkpoint that another one names, and both may lack some; "
                + "'cairn bank reindex' mends that"
        }
        return isCompared
            ? nil
            : "too much else was made on the same days to look here for lost index entries; 'cairn bank check' looks "
                + "for them, and so does a listing without --limit"
    }
}

/// A walk over one index, some days at a time, that reads only the days that it comes to.
///
/// Beside the entries of its index it finds those that its index has lost: another index has them for one of these days,
/// and their records say that they belong here. Unless it is thorough, it does so only as long as that is cheap.
struct IndexWalk {
    /// How many days of other indices, and how many records of checkpoints that its own index does not name, a walk that
    /// is not thorough reads in order to find lost entries. A busy bank exceeds that, and then `cairn bank check` finds
    /// them.
    private static let effortForLostEntries = 64
    /// The most days that are read together.
    private static let widestWindow = 32

    private let collection: CheckpointCollection
    private let filter: CheckpointCollection.Filter
    private let order: ListingOrder
    private let primary: IndexOutline
    private let others: [IndexOutline]
    /// The days still to come, in the order of the walk.
    private var days: [String]
    private var otherDays: [String]
    private var width = 2
    private var effort = Self.effortForLostEntries
    private var isAtEnd = false
    private let isThorough: Bool
    /// What it has found out about the indices so far.
    private(set) var standing = IndexStanding()

    /// A walk over the index that knows most of what a filter asks for, beginning on the day of `start`. A thorough one
    /// compares all days that it comes to with another index, whatever that costs.
    init(
        _ collection: CheckpointCollection, _ filter: CheckpointCollection.Filter, order: ListingOrder,
        from start: IndexEntry?, isThorough: Bool = false
    ) async throws {
        self.collection = collection
        self.filter = filter
        self.order = order
        self.isThorough = isThorough
        let bank = collection.bank
        let family = try Self.family(filter)
        async let own = IndexOutline(of: family, in: bank)
        async let others = Self.others(of: family, in: bank)
        primary = try await own
        self.others = try await others
        standing.isCompared = !self.others.isEmpty
        var first = filter.since.map { IndexEntry.day(of: $0) } ?? ""
        var last = filter.until.map { IndexEntry.day(of: $0) } ?? "99999999"
        if let start {
            switch order {
            case .newestFirst: last = min(last, start.day)
            case .oldestFirst: first = max(first, start.day)
            }
        }
        func wanted(_ days: [String]) -> [String] {
            let days = days.filter { $0 >= first && $0 <= last }
            return order == .newestFirst ? days.reversed() : days
        }
        days = wanted(primary.days)
        let otherDays = self.others.map(\.days)
        self.otherDays = wanted(otherDays.count == 1 ? otherDays[0] : Set(otherDays.flatMap(\.self)).sorted())
    }

    /// The index that knows most of what a filter asks for.
    private static func family(_ filter: CheckpointCollection.Filter) throws -> BankKey {
        if let plan = filter.plan { return try CheckpointLayout.byPlan(plan) }
        if let provider = filter.provider { return try CheckpointLayout.byProvider(provider) }
        return CheckpointLayout.byDate
    }

    /// The indices that have what `family` may have lost.
    private static func others(of family: BankKey, in bank: any Bank) async throws -> [IndexOutline] {
        guard family == CheckpointLayout.byDate else {
            return [try await IndexOutline(of: CheckpointLayout.byDate, in: bank)]
        }
        let providers = try await bank.allNames(below: CheckpointLayout.byProvider)
        // With no provider at all, there is an empty index to compare with.
        guard !providers.isEmpty else { return [try await IndexOutline(of: CheckpointLayout.byProvider, in: bank)] }
        guard providers.count <= effortForLostEntries else { return [] }
        return try await concurrentMap(providers) {
            try await IndexOutline(of: try CheckpointLayout.byProvider.appending($0), in: bank)
        }
    }

    /// The entries of the next days, in the order of the walk; `nil` at the end.
    mutating func next() async throws -> [IndexEntry]? {
        guard !isAtEnd else { return nil }
        let window = days.prefix(width)
        days.removeFirst(window.count)
        width = min(2 * width, Self.widestWindow)
        isAtEnd = days.isEmpty
        // Up to the last day of the window, and at the end all that is left.
        let bound = isAtEnd ? nil : window.last
        let covered = otherDays.prefix { day in
            guard let bound else { return true }
            return order == .newestFirst ? day >= bound : day <= bound
        }
        otherDays.removeFirst(covered.count)
        let (bank, primary) = (collection.bank, primary)
        var entries = try await concurrentMap(window) { try await primary.entries(of: $0, in: bank) }.flatMap(\.self)
        entries += try await lost(on: Array(covered), own: entries)
        entries.sort()
        return order == .newestFirst ? entries.reversed() : entries
    }

    /// Whether no index that it looks at names any checkpoint.
    var namesNothing: Bool { primary.days.isEmpty && others.allSatisfy(\.days.isEmpty) }

    /// Entries of some days that another index has, and that belong into this one.
    private mutating func lost(on days: [String], own: [IndexEntry]) async throws -> [IndexEntry] {
        let places = others.flatMap { outline in days.map { (outline, $0) } }
        guard isThorough || places.count <= effort else {
            giveUp()
            return []
        }
        effort -= places.count
        let collection = collection
        let found = Set(
            try await concurrentMap(places) { try await $0.0.entries(of: $0.1, in: collection.bank) }.flatMap(\.self))
        for entry in own where !others.isEmpty && !found.contains(entry) && !standing.isIncomplete {
            standing.isIncomplete = try await isUnwitnessed(entry)
        }
        var strangers = found.subtracting(own)
        // What indices beside this one name belongs there.
        if isThorough, strangers.count > effort { strangers.subtract(try await siblings(on: days)) }
        guard isThorough || strangers.count <= effort else {
            giveUp()
            return []
        }
        effort -= strangers.count
        var lost: [IndexEntry] = []
        let sorted = strangers.sorted()
        for (entry, index) in zip(sorted, try await indices(of: sorted)) {
            // What cannot be read is not passed over.
            guard let index else {
                lost.append(entry)
                continue
            }
            guard (filter.plan ?? index.plan) == index.plan, (filter.provider ?? index.provider) == index.provider
            else {
                continue
            }
            lost.append(entry)
            if !standing.isIncomplete { standing.isIncomplete = try await isMissing(entry, index) }
        }
        return lost
    }

    private mutating func giveUp() {
        effort = 0
        standing.isCompared = false
    }

    private func indices(of entries: [IndexEntry]) async throws -> [CheckpointIndex?] {
        let collection = collection
        return try await concurrentMap(entries) { entry in
            do { return try await collection.index(entry.id) } catch is CheckpointError { return nil }
        }
    }

    /// What the indices of other plans name on some days, or those of other providers.
    private func siblings(on days: [String]) async throws -> Set<IndexEntry> {
        let family: BankKey
        let own: String
        if let plan = filter.plan {
            (family, own) = (CheckpointLayout.byPlan, BankKey.segment(encoding: plan))
        } else if let provider = filter.provider {
            (family, own) = (CheckpointLayout.byProvider, BankKey.segment(encoding: provider))
        } else {
            return []
        }
        let bank = collection.bank
        var found: Set<IndexEntry> = []
        for name in try await bank.allNames(below: family) where name != own {
            let outline = try await IndexOutline(of: try family.appending(name), in: bank)
            let there = Set(outline.days).intersection(days).sorted()
            for entries in try await concurrentMap(there, { try await outline.entries(of: $0, in: bank) }) {
                found.formUnion(entries)
            }
        }
        return found
    }

    /// Whether an entry of another index is missing in this one: not when the checkpoint has just come, or is on its way
    /// out.
    private func isMissing(_ entry: IndexEntry, _ index: CheckpointIndex) async throws -> Bool {
        let bank = collection.bank
        guard index.created == entry.created, try await bank.size(CheckpointLayout.unfinished(entry.id)) == nil else {
            return false
        }
        return try await isAbsent(entry, try Self.family(filter))
    }

    /// Whether an entry of this index is missing in the ones that it is compared with.
    private func isUnwitnessed(_ entry: IndexEntry) async throws -> Bool {
        let bank = collection.bank
        // Whatever is wrong with the entry itself is no fault of the others.
        guard let index = try await indices(of: [entry])[0], index.created == entry.created,
            (filter.plan ?? index.plan) == index.plan, (filter.provider ?? index.provider) == index.provider,
            try await bank.size(CheckpointLayout.unfinished(entry.id)) == nil
        else { return false }
        let isByDate = filter.plan == nil && filter.provider == nil
        let family = isByDate ? try CheckpointLayout.byProvider(index.provider) : CheckpointLayout.byDate
        return try await isAbsent(entry, family)
    }

    private func isAbsent(_ entry: IndexEntry, _ family: BankKey) async throws -> Bool {
        let bank = collection.bank
        for key in [try entry.key(in: family), try entry.undatedKey(in: family)]
        where try await bank.size(key) != nil {
            return false
        }
        return try await bank.size(CheckpointKeys(entry.id).index) != nil
    }
}
