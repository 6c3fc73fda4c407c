import Diagnostics
import PlanCompiler
import Schedules
import Testing

@Suite("Lints about triggers and retention") struct ScheduleLintTests {
    private func triggers(_ list: [String], _ retention: String = "{keepLast: 7}") -> LintRun {
        let lines = list.enumerated().map { "  - {name: t\($0), operation: protect, \($1)}\n" }.joined()
        return LintRun.plan("triggers:\n\(lines)retention: \(retention)")
    }

    @Test("Schedules that never fire") func never() {
        #expect(triggers(["cron: 0 0 31 2 *"]).codes == [.neverFires])
        #expect(triggers(["cron: 0 0 29 2 *"]).codes.isEmpty)
        #expect(triggers(["cron: 0 0 31 2 mon"]).codes.isEmpty)
    }

    @Test(
        "A window that reaches the next firing",
        arguments: [("*/10 * * * *", "11m"), ("0 * * * *", "2h"), ("0 3 * * *", "2d"), ("0 3,4 * * *", "61m")])
    func within(_ cron: String, _ window: String) {
        #expect(triggers(["cron: '\(cron)', window: \(window)"]).codes == [.firesWithinWindow])
    }

    @Test(
        "A window that does not",
        arguments: [("*/10 * * * *", "10m"), ("0 * * * *", "30m"), ("0 3 * * 0", "2d"), ("0 3,5 * * *", "1h")])
    func notWithin(_ cron: String, _ window: String) {
        #expect(triggers(["cron: '\(cron)', window: \(window)"]).codes.isEmpty)
    }

    /// A schedule, a zone, and what is said of it.
    @Test(
        "Times that are skipped or doubled",
        arguments: [
            ("15 2 * * *", "Europe/Berlin", "02:15 is skipped on 2026-03-29, and 02:15 comes twice on 2026-10-25"),
            ("0 1 * * *", "Europe/London", "01:00 is skipped on 2026-03-29, and 01:00 comes twice on 2026-10-25"),
            ("30 1 * * *", "America/New_York", "01:30 comes twice on 2026-11-01"),
            ("0 2 * * 0", "America/New_York", "02:00 is skipped on 2026-03-08"),
            ("30 2 * * *", "Australia/Sydney", "02:30 is skipped on 2026-10-04, and 02:30 comes twice on 2026-04-05"),
            ("15 2 * * *", "Australia/Lord_Howe", "02:15 is skipped on 2026-10-04"),
            ("45 1 * * *", "Australia/Lord_Howe", "01:45 comes twice on 2026-04-05"),
            ("0 0 * * *", "Asia/Beirut", "00:00 is skipped on 2026-03-29"),
            ("0 */2 * * *", "Europe/Berlin", "02:00 is skipped on 2026-03-29, and 02:00 comes twice on 2026-10-25"),
            ("59 2 31 3 *", "Europe/Berlin", "02:59 is skipped on 2030-03-31"),
        ])
    func shifted(_ cron: String, _ zone: String, _ words: String) {
        let run = triggers(["cron: '\(cron)', timezone: \(zone)"])
        #expect(run.codes == [.shiftedHour])
        #expect(run.messages == ["in \(zone), \(words)"])
    }

    @Test(
        "Times that are not",
        arguments: [
            ("15 3 * * *", "Europe/Berlin"), ("0 2 * * 1-6", "Europe/Berlin"), ("0 2 * 5 *", "Europe/Berlin"),
            ("*/5 * * * *", "Europe/Berlin"), ("0 2 * * *", "UTC"), ("0 2 * * *", "Etc/GMT+5"),
            ("0 2 * * *", "Europe/Moscow"), ("0 0 * * *", "America/Sao_Paulo"), ("0 2 * * *", "Asia/Kolkata"),
            ("0 3 * * 0", "America/New_York"), ("45 2 * * *", "Australia/Lord_Howe"), ("0 1 * * *", "Europe/Berlin"),
            ("59 2 30 2 *", "Europe/Berlin"),
        ])
    func notShifted(_ cron: String, _ zone: String) {
        let codes = triggers(["cron: '\(cron)', timezone: \(zone)"]).codes
        #expect(codes.filter { $0 != .neverFires }.isEmpty)
    }

    @Test("A schedule without a zone is not judged by one") func noZone() {
        #expect(triggers(["cron: 15 2 * * *"]).codes.isEmpty)
    }

