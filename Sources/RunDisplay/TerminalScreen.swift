internal import CommandLineSupport

/// The lines at the foot of a terminal that are drawn anew again and again.
///
/// Between two pictures the cursor stands at the beginning of the first line: whatever a resize does to lines that are
/// now too wide, clearing from there to the end of the screen leaves nothing of them.
struct TerminalScreen {
    private var height = 0

    /// What draws `lines`, with `messages` above them that stay.
    mutating func draw(_ lines: [String], messages: [UInt8] = []) -> [UInt8] {
        if lines.isEmpty && height == 0 { return messages }
        var out = messages.isEmpty ? [] : erased() + messages
        out += Array("\r".utf8)
        for (number, line) in lines.enumerated() {
            if number > 0 { out += Array("\r\n".utf8) }
            out += Array((line + "\u{1B}[K").utf8)
        }
        // Lines of the picture before may stand below.
        out += Array("\u{1B}[J".utf8)
        if lines.count > 1 { out += Array("\u{1B}[\(lines.count - 1)A".utf8) }
        out += Array("\r".utf8)
        height = lines.count
        return out
    }

    /// What clears the picture; the cursor stands where it began.
    mutating func erased() -> [UInt8] {
        guard height > 0 else { return [] }
        height = 0
        return Array("\r\u{1B}[J".utf8)
    }
}
