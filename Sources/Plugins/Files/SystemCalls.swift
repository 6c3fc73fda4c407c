internal import Glibc
internal import PluginKit

/// A system call that failed, on which path, and how.
struct SystemFailure: Error, CustomStringConvertible {
    /// What was tried, as a verb: `open`, `read`.
    let action: String
    /// The path, in the bytes of the file system.
    let path: [UInt8]
    /// The `errno`.
    let code: Int32

    /// A failure with the current `errno`, which must not have been disturbed.
    init(_ action: String, _ path: [UInt8], code: Int32 = errno) {
        self.action = action
        self.path = path
        self.code = code
    }

    var description: String {
        "cannot \(action) '\(PathText.printable(path))': \(String(cString: strerror(code)))"
    }

    /// The failure as hooks report it.
    var pluginError: PluginError { PluginError(description) }
}

/// Paths as bytes: names in a Unix file system have no encoding.
enum PathText {
    /// The path for people: text where it is valid UTF-8 without control characters, `\xNN` for other bytes.
    static func printable(_ path: [UInt8]) -> String {
        if let text = String(validating: path, as: UTF8.self), !path.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return text
        }
        var text = ""
        for byte in path {
            if byte >= 0x20 && byte < 0x7F && byte != 0x5C {
                text.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        }
        return text
    }

    /// The path with a terminating zero, as system calls take it.
    static func terminated(_ path: some Collection<UInt8>) -> [CChar] {
        var bytes: [CChar] = []
        bytes.reserveCapacity(path.count + 1)
        for byte in path { bytes.append(CChar(bitPattern: byte)) }
        bytes.append(0)
        return bytes
    }

    /// The components between the slashes; empty for `.`.
    static func components(_ path: [UInt8]) -> [[UInt8]] {
        if path == [0x2E] { return [] }
        return path.split(separator: 0x2F, omittingEmptySubsequences: true).map { Array($0) }
    }

    /// The components that lead somewhere: without those that are `.`.
    static func steps(_ path: [UInt8]) -> [[UInt8]] { components(path).filter { $0 != [0x2E] } }

    /// The directory of an entry, empty for the root, and the entry's name in it.
    static func split(_ path: [UInt8]) -> (directory: ArraySlice<UInt8>, name: [UInt8]) {
        guard let slash = path.lastIndex(of: 0x2F) else { return ([], path) }
        return (path[..<slash], Array(path[(slash + 1)...]))
    }

    /// `name` below `parent`, where the parent `.` stands for the root of the tree.
    static func join(_ parent: [UInt8], _ name: [UInt8]) -> [UInt8] {
        parent == [0x2E] || parent.isEmpty ? name : parent + [0x2F] + name
    }

    /// The bytes of a C string, without its end.
    static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}

/// The system calls of this plugin, with errors that carry the path.
enum FileSystem {
    /// Linux's `UTIME_OMIT`: the time stays as it is.
    static let keptTime = (1 << 30) - 2
    /// Linux's `O_NOATIME`.
    private static let noAccessTime: Int32 = 0o1000000

    /// Opens `name` below `directory` without following a link and without touching the access time where allowed.
    static func open(at directory: Int32, _ name: [UInt8], _ flags: Int32, path: [UInt8]) throws(SystemFailure) -> Int32
    {
        let terminated = PathText.terminated(name)
        let all = flags | O_CLOEXEC | O_NOFOLLOW
        var fd = openat(directory, terminated, all | noAccessTime)
        // Only the owner may leave the access time alone.
        if fd < 0 && errno == EPERM { fd = openat(directory, terminated, all) }
        if fd < 0 { throw SystemFailure("open", path) }
        return fd
    }

