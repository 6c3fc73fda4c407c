internal import CLibArchive
internal import CanonicalForm
internal import Glibc
internal import PluginKit

/// Reads a tree and writes it as archive and catalog, in lock-step. For one thread.
///
/// The walk is iterative and in the order of the names' bytes, so that the same tree gives the same bytes. What is
/// kept in memory is the names of the directories on the way down and the table of files with several names.
final class TreeArchiver {
    /// What went into the archive.
    struct Totals: Sendable {
        var entries: Int64 = 0
        var bytes: Int64 = 0
        var warnings: Int64 = 0
    }

    private struct FileIdentity: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    private struct KnownFile {
        var path: [UInt8]
        /// How many names are still to be met; none: the file can be forgotten.
        var namesLeft: nlink_t
    }

    private struct Listing {
        var names: NameList
        var next = 0
    }

    private let settings: FilesSettings
    private let archive: ArchiveOutput
    private let catalog: ArchiveOutput
    private let reporter: any ActivityReporter
    private let stop: StopFlag
    private let seams: FilesSeams
    private let entries = EntryBuilder()
    private var files: [FileIdentity: KnownFile] = [:]
    private var lines = JSONWriter(capacity: 1 << 17)
    private var totals = Totals()
    private let content: FileContent

    init(
        _ settings: FilesSettings, archive: ArchiveOutput, catalog: ArchiveOutput, reporter: any ActivityReporter,
        stop: StopFlag, seams: FilesSeams
    ) {
        self.settings = settings
        self.archive = archive
        self.catalog = catalog
        self.reporter = reporter
        self.stop = stop
        self.seams = seams
        content = FileContent(stop: stop, reporter: reporter, seams: seams)
    }

    /// Reads the whole tree and closes both streams.
    func run() throws -> Totals {
        let root = try FileSystem.openRoot(settings.path)
        let status = try FileSystem.status(root, path: [0x2E])
        let directories = try DirectoryStack(root: root)
        try writeDirectory([0x2E], status, try ExtendedAttributes(of: .open(root), path: settings.path))
        var listings = [Listing(names: try FileSystem.names(in: root, path: settings.path))]
        while let level = listings.last {
            try stop.check()
            guard level.next < level.names.count else {
                listings.removeLast()
                try directories.leave()
                continue
            }
            listings[listings.count - 1].next += 1
            let name = level.names[level.next]
            if let inner = try visit(name, in: directories, device: status.st_dev) { listings.append(inner) }
        }
        try flushLines()
        try archive.close()
        try catalog.close()
        return totals
    }

    // MARK: One name

    /// Archives what `name` is; for a directory that is to be descended into, steps into it and returns its names.
    private func visit(_ name: [UInt8], in directories: DirectoryStack, device: dev_t) throws -> Listing? {
        let path = PathText.join(directories.path, name)
        // Between looking at a name and opening it, another file may have taken its place; then look again.
        var last: SystemFailure?
        for _ in 0..<16 {
            let status: stat
            do { status = try FileSystem.status(at: directories.current, name, path: path) } catch {
                if error.code == ENOENT {
                    try vanished(path)
                    return nil
                }
                throw error
            }
            let type = status.st_mode & S_IFMT
            if settings.exclude.matches(path, isDirectory: type == FileType.directory) {
                return nil
            }
            seams.beforeOpen(path)
            do {
                switch type {
                case FileType.directory:
                    let fd = try FileSystem.open(at: directories.current, name, O_RDONLY | O_DIRECTORY, path: path)
                    return try enter(name, fd, path, directories, device)
                case FileType.file:
                    if try archiveFile(name, status, path, directories.current) { return nil }
                case FileType.socket:
                    try absent(path, "socket-skipped", "a socket has no content and was left out")
                    return nil
                default:
                    try archiveSpecial(name, status, path, directories.current)
                    return nil
                }
            } catch let error as SystemFailure {
                // Gone, or replaced by another kind of file: look again. All else is a failure.
                last = error
                switch (error.code, type) {
                case (ENOENT, _), (ELOOP, _), (ENOTDIR, FileType.directory), (ENXIO, FileType.file),
                    (EINVAL, FileType.symlink):
                    continue
                default: throw error
                }
            }
        }
        let reason = last.map { ": \($0)" } ?? ""
        throw PluginError(
            "'\(PathText.printable(path))' is replaced again and again while it is being read\(reason)")
    }

    /// Archives the directory that was opened as `fd`, which is taken over, and steps into it.
    private func enter(
        _ name: [UInt8], _ fd: Int32, _ path: [UInt8], _ directories: DirectoryStack, _ device: dev_t
    ) throws -> Listing? {
        let status: stat
        let extended: ExtendedAttributes
        var listing = Listing(names: NameList())
        do {
            status = try FileSystem.status(fd, path: path)
            extended = try ExtendedAttributes(of: .open(fd), path: path)
            if !settings.oneFileSystem || status.st_dev == device {
                listing.names = try FileSystem.names(in: fd, path: path)
            }
        } catch {
            close(fd)
            throw error
        }
        try directories.enter(name, opened: fd)
        try writeDirectory(path, status, extended)
        if settings.oneFileSystem && status.st_dev != device {
            warn("other-file-system", path, "the content of another file system mounted here was left out")
            try directories.leave()
            return nil
        }
        return listing
    }

