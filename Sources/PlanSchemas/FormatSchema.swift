internal import CanonicalForm
internal import Diagnostics
internal import Explanations
package import Manifests
internal import PlanLanguage
internal import Project
internal import Reports
internal import Timings
internal import YAMLSource

/// The formats that have a schema of their own.
package enum FormatSchema: String, Sendable, CaseIterable {
    case plan, provider, plugin
    case bankPlugin = "bank-plugin"
    case project
    case timings
    case inventory
    case ir
    case diagnostics, diff

    /// The name of the schema's file in `schemas/`.
    package var fileName: String { "\(rawValue).schema.json" }

    /// The schema as it stands in `schemas/`.
    ///
    /// A provider's names the plugins and banks that this program has; a plan's takes every type, since which there
    /// are depends on its provider.
    package func text(_ known: @autoclosure () -> KnownManifests) -> String {
        switch self {
        case .plan:
            var tables = TableSchemas()
            return tables.schema(of: PlanFields.plan, id: id, title: "Cairn plan").printed
        case .provider: return FormatSchema.provider(known(), id: id)
        case .plugin:
            var tables = TableSchemas()
            return tables.schema(of: PluginFields.plugin, id: id, title: "Cairn plugin manifest").printed
        case .bankPlugin:
            var tables = TableSchemas()
            return tables.schema(of: PluginFields.bank, id: id, title: "Cairn bank manifest").printed
        case .project: return FormatSchema.project(id: id)
        case .timings:
            var tables = TableSchemas()
            return tables.schema(of: TimingsFields.timings, id: id, title: "Cairn timings").printed
        case .inventory:
            var tables = TableSchemas()
            return tables.schema(of: InventoryFields.inventory, id: id, title: "Cairn inventory").printed
        case .ir: return String(decoding: PackageResources.ir_schema_json, as: UTF8.self)
        case .diagnostics: return DiagnosticShapes.schema.prettyText
        case .diff: return String(decoding: PackageResources.diff_schema_json, as: UTF8.self)
        }
    }

    private var id: String { "urn:cairn:schema:\(rawValue):1" }

    /// The schema of plans for one provider: the types of its plugins, with their properties and parameters.
    package static func plan(for provider: ProviderManifest, _ plugins: [PluginManifest]) -> String {
        let types = OfferedTypes(plugins)
        var tables = TableSchemas()
        tables.replacements["plan.provider"] = [.init("const", .value(.string(provider.name.value)))]
        tables.replacements["resource.type"] = types.typeRule
        for phase in ParameterPhase.allCases {
            tables.replacements["plan.\(phase.key)"] = types.block(phase)
        }
        let conditions = types.conditions()
        if !conditions.isEmpty { tables.additions["resource"] = [.init("allOf", .array(conditions))] }
        tables.furtherDefinitions = types.definitions() + [.init("secret", ManifestSchema.secretDefinition)]
        let title = "Cairn plan for the provider '\(provider.name.value)'"
        return tables.schema(of: PlanFields.plan, id: nil, title: title).printed
    }

    private static func provider(_ known: KnownManifests, id: String) -> String {
        var tables = TableSchemas()
        tables.replacements["bank.plugin"] = [
            .init("enum", .texts(known.banks.map(\.name))),
            .init("enumDescriptions", .texts(known.banks.map(\.description))),
        ]
        var banks: [SchemaText] = []
        for bank in known.banks {
            guard let root = bank.config.written else { continue }
            let name = "\(bank.name).config"
            var schema = ManifestSchema(root: root, base: name)
            tables.furtherDefinitions.append(.init(name, schema.whole()))
            banks.append(
                when(
                    "plugin", is: bank.name, needs: bank.config.needsMembers ? ["config"] : [],
                    ["config": .object([.init("$ref", .value(.string("#/$defs/\(JSONPointer.escaped(name))")))])]))
        }
        tables.additions["bank"] = [.init("allOf", .array(banks))]
        let names: SchemaText = .object([
            .init("enum", .texts(known.plugins.map(\.name))),
            .init("enumDescriptions", .texts(known.plugins.map(\.description))),
        ])
        // Plugins that are not built in have manifests that this schema does not know.
        tables.replacements["plugin.name"] = [.init("anyOf", [names, ["type": "string"]])]
        var conditions: [SchemaText] = []
        for plugin in known.plugins {
            let types = OfferedTypes([plugin])
            let prefix = "\(plugin.name):"
            tables.furtherDefinitions += types.definitions(
                of: ParameterPhase.allCases.map { OfferedTypes.Slot($0) }, prefix: prefix)
            let blocks = ParameterPhase.allCases.map {
                SchemaText.Member($0.key, .object(types.block($0, prefix: prefix)))
            }
            conditions.append(when("name", is: plugin.name, needs: [], .object(blocks)))
        }
        tables.additions["plugin"] = [.init("allOf", .array(conditions))]
        tables.furtherDefinitions.append(.init("secret", ManifestSchema.secretDefinition))
        return tables.schema(of: ProviderManifest.fields, id: id, title: "Cairn provider manifest").printed
    }

    private static func project(id: String) -> String {
        let levels: SchemaText = .texts(LintLevel.allCases.map(\.rawValue))
        let lints = Explanation.all.filter { LintNames.isLint($0.code) }
        // By name first: names say what they are about.
        let names = lints.map { ($0.code.name, $0) } + lints.map { ($0.code.rawValue, $0) }
        let properties = names.map { name, lint in
            SchemaText.Member(name, ["description": .value(.string(lint.summary)), "enum": levels])
        }
        var tables = TableSchemas()
        tables.replacements["project.lints"] = [
            .init("type", "object"), .init("additionalProperties", false), .init("properties", .object(properties)),
        ]
        return tables.schema(of: ProjectFile.fields, id: id, title: "Cairn project").printed
    }

    /// What must hold of a mapping's keys when one of them has this value.
    private static func when(
        _ key: String, is value: String, needs: [String], _ properties: SchemaText
    ) -> SchemaText {
        var then: [SchemaText.Member] = []
        if !needs.isEmpty { then.append(.init("required", .texts(needs))) }
        then.append(.init("properties", properties))
        let condition: SchemaText = .object([
            .init("properties", .object([.init(key, ["const": .value(.string(value))])])),
            .init("required", .texts([key])),
        ])
        return ["if": condition, "then": .object(then)]
    }
}

/// The manifests that a schema of providers names.
package struct KnownManifests: Sendable {
    package let plugins: [PluginManifest]
    package let banks: [BankManifest]

    package init(plugins: [PluginManifest], banks: [BankManifest]) {
        self.plugins = plugins
        self.banks = banks
    }

    /// Those in the program.
    package static var builtin: KnownManifests {
        var catalogue = PluginCatalogue()
        var sources = SourceMap()
        var faults = DiagnosticList()
        return KnownManifests(
            plugins: catalogue.pluginNames.compactMap { catalogue.plugin($0, sources: &sources, into: &faults) },
            banks: catalogue.bankNames.compactMap { catalogue.bank($0, sources: &sources, into: &faults) })
    }
}
