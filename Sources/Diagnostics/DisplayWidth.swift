/// How many columns of a terminal a scalar takes, and what to show for one that would disturb the line.
package enum DisplayWidth {
    /// How many spaces a tab is shown as, wherever it stands.
    static let tab = 4

    /// Columns of a scalar that is shown as it is: 2 for East Asian wide and emoji, 0 for combining marks, else 1.
    static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        // The later jamo of a Hangul syllable are drawn into the first one.
        if (0x1160...0x11FF).contains(scalar.value) { return 0 }
        if isWide(scalar.value) { return 2 }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Two regional indicators make one flag of two columns.
        if (0x1F1E6...0x1F1FF).contains(scalar.value) { return 1 }
        return properties.isEmojiPresentation ? 2 : 1
    }

    /// Columns of a scalar behind another one: a skin tone is drawn into the emoji before it.
    static func columns(of scalar: Unicode.Scalar, after previous: Unicode.Scalar?) -> Int {
        if (0x1F3FB...0x1F3FF).contains(scalar.value), let previous, previous.properties.isEmojiModifierBase {
            return 0
        }
        return columns(of: scalar)
    }

    /// Whether terminals disagree on what the scalar does with the width of its neighbours: a zero-width joiner makes
    /// one emoji of several in some of them, and a variation selector makes a sign wide. Without it all show the same.
    static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == 0x200D || scalar.value == 0xFE0E || scalar.value == 0xFE0F
    }

    /// Columns of a text that is shown as it is.
    package static func columns(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
    }

    /// Blocks whose scalars are East Asian wide or full-width (UAX #11), sorted; emoji are found by their property.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x3029, 0x302E...0x303E, 0x3041...0x3098, 0x309B...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x16FE3, 0x17000...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
        0x20000...0x3FFFD,
    ]

    private static func isWide(_ value: UInt32) -> Bool {
        if value < 0x1100 { return false }
        var low = 0
        var high = wide.count
        while low < high {
            let middle = (low + high) / 2
            if wide[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < wide.count && wide[low].contains(value)
    }

    /// What stands for a scalar that would move the cursor, ring a bell, turn the line around or be invisible; `nil` for
    /// all others.
    package static func substitute(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value)
        case 0x7F: "\u{2421}"
        case 0x80..<0xA0, 0xAD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB:
            "\u{FFFD}"
        default: nil
        }
    }

    /// `text` on one line, with nothing in it that a terminal would obey.
    package static func harmless(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { out.append(substitute(for: scalar) ?? scalar) }
        return String(out)
    }
}
