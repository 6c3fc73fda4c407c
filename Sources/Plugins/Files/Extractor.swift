internal import CLibArchive
internal import CLinux
internal import Glibc
internal import PluginKit

/// Unpacks an archive below a directory. For one thread of its own, whose working directory and umask it changes.
///
/// libarchive is only ever given single names, to be made in the thread's working directory; the way there is opened
/// step by step without following links. So neither `..` nor a link, neither in the archive nor laid by somebody
/// else, leads out of the tree, and paths may be longer than the system's limit. Directories get their metadata when
/// they are left, so that they may be read-only and keep their times.
final class Extractor {
    private struct OpenDirectory {
        /// The metadata to set when the directory is complete; `nil` for one that the archive has not described here.
        var entry: OpaquePointer?
    }

    private let directories: DirectoryStack
    private var pending: [OpenDirectory]
    private let disk: OpaquePointer
    private let privileged: Bool
    private let replace: Bool
    private let neighbours: Neighbours
    private let durability: Durability
    private let stop: StopFlag
    private let reporter: any ActivityReporter
    /// Whether the thread's working directory is the current directory.
    private var isWorkingHere = false

    /// An extractor into the directory `root`, which is taken over. `replace` lets it replace what exists, and the
    /// directories that it shares with its neighbours may exist already.
    init(
        root: Int32, replace: Bool, neighbours: Neighbours, privileged: Bool, durability: Durability,
        stop: StopFlag, reporter: any ActivityReporter
    ) throws {
        directories = try DirectoryStack(root: root)
        pending = [OpenDirectory(entry: nil)]
        self.privileged = privileged
        self.replace = replace
        self.neighbours = neighbours
        self.durability = durability
        self.stop = stop
        self.reporter = reporter
        // The working directory and the umask are the process's until the thread gets its own.
        guard unshare(0x200) == 0 else { throw SystemFailure("get a working directory of its own for", [0x2E]) }
        umask(0o077)
        guard let disk = archive_write_disk_new() else { throw ArchiveFailure("cannot write to disk: no memory") }
        self.disk = disk
        var flags =
            ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR
            | ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT
            | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS | ARCHIVE_EXTRACT_NO_AUTODIR | ARCHIVE_EXTRACT_NO_OVERWRITE
        if privileged { flags |= ARCHIVE_EXTRACT_OWNER }
        archive_write_disk_set_options(disk, flags)
    }

    deinit {
        for directory in pending { archive_entry_free(directory.entry) }
        archive_write_free(disk)
    }

    /// Unpacks everything, telling `finished` the path of each entry once it is complete but for a directory's
    /// metadata.
    func run(_ input: ArchiveInput, finished: ([UInt8]) throws -> Void) throws {
        while let entry = try input.nextEntry() {
            try stop.check()
            let line = try CatalogEntry(archived: entry)
            try Extractor.demandInside(line.path, line.path)
            try extract(entry, line, input)
            try finished(line.path)
        }
        while directories.depth > 0 { try leave() }
        try settle(directories.root, pending[0].entry, [0x2E])
        try input.drain()
    }

    /// Throws unless `path` is a plain relative path, or `.`.
    private static func demandInside(_ path: [UInt8], _ entry: [UInt8]) throws {
        if path == [0x2E] { return }
        let parts = path.split(separator: 0x2F, omittingEmptySubsequences: false)
        if parts.isEmpty || parts.contains(where: { $0.isEmpty || $0 == [0x2E] || $0 == [0x2E, 0x2E] }) {
            throw PluginError(
                "the archive's entry '\(PathText.printable(entry))' names the path '\(PathText.printable(path))', "
                    + "which is not a plain path inside of the tree; protect never writes this")
        }
    }

    // MARK: Entries

    private func extract(_ entry: OpaquePointer, _ line: CatalogEntry, _ input: ArchiveInput) throws {
        if line.path == [0x2E] {
            guard line.kind == .directory else { throw PluginError("the archive's root is not a directory") }
            try keep(entry, at: 0)
            return
        }
        let (directory, name) = PathText.split(line.path)
        while !directories.isOnTheWay(to: directory) { try leave() }
        for step in directories.steps(to: directory) { try enter(step) }
        switch line.kind {
        case .directory: try makeDirectory(name, entry, line.path)
        case .hardlink: try link(name, line)
        default: try write(name, entry, line, input)
        }
    }