    private func writeDirectory(_ path: [UInt8], _ status: stat, _ extended: ExtendedAttributes) throws {
        var line = CatalogEntry(path: path, kind: .directory)
        line.take(status)
        try finish(line, status, extended)
    }

    /// Archives a link, FIFO or device.
    private func archiveSpecial(_ name: [UInt8], _ status: stat, _ path: [UInt8], _ directory: Int32) throws {
        var line = CatalogEntry(path: path, kind: .fifo)
        line.take(status)
        switch status.st_mode & S_IFMT {
        case FileType.symlink:
            line.kind = .symlink
            line.target = try FileSystem.linkTarget(at: directory, name, path: path)
        case FileType.characterDevice:
            line.kind = .characterDevice
            line.device = UInt64(status.st_rdev)
        case FileType.blockDevice:
            line.kind = .blockDevice
            line.device = UInt64(status.st_rdev)
        case FileType.fifo: break
        default: throw PluginError("'\(PathText.printable(path))' is of a kind that cannot be archived")
        }
        if try archiveKnown(line, status) { return }
        try finish(line, status, try ExtendedAttributes(of: .name(name, in: directory), path: path))
        remember(path, status)
    }

    /// Archives a regular file; false when something else lies there by now.
    private func archiveFile(_ name: [UInt8], _ seen: stat, _ path: [UInt8], _ directory: Int32) throws -> Bool {
        // O_NONBLOCK: should a FIFO have taken the name, opening must not wait for its writer.
        let fd = try FileSystem.open(at: directory, name, O_RDONLY | O_NONBLOCK, path: path)
        defer { close(fd) }
        let status = try FileSystem.status(fd, path: path)
        guard status.st_mode & S_IFMT == FileType.file else { return false }
        var line = CatalogEntry(path: path, kind: .file)
        line.take(status)
        if try archiveKnown(line, status) { return true }
        line.size = Int64(status.st_size)
        if Int64(status.st_blocks) * 512 < line.size {
            line.extents = try SparseMap.extents(of: fd, size: line.size, path: path)
        }
        let attributes = try ExtendedAttributes(of: .open(fd), path: path)
        try archive.begin(entries.entry(for: line, status, attributes), path: path)
        let outcome: FileContent.Outcome
        do { outcome = try content.copy(fd, line, to: archive) } catch let error as SystemFailure {
            // The entry has begun: looking at the name again is no way out any more.
            throw error.pluginError
        }
        try archive.finishEntry()
        line.digest = outcome.digest
        var change = outcome.change
        if change == nil {
            let after = try FileSystem.status(fd, path: path)
            change = FileContent.change(from: status, to: after)
        }
        if let change {
            line.flag = "changed-while-read"
            warn("changed-while-read", path, change)
        }
        line.take(attributes)
        totals.bytes += line.size
        try write(line)
        remember(path, status)
        return true
    }

    // MARK: Hard links

    /// Writes a further name of a file that is in the archive already; false when it is not.
    private func archiveKnown(_ line: CatalogEntry, _ status: stat) throws -> Bool {
        guard status.st_nlink > 1 else { return false }
        let identity = FileIdentity(device: status.st_dev, inode: status.st_ino)
        guard var known = files[identity] else { return false }
        known.namesLeft -= 1
        files[identity] = known.namesLeft == 0 ? nil : known
        var link = line
        link.kind = .hardlink
        link.target = known.path
        try finish(link, status, nil)
        return true
    }

    private func remember(_ path: [UInt8], _ status: stat) {
        guard status.st_nlink > 1 else { return }
        files[FileIdentity(device: status.st_dev, inode: status.st_ino)] =
            KnownFile(path: path, namesLeft: status.st_nlink - 1)
    }

    // MARK: Writing

    private func finish(_ line: CatalogEntry, _ status: stat, _ attributes: ExtendedAttributes?) throws {
        try archive.begin(entries.entry(for: line, status, attributes), path: line.path)
        try archive.finishEntry()
        var line = line
        if let attributes { line.take(attributes) }
        try write(line)
    }

    private func write(_ line: CatalogEntry) throws {
        if line.kind != .absent { totals.entries += 1 }
        line.write(to: &lines)
        if lines.bytes.count >= 1 << 16 { try flushLines() }
    }

    private func flushLines() throws {
        try lines.bytes.withUnsafeBytes { try catalog.write($0) }
        lines.bytes.removeAll(keepingCapacity: true)
    }

    private func vanished(_ path: [UInt8]) throws {
        try absent(path, "vanished-while-read", "it was removed while the tree was read and is not in the archive")
    }

    private func absent(_ path: [UInt8], _ kind: String, _ message: String) throws {
        warn(kind, path, message)
        var line = CatalogEntry(path: path, kind: .absent)
        line.flag = kind
        try write(line)
    }

    private func warn(_ kind: String, _ path: [UInt8], _ message: String) {
        totals.warnings += 1
        reporter.warn(ActivityWarning(kind: kind, subject: PathText.printable(path), message: message))
    }
}

extension CatalogEntry {
    /// Takes over what `stat` tells of any kind of file.
    mutating func take(_ status: stat) {
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        modified = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
    }

    /// Takes over attributes and access control lists.
    mutating func take(_ extended: ExtendedAttributes) {
        attributes = extended.attributes.map { Attribute(name: $0.name, digest: SHA256Digest(of: $0.value)) }
        accessList = extended.access?.text
        inheritedList = extended.inherited?.text
    }
}
