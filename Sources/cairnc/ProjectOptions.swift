import ArgumentParser
import CommandLineSupport
import Diagnostics
import PlanCompiler
import Project
import YAMLSource

/// Which project files count, and what goes before them.
struct ProjectOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Use this project file for all plans.",
            discussion: "Without it: the nearest 'cairn.yaml' in the directory of each plan or above it.",
            valueName: "file"))
    var config: String?

    @Flag(name: .customLong("no-config"), help: "Use no project file.")
    var ignoresConfig = false

    @Option(
        name: .customLong("lint"),
        help: ArgumentHelp(
            "Give a lint the level off, warn or error (repeatable); goes before the project file.",
            valueName: "lint=level"))
    var lints: [String] = []

    func validate() throws {
        if config != nil && ignoresConfig { throw ValidationError("--config and --no-config exclude each other") }
        for lint in lints { _ = try Self.level(lint) }
    }

    var choice: ProjectSet.Choice { ignoresConfig ? .none : config.map { .file($0) } ?? .nearest }

    /// The levels of the command line; the last one said of a lint counts.
    var levels: LintLevels {
        var levels = LintLevels()
        for lint in lints {
            if let (code, level) = try? Self.level(lint) { levels[code] = level }
        }
        return levels
    }

    private static func level(_ text: String) throws -> (DiagnosticCode, LintLevel) {
        guard let sign = text.lastIndex(of: "="), let level = LintLevel(rawValue: String(text[sign...].dropFirst()))
        else {
            throw ValidationError("--lint takes a lint and a level, such as W0409=off; levels are off, warn and error")
        }
        let name = String(text[..<sign])
        guard let code = LintNames.code(name) else {
            let close = LintNames.similar(to: name).map { "; did you mean '\($0)'?" } ?? ""
            throw ValidationError("there is no lint '\(name)'\(close)")
        }
        guard LintNames.isLint(code) else {
            throw ValidationError("\(code.rawValue) (\(code.name)) is an error and stays one")
        }
        return (code, level)
    }
}

extension CompilerOptions {
    /// Prints how long each pass took, if that was asked for.
    func printTimings(of compiler: Compiler) {
        guard debugPasses else { return }
        for timing in compiler.timings { printTiming(timing) }
    }

    /// Prints how long something took, if that was asked for.
    func printTiming(_ timing: PassTiming) {
        guard debugPasses else { return }
        func microseconds(_ duration: Duration) -> Int64 {
            duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        }
        StandardStream.error.write(
            "pass \(timing.pass): \(microseconds(timing.wall)) us, CPU \(microseconds(timing.processor)) us\n")
    }

    /// Compiles what was found, with these inventories.
    func compile(_ found: InputFinder, inventories: [String], makesIR: Bool = false) -> Compiler {
        var compiler = Compiler(found, providerDirectories: providerDirectories, makesIR: makesIR)
        compiler.levels = project.levels
        compiler.takeInventories(inventories)
        compiler.run()
        printTimings(of: compiler)
        return compiler
    }
}

/// The files that `cairnc check` is given.
struct CheckedFiles {
    let arguments: [String]
    let standardInput: InputFinder.StandardInput?
    let projects: ProjectSet.Choice
    /// What went wrong with standard input.
    private var faults = DiagnosticList()

    init(_ arguments: [String], standardInputName: String?, projects: ProjectSet.Choice) {
        self.projects = projects
        var standardInput: InputFinder.StandardInput?
        if arguments.contains("-") || standardInputName != nil {
            let name = standardInputName ?? "<stdin>"
            standardInput = SourceReader.readStandardInput(name: name, into: &faults).map { .init($0) }
        }
        self.standardInput = standardInput
        // A name for standard input asks for it.
        self.arguments = arguments
    }

    /// Whether nothing is asked for but standard input.
    var isStandardInputOnly: Bool { standardInput != nil && arguments.allSatisfy { $0 == "-" } }

    /// Finds and reads the files; those of `files` instead of the host's.
    func find(
        in files: any FileSource = HostFiles(), standardInput text: SourceText? = nil
    ) -> InputFinder {
        var found = InputFinder(
            projects: projects, standardInput: text.map { .init($0) } ?? standardInput, files: files)
        if !faults.hasErrors || arguments.contains(where: { $0 != "-" }) { found.find(arguments) }
        found.report(faults)
        return found
    }
}
