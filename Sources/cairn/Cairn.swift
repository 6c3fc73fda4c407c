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

            Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 cancelled, 70 internal error.

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
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if StandardStream.lostOutput { Glibc.exit(ExitStatus.failed) }
        } catch {
            Glibc.exit(CommandLineFailure.report(error))
        }
    }
}

/// How errors become exit codes, with the message on the right stream.
enum CommandLineFailure {
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode: return code.rawValue
        case ProviderError.faulty(let faults, let sources):
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            return ExitStatus.failed
        case BankError.noBank(let place):
            StandardStream.error.write(
                "cairn: there is no bank at \(place) (no object '\(BankFormat.key)'); "
                    + "mount what holds it, or make a new one with 'cairn bank init'\n")
            return ExitStatus.failed
        case CheckpointError.unknown(let text):
            StandardStream.error.write(
                "cairn: there is no checkpoint '\(Words.harmless(text))'; 'cairn checkpoints list' shows those there are\n"
            )
            return ExitStatus.failed
        case RequestError.faulty(let faults, let sources):
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            StandardStream.error.write("cairn: the parameters of --set do not fit; nothing was begun\n")
            return ExitStatus.failed
        case let LeaseError.lost(_, reason):
            StandardStream.error.write(
                "cairn: the lease on the bank was lost, so this run has stopped itself before others could take it for "
                    + "gone: \(Words.harmless(reason)); when the bank is well, 'cairn resume --last' goes on, and "
                    + "any other command can be run again\n")
            return ExitStatus.failed
        case is LeaseError, is ClockSkewError, is RetentionError, is AnnotationError, is CopyError, is MessageFailure,
            is BankError, is CheckpointError, is ExecutionError, is ProviderError, is OperationError, is RequestError:
            StandardStream.error.write("cairn: \(Words.harmless("\(error)"))\n")
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
