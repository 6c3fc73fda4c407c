import YAMLSource

/// Absolute paths in the one spelling that lints compare: without `//`, `/./` and a slash at the end.
enum AbsolutePath {
    /// The path in a scalar; `nil` when it is not absolute, or has `..`, which no plugin takes.
    static func normalized(_ node: LocatedNode) -> [UInt8]? { node.withText { normalized($0) } }

    /// The path in `text`; the root is a single slash.
    static func normalized(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var path: [UInt8] = []
        var iterator = text.makeIterator()
        guard iterator.next() == slash else { return nil }
        path.append(slash)
        /// Where the last component starts in `path`.
        var start = 1
        func isDot() -> Bool { path.count == start + 1 && path[start] == dot }
        while let byte = iterator.next() {
            if byte == 0 { return nil }
            guard byte == slash else {
                path.append(byte)
                continue
            }
            if path.count == start + 2 && path[start] == dot && path[start + 1] == dot { return nil }
            if isDot() { path.removeLast() }
            if path.count == start { continue }
            path.append(slash)
            start = path.count
        }
        if path.count == start + 2 && path[start] == dot && path[start + 1] == dot { return nil }
        if isDot() { path.removeLast() }
        if path.count > 1 && path.last == slash { path.removeLast() }
        return path
    }

    /// What is left of `path` behind `outer` and its slash; empty when they are the same, `nil` when `path` is not inside.
    static func remainder(of path: [UInt8], below outer: [UInt8]) -> [UInt8]? {
        if outer.count == 1 { return Array(path.dropFirst()) }
        guard path.starts(with: outer) else { return nil }
        if path.count == outer.count { return [] }
        return path[outer.count] == slash ? Array(path[(outer.count + 1)...]) : nil
    }

    static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}
