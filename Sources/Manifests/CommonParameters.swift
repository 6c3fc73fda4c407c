internal import CanonicalForm
package import Diagnostics
internal import PlanIR
package import YAMLSource

/// The parameters that every resource type has for protect, restore and verify, whatever the schema of its plugin says:
/// how long an attempt may last, and how often it is made.
package enum CommonParameters {
    /// Their names.
    package static let names = ["timeout", "retry"]
    /// What they may be.
    package static let schema = JSONSchema.commonParameters

    /// They and what they consist of, for documentation: `timeout`, `retry`, `retry.attempts` and so on.
    package static var described: [JSONSchema.Property] { schema.flattenedProperties }

    /// Whether a parameter of this name is one of them.
    package static func has(_ name: String) -> Bool { names.contains(name) }

    /// Whether any of them is among the keys of a mapping.
    package static func isAny(in mapping: Int32, of view: TreeView) -> Bool {
        guard view.kind(mapping) == .mapping else { return false }
        for position in 0..<view.count(mapping) {
            let key = view.bytes(view.key(mapping, position))
            if names.contains(where: { key.elementsEqual($0.utf8) }) { return true }
        }
        return false
    }

    /// What of parameters does not fit a plugin's schema, or these ones; with `partial`, `parameters` is a layer that
    /// others are merged over.
    package static func faults(
        in parameters: MergedMapping, _ schema: JSONSchema, of owner: String, partial: Bool
    ) -> [Diagnostic] {
        let subject = Subject(.parameter, of: owner)
        let common = parameters.entries.filter { has($0.key.text) }
        if common.isEmpty { return schema.validate(.merged(parameters), as: subject, partial: partial) }
        var own = parameters
        own.entries.removeAll { has($0.key.text) }
        var faults = schema.validate(.merged(own), as: subject, partial: partial)
        let rest = self.schema.validate(
            .merged(MergedMapping(entries: common, head: parameters.head)), as: subject, partial: false)
        faults += rest
        if rest.isEmpty { faults += delayFault(in: common) }
        return faults
    }

    /// What of a layer of parameters does not fit.
    package static func faults(in layer: LocatedNode, _ schema: JSONSchema, of owner: String) -> [Diagnostic] {
        // Of most layers the quick way tells that they fit, or that they have none of these.
        guard layer.kind == .mapping, layer.entries.contains(where: { has($0.key.text) }) else {
            return schema.validate(.node(layer), as: Subject(.parameter, of: owner), partial: true)
        }
        return faults(
            in: MergedMapping(entries: layer.entries, head: layer.headRange), schema, of: owner, partial: true)
    }

    /// A first wait that is longer than the longest.
    private static func delayFault(in entries: [(key: LocatedNode, value: LocatedNode)]) -> [Diagnostic] {
        guard let retry = entries.first(where: { $0.key.textEquals("retry") })?.value,
            let delay = retry["delay"], let longest = retry["maxDelay"],
            let first = AttemptRules.nanoseconds(ofDuration: delay.text),
            let last = AttemptRules.nanoseconds(ofDuration: longest.text), first > last
        else { return [] }
        return [
            Diagnostic(
                .schemaViolation,
                "'delay' of parameter 'retry' must be at most its 'maxDelay', and '\(delay.text)' is longer",
                at: delay.range, related: [RelatedPlace(longest.range, "the longest wait is here")])
        ]
    }

    /// Reports a plugin's own parameter of such a name.
    static func checkNotDeclared(_ schema: JSONSchema, at node: LocatedNode?, into diagnostics: inout DiagnosticList) {
        guard let node, schema.properties.contains(where: { has($0.name) }) else { return }
        for property in schema.properties where has(property.name) {
            let key = node["properties"]?.entries.first { $0.key.text == property.name }?.key
            diagnostics.add(
                Diagnostic(
                    .invalidValue,
                    "'\(property.name)' is a parameter of every resource type and cannot be declared anew",
                    at: key?.range ?? node.headRange))
        }
    }
}
