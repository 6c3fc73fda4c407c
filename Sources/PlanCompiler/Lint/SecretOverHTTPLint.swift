import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import YAMLSource

/// A secret that is sent over a connection which others can read.
enum SecretOverHTTPLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        for notification in plan.plan.notifications + (plan.provider?.placedNotifications ?? []) {
            guard case .address(.literal(let address), let headers) = notification.value.recipient,
                NotificationRules.isReadableOnTheWay(address),
                let header = headers.first(where: { if case .literal = $0.value { false } else { true } })
            else { continue }
            findings.add(
                Diagnostic(
                    .secretOverHTTP, "the header '\(header.name)' is sent over http, which others can read",
                    at: notification.range, notes: ["write https://, if the other side has it"]))
        }
    }
}
