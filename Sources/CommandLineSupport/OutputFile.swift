import Glibc

/// A file that a command writes its result to.
package enum OutputFile {
    /// Writes a file so that it is there whole or not at all: beside its place first, then renamed. What is no regular
    /// file, such as a device or a pipe, is written to as it is.
    package static func write(_ bytes: [UInt8], to path: String) throws {
        var status = stat()
        if stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(path, errno) }
            let code = fill(descriptor, bytes)
            guard close(descriptor) == 0 || code != 0 else { throw failure(path, errno) }
            if code != 0 { throw failure(path, code) }
            return
        }
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, errno) }
        var code = fill(descriptor, bytes)
        if code == 0 && fsync(descriptor) != 0 { code = errno }
        if close(descriptor) != 0 && code == 0 { code = errno }
        if code == 0 && rename(temporary, path) != 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw failure(path, code)
        }
    }

    /// Writes all of `bytes`; returns the code of a failure, or 0.
    private static func fill(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    private static func failure(_ path: String, _ code: Int32) -> MessageFailure {
        MessageFailure("cannot write '\(path)': \(String(cString: strerror(code)))")
    }
}
