/// A place as people count: lines from 1, columns in Unicode scalars from 1, offset in bytes from 0.
package struct SourcePosition: Sendable, Hashable {
    package let line: Int
    package let column: Int
    package let offset: Int
}

/// The line starts of one file, found once.
package struct LineIndex: Sendable {
    /// How many bytes apart scalars are counted beforehand, so that a column in a very long line is found quickly.
    private static let stride = 256

    private let text: SourceText
    private let starts: [Int32]
    /// The number of scalars before each multiple of `stride`.
    private let scalarCounts: [Int32]

    package init(_ text: SourceText) {
        self.text = text
        var starts: [Int32] = [0]
        var counts: [Int32] = []
        counts.reserveCapacity(text.bytes.count / LineIndex.stride + 1)
        text.bytes.withUnsafeBufferPointer { bytes in
            var scalars: Int32 = 0
            for index in 0..<bytes.count {
                if index % LineIndex.stride == 0 { counts.append(scalars) }
                let byte = bytes[index]
                if byte & 0xC0 != 0x80 { scalars += 1 }
                if byte == 0x0A || byte == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A) {
                    starts.append(Int32(index + 1))
                }
            }
        }
        self.starts = starts
        scalarCounts = counts
    }

    /// The line number, from 1, of a byte offset.
    package func line(of offset: Int32) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The place of a byte offset.
    package func position(of offset: Int32) -> SourcePosition {
        let line = line(of: offset)
        let start = range(ofLine: line).lowerBound
        let column = offset > start ? scalars(before: Int(offset)) - scalars(before: start) + 1 : 1
        return SourcePosition(line: line, column: column, offset: Int(offset))
    }

    /// How many scalars stand before a byte of the file, a byte order mark not among them.
    func scalarOffset(of offset: Int32) -> Int {
        let first = range(ofLine: 1).lowerBound
        return Int(offset) > first ? scalars(before: Int(offset)) - scalars(before: first) : 0
    }

    private func scalars(before offset: Int) -> Int {
        let end = min(offset, text.bytes.count)
        let block = min(end / LineIndex.stride, scalarCounts.count - 1)
        guard block >= 0 else { return 0 }
        var count = Int(scalarCounts[block])
        for byte in text.bytes[block * LineIndex.stride..<end] where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    /// The byte range of a line, without its line break and without a byte order mark.
    package func range(ofLine line: Int) -> Range<Int> {
        var start = Int(starts[line - 1])
        var end = line < starts.count ? Int(starts[line]) : text.bytes.count
        while end > start, text.bytes[end - 1] == 0x0A || text.bytes[end - 1] == 0x0D { end -= 1 }
        let hasMark = text.bytes.count >= 3 && text.bytes[0] == 0xEF && text.bytes[1] == 0xBB && text.bytes[2] == 0xBF
        if line == 1 && hasMark { start = 3 }
        return start..<max(start, end)
    }
}
