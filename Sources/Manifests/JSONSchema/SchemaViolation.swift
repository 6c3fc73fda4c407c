internal import CanonicalForm
internal import Diagnostics
internal import YAMLSource

/// A value that is being validated, with the names that messages need.
struct SchemaValue {
    /// The node; `nil` for a mapping that was merged.
    let node: LocatedNode?
    /// Whether the value is a key, which counts as a string.
    var isKey = false
    /// The key of the innermost mapping entry that the value lies in; `nil` at the top level.
    var key: LocatedNode?
    /// Position in a sequence, from 0.
    var element: Int?
    /// How many mappings and sequences are around the value.
    var depth = 0
    /// The depth of the entry that `key` names.
    var keyDepth = 0

    init(_ node: LocatedNode?) { self.node = node }
}

/// One fault of a value, in a form that costs nothing until it is shown.
struct SchemaViolation {
    enum Kind {
        case forbidden
        case type(TypeSet)
        case allowed
        case constant
        case literalSecret
        case secretShape
        case minimum(JSONValue)
        case maximum(JSONValue)
        case exclusiveMinimum(JSONValue)
        case exclusiveMaximum(JSONValue)
        case multipleOf(JSONValue)
        case minLength(Int)
        case maxLength(Int)
        case pattern(Int)
        case format(StringFormat)
        case minItems(Int)
        case maxItems(Int)
        /// Positions of two equal elements.
        case notUnique(Int, Int)
        case tooFewContained(Int)
        case tooManyContained(Int)
        case minProperties(Int)
        case maxProperties(Int)
        case missing(String)
        case missingDependent(String, because: String)
        /// The violation's value is the mapping; the key is what nobody knows.
        case unknownKey(LocatedNode)
        case negated
        /// Each branch wants another value of the member that tells them apart.
        case discriminator([AllowedValue])
        /// No branch fits; the branches to name.
        case noBranch([Int])
        case severalBranches([Int])
        case tooManySteps
    }

    let kind: Kind
    let value: SchemaValue
    /// The schema that says so.
    let schema: Int

    var isLiteralSecret: Bool {
        if case .literalSecret = kind { return true }
        return false
    }
}
