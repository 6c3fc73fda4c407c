import Diagnostics
import PlanLanguage
import Schedules
import YAMLSource

/// A time zone that this machine's tz database does not have, and a time that clocks skip or show twice.
///
/// A warning and no error: another release of the database may well have the zone.
enum TimeZoneLint {
    /// The years whose shifts count: from one that is fixed, so that the same plan is judged alike every day, over a
    /// cycle of the calendar.
    private static let years = 2026...2053

    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        var zones: [String: Result<TimeZoneRules, TimeZoneDatabase.Absence>] = [:]
        var names: [String]?
        var uses = plan.triggers.map { (trigger: Optional($0), zone: $0.timezone) }
        if let zone = plan.plan.node["retention"]?["timezone"], case .string(let name) = zone.scalarValue {
            uses.append((nil, Spanned(name, at: zone.range)))
        }
        for (trigger, zone) in uses {
            guard let zone, TimeZoneDatabase.isZoneName(zone.value) else { continue }
            let found = zones[zone.value] ?? plan.machine.timeZones.zone(zone.value)
            zones[zone.value] = found
            switch found {
            case .success(let rules):
                if let trigger { reportShifts(trigger, zone.value, rules, &findings) }
            case .failure(.unknownZone):
                let known = names ?? plan.machine.timeZones.names
                names = known
                reportUnknown(zone, known, &findings)
            case .failure(.noDatabase):
                findings.remark(
                    "time zones were not checked: there is no tz database in '\(plan.machine.timeZones.directory)'")
            case .failure(.unreadable(let reason)):
                findings.remark("the time zone '\(zone.value)' was not checked: \(reason)")
            }
        }
    }

    private static func reportUnknown(
        _ zone: Spanned<String>, _ known: [String], _ findings: inout LintFindings
    ) {
        // Many leave out the continent.
        let close =
            known.first { $0.lowercased() == zone.value.lowercased() }
            ?? known.first { $0.hasSuffix("/\(zone.value)") } ?? Similar.best(for: zone.value, among: known)
        findings.add(
            Diagnostic(
                .unknownTimeZone, "there is no time zone '\(zone.value)' in the tz database of this machine",
                at: zone.range,
                suggestions: close.map {
                    [
                        Suggestion(
                            "did you mean '\($0)'?", replacing: zone.range, with: $0,
                            isCertain: $0.lowercased() == zone.value.lowercased())
                    ]
                } ?? []))
    }

    private static func reportShifts(
        _ trigger: LintedPlan.Trigger, _ zone: String, _ rules: TimeZoneRules, _ findings: inout LintFindings
    ) {
        // Where it fires every hour, an hour more or less is no loss.
        if trigger.schedule.isHourly { return }
        var skipped: CivilTime?
        var doubled: CivilTime?
        for shift in rules.shifts(inYears: years) {
            let before = Int(shift.instant) + shift.before
            let after = Int(shift.instant) + shift.after
            if skipped == nil && after > before { skipped = firing(of: trigger.schedule, from: before, to: after) }
            if doubled == nil && after < before { doubled = firing(of: trigger.schedule, from: after, to: before) }
            if skipped != nil && doubled != nil { break }
        }
        let parts = [
            skipped.map { "\(CivilTime.clock($0.minute)) is skipped on \($0.date)" },
            doubled.map { "\(CivilTime.clock($0.minute)) comes twice on \($0.date)" },
        ].compactMap { $0 }
        if parts.isEmpty { return }
        findings.add(
            Diagnostic(
                .shiftedHour, "in \(zone), \(parts.joined(separator: ", and "))", at: trigger.cron.range,
                notes: ["clocks are shifted then; choose an hour at which they are not, or 'timezone: UTC'"]))
    }

    /// The first firing between two times in seconds since 1970-01-01 00:00 on the clock on the wall.
    private static func firing(of schedule: CronSchedule, from start: Int, to end: Int) -> CivilTime? {
        let first = CivilTime(minutes: (start + 59) / 60)
        let last = (end + 59) / 60
        let next = schedule.next(after: CivilTime(minutes: first.minutes - 1))
        return next.flatMap { $0.minutes < last ? $0 : nil }
    }
}
