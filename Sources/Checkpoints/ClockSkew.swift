/// How far this host's wall clock is from the clock of the bank's store, as far as the time of one write tells.
package struct ClockSkew: Sendable, Hashable {
    /// How far this host is ahead at least, in milliseconds; negative when it is behind, 0 when both agree as far as can
    /// be seen.
    package let milliseconds: Int64

    /// How far apart the clocks may be: five minutes.
    package static let bound: Int64 = 300_000

    /// What a write tells that was sent at `began` and answered at `ended` by this host's clock, and which the store says
    /// was at `stored`. All times are in milliseconds.
    package init(began: Int64, ended: Int64, stored: Int64) {
        if stored < began {
            milliseconds = began.subtractingClamped(stored)
        } else if stored > max(began, ended) {
            milliseconds = -stored.subtractingClamped(max(began, ended))
        } else {
            milliseconds = 0
        }
    }

    /// Whether the clocks are further apart than anything that compares times can bear.
    package var isTooGreat: Bool { abs(milliseconds) > Self.bound }

    /// `this host's clock is 2 h 5 min ahead of the bank's`.
    package var words: String {
        "this host's clock is \(amount) \(milliseconds >= 0 ? "ahead of" : "behind") the bank's"
    }

    private var amount: String {
        let minutes = abs(milliseconds) / 60_000
        let (days, hours) = (minutes / 1440, minutes / 60 % 24)
        if days > 0 { return "\(days) d" + (hours > 0 ? " \(hours) h" : "") }
        if hours > 0 { return "\(hours) h" + (minutes % 60 > 0 ? " \(minutes % 60) min" : "") }
        return minutes > 0 ? "\(minutes) min" : "\(abs(milliseconds) / 1000) s"
    }
}

extension Int64 {
    fileprivate func subtractingClamped(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .max : difference
    }
}

/// This host's clock is too far from the bank's for what goes by the age of checkpoints.
package struct ClockSkewError: Error, Sendable, Hashable, CustomStringConvertible {
    package let skew: ClockSkew

    package init(_ skew: ClockSkew) { self.skew = skew }

    package var description: String {
        "\(skew.words), so that nothing can be removed by its age; set the clocks (see 'timedatectl status'), and run the "
            + "command again"
    }
}
