import CommandLineSupport
import ArgumentParser
import Diagnostics
import PlanCompiler

/// `cairnc check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reports every fault of plans and provider manifests.",
        discussion: """
            All faults of all files are reported in one run, sorted by file and place. Nothing is run or written, and \
            no network or plugin is needed.

            EXAMPLES
              cairnc check plans/shop.yaml
              cairnc check plans/*.yaml --providers /etc/cairn/providers.d
              cairnc check plans/shop.yaml --format json | jq '.diagnostics[].message'
            """)

    /// How faults are printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var options: CompilerOptions

    @Option(help: "Print faults as text (on standard error) or json (on standard output).")
    var format: Format = .text

    @Flag(help: "Treat warnings like errors in the exit code.")
    var strict = false

    @Argument(help: "Files with plans or provider manifests; - reads standard input.")
    var files: [String]

    func run() throws {
        let compiler = options.compile(files, makesIR: false)
        switch format {
        case .text: options.printFaults(of: compiler)
        case .json:
            StandardStream.output.write(JSONRenderer(sources: compiler.sources).render(compiler.diagnostics.sorted))
        }
        let hasFindings = strict ? !compiler.diagnostics.all.isEmpty : compiler.hasErrors
        if hasFindings { throw ExitCode(ExitStatus.failed) }
        if format == .text {
            let plans = compiler.plans.count
            let resources = compiler.plans.reduce(0) { $0 + $1.resources.count }
            StandardStream.error.write(
                "\(files.count) file\(files.count == 1 ? "" : "s") checked: \(plans) plan\(plans == 1 ? "" : "s"), \(resources) resource\(resources == 1 ? "" : "s"), no errors\n"
            )
        }
    }
}
