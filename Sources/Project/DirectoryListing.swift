import Glibc

/// What lies in a directory of the host.
enum DirectoryListing {
    enum Kind: Sendable {
        case file, directory, other
    }

    struct Entry {
        let name: String
        let kind: Kind
    }

    /// What tells a file from all others, even by another name.
    struct FileKey: Hashable, Sendable {
        let device: UInt64
        let number: UInt64
    }

    /// The entries of a directory in byte order of their names, links followed; `nil` with the reason in `errno` when it
    /// cannot be read.
    static func entries(of directory: String) -> [Entry]? {
        guard let stream = opendir(directory.isEmpty ? "." : directory) else { return nil }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let kind: Kind
            switch Int(entry.pointee.d_type) {
            case Int(DT_REG): kind = .file
            case Int(DT_DIR): kind = .directory
            case Int(DT_LNK), Int(DT_UNKNOWN): kind = status(of: Paths.join(directory, name))?.kind ?? .other
            default: kind = .other
            }
            entries.append(Entry(name: name, kind: kind))
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// What is at a path, links followed; `nil` when there is nothing.
    static func status(of path: String) -> (kind: Kind, key: FileKey)? {
        var status = stat()
        guard stat(path.isEmpty ? "." : path, &status) == 0 else { return nil }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        return (kind, FileKey(device: UInt64(status.st_dev), number: UInt64(status.st_ino)))
    }
}