    private func enter(_ name: [UInt8]) throws {
        isWorkingHere = false
        let outer = directories.device
        try directories.enter(name)
        pending.append(OpenDirectory(entry: nil))
        if directories.device != outer { try durability.add(directories.current, device: directories.device) }
    }

    private func leave() throws {
        isWorkingHere = false
        let path = directories.path
        try settle(directories.current, pending[pending.count - 1].entry, path)
        archive_entry_free(pending.removeLast().entry)
        try directories.leave()
    }

    private func keep(_ entry: OpaquePointer, at depth: Int) throws {
        guard let copy = archive_entry_clone(entry) else { throw ArchiveFailure("cannot keep an entry: no memory") }
        archive_entry_free(pending[depth].entry)
        pending[depth].entry = copy
        // What is made inside must not inherit a list from what was here before.
        fremovexattr(depth == 0 ? directories.root : directories.current, Extractor.inheritedName)
    }

    private func makeDirectory(_ name: [UInt8], _ entry: OpaquePointer, _ path: [UInt8]) throws {
        let terminated = PathText.terminated(name)
        if mkdirat(directories.current, terminated, 0o700) != 0 {
            guard errno == EEXIST else { throw SystemFailure("make the directory", path) }
            let existing = try FileSystem.status(at: directories.current, name, path: path)
            if existing.st_mode & S_IFMT != FileType.directory {
                try makeRoom(name, path)
                if mkdirat(directories.current, terminated, 0o700) != 0 {
                    throw SystemFailure("make the directory", path)
                }
            } else if !replace && !neighbours.isShared(path) {
                throw PluginError("the archive has '\(PathText.printable(path))' twice, or somebody else made it")
            } else if !privileged && existing.st_mode & 0o700 != 0o700 {
                try SharedDirectories.exclusively(if: neighbours.isShared(path)) {
                    _ = fchmodat(directories.current, terminated, 0o700, 0)
                }
            }
        }
        try enter(name)
        // Its owner, modes and times are what the resource says that it is left to.
        if !neighbours.isRoot(path) { try keep(entry, at: pending.count - 1) }
    }

    /// Removes what stands where an entry is to be made, if that is allowed.
    private func makeRoom(_ name: [UInt8], _ path: [UInt8]) throws {
        let terminated = PathText.terminated(name)
        var status = stat()
        if fstatat(directories.current, terminated, &status, AT_SYMLINK_NOFOLLOW) != 0 { return }
        guard replace else {
            throw PluginError("the archive has '\(PathText.printable(path))' twice, or somebody else made it")
        }
        let isDirectory = status.st_mode & S_IFMT == FileType.directory
        // Unlinked, never written into: it may be another name of a file outside of the tree.
        if unlinkat(directories.current, terminated, isDirectory ? AT_REMOVEDIR : 0) == 0 { return }
        if isDirectory && (errno == ENOTEMPTY || errno == EEXIST) {
            throw PluginError(
                "'\(PathText.printable(path))' is a directory with content where the checkpoint has a file",
                advice: "move it away and restore again, or restore to another place with --to DIR")
        }
        throw SystemFailure("replace", path)
    }

