import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import YAMLSource

/// Finds each plan's provider and, for each resource type, the one plugin of the provider that takes it.
enum BindPluginsPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            guard let provider = findProvider(of: position, &compiler) else { return }
            compiler.plans[position].provider = provider
            bind(position, provider, &compiler)
        }
    }

    private static func findProvider(of position: Int, _ compiler: inout Compiler) -> ProviderManifest? {
        let unit = compiler.plans[position]
        let name = unit.plan.provider
        let candidates = compiler.providers.entries(in: unit.providerPlaces)
        let found = candidates.filter { $0.manifest.name.value == name.value }
        guard let entry = found.first else {
            // A provider that could not be read may be the one: show why.
            compiler.diagnostics.merge(compiler.providers.unreadable)
            if unit.mayMissProviders || compiler.providers.isUnreadable(name.value) {
                compiler.plans[position].isFaulty = true
                return nil
            }
            let close = Similar.best(for: name.value, among: candidates.map(\.manifest.name.value))
            var notes: [String] = []
            if close == nil {
                let places = unit.providerDirectories
                notes.append(
                    places.isEmpty
                        ? "no provider directory was found; put the manifest in 'providers/' beside the plan, or name its directory with --providers"
                        : "looked in \(places.joined(separator: ", "))")
            }
            compiler.diagnostics.add(
                Diagnostic(
                    .unknownProvider, "there is no provider '\(name.value)'", at: name.range, notes: notes,
                    suggestions: close.map {
                        [Suggestion("did you mean '\($0)'?", replacing: name.range, with: $0)]
                    } ?? []))
            return nil
        }
        for second in found.dropFirst() {
            compiler.diagnostics.add(ComparePlansPass.duplicate(second.manifest, of: entry.manifest))
        }
        compiler.diagnostics.merge(entry.diagnostics)
        checkProvider(entry.manifest, &compiler)
        return entry.manifest
    }

    /// Checks a provider by itself: its plugins and bank exist, no type has two plugins, parameters fit.
    static func checkProvider(_ provider: ProviderManifest, _ compiler: inout Compiler) {
        var claims: [(type: String, use: ProviderManifest.PluginUse)] = []
        for use in provider.plugins {
            guard
                let plugin = compiler.catalogue.plugin(
                    use.name.value, sources: &compiler.sources, into: &compiler.diagnostics)
            else {
                reportUnknown("plugin", use.name, compiler.catalogue.pluginNames, &compiler.diagnostics)
                continue
            }
            for type in plugin.resourceTypes where type.type != PluginManifest.anyType {
                if let first = claims.first(where: { $0.type == type.type }) {
                    compiler.diagnostics.add(
                        Diagnostic(
                            .typeClaimedTwice,
                            "the plugins '\(first.use.name.value)' and '\(use.name.value)' both take '\(type.type)'",
                            at: use.name.range, related: [RelatedPlace(first.use.name.range, "the first is here")],
                            notes: ["a provider has one plugin for each resource type"]))
                }
                claims.append((type.type, use))
            }
            checkBlocks(use, plugin, &compiler.diagnostics)
        }
        checkLimits(provider, &compiler)
        guard
            let bank = compiler.catalogue.bank(
                provider.bankPlugin.value, sources: &compiler.sources, into: &compiler.diagnostics)
        else {
            reportUnknown("bank", provider.bankPlugin, compiler.catalogue.bankNames, &compiler.diagnostics)
            return
        }
        if provider.lacksBankConfig { return }
        let subject = Subject(.setting, of: "the bank '\(bank.name)'")
        let config: SchemaInstance =
            provider.bankConfig.map { .node($0) }
            ?? .merged(MergedMapping(entries: [], head: provider.bankPlugin.range))
        for fault in bank.config.validate(config, as: subject, partial: false) { compiler.diagnostics.add(fault) }
    }

    /// Limits are of plugins that the provider uses, and of types that one of them takes.
    private static func checkLimits(_ provider: ProviderManifest, _ compiler: inout Compiler) {
        if provider.lacksPlugins { return }
        let names = provider.plugins.map(\.name.value)
        for limit in provider.concurrency.plugins where !names.contains(limit.name.value) {
            let close = Similar.best(for: limit.name.value, among: names)
            compiler.diagnostics.add(
                Diagnostic(
                    .unknownPlugin, "the provider '\(provider.name.value)' does not use a plugin '\(limit.name.value)'",
                    at: limit.name.range,
                    notes: close == nil && !names.isEmpty ? ["it uses \(names.joined(separator: ", "))"] : [],
                    suggestions: close.map {
                        [Suggestion("did you mean '\($0)'?", replacing: limit.name.range, with: $0)]
                    } ?? []))
        }
        if provider.concurrency.types.isEmpty { return }
        var types: [String] = []
        for name in names {
            // What could not be found may take any type.
            guard
                let plugin = compiler.catalogue.plugin(
                    name, sources: &compiler.sources, into: &compiler.diagnostics), !plugin.takesEveryType
            else { return }
            types += plugin.resourceTypes.map(\.type)
        }
        for limit in provider.concurrency.types where !types.contains(limit.name.value) {
            let close = Similar.best(for: limit.name.value, among: types)
            compiler.diagnostics.add(
                Diagnostic(
                    .unknownResourceType,
                    "no plugin of the provider '\(provider.name.value)' takes the type '\(limit.name.value)'",
                    at: limit.name.range,
                    notes: close == nil && !types.isEmpty ? ["they take \(types.joined(separator: ", "))"] : [],
                    suggestions: close.map {
                        [Suggestion("did you mean '\($0)'?", replacing: limit.name.range, with: $0)]
                    } ?? []))
        }
    }

    private static func reportUnknown(
        _ noun: String, _ name: Spanned<String>, _ known: [String], _ diagnostics: inout DiagnosticList
    ) {
        let close = Similar.best(for: name.value, among: known)
        diagnostics.add(
            Diagnostic(
                .unknownPlugin, "there is no \(noun) '\(name.value)'", at: name.range,
                notes: close == nil ? ["there are: \(known.joined(separator: ", "))"] : [],
                suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: name.range, with: $0)] } ?? []
            ))
    }

    /// The provider's own parameters must fit by themselves, whether a plan uses them or not.
    private static func checkBlocks(
        _ use: ProviderManifest.PluginUse, _ plugin: PluginManifest, _ diagnostics: inout DiagnosticList
    ) {
        for block in use.parameters {
            let type = String(block.target.value.prefix { $0 != "#" })
            guard let support = plugin.resourceType(type) else {
                let types = plugin.resourceTypes.map(\.type)
                let close = Similar.best(for: type, among: types)
                diagnostics.add(
                    Diagnostic(
                        .unknownParameterTarget, "the plugin '\(plugin.name)' has no resource type '\(type)'",
                        at: block.target.range,
                        notes: close == nil ? ["its types are \(types.joined(separator: ", "))"] : [],
                        suggestions: close.map {
                            [Suggestion("did you mean '\($0)'?", replacing: block.target.range, with: $0)]
                        } ?? []))
                continue
            }
            let schema = support.operations[block.phase.rawValue].parameters
            for fault in CommonParameters.faults(in: block.values, schema, of: type) { diagnostics.add(fault) }
        }
    }

    // MARK: Binding

    private static func bind(_ position: Int, _ provider: ProviderManifest, _ compiler: inout Compiler) {
        var offered: [PluginManifest] = []
        for use in provider.plugins {
            if let plugin = compiler.catalogue.plugin(
                use.name.value, sources: &compiler.sources, into: &compiler.diagnostics)
            {
                offered.append(plugin)
            }
        }
        // A plugin that could not be found or read has been reported; what it would have taken is not known.
        let isComplete = offered.count == provider.plugins.count && !provider.lacksPlugins
        let units = compiler.plans[position].resources
        var bound = [PluginManifest]()
        let bindings = units.declarations.types.map { type in
            let plugin =
                offered.first { offer in offer.resourceTypes.contains { $0.type == type } }
                ?? offered.first { $0.takesEveryType }
            guard let plugin else { return Int32(-1) }
            let known = bound.firstIndex { $0.name == plugin.name }
            if known == nil { bound.append(plugin) }
            return Int32(known ?? bound.count - 1)
        }
        compiler.plans[position].plugins = bound
        compiler.plans[position].resources.pluginOfType = bindings
        if isComplete && bindings.contains(-1) {
            for unit in compiler.plans[position].resources where unit.plugin == nil {
                reportType(unit.declaration.type, offered, provider, &compiler)
            }
        }
        checkParents(compiler.plans[position], &compiler.diagnostics)
    }

    private static func reportType(
        _ type: Spanned<String>, _ offered: [PluginManifest], _ provider: ProviderManifest, _ compiler: inout Compiler
    ) {
        let types = offered.flatMap { $0.resourceTypes.map(\.type) }
        let close = Similar.best(for: type.value, among: types)
        var notes: [String] = []
        if close == nil {
            for name in compiler.catalogue.pluginNames where !offered.contains(where: { $0.name == name }) {
                let plugin = compiler.catalogue.plugin(
                    name, sources: &compiler.sources, into: &compiler.diagnostics)
                if plugin?.resourceTypes.contains(where: { $0.type == type.value }) == true {
                    notes.append("the plugin '\(name)' takes it; add it to the provider '\(provider.name.value)'")
                }
            }
            if notes.isEmpty {
                notes.append("the provider '\(provider.name.value)' takes \(types.joined(separator: ", "))")
            }
        }
        compiler.diagnostics.add(
            Diagnostic(
                .unknownResourceType,
                "no plugin of the provider '\(provider.name.value)' takes the type '\(type.value)'", at: type.range,
                notes: notes,
                suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: type.range, with: $0)] } ?? []
            ))
    }

    private static func checkParents(_ unit: PlanUnit, _ diagnostics: inout DiagnosticList) {
        let types = unit.resources.declarations.types
        let supports = types.indices.map { type -> PluginManifest.ResourceType? in
            unit.support(ofType: Int32(type))
        }
        // Most types may stand anywhere; of the others, each pair of types is looked at once.
        let goesAnywhere = supports.map { $0?.allows(parent: PluginManifest.anyType) ?? true }
        if goesAnywhere.allSatisfy({ $0 }) { return }
        var allowed: [TypePair: Bool] = [:]
        let graph = unit.resources.graph
        for parent in 0..<graph.lists.count {
            let parentType = unit.resources.type(of: parent)
            for edge in graph.lists.span(parent) {
                let child = Int(graph.lists.targets[edge])
                let childType = unit.resources.type(of: child)
                if goesAnywhere[Int(childType)] { continue }
                guard let support = supports[Int(childType)] else { continue }
                let pair = TypePair(parent: parentType, child: childType)
                let isAllowed = allowed[pair] ?? support.allows(parent: types[Int(parentType)])
                allowed[pair] = isAllowed
                if !isAllowed {
                    report(
                        unit.resources[child], below: unit.resources[parent], support, at: graph.range(of: edge),
                        &diagnostics)
                }
            }
        }
    }

    private struct TypePair: Hashable {
        let parent: Int32
        let child: Int32
    }

    private static func report(
        _ child: ResourceUnit, below parent: ResourceUnit, _ support: PluginManifest.ResourceType,
        at range: SourceRange, _ diagnostics: inout DiagnosticList
    ) {
        let parentType = parent.declaration.type
        diagnostics.add(
            Diagnostic(
                .parentNotAllowed,
                "a '\(child.declaration.type.value)' cannot be a dependent of a '\(parentType.value)'", at: range,
                related: [RelatedPlace(parentType.range, "the parent's type is here")],
                notes: [
                    support.parents.isEmpty
                        ? "it stands at the top level of a plan only"
                        : "it may stand below \(support.parents.joined(separator: ", "))"
                ]))
    }
}
