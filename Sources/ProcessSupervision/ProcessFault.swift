internal import Diagnostics
internal import Glibc

/// Why programs could not be run, or did not do their work.
package enum ProcessFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no such program.
    case notFound(String, searched: String?)
    /// It is there, and cannot be run.
    case notExecutable(String, reason: String)
    /// The working directory cannot be entered.
    case directory(String, reason: String)
    /// A variable of the environment has no value.
    case environment(String, reason: String)
    /// The system refuses something that all need, such as another process; it may not a little later.
    case system(String, reason: String)
    /// A program ran, and ended otherwise than with the exit code 0.
    case failed(ProgramFailure)
    /// All was well, and then a process that the last program has left behind kept the output open and printed nothing:
    /// whether the output is whole, nobody knows.
    case heldOpen(String)
    /// It was cancelled; that is what the programs had said, as far as they had said something.
    case stopped([ProgramFailure])
    /// It was cancelled while the program was being started, and that does not come to its end.
    case hangs(String)
    /// It was to be ended, and cannot be: it still runs.
    case survived(ProgramFailure, reason: String)

    package var description: String {
        switch self {
        case .notFound(let program, let searched):
            searched.map { "the program '\(program)' is not in PATH (\($0))" } ?? "there is no program '\(program)'"
        case .notExecutable(let program, let reason): "the program '\(program)' cannot be run: \(reason)"
        case .directory(let path, let reason): "the working directory '\(path)' cannot be entered: \(reason)"
        case .environment(let name, let reason): "the variable '\(name)' has no value: \(reason)"
        case .system(let action, let reason): "\(action) failed: \(reason)"
        case .failed(let failure): failure.description
        case .heldOpen(let program):
            "the program '\(DisplayWidth.harmless(program))' has ended, and something that it has left behind keeps its "
                + "output open without printing anything, so nobody knows whether the output is whole"
        case .stopped(let programs): programs.map(\.words).joined(separator: "; ")
        case .hangs(let program):
            "the program '\(DisplayWidth.harmless(program))' cannot be started in time: the system does not answer, as when "
                + "a mount has lost its server"
        case .survived(let failure, let reason):
            "\(failure.subject) cannot be ended and still runs: \(reason)\(failure.said)"
        }
    }

    /// What the system said of a call that failed.
    static func system(_ action: String, code: Int32 = errno) -> ProcessFault {
        .system(action, reason: String(cString: strerror(code)))
    }
}

/// How a program ended.
package enum ProgramStatus: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)

    package var isSuccess: Bool { self == .exited(0) }
}

/// A program that failed, with what it said last.
package struct ProgramFailure: Sendable, Hashable, CustomStringConvertible {
    /// What it is called.
    package let program: String
    /// Its place in the pipeline, from 1, and how many programs that has.
    package let position: Int
    package let count: Int
    package let status: ProgramStatus
    /// The end of what it printed, without the values of secrets; lines are separated by line feeds.
    package let tail: String

    package init(program: String, position: Int = 1, count: Int = 1, status: ProgramStatus, tail: String) {
        self.program = program
        self.position = position
        self.count = count
        self.status = status
        self.tail = tail
    }

    /// How many lines of its output an error repeats, and how many characters of them.
    private static let lines = 5
    private static let characters = 1000

    package var description: String {
        switch status {
        case .exited(let code): "\(subject) failed with exit code \(code)\(said)"
        case .signalled(let number):
            "\(subject) was ended by signal \(number)\(Self.name(of: number).map { " (\($0))" } ?? "")\(said)"
        }
    }

    /// What it had said when it was stopped.
    var words: String { tail.isEmpty ? "\(subject) had said nothing" : "\(subject) had said last\(said)" }

    /// The program and its place.
    var subject: String {
        let place = count > 1 ? ", number \(position) of \(count) in the pipeline," : ""
        return "the program '\(DisplayWidth.harmless(program))'\(place)"
    }

    /// A colon and the end of what it has said; empty when it has said nothing.
    var said: String {
        let said = tail.split(separator: "\n").suffix(Self.lines)
            .map { DisplayWidth.harmless(String($0)) }.joined(separator: " | ")
        let last = said.count > Self.characters ? "…" + said.suffix(Self.characters) : said
        return last.isEmpty ? "" : ": \(last)"
    }

    private static func name(of signal: Int32) -> String? {
        switch signal {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGABRT: "SIGABRT"
        case SIGKILL: "SIGKILL"
        case SIGSEGV: "SIGSEGV"
        case SIGPIPE: "SIGPIPE, nobody reads what it prints"
        case SIGTERM: "SIGTERM"
        default: nil
        }
    }
}
