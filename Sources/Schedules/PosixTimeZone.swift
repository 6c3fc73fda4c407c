/// The rule of a `TZ` variable of POSIX, such as `CET-1CEST,M3.5.0,M10.5.0/3`: which offset holds when, year by year.
struct PosixTimeZone: Sendable, Hashable {
    /// On which day of a year, and how many seconds after its midnight, clocks are shifted.
    private struct Change: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// 1 to 365; 29 February is never counted.
            case julian(Int)
            /// 0 to 365, 29 February counted.
            case ordinal(Int)
            /// The nth weekday of a month; the fifth is the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        let day: Day
        let seconds: Int

        func instant(ofYear year: Int, offset: Int) -> Int64 {
            let newYear = CivilDate(year: year, month: 1, day: 1).day
            let date: Int
            switch day {
            case .julian(let number):
                date = newYear + number - 1 + (number > 59 && CivilDate.isLeap(year) ? 1 : 0)
            case .ordinal(let number): date = newYear + number
            case .weekday(let month, let week, let weekday):
                let first = CivilDate(year: year, month: month, day: 1)
                var number = (weekday - first.weekday + 7) % 7 + 7 * (week - 1)
                if number >= CivilDate.length(ofMonth: month, of: year) { number -= 7 }
                date = first.day + number
            }
            return Int64(date) * 86400 + Int64(seconds - offset)
        }
    }

    private struct Summer: Sendable, Hashable {
        let offset: Int
        let start: Change
        let end: Change
    }

    private let standard: Int
    private let summer: Summer?

    /// Reads a rule with its changes written out, as files of the tz database have it.
    init(_ text: String) throws(TimeZoneFault) {
        var reader = RuleReader(text)
        try reader.name()
        standard = -(try reader.time())
        if reader.isAtEnd {
            summer = nil
            return
        }
        try reader.name()
        let offset = reader.next == UInt8(ascii: ",") ? standard + 3600 : -(try reader.time())
        let start = try Self.change(&reader)
        let end = try Self.change(&reader)
        guard reader.isAtEnd else { throw reader.fault }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private static func change(_ reader: inout RuleReader) throws(TimeZoneFault) -> Change {
        try reader.expect(UInt8(ascii: ","))
        let day: Change.Day
        if reader.take(UInt8(ascii: "J")) {
            day = .julian(try reader.number(1...365))
        } else if reader.take(UInt8(ascii: "M")) {
            let month = try reader.number(1...12)
            try reader.expect(UInt8(ascii: "."))
            let week = try reader.number(1...5)
            try reader.expect(UInt8(ascii: "."))
            day = .weekday(month: month, week: week, weekday: try reader.number(0...6))
        } else {
            day = .ordinal(try reader.number(0...365))
        }
        return Change(day: day, seconds: reader.take(UInt8(ascii: "/")) ? try reader.time() : 2 * 3600)
    }

    /// The instants of a year's shifts; none where clocks are never shifted.
    func shifts(ofYear year: Int) -> [Int64] {
        guard let summer else { return [] }
        return [
            summer.start.instant(ofYear: year, offset: standard),
            summer.end.instant(ofYear: year, offset: summer.offset),
        ].sorted()
    }

    /// Seconds east of UTC at an instant.
    func offset(at instant: Int64) -> Int {
        guard let summer else { return standard }
        let local = instant + Int64(standard)
        let day = local >= 0 ? local / 86400 : (local - 86399) / 86400
        let year = CivilDate(day: Int(day)).parts.year
        // The year that a shift is of may differ from the one in which it falls.
        var latest = Int64.min
        var offset = standard
        for candidate in year - 1...year + 1 {
            let start = summer.start.instant(ofYear: candidate, offset: standard)
            let end = summer.end.instant(ofYear: candidate, offset: summer.offset)
            // Where both meet, as in zones that are in summer time all year, the start counts.
            if start <= instant && start >= latest { (latest, offset) = (start, summer.offset) }
            if end <= instant && end > latest { (latest, offset) = (end, standard) }
        }
        return offset
    }
}

private struct RuleReader {
    private let bytes: [UInt8]
    private let text: String
    private var position = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }
    var fault: TimeZoneFault { TimeZoneFault("the rule '\(text)' cannot be read") }

    mutating func take(_ byte: UInt8) -> Bool {
        if next != byte { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(TimeZoneFault) { if !take(byte) { throw fault } }

    /// An abbreviation: letters, or anything between `<` and `>`.
    mutating func name() throws(TimeZoneFault) {
        let start = position
        if take(UInt8(ascii: "<")) {
            while let byte = next, byte != UInt8(ascii: ">") { position += 1 }
            return try expect(UInt8(ascii: ">"))
        }
        while let byte = next, byte | 0x20 >= 0x61, byte | 0x20 <= 0x7A { position += 1 }
        if position == start { throw fault }
    }

    mutating func number(_ range: ClosedRange<Int>) throws(TimeZoneFault) -> Int {
        var value = 0
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39, position - start < 4 {
            value = value * 10 + Int(byte - 0x30)
            position += 1
        }
        guard position > start, range.contains(value) else { throw fault }
        return value
    }

    /// `[+-]h[h[h]][:mm[:ss]]` in seconds.
    mutating func time() throws(TimeZoneFault) -> Int {
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        var seconds = try number(0...167) * 3600
        if take(UInt8(ascii: ":")) {
            seconds += try number(0...59) * 60
            if take(UInt8(ascii: ":")) { seconds += try number(0...59) }
        }
        return isNegative ? -seconds : seconds
    }
}
