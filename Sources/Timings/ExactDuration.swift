/// Durations as timings have them: numbers with ms, s, m, h or d, such as `42.5s`, to the nanosecond.
package enum ExactDuration {
    package static let rule = "a duration is a number with ms, s, m, h or d, such as 42.5s or 10m"
    package static let pattern = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$"
    /// The longest duration: a hundred years.
    package static let longest: Int64 = 100 * 366 * 86_400_000_000_000

    private static let units: [(name: StaticString, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    /// The duration in nanoseconds, `nil` when `text` is none or longer than a hundred years.
    package static func nanoseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { isDigit($0) }
        var rest = bytes[digits.endIndex...]
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { isDigit($0) }
            if fraction.isEmpty { return nil }
            rest = rest[fraction.endIndex...]
        }
        guard !digits.isEmpty,
            let unit = units.first(where: { unit in unit.name.withUTF8Buffer { rest.elementsEqual($0) } })?.nanoseconds
        else { return nil }
        var whole: Int64 = 0
        for digit in digits {
            whole = whole * 10 + Int64(digit - 0x30)
            if whole > longest / unit { return nil }
        }
        // What is less than a nanosecond is dropped.
        var numerator: Int64 = 0
        var denominator: Int64 = 1
        for digit in fraction.prefix(15) {
            numerator = numerator * 10 + Int64(digit - 0x30)
            denominator *= 10
        }
        let part = denominator.dividingFullWidth(unit.multipliedFullWidth(by: numerator)).quotient
        let sum = whole * unit + part
        return sum > longest ? nil : sum
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
