internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// Suggests how to write a value so that it has the type that is wanted.
enum ValueRepair {
    static func suggestions(for value: SchemaValue, wanted: TypeSet) -> [Suggestion] {
        guard let node = value.node, node.kind == .scalar, node.style != .block, node.tag == .none, !value.isKey else {
            return []
        }
        let text = node.text
        switch node.scalarValue {
        case .string:
            if wanted.contains(.boolean) {
                if node.style == .plain, let meant = TruthWords.meaning(of: text) {
                    return [Suggestion("write '\(meant)'", replacing: node.range, with: meant, isCertain: true)]
                }
                if text == "true" || text == "false" { return [unquote(node, text, isCertain: true)] }
            }
            if !wanted.isDisjoint(with: [.integer, .number]), node.style == .quoted, isNumber(text, wanted) {
                return [unquote(node, text, isCertain: FieldSuggestions.isPlainNumber(text))]
            }
        case .bool, .integer, .number:
            if wanted.contains(.string) {
                let quoted = "\"\(text)\""
                return [
                    Suggestion("write \(quoted), with quotes", replacing: node.range, with: quoted, isCertain: true)
                ]
            }
        case .null: return []
        }
        if wanted.contains(.array), node.style == .quoted || !text.utf8.contains(where: { ",[]{}#:".utf8.contains($0) })
        {
            let written = String(decoding: node.writtenBytes, as: UTF8.self)
            return [Suggestion("write [\(written)]", replacing: node.range, with: "[\(written)]")]
        }
        return []
    }

    private static func unquote(_ node: LocatedNode, _ text: String, isCertain: Bool) -> Suggestion {
        Suggestion("remove the quotes", replacing: node.range, with: text, isCertain: isCertain)
    }

    private static func isNumber(_ text: String, _ wanted: TypeSet) -> Bool {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }),
            let number = Double(text)
        else { return false }
        return wanted.contains(.number) || number == number.rounded()
    }

    /// A string as a YAML scalar: plain when that reads back as the same string.
    static func scalar(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_-./".utf8.contains($0) }
        let words = ["true", "false", "null", "yes", "no", "on", "off"]
        if isWord, let first = text.utf8.first, first.isLetter || first == UInt8(ascii: "/"),
            !words.contains(text.lowercased())
        {
            return text
        }
        return JSONValue.string(text).canonicalText
    }
}
