import Glibc

/// A lock on a file, which lasts as long as this process keeps it: the kernel lets it go however the process ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Makes a new file with a content, durably, and locks it; `nil` with the reason in `errno` when that fails.
    convenience init?(making path: String, _ content: [UInt8]) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        guard written == content.count, fsync(descriptor) == 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        self.init(descriptor)
    }

    /// What there is to say of the lock of a file.
    enum Finding {
        /// There is no such file, or none that this user has made.
        case none
        /// Somebody keeps it.
        case held
        /// Nobody did, and now it is this process's, with the file's content.
        case free(FileLock, content: [UInt8])
    }

    /// Takes the lock of the file `name` in a directory when nobody has it. A file that is not this user's own, or longer
    /// than `limit` bytes, is none.
    static func take(_ name: String, in directory: Int32, limit: Int) -> Finding {
        let descriptor = openat(directory, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .none }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_size <= limit
        else {
            close(descriptor)
            return .none
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return .held
        }
        let lock = FileLock(descriptor)
        // Who had it before may have removed the file.
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else { return .none }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = content.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == content.count else { return .none }
        return .free(lock, content: content)
    }
}
