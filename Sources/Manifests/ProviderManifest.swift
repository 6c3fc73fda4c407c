package import CanonicalForm
package import Diagnostics
package import PlanIR
package import YAMLSource

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
    /// How many activities may run at the same time.
    package let concurrency: ConcurrencyLimits
    /// How long a process that works on its bank counts as alive.
    package let leases: LeaseWindows
    /// Who is told how runs of its plans ended, each with its place.
    package let placedNotifications: [Spanned<PlanIR.Notification>]

    /// The digest of the file that holds the manifest. It is made when it is asked for: whoever only checks needs none.
    package var digest: SHA256Digest { SHA256Digest(of: node.tree.text.bytes) }

    /// Who is told how runs of its plans ended.
    package var notifications: [PlanIR.Notification] { placedNotifications.map(\.value) }

    /// A plugin that the provider uses, with the provider's parameters for it.
    package struct PluginUse: Sendable {
        package let name: Spanned<String>
        package let parameters: [ParameterBlock]
    }

    /// The keys of a provider.
    package static let fields = FieldTable(
        "a provider", definition: "provider",
        "How and where resources are protected: the plugins, and one bank.", allowsExtensions: true,
        [
            .apiVersion, .kind("Provider"),
            FieldTable.Row("name", .text(.providerName), required: true, "What plans call the provider."),
            FieldTable.Row("description", .text(), "What the provider is for, for people."),
            FieldTable.Row("bank", .a(bankFields), required: true, "Where checkpoints are kept."),
            FieldTable.Row(
                "plugins", .list(.a(pluginFields)), required: true, "The plugins that it uses, each once."),
            FieldTable.Row(
                "concurrency", .a(RunFields.concurrency), "How many steps may run at the same time."),
            .notify,
            FieldTable.Row("leases", .a(LeaseWindows.fields), "How long a silent process counts as alive."),
        ])

    /// The keys of a provider's bank.
    package static let bankFields = FieldTable(
        "a bank", definition: "bank", "Where checkpoints are kept.",
        [
            FieldTable.Row("plugin", .text(), required: true, "The name of a bank plugin."),
            FieldTable.Row("config", .mapping, "The settings of the bank."),
        ])

    /// The keys of one of a provider's plugins.
    package static let pluginFields = FieldTable(
        "a plugin of a provider", definition: "plugin", "A plugin that the provider uses.",
        [FieldTable.Row("name", .text(), required: true, "The name of the plugin.")] + FieldTable.Row.parameterBlocks)

    /// Decodes the provider in `node`; `nil` when it has no name or bank to go on with.
    package static func decode(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> ProviderManifest? {
        let reader = FieldReader(node, fields, into: &diagnostics)
        if let name = reader.text(2), let fault = NameRules.planFault(name.value) {
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(name.value)' is not a provider name", at: name.range, notes: [fault]))
        }
        let bank = reader[4].map { FieldReader($0, bankFields, into: &diagnostics) }
        var uses: [PluginUse] = []
        var lacksPlugins = reader[5] == nil
        for element in reader[5]?.elements ?? [] {
            let plugin = FieldReader(element, pluginFields, into: &diagnostics)
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
        let concurrency = ConcurrencyLimits.decode(reader[6], into: &diagnostics)
        let notifications = NotificationDecoder.decode(reader[7], into: &diagnostics)
        let leases = LeaseWindows.decode(reader[8], into: &diagnostics)
        guard let name = reader.text(2), let bank, let bankPlugin = bank.text(0) else { return nil }
        return ProviderManifest(
            node: node, name: name, description: reader.text(3)?.value ?? "", bankPlugin: bankPlugin,
            bankConfig: bank[1], lacksBankConfig: bank.isUnread(1), plugins: uses, lacksPlugins: lacksPlugins,
            concurrency: concurrency, leases: leases, placedNotifications: notifications)
    }
}
