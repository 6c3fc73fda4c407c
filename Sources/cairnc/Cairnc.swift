import ArgumentParser
import Diagnostics
import Glibc

/// The plan compiler's command line.
@main
struct Cairnc: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairnc",
        abstract: "Checks and compiles protection plans, and draws their graphs.",
        discussion: """
            A plan says what must not be lost; a provider manifest says how and where it is kept. cairnc reads both, \
            reports every fault at its exact place, and writes the compiled plan that cairn runs.

            Exit codes: 0 done, 1 the input has faults, 2 wrong usage, 70 internal error.

            EXAMPLES
              cairnc check plans/quickstart.yaml
              cairnc compile plans/quickstart.yaml -o quickstart.ir
              cairnc graph plans/quickstart.yaml --format dot | dot -Tsvg > quickstart.svg
            """,
        version: "0.1.0",
        subcommands: [Check.self, Compile.self, Graph.self])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Glibc.exit(CommandLineFailure.report(error))
        }
    }
}

/// Turns what ended a command into its exit code, with the message on the right stream.
enum CommandLineFailure {
    static let inputFailed: Int32 = 1
    static let wrongUsage: Int32 = 2
    static let internalError: Int32 = 70

    static func report(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        if let failure = error as? MessageFailure {
            Stream.error.write("cairnc: \(failure.message)\n")
            return failure.code
        }
        let code = Cairnc.exitCode(for: error)
        let message = Cairnc.fullMessage(for: error)
        if code == .success {
            // Help and version are data.
            Stream.output.write(message + "\n")
            return 0
        }
        Stream.error.write(message + "\n")
        return code == .validationFailure ? wrongUsage : internalError
    }
}

/// A failure that is told in one line.
struct MessageFailure: Error {
    let message: String
    let code: Int32

    init(_ message: String, code: Int32 = CommandLineFailure.inputFailed) {
        self.message = message
        self.code = code
    }
}

/// Standard output and standard error, written whole.
enum Stream {
    case output, error

    var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all bytes. A closed pipe ends the program quietly; any other failure is reported and ends it.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let code = errno
            if code == EINTR { continue }
            if code == EPIPE { exit(CommandLineFailure.inputFailed) }
            if self == .output {
                Stream.error.write("cairnc: cannot write to standard output: \(String(cString: strerror(code)))\n")
            }
            exit(CommandLineFailure.internalError)
        }
    }

    var isTerminal: Bool { isatty(descriptor) == 1 }
}
