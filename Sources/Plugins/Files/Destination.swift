internal import CLinux
internal import Glibc
internal import PluginKit

/// The directory that a restore fills.
///
/// While it is being filled it carries an extended attribute with the checkpoint's name, so that a restore that broke
/// off can be repeated, and so that a half-filled directory can be told from a whole one.
struct Destination: Sendable {
    /// The attribute on a directory that is not yet whole.
    private static let marker = PathText.terminated(Array("user.cairn.restoring".utf8))

    /// The trusted directory below which no link is followed: the target directory, or `/`.
    let base: [UInt8]
    /// The path below `base`.
    let components: [[UInt8]]
    /// Whether what exists may be replaced.
    let overwrite: Bool
    /// What the marker says: which checkpoint's which resource.
    let claim: [UInt8]

    /// Where `target` puts the directory that was at `original`.
    init(original: [UInt8], _ target: RestoreTarget, claim: String) throws(PluginError) {
        if let directory = target.directory {
            base = try FilesSettings.absolute(directory, "the target directory")
        } else {
            base = [0x2F]
        }
        components = PathText.components(original)
        isConfined = target.directory != nil
        overwrite = target.overwrite
        self.claim = Array(claim.utf8)
    }

    private let isConfined: Bool

    /// The whole path.
    var path: [UInt8] {
        components.reduce(base) { $0 == [0x2F] ? $0 + $1 : $0 + [0x2F] + $1 }
    }

    /// Opens the directory, making it and its parents where they are missing, and marks it. Nothing is made when it
    /// must be refused. The descriptor is the caller's; `fresh` says that nothing was in it.
    func open() throws -> (fd: Int32, fresh: Bool) {
        let existing = try find()
        if let existing {
            let fresh: Bool
            do { fresh = try admit(existing) } catch {
                close(existing)
                throw error
            }
            try mark(existing)
            return (existing, fresh)
        }
        let made = try make()
        try mark(made)
        return (made, true)
    }

    /// Takes the mark away: the directory is whole.
    static func unmark(_ fd: Int32) { fremovexattr(fd, marker) }

    /// The directory if it exists, `nil` if it or a parent does not.
    private func find() throws -> Int32? {
        var fd = try openBase(create: false)
        for (index, name) in components.enumerated() {
            guard let outer = fd else { return nil }
            defer { close(outer) }
            fd = try step(into: name, from: outer, last: index == components.count - 1)
        }
        return fd
    }

    private func make() throws -> Int32 {
        guard var fd = try openBase(create: true) else { throw SystemFailure("make the directory", base) }
        for (index, name) in components.enumerated() {
            let outer = fd
            defer { close(outer) }
            let last = index == components.count - 1
            if let next = try step(into: name, from: outer, last: last) {
                fd = next
                continue
            }
            // Nobody else looks into a directory whose modes are not set yet.
            if mkdirat(outer, PathText.terminated(name), last ? 0o700 : 0o755) != 0 && errno != EEXIST {
                throw SystemFailure("make the directory", path)
            }
            guard let next = try step(into: name, from: outer, last: last) else { throw SystemFailure("open", path) }
            fd = next
        }
        return fd
    }

    /// Opens one directory; `nil` if there is none.
    private func step(into name: [UInt8], from directory: Int32, last: Bool) throws -> Int32? {
        // In its original place, the way to a directory may lead over the system's own links; below a target directory
        // a link could lead out of it, and the last step never follows one.
        let follow: Int32 = isConfined || last ? O_NOFOLLOW : 0
        let fd = openat(directory, PathText.terminated(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow)
        if fd >= 0 { return fd }
        if errno == ENOENT { return nil }
        if errno == ENOTDIR || errno == ELOOP {
            throw PluginError(
                "'\(PathText.printable(path))' cannot be restored to: '\(PathText.printable(name))' on the way is "
                    + "a link or not a directory",
                advice: "move it away, or restore to another place with --to DIR")
        }
        throw SystemFailure("open", path)
    }

    private func openBase(create: Bool) throws -> Int32? {
        var fd = Glibc.open(PathText.terminated(base), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if fd < 0 && errno == ENOENT {
            if !create { return nil }
            var made: [UInt8] = []
            for name in PathText.components(base) {
                made += [0x2F] + name
                if mkdir(PathText.terminated(made), 0o755) != 0 && errno != EEXIST {
                    throw SystemFailure("make the directory", made)
                }
            }
            fd = Glibc.open(PathText.terminated(base), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        if fd < 0 { throw SystemFailure("open", base) }
        return fd
    }

    /// Refuses a directory that holds something, unless it may be overwritten or is our own unfinished work.
    private func admit(_ fd: Int32) throws -> Bool {
        if try FileSystem.names(in: fd, path: path).count == 0 { return true }
        if overwrite { return false }
        var mark = [UInt8](repeating: 0, count: 512)
        let count = fgetxattr(fd, Destination.marker, &mark, mark.count)
        if count >= 0 && Array(mark.prefix(count)) == claim { return false }
        throw PluginError(
            count >= 0
                ? "'\(PathText.printable(path))' holds an unfinished restore of another checkpoint"
                : "'\(PathText.printable(path))' exists and is not empty; nothing was changed",
            advice: "restore to another place with --to DIR, or replace what is there with --overwrite")
    }

    /// Marks the directory where the file system can; without the mark, only the repetition needs --overwrite.
    private func mark(_ fd: Int32) throws {
        if fsetxattr(fd, Destination.marker, claim, claim.count, 0) != 0 && errno == ENOSPC {
            throw SystemFailure("write to", path)
        }
    }
}
