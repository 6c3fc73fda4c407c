internal import ChildProcesses

/// A repository on this machine, asked through git's plumbing commands.
struct GitRepository: Sendable, Hashable {
    /// The directory of the work tree, without symbolic links.
    let root: String
    /// Whether a part of the history is missing.
    let isShallow: Bool

    /// The repository in which `directory` lies.
    init(around directory: String) throws(GitError) {
        let ending = try Self.git(["rev-parse", "--is-shallow-repository", "--show-toplevel"], in: directory)
        guard ending.status == 0 else {
            throw .notARepository(place: directory, reason: Self.reason(ending))
        }
        let lines = String(decoding: ending.output, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        isShallow = lines.first == "true"
        root = lines.count > 1 ? Self.line(Array(lines[1].utf8)) : directory
    }

    /// The full name of a commit.
    func commit(_ name: String) throws(GitError) -> String {
        let ending = try git("rev-parse", "--verify", "--quiet", name + "^{commit}")
        guard ending.status == 0 else { throw .unknownRevision(name: name, isShallow: isShallow) }
        return Self.line(ending.output)
    }

    /// The newest common ancestor of two commits, `nil` when there is none.
    func commonAncestor(_ a: String, _ b: String) throws(GitError) -> String? {
        let ending = try git("merge-base", a, b)
        return ending.status == 0 ? Self.line(ending.output) : nil
    }

    /// What git lists for paths in a commit, or for its root.
    func tree(_ commit: String, _ paths: [String]) throws(GitError) -> [String] {
        let ending = try Self.git(["ls-tree", "-z", commit] + paths.map { "./" + $0 }, in: root)
        guard ending.status == 0 else { throw Self.failure("ls-tree", ending) }
        return ending.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of an object.
    func blob(_ object: String) throws(GitError) -> [UInt8] {
        let ending = try git("cat-file", "blob", object)
        guard ending.status == 0 else { throw Self.failure("cat-file", ending) }
        return ending.output
    }

    // MARK: Running git

    private func git(_ arguments: String...) throws(GitError) -> ChildProcess.Ending {
        try Self.git(arguments, in: root)
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
    /// The most bytes that git may print: as many as a file may have.
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

    private static func failure(_ command: String, _ ending: ChildProcess.Ending) -> GitError {
        .failed(command: command, reason: reason(ending))
    }

    /// The first line that git printed on standard error.
    private static func reason(_ ending: ChildProcess.Ending) -> String {
        let text = String(decoding: ending.errors, as: UTF8.self)
        let first = text.split(separator: "\n").first.map(String.init) ?? "exit code \(ending.status)"
        return first.hasPrefix("fatal: ") ? String(first.dropFirst(7)) : first
    }

    private static func line(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
