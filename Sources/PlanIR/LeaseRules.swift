/// How the windows of a lease must fit together, for the compiler and for who holds the lease. Times are in milliseconds.
package enum LeaseRules {
    /// How long a lease lasts where nobody says otherwise: a minute.
    package static let expireWindow: Int64 = 60_000
    /// How long after a renewal the next one is due: renewed three times in its minute.
    package static let renewWindow: Int64 = 20_000
    /// How much of a lease must be left to begin a write: ten seconds.
    package static let validityWindow: Int64 = 10_000

    /// The longest time that a lease lasts: one day. So long others wait at most for an owner that is gone.
    package static let longestExpireWindow: Int64 = 86_400_000

    /// The shortest time that a lease can last with the other two windows: one renewal may fail, and the next one still
    /// comes in time. `nil` when that is longer than any lease.
    package static func shortestExpireWindow(renew: Int64, validity: Int64) -> Int64? {
        guard renew <= longestExpireWindow, validity <= longestExpireWindow else { return nil }
        let shortest = 2 * renew + validity
        return shortest <= longestExpireWindow ? shortest : nil
    }

    /// Whether the windows fit together.
    package static func fit(expire: Int64, renew: Int64, validity: Int64) -> Bool {
        guard renew > 0, validity > 0, expire <= longestExpireWindow,
            let shortest = shortestExpireWindow(renew: renew, validity: validity)
        else { return false }
        return shortest <= expire
    }
}
