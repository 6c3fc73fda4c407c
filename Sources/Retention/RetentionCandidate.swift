/// A checkpoint of a plan, as far as it matters for whether it stays.
package struct RetentionCandidate<ID: Sendable & Hashable & Comparable>: Sendable, Hashable {
    /// How a checkpoint stands.
    package enum Standing: UInt8, Sendable, Hashable {
        /// It can be restored: only such ones count, and only such ones go.
        case available
        /// Its run failed, or is not over, or it cannot be read.
        case notAvailable
        /// It is being deleted: what it was says nothing any more.
        case deleting
        /// A rehearsal has made it, to be thrown away: it counts for nothing, and nothing follows from it.
        case rehearsal
    }

    package let id: ID
    /// When it was created, in milliseconds since 1970-01-01 UTC.
    package let created: Int64
    package let standing: Standing
    /// Whether someone has said that it stays.
    package let isPinned: Bool
    /// Whether it is being restored, verified or copied.
    package let isInUse: Bool

    package init(_ id: ID, created: Int64, standing: Standing, isPinned: Bool = false, isInUse: Bool = false) {
        self.id = id
        self.created = created
        self.standing = standing
        self.isPinned = isPinned
        self.isInUse = isInUse
    }
}

/// What becomes of one checkpoint, and why.
package struct RetentionDecision<ID: Sendable & Hashable & Comparable>: Sendable, Hashable {
    package let candidate: RetentionCandidate<ID>
    /// All reasons, of which there is at least one: for what stays those to keep it, for what goes those to remove it.
    package let reasons: [RetentionReason]

    /// Whether it stays.
    package var isKept: Bool { reasons.contains { $0.keeps } }
}

/// Why a checkpoint stays or goes.
package enum RetentionReason: Sendable, Hashable {
    /// The policy has no rule that keeps only some.
    case noRules
    /// It is the n-th newest, of so many that stay.
    case last(number: Int32, of: Int32)
    /// It is the newest of a period: the n-th newest period that has any, of so many that count.
    case period(RetentionPeriod, number: Int32, of: Int32)
    /// It is the newest that can be restored.
    case newest
    case pinned
    case inUse
    /// It was created later than it is now, by this clock.
    case fromTheFuture
    /// It cannot be restored: it counts for no rule, and what becomes of it is no question of retention.
    case notAvailable
    /// It is being deleted by someone.
    case beingDeleted
    /// A rehearsal has made it.
    case rehearsal
    /// No rule of the policy keeps it.
    case unneeded
    /// It is older than the policy allows.
    case tooOld
    /// There are more newer ones than the policy allows in all.
    case tooMany

    /// Whether it is a reason to keep the checkpoint.
    package var keeps: Bool {
        switch self {
        case .unneeded, .tooOld, .tooMany: false
        default: true
        }
    }

    /// A word that stays the same, for programs. Rules and limits are called as in the plan.
    package var code: String {
        switch self {
        case .noRules: "noRules"
        case .last: "keepLast"
        case .period(let period, _, _): period.rule
        case .newest: "newest"
        case .pinned: "pinned"
        case .inUse: "inUse"
        case .fromTheFuture: "fromTheFuture"
        case .notAvailable: "notAvailable"
        case .beingDeleted: "beingDeleted"
        case .rehearsal: "rehearsal"
        case .unneeded: "unneeded"
        case .tooOld: "maxAge"
        case .tooMany: "maxCheckpoints"
        }
    }

    /// The reason in a few words, of a checkpoint that was created at `moment`.
    package func words(_ policy: RetentionPolicy, at moment: RetentionMoment) -> String {
        switch self {
        case .noRules: "no rule limits how many stay"
        case .last(let number, let count): "keepLast: \(number) of \(count)"
        case .period(let period, let number, let count):
            "\(period.rule): newest of \(moment.name(of: period)), \(number) of \(count)"
        case .newest: "the newest that can be restored"
        case .pinned: "pinned"
        case .inUse: "in use"
        case .fromTheFuture: "created in the future, by this clock"
        case .notAvailable: "not available, so it does not count"
        case .beingDeleted: "it is being deleted"
        case .rehearsal: "made by a rehearsal, so it does not count"
        case .unneeded: "no rule keeps it"
        case .tooOld: "maxAge: older than \(policy.maxAgeText)"
        case .tooMany: "maxCheckpoints: \(policy.maxCheckpoints ?? 0) newer ones stay"
        }
    }
}
