package import CanonicalForm
package import Diagnostics
package import YAMLSource
import PlanIR

/// How and where a plan's resources are protected: the plugins, and one bank.
package struct ProviderManifest: Sendable {
    package let node: LocatedNode
    package let name: Spanned<String>
    package let description: String
    /// The name of the bank plugin.
    package let bankPlugin: Spanned<String>
    /// What the bank plugin is told, a mapping.
    package let bankConfig: LocatedNode?
    /// Whether there is a configuration that could not be read.
    package let lacksBankConfig: Bool
    package let plugins: [PluginUse]
    /// Whether there are plugins that could not be read.
    package let lacksPlugins: Bool
    /// The digest of the file that holds the manifest.
    package let digest: SHA256Digest

    /// A plugin that the provider uses, with the provider's parameters for it.
    package struct PluginUse: Sendable {
        package let name: Spanned<String>
        package let parameters: [ParameterBlock]
    }

    private static let fields = [
        Field("apiVersion", .text, required: true), Field("kind", .text, required: true),
        Field("name", .text, required: true), Field("description", .text), Field("bank", .mapping, required: true),
        Field("plugins", .sequence, required: true),
    ]
    private static let bankFields = [Field("plugin", .text, required: true), Field("config", .mapping)]
    private static let pluginFields = [
        Field("name", .text, required: true), Field("parameters", .mapping), Field("restoreParameters", .mapping),
        Field("verifyParameters", .mapping),
    ]

    /// Decodes the provider in `node`; `nil` when it has no name or bank to go on with.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> ProviderManifest? {
        let reader = FieldReader(node, as: "a provider", fields, allowsExtensions: true, into: &diagnostics)
        if let name = reader.text(2), let fault = NameRules.planFault(name.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(name.value)' is not a provider name", at: name.range, notes: [fault]))
        }
        let bank = reader[4].map { FieldReader($0, as: "a bank", bankFields, into: &diagnostics) }
        var uses: [PluginUse] = []
        var lacksPlugins = reader[5] == nil
        for element in reader[5]?.elements ?? [] {
            let plugin = FieldReader(element, as: "a plugin of a provider", pluginFields, into: &diagnostics)
            guard let name = plugin.text(0) else {
                lacksPlugins = true
                continue
            }
            if let first = uses.first(where: { $0.name.value == name.value }) {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "the plugin '\(name.value)' is here twice", at: name.range,
                        related: [RelatedPlace(first.name.range, "it is here first")]))
                continue
            }
            var blocks: [ParameterBlock] = []
            for phase in ParameterPhase.allCases {
                blocks += ParameterBlock.read(plugin[1 + phase.rawValue], phase: phase, into: &diagnostics)
            }
            uses.append(PluginUse(name: name, parameters: blocks))
        }
        guard let name = reader.text(2), let bank, let bankPlugin = bank.text(0) else { return nil }
        return ProviderManifest(
            node: node, name: name, description: reader.text(3)?.value ?? "", bankPlugin: bankPlugin,
            bankConfig: bank[1], lacksBankConfig: bank.isUnread(1), plugins: uses, lacksPlugins: lacksPlugins,
            digest: SHA256Digest(of: node.tree.text.bytes))
    }
}
