package import Diagnostics

extension LocatedNode {
    /// The bytes to take away so that the element at `range` leaves this sequence and nothing else changes; `nil` when
    /// that cannot be said with certainty: the last element, one that an alias put there, or one with a comment.
    package func removal(ofElementAt range: SourceRange) -> SourceRange? {
        // The text of what was grafted stands elsewhere in the tree's bytes than its places say.
        guard kind == .sequence, count > 1, !tree.isGrafted(index), let position = position(ofElementAt: range) else {
            return nil
        }
        let bytes = tree.text.bytes
        let own = self.range
        let before = position > 0 ? element(position - 1).range : nil
        let after = position + 1 < count ? element(position + 1).range : nil
        func isInside(_ part: SourceRange?, from low: Int32, to high: Int32) -> Bool {
            part.map { $0.start >= low && $0.end <= high } ?? true
        }
        guard isInside(range, from: own.start, to: own.end), isInside(before, from: own.start, to: range.start),
            isInside(after, from: range.end, to: own.end)
        else { return nil }
        let isFlow = bytes[Int(own.start)] == UInt8(ascii: "[")
        return isFlow ? flowRemoval(range, before, after, bytes) : blockRemoval(range, bytes)
    }

    /// How long a list is searched from its end when aliases, whose text stands elsewhere, disturb its order.
    private static let disorderLimit = 1000

    /// Elements stand in the order of their text, so that a long list of faulty ones is not searched for each of them.
    private func position(ofElementAt range: SourceRange) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if element(middle).range.start < range.start { low = middle + 1 } else { high = middle }
        }
        if low < count, element(low).range == range, low + 1 == count || element(low + 1).range != range { return low }
        guard count <= Self.disorderLimit else { return nil }
        return (0..<count).last { element($0).range == range }
    }

    /// With the comma that divides the element from the one before it or behind it.
    private func flowRemoval(
        _ range: SourceRange, _ before: SourceRange?, _ after: SourceRange?, _ bytes: [UInt8]
    ) -> SourceRange? {
        let removed: SourceRange
        let gap: Range<Int32>
        if let before {
            removed = SourceRange(source: range.source, start: before.end, end: range.end)
            gap = before.end..<range.start
        } else if let after {
            removed = SourceRange(source: range.source, start: range.start, end: after.start)
            gap = range.end..<after.start
        } else {
            return nil
        }
        let isPlain = bytes[Int(gap.lowerBound)..<Int(gap.upperBound)].allSatisfy { " ,\t\r\n".utf8.contains($0) }
        return isPlain ? removed : nil
    }

    /// The whole line, when the element stands alone on it.
    private func blockRemoval(_ range: SourceRange, _ bytes: [UInt8]) -> SourceRange? {
        var start = Int(range.start)
        while start > 0, bytes[start - 1] != 0x0A, bytes[start - 1] != 0x0D { start -= 1 }
        var end = Int(range.end)
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
        let lead = bytes[start..<Int(range.start)].filter { $0 != 0x20 }
        let rest = bytes[Int(range.end)..<end]
        let isOneLine = !bytes[Int(range.start)..<Int(range.end)].contains { $0 == 0x0A || $0 == 0x0D }
        guard lead == [UInt8(ascii: "-")], rest.allSatisfy({ $0 == 0x20 || $0 == 0x09 }), isOneLine else { return nil }
        if end < bytes.count, bytes[end] == 0x0D { end += 1 }
        if end < bytes.count, bytes[end] == 0x0A { end += 1 }
        return SourceRange(source: range.source, start: Int32(start), end: Int32(end))
    }
}
