import Glibc
import Synchronization

/// Standard output, which carries data, and standard error, which carries messages.
package enum StandardStream: Sendable {
    case output, error

    package var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Whether text for people may be coloured here: on a terminal that is not `TERM=dumb`. `NO_COLOR` forbids it
    /// everywhere, and `FORCE_COLOR` or `CLICOLOR_FORCE` asks for it everywhere.
    package var isColored: Bool {
        func isSet(_ name: String) -> Bool { !(StandardStream.environment(name) ?? "").isEmpty }
        func asks(_ name: String) -> Bool { isSet(name) && StandardStream.environment(name) != "0" }
        if isSet("NO_COLOR") { return false }
        if asks("FORCE_COLOR") || asks("CLICOLOR_FORCE") { return true }
        return isTerminal && StandardStream.environment("TERM") != "dumb"
    }

    /// The value of an environment variable.
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Gives the numbers of streams that were closed at the start to what takes no bytes: else the next file that is
    /// opened, such as an object of a bank, would get the number, and messages would be written into it.
    package static func occupyClosed() {
        while true {
            let descriptor = open("/dev/null", O_RDONLY)
            guard (0...STDERR_FILENO).contains(descriptor) else {
                if descriptor > STDERR_FILENO { close(descriptor) }
                return
            }
        }
    }

    /// Whether something that belongs on standard output could not be written there.
    package static var lostOutput: Bool { lost.withLock { $0 } }
    private static let lost = Mutex(false)

    /// From now on nobody is waited for longer than this, in nanoseconds: a text that a stream does not take in that
    /// time is lost, and so is all behind it. For programs whose work must not stand still with their reader.
    package static func waitAtMost(nanoseconds: Int64) { limits.withLock { $0.patience = nanoseconds } }

    /// Nobody reads what is written here, as has shown itself: where patience is limited, it is at its end.
    package func giveUp() { StandardStream.limits.withLock { _ = $0.givenUp.insert(self) } }

    private struct Limits {
        var patience: Int64?
        var givenUp: Set<StandardStream> = []
    }

    private static let limits = Mutex(Limits())

    /// Writes all of `text`, as `write(_:)` does for bytes.
    package func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all of `bytes`. What is going on must not fail for a stream that is closed or full: that is told on
    /// standard error, and `lostOutput` says it for the exit code. A reader that wants no more, as `head` does, is no
    /// fault.
    package func write(_ bytes: [UInt8]) {
        if let patience = StandardStream.limits.withLock({ $0.patience }) { return write(bytes, within: patience) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let code = errno
            if code == EINTR { continue }
            return lose(because: PatientFile.Failure(code: code))
        }
    }

    /// Writes all of `bytes` unless that takes longer than so many nanoseconds.
    private func write(_ bytes: [UInt8], within patience: Int64) {
        guard !bytes.isEmpty else { return }
        let hasGivenUp = StandardStream.limits.withLock { $0.givenUp.contains(self) }
        let end = StandardStream.now + patience
        do throws(PatientFile.Failure) {
            if hasGivenUp { throw PatientFile.Failure(code: ETIMEDOUT) }
            let file = try PatientFile(duplicating: descriptor)
            defer { file.close() }
            try file.write(bytes) { StandardStream.now < end }
        } catch {
            if error.code == ETIMEDOUT { giveUp() }
            lose(because: error)
        }
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Takes note of what could not be written.
    private func lose(because failure: PatientFile.Failure) {
        guard self == .output && failure.code != EPIPE else { return }
        // Once is enough: what comes behind it will not be written either.
        let isFirst = StandardStream.lost.withLock { lost in
            defer { lost = true }
            return !lost
        }
        guard isFirst else { return }
        StandardStream.error.write("\(ProgramName.text): cannot write to standard output: \(failure)\n")
    }

    /// Whether the reader of a pipe has gone.
    package var hasNoReader: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLERR) != 0
    }
}

/// What the program was called as, without its directory.
package enum ProgramName {
    package static let text = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "cairn"
}

/// The exit codes of both programs.
package enum ExitStatus {
    /// The input has faults, or the run failed.
    package static let failed: Int32 = 1
    package static let wrongUsage: Int32 = 2
    package static let cancelled: Int32 = 3
    package static let internalError: Int32 = 70
}

/// A failure that is told in one line.
package struct MessageFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension StandardStream {
    /// The columns of the terminal, or 80 where there is none. `COLUMNS` says otherwise, as for other programs.
    package var width: Int {
        if let columns = getenv("COLUMNS").flatMap({ Int(String(cString: $0)) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
