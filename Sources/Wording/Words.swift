internal import Diagnostics
package import PluginKit

/// Numbers, names and tables as people read them.
package enum Words {
    /// `1.4 GiB`
    package static func bytes(_ count: Int64) -> String { ByteCountText.words(count) }

    /// `12.3 s`, `4 min 05 s`, `2 h 03 min`
    package static func duration(_ seconds: Double) -> String {
        if seconds < 60 { return "\(tenths(seconds)) s" }
        let whole = Int(seconds)
        if whole < 3600 { return "\(whole / 60) min \(pad(whole % 60)) s" }
        return "\(whole / 3600) h \(pad(whole / 60 % 60)) min"
    }

    /// `1 resource`, `2 resources`
    package static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `1 entry`, `2 entries`
    package static func count(_ number: some BinaryInteger, _ noun: String, _ plural: String) -> String {
        "\(number) \(number == 1 ? noun : plural)"
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }

    private static func pad(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// A text from outside on one line, with nothing in it that a terminal would obey.
    package static func harmless(_ value: some CustomStringConvertible) -> String {
        DisplayWidth.harmless(value.description)
    }

    /// As much of the beginning of a text as goes into so many columns; what was cut off is shown by a dot at its end.
    package static func fitting(_ text: String, columns: Int) -> String {
        // What is no wider in bytes is no wider in columns.
        if text.utf8.count <= columns || columns <= 0 { return columns <= 0 ? "" : text }
        guard DisplayWidth.columns(of: text) > columns else { return text }
        var used = 0
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            used += DisplayWidth.columns(of: String(scalar))
            guard used < columns else { break }
            out.append(scalar)
        }
        return String(out) + "…"
    }

    /// The columns that a text takes.
    package static func columns(of text: String) -> Int { DisplayWidth.columns(of: text) }

    /// A warning of an activity, with the resource it came from.
    package static func warning(_ identity: String, _ warning: ActivityWarning) -> String {
        // What is about the whole resource need not say so twice.
        let subject = warning.subject == identity ? "" : "\(warning.subject): "
        return harmless("warning: \(identity): \(subject)\(warning.message)")
    }

    /// Rows of columns under a heading, each as wide as its widest cell; the last column is not padded.
    package static func table(_ heading: [String], _ rows: [[String]]) -> String {
        let lines = ([heading] + rows).map { $0.map { harmless($0) } }
        var widths = heading.map { _ in 0 }
        for line in lines {
            for (column, cell) in line.enumerated() {
                widths[column] = max(widths[column], DisplayWidth.columns(of: cell))
            }
        }
        return lines.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                line += cell
                if column + 1 < cells.count {
                    line += String(repeating: " ", count: widths[column] - DisplayWidth.columns(of: cell) + 2)
                }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Names and values under each other, the values in one column.
    package static func facts(_ rows: [(String, String)]) -> String {
        let width = rows.map { DisplayWidth.columns(of: $0.0) }.max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: width - DisplayWidth.columns(of: name) + 2) + harmless(value) + "\n"
        }.joined()
    }
}
