package import Manifests
internal import CanonicalForm
internal import PlanIR

/// One resource type of one plugin: what the reference of plugins is made of.
package struct TypeEntry: Sendable {
    package let plugin: PluginManifest
    package let support: PluginManifest.ResourceType

    /// The type, or `*` for every type.
    package var type: String { support.type }

    /// The types of `plugins`, in their order; those that stand for every type come last.
    package static func all(of plugins: [PluginManifest]) -> [TypeEntry] {
        let entries = plugins.flatMap { plugin in
            plugin.resourceTypes.map { TypeEntry(plugin: plugin, support: $0) }
        }
        return entries.filter { $0.type != PluginManifest.anyType }
            + entries.filter { $0.type == PluginManifest.anyType }
    }

    // MARK: Words for every form of the reference

    /// One operation as the reference tells it.
    struct Operation {
        let kind: OperationKind
        let support: PluginManifest.OperationSupport

        /// Each hook with its conditions: `main`, `main when consistency is live`.
        var hooks: [String] { support.hooks.map { TypeEntry.words(for: $0) } }
    }

    /// The operations in their order.
    var operations: [Operation] {
        zip(OperationKind.allCases, support.operations).map { Operation(kind: $0, support: $1) }
    }

    /// Of what such a resource may be a dependent.
    var parentsText: String {
        if support.parents.contains(PluginManifest.anyType) { return "a resource of any type" }
        if support.parents.isEmpty { return "no other resource" }
        return support.parents.joined(separator: ", ")
    }

    /// What the compiler may conclude of such resources, as sentences without a stop.
    var traits: [String] {
        let traits = support.traits
        var words: [String] = []
        if let property = traits.protectedPath { words.append("everything below '\(property)' is saved") }
        if traits.savesNothing { words.append("nothing of it is saved") }
        if let condition = traits.copiedLive {
            words.append("copied while everything runs" + (condition.values.isEmpty ? "" : " when \(condition.words)"))
        }
        switch traits.quiesces {
        case .never: break
        case .always: words.append("stands still while its dependents are prepared")
        case .withProperty(let property):
            words.append("stands still while its dependents are prepared, when it has the property '\(property)'")
        }
        return words
    }

    /// What can be asked for where dependents are to be found; none when the plugin finds none.
    var selectorOptions: [JSONSchema.Property] {
        support.discovery.map { $0.selector.properties + Discovery.common.properties } ?? []
    }

    private static func words(for hook: PluginManifest.HookPresence) -> String {
        let conditions = hook.conditions.map { condition in
            let values = condition.values.map { $0.stringValue ?? $0.canonicalText }
            return "\(condition.parameter) is \(values.joined(separator: " or "))"
        }
        return hook.hook.name + (conditions.isEmpty ? "" : " when " + conditions.joined(separator: " and "))
    }
}

extension JSONSchema.Property {
    /// The type and what else is demanded, in a few words.
    var kindText: String { ([typeSummary] + limits).joined(separator: ", ") }

    /// That it is deprecated, and what to write instead.
    var deprecation: String? {
        guard isDeprecated else { return nil }
        return "deprecated" + (replacement.map { ": write '\($0)' instead" } ?? "")
    }

    /// The default as a plan would write it: simple text without quotes, all else as JSON.
    var defaultText: String? {
        guard let value = self.default else { return nil }
        if let text = value.stringValue, let first = text.unicodeScalars.first, first.properties.isAlphabetic,
            text.unicodeScalars.allSatisfy({
                $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-"
            })
        {
            return text
        }
        return value.canonicalText
    }
}
