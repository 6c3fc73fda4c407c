internal import Glibc

/// The open directories from a tree's root down to the current one.
///
/// Every step down opens one name without following links, so that no path can leave the tree. Only the innermost
/// `maximumOpen` directories stay open; when the stack comes back to an older one, it is opened again through `..` and
/// must be the directory that it was. So a tree of any depth needs a fixed number of descriptors. Not thread-safe.
final class DirectoryStack {
    /// How many descriptors a stack holds at most, besides the root's.
    static let maximumOpen = 64

    private struct Level {
        var device: dev_t
        var inode: ino_t
        var fd: Int32
    }

    private var levels: [Level]
    /// How many bytes of the current path belong to each level.
    private var pathLengths: [Int] = [0]
    /// The current directory's path below the root; empty for the root.
    private(set) var path: [UInt8] = []

    /// A stack at its root; takes over the descriptor.
    init(root: Int32) throws(SystemFailure) {
        let status: stat
        do { status = try FileSystem.status(root, path: [0x2E]) } catch {
            close(root)
            throw error
        }
        levels = [Level(device: status.st_dev, inode: status.st_ino, fd: root)]
        levels.reserveCapacity(16)
    }

    deinit {
        for level in levels where level.fd >= 0 { close(level.fd) }
    }

    /// How many directories lie between the root and the current one, with the latter; 0 at the root.
    var depth: Int { levels.count - 1 }
    /// The current directory's descriptor.
    var current: Int32 { levels[levels.count - 1].fd }
    /// The file system that the current directory is on.
    var device: dev_t { levels[levels.count - 1].device }
    /// The root's descriptor.
    var root: Int32 { levels[0].fd }

    /// Steps into the directory `name`, which must not be a link.
    func enter(_ name: [UInt8]) throws(SystemFailure) {
        let path = PathText.join(path, name)
        let fd = try FileSystem.open(at: current, name, O_RDONLY | O_DIRECTORY, path: path)
        try enter(name, opened: fd)
    }

    /// Steps into the directory `name` that was opened as `fd`; takes over the descriptor.
    func enter(_ name: [UInt8], opened fd: Int32) throws(SystemFailure) {
        let joined = PathText.join(path, name)
        let status: stat
        do { status = try FileSystem.status(fd, path: joined) } catch {
            close(fd)
            throw error
        }
        levels.append(Level(device: status.st_dev, inode: status.st_ino, fd: fd))
        path = joined
        pathLengths.append(joined.count)
        let oldest = levels.count - 1 - DirectoryStack.maximumOpen
        if oldest > 0 && levels[oldest].fd >= 0 {
            close(levels[oldest].fd)
            levels[oldest].fd = -1
        }
    }

    /// Steps back to the parent directory. At the root, nothing happens.
    func leave() throws(SystemFailure) {
        guard levels.count > 1 else { return }
        let left = levels.count - 1
        let parent = left - 1
        if levels[parent].fd < 0 {
            let above = Array(path.prefix(pathLengths[parent]))
            let fd = openat(levels[left].fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if fd < 0 { throw SystemFailure("open again", above) }
            var status = stat()
            guard fstat(fd, &status) == 0, status.st_dev == levels[parent].device,
                status.st_ino == levels[parent].inode
            else {
                close(fd)
                // The tree was rebuilt under our feet: what would be read now is another directory.
                throw SystemFailure("open again, since it was moved meanwhile,", above, code: ESTALE)
            }
            levels[parent].fd = fd
        }
        close(levels[left].fd)
        levels.removeLast()
        pathLengths.removeLast()
        path.removeLast(path.count - pathLengths[parent])
    }

    /// Whether the current directory is `directory`, or one on the way there.
    func isOnTheWay(to directory: ArraySlice<UInt8>) -> Bool {
        if path.isEmpty { return true }
        guard directory.count >= path.count else { return false }
        let same = directory.withUnsafeBytes { wanted in
            path.withUnsafeBytes { own in
                guard let first = wanted.baseAddress, let second = own.baseAddress else { return false }
                return memcmp(first, second, own.count) == 0
            }
        }
        return same && (directory.count == path.count || directory[directory.startIndex + path.count] == 0x2F)
    }

    /// The names that are missing on the way from the current directory to `directory`, which must lie below it.
    func steps(to directory: ArraySlice<UInt8>) -> [[UInt8]] {
        directory.dropFirst(path.count).split(separator: 0x2F).map { Array($0) }
    }

    /// Goes to the directory of an entry and returns the entry's name there.
    ///
    /// In an archive's order this is a step or two, so neither time nor memory depends on how deep the tree is.
    func move(toDirectoryOf entry: [UInt8]) throws(SystemFailure) -> [UInt8] {
        let (directory, name) = PathText.split(entry)
        while !isOnTheWay(to: directory) { try leave() }
        for step in steps(to: directory) { try enter(step) }
        return name
    }
}
