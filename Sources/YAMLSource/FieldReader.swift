package import Diagnostics

/// A value with the text that it came from.
package struct Spanned<Value: Sendable>: Sendable {
    package let value: Value
    package let range: SourceRange

    package init(_ value: Value, at range: SourceRange) {
        self.value = value
        self.range = range
    }
}

/// One key that a kind of mapping may have.
package struct Field: Sendable {
    /// What the key's value must be.
    package enum Shape: Sendable {
        case text, integer, boolean, mapping, sequence, any

        var words: String {
            switch self {
            case .text: "text"
            case .integer: "a whole number"
            case .boolean: "true or false"
            case .mapping: "a mapping"
            case .sequence: "a sequence"
            case .any: "a value"
            }
        }
    }

    package let name: StaticString
    package let shape: Shape
    package let isRequired: Bool

    package init(_ name: StaticString, _ shape: Shape, required: Bool = false) {
        self.name = name
        self.shape = shape
        self.isRequired = required
    }
}

/// Reads a mapping against a table of its fields: reports what is unknown, missing or of the wrong shape, and gives
/// out the rest by position in the table.
package struct FieldReader: Sendable {
    /// The mapping that was read.
    package let node: LocatedNode
    private var keys: [LocatedNode?]
    private var values: [LocatedNode?]

    /// Reads `node`, which `what` names in messages (`a plan`, `a resource`). A node that is no mapping is reported
    /// and gives a reader without fields. Keys that start with `x-` are the author's own and are let through when
    /// `allowsExtensions`.
    package init(
        _ node: LocatedNode, as what: String, _ table: [Field], allowsExtensions: Bool = false,
        into diagnostics: inout DiagnosticList
    ) {
        self.node = node
        keys = Array(repeating: nil, count: table.count)
        values = keys
        guard node.kind == .mapping else {
            diagnostics.add(
                Diagnostic(.wrongType, "\(what) is a mapping, not \(node.shapeWords)", at: node.headRange))
            return
        }
        for position in 0..<node.count {
            let (key, value) = node.entry(position)
            guard let field = table.firstIndex(where: { key.textEquals($0.name) }) else {
                if allowsExtensions && key.text.hasPrefix("x-") { continue }
                FieldReader.reportUnknown(key, of: node, in: what, table, &diagnostics)
                continue
            }
            keys[field] = key
            if FieldReader.fits(value, table[field], key: key, what, &diagnostics) { values[field] = value }
        }
        for (position, field) in table.enumerated() where field.isRequired && keys[position] == nil {
            diagnostics.add(
                Diagnostic(.missingField, "\(what) needs the key '\(field.name)'", at: node.headRange))
        }
    }

    /// The value of the field at `position` of the table, if it is there and of the right shape.
    package subscript(position: Int) -> LocatedNode? { values[position] }

    /// The key of the field at `position` of the table, if it is there.
    package func key(_ position: Int) -> LocatedNode? { keys[position] }

    /// The text of a field.
    package func text(_ position: Int) -> Spanned<String>? {
        values[position].map { Spanned($0.text, at: $0.range) }
    }

    private static func reportUnknown(
        _ key: LocatedNode, of node: LocatedNode, in what: String, _ table: [Field],
        _ diagnostics: inout DiagnosticList
    ) {
        let names = table.map { "\($0.name)" }
        let text = key.text
        let suggestions = FieldSuggestions.forKey(key, among: names, in: node)
        diagnostics.add(
            Diagnostic(
                .unknownKey, "\(what) has no key '\(text)'", at: key.range,
                notes: suggestions.isEmpty ? ["the keys of \(what) are \(names.joined(separator: ", "))"] : [],
                suggestions: suggestions))
    }

    private static func fits(
        _ value: LocatedNode, _ field: Field, key: LocatedNode, _ what: String, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        if value.isFaulty { return false }
        let scalar = value.kind == .scalar ? value.scalarValue : nil
        let fits =
            switch field.shape {
            case .any: true
            case .mapping: value.kind == .mapping
            case .sequence: value.kind == .sequence
            case .text: if case .string? = scalar { true } else { false }
            case .integer: if case .integer? = scalar { true } else { false }
            case .boolean: if case .bool? = scalar { true } else { false }
            }
        if fits { return true }
        // An empty value has no text of its own to point at.
        let isEmpty = value.kind == .scalar && value.range.start == value.range.end
        diagnostics.add(
            Diagnostic(
                .wrongType, "'\(field.name)' of \(what) is \(field.shape.words), not \(value.shapeWords)",
                at: isEmpty ? key.range : value.headRange,
                suggestions: FieldSuggestions.forValue(value, wanted: field.shape)))
        return false
    }
}

extension LocatedNode {
    /// What the node is, in words for messages.
    package var shapeWords: String {
        switch kind {
        case .mapping: "a mapping"
        case .sequence: "a sequence"
        case .scalar:
            switch scalarValue {
            case .null: "nothing"
            case .bool: "true or false"
            case .integer, .number: "a number"
            case .string: "text"
            }
        }
    }
}
