internal import CanonicalForm
internal import Manifests
internal import YAMLSource

/// Makes a schema of tables of fields: the root's table becomes the schema itself, every other one a definition.
struct TableSchemas {
    /// What stands instead of a key's rule, by `definition.key`.
    var replacements: [String: [SchemaText.Member]] = [:]
    /// What is added to the schema of a kind of mapping, by definition.
    var additions: [String: [SchemaText.Member]] = [:]
    /// Definitions that come from elsewhere, in order; they stand behind those of tables.
    var furtherDefinitions: [SchemaText.Member] = []

    private var definitions: [SchemaText.Member] = []
    /// The tables that are still to be written, and the definitions that are written or waiting.
    private var waiting: [FieldTable] = []
    private var known: Set<String> = []

    /// Whether something refers to a secret, or has the parameters of every type.
    private var needsSecret = false
    private var needsCommonParameters = false

    init() {}

    /// The definitions that something refers to and that do not come from elsewhere.
    private var ownDefinitions: [SchemaText.Member] {
        var own: [SchemaText.Member] = []
        if needsSecret { own.append(.init("secret", ManifestSchema.secretDefinition)) }
        // What is put in a rule's place refers to them, too.
        if needsCommonParameters || !furtherDefinitions.isEmpty { own += TableSchemas.commonDefinitions }
        return own.filter { definition in !furtherDefinitions.contains { $0.key == definition.key } }
    }

    /// The schema of `root`, with what it needs.
    mutating func schema(of root: FieldTable, id: String?, title: String) -> SchemaText {
        known = ["\(root.definition)"]
        var members: [SchemaText.Member] = [
            .init("$schema", "https://json-schema.org/draft/2020-12/schema")
        ]
        if let id { members.append(.init("$id", .value(.string(id)))) }
        members.append(.init("title", .value(.string(title))))
        members += object(root)
        while let table = waiting.first {
            waiting.removeFirst()
            definitions.append(.init("\(table.definition)", .object(object(table))))
        }
        let all = definitions + furtherDefinitions + ownDefinitions
        if !all.isEmpty { members.append(.init("$defs", .object(all))) }
        return .object(members)
    }

    private mutating func object(_ table: FieldTable) -> [SchemaText.Member] {
        var members: [SchemaText.Member] = [
            .init("description", .value(.string("\(table.meaning)"))), .init("type", "object"),
            .init("additionalProperties", false),
        ]
        let required = table.rows.filter(\.isRequired).map { "\($0.name)" }
        if !required.isEmpty { members.append(.init("required", .texts(required))) }
        let properties = table.rows.map { row in
            let rule = replacements["\(table.definition).\(row.name)"] ?? self.rule(row.rule)
            return SchemaText.Member(
                "\(row.name)", .object([.init("description", .value(.string("\(row.meaning)")))] + rule))
        }
        members.append(.init("properties", .object(properties)))
        if table.allowsExtensions {
            members.append(
                .init("patternProperties", ["^x-": ["description": "The author's own; nothing reads it."]]))
        }
        return members + (additions["\(table.definition)"] ?? TableSchemas.rules["\(table.definition)"] ?? [])
    }

    private mutating func rule(_ rule: FieldRule) -> [SchemaText.Member] {
        switch rule {
        case .anything: return []
        case .text(nil): return [.init("type", "string")]
        case .text(let rule?): return TableSchemas.text(rule)
        case .constant(let text): return [.init("const", .value(.string("\(text)")))]
        case .oneOf(let texts): return [.init("enum", .texts(texts))]
        case .integer(let range):
            var members: [SchemaText.Member] = [.init("type", "integer")]
            if range.lowerBound != .min { members.append(.init("minimum", .value(.integer(range.lowerBound)))) }
            if range.upperBound != .max { members.append(.init("maximum", .value(.integer(range.upperBound)))) }
            return members
        case .number: return [.init("type", "number")]
        case .boolean: return [.init("type", "boolean")]
        case .record(let table): return [.init("$ref", .value(.string(reference(to: table()))))]
        case .entries(let keys, let values):
            var members: [SchemaText.Member] = [.init("type", "object")]
            if let keys { members.append(.init("propertyNames", .object(TableSchemas.text(keys)))) }
            let schema = self.rule(values)
            if !schema.isEmpty { members.append(.init("additionalProperties", .object(schema))) }
            return members
        case .list(let element, let least):
            var members: [SchemaText.Member] = [.init("type", "array")]
            if least > 0 { members.append(.init("minItems", .value(.integer(Int64(least))))) }
            let schema = self.rule(element)
            if !schema.isEmpty { members.append(.init("items", .object(schema))) }
            return members
        case .secretReference:
            needsSecret = true
            return ManifestSchema.secretReference
        case .parameters:
            needsCommonParameters = true
            return [.init("type", "object"), .init("properties", .object(TableSchemas.commonParameters))]
        case .either(let rules): return [.init("anyOf", .array(rules.map { .object(self.rule($0)) }))]
        }
    }

    private mutating func reference(to table: FieldTable) -> String {
        let name = "\(table.definition)"
        if known.insert(name).inserted { waiting.append(table) }
        return "#/$defs/\(name)"
    }

    /// What tables cannot say of the keys of some kinds of mappings, by definition.
    private static let rules: [String: [SchemaText.Member]] = [
        "notification": [
            .init("oneOf", [["required": ["command"], "properties": ["headers": false]], ["required": ["url"]]])
        ]
    ]

    /// The parameters that every type has, as references to their definitions.
    static let commonParameters = CommonParameters.names.map { name in
        SchemaText.Member(name, ["$ref": .value(.string("#/$defs/\(name)"))])
    }

    /// The definitions of these parameters.
    private static var commonDefinitions: [SchemaText.Member] {
        guard let written = CommonParameters.schema.written else { return [] }
        var schema = ManifestSchema(root: written, base: "common")
        guard case .object(let members) = schema.whole(),
            case .object(let properties)? = members.first(where: { $0.key == "properties" })?.value
        else { return [] }
        return properties
    }

    static func text(_ rule: TextRule) -> [SchemaText.Member] {
        var members: [SchemaText.Member] = [
            .init("type", "string"), .init("pattern", .value(.string(rule.pattern()))),
        ]
        let example = rule.examples.first.map { ", such as \($0)" } ?? ""
        // Not of the standard: editors show it instead of the pattern.
        members.append(.init("patternErrorMessage", .value(.string("This is not \(rule.name)\(example)."))))
        if let most = rule.maximumLength { members.append(.init("maxLength", .value(.integer(Int64(most))))) }
        if !rule.examples.isEmpty { members.append(.init("examples", .texts(rule.examples.map { "\($0)" }))) }
        return members
    }
}
