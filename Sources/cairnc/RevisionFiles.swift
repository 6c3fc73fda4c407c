import GitHistory
import Glibc
import Synchronization
import YAMLSource

/// The files of a repository as a revision has them. What lies outside of its work tree is read from the host, since
/// there is no older state of it.
final class RevisionFiles: FileSource {
    private let revision: GitRevision
    private let host = HostFiles()
    /// Directories that were listed already.
    private let listed = Mutex<[String: Result<[GitRevision.Entry]?, GitError>]>([:])

    init(_ revision: GitRevision) { self.revision = revision }

    func contents(of path: String) -> Result<[UInt8], SourceReader.Fault> {
        guard let place = tracked(path) else { return host.contents(of: path) }
        do throws(GitError) {
            guard let entry = try entry(place) else {
                return .failure(SourceReader.Fault(reason: String(cString: strerror(ENOENT)), isMissing: true))
            }
            switch entry.kind {
            case .file: return .success(try revision.contents(of: entry))
            case .symbolicLink: return Self.refusal("it is a symbolic link")
            case .directory: return Self.refusal(SourceReader.Fault.isDirectory)
            case .submodule: return Self.refusal("it is a submodule")
            }
        } catch {
            return Self.refusal(error.description)
        }
    }

    func yamlFiles(in directory: String) -> [String]? {
        guard let place = tracked(directory) else { return host.yamlFiles(in: directory) }
        guard let entries = try? entries(of: place) else { return nil }
        return entries.filter { $0.kind == .file && SourceReader.isYAMLName($0.name[...]) }.map(\.name)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func identity(of path: String) -> String? {
        guard let place = tracked(path) else { return host.identity(of: path) }
        if place.isEmpty { return revision.root }
        guard (try? entry(place)) != nil else { return nil }
        return Self.joined(revision.root, place)
    }

    private static func refusal(_ reason: String) -> Result<[UInt8], SourceReader.Fault> {
        .failure(SourceReader.Fault(reason: reason, isMissing: false))
    }

    // MARK: Git

    private func entries(of directory: String) throws(GitError) -> [GitRevision.Entry]? {
        if let known = listed.withLock({ $0[directory] }) { return try known.get() }
        let found = Result { () throws(GitError) in try revision.entries(of: directory) }
        listed.withLock { $0[directory] = found }
        return try found.get()
    }

    private func entry(_ place: String) throws(GitError) -> GitRevision.Entry? {
        let slash = place.lastIndex(of: "/")
        let directory = slash.map { String(place[..<$0]) } ?? ""
        let name = slash.map { place[place.index(after: $0)...] } ?? place[...]
        return try entries(of: directory)?.first { $0.name == name }
    }

    // MARK: Paths

    /// The path from the root of the work tree, `nil` for what lies outside of it and for git's own directory.
    private func tracked(_ path: String) -> String? {
        let whole = Self.resolved(path)
        if whole == revision.root { return "" }
        let prefix = revision.root == "/" ? "/" : revision.root + "/"
        guard whole.hasPrefix(prefix) else { return nil }
        let rest = whole.dropFirst(prefix.count)
        return rest == ".git" || rest.hasPrefix(".git/") ? nil : String(rest)
    }

    /// The absolute path, with the symbolic links of what there is today followed: the rest may be gone.
    static func resolved(_ path: String) -> String {
        let (directory, rest) = nearestDirectory(path)
        guard let real = realpath(directory, nil) else { return path }
        defer { free(real) }
        return joined(String(cString: real), rest)
    }

    /// The nearest directory on the way to `path` that there is today, and the rest of the way.
    static func nearestDirectory(_ path: String) -> (directory: String, rest: String) {
        var directory = path[...]
        var rest: [Substring] = []
        while !isDirectory(directory) {
            guard let slash = directory.lastIndex(of: "/") else {
                rest.append(directory)
                return (".", rest.reversed().joined(separator: "/"))
            }
            rest.append(directory[directory.index(after: slash)...])
            directory = slash == directory.startIndex ? "/" : directory[..<slash]
        }
        return (String(directory), rest.reversed().joined(separator: "/"))
    }

    private static func isDirectory(_ path: Substring) -> Bool {
        var status = stat()
        return stat(String(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// `rest` below `directory`, without empty parts, `.` and `..`.
    private static func joined(_ directory: String, _ rest: String) -> String {
        var parts = directory.split(separator: "/")
        for part in rest.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
