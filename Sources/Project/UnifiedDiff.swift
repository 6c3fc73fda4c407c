/// Shows known changes of a text as `diff -u` does, for `patch` and `git apply`.
package enum UnifiedDiff {
    /// How many unchanged lines stand around a change.
    private static let context = 3

    /// Lines of the original that are replaced, by number from 0, and what stands in their place.
    private struct Change {
        var lines: Range<Int>
        var replacement: [UInt8]
    }

    /// The difference that `edits`, sorted and apart from each other, make to `original`; empty without edits.
    package static func render(_ original: [UInt8], _ edits: [TextEdit], name: String) -> [UInt8] {
        guard !edits.isEmpty else { return [] }
        let starts = lineStarts(of: original)
        let changes = changes(original, edits, starts)
        let shown = name.hasPrefix("/") ? String(name.dropFirst()) : name
        var out = Array("--- a/\(shown)\n+++ b/\(shown)\n".utf8)
        var first = 0
        var shift = 0
        while first < changes.count {
            var last = first
            while last + 1 < changes.count,
                changes[last + 1].lines.lowerBound - changes[last].lines.upperBound <= 2 * context
            {
                last += 1
            }
            hunk(changes[first...last], original, starts, &shift, &out)
            first = last + 1
        }
        return out
    }

    private static func lineStarts(of text: [UInt8]) -> [Int] {
        var starts = text.isEmpty ? [] : [0]
        for (offset, byte) in text.enumerated() where byte == 0x0A && offset + 1 < text.count {
            starts.append(offset + 1)
        }
        return starts
    }

    /// The edits as whole lines; edits that share a line are one change.
    private static func changes(_ original: [UInt8], _ edits: [TextEdit], _ starts: [Int]) -> [Change] {
        func end(of line: Int) -> Int { line + 1 < starts.count ? starts[line + 1] : original.count }
        func line(at offset: Int) -> Int { (starts.partitioningIndex { $0 > offset } - 1) }
        var changes: [Change] = []
        var copied = 0
        for edit in edits {
            // An insertion behind the last line break touches no line of the original.
            let isBehind = edit.range.lowerBound == original.count && (original.last == 0x0A || original.isEmpty)
            let first = isBehind ? starts.count : line(at: min(edit.range.lowerBound, original.count - 1))
            var last = first + 1
            if isBehind {
                last = first
            } else if edit.range.upperBound > end(of: first) {
                last = line(at: edit.range.upperBound - 1) + 1
            }
            if let previous = changes.last, previous.lines.upperBound > first {
                changes[changes.count - 1].replacement += original[copied..<edit.range.lowerBound] + edit.replacement
                changes[changes.count - 1].lines = previous.lines.lowerBound..<max(previous.lines.upperBound, last)
            } else {
                finish(&changes, original, copied, starts)
                let start = isBehind ? original.count : starts[first]
                changes.append(
                    Change(
                        lines: first..<last,
                        replacement: Array(original[start..<edit.range.lowerBound]) + edit.replacement))
            }
            copied = edit.range.upperBound
        }
        finish(&changes, original, copied, starts)
        // What lost its line break goes on into the next line.
        var joined: [Change] = []
        for change in changes {
            if let previous = joined.last, previous.lines.upperBound == change.lines.lowerBound {
                joined[joined.count - 1].lines = previous.lines.lowerBound..<change.lines.upperBound
                joined[joined.count - 1].replacement += change.replacement
            } else {
                joined.append(change)
            }
        }
        return joined.map { joinedToNext($0, original, starts) }
    }

    /// Adds what is left of the last change's last line.
    private static func finish(_ changes: inout [Change], _ original: [UInt8], _ copied: Int, _ starts: [Int]) {
        guard let last = changes.last, !last.lines.isEmpty else { return }
        let end = last.lines.upperBound < starts.count ? starts[last.lines.upperBound] : original.count
        changes[changes.count - 1].replacement += original[min(copied, end)..<end]
    }

    private static func joinedToNext(_ change: Change, _ original: [UInt8], _ starts: [Int]) -> Change {
        var change = change
        while let last = change.replacement.last, last != 0x0A, change.lines.upperBound < starts.count {
            let line = change.lines.upperBound
            let end = line + 1 < starts.count ? starts[line + 1] : original.count
            change.replacement += original[starts[line]..<end]
            change.lines = change.lines.lowerBound..<line + 1
        }
        return change
    }

    private static func hunk(
        _ changes: ArraySlice<Change>, _ original: [UInt8], _ starts: [Int], _ shift: inout Int, _ out: inout [UInt8]
    ) {
        guard let first = changes.first, let last = changes.last else { return }
        func bytes(_ lines: Range<Int>) -> ArraySlice<UInt8> {
            guard !lines.isEmpty else { return [] }
            return original[
                starts[lines.lowerBound]..<(lines.upperBound < starts.count ? starts[lines.upperBound] : original.count)
            ]
        }
        let lines =
            max(0, first.lines.lowerBound - context)..<min(starts.count, last.lines.upperBound + context)
        var body: [UInt8] = []
        var added = 0
        var next = lines.lowerBound
        for change in changes {
            write(bytes(next..<change.lines.lowerBound), " ", &body)
            write(bytes(change.lines), "-", &body)
            write(change.replacement[...], "+", &body)
            added += lineStarts(of: change.replacement).count - change.lines.count
            next = change.lines.upperBound
        }
        write(bytes(next..<lines.upperBound), " ", &body)
        let new = lines.count + added
        func position(_ start: Int, _ count: Int) -> String {
            let number = count == 0 ? start : start + 1
            return count == 1 ? "\(number)" : "\(number),\(count)"
        }
        out += Array(
            "@@ -\(position(lines.lowerBound, lines.count)) +\(position(lines.lowerBound + shift, new)) @@\n".utf8)
        out += body
        shift += added
    }

    /// Writes lines, each behind `mark`.
    private static func write(_ bytes: ArraySlice<UInt8>, _ mark: Character, _ out: inout [UInt8]) {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
            out += String(mark).utf8
            out += rest[..<end]
            if rest[end - 1] != 0x0A { out += Array("\n\\ No newline at end of file\n".utf8) }
            rest = rest[end...]
        }
    }
}

extension [Int] {
    /// The first position whose element satisfies `predicate`, in an array whose first elements do not and whose others do.
    fileprivate func partitioningIndex(where predicate: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
