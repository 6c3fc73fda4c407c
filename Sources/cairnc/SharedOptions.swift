import CommandLineSupport
import ArgumentParser
import Diagnostics
import Glibc
import PlanCompiler
import YAMLSource

/// When messages are coloured.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never

    /// Whether text on `stream` is coloured.
    func isColored(_ stream: StandardStream) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: stream.isColored
        }
    }
}

/// What every command that compiles takes.
struct CompilerOptions: ParsableArguments {
    @Option(
        name: .customLong("providers"),
        help: ArgumentHelp(
            "Look for provider manifests in this directory (repeatable).",
            discussion:
                "Without it: those that cairn.yaml names, else 'providers/' beside the plan, else /etc/cairn/providers.d.",
            valueName: "dir"))
    var providerDirectories: [String] = []

    @OptionGroup var project: ProjectOptions

    @Option(help: "Colour messages: auto (on a terminal, unless NO_COLOR is set), always or never.")
    var color: ColorChoice = .auto

    @Flag(help: "Print the time that each pass took.")
    var debugPasses = false

    /// Whether text on `stream` is coloured.
    func isColored(_ stream: StandardStream) -> Bool { color.isColored(stream) }

    /// Reads and compiles `paths`, as far as the IR or only as far as faults can be found; `-` is standard input.
    ///
    /// With `pluginPlaces`, the plugins in these directories and in those of `--providers` are known, though no plan
    /// asks for them. Plans are compiled with `inventories`; with `needsThem`, one that discovers dependents must have
    /// one of its own.
    func compile(
        _ paths: [String], from files: any FileSource = HostFiles(), makesIR: Bool = true,
        pluginPlaces: [String]? = nil, inventories: [String] = [], needsThem: Bool = false
    ) -> Compiler {
        var faults = DiagnosticList()
        var texts: [SourceText] = []
        for path in paths {
            let text =
                path == "-"
                ? SourceReader.readStandardInput(name: "<stdin>", into: &faults)
                : SourceReader.read(path, from: files, into: &faults)
            if let text { texts.append(text) }
        }
        var compiler = Compiler(
            inputs: texts, providerDirectories: providerDirectories, files: files, projects: project.choice,
            makesIR: makesIR)
        compiler.levels = project.levels
        compiler.diagnostics.merge(faults)
        compiler.takeInventories(inventories, areRequired: needsThem)
        if let pluginPlaces { compiler.findPlugins(in: pluginPlaces, given: providerDirectories) }
        compiler.run()
        printTimings(of: compiler)
        return compiler
    }

    /// Prints the faults to standard error, as text.
    func printFaults(of compiler: Compiler) {
        for remark in compiler.remarks { StandardStream.error.write("note: \(remark)\n") }
        let faults = compiler.diagnostics.sorted
        guard !faults.isEmpty else { return }
        let renderer = TextRenderer(sources: compiler.sources, color: isColored(.error))
        StandardStream.error.write(renderer.render(faults))
        StandardStream.error.write(renderer.summary(faults) + "\n")
    }
}
