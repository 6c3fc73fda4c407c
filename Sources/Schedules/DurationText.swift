/// Durations such as `30m` or `400d`.
package enum DurationText {
    package static let rule = "a duration is a whole number with s, m, h, d or w, such as 30m or 400d"

    /// The duration in seconds, `nil` when `text` is none or longer than a thousand years.
    package static func seconds(_ text: String) -> Int64? {
        guard let unit = text.last, let count = Int64(text.dropLast()), count > 0, !text.hasPrefix("+") else {
            return nil
        }
        guard let scale = units.first(where: { $0.name == unit })?.seconds else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: scale)
        return overflow || seconds > 1000 * 366 * 86400 ? nil : seconds
    }

    /// The shortest way to write so many seconds, such as `36h` or `7d`.
    package static func words(seconds: Int64) -> String {
        let unit = units.last { $0.name != "w" && seconds % $0.seconds == 0 } ?? units[0]
        return "\(seconds / unit.seconds)\(unit.name)"
    }

    private static let units: [(name: Character, seconds: Int64)] = [
        ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("w", 604_800),
    ]
}
