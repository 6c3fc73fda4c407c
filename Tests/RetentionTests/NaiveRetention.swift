import Foundation
import Retention

/// Retention as a person would work it out with a calendar, one question after the other; slow, and nothing but sets.
struct NaiveRetention {
    var keepLast: Int?
    /// `keepHourly` and so on, with how many.
    var rules: [(name: String, count: Int)] = []
    var maxAge: Int64?
    var maxCheckpoints: Int?
    let calendar: Calendar

    init(zone: String) throws {
        guard let zone = TimeZone(identifier: zone) else { throw UnknownZone() }
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = zone
        self.calendar = calendar
    }

    struct UnknownZone: Error {}

    /// The ids of those that stay.
    func kept(_ all: [RetentionCandidate<Int>], now: Int64) -> Set<Int> {
        let judged = all.filter { $0.standing == .available && $0.created <= now }
        let newestFirst = judged.sorted { ($0.created, $0.id) > ($1.created, $1.id) }
        var wanted = Set<Int>()
        if keepLast == nil && rules.isEmpty { wanted = Set(judged.map(\.id)) }
        for candidate in newestFirst.prefix(keepLast ?? 0) { wanted.insert(candidate.id) }
        for rule in rules {
            var periods: [[Int]: [RetentionCandidate<Int>]] = [:]
            for candidate in newestFirst { periods[label(candidate.created, rule.name), default: []].append(candidate) }
            let newest = periods.keys.sorted { $1.lexicographicallyPrecedes($0) }.prefix(rule.count)
            for period in newest { wanted.insert(periods[period]?.first?.id ?? -1) }
        }
        let failures = all.filter { other in
            other.standing == .notAvailable && other.created <= now
                && newestFirst.first.map { (other.created, other.id) > ($0.created, $0.id) } ?? false
        }
        let end = failures.map(\.created).min() ?? now
        var left = newestFirst.filter { candidate in
            wanted.contains(candidate.id) && (maxAge.map { end - candidate.created <= $0 } ?? true)
        }
        if let maxCheckpoints { left = Array(left.prefix(maxCheckpoints)) }
        let judgedIDs = Set(judged.map(\.id))
        return Set(left.map(\.id)).union(newestFirst.prefix(1).map(\.id))
            .union(all.filter { $0.isPinned || $0.isInUse || !judgedIDs.contains($0.id) }.map(\.id))
    }

    private func label(_ created: Int64, _ rule: String) -> [Int] {
        // Whole seconds, so that the calendar does not round.
        let seconds = created >= 0 ? created / 1000 : (created - 999) / 1000
        let date = Date(timeIntervalSince1970: Double(seconds))
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .weekOfYear, .yearForWeekOfYear], from: date)
        func number(_ part: Int?) -> Int { part ?? -1 }
        switch rule {
        case "keepHourly": return [Int(seconds) - number(parts.minute) * 60 - number(parts.second)]
        case "keepDaily": return [number(parts.year), number(parts.month), number(parts.day)]
        case "keepWeekly": return [number(parts.yearForWeekOfYear), number(parts.weekOfYear)]
        case "keepMonthly": return [number(parts.year), number(parts.month)]
        default: return [number(parts.year)]
        }
    }
}
