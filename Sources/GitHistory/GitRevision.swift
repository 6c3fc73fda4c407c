/// One commit of a repository, whose files are read by git. Nothing is checked out, fetched or written.
package struct GitRevision: Sendable, Hashable {
    /// The name that the user gave it.
    package let name: String
    /// The commit's full name.
    private let commit: String
    private let repository: GitRepository

    /// The directory of the work tree, without symbolic links.
    package var root: String { repository.root }

    private init(_ name: String, _ repository: GitRepository) throws(GitError) {
        self.name = name
        self.repository = repository
        commit = try repository.commit(name)
    }

    /// The two revisions that a range names, of the repository in which `directory` lies; the second is `nil` when it
    /// is the working file.
    package static func revisions(
        of range: GitRange, in directory: String
    ) throws(GitError) -> (old: GitRevision, new: GitRevision?) {
        let repository = try GitRepository(around: directory)
        switch range {
        case .revision(let name): return (try GitRevision(name, repository), nil)
        case .between(let old, let new):
            return (try GitRevision(old, repository), try GitRevision(new, repository))
        case .sinceCommonAncestor(let old, let new):
            let second = try GitRevision(new, repository)
            let first = try GitRevision(old, repository)
            let ancestor = try repository.commonAncestor(first.commit, second.commit)
            guard let ancestor else { throw .noCommonAncestor(old, new, isShallow: repository.isShallow) }
            return (try GitRevision(ancestor, repository), second)
        }
    }

    /// Something in a directory.
    package struct Entry: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case file, symbolicLink, directory, submodule
        }
        package let name: String
        package let kind: Kind
        fileprivate let object: String
    }

    /// What is in a directory, a path from the root without a slash at either end; `nil` when there is no such
    /// directory.
    package func entries(of directory: String) throws(GitError) -> [Entry]? {
        // With a slash at its end, git lists what is in it and not itself.
        let records = try repository.tree(commit, directory.isEmpty ? [] : [directory + "/"])
        if records.isEmpty && !directory.isEmpty { return nil }
        var entries: [Entry] = []
        for record in records {
            // MODE SP KIND SP OBJECT TAB PATH
            guard let tab = record.firstIndex(of: "\t") else { continue }
            let words = record[..<tab].split(separator: " ")
            guard words.count == 3, let name = record[tab...].dropFirst().split(separator: "/").last else { continue }
            let kind: Entry.Kind =
                switch (words[0], words[1]) {
                case ("120000", _): .symbolicLink
                case (_, "tree"): .directory
                case (_, "blob"): .file
                default: .submodule
                }
            entries.append(Entry(name: String(name), kind: kind, object: String(words[2])))
        }
        return entries
    }

    /// The bytes of a file.
    package func contents(of entry: Entry) throws(GitError) -> [UInt8] { try repository.blob(entry.object) }
}
