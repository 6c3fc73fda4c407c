internal import Bank
internal import Glibc

/// A system call that failed: which, and with what `errno`.
struct SystemFailure: Error, CustomStringConvertible {
    let call: StaticString
    let code: Int32

    var description: String { "\(String(cString: strerror(code))) (\(call))" }
}

extension SystemFailure {
    /// What to say of an operation that this failure ended. `isWrite` says whether it was to change something.
    func bankError(_ operation: String, _ key: String, isWrite: Bool) -> BankError {
        .storeFailed(operation: operation, key: key, reason: description, fault: fault(isWrite: isWrite))
    }

    private func fault(isWrite: Bool) -> StoreFault {
        switch code {
        case ENOSPC, EDQUOT: .full
        case EROFS: .readOnly
        case EACCES, EPERM: isWrite ? .readOnly : .unreadable
        // A bad sector, a damaged directory, a link that leads round.
        case EIO, EUCLEAN, EBADMSG, ELOOP, ENOTDIR, EISDIR: isWrite ? .other : .unreadable
        default: .other
        }
    }

    /// Whether there was no room.
    var isOfRoom: Bool { fault(isWrite: true) == .full }

    /// There is nothing of that name.
    var isMissing: Bool { code == ENOENT }
    /// What is there is no directory, or a symbolic link, which is not followed.
    var isOtherKind: Bool { code == ENOTDIR || code == ELOOP }
}

/// An open file or directory that closes with its last owner. Every call repeats itself after a signal, and throws
/// `SystemFailure`, untyped since it travels with `BankError` (and Swift 6.3 crashes on `catch where` of typed ones).
final class Descriptor: Sendable {
    let raw: Int32

    init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Opens a path that an administrator named; symbolic links on the way are theirs to make.
    static func open(path: String, flags: Int32) throws -> Descriptor {
        try opened { Glibc.open(path, flags | O_CLOEXEC) }
    }

    /// Opens one name within this directory, never through a symbolic link, and without waiting for the other end of
    /// a pipe that someone may have put there.
    func open(_ name: String, flags: Int32) throws -> Descriptor {
        try Descriptor.opened { openat(raw, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    }

    /// Creates a file that must not exist, or opens or creates one with `exclusive` false; mode 0600.
    func create(_ name: String, exclusive: Bool) throws -> Descriptor {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (exclusive ? O_EXCL : 0)
        return try Descriptor.opened { openat(raw, name, flags, 0o600) }
    }

    /// Opens a directory within this one.
    func directory(_ name: String) throws -> Descriptor {
        try open(name, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Opens a directory within this one, through a symbolic link if it is one.
    func follow(_ name: String) throws -> Descriptor {
        try Descriptor.opened { openat(raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }

    private static func opened(_ body: () -> Int32) throws -> Descriptor {
        while true {
            let raw = body()
            if raw >= 0 { return Descriptor(owning: raw) }
            if errno != EINTR { throw SystemFailure(call: "open", code: errno) }
        }
    }

    /// What the descriptor stands for.
    func status() throws -> stat {
        var result = stat()
        guard fstat(raw, &result) == 0 else { throw SystemFailure(call: "fstat", code: errno) }
        return result
    }

    /// What a name in this directory stands for, itself and not what it points to; `nil` when there is none.
    func status(of name: String) throws -> stat? {
        var result = stat()
        if fstatat(raw, name, &result, AT_SYMLINK_NOFOLLOW) == 0 { return result }
        if errno == ENOENT { return nil }
        throw SystemFailure(call: "fstatat", code: errno)
    }

    /// Writes all of `bytes` at the file's position.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(raw, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                throw SystemFailure(call: "write", code: errno)
            }
        }
    }

    /// Up to `count` bytes from `offset`; fewer only at the end of the file. Throws `SystemFailure`.
    func read(_ count: Int, at offset: Int64) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[initialized...]))
                let got = pread(raw, rest.baseAddress, rest.count, Int(offset) + initialized)
                if got == 0 { return }
                if got > 0 {
                    initialized += got
                } else if errno != EINTR {
                    throw SystemFailure(call: "read", code: errno)
                }
            }
        }
    }

    /// Returns when content and metadata are on stable storage.
    func synchronize() throws {
        while fsync(raw) != 0 {
            if errno != EINTR { throw SystemFailure(call: "fsync", code: errno) }
        }
    }

    /// Tries to lock the open file; `false` when others hold it in a way that does not agree.
    func tryLock(exclusive: Bool) throws -> Bool {
        while flock(raw, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw SystemFailure(call: "flock", code: errno) }
        }
        return true
    }

    /// Makes a directory within this one, mode 0700 and what `extra` adds; `false` when the name is taken.
    func makeDirectory(_ name: String, extra: mode_t = 0) throws -> Bool {
        if mkdirat(raw, name, 0o700 | extra) == 0 { return true }
        if errno == EEXIST { return false }
        throw SystemFailure(call: "mkdir", code: errno)
    }

    /// Removes a name that is no directory; `false` when there is none, or a directory.
    func unlink(_ name: String) throws -> Bool {
        if unlinkat(raw, name, 0) == 0 { return true }
        if errno == ENOENT || errno == EISDIR { return false }
        throw SystemFailure(call: "unlink", code: errno)
    }

    /// Removes an empty directory; `false` when it is not empty or gone or no directory.
    func removeDirectory(_ name: String) throws -> Bool {
        if unlinkat(raw, name, AT_REMOVEDIR) == 0 { return true }
        if errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT || errno == ENOTDIR { return false }
        throw SystemFailure(call: "rmdir", code: errno)
    }

    /// Moves a file of this directory to a name in another one. Without `replace` it throws `EEXIST` when the name is
    /// taken.
    func move(_ name: String, to directory: Descriptor, _ newName: String, replace: Bool)
        throws
    {
        if replace {
            guard renameat(raw, name, directory.raw, newName) == 0 else {
                throw SystemFailure(call: "rename", code: errno)
            }
            return
        }
        // A hard link refuses a taken name atomically on every file system that has links, also over a network. A
        // crash before the old name is removed leaves a second name of the same file, which a sweep takes away.
        guard linkat(raw, name, directory.raw, newName, 0) == 0 else {
            throw SystemFailure(call: "link", code: errno)
        }
        _ = unlinkat(raw, name, 0)
    }
}

extension stat {
    private var kind: mode_t { st_mode & S_IFMT }
    var isDirectory: Bool { kind == S_IFDIR }
    var isRegularFile: Bool { kind == S_IFREG }

    /// The kind in words, for messages about what does not belong into a bank.
    var kindName: String {
        switch kind {
        case S_IFLNK: "a symbolic link"
        case S_IFDIR: "a directory"
        case S_IFREG: "a file"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}
