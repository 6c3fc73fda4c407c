package import CanonicalForm
internal import PlanIR

/// How long a lease lasts, and when it is renewed. Times are in milliseconds.
package struct LeaseTerms: Sendable, Hashable {
    /// How long a lease lasts after it was written.
    package let expireWindow: Int64
    /// How long after a renewal the next one is due.
    package let renewWindow: Int64
    /// How much of the lease must be left for its owner to begin a write.
    package let validityWindow: Int64

    /// A lease of a minute, renewed three times in it, that counts as lost in its last ten seconds.
    package static let standard = LeaseTerms(
        expire: LeaseRules.expireWindow, renew: LeaseRules.renewWindow, validity: LeaseRules.validityWindow)

    /// Terms that leave time for a renewal that has failed once; throws `LeaseError.terms` for others.
    package init(
        expireWindow: Int64, renewWindow: Int64, validityWindow: Int64
    ) throws(LeaseError) {
        guard renewWindow > 0, validityWindow > 0, expireWindow <= Self.longestExpireWindow else {
            throw .terms("every window is longer than nothing, and a lease lasts a day at most")
        }
        guard LeaseRules.fit(expire: expireWindow, renew: renewWindow, validity: validityWindow) else {
            throw .terms("two renewals and the validity window must fit into the time that a lease lasts")
        }
        self.init(expire: expireWindow, renew: renewWindow, validity: validityWindow)
    }

    private init(expire: Int64, renew: Int64, validity: Int64) {
        (expireWindow, renewWindow, validityWindow) = (expire, renew, validity)
    }

    /// The longest time that a lease lasts: one day.
    package static let longestExpireWindow = LeaseRules.longestExpireWindow
}

/// Why a lease could not be had, or what it allows no longer.
package enum LeaseError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The windows do not fit together.
    case terms(String)
    /// The lease was never acquired, or was released.
    case notHeld(owner: String)
    /// The lease was not renewed in time: others may take this process for gone.
    case lost(owner: String, reason: String)

    package var description: String {
        switch self {
        case .terms(let reason): "these are no terms of a lease: \(reason)"
        case .notHeld(let owner): "the lease of '\(owner)' is not held"
        case .lost(let owner, let reason):
            "the lease of '\(owner)' was lost, so that others may go on with its work: \(reason)"
        }
    }
}

/// `leases/<owner>`: that a process lives, and until when others must believe it.
package struct LeaseRecord: Sendable, Hashable {
    package static let format = "cairn.lease"

    package let owner: Owner
    /// Counts the writes of this lease from 1, so that each differs from the one before.
    package let renewal: Int64
    /// When it was written, by its owner's wall clock.
    package let renewed: Timestamp
    /// How long it lasts, in milliseconds.
    package let expireWindow: Int64

    package init(owner: Owner, renewal: Int64, renewed: Timestamp, expireWindow: Int64) {
        self.owner = owner
        self.renewal = renewal
        self.renewed = renewed
        self.expireWindow = expireWindow
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        owner = try Owner(try content.object("owner"))
        renewal = try content.integer("renewal")
        renewed = try content.timestamp("renewed")
        expireWindow = try content.integer("expireWindow")
        guard (1...LeaseTerms.longestExpireWindow).contains(expireWindow) else {
            throw .malformed(member: "expireWindow", expected: "1 to \(LeaseTerms.longestExpireWindow)")
        }
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            [
                "owner": owner.json, "renewal": .integer(renewal), "renewed": .string(renewed.description),
                "expireWindow": .integer(expireWindow),
            ])
    }
}
