import Diagnostics
import YAMLSource

/// A bank that is lost with what it guards, or that saves itself.
enum BankPlaceLint {
    /// How many paths are looked at on this machine.
    private static let maximumLooks = 1000

    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard plan.paths.count > 0, let bank = plan.bankPath else { return }
        if !reportNested(bank, plan, &findings) { reportShared(bank, plan, &findings) }
    }

    /// Reports a bank inside of what is protected, and what is protected inside of the bank.
    private static func reportNested(
        _ bank: (path: [UInt8], node: LocatedNode), _ plan: LintedPlan, _ findings: inout LintFindings
    ) -> Bool {
        var found = false
        var exclusions = Exclusions(plan)
        for entry in 0..<plan.paths.count {
            let path = Array(plan.paths.path(entry))
            let message: String
            if exclusions.includes(bank.path[...], below: entry) {
                message = "the bank '\(AbsolutePath.text(bank.path))' lies inside of what is protected"
            } else if path.count > bank.path.count, AbsolutePath.remainder(of: path, below: bank.path) != nil {
                message = "this lies inside of the bank '\(AbsolutePath.text(bank.path))'"
            } else {
                continue
            }
            guard let node = plan.protectedPath(Int(plan.resourceOfPath[entry]))?.node else { continue }
            found = true
            findings.add(
                Diagnostic(
                    .bankInProtectedPath, message, at: node.range,
                    related: [RelatedPlace(bank.node.range, "the bank is here")],
                    notes: ["every checkpoint would hold all earlier ones; move the bank, or exclude it"]))
        }
        return found
    }

    /// Reports the first path that is on the bank's file system. Only what is there is looked at.
    private static func reportShared(
        _ bank: (path: [UInt8], node: LocatedNode), _ plan: LintedPlan, _ findings: inout LintFindings
    ) {
        guard let home = plan.machine.status(AbsolutePath.text(bank.path)) else { return }
        for entry in 0..<min(plan.paths.count, maximumLooks) {
            let path = AbsolutePath.text(Array(plan.paths.path(entry)))
            guard let status = plan.machine.status(path), status.device == home.device,
                let node = plan.protectedPath(Int(plan.resourceOfPath[entry]))?.node
            else { continue }
            findings.add(
                Diagnostic(
                    .bankOnSameFileSystem, "the bank is on the same file system as '\(path)': both are lost together",
                    at: node.range, related: [RelatedPlace(bank.node.range, "the bank is here")],
                    notes: ["seen on this machine; put the bank on another disk"]))
            return
        }
    }
}
