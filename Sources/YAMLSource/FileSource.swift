import Glibc

/// Where the files of a run come from: the host, or memory for examples and tests.
package protocol FileSource: Sendable {
    /// The bytes of the regular file at `path`.
    func contents(of path: String) -> Result<[UInt8], SourceReader.Fault>
    /// The names of the entries of a directory that end in `.yaml` or `.yml`, in byte order; `nil` when there is no
    /// such directory.
    func yamlFiles(in directory: String) -> [String]?
    /// What tells a file from all others, however its path is written; `nil` when there is none.
    func identity(of path: String) -> String?
}

/// The files of the host.
package struct HostFiles: FileSource {
    package init() {}

    package func contents(of path: String) -> Result<[UInt8], SourceReader.Fault> { SourceReader.contents(of: path) }
    package func yamlFiles(in directory: String) -> [String]? { SourceReader.yamlFiles(in: directory) }
    package func identity(of path: String) -> String? { SourceReader.identity(of: path) }
}

/// Files that are on no disk; a directory exists when a file lies below it.
package struct MemoryFiles: FileSource {
    /// Paths without `.` and `..`, with the bytes of each file.
    private let files: [String: [UInt8]]

    /// Files by their paths; of two files with one path the last counts.
    package init(_ files: [(path: String, bytes: [UInt8])]) {
        self.files = Dictionary(files.map { (Self.resolved($0.path), $0.bytes) }) { _, last in last }
    }

    package func contents(of path: String) -> Result<[UInt8], SourceReader.Fault> {
        let path = Self.resolved(path)
        if let bytes = files[path] { return .success(bytes) }
        if isDirectory(path) {
            return .failure(SourceReader.Fault(reason: SourceReader.Fault.isDirectory, isMissing: false))
        }
        return .failure(SourceReader.Fault(reason: String(cString: strerror(ENOENT)), isMissing: true))
    }

    package func yamlFiles(in directory: String) -> [String]? {
        let directory = Self.resolved(directory)
        guard isDirectory(directory) else { return nil }
        let names = files.keys.compactMap { path -> String? in
            guard let name = Self.name(of: path, below: directory), !name.contains("/") else { return nil }
            return SourceReader.isYAMLName(name) ? String(name) : nil
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func identity(of path: String) -> String? {
        let path = Self.resolved(path)
        return files[path] == nil && !isDirectory(path) ? nil : path
    }

    private func isDirectory(_ path: String) -> Bool { files.keys.contains { Self.name(of: $0, below: path) != nil } }

    /// The rest of `path` below `directory`; the empty path is the directory in which relative paths begin.
    private static func name(of path: String, below directory: String) -> Substring? {
        if directory.isEmpty { return path.hasPrefix("/") ? nil : path[...] }
        let prefix = directory == "/" ? directory : directory + "/"
        return path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : nil
    }

    /// The path without `.`, `..` and repeated slashes.
    private static func resolved(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
