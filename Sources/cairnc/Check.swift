import CommandLineSupport
import ArgumentParser
import Diagnostics
import PlanCompiler
import Reports

/// `cairnc check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reports every fault of plans and provider manifests.",
        discussion: """
            All faults of all files are reported in one run, sorted by file and place. Nothing is run or written, and \
            no network or plugin is needed.

            EXAMPLES
              cairnc check plans/shop.yaml
              cairnc check plans/*.yaml --providers /etc/cairn/providers.d
              cairnc check plans/shop.yaml --format json | jq '.diagnostics[].message'
              cairnc check plans/*.yaml --format sarif > cairnc.sarif
            """)

    @OptionGroup var options: CompilerOptions

    @Option(
        help: ArgumentHelp(
            "Print faults as text (on standard error), or as json, ndjson, sarif, github or junit (on standard output).",
            discussion: "Without it: github in a GitHub workflow (GITHUB_ACTIONS=true), else text."))
    var format: ReportFormat?

    @Flag(help: "Treat warnings like errors in the exit code.")
    var strict = false

    @Argument(help: "Files with plans or provider manifests; - reads standard input.")
    var files: [String]

    func run() throws {
        let compiler = options.compile(files, makesIR: false)
        let report = Report(
            sources: compiler.sources, diagnostics: compiler.diagnostics.sorted, isStrict: strict)
        let format = ReportOutput.format(format)
        ReportOutput.print(report, as: format, color: options.isColored(.error))
        if report.outcome != .clean { throw ExitCode(report.outcome.rawValue) }
        if format == .text || format == .github {
            let plans = compiler.plans.count
            let resources = compiler.plans.reduce(0) { $0 + $1.resources.count }
            StandardStream.error.write(
                "\(files.count) file\(files.count == 1 ? "" : "s") checked: \(plans) plan\(plans == 1 ? "" : "s"), \(resources) resource\(resources == 1 ? "" : "s"), no errors\n"
            )
        }
    }
}
