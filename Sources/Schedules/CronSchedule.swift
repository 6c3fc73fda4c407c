/// A schedule of crontab(5): minute, hour, day of month, month, day of week.
///
/// A day must fit both day fields; only where neither of them begins with `*` is it enough to fit one.
package struct CronSchedule: Sendable, Hashable {
    /// Bit sets of the values of each field; Sunday is 0.
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    /// Whether one of the day fields is enough.
    private let eitherDay: Bool

    /// Reads a schedule; throws what is wrong with it.
    package init(_ text: some StringProtocol) throws(CronFault) {
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == CronField.all.count else {
            throw CronFault(
                "it has \(fields.count) field\(fields.count == 1 ? "" : "s") instead of \(CronField.all.count)")
        }
        var sets: [UInt64] = []
        for (field, unit) in zip(fields, CronField.all) { sets.append(try unit.values(of: String(field))) }
        minutes = sets[0]
        hours = sets[1]
        days = sets[2]
        months = sets[3]
        // 7 is Sunday, too.
        weekdays = (sets[4] | sets[4] >> 7 & 1) & 0x7F
        eitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
    }

    /// What is wrong with a text as a schedule, or `nil`.
    package static func fault(in text: String) -> CronFault? {
        do { _ = try CronSchedule(text) } catch { return error }
        return nil
    }

    /// A regular expression that every schedule matches: five fields. What is in them is left to `fault(in:)`.
    package static let pattern = "^[ \\t]*([0-9A-Za-z*,/+-]+[ \\t]+){4}[0-9A-Za-z*,/+-]+[ \\t]*$"

    // MARK: Single days

    /// Whether it fires at some time of a day.
    package func fires(on date: CivilDate) -> Bool {
        let (_, month, day) = date.parts
        return months >> UInt64(month) & 1 == 1 && fits(day: day, weekday: date.weekday)
    }

    private func fits(day: Int, weekday: Int) -> Bool {
        let byDay = days >> UInt64(day) & 1 == 1
        let byWeekday = weekdays >> UInt64(weekday) & 1 == 1
        return eitherDay ? byDay || byWeekday : byDay && byWeekday
    }

    /// Whether it fires at a minute of those days on which it fires.
    package func fires(atMinute minute: Int) -> Bool {
        hours >> UInt64(minute / 60) & 1 == 1 && minutes >> UInt64(minute % 60) & 1 == 1
    }

    /// Whether it fires in every hour of those days on which it fires.
    package var isHourly: Bool { hours == 0xFF_FFFF }

    private var firstMinute: Int { hours.trailingZeroBitCount * 60 + minutes.trailingZeroBitCount }
    private var lastMinute: Int { (63 - hours.leadingZeroBitCount) * 60 + 63 - minutes.leadingZeroBitCount }

    private var firesEveryDay: Bool {
        let everyMonth: UInt64 = 0x1FFE
        let everyDay: UInt64 = 0xFFFF_FFFE
        let byDay = days == everyDay
        let byWeekday = weekdays == 0x7F
        return months == everyMonth && (eitherDay ? byDay || byWeekday : byDay && byWeekday)
    }

    // MARK: Firings

    /// How far a next firing is looked for: in this time every date has fallen on every day of the week, even around a
    /// century without a leap day.
    private static let horizon = 41 * 366

    /// The first day from `date` on which it fires; `nil` when there is none.
    package func firstDay(from date: CivilDate) -> CivilDate? {
        var current = date
        let end = date.day + CronSchedule.horizon
        while current.day < end {
            let (year, month, day) = current.parts
            let length = CivilDate.length(ofMonth: month, of: year)
            if months >> UInt64(month) & 1 == 1 {
                for offset in 0...length - day
                where fits(day: day + offset, weekday: CivilDate(day: current.day + offset).weekday) {
                    return CivilDate(day: current.day + offset)
                }
            }
            current = CivilDate(day: current.day + length - day + 1)
        }
        return nil
    }

    /// The next time after `time` at which it fires, on the clock of its own zone; `nil` when it never does.
    package func next(after time: CivilTime) -> CivilTime? {
        if fires(on: time.date), time.minute < lastMinute,
            let minute = (time.minute + 1..<1440).first(where: fires(atMinute:))
        {
            return CivilTime(time.date, minute: minute)
        }
        return firstDay(from: CivilDate(day: time.date.day + 1)).map { CivilTime($0, minute: firstMinute) }
    }

    /// Whether there is no day on which it fires, such as 30 February.
    package var neverFires: Bool { firstDay(from: CronSchedule.epoch) == nil }

    // MARK: Gaps

    /// Any day would do; from here on 28 years hold every kind of year.
    private static let epoch = CivilDate(year: 2001, month: 1, day: 1)
    private static let cycle = 28 * 366

    /// The fewest minutes between two firings on the clock of its own zone; `nil` when it never fires.
    package var shortestGap: Int? {
        guard let first = firstDay(from: CronSchedule.epoch) else { return nil }
        var shortest = Int.max
        var last: Int?
        for minute in firstMinute...lastMinute where fires(atMinute: minute) {
            if let last { shortest = min(shortest, minute - last) }
            last = minute
        }
        let overnight = 1440 - lastMinute + firstMinute
        if overnight >= shortest { return shortest }
        var day = first
        while day.day < first.day + CronSchedule.cycle, let next = firstDay(from: CivilDate(day: day.day + 1)) {
            shortest = min(shortest, (next.day - day.day - 1) * 1440 + overnight)
            if next.day == day.day + 1 { break }
            day = next
        }
        return shortest
    }

    /// The most minutes between two firings of any of `schedules`, all on one clock; `nil` when none of them fires.
    package static func longestGap(of schedules: [CronSchedule]) -> Int? {
        let live = schedules.filter { !$0.neverFires }
        guard !live.isEmpty else { return nil }
        if live.count == 1, live[0].firesEveryDay {
            let daily = DayOfFirings(live)
            return max(daily.longest, 1440 - daily.last + daily.first)
        }
        // Days on which the same schedules fire are alike.
        var days: [[Bool]: DayOfFirings] = [:]
        var longest = 0
        var last: Int?
        for day in epoch.day..<epoch.day + cycle {
            let fires = live.map { $0.fires(on: CivilDate(day: day)) }
            guard fires.contains(true) else { continue }
            let firings = days[fires] ?? DayOfFirings(zip(live, fires).filter(\.1).map(\.0))
            days[fires] = firings
            longest = max(longest, firings.longest, last.map { day * 1440 + firings.first - $0 } ?? 0)
            last = day * 1440 + firings.last
        }
        return longest > 0 ? longest : nil
    }

    /// The firings of a day on which all of some schedules fire.
    private struct DayOfFirings {
        var first = 1440
        var last = -1
        var longest = 0

        init(_ schedules: [CronSchedule]) {
            for minute in 0..<1440 where schedules.contains(where: { $0.fires(atMinute: minute) }) {
                if last >= 0 { longest = max(longest, minute - last) }
                first = min(first, minute)
                last = minute
            }
        }
    }
}

