package import Manifests
import Diagnostics
import Project
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

    /// Before a run: finds the manifests of plugins and banks that lie in `directories`. One that is not there is
    /// reported if it is among `given`.
    package mutating func findPlugins(in directories: [String], given: [String]) {
        let known = Set(inputs.compactMap { files.identity(of: $0.text.name) })
        // The providers that lie there are none of this run's business.
        var found = ProviderDirectory()
        for directory in given + directories {
            found.read(
                directory, isGiven: given.contains(directory), except: known, files: files, sources: &sources,
                into: &diagnostics)
        }
        providers.takePlugins(of: found)
    }

    /// The manifests of all plugins that are known, in the order of the catalogue.
    package mutating func knownPlugins() -> [PluginManifest] {
        catalogue.pluginNames.compactMap { catalogue.plugin($0, sources: &sources, into: &diagnostics) }
    }
}
