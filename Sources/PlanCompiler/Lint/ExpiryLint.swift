import Diagnostics
import PlanLanguage
import Schedules
import YAMLSource

/// A greatest age that checkpoints reach before the next one is made. The newest stays all the same, and only that.
enum ExpiryLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard let age = plan.plan.node["retention"]?["maxAge"], let seconds = DurationText.seconds(age.text) else {
            return
        }
        let triggers = plan.protectTriggers
        // Clocks of several zones have no common gap.
        guard let first = triggers.first, triggers.allSatisfy({ $0.timezone?.value == first.timezone?.value }),
            let gap = CronSchedule.longestGap(of: triggers.map(\.schedule)), seconds < Int64(gap) * 60
        else { return }
        findings.add(
            Diagnostic(
                .expiresBetweenRuns,
                "checkpoints expire after \(age.text), and up to \(DurationText.words(seconds: Int64(gap) * 60)) pass until the next one",
                at: age.range, related: [RelatedPlace(first.cron.range, "the schedule is here")],
                notes: ["so each new one lets all before it go, and a single one is left"]))
    }
}
