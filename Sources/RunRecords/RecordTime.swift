internal import Schedules

/// A point in time of a run record: nanoseconds since 1970-01-01 UTC, without leap seconds, in the years 1678 to 2261.
package struct RecordTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (a: RecordTime, b: RecordTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Reads a time of RFC 3339, such as `2026-11-22T13:24:55.123Z` or `2026-11-22T14:24:55+01:00`; `nil` for all else.
    /// Digits behind the ninth of a fraction are dropped.
    package init?(_ text: some StringProtocol) {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int? {
            guard rest.count >= digits else { return nil }
            var value = 0
            for byte in rest.prefix(digits) {
                guard byte &- 0x30 < 10 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            rest = rest.dropFirst(digits)
            return value
        }
        func sign(_ signs: StaticString) -> UInt8? {
            guard let first = rest.first, signs.withUTF8Buffer({ $0.contains(first) }) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        guard let year = number(4), sign("-") != nil, let month = number(2), sign("-") != nil, let day = number(2),
            sign("Tt") != nil, let hour = number(2), sign(":") != nil, let minute = number(2), sign(":") != nil,
            let second = number(2), (1...12).contains(month), day >= 1, hour < 24, minute < 60, second <= 60
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        // A day behind the month's end would be one of the next month.
        guard date.parts == (year, month, day), (1678...2261).contains(year) else { return nil }
        var fraction = 0
        if sign(".") != nil {
            var digits = 0
            while let digit = number(1) {
                if digits < 9 { fraction = fraction * 10 + digit }
                digits += 1
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 9)..<9 { fraction *= 10 }
        }
        var offset = 0
        guard let zone = sign("Zz+-") else { return nil }
        if zone == UInt8(ascii: "+") || zone == UInt8(ascii: "-") {
            guard let hours = number(2), sign(":") != nil, let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = (hours * 60 + minutes) * (zone == UInt8(ascii: "-") ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        // A leap second counts as the last one before it.
        let seconds = date.day * 86400 + hour * 3600 + minute * 60 + min(second, 59) - offset
        nanoseconds = Int64(seconds) * 1_000_000_000 + Int64(fraction)
    }

    /// The time in UTC, to the millisecond, or as exactly as it is known.
    package var description: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = "\(value)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = nanoseconds.floorDivided(by: 86_400_000_000_000)
        let rest = nanoseconds - day * 86_400_000_000_000
        let seconds = rest / 1_000_000_000
        let fraction = rest % 1_000_000_000
        let isExact = fraction % 1_000_000 == 0
        return "\(CivilDate(day: Int(day)))T\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):"
            + "\(padded(seconds % 60, 2)).\(isExact ? padded(fraction / 1_000_000, 3) : padded(fraction, 9))Z"
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
