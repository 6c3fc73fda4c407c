/// Shows diagnostics to people: where, what, the source line with the characters underlined, and what would help.
///
/// ```
/// plan.yaml:5:7: error[E0103]: unknown key 'nmae' of a plan
///  5 |     nmae: web
///    |     ^~~~
///    = help: did you mean 'name'?
/// ```
package struct TextRenderer {
    private let places: PlaceFinder
    private let color: Bool

    /// A renderer for diagnostics about `sources`; with `color` it writes ANSI colours (the caller knows of terminals).
    package init(sources: SourceMap, color: Bool) {
        places = PlaceFinder(sources)
        self.color = color
    }

    /// The diagnostics in the order given, each ending with a line break, with an empty line between two.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        renderEach(diagnostics).joined(separator: "\n")
    }

    /// Each of the diagnostics by itself, ending with a line break; what one of them calls a secret is shown by none.
    package func renderEach(_ diagnostics: [Diagnostic]) -> [String] {
        var places = places
        places.hideSecrets(of: diagnostics)
        return diagnostics.map { diagnostic in
            var out = ""
            render(diagnostic, &places, into: &out)
            return out
        }
    }

    /// One line such as `3 errors, 1 warning in 2 files`, without a line break.
    package func summary(_ diagnostics: [Diagnostic]) -> String {
        var errors = 0
        var files: Set<String> = []
        for diagnostic in diagnostics {
            if diagnostic.severity == .error { errors += 1 }
            if let name = places.fileName(of: diagnostic) { files.insert(name) }
        }
        let warnings = diagnostics.count - errors
        var parts: [String] = []
        if errors > 0 { parts.append(errors == 1 ? "1 error" : "\(errors) errors") }
        if warnings > 0 { parts.append(warnings == 1 ? "1 warning" : "\(warnings) warnings") }
        if parts.isEmpty { return "no errors" }
        let place = files.isEmpty ? "" : files.count == 1 ? " in 1 file" : " in \(files.count) files"
        return parts.joined(separator: ", ") + place
    }

    private func render(_ diagnostic: Diagnostic, _ places: inout PlaceFinder, into out: inout String) {
        let isError = diagnostic.severity == .error
        let start = diagnostic.range.map { places.position(of: $0.start, in: $0.source) }
        let relatedStarts = diagnostic.related.map { places.position(of: $0.range.start, in: $0.range.source) }
        let ends = ([diagnostic.range].compactMap { $0 } + diagnostic.related.map(\.range)).map {
            places.lastLine(of: $0)
        }
        let lastLine = ends.max() ?? 1
        let gutter = String(repeating: " ", count: "\(lastLine)".count + 1)

        if let range = diagnostic.range, let start {
            location(places.name(of: range.source), start, into: &out)
        } else if let file = diagnostic.file {
            out.append(paint(.bold, DisplayWidth.harmless(file) + ": "))
        }
        out.append(paint(isError ? .error : .warning, "\(diagnostic.severity.rawValue)[\(diagnostic.code.rawValue)]"))
        out.append(paint(.bold, ": " + DisplayWidth.harmless(diagnostic.message)))
        out.append("\n")
        if let range = diagnostic.range, let start {
            excerpt(
                range, line: start.line, label: diagnostic.label, mark: isError ? .error : .warning, gutter, &places,
                into: &out)
        }
        for (place, position) in zip(diagnostic.related, relatedStarts) {
            location(places.name(of: place.range.source), position, into: &out)
            out.append(paint(.note, "note"))
            out.append(": " + DisplayWidth.harmless(place.message) + "\n")
            excerpt(place.range, line: position.line, label: nil, mark: .note, gutter, &places, into: &out)
        }
        for note in diagnostic.notes { remark("note", .note, note, gutter, into: &out) }
        for suggestion in diagnostic.suggestions { remark("help", .help, suggestion.message, gutter, into: &out) }
    }

    private func location(_ file: String, _ position: SourcePosition, into out: inout String) {
        out.append(paint(.bold, "\(DisplayWidth.harmless(file)):\(position.line):\(position.column): "))
    }

    /// The line in which the range begins, underlined as far as it belongs to the range; of a range over several
    /// lines also the last one, with `...` for what lies between.
    private func excerpt(
        _ range: SourceRange, line: Int, label: String?, mark: Paint, _ gutter: String, _ places: inout PlaceFinder,
        into out: inout String
    ) {
        let last = places.lastLine(of: range)
        show(
            places.excerpt(of: range, line: line), number: line, label: last == line ? label : nil, mark, gutter,
            into: &out)
        guard last > line else { return }
        if last > line + 1 { out.append(paint(.gutter, "...") + "\n") }
        show(
            places.excerpt(of: places.tail(of: range, line: last), line: last), number: last,
            label: label, mark, gutter, into: &out)
    }

    private func show(
        _ excerpt: SourceExcerpt, number line: Int, label: String?, _ mark: Paint, _ gutter: String,
        into out: inout String
    ) {
        let number = "\(line)"
        let padding = String(repeating: " ", count: gutter.count - number.count)
        out.append(paint(.gutter, padding + number + " |") + (excerpt.line.isEmpty ? "" : " ") + excerpt.line + "\n")
        out.append(paint(.gutter, gutter + " |") + " ")
        let marks = excerpt.underline.drop { $0 == " " }
        out.append(contentsOf: excerpt.underline.prefix(excerpt.underline.utf8.count - marks.utf8.count))
        out.append(paint(mark, marks + (label.map { " " + DisplayWidth.harmless($0) } ?? "")) + "\n")
    }

    private func remark(_ word: String, _ mark: Paint, _ text: String, _ gutter: String, into out: inout String) {
        out.append(paint(.gutter, gutter + " = ") + paint(mark, word) + ": ")
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { out.append(gutter + "   " + String(repeating: " ", count: word.count + 2)) }
            out.append(DisplayWidth.harmless(String(line)) + "\n")
        }
    }

    // MARK: Colour

    private enum Paint: String {
        case error = "1;31"
        case warning = "1;33"
        case note = "1;36"
        case help = "1;32"
        case gutter = "34"
        case bold = "1"
    }

    private func paint(_ paint: Paint, _ text: some StringProtocol) -> String {
        color ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : String(text)
    }
}
