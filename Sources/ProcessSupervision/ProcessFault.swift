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

    package var description: String {
        switch self {
        case .notFound(let program, let searched):
            searched.map { "the program '\(program)' is not in PATH (\($0))" } ?? "there is no program '\(program)'"
        case .notExecutable(let program, let reason): "the program '\(program)' cannot be run: \(reason)"
        case .directory(let path, let reason): "the working directory '\(path)' cannot be entered: \(reason)"
        case .environment(let name, let reason): "the variable '\(name)' has no value: \(reason)"
        case .system(let action, let reason): "\(action) failed: \(reason)"
        case .failed(let failure): failure.description
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
        let place = count > 1 ? ", number \(position) of \(count) in the pipeline," : ""
        let ending =
            switch status {
            case .exited(let code): "failed with exit code \(code)"
            case .signalled(let number):
                "was ended by signal \(number)\(Self.name(of: number).map { " (\($0))" } ?? "")"
            }
        let said = tail.split(separator: "\n").suffix(Self.lines)
            .map { DisplayWidth.harmless(String($0)) }.joined(separator: " | ")
        let last = said.count > Self.characters ? "…" + said.suffix(Self.characters) : said
        return "the program '\(DisplayWidth.harmless(program))'\(place) \(ending)" + (last.isEmpty ? "" : ": \(last)")
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