/// What is wrong with the text of a schedule.
package struct CronFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// One of the five fields.
private struct CronField {
    let name: String
    let range: ClosedRange<Int>
    let names: [String]

    static let all = [
        CronField(name: "minute", range: 0...59, names: []),
        CronField(name: "hour", range: 0...23, names: []),
        CronField(name: "day of month", range: 1...31, names: []),
        CronField(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        CronField(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// The bit set of the values that a field's text allows.
    func values(of text: String) throws(CronFault) -> UInt64 {
        var set: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) { set |= try values(ofItem: item) }
        return set
    }

    private func values(ofItem item: Substring) throws(CronFault) -> UInt64 {
        func fault(_ reason: String) -> CronFault { CronFault("'\(item)' in the field '\(name)': \(reason)") }
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 2 { throw fault("one '/' at most") }
        var step = 1
        if parts.count == 2 {
            guard let number = number(parts[1]), number >= 1, number <= range.upperBound else {
                throw fault("the step after '/' is 1 to \(range.upperBound)")
            }
            step = number
        }
        var bounds = range
        if parts[0] != "*" {
            let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            let values = ends.compactMap(value(of:))
            guard ends.count <= 2, values.count == ends.count, let low = values.first, let high = values.last else {
                throw fault("values are \(range.lowerBound) to \(range.upperBound)")
            }
            if low > high { throw fault("the range is backwards") }
            if parts.count == 2 && ends.count == 1 { throw fault("a step needs '*' or a range") }
            bounds = low...high
        } else if range.upperBound == 7 {
            // `*` is each day once: a step must not find Sunday at both ends of the week.
            bounds = 0...6
        }
        var set: UInt64 = 0
        for value in stride(from: bounds.lowerBound, through: bounds.upperBound, by: step) { set |= 1 << UInt64(value) }
        return set
    }

    private func value(of text: Substring) -> Int? {
        if let position = names.firstIndex(of: text.lowercased()) { return position + range.lowerBound }
        return number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(text) : nil
    }
}
