package import CanonicalForm
package import Diagnostics
package import YAMLSource

/// What dependents a plugin finds below resources of a type, and what of them can be asked for.
package struct Discovery: Sendable {
    /// The resource types of the dependents.
    package let types: [String]
    /// What the plugin can be asked for; `atLeast` is every plugin's, and in none of these schemas.
    package let selector: JSONSchema

    /// The key of every selector: how many dependents must be found, at least.
    package static let atLeast = "atLeast"
    /// The schema of what every selector may have.
    package static let common = JSONSchema.commonSelector

    /// Whether the plugin can find dependents of `type`.
    package func finds(_ type: String) -> Bool { types.contains(type) }

    /// What of a selector does not fit, one diagnostic per fault; `owner` is the type that it is for.
    package func faults(in selector: LocatedNode, of owner: String) -> [Diagnostic] {
        var own = MergedMapping(entries: [], head: selector.headRange)
        var common = own
        var faults: [Diagnostic] = []
        let names = self.selector.properties.map(\.name) + [Self.atLeast]
        for entry in selector.entries {
            let name = entry.key.text
            if name == Self.atLeast {
                common.entries.append(entry)
            } else if self.selector.isOpen || Similar.best(for: name, among: names) != Self.atLeast {
                own.entries.append(entry)
            } else {
                let suggestions = FieldSuggestions.forKey(entry.key, among: names, in: selector)
                faults.append(
                    Diagnostic(
                        .unknownParameter, "unknown setting '\(name)' of discover", at: entry.key.range,
                        suggestions: suggestions))
            }
        }
        let subject = Subject(.setting, of: "discover of \(owner)")
        faults += self.selector.validate(.merged(own), as: subject, partial: false)
        faults += Self.common.validate(.merged(common), as: subject, partial: false)
        return faults
    }

    /// What a selector asks for, defaults filled in; without one, what `discover: true` does.
    package func resolved(_ selector: LocatedNode?) -> JSONObject {
        var values = Self.common.defaults
        for member in self.selector.defaults.members { values[member.key] = member.value }
        for entry in selector?.entries ?? [] { values[entry.key.text] = entry.value.jsonValue }
        return values
    }
}

/// Reads the `discovery` of resource types.
enum DiscoveryDecoder {
    static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> Discovery? {
        let reader = FieldReader(node, PluginFields.discovery, into: &diagnostics)
        guard let list = reader[0] else { return nil }
        var types: [String] = []
        for element in list.elements where !element.isFaulty {
            guard element.kind == .scalar else {
                diagnostics.add(
                    Diagnostic(
                        .wrongType, "'types' of a discovery names resource types, not \(element.shapeWords)",
                        at: element.headRange))
                continue
            }
            let fault = TextRule.resourceType.fault(element.text)
            if let fault {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "'\(element.text)' is not a resource type", at: element.range, notes: [fault]))
            } else if !types.contains(element.text) {
                types.append(element.text)
            }
        }
        if list.count == 0 {
            diagnostics.add(
                Diagnostic(.invalidValue, "a discovery without types finds nothing", at: list.headRange))
        }
        let selector = reader[1].map { JSONSchema(compiling: $0, into: &diagnostics) } ?? JSONSchema.nothing
        if let clash = reader[1]?["properties"]?.entries.first(where: { $0.key.text == Discovery.atLeast }) {
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "'\(Discovery.atLeast)' is a setting of every selector and cannot be declared anew",
                    at: clash.key.range))
        }
        return types.isEmpty ? nil : Discovery(types: types, selector: selector)
    }
}
