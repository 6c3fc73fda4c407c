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
///
/// One reader can read many mappings of a kind, one after the other.
package struct FieldReader: Sendable {
    private let what: String
    private let table: [Field]
    private let allowsExtensions: Bool
    /// The mapping that was read.
    package private(set) var node: LocatedNode
    /// Numbers of nodes by position in the table, or `TreeView.none`.
    private var keys: [Int32]
    private var values: [Int32]
    /// Positions of the fields that unknown keys were probably meant for.
    private var misspelt: [Int] = []

    /// Reads `node`, which `what` names in messages (`a plan`, `a resource`). A node that is no mapping is reported
    /// and gives a reader without fields. Keys that start with `x-` are the author's own and are let through when
    /// `allowsExtensions`.
    package init(
        _ node: LocatedNode, as what: String, _ table: [Field], allowsExtensions: Bool = false,
        into diagnostics: inout DiagnosticList
    ) {
        self.init(of: what, table, in: node.tree, allowsExtensions: allowsExtensions)
        node.tree.withView { read(node.index, in: $0, into: &diagnostics) }
    }

    /// A reader for mappings of `tree` that has read none yet.
    package init(of what: String, _ table: [Field], in tree: SyntaxTree, allowsExtensions: Bool = false) {
        self.what = what
        self.table = table
        self.allowsExtensions = allowsExtensions
        node = tree.node(0)
        keys = Array(repeating: TreeView.none, count: table.count)
        values = keys
    }

    /// Reads the next mapping, of the tree that `view` looks at.
    package mutating func read(_ index: Int32, in view: TreeView, into diagnostics: inout DiagnosticList) {
        node = node.tree.node(index)
        for position in table.indices {
            keys[position] = TreeView.none
            values[position] = TreeView.none
        }
        if !misspelt.isEmpty { misspelt = [] }
        let isFaulty = view.record(index).tag == .faulty
        guard view.kind(index) == .mapping else {
            // What could not be read has been reported.
            if isFaulty { return }
            diagnostics.add(
                Diagnostic(.wrongType, "\(what) is a mapping, not \(node.shapeWords)", at: node.headRange))
            return
        }
        // Most authors write keys in the order of the table, so the search goes on where the last one was found.
        var next = 0
        for position in 0..<view.count(index) {
            let key = view.key(index, position)
            guard let field = field(view.bytes(key), from: next) else {
                if let meant = reportUnknown(node.tree.node(key), &diagnostics) { misspelt.append(meant) }
                continue
            }
            next = field + 1
            keys[field] = key
            let value = view.value(index, position)
            if fits(value, field, in: view) {
                values[field] = value
            } else {
                reportMisfit(node.tree.node(value), table[field], key: node.tree.node(key), &diagnostics)
            }
        }
        if isFaulty { return }
        for (position, field) in table.enumerated() where field.isRequired && keys[position] == TreeView.none {
            // That a misspelt key is missing is the same fault.
            if misspelt.contains(position) { continue }
            diagnostics.add(
                Diagnostic(.missingField, "\(what) needs the key '\(field.name)'", at: node.headRange))
        }
    }

    /// The value of the field at `position` of the table, if it is there and of the right shape.
    package subscript(position: Int) -> LocatedNode? {
        values[position] == TreeView.none ? nil : node.tree.node(values[position])
    }

    /// The number of the value at `position` of the table, or `TreeView.none`.
    package func number(_ position: Int) -> Int32 { values[position] }

    /// The key of the field at `position` of the table, if it is there.
    package func key(_ position: Int) -> LocatedNode? {
        keys[position] == TreeView.none ? nil : node.tree.node(keys[position])
    }

    /// Whether the field at `position` of the table is there and could not be read, so that what it lacks is not the
    /// author's fault.
    package func isUnread(_ position: Int) -> Bool {
        guard values[position] == TreeView.none else { return false }
        return keys[position] != TreeView.none || node.isFaulty || misspelt.contains(position)
    }

    /// The text of a field.
    package func text(_ position: Int) -> Spanned<String>? {
        self[position].map { Spanned($0.text, at: $0.range) }
    }

    private func field(_ key: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start
        for _ in table.indices {
            if position >= table.count { position = 0 }
            if table[position].name.utf8CodeUnitCount == key.count
                && table[position].name.withUTF8Buffer({ ByteTexts.equal($0, key) })
            {
                return position
            }
            position += 1
        }
        return nil
    }

    private func fits(_ value: Int32, _ field: Int, in view: TreeView) -> Bool {
        let record = view.record(value)
        // A mapping that lacks what could not be merged still has the rest.
        if record.tag == .faulty && record.kind != .mapping { return false }
        switch table[field].shape {
        case .any: return true
        case .mapping: return record.kind == .mapping
        case .sequence: return record.kind == .sequence
        case .text: return view.isString(value)
        case .integer:
            if record.kind == .scalar, case .integer = view.scalarValue(value) { return true }
            return false
        case .boolean:
            if record.kind == .scalar, case .bool = view.scalarValue(value) { return true }
            return false
        }
    }

    /// Reports a key that is not in the table; returns the position of the field that it was probably meant for.
    private func reportUnknown(_ key: LocatedNode, _ diagnostics: inout DiagnosticList) -> Int? {
        let text = key.text
        if key.isFaulty || allowsExtensions && text.hasPrefix("x-") { return nil }
        let names = table.map { "\($0.name)" }
        let suggestions = FieldSuggestions.forKey(key, among: names, in: node)
        diagnostics.add(
            Diagnostic(
                .unknownKey, "\(what) has no key '\(text)'", at: key.range,
                notes: suggestions.isEmpty ? ["the keys of \(what) are \(names.joined(separator: ", "))"] : [],
                suggestions: suggestions))
        return suggestions.first.flatMap { names.firstIndex(of: $0.replacement) }
    }

    private func reportMisfit(
        _ value: LocatedNode, _ field: Field, key: LocatedNode, _ diagnostics: inout DiagnosticList
    ) {
        // What could not be read has been reported.
        if value.isFaulty && value.kind != .mapping { return }
        // An empty value has no text of its own to point at.
        let isEmpty = value.kind == .scalar && value.range.start == value.range.end
        diagnostics.add(
            Diagnostic(
                .wrongType, "'\(field.name)' of \(what) is \(field.shape.words), not \(value.shapeWords)",
                at: isEmpty ? key.range : value.headRange,
                suggestions: FieldSuggestions.forValue(value, wanted: field.shape)))
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
