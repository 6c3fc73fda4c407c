/// One change of a text: other bytes for a run of its bytes.
package struct TextEdit: Sendable, Hashable {
    package let range: Range<Int>
    package let replacement: [UInt8]

    package init(_ range: Range<Int>, _ replacement: [UInt8]) {
        self.range = range
        self.replacement = replacement
    }
}

/// A text with changes upon changes, which knows at any time how it differs from what it was.
package struct EditedText: Sendable {
    private enum Piece {
        case kept(Range<Int>)
        case inserted([UInt8])

        var count: Int {
            switch self {
            case .kept(let range): range.count
            case .inserted(let bytes): bytes.count
            }
        }

        /// The piece without its first `count` bytes, and these.
        func split(at count: Int) -> (Piece, Piece) {
            switch self {
            case .kept(let range):
                let middle = range.lowerBound + count
                return (.kept(range.lowerBound..<middle), .kept(middle..<range.upperBound))
            case .inserted(let bytes): return (.inserted(Array(bytes[..<count])), .inserted(Array(bytes[count...])))
            }
        }
    }

    package let original: [UInt8]
    private var pieces: [Piece]

    package init(_ original: [UInt8]) {
        self.original = original
        pieces = original.isEmpty ? [] : [.kept(0..<original.count)]
    }

    /// The text as it is now.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        for piece in pieces {
            switch piece {
            case .kept(let range): bytes += original[range]
            case .inserted(let inserted): bytes += inserted
            }
        }
        return bytes
    }

    /// Changes the text as it is now. The edits are sorted by place and do not overlap.
    package mutating func apply(_ edits: [TextEdit]) {
        var rest = Array(pieces.reversed())
        var result: [Piece] = []
        var offset = 0
        for edit in edits {
            move(to: edit.range.lowerBound, &rest, &offset) { result.append($0) }
            move(to: edit.range.upperBound, &rest, &offset) { _ in }
            if !edit.replacement.isEmpty { result.append(.inserted(edit.replacement)) }
        }
        pieces = result + rest.reversed()
    }

    /// Takes pieces up to `end` of the present text.
    private func move(to end: Int, _ rest: inout [Piece], _ offset: inout Int, _ take: (Piece) -> Void) {
        while offset < end, let piece = rest.popLast() {
            if offset + piece.count > end {
                let (first, second) = piece.split(at: end - offset)
                rest.append(second)
                offset = end
                take(first)
                return
            }
            offset += piece.count
            take(piece)
        }
    }

    /// How the text differs from the original: edits of that, sorted, with something kept between any two.
    package var changes: [TextEdit] {
        var changes: [TextEdit] = []
        var end = 0
        var inserted: [UInt8] = []
        func change(before start: Int) {
            guard start > end || !inserted.isEmpty, Array(original[end..<start]) != inserted else { return }
            changes.append(TextEdit(end..<start, inserted))
        }
        for piece in pieces {
            switch piece {
            case .kept(let range):
                change(before: range.lowerBound)
                inserted = []
                end = range.upperBound
            case .inserted(let bytes): inserted += bytes
            }
        }
        change(before: original.count)
        return changes
    }
}
