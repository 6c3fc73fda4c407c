package import Diagnostics

/// One kind of mapping that a document may hold: its keys, and what each value must be.
///
/// Such tables are the one description of the formats that people write. `FieldReader` reads against `fields`, which
/// is small and quick to search; JSON Schemas are made of `rows`, which the reader never looks at.
package struct FieldTable: Sendable {
    /// One key with all that there is to say about it.
    package struct Row: Sendable {
        package let name: StaticString
        /// What the value must be.
        package let rule: FieldRule
        package let isRequired: Bool
        /// What the key says, as a sentence for people.
        package let meaning: StaticString

        package init(_ name: StaticString, _ rule: FieldRule, required: Bool = false, _ meaning: StaticString) {
            self.name = name
            self.rule = rule
            self.isRequired = required
            self.meaning = meaning
        }
    }

    /// What messages call such a mapping: `a plan`.
    package let subject: String
    /// What schemas call it: `plan`.
    package let definition: StaticString
    /// What such a mapping is, as a sentence for people.
    package let meaning: StaticString
    /// Whether keys that start with `x-` are let through: they are the author's own.
    package let allowsExtensions: Bool
    package let rows: [Row]
    /// The keys as the reader needs them, at the same positions.
    package let fields: [Field]

    package init(
        _ subject: String, definition: StaticString, _ meaning: StaticString, allowsExtensions: Bool = false,
        _ rows: [Row]
    ) {
        self.subject = subject
        self.definition = definition
        self.meaning = meaning
        self.allowsExtensions = allowsExtensions
        self.rows = rows
        fields = rows.map { Field($0.name, $0.rule.shape, required: $0.isRequired) }
    }
}

/// What the value of a key must be.
package indirect enum FieldRule: Sendable {
    /// Anything at all.
    case anything
    /// Text of a kind; any text when there is no rule for it.
    case text(TextRule? = nil)
    /// This text.
    case constant(StaticString)
    /// One of these texts.
    case oneOf([String])
    /// A whole number between these, both included.
    case integer(ClosedRange<Int64>)
    case number
    case boolean
    /// A mapping of this kind. It is asked for when it is needed, since kinds may hold themselves.
    case record(@Sendable () -> FieldTable)
    /// A mapping with any keys of a kind.
    case entries(keys: TextRule?, values: FieldRule)
    /// A sequence of so many elements at least.
    case list(FieldRule, atLeast: Int = 0)
    /// What one of several rules takes.
    case either([FieldRule])
    /// A mapping that says where a secret is.
    case secretReference
    /// A mapping of parameters: the plugin's, and those that every resource type has.
    case parameters

    /// A mapping of a kind.
    package static func a(_ table: @autoclosure @escaping @Sendable () -> FieldTable) -> FieldRule { .record(table) }

    /// A mapping with anything in it.
    package static var mapping: FieldRule { .entries(keys: nil, values: .anything) }

    /// What the reader checks of it.
    package var shape: Field.Shape {
        switch self {
        case .anything, .either, .number, .secretReference: .any
        case .text, .constant, .oneOf: .text
        case .integer: .integer
        case .boolean: .boolean
        case .record, .entries, .parameters: .mapping
        case .list: .sequence
        }
    }
}

/// A kind of text, such as a name or a duration.
package struct TextRule: Sendable {
    /// What such a text is called: `a plan name`.
    package let name: StaticString
    /// A regular expression (ECMA-262) that every such text matches; what matches may still have a fault.
    package let pattern: @Sendable () -> String
    package let maximumLength: Int?
    package let examples: [StaticString]
    /// What is wrong with a text, or `nil`.
    package let fault: @Sendable (String) -> String?

    package init(
        _ name: StaticString, pattern: @autoclosure @escaping @Sendable () -> String, maximumLength: Int? = nil,
        examples: [StaticString] = [], fault: @escaping @Sendable (String) -> String?
    ) {
        self.name = name
        self.pattern = pattern
        self.maximumLength = maximumLength
        self.examples = examples
        self.fault = fault
    }
}

extension FieldReader {
    /// A reader for many mappings of `tree`, that has read none yet.
    package init(of table: FieldTable, in tree: SyntaxTree) {
        self.init(of: table.subject, table.fields, in: tree, allowsExtensions: table.allowsExtensions)
    }

    /// Reads `node` against a table.
    package init(_ node: LocatedNode, _ table: FieldTable, into diagnostics: inout DiagnosticList) {
        self.init(
            node, as: table.subject, table.fields, allowsExtensions: table.allowsExtensions, into: &diagnostics)
    }
}
