internal import Glibc

/// A point in time in whole milliseconds since 1970-01-01 UTC, without leap seconds, in the years 0000 to 9999.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first and the last point in time that the texts can tell.
    package static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// Milliseconds since the epoch, within `range`.
    package let milliseconds: Int64

    /// The point in time so many milliseconds after the epoch, or the nearest one within `range`.
    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Timestamp.range.lowerBound), Timestamp.range.upperBound)
    }

    /// The time on this machine's clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    // MARK: Texts

    private static let textPattern = "YYYY-MM-DDThh:mm:ss.fffZ"
    private static let stampPattern = "YYYYMMDDThhmmss.fffZ"

    /// The text for records and people: `2026-11-22T13:24:55.123Z`.
    package var text: String { formatted(Timestamp.textPattern) }

    /// The fixed-width text for keys, whose byte order is the order in time: `20261122T132455.123Z`.
    package var stamp: String { formatted(Timestamp.stampPattern) }

    package var description: String { text }

    /// Reads what `text` gives, and nothing else.
    package init?(text: some StringProtocol) { self.init(text, pattern: Timestamp.textPattern) }

    /// Reads what `stamp` gives, and nothing else.
    package init?(stamp: some StringProtocol) { self.init(stamp, pattern: Timestamp.stampPattern) }

    private func formatted(_ pattern: String) -> String {
        let day = Timestamp.floorDivide(milliseconds, 86_400_000)
        let rest = milliseconds - day * 86_400_000
        let date = Timestamp.date(ofDay: day)
        var fields: [UInt8: Int64] = [
            UInt8(ascii: "Y"): date.year, UInt8(ascii: "M"): date.month, UInt8(ascii: "D"): date.day,
            UInt8(ascii: "h"): rest / 3_600_000, UInt8(ascii: "m"): rest / 60_000 % 60,
            UInt8(ascii: "s"): rest / 1000 % 60, UInt8(ascii: "f"): rest % 1000,
        ]
        // From the right, each letter takes the next digit of its field.
        var bytes = Array(pattern.utf8)
        for index in bytes.indices.reversed() {
            guard let value = fields[bytes[index]] else { continue }
            fields[bytes[index]] = value / 10
            bytes[index] = UInt8(ascii: "0") + UInt8(value % 10)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private init?(_ text: some StringProtocol, pattern: String) {
        guard text.utf8.count == pattern.utf8.count else { return nil }
        var fields: [UInt8: Int64] = [:]
        for (byte, letter) in zip(text.utf8, pattern.utf8) {
            if "YMDhmsf".utf8.contains(letter) {
                guard byte >= 0x30 && byte <= 0x39 else { return nil }
                fields[letter, default: 0] = fields[letter, default: 0] * 10 + Int64(byte - 0x30)
            } else if byte != letter {
                return nil
            }
        }
        func field(_ letter: Unicode.Scalar) -> Int64 { fields[UInt8(ascii: letter)] ?? 0 }
        let (year, month, day) = (field("Y"), field("M"), field("D"))
        guard field("h") < 24, field("m") < 60, field("s") < 60 else { return nil }
        let number = Timestamp.day(ofYear: year, month: month, day: day)
        // A date that does not exist, such as February 30th, comes back as another one.
        guard month >= 1, month <= 12, Timestamp.date(ofDay: number) == (year, month, day) else { return nil }
        let seconds = number * 86_400 + field("h") * 3600 + field("m") * 60 + field("s")
        self.init(milliseconds: seconds * 1000 + field("f"))
    }

    // MARK: The calendar

    // Years that begin in March put the leap day at their end; 400 of them have 146,097 days.

    private static func day(ofYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func date(ofDay number: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = number + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}
