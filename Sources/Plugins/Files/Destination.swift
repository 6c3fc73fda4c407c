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
    /// What else is restored around it.
    let neighbours: Neighbours
    /// Whether this very restore has begun to fill it before.
    let isOurs: Bool

    /// Where `target` puts the directory that was at `original`.
    init(
        original: [UInt8], _ target: RestoreTarget, claim: String, neighbours: Neighbours = .none,
        isOurs: Bool = false
    ) throws(PluginError) {
        if let directory = target.directory {
            base = try FilesSettings.absolute(directory, "the target directory")
        } else {
            base = [0x2F]
        }
        components = PathText.steps(original)
        isConfined = target.directory != nil
        overwrite = target.overwrite
        self.claim = Array(claim.utf8)
        self.neighbours = neighbours
        self.isOurs = isOurs
    }

    private let isConfined: Bool

    /// The whole path.
    var path: [UInt8] {
        components.reduce(base) { $0 == [0x2F] ? $0 + $1 : $0 + [0x2F] + $1 }
    }

    /// Opens the directory, making it and its parents where they are missing, and marks it. Nothing is made when it
    /// must be refused. The descriptor is the caller's; `fresh` says that nothing was in it that is not the neighbours'.
    func open() throws -> (fd: Int32, fresh: Bool) {
        let existing = try find()
        if let existing {
            let fresh: Bool
            do {
                fresh = try admit(existing)
                try claim(existing)
            } catch {
                close(existing)
                throw error
            }
            return (existing, fresh)
        }
        let made = try make()
        do { try claim(made) } catch {
            close(made)
            throw error
        }
        return (made, true)
    }

    /// Takes the directory for this restore alone, until the descriptor is closed, and marks it.
    private func claim(_ fd: Int32) throws {
        // Where the file system has no locks, leases alone keep others away.
        if flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
            throw PluginError(
                "another restore is filling '\(PathText.printable(path))' now",
                advice: "wait for it, or restore to another place with --to DIR", isTransient: true)
        }
        try mark(fd)
    }

    /// Throws where `open` would refuse the directory; changes nothing.
    func demandAdmission() throws {
        let sight = try look()
        close(sight.nearest)
        if let refusal = sight.refusal { throw refusal }
    }

    /// What a dry run sees of the directory.
    struct Sight {
        /// The directory, or the nearest one above it that is there; the caller closes it.
        let nearest: Int32
        let exists: Bool
        /// Whether nothing is in it that is not the neighbours'.
        let isFresh: Bool
        /// Whether an earlier restore of the same has left it unfinished.
        var isUnfinished = false
        /// Why it may not be filled.
        var refusal: PluginError?
    }

    /// Looks at the directory without changing anything; throws where it cannot be reached.
    func look() throws -> Sight {
        guard var nearest = try openBase(create: false) else {
            return Sight(nearest: try openNearest(to: base), exists: false, isFresh: true)
        }
        do {
            for (index, name) in components.enumerated() {
                guard let next = try step(into: name, from: nearest, at: index, mayReplace: false) else {
                    return Sight(nearest: nearest, exists: false, isFresh: true)
                }
                close(nearest)
                nearest = next
            }
            let isFresh = try holdsOnlyNeighbours(nearest)
            var refusal: PluginError?
            if !isFresh { do { try demandPermission(nearest) } catch { refusal = error } }
            return Sight(
                nearest: nearest, exists: true, isFresh: isFresh, isUnfinished: mark(on: nearest) == claim,
                refusal: refusal)
        } catch {
            close(nearest)
            throw error
        }
    }

    /// The nearest directory above `path` that is there.
    private func openNearest(to path: [UInt8]) throws -> Int32 {
        var way = path
        while way.count > 1 {
            way = Array(PathText.split(way).directory)
            if way.isEmpty { way = [0x2F] }
            let fd = Glibc.open(PathText.terminated(way), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if fd >= 0 { return fd }
            if errno != ENOENT { break }
        }
        throw SystemFailure("open", way)
    }

    /// Takes the mark away: the directory is whole.
    static func unmark(_ fd: Int32) { fremovexattr(fd, marker) }

    /// The directory if it exists, `nil` if it or a parent does not.
    private func find() throws -> Int32? {
        var fd = try openBase(create: false)
        for (index, name) in components.enumerated() {
            guard let outer = fd else { return nil }
            defer { close(outer) }
            fd = try step(into: name, from: outer, at: index)
        }
        return fd
    }

    private func make() throws -> Int32 {
        guard var fd = try openBase(create: true) else { throw SystemFailure("make the directory", base) }
        for (index, name) in components.enumerated() {
            let outer = fd
            defer { close(outer) }
            if let next = try step(into: name, from: outer, at: index) {
                fd = next
                continue
            }
            // Nobody else looks into a directory whose modes are not set yet.
            let isSetLater = index == components.count - 1 || neighbours.isDescribed(steps: index + 1)
            let mode: mode_t = isSetLater ? 0o700 : 0o755
            if neighbours.isWithinAnother(steps: index) {
                try SharedDirectories.make(name, in: outer, mode: mode, path: path)
            } else if mkdirat(outer, PathText.terminated(name), mode) != 0 && errno != EEXIST {
                throw SystemFailure("make the directory", path)
            }
            guard let next = try step(into: name, from: outer, at: index) else { throw SystemFailure("open", path) }
            fd = next
        }
        return fd
    }

    /// Opens one directory of the way, the component at `index`; `nil` if there is none. What stands in the place of a
    /// directory that another resource describes is removed, or with `mayReplace` false taken for missing.
    private func step(
        into name: [UInt8], from directory: Int32, at index: Int, mayReplace: Bool = true
    ) throws -> Int32? {
        // In its original place, the way to a directory may lead over the system's own links; below a target directory
        // a link could lead out of it, within another tree it could lead out of that one, and the last step never
        // follows one.
        let isInner = index == components.count - 1 || neighbours.isWithinAnother(steps: index)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (isConfined || isInner ? O_NOFOLLOW : 0)
        let terminated = PathText.terminated(name)
        var fd = openat(directory, terminated, flags)
        if fd < 0 && (errno == ENOTDIR || errno == ELOOP) && overwrite && neighbours.isWithinAnother(steps: index)
            && neighbours.isDescribed(steps: index + 1) && index < components.count - 1
        {
            // The tree around has a directory here and replaces what is none, now or in a moment.
            guard mayReplace else { return nil }
            unlinkat(directory, terminated, 0)
            fd = openat(directory, terminated, flags)
        }
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
        if try holdsOnlyNeighbours(fd) { return true }
        try demandPermission(fd)
        return false
    }

    /// Refuses a directory that holds something, which is not ours to replace.
    private func demandPermission(_ fd: Int32) throws(PluginError) {
        if overwrite || isOurs { return }
        let mark = mark(on: fd)
        if mark == claim { return }
        throw PluginError(
            mark != nil
                ? "'\(PathText.printable(path))' holds an unfinished restore of another checkpoint"
                : "'\(PathText.printable(path))' exists and is not empty; nothing was changed",
            advice: "restore to another place with --to DIR, or replace what is there with --overwrite")
    }

    /// What the mark of an unfinished restore says, `nil` when there is none.
    private func mark(on fd: Int32) -> [UInt8]? {
        var mark = [UInt8](repeating: 0, count: 512)
        let count = fgetxattr(fd, Destination.marker, &mark, mark.count)
        return count >= 0 ? Array(mark.prefix(count)) : nil
    }

    /// What the mark says while a resource of a checkpoint is restored.
    static func claim(_ checkpoint: String, _ resource: ResourceDescription) -> String {
        "\(checkpoint) \(resource.identity)"
    }

    /// Whether nothing is in the directory but what leads to the neighbours' directories; those are not looked into.
    private func holdsOnlyNeighbours(_ fd: Int32) throws -> Bool {
        let root = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if root < 0 { throw SystemFailure("open", path) }
        let directories = try DirectoryStack(root: root)
        var levels: [(names: NameList, next: Int)] = [(try FileSystem.names(in: root, path: path), 0)]
        while let level = levels.last {
            guard level.next < level.names.count else {
                levels.removeLast()
                try directories.leave()
                continue
            }
            levels[levels.count - 1].next += 1
            let name = level.names[level.next]
            let inner = PathText.join(directories.path, name)
            if neighbours.isRoot(inner) { continue }
            guard neighbours.isWay(inner),
                try FileSystem.status(at: directories.current, name, path: inner).st_mode & S_IFMT
                    == FileType.directory
            else { return false }
            try directories.enter(name)
            levels.append((try FileSystem.names(in: directories.current, path: inner), 0))
        }
        return true
    }

    /// Marks the directory where the file system can; without the mark, only the repetition needs --overwrite.
    private func mark(_ fd: Int32) throws {
        if fsetxattr(fd, Destination.marker, claim, claim.count, 0) != 0 && errno == ENOSPC {
            throw SystemFailure("write to", path)
        }
    }
}
