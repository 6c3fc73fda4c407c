/// Finds lines and columns for a renderer; a file's line starts are looked for once, and only when needed.
package struct PlaceFinder: Sendable {
    private let sources: SourceMap
    private var indices: [LineIndex?]
    /// The places of each file that no excerpt shows, sorted and apart from each other.
    private var hidden: [[Range<Int>]]

    /// A finder of places in `sources`.
    package init(_ sources: SourceMap) {
        self.sources = sources
        indices = Array(repeating: nil, count: sources.texts.count)
        hidden = Array(repeating: [], count: sources.texts.count)
        hide(Array(sources.secrets))
    }

    /// The name of a file.
    package func name(of source: SourceID) -> String { sources[source].name }

    /// The name of the file that a diagnostic is about.
    package func fileName(of diagnostic: Diagnostic) -> String? {
        diagnostic.range.map { name(of: $0.source) } ?? diagnostic.file
    }

    /// The line and the column of a byte.
    package mutating func position(of offset: Int32, in source: SourceID) -> SourcePosition {
        lineIndex(of: source).position(of: offset)
    }

    /// How many scalars stand before a byte of the file, a byte order mark not among them.
    package mutating func scalarOffset(of offset: Int32, in source: SourceID) -> Int {
        lineIndex(of: source).scalarOffset(of: offset)
    }

    /// How far white space at the end of a range or at the start of a line is looked over.
    private static let whiteSpaceLimit = 1024

    /// The line of the last byte of a range, without the white space that ends it.
    mutating func lastLine(of range: SourceRange) -> Int {
        let bytes = sources[range.source].bytes
        var end = min(Int(range.end), bytes.count)
        let limit = max(Int(range.start), end - PlaceFinder.whiteSpaceLimit)
        while end > limit, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[end - 1]) { end -= 1 }
        return lineIndex(of: range.source).line(of: max(range.start, Int32(end) - 1))
    }

    /// What lies in the given last line of a range, without the indentation.
    mutating func tail(of range: SourceRange, line: Int) -> SourceRange {
        let bytes = sources[range.source].bytes
        let lineRange = lineIndex(of: range.source).range(ofLine: line)
        var start = lineRange.lowerBound
        let limit = min(lineRange.upperBound, start + PlaceFinder.whiteSpaceLimit)
        while start < limit, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        return SourceRange(source: range.source, start: Int32(start), end: range.end)
    }

    /// The given line of the range's file, with the range underlined.
    mutating func excerpt(of range: SourceRange, line: Int) -> SourceExcerpt {
        let lineRange = lineIndex(of: range.source).range(ofLine: line)
        let shown = Int(range.start)..<Int(range.end)
        return SourceExcerpt(
            sources[range.source].bytes, line: lineRange, range: shown,
            hidden: hiddenPlaces(in: range.source, near: SourceExcerpt.reach(around: shown, in: lineRange)))
    }

    /// Lets no excerpt show what `diagnostics` say is a secret in clear text.
    package mutating func hideSecrets(of diagnostics: [Diagnostic]) {
        hide(diagnostics.compactMap { $0.code.hidesItsText ? $0.range : nil })
    }

    private mutating func hide(_ ranges: [SourceRange]) {
        guard !ranges.isEmpty else { return }
        for range in ranges { hidden[Int(range.source.index)].append(Int(range.start)..<Int(range.end)) }
        for index in hidden.indices where hidden[index].count > 1 {
            var merged: [Range<Int>] = []
            for place in hidden[index].sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if let last = merged.last, place.lowerBound <= last.upperBound {
                    merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
                } else {
                    merged.append(place)
                }
            }
            hidden[index] = merged
        }
    }

    /// The hidden places that touch `window`, found without a look at the others.
    private func hiddenPlaces(in source: SourceID, near window: Range<Int>) -> ArraySlice<Range<Int>> {
        let all = hidden[Int(source.index)]
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle].upperBound <= window.lowerBound { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < all.count, all[end].lowerBound < window.upperBound { end += 1 }
        return all[low..<end]
    }

    private mutating func lineIndex(of source: SourceID) -> LineIndex {
        let position = Int(source.index)
        if let index = indices[position] { return index }
        let index = LineIndex(sources[source])
        indices[position] = index
        return index
    }
}
