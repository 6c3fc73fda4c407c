extension Timestamp {
    /// What `init(moment:)` reads, in words.
    package static let momentRule =
        "a date such as 2026-11-22, which begins at midnight UTC, or a time with its zone, such as "
        + "2026-11-22T13:24Z or 2026-11-22T14:24:55+01:00"

    /// Reads what a person writes: a date, which is its midnight in UTC; or date and time with `Z` or an offset from UTC.
    /// A time without a zone means different moments on different hosts, and is refused.
    package init?(moment text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10,
            let day = Timestamp(text: "\(String(decoding: bytes[..<10], as: UTF8.self))T00:00:00.000Z")
        else { return nil }
        if bytes.count == 10 {
            self = day
            return
        }
        guard bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " ") else { return nil }
        var reader = MomentReader(rest: bytes[11...])
        guard let time = reader.time(), let offset = reader.zone(), reader.rest.isEmpty else { return nil }
        self.init(milliseconds: day.milliseconds + time - offset)
    }
}

/// Reads the parts of a time of day.
private struct MomentReader {
    var rest: ArraySlice<UInt8>

    /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…` in milliseconds.
    mutating func time() -> Int64? {
        guard let hours = number(below: 24), consume(":"), let minutes = number(below: 60) else { return nil }
        var milliseconds = hours * 3_600_000 + minutes * 60_000
        guard consume(":") else { return milliseconds }
        guard let seconds = number(below: 60) else { return nil }
        milliseconds += seconds * 1000
        guard consume(".") else { return milliseconds }
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        var unit: Int64 = 100
        for digit in digits {
            milliseconds += Int64(digit - 0x30) * unit
            unit /= 10
        }
        return milliseconds
    }

    /// `Z`, or the offset from UTC, in milliseconds.
    mutating func zone() -> Int64? {
        if consume("Z") || consume("z") { return 0 }
        let isEast = consume("+")
        guard isEast || consume("-"), let hours = number(below: 24) else { return nil }
        var offset = hours * 3_600_000
        if !rest.isEmpty {
            _ = consume(":")
            guard let minutes = number(below: 60) else { return nil }
            offset += minutes * 60_000
        }
        return isEast ? offset : -offset
    }

    /// Two digits.
    private mutating func number(below limit: Int64) -> Int64? {
        let digits = rest.prefix(2)
        guard digits.count == 2, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        guard value < limit else { return nil }
        rest = rest.dropFirst(2)
        return value
    }

    private mutating func consume(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
