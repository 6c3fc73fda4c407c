import CommandLineSupport
import ArgumentParser
import Diagnostics
import Glibc
import Reports

/// The plan compiler's command line.
@main
struct Cairnc: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairnc",
        abstract: "Checks, compiles and compares protection plans, and draws their graphs.",
        discussion: """
            A plan says what must not be lost; a provider manifest says how and where it is kept. cairnc reads both, \
            reports every fault at its exact place, and writes the compiled plan that cairn runs.

            Exit codes: 0 done, 1 the input has faults, 2 wrong usage, 3 cancelled, 70 internal error; those of diff \
            are its own.

            EXAMPLES
              cairnc check plans/quickstart.yaml
              cairnc compile plans/quickstart.yaml -o quickstart.ir
              cairnc graph plans/quickstart.yaml --format dot | dot -Tsvg > quickstart.svg
            """,
        version: ToolVersion.text,
        subcommands: [
            Check.self, Compile.self, Graph.self, Diff.self, Explain.self, SchemaCommand.self, PluginsCommand.self,
        ])

    static func main() {
        StandardStream.occupyClosed()
        // A reader that wants no more must not change the exit code.
        signal(SIGPIPE, SIG_IGN)
        Interruption.endsProgram()
        if let files = PlainCheck.files(in: CommandLine.arguments.dropFirst()) {
            let code = PlainCheck.run(files)
            Glibc.exit(code == 0 && StandardStream.lostOutput ? ExitStatus.failed : code)
        }
        do {
            var command = try parseAsRoot()
            try command.run()
            if StandardStream.lostOutput { Glibc.exit(ExitStatus.failed) }
        } catch {
            Glibc.exit(CommandLineFailure.report(error))
        }
    }
}

/// Turns what ended a command into its exit code, with the message on the right stream.
enum CommandLineFailure {
    static func report(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        if let failure = error as? MessageFailure {
            StandardStream.error.write("cairnc: \(failure)\n")
            return ExitStatus.failed
        }
        let code = Cairnc.exitCode(for: error)
        let message = Cairnc.fullMessage(for: error)
        if code == .success {
            // Help and version are data.
            StandardStream.output.write(message + "\n")
            return 0
        }
        if code == .validationFailure {
            ReportOutput.reportWrongUsage(Cairnc.message(for: error), text: message)
            return ExitStatus.wrongUsage
        }
        StandardStream.error.write(message + "\n")
        return ExitStatus.internalError
    }
}
