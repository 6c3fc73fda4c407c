internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// The types of JSON Schema that a value may have.
struct TypeSet: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = TypeSet(rawValue: 1)
    static let boolean = TypeSet(rawValue: 2)
    static let integer = TypeSet(rawValue: 4)
    static let number = TypeSet(rawValue: 8)
    static let string = TypeSet(rawValue: 16)
    static let array = TypeSet(rawValue: 32)
    static let object = TypeSet(rawValue: 64)

    /// JSON Schema's name, the type, and what people who write YAML call it.
    static let table: [(name: String, type: TypeSet, word: String, phrase: String)] = [
        ("string", .string, "string", "a string"), ("integer", .integer, "integer", "an integer"),
        ("number", .number, "number", "a number"), ("boolean", .boolean, "boolean", "true or false"),
        ("array", .array, "list", "a list"), ("object", .object, "mapping", "a mapping"),
        ("null", .null, "null", "null"),
    ]

    /// The types' names for summaries.
    var names: [String] { TypeSet.table.filter { contains($0.type) }.map(\.word) }

    /// The types to be read after "must be".
    var phrase: String { TypeSet.table.filter { contains($0.type) }.map(\.phrase).joined(separator: " or ") }
}

/// One value that `enum` or `const` allows.
struct AllowedValue: Sendable {
    /// The canonical bytes of the value, numbers normalised.
    let bytes: [UInt8]
    /// The value as a message shows it.
    let shown: String
    /// The text, when the value is a string.
    let text: String?
    let isContainer: Bool
}

/// One schema in compiled form; other schemas are named by their index.
struct SchemaNode: Sendable {
    /// Where the schema stands.
    var place: SourceRange
    /// The schema as it is written; `nil` for one that stands in no manifest.
    var written: LocatedNode?
    /// What a boolean schema says; `nil` for all others.
    var verdict: Bool?

    // Any value.
    var types: TypeSet?
    var allowed: [AllowedValue]?
    var constant: AllowedValue?
    var isSecret = false

    // Numbers.
    var minimum: JSONValue?
    var maximum: JSONValue?
    var exclusiveMinimum: JSONValue?
    var exclusiveMaximum: JSONValue?
    var multipleOf: JSONValue?

    // Strings.
    var minLength: Int?
    var maxLength: Int?
    /// Index into the schema's patterns.
    var pattern: Int?
    var format: StringFormat?

    // Sequences.
    var prefixItems: [Int] = []
    var items: Int?
    var unevaluatedItems: Int?
    var contains: Int?
    var minContains: Int?
    var maxContains: Int?
    var minItems: Int?
    var maxItems: Int?
    var uniqueItems = false

    // Mappings.
    var properties: [(name: String, schema: Int)] = []
    /// The schema of each property by name; only looked up in, never listed.
    var propertyIndex: [String: Int] = [:]
    var patternProperties: [(pattern: Int, schema: Int)] = []
    var additionalProperties: Int?
    var unevaluatedProperties: Int?
    var propertyNames: Int?
    var required: [String] = []
    var minProperties: Int?
    var maxProperties: Int?
    var dependentRequired: [(name: String, needs: [String])] = []
    var dependentSchemas: [(name: String, schema: Int)] = []

    // Combinations.
    var reference: Int?
    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
    var condition: Int?
    var consequence: Int?
    var alternative: Int?

    // Annotations.
    var summary: String?
    var defaultNode: LocatedNode?
    var isDeprecated = false

    /// Whether several schemas refer to this one, so that ways to it may meet again.
    var isShared = false

    /// Whether all that the schema says can be told in the quick way; `plainProperties` are there then.
    var isPlain = false
    var plainProperties: [PlainProperty] = []

    init(place: SourceRange) { self.place = place }

    /// The schemas that see the same value as this one.
    var inPlace: [Int] {
        [reference, not, condition, consequence, alternative].compactMap { $0 } + allOf + anyOf + oneOf
            + dependentSchemas.map(\.schema)
    }
}

extension LocatedNode {
    /// The canonical bytes of the value, with equal numbers equal.
    var normalBytes: [UInt8] { jsonValue.withNormalNumbers.canonicalBytes }
}

extension AllowedValue {
    init(_ node: LocatedNode) {
        let value = node.jsonValue.withNormalNumbers
        bytes = value.canonicalBytes
        text = value.stringValue
        isContainer = node.kind != .scalar
        shown = text.flatMap { $0.isEmpty ? nil : $0 } ?? value.canonicalText
    }
}
