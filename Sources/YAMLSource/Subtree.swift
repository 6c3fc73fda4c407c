/// A small part of a tree, for finding parts that say the same.
package struct Subtree: Sendable {
    /// The most nodes of one: comparing must stay cheaper than what it saves.
    private static let limit = 64

    fileprivate let root: Int32
    fileprivate let hash: UInt64

    /// The part below `root`; `nil` when it is large.
    package init?(_ root: Int32, in view: TreeView) {
        var hash = ByteTexts.start
        var stack = [root]
        var count = 0
        while let node = stack.popLast() {
            count += 1
            if count > Self.limit { return nil }
            let record = view.record(node)
            hash = ByteTexts.hash(view.bytes(node), into: hash &+ UInt64(record.kind.rawValue))
            if record.kind != .scalar { view.appendChildren(of: node, to: &stack) }
        }
        self.root = root
        self.hash = hash
    }

    /// Whether two parts of a tree say the same, written in the same way.
    fileprivate func isEqual(to other: Subtree, in view: TreeView) -> Bool {
        var left = [root]
        var right = [other.root]
        while let a = left.popLast(), let b = right.popLast() {
            if a == b { continue }
            let one = view.record(a)
            let two = view.record(b)
            guard one.kind == two.kind, one.style == two.style, one.tag == two.tag, one.count == two.count,
                ByteTexts.equal(view.bytes(a), view.bytes(b))
            else { return false }
            if one.kind != .scalar {
                view.appendChildren(of: a, to: &left)
                view.appendChildren(of: b, to: &right)
            }
        }
        return left.isEmpty && right.isEmpty
    }
}

/// What was found out about parts of a tree, by what they say.
package struct SubtreeTable: Sendable {
    private var found: [UInt64: (subtree: Subtree, value: Int32)] = [:]

    package init() {}

    /// What was kept for a part that says the same.
    package func find(_ subtree: Subtree, in view: TreeView) -> Int32? {
        guard let known = found[subtree.hash], known.subtree.isEqual(to: subtree, in: view) else { return nil }
        return known.value
    }

    /// Keeps `value` for all parts that say the same as `subtree`.
    package mutating func insert(_ subtree: Subtree, _ value: Int32) {
        found[subtree.hash] = (subtree, value)
    }
}
