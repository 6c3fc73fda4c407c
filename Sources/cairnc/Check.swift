import CommandLineSupport
import ArgumentParser
import Diagnostics
import PlanCompiler
import Project
import Reports

/// `cairnc check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reports every fault of plans and provider manifests.",
        discussion: """
            All faults of all files are reported in one run, sorted by file and place. Nothing is run, and nothing \
            written without --fix. No network, no preparation and no plugin is needed.

            Exit codes: 0 clean, 1 findings (or --fix --dry-run has something to mend), 2 wrong usage, 3 interrupted, \
            as --watch always ends, 70 internal error.

            EXAMPLES
              cairnc check plans/shop.yaml
              cairnc check
              cairnc check plans "archive/**/*.yaml" --providers /etc/cairn/providers.d
              cairnc check plans --fix
              cairnc check plans/shop.yaml --format json | jq '.diagnostics[].message'
              cairnc check plans/*.yaml --format sarif > cairnc.sarif
            """)

    @OptionGroup var options: CompilerOptions

    @OptionGroup var inventory: InventoryOptions

    @Option(
        help: ArgumentHelp(
            "Print faults as text (on standard error), or as json, ndjson, sarif, github or junit (on standard output).",
            discussion: "Without it: github in a GitHub workflow (GITHUB_ACTIONS=true), else text."))
    var format: ReportFormat?

    @Flag(
        inversion: .prefixedNo, help: "Treat warnings like errors in the exit code, or not, whatever the project says.")
    var strict: Bool?

    @Flag(help: "Mend what can be mended with certainty, and check what is left.")
    var fix = false

    @Flag(help: "With --fix: print the changes as a unified diff instead of writing them.")
    var dryRun = false

    @Flag(help: "Check again whenever something is saved, until interrupted.")
    var watch = false

    @Option(
        help: ArgumentHelp(
            "Read standard input in place of the file of this name, as editors do.", valueName: "name"))
    var stdinName: String?

    @Argument(
        help: ArgumentHelp(
            "Files, directories, and patterns in quotes; - reads standard input.",
            discussion: "Without any: the project, that is all below the nearest cairn.yaml, else all below here."))
    var files: [String] = []

    func validate() throws {
        if dryRun && !fix { throw ValidationError("--dry-run needs --fix") }
        if watch && fix { throw ValidationError("--watch writes nothing; use it without --fix") }
        let isFromInput = files.contains("-") || stdinName != nil
        if watch && isFromInput { throw ValidationError("--watch needs files; standard input cannot be watched") }
        if fix && (dryRun || isFromInput), let format, format != .text {
            throw ValidationError("standard output is for the fixed text or the diff; use --fix without --format here")
        }
    }

    func run() throws {
        let given = CheckedFiles(files, standardInputName: stdinName, projects: options.project.choice)
        if watch {
            try CheckWatch(files: given, options: options, inventories: inventory.files).run {
                _ = report($0, fixes: nil)
            }
        }
        guard fix else {
            let outcome = report(options.compile(given.find(), inventories: inventory.files), fixes: nil)
            if outcome != .clean { throw ExitCode(outcome.rawValue) }
            return
        }
        let fixes = CheckFixes(given, options: options, inventories: inventory.files)
        let difference = fixes.difference
        if dryRun {
            StandardStream.output.write(difference)
        } else {
            try Interruption.deferred { try fixes.write() }
        }
        let outcome = report(fixes.compiler, fixes: fixes.count)
        if outcome != .clean { throw ExitCode(outcome.rawValue) }
        if dryRun && !difference.isEmpty { throw ExitCode(ExitStatus.failed) }
    }

    /// Prints what was found, and says what that amounts to.
    private func report(_ compiler: Compiler, fixes: Int?) -> Report.Outcome {
        // Standard output is for the fixed text or the difference.
        let isTaken = fixes != nil && (dryRun || files.contains("-") || stdinName != nil)
        return CheckSummary.print(
            compiler, as: isTaken ? .text : ReportOutput.format(format), isStrict: strict ?? compiler.isStrict,
            color: options.color, fixes: fixes, isDry: dryRun)
    }
}

/// The command `check` with nothing but files, as editors and CI start it all the time: it is understood without the
/// parser of command lines, which takes as long as the check of a small plan.
enum PlainCheck {
    /// The files, if the command line is that plain.
    static func files(in arguments: some Collection<String>) -> [String]? {
        guard arguments.first == "check" else { return nil }
        let files = arguments.dropFirst()
        return files.isEmpty || files.contains { $0.isEmpty || $0.hasPrefix("-") } ? nil : Array(files)
    }

    /// Checks `files` as `Check` does without any option; the exit code.
    static func run(_ files: [String]) -> Int32 {
        let found = CheckedFiles(files, standardInputName: nil, projects: .nearest).find()
        var compiler = Compiler(found, providerDirectories: [], makesIR: false)
        compiler.run()
        return CheckSummary.print(
            compiler, as: ReportOutput.format(nil), isStrict: compiler.isStrict, color: .auto, fixes: nil, isDry: false
        ).rawValue
    }
}

/// What a check prints.
enum CheckSummary {
    /// Prints what was found, and says what that amounts to.
    static func print(
        _ compiler: Compiler, as format: ReportFormat, isStrict: Bool, color: ColorChoice, fixes: Int?, isDry: Bool
    ) -> Report.Outcome {
        let report = Report(
            sources: compiler.sources, diagnostics: compiler.diagnostics.sorted,
            allowed: compiler.diagnostics.sortedSilenced, isStrict: isStrict)
        ReportOutput.print(report, as: format, isColored: color.isColored)
        if format == .text || format == .github {
            for remark in compiler.remarks { StandardStream.error.write("note: \(remark)\n") }
            StandardStream.error.write(
                text(of: compiler, hasFindings: report.outcome != .clean, fixes: fixes, isDry: isDry))
        }
        return report.outcome
    }

    /// The last lines, for people.
    static func text(of compiler: Compiler, hasFindings: Bool, fixes: Int?, isDry: Bool) -> String {
        var text = ""
        if let fixes, fixes > 0 {
            text += "\(counted(fixes, "fault")) \(isDry ? "would be mended" : "mended")\n"
        }
        let silenced = compiler.diagnostics.silenced.count
        let allowed = silenced == 0 ? "" : ", \(counted(silenced, "finding")) allowed by comments"
        guard !hasFindings else { return silenced == 0 ? text : text + allowed.dropFirst(2) + "\n" }
        let plans = compiler.plans.count
        let resources = compiler.plans.reduce(0) { $0 + $1.resources.count }
        return text
            + "\(counted(compiler.fileCount, "file")) checked: \(counted(plans, "plan")), \(counted(resources, "resource")), no errors\(allowed)\n"
    }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
