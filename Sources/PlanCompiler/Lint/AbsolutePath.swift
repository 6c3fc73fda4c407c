import YAMLSource

/// Absolute paths in the one spelling that lints compare: without `//`, `/./` and a slash at the end.
enum AbsolutePath {
    /// The path in a scalar; `nil` when it is not absolute, or has `..`, which no plugin takes.
    static func normalized(_ node: LocatedNode) -> [UInt8]? { node.withText { normalized($0) } }

    /// The path in `text`; the root is a single slash.
    static func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        if isNormal(text) { return Array(text) }
        var path: [UInt8] = []
        path.reserveCapacity(text.count)
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

    /// Whether a path can stay as it is; of one that could not be sure it says no.
    private static func isNormal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count > 1, text[0] == slash, text[text.count - 1] != slash else { return false }
        var previous = UInt8(0)
        for byte in text {
            // A dot or a slash behind a slash, and a NUL anywhere, want a closer look.
            if byte == 0 || previous == slash && (byte == slash || byte == dot) { return false }
            previous = byte
        }
        return true
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
