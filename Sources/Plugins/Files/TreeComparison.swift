internal import CanonicalForm
internal import Glibc
internal import PluginKit

/// Compares what lies on disk with the catalog. For one thread.
final class TreeComparison {
    /// How many differing paths are named; the rest is counted.
    static let namedDifferences = 20

    /// What was found.
    struct Findings: Sendable {
        /// How many entries differ.
        var different = 0
        /// The first of them: path and difference.
        var named: [String] = []
        /// Entries whose owner could not be set, because only root may.
        var foreignOwners = 0
        /// Files that could not be read back, because their mode forbids it and we are not root.
        var unreadable = 0
    }

    private let directories: DirectoryStack
    private let privileged: Bool
    private let stop: StopFlag
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    private(set) var findings: Findings

    /// A comparison with the tree below `root`, which is taken over, that goes on from earlier findings.
    init(root: Int32, privileged: Bool, stop: StopFlag, findings: Findings = Findings()) throws {
        self.findings = findings
        directories = try DirectoryStack(root: root)
        self.privileged = privileged
        self.stop = stop
    }

    deinit { buffer.deallocate() }

    /// Compares one entry and keeps what differs.
    func compare(_ line: CatalogEntry) throws {
        do {
            let differences = try differences(line)
            if !differences.isEmpty { note(line.path, differences.joined(separator: ", ")) }
        } catch let error as SystemFailure {
            if !privileged && error.code == EACCES {
                findings.unreadable += 1
                return
            }
            note(line.path, error.description)
        }
    }

    /// Keeps a difference.
    func note(_ path: [UInt8], _ difference: String) {
        findings.different += 1
        if findings.named.count < TreeComparison.namedDifferences {
            findings.named.append("\(PathText.printable(path)) (\(difference))")
        }
    }

    private func differences(_ line: CatalogEntry) throws -> [String] {
        if line.path == [0x2E] {
            return try metadata(
                line, try FileSystem.status(directories.root, path: line.path), .open(directories.root))
        }
        let name = try directories.move(toDirectoryOf: line.path)
        let directory = directories.current
        let status = try FileSystem.status(at: directory, name, path: line.path)
        if let wrong = wrongKind(line.kind, status) { return [wrong] }
        switch line.kind {
        case .hardlink: return try sameFile(line, status) ? [] : ["not another name of its target"]
        case .symlink:
            let target = try FileSystem.linkTarget(at: directory, name, path: line.path)
            let found = try metadata(line, status, .name(name, in: directory))
            return target == line.target ? found : found + ["link target"]
        case .file:
            let fd = try FileSystem.open(at: directory, name, O_RDONLY | O_NONBLOCK, path: line.path)
            defer { close(fd) }
            let opened = try FileSystem.status(fd, path: line.path)
            if let wrong = wrongKind(.file, opened) { return [wrong] }
            var found = try metadata(line, opened, .open(fd))
            if Int64(opened.st_size) != line.size {
                found.append("size \(opened.st_size) instead of \(line.size)")
            } else if try !sameContent(line, fd) {
                found.append("content")
            }
            return found
        case .characterDevice, .blockDevice:
            let found = try metadata(line, status, .name(name, in: directory))
            return UInt64(status.st_rdev) == line.device ? found : found + ["device number"]
        case .directory, .fifo, .absent: return try metadata(line, status, .name(name, in: directory))
        }
    }

    private func wrongKind(_ kind: CatalogEntry.Kind, _ status: stat) -> String? {
        let expected: mode_t =
            switch kind {
            case .directory: FileType.directory
            case .file: FileType.file
            case .symlink: FileType.symlink
            case .fifo: FileType.fifo
            case .characterDevice: FileType.characterDevice
            case .blockDevice: FileType.blockDevice
            case .hardlink, .absent: status.st_mode & S_IFMT
            }
        return status.st_mode & S_IFMT == expected ? nil : "another kind of file"
    }

