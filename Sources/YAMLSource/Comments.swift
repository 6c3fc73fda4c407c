package import Diagnostics
import Glibc

/// A comment of a YAML file.
package struct Comment: Sendable {
    /// From its `#` to the end of its line.
    package let range: SourceRange
    /// Where the text behind the mark begins.
    package let text: SourceRange
    /// Whether nothing but spaces stands before it on its line.
    package let isAlone: Bool
    /// The bytes of the line that it is about: its own, or, when it stands alone, the next one with content. Empty when
    /// there is none.
    package let line: Range<Int32>
}

extension SyntaxTree {
    /// The comments that begin with `mark`, in order.
    ///
    /// libyaml drops comments, so they are looked for in the text: a `#` that begins a comment in YAML and lies in no
    /// scalar. A file without such a text costs one look for `#`.
    package func comments(startingWith mark: StaticString) -> [Comment] {
        text.bytes.withUnsafeBufferPointer { bytes in
            let candidates = Self.candidates(bytes, mark)
            if candidates.isEmpty { return [] }
            let inside = scalars(around: candidates.map(\.hash), bytes)
            var comments: [Comment] = []
            var end = 0
            for (candidate, isInside) in zip(candidates, inside) where !isInside && candidate.hash >= end {
                // What follows on the line belongs to this comment.
                end = Self.line(around: candidate.hash, bytes).upperBound
                if let text = candidate.text { comments.append(comment(candidate.hash, text: text, bytes)) }
            }
            return comments
        }
    }

    /// A `#` that could begin a comment.
    private struct Candidate {
        let hash: Int
        /// What follows the mark; `nil` without a mark.
        let text: Int?
    }

    /// Every `#` that could begin a comment with the mark, and those before it on its line.
    private static func candidates(_ bytes: UnsafeBufferPointer<UInt8>, _ mark: StaticString) -> [Candidate] {
        guard let base = bytes.baseAddress else { return [] }
        var candidates: [Candidate] = []
        var plain: [Int] = []
        var offset = 0
        while offset < bytes.count, let found = memchr(base + offset, 0x23, bytes.count - offset) {
            let hash = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            offset = hash + 1
            if hash > 0, !isBlank(bytes[hash - 1]), !isBreak(bytes[hash - 1]), hash != 3 || bytes[0] != 0xEF {
                continue
            }
            var text = hash + 1
            while text < bytes.count, isBlank(bytes[text]) { text += 1 }
            let length = mark.utf8CodeUnitCount
            guard text + length <= bytes.count, memcmp(base + text, mark.utf8Start, length) == 0 else {
                plain.append(hash)
                continue
            }
            let start = line(around: hash, bytes).lowerBound
            candidates += plain.reversed().prefix { $0 >= start }.reversed().map { Candidate(hash: $0, text: nil) }
            plain = []
            candidates.append(Candidate(hash: hash, text: text + length))
        }
        return candidates
    }

    /// For each of these places, ascending, whether it lies in a scalar.
    private func scalars(around places: [Int], _ bytes: UnsafeBufferPointer<UInt8>) -> [Bool] {
        var inside = [Bool](repeating: false, count: places.count)
        // A comment ends a plain scalar, so that none lies in one.
        for record in records where record.kind == .scalar && record.style != .plain {
            var low = 0
            var high = places.count
            while low < high {
                let middle = (low + high) / 2
                if places[middle] < Int(record.start) { low = middle + 1 } else { high = middle }
            }
            guard low < places.count, places[low] < Int(record.end) else { continue }
            // Behind the `|` or `>` of a block there may be a comment; its content begins with the next line.
            var start = Int(record.start)
            if record.style == .block {
                while start < bytes.count, !Self.isBreak(bytes[start]) { start += 1 }
            }
            while low < places.count, places[low] < Int(record.end) {
                if places[low] >= start { inside[low] = true }
                low += 1
            }
        }
        return inside
    }

    private func comment(_ hash: Int, text: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Comment {
        var line = Self.line(around: hash, bytes)
        let end = line.upperBound
        var before = bytes[line.lowerBound..<hash]
        if line.lowerBound == 0, before.starts(with: [0xEF, 0xBB, 0xBF]) { before = before.dropFirst(3) }
        let isAlone = before.allSatisfy(Self.isBlank)
        if isAlone { line = Self.content(behind: end, bytes) }
        return Comment(
            range: range(hash, end), text: range(min(text, end), end), isAlone: isAlone,
            line: Int32(line.lowerBound)..<Int32(line.upperBound))
    }

    /// The first line behind the one that ends at `offset` that is neither empty, nor a comment, nor a document's mark.
    private static func content(behind offset: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        var next = offset
        while true {
            while next < bytes.count, isBreak(bytes[next]) { next += 1 }
            guard next < bytes.count else { return bytes.count..<bytes.count }
            let line = line(around: next, bytes)
            let content = bytes[line].drop(while: isBlank)
            let isMark =
                content.count >= 3 && content.startIndex == line.lowerBound && content.allSatisfy { $0 == 0x2D }
            if let first = content.first, first != 0x23, !isMark { return line }
            next = line.upperBound
        }
    }

    /// The line that holds `offset`, without its break.
    private static func line(around offset: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        var start = offset
        while start > 0, !isBreak(bytes[start - 1]) { start -= 1 }
        var end = offset
        while end < bytes.count, !isBreak(bytes[end]) { end += 1 }
        return start..<end
    }

    private func range(_ start: Int, _ end: Int) -> SourceRange {
        SourceRange(source: source, start: Int32(start), end: Int32(end))
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
