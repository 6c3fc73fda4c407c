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

/// A walk over one index, some days at a time, that reads only the days that it comes to.
///
/// Beside the entries of its index it finds those that its index has lost, as long as that is cheap: another index has
/// them for one of these days, and their records say that they belong here.
struct IndexWalk {
    /// How many days of other indices, and how many records of checkpoints that its own index does not name, a walk
    /// reads in order to find lost entries. A busy bank exceeds that, and then `cairn bank check` finds them.
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

    /// A walk over the index that knows most of what a filter asks for, beginning on the day of `start`.
    init(
        _ collection: CheckpointCollection, _ filter: CheckpointCollection.Filter, order: ListingOrder,
        from start: IndexEntry?
    ) async throws {
        self.collection = collection
        self.filter = filter
        self.order = order
        let bank = collection.bank
        let family: BankKey
        if let plan = filter.plan {
            family = try CheckpointLayout.byPlan(plan)
        } else if let provider = filter.provider {
            family = try CheckpointLayout.byProvider(provider)
        } else {
            family = CheckpointLayout.byDate
        }
        async let own = IndexOutline(of: family, in: bank)
        async let others = Self.others(of: family, in: bank)
        primary = try await own
        self.others = try await others
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

    /// The indices that have what `family` may have lost.
    private static func others(of family: BankKey, in bank: any Bank) async throws -> [IndexOutline] {
        guard family == CheckpointLayout.byDate else {
            return [try await IndexOutline(of: CheckpointLayout.byDate, in: bank)]
        }
        let providers = try await bank.allNames(below: CheckpointLayout.byProvider)
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
        entries += try await lost(on: Array(covered), known: Set(entries))
        entries.sort()
        return order == .newestFirst ? entries.reversed() : entries
    }

    /// Entries of some days that another index has, and that belong into this one.
    private mutating func lost(on days: [String], known: Set<IndexEntry>) async throws -> [IndexEntry] {
        let places = others.flatMap { outline in days.map { (outline, $0) } }
        guard places.count <= effort else {
            effort = 0
            return []
        }
        effort -= places.count
        let (collection, filter) = (collection, filter)
        let found = try await concurrentMap(places) { try await $0.0.entries(of: $0.1, in: collection.bank) }
        let strangers = Set(found.flatMap(\.self)).subtracting(known).sorted()
        guard strangers.count <= effort else {
            effort = 0
            return []
        }
        effort -= strangers.count
        let belongs = try await concurrentMap(strangers) { entry in
            let index: CheckpointIndex
            // What cannot be read is not passed over.
            do { index = try await collection.index(entry.id) } catch is CheckpointError { return true }
            return (filter.plan ?? index.plan) == index.plan && (filter.provider ?? index.provider) == index.provider
        }
        return zip(strangers, belongs).filter(\.1).map(\.0)
    }
}
