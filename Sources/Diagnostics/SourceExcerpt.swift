/// One source line as it is shown, with the underline that belongs below it.
struct SourceExcerpt {
    /// How many columns of a line are shown at most, about.
    static let maximumWidth = 120
    /// How many columns at least are kept before the range when the start of the line is left out.
    private static let contextWidth = 40

    /// How many bytes before and behind the start of a range are looked at: at most four bytes make a column; combining
    /// marks make none, so a line of them is cut earlier than needed.
    private static let reach = 4 * maximumWidth

    /// The bytes of `line` that may be shown for `range`.
    static func reach(around range: Range<Int>, in line: Range<Int>) -> Range<Int> {
        let start = min(max(range.lowerBound, line.lowerBound), line.upperBound)
        return max(line.lowerBound, start - reach - 3)..<min(line.upperBound, start + reach)
    }

    /// The line, tabs expanded, elided with `…` where it is long.
    let line: String
    /// Blanks, then `^~~~` below the range.
    let underline: String

    /// One scalar of the line, or one byte that is no UTF-8.
    private struct Cell {
        let offset: Int
        /// `nil` for what would only make columns uncertain.
        let shown: Unicode.Scalar?
        let columns: Int
        let isTab: Bool
    }

    /// Shows the line that lies at `line` in `bytes`, with `range` underlined as far as it lies in that line.
    ///
    /// The work is bounded by the width that is shown, not by the length of the line.
    /// The bytes of `hidden` are shown as asterisks: a log is no place for a secret.
    init(_ bytes: [UInt8], line: Range<Int>, range: Range<Int>, hidden: ArraySlice<Range<Int>> = []) {
        let start = min(max(range.lowerBound, line.lowerBound), line.upperBound)
        let end = min(max(range.upperBound, start), line.upperBound)
        let reach = SourceExcerpt.reach
        let before = SourceExcerpt.scalarStart(
            bytes, at: max(line.lowerBound, start - reach), notBefore: line.lowerBound)
        let cells = SourceExcerpt.cells(of: bytes, in: before..<min(line.upperBound, start + reach))
        let caret = cells.firstIndex { $0.offset >= start } ?? cells.count

        let widthBefore = cells[..<caret].reduce(0) { $0 + $1.columns }
        let total = widthBefore + cells[caret...].reduce(0) { $0 + $1.columns }
        let isWhole = before == line.lowerBound && start + reach >= line.upperBound
        let fits = isWhole && total <= SourceExcerpt.maximumWidth
        var first = 0
        if !fits && (before > line.lowerBound || widthBefore > SourceExcerpt.maximumWidth - SourceExcerpt.contextWidth)
        {
            // What the line does not need behind the caret is shown before it; the two are for the signs of elision.
            let behind = min(total - widthBefore, SourceExcerpt.maximumWidth)
            let room = max(SourceExcerpt.contextWidth, SourceExcerpt.maximumWidth - behind - 2)
            var columns = 0
            first = caret
            while first > 0, columns + cells[first - 1].columns <= room {
                first -= 1
                columns += cells[first].columns
            }
        }

        var shown = String.UnicodeScalarView()
        var marks = ""
        var column = 0
        if first > 0 || before > line.lowerBound {
            shown.append("…")
            marks.append(" ")
            column = 1
        }
        var underlined = 0
        var index = first
        while index < cells.count {
            let cell = cells[index]
            if !fits && column + cell.columns > SourceExcerpt.maximumWidth - 1 { break }
            index += 1
            column += cell.columns
            if hidden.contains(where: { $0.contains(cell.offset) }) {
                shown.append(contentsOf: String(repeating: "*", count: cell.columns).unicodeScalars)
            } else if cell.isTab {
                shown.append(contentsOf: String(repeating: " ", count: cell.columns).unicodeScalars)
            } else if let scalar = cell.shown {
                shown.append(scalar)
            }
            if cell.offset < start {
                marks.append(String(repeating: " ", count: cell.columns))
            } else if cell.offset < end {
                underlined += cell.columns
            }
        }
        let isCut = index < cells.count || start + reach < line.upperBound
        if isCut {
            shown.append("…")
            if end > (index < cells.count ? cells[index].offset : start + reach) { underlined += 1 }
        }
        marks.append("^")
        if underlined > 1 { marks.append(String(repeating: "~", count: underlined - 1)) }
        self.line = String(shown)
        underline = marks
    }

    /// The start of the scalar that the byte at `offset` belongs to.
    private static func scalarStart(_ bytes: [UInt8], at offset: Int, notBefore limit: Int) -> Int {
        var start = offset
        while start > limit, offset - start < 3, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private static func cells(of bytes: [UInt8], in range: Range<Int>) -> [Cell] {
        var cells: [Cell] = []
        cells.reserveCapacity(min(range.count, maximumWidth))
        var offset = range.lowerBound
        var previous: Unicode.Scalar?
        while offset < range.upperBound {
            let byte = bytes[offset]
            if byte == 0x09 {
                cells.append(Cell(offset: offset, shown: " ", columns: DisplayWidth.tab, isTab: true))
                offset += 1
                continue
            }
            guard let (scalar, length) = decode(bytes, at: offset) else {
                cells.append(Cell(offset: offset, shown: "\u{FFFD}", columns: 1, isTab: false))
                offset += 1
                continue
            }
            if DisplayWidth.isJoiner(scalar) {
                cells.append(Cell(offset: offset, shown: nil, columns: 0, isTab: false))
            } else if let substitute = DisplayWidth.substitute(for: scalar) {
                cells.append(Cell(offset: offset, shown: substitute, columns: 1, isTab: false))
            } else {
                let columns = DisplayWidth.columns(of: scalar, after: previous)
                cells.append(Cell(offset: offset, shown: scalar, columns: columns, isTab: false))
            }
            previous = scalar
            offset += length
        }
        return cells
    }

    /// The scalar whose UTF-8 starts at `offset`, with its length; `nil` when there is none.
    private static func decode(_ bytes: [UInt8], at offset: Int) -> (Unicode.Scalar, Int)? {
        let lead = bytes[offset]
        if lead < 0x80 { return (Unicode.Scalar(lead), 1) }
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard lead >= 0xC2, lead <= 0xF4, offset + length <= bytes.count else { return nil }
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for next in bytes[offset + 1..<offset + length] {
            guard next & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(next & 0x3F)
        }
        let smallest: UInt32 = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
