package import Manifests
import Diagnostics
import YAMLSource

/// A provider with the plugins that it uses.
package struct Offer: Sendable {
    package let provider: ProviderManifest
    /// The manifests of the plugins, in the provider's order; those that are not known are left out.
    package let plugins: [PluginManifest]
    /// The provider's name.
    package var name: String { provider.name.value }
}

extension Compiler {
    /// What the providers of one of the inputs offer; their faults are among the diagnostics.
    package mutating func offers(in file: String) -> [Offer] {
        providers.entries.map(\.manifest).filter { $0.node.tree.text.name == file }.map { provider in
            let plugins = provider.plugins.compactMap { use in
                catalogue.plugin(use.name.value, sources: &sources, into: &diagnostics)
            }
            return Offer(provider: provider, plugins: plugins)
        }
    }

    /// The manifests of all plugins that are known, in the order of the catalogue.
    package mutating func knownPlugins() -> [PluginManifest] {
        catalogue.pluginNames.compactMap { catalogue.plugin($0, sources: &sources, into: &diagnostics) }
    }
}
