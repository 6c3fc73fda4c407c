internal import Diagnostics
internal import YAMLSource

/// The words of a manifest that a value breaks.
struct SchemaRule {
    /// The longest rule that is repeated in a message, in bytes.
    private static let maximumLength = 60

    private let keyword: LocatedNode
    private let value: LocatedNode

    /// The rule behind a violation of `schema`; `nil` when it stands in no manifest, or is the schema as a whole.
    init?(_ kind: SchemaViolation.Kind, of schema: SchemaNode) {
        guard let written = schema.written, written.tree.text.name != JSONSchema.constantName else { return nil }
        let names = SchemaRule.keywords(of: kind)
        guard let entry = written.entries.first(where: { names.contains($0.key.text) }) else { return nil }
        keyword = entry.key
        value = entry.value
    }

    /// Whether the manifest is one of the program's own, which is no file that a person could open.
    var isBuiltIn: Bool { keyword.tree.text.name.hasPrefix(PluginCatalogue.builtInPrefix) }

    /// The keyword with its value.
    var range: SourceRange {
        // An alias stands elsewhere.
        let end = value.range.start >= keyword.range.end ? value.range.end : keyword.range.end
        return SourceRange(source: keyword.range.source, start: keyword.range.start, end: end)
    }

    /// The rule in quotes; of a long one the keyword.
    var text: String {
        let bytes = keyword.tree.text.bytes[Int(range.start)..<Int(range.end)]
        let isShort = bytes.count <= SchemaRule.maximumLength && !bytes.contains(0x0A)
        return "'\(isShort ? String(decoding: bytes, as: UTF8.self) : keyword.text)'"
    }

    /// File, line and column.
    var place: String {
        let position = LineIndex(keyword.tree.text).position(of: range.start)
        return "\(keyword.tree.text.name):\(position.line):\(position.column)"
    }

    /// The keywords that can give such a violation.
    private static func keywords(of kind: SchemaViolation.Kind) -> [String] {
        let keywords: [SchemaKeyword] =
            switch kind {
            case .forbidden, .tooManySteps: []
            case .type: [.type]
            case .allowed: [.enum]
            case .constant: [.const]
            case .literalSecret, .secretShape: [.secret]
            case .minimum: [.minimum]
            case .maximum: [.maximum]
            case .exclusiveMinimum: [.exclusiveMinimum]
            case .exclusiveMaximum: [.exclusiveMaximum]
            case .multipleOf: [.multipleOf]
            case .minLength: [.minLength]
            case .maxLength: [.maxLength]
            case .pattern: [.pattern]
            case .format: [.format]
            case .minItems: [.minItems]
            case .maxItems: [.maxItems]
            case .notUnique: [.uniqueItems]
            case .tooFewContained: [.minContains, .contains]
            case .tooManyContained: [.maxContains]
            case .minProperties: [.minProperties]
            case .maxProperties: [.maxProperties]
            case .missing: [.required]
            case .missingDependent: [.dependentRequired]
            case .unknownKey: [.additionalProperties, .unevaluatedProperties, .secret]
            case .negated: [.not]
            case .discriminator, .noBranch: [.anyOf, .oneOf]
            case .severalBranches: [.oneOf]
            }
        return keywords.map(\.rawValue)
    }
}
