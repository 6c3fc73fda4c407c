internal import Glibc

/// One commit of a repository, whose files are read by git. Nothing is checked out, fetched or written.
package struct GitRevision: Sendable, Hashable {
    /// The name that the user gave it.
    package let name: String
    /// The commit's full name.
    private let commit: String
    private let repository: Repository

    /// The revision `name` of the repository in which `path` lies.
    package init(_ name: String, near path: String) throws(GitError) {
        try self.init(name, Repository(near: path))
    }

    private init(_ name: String, _ repository: Repository) throws(GitError) {
        self.name = name
        self.repository = repository
        commit = try repository.commit(name)
    }

    /// The two revisions that a range names; the second is `nil` when it is the working file.
    package static func revisions(
        of range: GitRange, near path: String
    ) throws(GitError) -> (old: GitRevision, new: GitRevision?) {
        let repository = try Repository(near: path)
        switch range {
        case .revision(let name): return (try GitRevision(name, repository), nil)
        case .between(let old, let new):
            return (try GitRevision(old, repository), try GitRevision(new, repository))
        case .sinceCommonAncestor(let old, let new):
            let second = try GitRevision(new, repository)
            let first = try GitRevision(old, repository)
            let ending = try repository.git(["merge-base", first.commit, second.commit])
            guard ending.status == 0 else {
                throw .noCommonAncestor(old, new, isShallow: repository.isShallow)
            }
            return (try GitRevision(Repository.line(ending.output), repository), second)
        }
    }

    /// Whether `path` lies in the same repository, so that its files are to be taken from the revision.
    package func covers(_ path: String) -> Bool {
        (try? Repository(near: path))?.root == repository.root
    }

    /// The bytes of a file as the revision has it; `nil` when there is none of this name.
    package func contents(of path: String) throws(GitError) -> [UInt8]? {
        let place = Place(path)
        guard let entry = try entries(place.rest, in: place.directory).first else { return nil }
        return try contents(of: entry, called: path)
    }

    /// The files of a directory whose names end in `.yaml` or `.yml`, in byte order of their names; `nil` when the
    /// revision has no such directory.
    package func yamlFiles(in directory: String) throws(GitError) -> [(name: String, bytes: [UInt8])]? {
        let place = Place(directory + "/.")
        // A slash at the end asks for what is in it.
        let listed = try entries(String(place.rest.dropLast()), in: place.directory)
        if listed.isEmpty { return nil }
        var files: [(name: String, bytes: [UInt8])] = []
        for entry in listed where entry.kind == "blob" {
            let name = entry.path.split(separator: "/").last.map(String.init) ?? entry.path
            if name.hasPrefix(".") || !(name.hasSuffix(".yaml") || name.hasSuffix(".yml")) { continue }
            files.append((name, try contents(of: entry, called: directory + "/" + name)))
        }
        return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    // MARK: Trees

    private struct Entry {
        let mode: Substring
        let kind: Substring
        let object: String
        let path: String
    }

    private func entries(_ path: String, in directory: String) throws(GitError) -> [Entry] {
        let ending = try repository.git(["ls-tree", "-z", commit, "./" + path], in: directory)
        guard ending.status == 0 else { throw Repository.failure("ls-tree", ending) }
        var entries: [Entry] = []
        for record in ending.output.split(separator: 0) {
            // MODE SP KIND SP OBJECT TAB PATH
            let text = String(decoding: record, as: UTF8.self)
            guard let tab = text.firstIndex(of: "\t") else { continue }
            let words = text[..<tab].split(separator: " ")
            guard words.count == 3 else { continue }
            entries.append(
                Entry(
                    mode: words[0], kind: words[1], object: String(words[2]),
                    path: String(text[text.index(after: tab)...])))
        }
        return entries
    }

    private func contents(of entry: Entry, called path: String) throws(GitError) -> [UInt8] {
        guard entry.kind == "blob" else {
            throw .notAFile(path: path, revision: name, what: entry.kind == "tree" ? "a directory" : "a submodule")
        }
        guard entry.mode != "120000" else {
            throw .notAFile(path: path, revision: name, what: "a symbolic link")
        }
        let ending = try repository.git(["cat-file", "blob", entry.object])
        guard ending.status == 0 else { throw Repository.failure("cat-file", ending) }
        return ending.output
    }
}

/// Where a path lies: the nearest directory that there is today, and the way from there. What a revision has may be
/// gone from the work tree.
private struct Place {
    let directory: String
    let rest: String

    init(_ path: String) {
        var directory = path[...]
        var rest: [Substring] = []
        while true {
            guard let slash = directory.lastIndex(of: "/") else {
                rest.append(directory)
                self.directory = "."
                break
            }
            rest.append(directory[directory.index(after: slash)...])
            directory = directory[..<slash]
            if directory.isEmpty {
                self.directory = "/"
                break
            }
            if Self.isDirectory(String(directory)) {
                self.directory = String(directory)
                break
            }
        }
        self.rest = rest.reversed().filter { !$0.isEmpty }.joined(separator: "/")
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

/// A repository on this machine.
private struct Repository: Sendable, Hashable {
    /// A directory in it.
    let directory: String
    let root: String
    let isShallow: Bool

    init(near path: String) throws(GitError) {
        directory = Place(path).directory
        let ending = try Self.git(["rev-parse", "--is-shallow-repository", "--show-toplevel"], in: directory)
        guard ending.status == 0 else {
            throw .notARepository(place: directory, reason: Self.reason(ending))
        }
        let lines = String(decoding: ending.output, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        isShallow = lines.first == "true"
        root = lines.count > 1 ? Self.line(Array(lines[1].utf8)) : directory
    }

    func commit(_ name: String) throws(GitError) -> String {
        let ending = try git(["rev-parse", "--verify", "--quiet", name + "^{commit}"])
        guard ending.status == 0 else { throw .unknownRevision(name: name, isShallow: isShallow) }
        return Self.line(ending.output)
    }

    func git(_ arguments: [String], in place: String? = nil) throws(GitError) -> ChildProcess.Ending {
        try Self.git(arguments, in: place ?? directory)
    }

    /// What a hook of git tells its children about its own repository and index: the plan's own place counts here.
    private static let dropped: Set<String> = [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE",
        "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "LC_ALL",
    ]
    /// No network, no questions, no locks, no patterns in paths, and messages that can be quoted.
    private static let added = [
        "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C",
    ]
    private static let limit = 1 << 30

    private static func git(_ arguments: [String], in place: String) throws(GitError) -> ChildProcess.Ending {
        do {
            return try ChildProcess.run(
                ["git", "-C", place] + arguments, without: dropped, adding: added, limit: limit)
        } catch {
            switch error {
            case .notFound: throw .notInstalled
            case .system(let reason): throw .failed(command: arguments[0], reason: reason)
            case .tooMuchOutput:
                throw .failed(command: arguments[0], reason: "it printed more than \(limit >> 20) MiB")
            }
        }
    }

    static func failure(_ command: String, _ ending: ChildProcess.Ending) -> GitError {
        .failed(command: command, reason: reason(ending))
    }

    private static func reason(_ ending: ChildProcess.Ending) -> String {
        let text = String(decoding: ending.errors, as: UTF8.self)
        let first = text.split(separator: "\n").first.map(String.init) ?? "exit code \(ending.status)"
        return first.hasPrefix("fatal: ") ? String(first.dropFirst(7)) : first
    }

    static func line(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
