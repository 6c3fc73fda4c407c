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
        var exclusions = Exclusions(plan)
        var found: [(entry: Int, message: String)] = []
        let outer = plan.paths.enclosing(bank.path[...]) + [plan.paths.entry(at: bank.path[...])].compactMap { $0 }
        for entry in outer where exclusions.includes(bank.path[...], below: entry) {
            found.append((entry, "the bank '\(AbsolutePath.text(bank.path))' lies inside of what is protected"))
        }
        for entry in 0..<plan.paths.count {
            let path = plan.paths.path(entry)
            guard path.count > bank.path.count, path.starts(with: bank.path),
                AbsolutePath.remainder(of: Array(path), below: bank.path) != nil
            else { continue }
            found.append((entry, "this lies inside of the bank '\(AbsolutePath.text(bank.path))'"))
        }
        for (entry, message) in found {
            guard let node = plan.protectedPath(Int(plan.resourceOfPath[entry]))?.node else { continue }
            findings.add(
                Diagnostic(
                    .bankInProtectedPath, message, at: node.range,
                    related: [RelatedPlace(bank.node.range, "the bank is here")],
                    notes: ["every checkpoint would hold all earlier ones; move the bank, or exclude it"]))
        }
        return !found.isEmpty
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
