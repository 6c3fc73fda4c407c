/// Durations and shares for people.
package enum DurationWords {
    /// A duration of so many nanoseconds in two units at most, such as `12m 40s`.
    package static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds < 1_000_000_000 {
            // To the microsecond.
            let micro = nanoseconds / 1000 + (nanoseconds % 1000 >= 500 ? 1 : 0)
            if micro < 1_000_000 { return micro == 0 ? "0s" : decimal(micro) + "ms" }
        }
        let milli = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 >= 500_000 ? 1 : 0)
        if milli < 60_000 { return decimal(milli) + "s" }
        let seconds = nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0)
        if seconds < 3600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        let minutes = (seconds + 30) / 60
        if minutes < 1440 { return pair(minutes / 60, "h", minutes % 60, "m") }
        let hours = (seconds + 1800) / 3600
        return pair(hours / 24, "d", hours % 24, "h")
    }

    /// A share such as `87.3%`.
    package static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }

    /// Thousandths as a decimal number.
    private static func decimal(_ thousandths: Int64) -> String {
        var digits = "\(1000 + thousandths % 1000)".dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(thousandths / 1000)" + (digits.isEmpty ? "" : ".\(digits)")
    }

    private static func pair(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(unit)" : "\(large)\(unit) \(small)\(smallUnit)"
    }
}