    private func link(_ name: [UInt8], _ line: CatalogEntry) throws {
        try Extractor.demandInside(line.target, line.path)
        guard line.target != [0x2E], line.target != line.path else {
            throw PluginError("the archive's entry '\(PathText.printable(line.path))' is a link to itself or the root")
        }
        let root = openat(directories.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if root < 0 { throw SystemFailure("open", [0x2E]) }
        let way = try DirectoryStack(root: root)
        let last = try way.move(toDirectoryOf: line.target)
        try makeRoom(name, line.path)
        // Without AT_SYMLINK_FOLLOW: a link to a link is a second name of the link.
        if linkat(way.current, PathText.terminated(last), directories.current, PathText.terminated(name), 0) != 0 {
            throw SystemFailure("link to '\(PathText.printable(line.target))'", line.path)
        }
    }

    private func write(_ name: [UInt8], _ entry: OpaquePointer, _ line: CatalogEntry, _ input: ArchiveInput) throws {
        try makeRoom(name, line.path)
        if !isWorkingHere {
            if fchdir(directories.current) != 0 { throw SystemFailure("go to", directories.path) }
            isWorkingHere = true
        }
        archive_entry_copy_pathname(entry, PathText.terminated(name))
        ExtendedAttributes.decodeNames(entry)
        try check(archive_write_header(disk, entry), line.path)
        while let (bytes, offset) = try input.nextData() {
            try stop.check()
            let written = archive_write_data_block(disk, bytes.baseAddress, bytes.count, offset)
            if written != bytes.count && written != Int(ARCHIVE_OK) {
                throw ArchiveFailure("write '\(PathText.printable(line.path))'", disk)
            }
            reporter.advance(bytes: Int64(bytes.count))
            durability.wrote(Int64(bytes.count))
        }
        try check(archive_write_finish_entry(disk), line.path)
    }

    private func check(_ result: Int32, _ path: [UInt8]) throws {
        // A warning is something that could not be set, such as an attribute: the comparison finds what it was.
        if result == ARCHIVE_OK || result == ARCHIVE_WARN { return }
        throw ArchiveFailure("restore '\(PathText.printable(path))'", disk)
    }

    // MARK: Directories' metadata

    private static let accessName = PathText.terminated(PosixACL.accessAttribute)
    private static let inheritedName = PathText.terminated(PosixACL.defaultAttribute)

    /// Sets what a directory's entry says. What a file system refuses is found by the comparison.
    private func settle(_ fd: Int32, _ entry: OpaquePointer?, _ path: [UInt8]) throws {
        guard let entry else { return }
        try SharedDirectories.exclusively(if: neighbours.isWay(path)) { try setMetadata(fd, entry, path) }
    }

    private func setMetadata(_ fd: Int32, _ entry: OpaquePointer, _ path: [UInt8]) throws {
        let line = try CatalogEntry(archived: entry)
        let extended = ExtendedAttributes(archived: entry)
        // The owner first: changing it takes set-id bits away.
        if privileged && fchown(fd, line.owner, line.group) != 0 { throw SystemFailure("set the owner of", path) }
        for attribute in extended.attributes {
            fsetxattr(fd, PathText.terminated(attribute.name), attribute.value, attribute.value.count, 0)
        }
        set(extended.access, Extractor.accessName, fd)
        if fchmod(fd, mode_t(line.mode)) != 0 { throw SystemFailure("set the mode of", path) }
        // Again, since the mode has written its group bits over the list's mask.
        set(extended.access, Extractor.accessName, fd)
        set(extended.inherited, Extractor.inheritedName, fd)
        let time = timespec(tv_sec: time_t(line.modified.seconds), tv_nsec: Int(line.modified.nanoseconds))
        let times = [timespec(tv_sec: 0, tv_nsec: FileSystem.keptTime), time]
        if futimens(fd, times) != 0 { throw SystemFailure("set the times of", path) }
    }

    private func set(_ list: PosixACL?, _ name: [CChar], _ fd: Int32) {
        guard let list else {
            fremovexattr(fd, name)
            return
        }
        let value = list.attribute
        fsetxattr(fd, name, value, value.count, 0)
    }
}

extension ExtendedAttributes {
    /// Gives an entry the names of its attributes as they are on disk.
    static func decodeNames(_ entry: OpaquePointer) {
        guard archive_entry_xattr_count(entry) > 0 else { return }
        let attributes = ExtendedAttributes(archived: entry).attributes
        archive_entry_xattr_clear(entry)
        for attribute in attributes {
            let name = PathText.terminated(attribute.name)
            attribute.value.withUnsafeBytes { archive_entry_xattr_add_entry(entry, name, $0.baseAddress, $0.count) }
        }
    }
}
