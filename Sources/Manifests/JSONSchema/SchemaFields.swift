package import YAMLSource

/// The keywords of the schemas in manifests, as a table of fields: for the schema of manifests. The compiler of schemas
/// goes by `SchemaKeyword`, and a test holds the two together.
package enum SchemaFields {
    private static let count = FieldRule.integer(0...Int64.max)
    private static let one = FieldRule.schema
    private static let list = FieldRule.list(.schema, atLeast: 1)
    private static let named = FieldRule.entries(keys: nil, values: .schema)
    private static let names = FieldRule.list(.text())
    private static let type = FieldRule.oneOf(TypeSet.table.map(\.name))

    /// A schema that is a mapping.
    package static let schema: FieldTable = FieldTable(
        "a schema", definition: "schema",
        "A JSON Schema of draft 2020-12, in the vocabulary that cairnc knows; formats are asserted.",
        allowsExtensions: true, rows)

    private static let rows: [FieldTable.Row] = [
        FieldTable.Row("type", .either([type, .list(type, atLeast: 1)]), "The type, or the types, of a value."),
        FieldTable.Row("enum", .list(.anything, atLeast: 1), "The values that are allowed."),
        FieldTable.Row("const", .anything, "The one value that is allowed."),
        FieldTable.Row("minimum", .number, "The least number."),
        FieldTable.Row("maximum", .number, "The largest number."),
        FieldTable.Row("exclusiveMinimum", .number, "What a number must be larger than."),
        FieldTable.Row("exclusiveMaximum", .number, "What a number must be smaller than."),
        FieldTable.Row("multipleOf", .number, "What a number must be a multiple of; larger than 0."),
        FieldTable.Row("minLength", count, "The least number of characters."),
        FieldTable.Row("maxLength", count, "The largest number of characters."),
        FieldTable.Row("pattern", .text(), "A regular expression of ECMA-262 that is found in the text."),
        FieldTable.Row("format", .oneOf(StringFormat.allCases.map(\.rawValue)), "The format of a text; asserted."),
        FieldTable.Row("items", one, "What each element must be, behind those of prefixItems."),
        FieldTable.Row("prefixItems", list, "What the first elements must be, by their positions."),
        FieldTable.Row("unevaluatedItems", one, "What elements must be that no schema looked at."),
        FieldTable.Row("contains", one, "What some element must be."),
        FieldTable.Row("minContains", count, "How many elements must fit 'contains'."),
        FieldTable.Row("maxContains", count, "How many elements may fit 'contains'."),
        FieldTable.Row("minItems", count, "The least number of elements."),
        FieldTable.Row("maxItems", count, "The largest number of elements."),
        FieldTable.Row("uniqueItems", .boolean, "Whether no two elements may be the same."),
        FieldTable.Row("properties", named, "What the values of these keys must be."),
        FieldTable.Row("patternProperties", named, "What the values of keys that fit these patterns must be."),
        FieldTable.Row("additionalProperties", one, "What the values of all other keys must be."),
        FieldTable.Row("unevaluatedProperties", one, "What the values of keys must be that no schema looked at."),
        FieldTable.Row("propertyNames", one, "What the keys must be."),
        FieldTable.Row("required", names, "The keys that must be there."),
        FieldTable.Row("minProperties", count, "The least number of keys."),
        FieldTable.Row("maxProperties", count, "The largest number of keys."),
        FieldTable.Row(
            "dependentRequired", .entries(keys: nil, values: names), "The keys that must be there when another is."),
        FieldTable.Row("dependentSchemas", named, "What the mapping must be when a key is there."),
        FieldTable.Row("allOf", list, "Schemas all of which must fit."),
        FieldTable.Row("anyOf", list, "Schemas one of which at least must fit."),
        FieldTable.Row("oneOf", list, "Schemas exactly one of which must fit."),
        FieldTable.Row("not", one, "A schema that must not fit."),
        FieldTable.Row("if", one, "A condition."),
        FieldTable.Row("then", one, "What must fit when the condition does."),
        FieldTable.Row("else", one, "What must fit when the condition does not."),
        FieldTable.Row("$ref", .text(), "Another schema of the manifest, such as #/$defs/name."),
        FieldTable.Row("$anchor", .text(), "A name for the schema, which $ref gives as #NAME."),
        FieldTable.Row("$defs", named, "Schemas for $ref."),
        FieldTable.Row("title", .text(), "What the value is, in a few words."),
        FieldTable.Row("description", .text(), "What the value is."),
        FieldTable.Row("default", .anything, "The value that is meant when there is none."),
        FieldTable.Row("examples", .anything, "Examples of the value."),
        FieldTable.Row("deprecated", .boolean, "Whether the value should no longer be given."),
        FieldTable.Row("readOnly", .boolean, "An annotation that changes nothing."),
        FieldTable.Row("writeOnly", .boolean, "An annotation that changes nothing."),
        FieldTable.Row("$comment", .anything, "A remark for those who read the manifest."),
        FieldTable.Row("$id", .text(), "The identifier of the whole schema; only there."),
        FieldTable.Row("$schema", .constant("https://json-schema.org/draft/2020-12/schema"), "The dialect."),
        FieldTable.Row(
            "x-cairn-secret", .boolean, "Whether the value is a secret: plans then give a reference to it, only."),
    ]
}

extension FieldRule {
    /// A JSON Schema.
    package static let schema = FieldRule.either([.boolean, .a(SchemaFields.schema)])
}
