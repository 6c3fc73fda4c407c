import Diagnostics
import Manifests
import YAMLSource

/// One check for what compiles and would still lose data, or guard less than its author thinks.
///
/// A lint reports only what is certain. What it cannot know, such as whether a path will be there, it leaves alone.
struct Lint: Sendable {
    /// What it does with one plan.
    let run: @Sendable (LintedPlan, inout LintFindings) -> Void

    /// The registry: a new lint is a file in this folder and a line here.
    static let registry: [Lint] = [
        Lint(run: PlainSecretLint.run),
        Lint(run: SecretFileLint.run),
        Lint(run: SecretOverHTTPLint.run),
        Lint(run: ProtectedPathsLint.run),
        Lint(run: CopiedLiveLint.run),
        Lint(run: QuiescingLint.run),
        Lint(run: BankPlaceLint.run),
        Lint(run: KeepsTooFewLint.run),
        Lint(run: ExpiryLint.run),
        Lint(run: TriggerRetentionLint.run),
        Lint(run: ScheduleLint.run),
        Lint(run: TimeZoneLint.run),
        Lint(run: ExcludeLint.run),
        Lint(run: EnabledLint.run),
        Lint(run: DeprecationLint.run),
        Lint(run: SavesNothingLint.run),
    ]
}

/// What lints find.
struct LintFindings {
    var diagnostics: DiagnosticList
    /// What could not be checked on this machine.
    var remarks: [String]

    mutating func add(_ diagnostic: Diagnostic) { diagnostics.add(diagnostic) }

    /// Says once that something could not be checked.
    mutating func remark(_ text: String) { if !remarks.contains(text) { remarks.append(text) } }
}

/// Runs the lints over each plan, and those that need all of them.
enum LintPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        var findings = LintFindings(diagnostics: compiler.diagnostics, remarks: compiler.remarks)
        // One owner of the list: changing a shared one would copy it.
        compiler.diagnostics = DiagnosticList()
        let known = findings.diagnostics.all.filter { $0.code == .literalSecret }.compactMap(\.range)
        var plans: [LintedPlan] = []
        for position in compiler.plans.indices {
            let bank = bank(of: compiler.plans[position].provider, &compiler)
            let plan = LintedPlan(
                compiler.plans[position], bank: bank, machine: compiler.machine, reportedSecrets: Set(known))
            let errorsBefore = findings.diagnostics.errorsMet
            for lint in Lint.registry { lint.run(plan, &findings) }
            plans.append(plan)
            if findings.diagnostics.errorsMet == errorsBefore { continue }
            // What a lint calls an error is one as much as any other.
            compiler.plans[position].isFaulty = true
            compiler.plans[position].ir = nil
            compiler.plans[position].graphs = []
        }
        SharedPathsLint.run(plans, &findings)
        UnusedLint.run(compiler, &findings)
        compiler.diagnostics = findings.diagnostics
        compiler.remarks = findings.remarks
    }

    private static func bank(of provider: ProviderManifest?, _ compiler: inout Compiler) -> BankManifest? {
        guard let provider else { return nil }
        // It was read when the provider was checked; what is wrong with it has been said.
        var said = DiagnosticList()
        return compiler.catalogue.bank(provider.bankPlugin.value, sources: &compiler.sources, into: &said)
    }
}