    /// Opens a directory that a resource names, which must not be a link.
    static func openRoot(_ path: [UInt8]) throws -> Int32 {
        let fd = Glibc.open(PathText.terminated(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if fd >= 0 { return fd }
        let code = errno
        let place = PathText.printable(path)
        if code == ENOENT {
            throw PluginError("the directory '\(place)' does not exist", advice: "correct the property 'path'")
        }
        if code == ENOTDIR || code == ELOOP {
            var status = stat()
            let isLink =
                lstat(PathText.terminated(path), &status) == 0 && status.st_mode & S_IFMT == FileType.symlink
            throw PluginError(
                isLink ? "'\(place)' is a symbolic link, not a directory" : "'\(place)' is not a directory",
                advice: isLink ? "set 'path' to the directory that the link points to" : nil)
        }
        throw SystemFailure("open", path, code: code)
    }

    /// The metadata of `name` below `directory`, of a link itself when it is one.
    static func status(at directory: Int32, _ name: [UInt8], path: [UInt8]) throws(SystemFailure) -> stat {
        var status = stat()
        if fstatat(directory, PathText.terminated(name), &status, AT_SYMLINK_NOFOLLOW) != 0 {
            throw SystemFailure("read the metadata of", path)
        }
        return status
    }

    /// The metadata of an open file.
    static func status(_ fd: Int32, path: [UInt8]) throws(SystemFailure) -> stat {
        var status = stat()
        if fstat(fd, &status) != 0 { throw SystemFailure("read the metadata of", path) }
        return status
    }

    /// What a symbolic link points to.
    static func linkTarget(at directory: Int32, _ name: [UInt8], path: [UInt8]) throws(SystemFailure) -> [UInt8] {
        let terminated = PathText.terminated(name)
        var capacity = 256
        while true {
            var target = [UInt8](repeating: 0, count: capacity)
            let count = target.withUnsafeMutableBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return readlinkat(directory, terminated, base.assumingMemoryBound(to: CChar.self), buffer.count)
            }
            if count < 0 { throw SystemFailure("read the link", path) }
            if count < capacity {
                target.removeLast(capacity - count)
                return target
            }
            capacity *= 4
        }
    }

    /// Reads up to the buffer's length at `offset`; 0 only at the end of the file.
    static func read(
        _ fd: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64, path: [UInt8]
    ) throws(SystemFailure) -> Int {
        while true {
            let count = pread(fd, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw SystemFailure("read", path) }
        }
    }

    /// The names in an open directory, without `.` and `..`, sorted by their bytes.
    static func names(in directory: Int32, path: [UInt8]) throws(SystemFailure) -> NameList {
        // A descriptor of its own, so that the stream's position and life are its own too.
        let own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if own < 0 { throw SystemFailure("open", path) }
        guard let stream = fdopendir(own) else {
            let code = errno
            close(own)
            throw SystemFailure("read the directory", path, code: code)
        }
        defer { closedir(stream) }
        var list = NameList()
        guard let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else {
            throw SystemFailure("read the directory", path, code: ENOSYS)
        }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemFailure("read the directory", path) }
                break
            }
            let name = (UnsafeRawPointer(entry) + nameOffset).assumingMemoryBound(to: CChar.self)
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            if bytes.elementsEqual([0x2E]) || bytes.elementsEqual([0x2E, 0x2E]) { continue }
            list.append(bytes)
        }
        list.sort()
        return list
    }
}

/// The names of one directory in one block of memory, so that a million of them stay small.
struct NameList {
    private var bytes: [UInt8] = []
    private var ranges: [Range<Int32>] = []

    /// How many names there are.
    var count: Int { ranges.count }

    /// The name at `index`.
    subscript(index: Int) -> [UInt8] {
        Array(bytes[Int(ranges[index].lowerBound)..<Int(ranges[index].upperBound)])
    }

    /// Adds a name at the end.
    mutating func append(_ name: UnsafeRawBufferPointer) {
        let start = Int32(bytes.count)
        bytes.append(contentsOf: name)
        ranges.append(start..<Int32(bytes.count))
    }

    /// Sorts the names by their bytes.
    mutating func sort() {
        bytes.withUnsafeBytes { all in
            ranges.sort { a, b in
                let first = UnsafeRawBufferPointer(rebasing: all[Int(a.lowerBound)..<Int(a.upperBound)])
                let second = UnsafeRawBufferPointer(rebasing: all[Int(b.lowerBound)..<Int(b.upperBound)])
                return first.lexicographicallyPrecedes(second)
            }
        }
    }
}
