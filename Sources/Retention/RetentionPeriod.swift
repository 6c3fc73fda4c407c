package import Schedules

/// A period of which a rule keeps one checkpoint each.
package enum RetentionPeriod: Int, Sendable, Hashable, CaseIterable, Comparable {
    case hour, day, week, month, year

    /// The rule's name in plans, such as `keepDaily`.
    package var rule: String { Self.rules[rawValue] }

    /// The period of a rule, `nil` for what is none.
    init?(rule: String) {
        guard let position = Self.rules.firstIndex(of: rule) else { return nil }
        self.init(rawValue: position)
    }

    private static let rules = ["keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly"]

    /// Shorter ones first.
    package static func < (a: RetentionPeriod, b: RetentionPeriod) -> Bool { a.rawValue < b.rawValue }
}

/// What the calendar and the clock of a time zone show at one moment.
package struct RetentionMoment: Sendable, Hashable {
    /// Seconds since 1970-01-01 UTC.
    private let instant: Int64
    /// Seconds since 1970-01-01 00:00 on the clock on the wall.
    private let local: Int64

    /// The moment so many milliseconds after 1970-01-01 UTC.
    package init(milliseconds: Int64, in zone: TimeZoneRules) {
        instant = Self.floorDivide(milliseconds, 1000)
        local = instant + Int64(zone.offset(at: instant))
    }

    /// A number that all moments of the same period share, and that is greater for a later one.
    ///
    /// Where clocks are set back, an hour that they show twice is two hours, and a day, as a calendar has it, stays one
    /// although it may be left and entered again.
    package func number(of period: RetentionPeriod) -> Int64 {
        switch period {
        // When the hour began: the same hour of the clock at another offset began at another moment.
        case .hour: instant - Self.remainder(local, 3600)
        case .day: day
        // Weeks begin on Mondays, as in ISO 8601; 1970-01-01 was a Thursday.
        case .week: Self.floorDivide(day + 3, 7)
        case .month: Int64(date.year * 12 + date.month - 1)
        case .year: Int64(date.year)
        }
    }

    /// The period in words: `2026-11-22 14:00`, `2026-11-22`, `2026-W47`, `2026-11`, `2026`.
    package func name(of period: RetentionPeriod) -> String {
        let text = CivilDate(day: Int(day)).description
        switch period {
        case .hour: return "\(text) \(CivilTime.clock(Int(Self.remainder(local, 86400) / 3600) * 60))"
        case .day: return text
        case .week:
            // A week is of the year that its Thursday is in.
            let thursday = CivilDate(day: Int(Self.floorDivide(day + 3, 7) * 7))
            let year = thursday.parts.year
            let week = (thursday.day - CivilDate(year: year, month: 1, day: 1).day) / 7 + 1
            return "\(CivilDate(year: year, month: 1, day: 1).description.prefix(4))-W\(week < 10 ? "0" : "")\(week)"
        case .month: return String(text.dropLast(3))
        case .year: return String(text.dropLast(6))
        }
    }

    private var day: Int64 { Self.floorDivide(local, 86400) }
    private var date: (year: Int, month: Int, day: Int) { CivilDate(day: Int(day)).parts }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value - divisor + 1) / divisor
    }

    private static func remainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        value - floorDivide(value, divisor) * divisor
    }
}
