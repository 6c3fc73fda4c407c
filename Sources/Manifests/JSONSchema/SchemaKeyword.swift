internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// The keywords that a schema may use.
package enum SchemaKeyword: String, Sendable, CaseIterable {
    case type, `enum`, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
    case minLength, maxLength, pattern, format
    case items, prefixItems, unevaluatedItems, contains, minContains, maxContains, minItems, maxItems, uniqueItems
    case properties, patternProperties, additionalProperties, unevaluatedProperties, propertyNames
    case required, minProperties, maxProperties, dependentRequired, dependentSchemas
    case allOf, anyOf, oneOf, not, `if`, then, `else`
    case ref = "$ref"
    case anchor = "$anchor"
    case defs = "$defs"
    case title, description, `default`, examples, deprecated, readOnly, writeOnly
    case comment = "$comment"
    case id = "$id"
    case schema = "$schema"
    case secret = "x-cairn-secret"

    /// Where schemas are in a keyword's value.
    package enum Nesting: Sendable {
        /// The value is none and holds none.
        case none
        /// The value is a schema.
        case one
        /// The value is a list of schemas.
        case list
        /// The value is a mapping of names to schemas.
        case named
    }

    /// Where schemas are in the keyword's value.
    package var nesting: Nesting {
        switch self {
        case .items, .unevaluatedItems, .contains, .additionalProperties, .unevaluatedProperties, .propertyNames, .not,
            .if, .then, .else:
            .one
        case .prefixItems, .allOf, .anyOf, .oneOf: .list
        case .properties, .patternProperties, .dependentSchemas, .defs: .named
        case .type, .enum, .const, .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .multipleOf, .minLength,
            .maxLength, .pattern, .format, .minContains, .maxContains, .minItems, .maxItems, .uniqueItems, .required,
            .minProperties, .maxProperties, .dependentRequired, .ref, .title, .description, .default, .examples,
            .deprecated, .readOnly, .writeOnly, .comment, .id, .anchor, .schema, .secret:
            .none
        }
    }

    /// Whether the keyword speaks of a mapping as a whole, so that it cannot be checked on a layer of one.
    package var needsWholeMapping: Bool {
        switch self {
        case .required, .minProperties, .dependentRequired, .anyOf, .oneOf, .not, .if, .then, .else, .dependentSchemas,
            .unevaluatedProperties:
            true
        default: false
        }
    }

    /// Keywords of the draft, or of an earlier one, that are not understood.
    static let unsupported = [
        "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary", "contentEncoding",
        "contentMediaType", "contentSchema", "definitions", "dependencies", "additionalItems", "id",
    ]
}

/// The value of a keyword, read as what the keyword needs; whatever else stands there is reported.
struct SchemaOperand {
    let keyword: SchemaKeyword
    let value: LocatedNode

    private func mustBe(_ what: String, at node: LocatedNode? = nil, _ diagnostics: inout DiagnosticList) {
        diagnostics.add(
            Diagnostic(.invalidValue, "'\(keyword.rawValue)' must be \(what)", at: (node ?? value).headRange))
    }

    func string(_ diagnostics: inout DiagnosticList) -> String? {
        if value.kind == .scalar, case .string(let text) = value.scalarValue { return text }
        mustBe("a string", &diagnostics)
        return nil
    }

    func flag(_ diagnostics: inout DiagnosticList) -> Bool {
        if value.kind == .scalar, case .bool(let flag) = value.scalarValue { return flag }
        mustBe("true or false", &diagnostics)
        return false
    }

    func number(_ diagnostics: inout DiagnosticList) -> JSONValue? {
        if value.kind == .scalar {
            switch value.scalarValue {
            case .integer(let integer): return .integer(integer)
            case .number(let number): return ExactNumber.normalized(number)
            default: break
            }
        }
        mustBe("a number", &diagnostics)
        return nil
    }

    func count(_ diagnostics: inout DiagnosticList) -> Int? {
        if value.kind == .scalar {
            switch value.scalarValue {
            case .integer(let count) where count >= 0: return Int(count)
            case .number(let number) where number >= 0:
                if let count = Int(exactly: number) { return count }
            default: break
            }
        }
        mustBe("an integer that is not negative", &diagnostics)
        return nil
    }

    func list(_ diagnostics: inout DiagnosticList) -> [LocatedNode]? {
        if value.kind == .sequence { return value.elements }
        mustBe("a list", &diagnostics)
        return nil
    }

    func mapping(_ diagnostics: inout DiagnosticList) -> [(key: LocatedNode, value: LocatedNode)] {
        if value.kind == .mapping { return value.entries }
        mustBe("a mapping", &diagnostics)
        return []
    }

    /// A list of strings, each once.
    func names(_ diagnostics: inout DiagnosticList) -> [LocatedNode] {
        var seen: Set<String> = []
        return (list(&diagnostics) ?? []).filter { node in
            guard node.kind == .scalar, case .string(let text) = node.scalarValue else {
                mustBe("a list of strings", at: node, &diagnostics)
                return false
            }
            if seen.insert(text).inserted { return true }
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(text)' is twice in '\(keyword.rawValue)'", at: node.range))
            return false
        }
    }

    func types(_ diagnostics: inout DiagnosticList) -> TypeSet? {
        var set: TypeSet = []
        for node in value.kind == .sequence ? value.elements : [value] {
            guard let type = TypeSet.table.first(where: { $0.name == node.text }) else {
                let close = Similar.best(for: node.text, among: TypeSet.table.map(\.name))
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "unknown type '\(node.text)'", at: node.headRange,
                        notes: ["types are \(TypeSet.table.map(\.name).joined(separator: ", "))"],
                        suggestions: close.map {
                            [Suggestion("did you mean '\($0)'?", replacing: node.range, with: $0)]
                        } ?? []))
                return nil
            }
            set.insert(type.type)
        }
        if set.isEmpty { mustBe("a type or a list of types", &diagnostics) }
        return set.isEmpty ? nil : set
    }

    func format(_ diagnostics: inout DiagnosticList) -> StringFormat? {
        guard let name = string(&diagnostics) else { return nil }
        if let format = StringFormat(rawValue: name) { return format }
        let known = StringFormat.allCases.map(\.rawValue)
        let close = Similar.best(for: name, among: known)
        diagnostics.add(
            Diagnostic(
                .invalidValue, "unknown format '\(name)'", at: value.range,
                notes: ["formats are \(known.joined(separator: ", "))"],
                suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: value.range, with: $0)] } ?? []
            ))
        return nil
    }
}
