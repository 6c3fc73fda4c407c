import ArgumentParser
import Bank
import Checkpoints
import Diagnostics
import Engine
import Glibc
import ProtectionService
import Synchronization

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
            Protect.self, Restore.self, Verify.self, Delete.self, Checkpoints.self, Operations.self, Providers.self,
            BankCommand.self,
        ])

    static func main() async {
        // A reader that goes away must not end a backup.
        signal(SIGPIPE, SIG_IGN)
        Stream.occupyClosed()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if Stream.lostOutput { Glibc.exit(CommandLineFailure.runFailed) }
        } catch {
            Glibc.exit(CommandLineFailure.report(error))
        }
    }
}

/// Exit codes, and how errors become them.
enum CommandLineFailure {
    static let runFailed: Int32 = 1
    static let wrongUsage: Int32 = 2
    static let cancelled: Int32 = 3
    static let internalError: Int32 = 70

    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode: return code.rawValue
        case ProviderError.faulty(let faults, let sources):
            Stream.error.write(
                TextRenderer(sources: sources, color: Stream.error.isColored).render(faults.sorted))
            return runFailed
        case BankError.noBank(let place):
            Stream.error.write(
                "cairn: there is no bank at \(place) (no object '\(BankFormat.key)'); "
                    + "mount what holds it, or make a new one with 'cairn bank init'\n")
            return runFailed
        case CheckpointError.unknown(let text):
            Stream.error.write(
                "cairn: there is no checkpoint '\(Words.harmless(text))'; 'cairn checkpoints list' shows those there are\n"
            )
            return runFailed
        case is MessageFailure, is BankError, is CheckpointError, is ExecutionError, is ProviderError:
            Stream.error.write("cairn: \(Words.harmless("\(error)"))\n")
            return runFailed
        case is CancellationError:
            Stream.error.write("cairn: cancelled\n")
            return cancelled
        default: break
        }
        let code = Cairn.exitCode(for: error)
        let message = Cairn.fullMessage(for: error)
        if code == .success {
            Stream.output.write(message + "\n")
            return 0
        }
        Stream.error.write(message + "\n")
        return code == .validationFailure ? wrongUsage : internalError
    }
}

/// A failure that is told in one line.
struct MessageFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Standard output and standard error.
enum Stream {
    case output, error

    var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Whether text for people may be coloured here: on a terminal, unless NO_COLOR says otherwise.
    var isColored: Bool {
        let refused = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
        return refused.isEmpty && isTerminal
    }

    /// Gives the numbers of streams that were closed at the start to what takes no bytes: else the next file that is
    /// opened, such as an object of the bank, would get the number, and messages would be written into it.
    static func occupyClosed() {
        while true {
            let descriptor = open("/dev/null", O_RDONLY)
            guard (0...STDERR_FILENO).contains(descriptor) else {
                if descriptor > STDERR_FILENO { close(descriptor) }
                return
            }
        }
    }

    /// Whether something that belongs on standard output could not be written there.
    static var lostOutput: Bool { lost.withLock { $0 } }
    private static let lost = Mutex(false)

    /// Writes all of `text`. A run must not fail for a stream that is closed or full: that is told on standard error
    /// and by the exit code at the end. A reader that wants no more, as `head` does, is no fault.
    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let code = errno
            if code == EINTR { continue }
            if self == .output && code != EPIPE {
                Stream.lost.withLock { $0 = true }
                Stream.error.write("cairn: cannot write to standard output: \(String(cString: strerror(code)))\n")
            }
            return
        }
    }
}
