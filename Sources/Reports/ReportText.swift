import Diagnostics

extension Report {
    /// The findings as text with the source lines, and a last line that counts them; empty when there are none.
    package func text(color: Bool) -> String {
        guard !diagnostics.isEmpty else { return "" }
        let renderer = TextRenderer(sources: sources, color: color)
        return renderer.render(diagnostics) + renderer.summary(diagnostics) + "\n"
    }
}

extension Diagnostic {
    /// Code and name, such as `E0208 dependency-cycle`.
    var title: String { "\(code.rawValue) \(code.name)" }

    /// The message with all that the text format says besides the source lines: one line each for the related places,
    /// notes and suggestions.
    func remarks(_ places: inout PlaceFinder) -> [String] {
        var lines = label.map { [$0] } ?? []
        for place in related {
            let position = places.position(of: place.range.start, in: place.range.source)
            let name = places.name(of: place.range.source)
            lines.append("\(name):\(position.line):\(position.column): \(place.message)")
        }
        lines += notes.map { "note: \($0)" }
        lines += suggestions.map { "help: \($0.message)" }
        return lines
    }
}
