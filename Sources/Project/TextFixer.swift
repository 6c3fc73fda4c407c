package import Diagnostics
import YAMLSource

/// Applies the certain suggestions of diagnostics to texts, and nothing else.
package enum TextFixer {
    /// The edits that the certain suggestions of `diagnostics` make to the file `source`, sorted and without overlaps: of
    /// two that overlap the first one counts, and the other one may come in a later round.
    package static func edits(for source: SourceID, of diagnostics: [Diagnostic]) -> [TextEdit] {
        var edits: [TextEdit] = []
        for diagnostic in diagnostics {
            guard let suggestion = diagnostic.suggestions.first(where: \.isCertain), suggestion.range.source == source
            else { continue }
            edits.append(
                TextEdit(
                    Int(suggestion.range.start)..<Int(suggestion.range.end), Array(suggestion.replacement.utf8)))
        }
        edits.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var kept: [TextEdit] = []
        for edit in edits {
            if let last = kept.last, edit.range.lowerBound < last.range.upperBound || edit.range == last.range {
                continue
            }
            kept.append(edit)
        }
        return kept
    }

    /// Applies `edits`, but none with which a text that is YAML would no longer be it. Says whether anything changed.
    package static func apply(_ edits: [TextEdit], to text: inout EditedText) -> Bool {
        guard !edits.isEmpty else { return false }
        let before = text
        text.apply(edits)
        guard isYAML(before.bytes), !isYAML(text.bytes) else { return text.bytes != before.bytes }
        // It is not known which one it was.
        text = before
        for edit in edits.reversed() {
            var changed = text
            changed.apply([edit])
            if isYAML(changed.bytes) { text = changed }
        }
        return text.bytes != before.bytes
    }

    private static func isYAML(_ bytes: [UInt8]) -> Bool {
        var faults = DiagnosticList()
        _ = YAMLParser.parse(SourceText(name: "", bytes: bytes), as: SourceID(index: 0), into: &faults)
        return !faults.all.contains { $0.code == .yamlSyntax || $0.code == .notUTF8 }
    }
}
