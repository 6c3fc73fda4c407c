internal import CLinux
internal import Glibc

/// The files and directories of one directory, in the byte order of the keys that they stand for.
///
/// A directory counts as its name with a slash, since that is how its keys go on: `a.b` comes before `a/x`, and
/// `a0` after it; unless only the names are wanted. The names lie in one buffer: a directory of a million names costs two allocations and a sort.
struct DirectoryEntries {
    private var text: [UInt8] = []
    private var ranges: [Range<Int32>] = []
    private let marksDirectories: Bool

    /// Reads a directory. Of files and directories it keeps the names that `accepting` takes; other kinds it leaves
    /// out. With `markingDirectories` false, directories have no slash and the order is that of the names.
    init(
        reading directory: Descriptor, markingDirectories: Bool = true,
        accepting accept: (UnsafeRawBufferPointer) -> Bool
    ) throws {
        marksDirectories = markingDirectories
        // The stream takes a descriptor of its own, with a position of its own.
        let own = try directory.directory(".")
        let duplicate = fcntl(own.raw, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw SystemFailure(call: "fcntl", code: errno) }
        guard let stream = fdopendir(duplicate) else {
            let code = errno
            close(duplicate)
            throw SystemFailure(call: "fdopendir", code: code)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemFailure(call: "readdir", code: errno) }
                break
            }
            try add(entry, of: directory, accept)
        }
        sort()
    }

    private mutating func add(
        _ entry: UnsafeMutablePointer<dirent>, of directory: Descriptor,
        _ accept: (UnsafeRawBufferPointer) -> Bool
    ) throws {
        guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { return }
        let start = UnsafeRawPointer(entry) + offset
        let name = UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
        guard name.first != UInt8(ascii: ".") || name.count > 2 || (name.count == 2 && name[1] != name[0]) else {
            return
        }
        guard accept(name) else { return }
        var isDirectory = Int32(entry.pointee.d_type) == Int32(DT_DIR)
        if Int32(entry.pointee.d_type) == Int32(DT_UNKNOWN) {
            // Some file systems do not tell the kind here.
            guard let found = try directory.status(of: String(decoding: name, as: UTF8.self)) else { return }
            guard found.isDirectory || found.isRegularFile else { return }
            isDirectory = found.isDirectory
        } else if !isDirectory && Int32(entry.pointee.d_type) != Int32(DT_REG) {
            return
        }
        let first = Int32(text.count)
        text.append(contentsOf: name)
        if isDirectory && marksDirectories { text.append(UInt8(ascii: "/")) }
        ranges.append(first..<Int32(text.count))
    }

    private mutating func sort() {
        text.withUnsafeBytes { text in
            ranges.sort { a, b in
                let left = UnsafeRawBufferPointer(rebasing: text[Int(a.lowerBound)..<Int(a.upperBound)])
                let right = UnsafeRawBufferPointer(rebasing: text[Int(b.lowerBound)..<Int(b.upperBound)])
                return left.lexicographicallyPrecedes(right)
            }
        }
    }

    /// How many entries there are.
    var count: Int { ranges.count }

    /// One entry; a directory's ends in a slash.
    subscript(index: Int) -> ArraySlice<UInt8> {
        text[Int(ranges[index].lowerBound)..<Int(ranges[index].upperBound)]
    }

    /// Whether there is no file among the entries.
    var holdOnlyDirectories: Bool {
        (0..<count).allSatisfy { self[$0].last == UInt8(ascii: "/") }
    }

    /// The entries in order, at most `most` of them.
    func names(first most: Int = .max) -> [String] {
        (0..<min(count, most)).map { String(decoding: self[$0], as: UTF8.self) }
    }
}
