package import CanonicalForm
package import Diagnostics
package import YAMLSource

/// A JSON Schema (draft 2020-12) from a manifest, compiled for values that know their place.
///
/// All keywords of the core, applicator and validation vocabularies are understood except dynamic references,
/// references to other files and identifiers within a schema; formats are asserted; and `x-cairn-secret: true` demands
/// a reference to a secret. What is not understood is a fault of the schema, never silently ignored.
package struct JSONSchema: Sendable {
    let nodes: [SchemaNode]
    let patterns: [Pattern]
    let root: Int
    /// The schema as it was written; `nil` for the one that nothing fits.
    package let written: LocatedNode?
    /// The defaults of the properties at the top level.
    package private(set) var defaults = JSONObject()

    /// Compiles a schema; its faults become diagnostics (`invalidValue`) at their place in the manifest, and what is
    /// faulty is left out of the compiled form.
    package init(compiling node: LocatedNode, into diagnostics: inout DiagnosticList) {
        var compiler = SchemaCompiler(root: node)
        compiler.compile(&diagnostics)
        nodes = compiler.nodes
        patterns = compiler.patterns
        root = 0
        written = node
        defaults = topLevelDefaults
        checkDefaults(&diagnostics)
    }

    /// The schema that nothing fits.
    init(refusingAt text: SourceText) {
        var node = SchemaNode(place: SourceRange(source: SourceID(index: 0), start: 0, end: Int32(text.bytes.count)))
        node.verdict = false
        nodes = [node]
        patterns = []
        root = 0
        written = nil
    }

    /// The violations in `instance`, one diagnostic per fault, in the order of their places.
    ///
    /// `subject` is what the instance says, for messages. With `partial`, the instance is a layer that others are
    /// merged over: at its top level nothing is reported as missing, and conditions on the whole are not checked.
    package func validate(_ instance: SchemaInstance, as subject: Subject, partial: Bool) -> [Diagnostic] {
        var validator = SchemaValidator(schema: self, instance: instance, partial: partial)
        let violations = validator.run(from: root)
        if violations.isEmpty { return [] }
        let messages = SchemaMessages(schema: self, subject: subject, validator)
        var list = DiagnosticList()
        let misspelt = misspeltNames(violations, messages)
        for violation in violations {
            if case .missing(let name) = violation.kind,
                misspelt.contains(Misspelt(mapping: violation.value.node?.index, name: name))
            {
                continue
            }
            list.add(messages.diagnostic(for: violation))
        }
        return list.sorted
    }

    private struct Misspelt: Hashable {
        let mapping: Int32?
        let name: String
    }

    /// The names that unknown keys probably meant: that they are missing is the same fault.
    private func misspeltNames(_ violations: [SchemaViolation], _ messages: SchemaMessages) -> Set<Misspelt> {
        var names: Set<Misspelt> = []
        for violation in violations {
            if case .unknownKey(let key) = violation.kind, let name = messages.meant(by: key, violation) {
                names.insert(Misspelt(mapping: violation.value.node?.index, name: name))
            }
        }
        return names
    }

    /// Reports defaults that the schema itself would refuse.
    private func checkDefaults(_ diagnostics: inout DiagnosticList) {
        for node in nodes {
            for (name, index) in node.properties {
                guard let value = nodes[index].defaultNode else { continue }
                var validator = SchemaValidator(schema: self, instance: .node(value), partial: false)
                guard let violation = validator.run(from: index).first else { continue }
                let subject = Subject(.value, of: "the default of '\(name)'")
                let messages = SchemaMessages(schema: self, subject: subject, validator)
                let fault = messages.diagnostic(for: violation)
                let start = fault.message.hasPrefix("the default") ? "" : "the default of '\(name)' does not fit: "
                diagnostics.add(Diagnostic(.invalidValue, start + fault.message, at: fault.range ?? value.range))
            }
        }
    }
}

/// What is validated: a node of a file, or a mapping that was merged from several.
package enum SchemaInstance: Sendable {
    case node(LocatedNode)
    case merged(MergedMapping)
}

/// A mapping whose entries come from several files or layers; each key is there once.
package struct MergedMapping: Sendable {
    /// Keys and values, each with its place.
    package var entries: [(key: LocatedNode, value: LocatedNode)]
    /// Where to report what is missing.
    package var head: SourceRange

    package init(entries: [(key: LocatedNode, value: LocatedNode)], head: SourceRange) {
        self.entries = entries
        self.head = head
    }
}

/// Names what an instance says, for messages.
package struct Subject: Sendable {
    /// What a member of the instance is called.
    package enum Noun: String, Sendable {
        case parameter, property, setting, value

        var plural: String { self == .property ? "properties" : rawValue + "s" }
    }

    package let noun: Noun
    /// Whom the members belong to, such as `Host::FileSystem::Directory` or `bank plugin directory`.
    package let owner: String

    package init(_ noun: Noun, of owner: String) {
        self.noun = noun
        self.owner = owner
    }
}
