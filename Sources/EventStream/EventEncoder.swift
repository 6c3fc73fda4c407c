internal import CanonicalForm
internal import Engine
internal import PlanIR

/// Writes the lines of an event stream, one after the other, into bytes.
///
/// Members come in the order of the table, and nothing is built but the bytes: an event of a quick activity may not
/// cost more than the activity.
struct EventEncoder {
    private(set) var sequence: Int64 = 0
    private var writer = JSONWriter()
    /// The second of which `secondText` is the text, since most lines share theirs with the one before.
    private var second = Int64.min
    private var secondText: [UInt8] = []

    /// How many bytes wait to be taken.
    var waiting: Int { writer.bytes.count }

    /// Gives out the bytes written so far.
    mutating func take() -> [UInt8] {
        let bytes = writer.bytes
        writer.bytes = []
        return bytes
    }

    /// Begins a line with what every line has.
    mutating func begin(_ kind: EventKind, wall milliseconds: Int64, elapsed: Int64) {
        writer.raw("{\"event\":\"")
        writer.bytes.append(contentsOf: kind.rawValue.utf8)
        writer.raw("\",\"seq\":")
        writer.integer(sequence)
        sequence += 1
        writer.raw(",\"time\":\"")
        let now = EventTime.floorDivide(milliseconds, 1000)
        if now != second {
            second = now
            secondText = EventTime.second(now)
        }
        writer.bytes.append(contentsOf: secondText)
        writer.raw(".")
        let fraction = milliseconds - now * 1000
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / 100))
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / 10 % 10))
        writer.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction % 10))
        writer.raw("Z\",\"elapsed\":")
        writer.integer(max(0, elapsed))
    }

    mutating func text(_ name: StaticString, _ value: String) {
        key(name)
        writer.string(value)
    }

    mutating func text(_ name: StaticString, ifAny value: String?) { if let value { text(name, value) } }

    mutating func number(_ name: StaticString, _ value: Int64) {
        key(name)
        writer.integer(value)
    }

    mutating func number(_ name: StaticString, ifAny value: Int64?) { if let value { number(name, value) } }

    mutating func truth(_ name: StaticString, _ value: Bool) {
        key(name)
        if value { writer.raw("true") } else { writer.raw("false") }
    }

    mutating func activity(_ activity: EventActivity) {
        text("resource", activity.identity)
        key("hook")
        writer.raw("\"")
        writer.bytes.append(contentsOf: activity.hook.name.utf8)
        writer.raw("\"")
    }

    mutating func end() { writer.raw("}\n") }

    private mutating func key(_ name: StaticString) {
        writer.raw(",\"")
        writer.raw(name)
        writer.raw("\":")
    }
}

/// The texts of times.
enum EventTime {
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    /// `2026-11-22T13:24:55`, of seconds since 1970-01-01 UTC.
    static func second(_ seconds: Int64) -> [UInt8] {
        let day = floorDivide(seconds, 86_400)
        let rest = seconds - day * 86_400
        let date = date(ofDay: day)
        var text: [UInt8] = []
        func digits(_ value: Int64, _ count: Int) {
            let all = Array("\(max(0, value))".utf8)
            text += Array(repeating: UInt8(ascii: "0"), count: max(0, count - all.count)) + all.suffix(count)
        }
        digits(date.year, 4)
        text.append(UInt8(ascii: "-"))
        digits(date.month, 2)
        text.append(UInt8(ascii: "-"))
        digits(date.day, 2)
        text.append(UInt8(ascii: "T"))
        digits(rest / 3600, 2)
        text.append(UInt8(ascii: ":"))
        digits(rest / 60 % 60, 2)
        text.append(UInt8(ascii: ":"))
        digits(rest % 60, 2)
        return text
    }

    /// The Gregorian date of a day counted from 1970-01-01, by years that begin in March.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
