/// The order of a listing.
package enum ListingOrder: String, Sendable, CaseIterable {
    case newestFirst
    case oldestFirst
}

/// Which label a checkpoint must have.
package struct LabelRequirement: Sendable, Hashable, CustomStringConvertible {
    package let key: String
    /// The label's value; `nil` when any will do.
    package let value: String?

    package init(key: String, value: String?) {
        self.key = key
        self.value = value
    }

    package var description: String { value.map { "\(key)=\($0)" } ?? key }

    /// Whether labels have it.
    package func admits(_ labels: [String: String]) -> Bool {
        guard let found = labels[key] else { return false }
        return value == nil || value == found
    }
}

extension CheckpointCollection {
    /// What a listing is narrowed to.
    package struct Filter: Sendable, Hashable {
        package var plan: String?
        package var provider: String?
        package var status: CheckpointStatus?
        /// Only those that were created then or later.
        package var since: Timestamp?
        /// Only those that were created before.
        package var until: Timestamp?
        /// Only those that have all these labels.
        package var labels: [LabelRequirement]

        package init(
            plan: String? = nil, provider: String? = nil, status: CheckpointStatus? = nil, since: Timestamp? = nil,
            until: Timestamp? = nil, labels: [LabelRequirement] = []
        ) {
            self.plan = plan
            self.provider = provider
            self.status = status
            self.since = since
            self.until = until
            self.labels = labels
        }

        /// The same filter, whatever the labels.
        var withoutLabels: Filter {
            var filter = self
            filter.labels = []
            return filter
        }

        /// Whether the checkpoint is wanted, whatever its status and labels. One that cannot say its names may be meant.
        func admits(_ summary: CheckpointSummary) -> Bool {
            let unknown = CheckpointSummary.unknownName
            return (plan == nil || summary.plan == unknown || summary.plan == plan)
                && (provider == nil || summary.provider == unknown || summary.provider == provider)
        }

        /// Whether a time of creation is wanted.
        func admits(_ created: Timestamp) -> Bool {
            created >= since ?? Timestamp(milliseconds: Timestamp.range.lowerBound)
                && (until.map { created < $0 } ?? true)
        }
    }

    /// A place in a listing: behind the checkpoint that it names, whether that is still there or not.
    package struct Cursor: Sendable, Hashable, CustomStringConvertible {
        let entry: IndexEntry

        init(_ entry: IndexEntry) { self.entry = entry }

        /// Reads what `description` gives; `nil` for anything else.
        package init?(_ text: some StringProtocol) {
            guard let entry = IndexEntry(segment: text) else { return nil }
            self.init(entry)
        }

        package var description: String { entry.segment }
    }

    /// One page of a listing.
    package struct Page: Sendable, Hashable {
        package let checkpoints: [ListedCheckpoint]
        /// Where the next page begins, `nil` when this one is the last.
        package let next: Cursor?
        /// What was found out about the indices.
        package let indices: IndexStanding
    }
}

/// A checkpoint as a listing has it.
package struct ListedCheckpoint: Sendable, Hashable {
    package let summary: CheckpointSummary
    /// Labels, note and pin, where they were asked for.
    package let annotations: CheckpointAnnotations
    /// Its place in the order of the listing.
    let place: IndexEntry
}