    private func metadata(
        _ line: CatalogEntry, _ status: stat, _ place: ExtendedAttributes.Place
    ) throws -> [String] {
        var found: [String] = []
        let ownerIsRight = status.st_uid == line.owner && status.st_gid == line.group
        var modeMask: UInt32 = 0o7777
        if privileged {
            if !ownerIsRight { found.append("owner") }
        } else if !ownerIsRight {
            findings.foreignOwners += 1
            // A set-id bit is only set together with the owner that it was meant for.
            modeMask = 0o1777
        }
        // Linux gives every link the same mode.
        if line.kind != .symlink && status.st_mode & modeMask != line.mode & modeMask { found.append("mode") }
        if Int64(status.st_mtim.tv_sec) != line.modified.seconds
            || Int64(status.st_mtim.tv_nsec) != line.modified.nanoseconds
        {
            found.append("modification time")
        }
        let extended = try ExtendedAttributes(of: place, path: line.path)
        for wanted in line.attributes {
            // Only root may set what the system trusts.
            if !privileged && !wanted.name.starts(with: Array("user.".utf8)) {
                findings.foreignOwners += ownerIsRight ? 1 : 0
                continue
            }
            let value = extended.attributes.first { $0.name == wanted.name }?.value
            if value.map({ SHA256Digest(of: $0) }) != wanted.digest {
                found.append("extended attribute \(PathText.printable(wanted.name))")
            }
        }
        if extended.access?.text != line.accessList { found.append("access control list") }
        if extended.inherited?.text != line.inheritedList { found.append("default access control list") }
        return found
    }

    private func sameFile(_ line: CatalogEntry, _ status: stat) throws -> Bool {
        let root = openat(directories.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if root < 0 { throw SystemFailure("open", [0x2E]) }
        let way = try DirectoryStack(root: root)
        let last = try way.move(toDirectoryOf: line.target)
        let target = try FileSystem.status(at: way.current, last, path: line.target)
        return target.st_dev == status.st_dev && target.st_ino == status.st_ino
    }

    // MARK: Content

    private func sameContent(_ line: CatalogEntry, _ fd: Int32) throws -> Bool {
        let hasher = try ContentHasher()
        var position: Int64 = 0
        for extent in line.extents ?? [Extent(offset: 0, length: line.size)] {
            if try !isZero(fd, from: position, to: extent.offset, line.path) { return false }
            let end = extent.offset + extent.length
            position = extent.offset
            while position < end {
                guard let bytes = try read(fd, position, end, line.path) else { return false }
                hasher.update(bytes)
                position += Int64(bytes.count)
            }
        }
        if try !isZero(fd, from: position, to: line.size, line.path) { return false }
        return hasher.finalize() == line.digest
    }

    /// Whether a part that was a hole reads as zeros; the parts that still are holes are not read.
    private func isZero(_ fd: Int32, from start: Int64, to end: Int64, _ path: [UInt8]) throws -> Bool {
        var position = start
        while position < end {
            let data = lseek(fd, off_t(position), SparseMap.seekData)
            if data < 0 && errno == ENXIO { return true }
            position = data < 0 ? position : max(position, Int64(data))
            let hole = data < 0 ? -1 : lseek(fd, data, SparseMap.seekHole)
            let stretch = hole < 0 ? end : min(end, Int64(hole))
            while position < stretch {
                guard let bytes = try read(fd, position, stretch, path) else { return false }
                if bytes.contains(where: { $0 != 0 }) { return false }
                position += Int64(bytes.count)
            }
        }
        return true
    }

    /// The next bytes, up to `end`; `nil` when the file ends before.
    private func read(_ fd: Int32, _ position: Int64, _ end: Int64, _ path: [UInt8]) throws -> UnsafeRawBufferPointer? {
        try stop.check()
        let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), end - position))])
        let count = try FileSystem.read(fd, into: window, at: position, path: path)
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(window)[..<count])
    }
}