    @Test(
        "Zones that there are not",
        arguments: [
            ("Europe/Berlni", "Europe/Berlin", false), ("europe/berlin", "Europe/Berlin", true),
            ("Berlin", "Europe/Berlin", false), ("Mars/Olympus_Mons", nil, false),
        ])
    func unknownZone(_ zone: String, _ meant: String?, _ isCertain: Bool) {
        let run = triggers(["cron: 15 2 * * *, timezone: \(zone)"])
        #expect(run.codes == [.unknownTimeZone])
        let suggestion = run.compiler.diagnostics.all.first?.suggestions.first
        #expect(suggestion?.replacement == meant && (suggestion?.isCertain ?? false) == isCertain)
    }

    @Test("Without a tz database nothing is guessed, and that is said once") func noDatabase() {
        let run = LintRun.plan(
            """
            triggers:
              - {name: a, cron: 15 2 * * *, timezone: Europe/Berlin, operation: verify}
              - {name: b, cron: 15 2 * * *, timezone: Mars/Here, operation: verify}
            """, machine: LintRun.machine(zones: TimeZoneDatabase(directory: "/nonexistent")))
        #expect(run.codes.isEmpty)
        #expect(run.compiler.remarks == ["time zones were not checked: there is no tz database in '/nonexistent'"])
    }

    // MARK: Retention

    @Test(
        "Policies that keep one",
        arguments: ["{keepLast: 1}", "{keepDaily: 1}", "{maxCheckpoints: 1}", "{keepLast: 5, maxCheckpoints: 1}"])
    func one(_ policy: String) { #expect(triggers(["cron: 0 3 * * *"], policy).codes == [.keepsTooFew]) }

    @Test(
        "Policies that keep more, or may",
        arguments: [
            "{keepLast: 2}", "{keepLast: 1, keepDaily: 7}", "{keepLast: 1, keepDaily: 1}", "{maxCheckpoints: 2}",
            "{maxAge: 30d}", "{keepYearly: 2}",
        ])
    func more(_ policy: String) { #expect(triggers(["cron: 0 3 * * *"], policy).codes.isEmpty) }

    @Test("A policy without a trigger, a trigger without a policy") func oneWithoutTheOther() {
        #expect(LintRun.plan("retention: {keepLast: 3}").codes == [.retentionWithoutTrigger])
        let verify = "triggers: [{name: a, cron: 0 3 * * *, operation: verify}]\n"
        #expect(LintRun.plan(verify + "retention: {keepLast: 3}").codes == [.retentionWithoutTrigger])
        #expect(LintRun.plan(verify).codes.isEmpty)
        let protect = "triggers: [{name: a, cron: 0 3 * * *, operation: protect}]\n"
        #expect(LintRun.plan(protect).codes == [.triggerWithoutRetention])
        #expect(LintRun.plan(protect + "retention: {}").codes == [.triggerWithoutRetention])
        #expect(LintRun.plan(protect + "retention: {keepLast: 3}").codes.isEmpty)
        #expect(LintRun.plan("").codes.isEmpty)
        // A trigger or a policy with a fault is there all the same.
        #expect(
            LintRun.plan("triggers: [{name: a, cron: never, operation: protect}]\nretention: {keepLast: 3}").codes
                == [.invalidValue])
        #expect(LintRun.plan(protect + "retention: {keepLsat: 3}").codes == [.unknownKey])
    }

    @Test(
        "An age that is reached before the next run",
        arguments: [
            (["cron: 0 3 * * 0"], "6d"), (["cron: 0 3 * * *"], "23h"), (["cron: 0 3 * * 1-5"], "2d"),
            (["cron: 0 3 1 * *"], "4w"), (["cron: 0 3 * * 0", "cron: 0 3 * * 3"], "3d"),
        ])
    func expires(_ list: [String], _ age: String) {
        #expect(triggers(list, "{maxAge: \(age)}").codes == [.expiresBetweenRuns])
    }

    @Test(
        "An age that is not",
        arguments: [
            (["cron: 0 3 * * 0"], "7d"), (["cron: 0 3 * * *"], "24h"), (["cron: 0 3 * * 1-5"], "3d"),
            (["cron: 0 3 1 * *"], "31d"), (["cron: 0 3 * * 0", "cron: 0 3 * * 3"], "4d"),
            (["cron: 0 3 * * 0, timezone: UTC", "cron: 0 3 * * 3, timezone: Asia/Tokyo"], "1d"),
        ])
    func notExpired(_ list: [String], _ age: String) {
        #expect(triggers(list, "{maxAge: \(age)}").codes.isEmpty)
    }
}
