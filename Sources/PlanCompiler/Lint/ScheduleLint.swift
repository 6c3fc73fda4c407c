import Diagnostics
import Schedules
import YAMLSource

/// A schedule that never fires, or fires again while the last firing may still be waiting.
enum ScheduleLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        for trigger in plan.triggers {
            guard let gap = trigger.schedule.shortestGap else {
                findings.add(
                    Diagnostic(
                        .neverFires, "'\(trigger.cron.value)' never fires: no month has such a day",
                        at: trigger.cron.range))
                continue
            }
            guard let window = trigger.window, let seconds = DurationText.seconds(window.value),
                Int64(gap) * 60 < seconds
            else { continue }
            findings.add(
                Diagnostic(
                    .firesWithinWindow,
                    "it may start \(window.value) late, and fires again after \(DurationText.words(seconds: Int64(gap) * 60))",
                    at: window.range, related: [RelatedPlace(trigger.cron.range, "the schedule is here")],
                    notes: ["a late start and the next firing fall together, and one of them is dropped"]))
        }
    }
}
