package import Diagnostics
import YAMLSource

/// The plugins and banks that this program knows, read from their manifests when they are first asked for.
package struct PluginCatalogue: Sendable {
    /// One manifest in the binary.
    private struct Builtin: Sendable {
        let name: String
        let file: String
        let bytes: @Sendable () -> [UInt8]
    }

    /// What the names of manifests in the binary begin with.
    static let builtInPrefix = "<built in>/"

    /// The registry: a new plugin is a line here and a manifest in `Builtin/`.
    private static let builtinPlugins = [
        Builtin(name: "files", file: builtInPrefix + "files.plugin.yaml") { PackageResources.files_plugin_yaml },
        Builtin(name: "noop", file: builtInPrefix + "noop.plugin.yaml") { PackageResources.noop_plugin_yaml },
    ]
    /// The registry of banks.
    private static let builtinBanks = [
        Builtin(name: "directory", file: builtInPrefix + "directory.bank.yaml") { PackageResources.directory_bank_yaml }
    ]

    private let knownPlugins: [Builtin]
    private var plugins: [String: PluginManifest] = [:]
    private var banks: [String: BankManifest] = [:]

    /// The manifests in the binary, and further plugins by name and manifest.
    package init(adding further: [(name: String, manifest: SourceText)] = []) {
        knownPlugins =
            Self.builtinPlugins
            + further.map { plugin in
                Builtin(name: plugin.name, file: plugin.manifest.name) { plugin.manifest.bytes }
            }
    }

    /// The names of all plugins, in order.
    package var pluginNames: [String] { knownPlugins.map(\.name) }
    /// The names of all banks, in order.
    package var bankNames: [String] { Self.builtinBanks.map(\.name) }

    /// The manifest of a plugin, `nil` when there is none of this name.
    package mutating func plugin(
        _ name: String, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) -> PluginManifest? {
        if let known = plugins[name] { return known }
        guard let found = knownPlugins.first(where: { $0.name == name }),
            let node = Self.document(found, &sources, &diagnostics),
            let manifest = PluginManifestDecoder.decodePlugin(node, into: &diagnostics)
        else { return nil }
        plugins[name] = manifest
        return manifest
    }

    /// The manifest of a bank plugin, `nil` when there is none of this name.
    package mutating func bank(
        _ name: String, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) -> BankManifest? {
        if let known = banks[name] { return known }
        guard let found = Self.builtinBanks.first(where: { $0.name == name }),
            let node = Self.document(found, &sources, &diagnostics),
            let manifest = PluginManifestDecoder.decodeBank(node, into: &diagnostics)
        else { return nil }
        banks[name] = manifest
        return manifest
    }

    private static func document(
        _ builtin: Builtin, _ sources: inout SourceMap, _ diagnostics: inout DiagnosticList
    ) -> LocatedNode? {
        let text = SourceText(name: builtin.file, bytes: builtin.bytes())
        return YAMLParser.parse(text, as: sources.add(text), into: &diagnostics).documents.first
    }
}
