internal import Glibc
internal import Synchronization

/// Directories that more than one restore of this process works on: what one of them sets must not be undone by what
/// another makes there at the same time.
enum SharedDirectories {
    private static let gate = Mutex(())

    /// Runs `body` while nobody else changes a shared directory, if it is about one.
    static func exclusively<Result>(if isShared: Bool = true, _ body: () throws -> Result) throws -> Result {
        guard isShared else { return try body() }
        // The value is carried out by hand, since it need not be Sendable and never leaves this thread.
        var result: Swift.Result<Result, any Error>?
        gate.withLock { _ in result = Swift.Result { try body() } }
        guard let result else { throw CancellationError() }
        return try result.get()
    }

    /// Makes the directory `name` in `parent`, whose metadata another resource sets or has set: its mode and times are
    /// afterwards what they were before. What exists already is left as it is.
    static func make(_ name: [UInt8], in parent: Int32, mode: mode_t, path: [UInt8]) throws {
        try exclusively {
            let before = try FileSystem.status(parent, path: path)
            let terminated = PathText.terminated(name)
            var code = mkdirat(parent, terminated, mode) == 0 ? 0 : errno
            // A directory that is finished may be read-only, which stops everyone but root.
            if code == EACCES && fchmod(parent, before.st_mode & 0o7777 | 0o300) == 0 {
                code = mkdirat(parent, terminated, mode) == 0 ? 0 : errno
                if fchmod(parent, before.st_mode & 0o7777) != 0 { throw SystemFailure("set the mode of", path) }
            }
            if code == EEXIST { return }
            if code != 0 { throw SystemFailure("make the directory", path, code: code) }
            let times = [timespec(tv_sec: 0, tv_nsec: FileSystem.keptTime), before.st_mtim]
            if futimens(parent, times) != 0 { throw SystemFailure("set the times of", path) }
        }
    }
}
