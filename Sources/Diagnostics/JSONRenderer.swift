internal import CanonicalForm

/// Shows diagnostics to programs: one JSON object, whose shape `docs/diagnostics.md` describes.
package struct JSONRenderer {
    private let places: PlaceFinder

    /// A renderer for diagnostics about `sources`.
    package init(sources: SourceMap) { places = PlaceFinder(sources) }

    /// One line of JSON with the diagnostics in the order given; ends with a line break.
    ///
    /// Lines and columns count from 1, columns in Unicode scalars; offsets are bytes from 0.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        var places = places
        var writer = JSONWriter(capacity: 256 + 320 * diagnostics.count)
        writer.raw(#"{"version":1,"diagnostics":"#)
        list(diagnostics, &writer) { diagnostic, writer in
            writer.raw(#"{"code":"#)
            writer.string(diagnostic.code.rawValue)
            writer.raw(#","name":"#)
            writer.string(diagnostic.code.name)
            writer.raw(#","severity":"#)
            writer.string(diagnostic.severity.rawValue)
            writer.raw(#","message":"#)
            writer.string(diagnostic.message)
            place(diagnostic.range, file: diagnostic.file, &places, &writer)
            writer.raw(#","related":"#)
            list(diagnostic.related, &writer) { related, writer in
                writer.raw(#"{"message":"#)
                writer.string(related.message)
                place(related.range, file: nil, &places, &writer)
                writer.raw("}")
            }
            writer.raw(#","notes":"#)
            list(diagnostic.notes, &writer) { note, writer in writer.string(note) }
            writer.raw(#","suggestions":"#)
            list(diagnostic.suggestions, &writer) { suggestion, writer in
                writer.raw(#"{"message":"#)
                writer.string(suggestion.message)
                place(suggestion.range, file: nil, &places, &writer)
                writer.raw(#","replacement":"#)
                writer.string(suggestion.replacement)
                writer.raw("}")
            }
            writer.raw("}")
        }
        writer.raw("}\n")
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func list<Element>(
        _ elements: [Element], _ writer: inout JSONWriter, _ body: (Element, inout JSONWriter) -> Void
    ) {
        writer.raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { writer.raw(",") }
            body(element, &writer)
        }
        writer.raw("]")
    }

    /// Appends the members `file` and `range`.
    private func place(_ range: SourceRange?, file: String?, _ places: inout PlaceFinder, _ writer: inout JSONWriter) {
        writer.raw(#","file":"#)
        guard let range else {
            if let file { writer.string(file) } else { writer.raw("null") }
            writer.raw(#","range":null"#)
            return
        }
        writer.string(places.name(of: range.source))
        writer.raw(#","range":{"start":"#)
        position(places.position(of: range.start, in: range.source), &writer)
        writer.raw(#","end":"#)
        position(places.position(of: range.end, in: range.source), &writer)
        writer.raw("}")
    }

    private func position(_ position: SourcePosition, _ writer: inout JSONWriter) {
        writer.raw(#"{"line":"#)
        writer.integer(Int64(position.line))
        writer.raw(#","column":"#)
        writer.integer(Int64(position.column))
        writer.raw(#","offset":"#)
        writer.integer(Int64(position.offset))
        writer.raw("}")
    }
}
