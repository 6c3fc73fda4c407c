internal import CommandLineSupport
internal import Glibc

/// Where an event stream goes.
package enum EventTarget: Sendable, Hashable, CustomStringConvertible {
    case file(String)
    case descriptor(Int32)

    /// Reads `FILE`, `fd:N` or `-`, which is standard output; `nil` when it is none of them.
    package init?(_ text: String) {
        if text == "-" {
            self = .descriptor(STDOUT_FILENO)
        } else if text.hasPrefix("fd:") {
            guard let number = Int32(text.dropFirst(3)), number >= 0 else { return nil }
            self = .descriptor(number)
        } else {
            guard !text.isEmpty, !text.utf8.contains(0) else { return nil }
            self = .file(text)
        }
    }

    /// Whether it is standard output.
    package var isStandardOutput: Bool { self == .descriptor(STDOUT_FILENO) }

    package var description: String {
        switch self {
        case .file(let path): "'\(path)'"
        case .descriptor(STDOUT_FILENO): "standard output"
        case .descriptor(let number): "file descriptor \(number)"
        }
    }

    /// Whether a descriptor was given to this program to be written to. To be asked before anything else is opened:
    /// a number that was not open then may become that of another file.
    package var isWritable: Bool {
        guard case .descriptor(let number) = self else { return true }
        let flags = fcntl(number, F_GETFL)
        return flags >= 0 && flags & O_ACCMODE != O_RDONLY
    }

    /// How the first line of each event stream begins.
    private static let beginning = Array(#"{"event":"stream","#.utf8)

    /// Whether a file is there that is no event stream, such as a plan, and that opening it would replace.
    package var wouldReplaceOther: Bool {
        guard case .file(let path) = self else { return false }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return false }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        // What cannot be read is not known to be one.
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.beginning.count)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        // Of a writer that was killed, even the first line may be cut off.
        return !Self.beginning.starts(with: bytes.prefix(max(0, count)))
    }
}

extension EventTarget {
    /// Opens it for writing, as patiently as that goes.
    func open(patience isPatient: () -> Bool) throws(PatientFile.Failure) -> PatientFile {
        switch self {
        case .file(let path): return try PatientFile(opening: path, patience: isPatient)
        case .descriptor(let number):
            let file = try PatientFile(duplicating: number)
            // A child that outlives the run would keep it open for whoever waits for its end.
            if number > STDERR_FILENO { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
            return file
        }
    }
}
