package import CanonicalForm
package import Diagnostics
package import Engine
package import Manifests
package import PluginKit
import YAMLSource

/// A plugin that a provider uses, with its manifest.
package struct ProvidedPlugin: Sendable {
    package let loaded: LoadedPlugin
    package let manifest: PluginManifest

    package init(loaded: LoadedPlugin, manifest: PluginManifest) {
        self.loaded = loaded
        self.manifest = manifest
    }
}

/// One resource type that a provider takes, and the plugin that it takes it with.
package struct Protectable: Sendable {
    package let plugin: ProvidedPlugin
    package let support: PluginManifest.ResourceType

    /// The type, or `*` for every type.
    package var type: String { support.type }

    /// Of which types it may be a dependent; `*` for any.
    package var parents: [String] { support.parents }

    /// The types of the dependents that the plugin finds by itself.
    package var discovers: [String] { support.discovery?.types ?? [] }

    /// All that a provider takes, in the order of its plugins; those that stand for every type come last.
    package static func all(of plugins: [ProvidedPlugin]) -> [Protectable] {
        let all = plugins.flatMap { plugin in
            plugin.manifest.resourceTypes.map { Protectable(plugin: plugin, support: $0) }
        }
        return all.filter { $0.type != PluginManifest.anyType } + all.filter { $0.type == PluginManifest.anyType }
    }

    /// What a provider takes a resource type as; `nil` when it does not take it.
    package static func of(_ type: String, in plugins: [ProvidedPlugin]) -> Protectable? {
        let all = Protectable.all(of: plugins)
        return all.first { $0.type == type } ?? all.first { $0.type == PluginManifest.anyType }
    }

    /// The instances of the type on this host; `nil` when the plugin cannot tell.
    package func instances() async throws -> [ProtectableInstance]? {
        guard let discovering = plugin.loaded.plugin as? any DiscoveringPlugin, type != PluginManifest.anyType else {
            return nil
        }
        return try await discovering.instances(of: type)
    }

    /// What is wrong with properties that were given as JSON, `nil` when nothing is.
    package func faults(in properties: JSONObject) -> (faults: DiagnosticList, sources: SourceMap)? {
        var sources = SourceMap()
        var faults = DiagnosticList()
        let text = SourceText(name: "properties", bytes: Array(JSONValue.object(properties).canonicalText.utf8))
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &faults)
        guard let node = tree.documents.first else { return faults.hasErrors ? (faults, sources) : nil }
        for fault in support.properties.validate(
            .node(node), as: Subject(.property, of: type), partial: false)
        { faults.add(fault) }
        return faults.hasErrors ? (faults, sources) : nil
    }
}
