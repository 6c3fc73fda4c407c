import CanonicalForm
import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import Schedules
import YAMLSource

/// A plan as lints see it: its resources by position, with what their plugins say of them.
final class LintedPlan: Sendable {
    /// One trigger whose schedule could be read.
    struct Trigger: Sendable {
        let node: LocatedNode
        let operation: String
        let schedule: CronSchedule
        let cron: Spanned<String>
        let timezone: Spanned<String>?
        let window: Spanned<String>?
    }

    private let unit: PlanUnit
    /// What the plugins say of the types in use, by the types' numbers.
    private let supports: [PluginManifest.ResourceType?]
    private let traits: [ResourceTraits]

    let bank: BankManifest?
    let machine: MachineView
    /// The places of secrets that a schema has found already.
    let reportedSecrets: Set<SourceRange>
    let triggers: [Trigger]
    /// The paths that resources protect, and for each of its entries the resource.
    let paths: ProtectedPaths
    let resourceOfPath: [Int32]
    /// The entries whose path an earlier one has, with that one.
    let repeatedPaths: [(entry: Int, first: Int)]

    init(_ unit: PlanUnit, bank: BankManifest?, machine: MachineView, reportedSecrets: Set<SourceRange>) {
        self.unit = unit
        self.bank = bank
        self.machine = machine
        self.reportedSecrets = reportedSecrets
        triggers = (unit.plan.node["triggers"]?.elements ?? []).compactMap(LintedPlan.trigger)
        let supports = unit.resources.declarations.types.indices.map { unit.support(ofType: Int32($0)) }
        let traits = supports.map { $0?.traits ?? .none }
        self.supports = supports
        self.traits = traits
        var paths = ProtectedPaths()
        var resourceOfPath: [Int32] = []
        var repeatedPaths: [(entry: Int, first: Int)] = []
        if traits.contains(where: { $0.protectedPath != nil }) {
            unit.resources.declarations.tree.withView { view in
                for resource in unit.resources.indices {
                    let row = unit.resources.row(resource)
                    guard let name = traits[Int(row.type)].protectedPath, row.properties != TreeView.none,
                        let value = view.value(of: name, in: row.properties), view.kind(value) == .scalar,
                        let path = AbsolutePath.normalized(view.bytes(value))
                    else { continue }
                    let (entry, first) = paths.add(path)
                    resourceOfPath.append(Int32(resource))
                    if let first { repeatedPaths.append((entry, first)) }
                }
            }
        }
        self.paths = paths
        self.resourceOfPath = resourceOfPath
        self.repeatedPaths = repeatedPaths
    }

    private static func trigger(_ node: LocatedNode) -> Trigger? {
        func text(_ key: StaticString) -> Spanned<String>? { node[key].map { Spanned($0.text, at: $0.range) } }
        guard let cron = text("cron"), let operation = text("operation"),
            let schedule = try? CronSchedule(cron.value)
        else { return nil }
        return Trigger(
            node: node, operation: operation.value, schedule: schedule, cron: cron, timezone: text("timezone"),
            window: text("window"))
    }

    // MARK: The plan

    var plan: Plan { unit.plan }
    var provider: ProviderManifest? { unit.provider }
    var isAcyclic: Bool { unit.isAcyclic }

    /// The triggers that start `protect`.
    var protectTriggers: [Trigger] { triggers.filter { $0.operation == "protect" } }

    /// Whether any trait of the types in use fits; what no type has need not be looked for in each resource.
    func hasTraits(where fits: (ResourceTraits) -> Bool) -> Bool { traits.contains(where: fits) }

    /// Whether what a plugin says of any type in use fits.
    func hasSupport(where fits: (PluginManifest.ResourceType) -> Bool) -> Bool {
        supports.contains { $0.map(fits) ?? false }
    }

    // MARK: Resources

    var resources: Range<Int> { unit.resources.indices }

    /// The rows of the resources in the plan's tree.
    var rows: some Sequence<ResourceTable.Row> { unit.resources.indices.lazy.map { self.unit.resources.row($0) } }

    /// The number of the resource's type: resources of one type have the same traits.
    func type(_ resource: Int) -> Int { Int(unit.resources.type(of: resource)) }
    func traits(_ resource: Int) -> ResourceTraits { traits[type(resource)] }
    /// What the plugin says of the resource's type.
    func support(_ resource: Int) -> PluginManifest.ResourceType? { supports[type(resource)] }
    func identity(_ resource: Int) -> String { unit.resources.declaration(of: resource).identity }
    func place(_ resource: Int) -> SourceRange { node(unit.resources.row(resource).id)?.range ?? plan.name.range }
    func properties(_ resource: Int) -> LocatedNode? { node(unit.resources.row(resource).properties) }
    func dependents(_ resource: Int) -> ArraySlice<Int32> {
        let lists = unit.resources.graph.lists
        return resource < lists.count ? lists.targets[lists.span(resource)] : []
    }

