internal import Diagnostics

extension SyntaxTree {
    /// The number that no place and no node of a tree without a graft reaches.
    static let noGraft = Int32.max

    /// This tree with all nodes of `other` behind its own, so that the nodes of two files can be worked with as those of
    /// one: their numbers grow by `firstGraftedNode`, and each keeps its place in its own file.
    ///
    /// `nil` when the files are too long together, or when either is grafted already: there are two files at most.
    package func grafting(_ other: SyntaxTree) -> SyntaxTree? {
        let length = text.bytes.count + other.text.bytes.count
        guard length <= SourceText.maximumLength, boundary == Self.noGraft, other.boundary == Self.noGraft else {
            return nil
        }
        let firstByte = Int32(text.bytes.count)
        let firstChild = Int32(children.count)
        let firstScratch = Int32(scratch.count)
        let firstNode = Int32(records.count)
        var allRecords = records
        allRecords.reserveCapacity(records.count + other.records.count)
        for var record in other.records {
            record.start += firstByte
            record.end += firstByte
            switch record.kind {
            case .scalar: record.first += record.inScratch ? firstScratch : firstByte
            case .sequence, .mapping: record.first += firstChild
            }
            allRecords.append(record)
        }
        return SyntaxTree(
            source: source, text: SourceText(name: text.name, bytes: text.bytes + other.text.bytes),
            records: allRecords, children: children + other.children.map { $0 + firstNode },
            scratch: scratch + other.scratch, roots: roots,
            graft: Graft(source: other.source, boundary: firstByte, firstNode: firstNode))
    }

    /// Where the nodes of another file begin.
    struct Graft {
        /// The other file.
        let source: SourceID
        /// The first of its bytes.
        let boundary: Int32
        /// The first of its nodes.
        let firstNode: Int32
    }

    /// Whether a node is one of the file that was grafted.
    package func isGrafted(_ node: Int32) -> Bool { node >= firstGraftedNode }
}

/// The place of bytes of a tree in the file that they are of.
@inline(__always)
func rangeInFile(
    _ start: Int32, _ end: Int32, of source: SourceID, graftedFrom boundary: Int32, of other: SourceID
) -> SourceRange {
    if start < boundary { return SourceRange(source: source, start: start, end: end) }
    return SourceRange(source: other, start: start - boundary, end: end - boundary)
}

extension LocatedNode {
    /// The bytes of the node as they are written, whichever file they are of.
    package var writtenBytes: ArraySlice<UInt8> {
        let record = tree.records[Int(index)]
        return tree.text.bytes[Int(record.start)..<Int(record.end)]
    }
}
