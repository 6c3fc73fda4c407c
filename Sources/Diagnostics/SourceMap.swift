/// Names one loaded file within a `SourceMap`.
package struct SourceID: Sendable, Hashable, Comparable {
    /// Position in the map, in order of loading.
    package let index: Int32

    package init(index: Int32) { self.index = index }

    package static func < (a: SourceID, b: SourceID) -> Bool { a.index < b.index }
}

/// A run of bytes in one file, from `start` up to but not including `end`.
package struct SourceRange: Sendable, Hashable {
    package let source: SourceID
    package let start: Int32
    package let end: Int32

    package init(source: SourceID, start: Int32, end: Int32) {
        self.source = source
        self.start = start
        self.end = max(start, end)
    }

    /// The empty range at the start of this one.
    package var atStart: SourceRange { SourceRange(source: source, start: start, end: start) }
}

/// A file's name and bytes, as they were read.
package final class SourceText: Sendable {
    /// The largest file that is read, in bytes: offsets are 32-bit.
    package static let maximumLength = 1 << 30

    /// The name to print: the path as the user gave it, or `<stdin>`.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// All files of one run, in order of loading.
package struct SourceMap: Sendable {
    package private(set) var texts: [SourceText] = []

    package init() {}

    /// Takes in a file and names it.
    package mutating func add(_ text: SourceText) -> SourceID {
        texts.append(text)
        return SourceID(index: Int32(texts.count - 1))
    }

    package subscript(id: SourceID) -> SourceText { texts[Int(id.index)] }

    /// The bytes of a range, as text.
    package func text(of range: SourceRange) -> String {
        String(decoding: self[range.source].bytes[Int(range.start)..<Int(range.end)], as: UTF8.self)
    }
}

/// A place as people count: lines from 1, columns in Unicode scalars from 1, offset in bytes from 0.
package struct SourcePosition: Sendable, Hashable {
    package let line: Int
    package let column: Int
    package let offset: Int
}

/// The line starts of one file, found once.
package struct LineIndex: Sendable {
    private let text: SourceText
    private let starts: [Int32]

    package init(_ text: SourceText) {
        self.text = text
        var starts: [Int32] = [0]
        text.bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                if byte == 0x0A {
                    starts.append(Int32(index))
                } else if byte == 0x0D && (index == bytes.count || bytes[index] != 0x0A) {
                    starts.append(Int32(index))
                }
            }
        }
        self.starts = starts
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
        var start = Int(starts[line - 1])
        // A byte order mark is not a column.
        if start == 0 && text.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        var column = 1
        for byte in text.bytes[min(start, Int(offset))..<min(Int(offset), text.bytes.count)] where byte & 0xC0 != 0x80 {
            column += 1
        }
        return SourcePosition(line: line, column: column, offset: Int(offset))
    }

    /// The byte range of a line, without its line break.
    package func range(ofLine line: Int) -> Range<Int> {
        let start = Int(starts[line - 1])
        var end = line < starts.count ? Int(starts[line]) : text.bytes.count
        while end > start, text.bytes[end - 1] == 0x0A || text.bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }
}
