/// Many patterns of which any may match.
///
/// A directory that leaves thousands of others to somebody else names each of them in a pattern of its own. Patterns
/// that name one path are looked up, so that they cost nothing together; only the others are tried one by one.
package struct PathPatternSet: Sendable {
    private var directories: Set<[UInt8]> = []
    private var entries: Set<[UInt8]> = []
    private var others: [PathPattern] = []

    /// The set of `patterns`.
    package init(_ patterns: [PathPattern] = []) { for pattern in patterns { insert(pattern) } }

    /// Adds a pattern.
    package mutating func insert(_ pattern: PathPattern) {
        guard let path = pattern.onlyPath else {
            others.append(pattern)
            return
        }
        if pattern.matchesDirectoriesOnly { directories.insert(path) } else { entries.insert(path) }
    }

    /// Whether a pattern matches an entry; `path` is relative to the tree's root.
    package func matches(_ path: [UInt8], isDirectory: Bool) -> Bool {
        if isDirectory && directories.contains(path) { return true }
        return entries.contains(path) || others.contains { $0.matches(path, isDirectory: isDirectory) }
    }

    /// Whether a pattern leaves an entry out, by itself or because it leaves out a directory above it.
    package func excludes(_ path: [UInt8], isDirectory: Bool) -> Bool {
        for position in path.indices where path[position] == 0x2F {
            if matches(Array(path[..<position]), isDirectory: true) { return true }
        }
        return matches(path, isDirectory: isDirectory)
    }
}

extension PathPattern {
    /// The pattern that matches the directory at `path` and nothing else; `path` is relative to the tree's root,
    /// without a slash at its ends.
    package static func naming(directory path: String) -> String {
        var pattern = "/"
        for scalar in path.unicodeScalars {
            if "\\*?[".unicodeScalars.contains(scalar) { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern + "/"
    }
}
