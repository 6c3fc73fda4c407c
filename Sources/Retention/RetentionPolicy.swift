package import CanonicalForm
package import Schedules

/// Which checkpoints of a plan stay: its `retention`, as the compiled plan has it.
package struct RetentionPolicy: Sendable, Hashable {
    /// How many there are of each period, by the period; periods that are not named have no rule.
    package private(set) var periods: [RetentionPeriod: Int] = [:]
    /// So many of the newest stay; `nil` for no such rule.
    package private(set) var keepLast: Int?
    /// Older ones go; `nil` for no such limit. In milliseconds.
    package private(set) var maxAge: Int64?
    /// `maxAge` as the plan writes it.
    package private(set) var maxAgeText = ""
    /// More than so many go; `nil` for no such limit.
    package private(set) var maxCheckpoints: Int?
    /// The time zone by whose clock hours, days, weeks, months and years begin.
    package private(set) var timeZone = RetentionPolicy.standardTimeZone

    /// The time zone of a plan that names none.
    package static let standardTimeZone = "UTC"

    /// A policy that keeps everything.
    package init() {}

    /// Reads the `retention` of a compiled plan. Where it names no time zone, that of the plan's triggers for `protect`
    /// counts when all of them name the same one.
    package init(_ retention: JSONObject, triggers: [JSONValue] = []) throws(RetentionError) {
        timeZone = Self.timeZone(ofTriggers: triggers) ?? Self.standardTimeZone
        for member in retention.members {
            let (name, value) = (member.key, member.value)
            switch name {
            case "keepLast": keepLast = try Self.count(name, value)
            case "maxCheckpoints": maxCheckpoints = try Self.count(name, value)
            case "maxAge":
                guard let text = value.stringValue, let seconds = DurationText.seconds(text) else {
                    throw .malformed(member: name, expected: DurationText.rule)
                }
                (maxAge, maxAgeText) = (seconds * 1000, text)
            case "timezone":
                guard let zone = value.stringValue, TimeZoneDatabase.isZoneName(zone) else {
                    throw .malformed(member: name, expected: "time zones are named as in the tz database")
                }
                timeZone = zone
            default:
                guard let period = RetentionPeriod(rule: name) else { throw .unknownMember(name) }
                periods[period] = try Self.count(name, value)
            }
        }
    }

    /// Whether there is a rule that keeps only some; without one all stay that no limit removes.
    package var hasKeepRules: Bool { keepLast != nil || !periods.isEmpty }

    /// Whether nothing is ever removed.
    package var keepsEverything: Bool { !hasKeepRules && maxAge == nil && maxCheckpoints == nil }

    /// The rules of the policy's time zone; throws when this machine does not know them.
    package func zone(from database: TimeZoneDatabase = .system) throws(RetentionError) -> TimeZoneRules {
        // No calendar is needed where no period is, and none of the database for the one that all know.
        if periods.isEmpty || Self.namesOfUTC.contains(timeZone) { return .utc }
        switch database.zone(timeZone) {
        case .success(let rules): return rules
        case .failure(.noDatabase): throw .noTimeZones(timeZone, directory: database.directory)
        case .failure(.unknownZone): throw .unknownTimeZone(timeZone)
        case .failure(.unreadable(let reason)): throw .unreadableTimeZone(timeZone, reason: reason)
        }
    }

    private static let namesOfUTC: Set<String> = ["UTC", "Etc/UTC"]

    private static func count(_ member: String, _ value: JSONValue) throws(RetentionError) -> Int {
        guard let count = value.integerValue, (1...1_000_000).contains(count) else {
            throw .malformed(member: member, expected: "a number from 1 to 1000000")
        }
        return Int(count)
    }

    private static func timeZone(ofTriggers triggers: [JSONValue]) -> String? {
        let zones = triggers.compactMap { trigger -> String? in
            guard let trigger = trigger.objectValue, trigger["operation"]?.stringValue == "protect" else { return nil }
            return trigger["timezone"]?.stringValue ?? standardTimeZone
        }
        guard let first = zones.first, zones.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}

/// Why a retention policy cannot be applied; nothing is removed then.
package enum RetentionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A member of the policy is not what it must be.
    case malformed(member: String, expected: String)
    /// The policy has a member that this program does not know, and so perhaps a rule that keeps something.
    case unknownMember(String)
    /// The tz database of this machine has no such zone.
    case unknownTimeZone(String)
    /// This machine has no tz database.
    case noTimeZones(String, directory: String)
    /// The zone's file cannot be read.
    case unreadableTimeZone(String, reason: String)

    package var description: String {
        switch self {
        case .malformed(let member, let expected): "the retention policy's '\(member)' cannot be used: \(expected)"
        case .unknownMember(let member):
            "the retention policy has '\(member)', which this cairn does not know; use the cairn that compiled the plan, "
                + "or a later one"
        case .unknownTimeZone(let zone):
            "this machine's tz database has no time zone '\(zone)', by which the retention policy counts days; "
                + "update the package tzdata, or name another zone in 'retention.timezone'"
        case .noTimeZones(let zone, let directory):
            "the retention policy counts days in '\(zone)', and there is no tz database in '\(directory)'; "
                + "install the package tzdata"
        case .unreadableTimeZone(let zone, let reason):
            "the time zone '\(zone)', in which the retention policy counts days, cannot be read: \(reason)"
        }
    }
}