    private func node(_ number: Int32) -> LocatedNode? {
        number == TreeView.none ? nil : unit.resources.declarations.tree.node(number)
    }

    /// Whether it has dependents, found or not.
    func namesDependents(_ resource: Int) -> Bool {
        let declaration = unit.resources.declaration(of: resource)
        return !dependents(resource).isEmpty || !declaration.dependsOn.isEmpty || declaration.node["discover"] != nil
            || declaration.node["resources"].map { $0.count > 0 } ?? false
    }

    /// A property by its name.
    func property(_ resource: Int, _ name: String) -> LocatedNode? { properties(resource)?.member(name) }

    /// The resource's own parameters for an operation.
    func ownParameters(_ resource: Int, _ phase: ParameterPhase) -> LocatedNode? {
        node(unit.resources.row(resource).parameters(phase))
    }

    /// The layers of parameters of a phase that concern a resource, the one that wins first.
    func parameterLayers(_ resource: Int, _ phase: ParameterPhase) -> [LocatedNode] {
        let declaration = unit.resources.declaration(of: resource)
        var layers = [ownParameters(resource, phase)].compactMap { $0 }
        let plugin = unit.resources.pluginOfType.isEmpty ? -1 : unit.resources.pluginOfType[type(resource)]
        guard plugin >= 0 else { return layers }
        let name = unit.plugins[Int(plugin)].name
        let use = provider?.plugins.first { $0.name.value == name }
        for blocks in [unit.plan.parameters, use?.parameters ?? []] {
            for target in [declaration.identity, declaration.type.value] {
                layers += blocks.filter { $0.phase == phase && $0.target.value == target }.map(\.values)
            }
        }
        return layers
    }

    /// The plugins that are bound, with what each is called.
    var plugins: [PluginManifest] { unit.plugins }

    /// The plugin that takes a type, if a resource of the type is bound to it.
    func support(ofType type: String) -> PluginManifest.ResourceType? {
        let plugin = unit.plugins.first { $0.resourceTypes.contains { $0.type == type } }
        return (plugin ?? unit.plugins.first { $0.takesEveryType })?.resourceType(type)
    }

    /// The resolved parameters of protect, and the number of their set; `nil` where they are not known.
    func protectParameters(_ resource: Int) -> (number: Int, values: JSONObject)? {
        let sets = unit.resources.parameterSetsOf
        guard !sets.isEmpty, sets[3 * resource] >= 0 else { return nil }
        let position = Int(sets[3 * resource])
        return (position, unit.parameterSets.sets[position])
    }

    /// Whether the resource is brought to a standstill for its dependents.
    func quiesces(_ resource: Int) -> Bool {
        traits(resource).quiesces.holds { property(resource, $0) != nil }
    }

    // MARK: Places

    /// Where the bank keeps its data, if that is a directory that the provider names.
    var bankPath: (path: [UInt8], node: LocatedNode)? {
        guard let name = bank?.storagePath, let node = provider?.bankConfig?.member(name), node.kind == .scalar,
            let path = AbsolutePath.normalized(node)
        else { return nil }
        return (path, node)
    }

    /// The path that a resource protects.
    func protectedPath(_ resource: Int) -> (path: [UInt8], node: LocatedNode)? {
        guard let name = traits(resource).protectedPath, let node = property(resource, name), node.kind == .scalar,
            let path = AbsolutePath.normalized(node)
        else { return nil }
        return (path, node)
    }
}

extension TreeView {
    /// The value of a key of a mapping.
    fileprivate func value(of name: String, in node: Int32) -> Int32? {
        guard kind(node) == .mapping else { return nil }
        for position in 0..<count(node) where bytes(key(node, position)).elementsEqual(name.utf8) {
            return value(node, position)
        }
        return nil
    }
}

extension LocatedNode {
    /// The value of a key of a mapping.
    func member(_ name: String) -> LocatedNode? {
        guard kind == .mapping else { return nil }
        for position in 0..<count {
            let entry = entry(position)
            if entry.key.withText({ $0.elementsEqual(name.utf8) }) { return entry.value }
        }
        return nil
    }
}

extension LocatedNode {
    /// The place of a key of a mapping.
    func place(ofKey name: StaticString) -> SourceRange? {
        entries.first { $0.key.textEquals(name) }?.key.range
    }
}
