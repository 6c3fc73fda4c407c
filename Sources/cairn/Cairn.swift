import CommandLineSupport
import ArgumentParser
import Bank
import Checkpoints
import Diagnostics
import Engine
import Glibc
import ProtectionService
import Retention
import Wording

/// The executor's command line.
@main
struct Cairn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn",
        abstract: "Runs compiled protection plans: protects, restores, verifies and deletes checkpoints.",
        discussion: """
            cairn takes plans that cairnc has compiled and provider manifests, and keeps checkpoints in the provider's \
            bank. Restoring needs the bank only, not the plan.

            Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 cancelled, 70 internal error. When standard output \
            cannot be written, a command whose result is in the bank keeps the exit code of its run; one whose result \
            is what it prints, as with --output json, ends with 1.

            EXAMPLES
              cairn bank init --provider local
              cairn protect shop.ir
              cairn checkpoints list
              cairn verify --last
              cairn restore --last --to /tmp/restored
            """,
        version: "0.1.0",
        subcommands: [
            Protect.self, Restore.self, Verify.self, Rehearse.self, Delete.self, Checkpoints.self, Operations.self,
            Providers.self, BankCommand.self, InventoryCommand.self, Protectables.self, Resume.self, Collect.self,
            Retain.self, Copy.self, Watch.self, DoctorCommand.self,
        ])

    static func main() async {
        // A reader that goes away must not end a backup.
        signal(SIGPIPE, SIG_IGN)
        StandardStream.occupyClosed()
        do {
            try ProgramArguments.check()
            var command = try parseAsRoot()
            let hasResultInBank = hasResultInBank(command)
            // What is done does not stand still, nor end, with who reads about it.
            if hasResultInBank { StandardStream.waitAtMost(nanoseconds: 5_000_000_000) }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if StandardStream.lostOutput && !hasResultInBank { Glibc.exit(ExitStatus.failed) }
        } catch {
            Glibc.exit(CommandLineFailure.report(error))
        }
    }
}

extension Cairn {
    /// Whether what a command prints only tells of its result.
    private static func hasResultInBank(_ command: any ParsableCommand) -> Bool {
        (command as? any BankCommandResult)?.hasResultInBank ?? false
    }
}

/// A command whose result is in a bank or on this host, and what it prints only tells of it.
protocol BankCommandResult {
    /// Whether the command, as it was given, is such a one: a dry run is not, nor is what prints a result for programs.
    var hasResultInBank: Bool { get }
}

/// The arguments of this process, as they were given.
enum ProgramArguments {
    /// Refuses what is not UTF-8. Its bytes would be replaced, and the name of a file would become that of another one.
    static func check() throws {
        for position in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[position] else { return }
            let bytes = UnsafeBufferPointer(start: argument, count: strlen(argument)).lazy.map { UInt8(bitPattern: $0) }
            if String(validating: bytes, as: UTF8.self) == nil {
                throw ValidationError(
                    "Argument \(position) is not UTF-8 ('\(Words.harmless(String(cString: argument)))'): give a file with "
                        + "such a name, or a directory, by a link whose name is UTF-8.")
            }
        }
    }
}

/// How errors become exit codes, with the message on the right stream.
enum CommandLineFailure {
    /// What an error says, in a line.
    static func words(_ error: any Error) -> String {
        if case ProviderError.faulty(let faults, _) = error, let first = faults.sorted.first {
            return "\(error): \(first.message)"
        }
        return ProposedCommands.naming("\(error)")
    }

    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode: return code.rawValue
        case ProviderError.faulty(let faults, let sources):
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            return ExitStatus.failed
        case BankError.noBank(let place):
            StandardStream.error.write(
                ProposedCommands.naming(
                    "cairn: there is no bank at \(place) (no object '\(BankFormat.key)'); "
                        + "mount what holds it, or make a new one with 'cairn bank init'\n"))
            return ExitStatus.failed
        case CheckpointError.unknown(let text):
            StandardStream.error.write(
                ProposedCommands.naming(
                    "cairn: there is no checkpoint '\(Words.harmless(text))'; "
                        + "'cairn checkpoints list' shows those there are\n"))
            return ExitStatus.failed
        case RequestError.faulty(let faults, let sources):
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            StandardStream.error.write("cairn: the parameters of --set do not fit; nothing was begun\n")
            return ExitStatus.failed
        case let LeaseError.lost(_, reason):
            StandardStream.error.write(
                ProposedCommands.naming(
                    "cairn: the lease on the bank was lost, so this run has stopped itself before others could take it "
                        + "for gone: \(Words.harmless(reason)); when the bank is well, 'cairn resume --last' goes on, "
                        + "and any other command can be run again\n"))
            return ExitStatus.failed
        case is LeaseError, is BankHarm, is ClockSkewError, is RetentionError, is AnnotationError, is CopyError,
            is MessageFailure,
            is BankError, is CheckpointError, is ExecutionError, is ProviderError, is OperationError, is RequestError:
            StandardStream.error.write("cairn: \(Words.harmless(words(error)))\n")
            return ExitStatus.failed
        case is CancellationError:
            StandardStream.error.write("cairn: cancelled\n")
            return ExitStatus.cancelled
        default: break
        }
        let code = Cairn.exitCode(for: error)
        let message = Cairn.fullMessage(for: error)
        if code == .success {
            StandardStream.output.write(message + "\n")
            return 0
        }
        StandardStream.error.write(message + "\n")
        return code == .validationFailure ? ExitStatus.wrongUsage : ExitStatus.internalError
    }
}
