package import Diagnostics

/// The documents of one YAML file as a tree in which every key and value knows its place.
///
/// Nodes are indices into flat arrays; a scalar's text is a range of the source where that is possible. Anchored
/// content is stored once and shared by its aliases, so the tree stays as small as the file.
package final class SyntaxTree: Sendable {
    /// What a node is.
    package enum Kind: UInt8, Sendable {
        case scalar, sequence, mapping
    }

    /// How a scalar was written.
    package enum Style: UInt8, Sendable {
        case plain, quoted, block
    }

    /// The tag of YAML's core schema that a node carries, if any.
    package enum Tag: UInt8, Sendable {
        case none, string, integer, float, boolean, null
        /// Stands for what could not be read; the fault has been reported.
        case faulty
    }

    /// One node as it is stored.
    package struct Record: Sendable, Hashable {
        package internal(set) var kind: Kind
        package internal(set) var style: Style
        package internal(set) var tag: Tag
        /// Whether a scalar's text lies in `scratch` rather than in the source.
        package internal(set) var inScratch: Bool
        /// Byte range of the node in the source.
        package internal(set) var start: Int32
        package internal(set) var end: Int32
        /// A scalar's text offset, a container's first child.
        package internal(set) var first: Int32
        /// A scalar's text length, the number of a container's children (keys and values counted apart).
        package internal(set) var count: Int32
    }

    package let source: SourceID
    package let text: SourceText
    /// The nodes; a container stands before what is in it.
    package let records: [Record]
    /// The children of containers, each container's in one piece.
    package let children: [Int32]
    let scratch: [UInt8]
    let roots: [Int32]
    /// The first byte and the first node of another file whose nodes were grafted, and that file.
    let boundary: Int32
    package let firstGraftedNode: Int32
    let graftedSource: SourceID

    init(
        source: SourceID, text: SourceText, records: [Record], children: [Int32], scratch: [UInt8], roots: [Int32],
        graft: Graft? = nil
    ) {
        boundary = graft?.boundary ?? Self.noGraft
        firstGraftedNode = graft?.firstNode ?? Self.noGraft
        graftedSource = graft?.source ?? source
        self.source = source
        self.text = text
        self.records = records
        self.children = children
        self.scratch = scratch
        self.roots = roots
    }

    /// The root node of each document, in order.
    package var documents: [LocatedNode] { roots.map { LocatedNode(tree: self, index: $0) } }

    /// The node at `index`, which must be one of this tree.
    package func node(_ index: Int32) -> LocatedNode { LocatedNode(tree: self, index: index) }

    /// Gives `body` a look at the whole tree for work on many nodes.
    package func withView<Result>(_ body: (TreeView) throws -> Result) rethrows -> Result {
        try records.withUnsafeBufferPointer { records in
            try children.withUnsafeBufferPointer { children in
                try text.bytes.withUnsafeBufferPointer { source in
                    try scratch.withUnsafeBufferPointer { scratch in
                        try body(
                            TreeView(of: self, records: records, children: children, text: source, scratch))
                    }
                }
            }
        }
    }
}

/// One node of a syntax tree: a scalar, a sequence or a mapping, with its place.
package struct LocatedNode: Sendable {
    package let tree: SyntaxTree
    /// Position in the tree; two nodes of one tree are the same node when their indices are equal.
    package let index: Int32

    init(tree: SyntaxTree, index: Int32) {
        self.tree = tree
        self.index = index
    }

    private var record: SyntaxTree.Record { tree.records[Int(index)] }

    package var kind: SyntaxTree.Kind { record.kind }
    package var style: SyntaxTree.Style { record.style }
    package var tag: SyntaxTree.Tag { record.tag }
    /// Whether the node stands for what could not be read, or is a mapping that lacks what could not be merged: that
    /// something is wrong with it or missing in it would be a consequence.
    package var isFaulty: Bool { record.tag == .faulty }

    /// The node's bytes in its file.
    package var range: SourceRange {
        let record = record
        return place(record.start, record.end)
    }

    /// Where to point when something is missing in this node: a scalar's text, a mapping's first key, the start of a
    /// sequence.
    package var headRange: SourceRange {
        let record = record
        switch record.kind {
        case .scalar: return range
        case .mapping where record.count > 0:
            // The first key of a mapping that only merges stands elsewhere.
            let key = entry(0).key
            if key.record.start >= record.start && key.record.end <= record.end { return key.range }
            fallthrough
        default: return place(record.start, min(record.end, record.start + 1))
        }
    }

    private func place(_ start: Int32, _ end: Int32) -> SourceRange {
        rangeInFile(start, end, of: tree.source, graftedFrom: tree.boundary, of: tree.graftedSource)
    }

    // MARK: Scalars

    /// Gives the bytes of a scalar's text to `body`; empty for containers.
    package func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let record = record
        guard record.kind == .scalar else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        let bytes = record.inScratch ? tree.scratch : tree.text.bytes
        return bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(record.first)..<Int(record.first + record.count)]))
        }
    }

    /// A scalar's text, quotes and escapes resolved; empty for containers.
    package var text: String { withText { String(decoding: $0, as: UTF8.self) } }

    /// Whether a scalar's text is `literal`.
    package func textEquals(_ literal: StaticString) -> Bool {
        withText { text in
            literal.withUTF8Buffer { $0.count == text.count && $0.elementsEqual(text) }
        }
    }

    // MARK: Containers

    /// The number of a sequence's elements or a mapping's entries.
    package var count: Int {
        switch kind {
        case .scalar: 0
        case .sequence: Int(record.count)
        case .mapping: Int(record.count) / 2
        }
    }

    /// The element at `position` of a sequence.
    package func element(_ position: Int) -> LocatedNode {
        LocatedNode(tree: tree, index: tree.children[Int(record.first) + position])
    }

    /// The elements of a sequence; empty for other nodes.
    package var elements: [LocatedNode] {
        guard kind == .sequence else { return [] }
        return (0..<count).map { element($0) }
    }

    /// The key and value at `position` of a mapping; its own entries come first, merged ones behind.
    package func entry(_ position: Int) -> (key: LocatedNode, value: LocatedNode) {
        let first = Int(record.first) + 2 * position
        return (
            LocatedNode(tree: tree, index: tree.children[first]),
            LocatedNode(tree: tree, index: tree.children[first + 1])
        )
    }

    /// The entries of a mapping; empty for other nodes.
    package var entries: [(key: LocatedNode, value: LocatedNode)] {
        guard kind == .mapping else { return [] }
        return (0..<count).map { entry($0) }
    }

    /// The value of a key of a mapping, `nil` when it is not there or the node is no mapping.
    package subscript(key: StaticString) -> LocatedNode? {
        guard kind == .mapping else { return nil }
        for position in 0..<count {
            let entry = entry(position)
            if entry.key.textEquals(key) { return entry.value }
        }
        return nil
    }
}
