/// A day of the Gregorian calendar.
package struct CivilDate: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01.
    package let day: Int

    package init(day: Int) { self.day = day }

    /// The date of a year, a month from 1 and a day from 1; a day behind the month's end lies in the next month.
    package init(year: Int, month: Int, day: Int) {
        // Years that begin in March have their leap day last.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        self.day = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Year, month and day, the latter two from 1.
    package var parts: (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// 0 for Sunday to 6 for Saturday.
    package var weekday: Int {
        let remainder = (day + 4) % 7
        return remainder < 0 ? remainder + 7 : remainder
    }

    package static func < (a: CivilDate, b: CivilDate) -> Bool { a.day < b.day }

    /// Whether the year has a 29 February.
    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// The number of days of a month.
    static func length(ofMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension CivilDate: CustomStringConvertible {
    /// `2026-03-29`.
    package var description: String {
        let (year, month, day) = parts
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = "\(number)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}

/// What a calendar and a clock on the wall show, to the minute, in no time zone by itself.
package struct CivilTime: Sendable, Hashable, Comparable {
    package let date: CivilDate
    /// Minutes since midnight, 0 to 1439.
    package let minute: Int

    package init(_ date: CivilDate, minute: Int) {
        self.date = date
        self.minute = minute
    }

    /// Minutes since 1970-01-01 00:00 on the same clock.
    package var minutes: Int { date.day * 1440 + minute }

    /// The time so many minutes after 1970-01-01 00:00 on the same clock.
    package init(minutes: Int) {
        let day = minutes >= 0 ? minutes / 1440 : (minutes - 1439) / 1440
        self.init(CivilDate(day: day), minute: minutes - day * 1440)
    }

    package static func < (a: CivilTime, b: CivilTime) -> Bool { a.minutes < b.minutes }

    /// `02:30` for a minute of the day.
    package static func clock(_ minute: Int) -> String {
        let hour = minute / 60
        let rest = minute % 60
        return (hour < 10 ? "0" : "") + "\(hour):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
