package import Diagnostics

/// What to write instead of a key or a value that does not fit.
package enum FieldSuggestions {
    /// Suggests a key of `names` for `key`, which is one of the mapping `node`. That is certain when no other name is as
    /// near and the mapping does not have it already.
    package static func forKey(
        _ key: LocatedNode, among names: [String], in node: LocatedNode, written: (String) -> String = { $0 }
    ) -> [Suggestion] {
        let text = key.text
        guard let close = Similar.best(for: text, among: names) else { return [] }
        let isCertain =
            Similar.certain(for: text, among: names) == close && key.tag == .none
            && isOwn(key, of: node) && !node.entries.contains { $0.key.text == close }
        return [
            Suggestion("did you mean '\(close)'?", replacing: key.range, with: written(close), isCertain: isCertain)
        ]
    }

    /// Suggests how to write `value` so that it has the shape that is wanted.
    package static func forValue(_ value: LocatedNode, wanted: Field.Shape) -> [Suggestion] {
        guard value.kind == .scalar else { return [] }
        let text = value.text
        let scalar = value.scalarValue
        switch wanted {
        case .text:
            if scalar == .null { return [] }
            return [
                Suggestion(
                    "quote it to make it text", replacing: value.range, with: "\"\(text)\"",
                    isCertain: value.tag == .none)
            ]
        case .boolean:
            guard case .string = scalar, value.style == .plain, let meant = TruthWords.meaning(of: text) else {
                return []
            }
            return [
                Suggestion("write '\(meant)'", replacing: value.range, with: meant, isCertain: value.tag == .none)
            ]
        case .integer:
            guard case .string = scalar, value.style == .quoted, isPlainNumber(text) else { return [] }
            return [
                Suggestion("remove the quotes", replacing: value.range, with: text, isCertain: value.tag == .none)
            ]
        case .any, .mapping, .sequence: return []
        }
    }

    /// Whether the key stands in the mapping itself and was not merged into it.
    private static func isOwn(_ key: LocatedNode, of node: LocatedNode) -> Bool {
        key.range.start >= node.range.start && key.range.end <= node.range.end
    }

    /// Whether a text is a whole number in the one way that leaves no question.
    package static func isPlainNumber(_ text: String) -> Bool {
        let digits = text.utf8
        return !digits.isEmpty && digits.count <= 15 && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            && (digits.count == 1 || digits.first != 0x30)
    }
}

/// The words for true and false that YAML 1.1 had.
package enum TruthWords {
    /// `true` or `false` for a word that means it.
    package static func meaning(of word: String) -> String? {
        switch word.lowercased() {
        case "yes", "on", "y": "true"
        case "no", "off", "n": "false"
        default: nil
        }
    }
}
