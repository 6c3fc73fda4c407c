import Diagnostics

/// Collects XML text.
struct MarkupText {
    var bytes: [UInt8] = []

    /// Appends markup as it is.
    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Appends a line of markup.
    mutating func line(_ text: String) {
        raw(text)
        bytes.append(0x0A)
    }

    /// Text for the content of an element or the value of an attribute. What no XML text can hold, or would turn a line
    /// around, is replaced by signs that show it.
    static func escaped(_ text: String) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in DisplayWidth.harmless(text).unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// A length to the hundredth of a pixel.
    static func length(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        var digits = "\(100 + abs(hundredths) % 100)".dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return (hundredths < 0 ? "-" : "") + "\(abs(hundredths) / 100)" + (digits.isEmpty ? "" : ".\(digits)")
    }
}
