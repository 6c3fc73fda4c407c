package import Diagnostics

/// A look at a whole tree, for loops over many nodes: nodes are numbers, texts are bytes where they lie, and nothing
/// is counted or copied. It is valid only within the `withView` that gave it out, and takes only that tree's numbers.
package struct TreeView {
    /// Stands for a node that is not there.
    package static let none: Int32 = -1

    private let source: SourceID
    private let boundary: Int32
    private let graftedSource: SourceID
    private let records: UnsafeBufferPointer<SyntaxTree.Record>
    private let children: UnsafeBufferPointer<Int32>
    private let text: UnsafeBufferPointer<UInt8>
    private let scratch: UnsafeBufferPointer<UInt8>

    init(
        of tree: SyntaxTree, records: UnsafeBufferPointer<SyntaxTree.Record>, children: UnsafeBufferPointer<Int32>,
        text: UnsafeBufferPointer<UInt8>, _ scratch: UnsafeBufferPointer<UInt8>
    ) {
        source = tree.source
        boundary = tree.boundary
        graftedSource = tree.graftedSource
        self.records = records
        self.children = children
        self.text = text
        self.scratch = scratch
    }

    /// What the node is and where it lies.
    @inline(__always)
    package func record(_ node: Int32) -> SyntaxTree.Record { records[Int(node)] }

    package func kind(_ node: Int32) -> SyntaxTree.Kind { records[Int(node)].kind }

    /// The node's bytes in its file.
    package func range(_ node: Int32) -> SourceRange {
        let record = records[Int(node)]
        return rangeInFile(record.start, record.end, of: source, graftedFrom: boundary, of: graftedSource)
    }

    /// A scalar's text, quotes and escapes resolved; empty for containers.
    package func bytes(_ node: Int32) -> UnsafeBufferPointer<UInt8> {
        let record = records[Int(node)]
        guard record.kind == .scalar, record.count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
        let bytes = record.inScratch ? scratch : text
        return UnsafeBufferPointer(rebasing: bytes[Int(record.first)..<Int(record.first + record.count)])
    }

    /// The number of a sequence's elements or a mapping's entries.
    package func count(_ node: Int32) -> Int {
        let record = records[Int(node)]
        switch record.kind {
        case .scalar: return 0
        case .sequence: return Int(record.count)
        case .mapping: return Int(record.count) / 2
        }
    }

    /// The element at `position` of a sequence.
    package func element(_ node: Int32, _ position: Int) -> Int32 { children[Int(records[Int(node)].first) + position] }

    /// The key at `position` of a mapping.
    package func key(_ node: Int32, _ position: Int) -> Int32 {
        children[Int(records[Int(node)].first) + 2 * position]
    }

    /// The value at `position` of a mapping.
    package func value(_ node: Int32, _ position: Int) -> Int32 {
        children[Int(records[Int(node)].first) + 2 * position + 1]
    }

    /// Appends a container's children; of a mapping, keys and values in turn.
    func appendChildren(of node: Int32, to list: inout [Int32]) {
        let record = records[Int(node)]
        list.append(contentsOf: children[Int(record.first)..<Int(record.first + record.count)])
    }

    /// Whether a scalar's text is `literal`.
    package func text(_ node: Int32, is literal: StaticString) -> Bool {
        let bytes = bytes(node)
        return bytes.count == literal.utf8CodeUnitCount && literal.withUTF8Buffer { ByteTexts.equal($0, bytes) }
    }
}
