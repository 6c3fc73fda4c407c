package import Diagnostics
package import YAMLSource

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
        Builtin(name: "command", file: builtInPrefix + "command.plugin.yaml") { PackageResources.command_plugin_yaml },
        Builtin(name: "files", file: builtInPrefix + "files.plugin.yaml") { PackageResources.files_plugin_yaml },
        Builtin(name: "noop", file: builtInPrefix + "noop.plugin.yaml") { PackageResources.noop_plugin_yaml },
        Builtin(name: "service", file: builtInPrefix + "service.plugin.yaml") { PackageResources.service_plugin_yaml },
    ]
    /// The registry of banks.
    private static let builtinBanks = [
        Builtin(name: "directory", file: builtInPrefix + "directory.bank.yaml") { PackageResources.directory_bank_yaml }
    ]

    private let knownPlugins: [Builtin]
    private var plugins: [String: PluginManifest] = [:]
    private var banks: [String: BankManifest] = [:]
    /// The names of plugins and banks that documents declare, in order, with the places of the names.
    private var declaredPlugins: [Spanned<String>] = []
    private var declaredBanks: [Spanned<String>] = []

    /// The manifests in the binary, and further plugins by name and manifest.
    package init(adding further: [(name: String, manifest: SourceText)] = []) {
        knownPlugins =
            Self.builtinPlugins
            + further.map { plugin in
                Builtin(name: plugin.name, file: plugin.manifest.name) { plugin.manifest.bytes }
            }
    }

    /// The names of all plugins, in order.
    package var pluginNames: [String] { knownPlugins.map(\.name) + declaredPlugins.map(\.value) }
    /// The names of all banks, in order.
    package var bankNames: [String] { Self.builtinBanks.map(\.name) + declaredBanks.map(\.value) }

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

    /// Makes known what a document declares, a plugin or a bank that the program itself need not have; reports the
    /// manifest's faults, and a name that is taken.
    package mutating func declare(
        _ document: LocatedNode, _ kind: DocumentKind, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) {
        let name = document["name"].map { Spanned($0.text, at: $0.range) }
        switch kind {
        case .plugin:
            guard let manifest = PluginManifestDecoder.decodePlugin(document, into: &diagnostics), let name else {
                return
            }
            let builtin = knownPlugins.first { $0.name == name.value }
            guard isFree(name, "plugin", declaredPlugins, builtin, &sources, &diagnostics) else { return }
            declaredPlugins.append(name)
            plugins[name.value] = manifest
        case .bankPlugin:
            guard let manifest = PluginManifestDecoder.decodeBank(document, into: &diagnostics), let name else {
                return
            }
            let builtin = Self.builtinBanks.first { $0.name == name.value }
            guard isFree(name, "bank plugin", declaredBanks, builtin, &sources, &diagnostics) else { return }
            declaredBanks.append(name)
            banks[name.value] = manifest
        case .plan, .provider, .project, .timings, .inventory: return
        }
    }

    private func isFree(
        _ name: Spanned<String>, _ noun: String, _ declared: [Spanned<String>], _ builtin: Builtin?,
        _ sources: inout SourceMap, _ diagnostics: inout DiagnosticList
    ) -> Bool {
        if let first = declared.first(where: { $0.value == name.value }) {
            diagnostics.add(
                Diagnostic(
                    .duplicatePlugin, "the \(noun) '\(name.value)' is declared twice", at: name.range,
                    related: [RelatedPlace(first.range, "it is declared here first")]))
            return false
        }
        guard let builtin else { return true }
        let place = Self.document(builtin, &sources, &diagnostics)?["name"]?.range
        diagnostics.add(
            Diagnostic(
                .duplicatePlugin, "the \(noun) '\(name.value)' is built in and cannot be declared anew",
                at: name.range, related: place.map { [RelatedPlace($0, "the built-in one is here")] } ?? [],
                notes: ["give the plugin another name"]))
        return false
    }

    private static func document(
        _ builtin: Builtin, _ sources: inout SourceMap, _ diagnostics: inout DiagnosticList
    ) -> LocatedNode? {
        let text = SourceText(name: builtin.file, bytes: builtin.bytes())
        return YAMLParser.parse(text, as: sources.add(text), into: &diagnostics).documents.first
    }
}
