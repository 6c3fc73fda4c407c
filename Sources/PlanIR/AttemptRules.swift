package import CanonicalForm
internal import Schedules

/// How often a hook of a resource is tried, and how long each attempt may last: the parameters `timeout` and `retry`,
/// which every resource type has.
package struct AttemptRules: Sendable, Hashable {
    /// How long one attempt of one hook may last, in nanoseconds; `nil` when there is no limit.
    package var timeout: Int64?
    /// How many attempts there are in all.
    package var attempts: Int
    /// How long to wait before the second attempt, in nanoseconds; the wait then doubles with each attempt.
    package var delay: Int64
    /// The longest wait between two attempts, in nanoseconds.
    package var maxDelay: Int64

    /// The rules of a resource whose parameters say nothing of them.
    package static let standard = AttemptRules(
        timeout: nil, attempts: 3, delay: 1_000_000_000, maxDelay: 60_000_000_000)

    /// How many attempts may be asked for.
    package static let attemptsRange: ClosedRange<Int64> = 1...100

    package init(timeout: Int64?, attempts: Int, delay: Int64, maxDelay: Int64) {
        self.timeout = timeout
        self.attempts = attempts
        self.delay = delay
        self.maxDelay = maxDelay
    }

    /// The rules in resolved parameters. The compiler has checked them; where a plan of an earlier format has a parameter
    /// of the same name that means something else, the standard holds.
    package init(parameters: JSONObject) {
        self = .standard
        timeout = Self.nanoseconds(parameters["timeout"])
        guard let retry = parameters["retry"]?.objectValue else { return }
        if let count = retry["attempts"]?.integerValue, Self.attemptsRange.contains(count) { attempts = Int(count) }
        if let first = Self.nanoseconds(retry["delay"]) { delay = first }
        // Without a longest wait of its own, a long first one is the longest, too.
        maxDelay = max(delay, Self.nanoseconds(retry["maxDelay"]) ?? maxDelay)
    }

    /// A duration of a plan in nanoseconds. The longest are cut at 200 years, which is all that the number holds.
    package static func nanoseconds(ofDuration text: String) -> Int64? {
        DurationText.seconds(text).map { min($0, 200 * 366 * 86400) * 1_000_000_000 }
    }

    private static func nanoseconds(_ value: JSONValue?) -> Int64? {
        value?.stringValue.flatMap(nanoseconds(ofDuration:))
    }
}
