import CanonicalForm
import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import YAMLSource

/// Resolves each resource's parameters, later layers winning key by key, and checks them and the properties against
/// the plugin's schemas.
///
/// Layers: schema defaults < provider < plan `TYPE` < plan `TYPE#ID` < the resource's own.
enum CheckParametersPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            guard let provider = compiler.plans[position].provider else { return }
            reportUnusedTargets(compiler.plans[position], &compiler.diagnostics)
            let layers = ParameterLayers(compiler.plans[position], provider)
            compiler.plans[position].plan.resources.tree.withView { view in
                var resolver = ParameterResolver(compiler.plans[position], layers, view)
                resolver.run(&compiler.diagnostics)
                resolver.finish(&compiler.plans[position])
            }
        }
    }

    private static func reportUnusedTargets(_ unit: PlanUnit, _ diagnostics: inout DiagnosticList) {
        // A target that is not there may be one of the resources that could not be read.
        if unit.plan.resources.isIncomplete { return }
        for block in unit.plan.parameters {
            let isIdentity = block.target.value.contains("#")
            let isUsed =
                isIdentity
                ? unit.resource(identity: block.target.value) != nil
                : unit.resources.declarations.types.contains(block.target.value)
            if isUsed || unit.mayFind(block.target.value) { continue }
            let names = unit.resources.map {
                isIdentity ? $0.declaration.identity : $0.declaration.type.value
            }
            let close = Similar.best(for: block.target.value, among: names)
            diagnostics.add(
                Diagnostic(
                    .unknownParameterTarget,
                    isIdentity
                        ? "these parameters are for '\(block.target.value)', and the plan has no such resource"
                        : "these parameters are for the type '\(block.target.value)', and the plan has no such resource",
                    at: block.target.range,
                    suggestions: close.map {
                        [Suggestion("did you mean '\($0)'?", replacing: block.target.range, with: $0)]
                    } ?? []))
        }
    }
}

/// The parameter blocks of a plan and its provider, by what they concern.
private struct ParameterLayers {
    /// The layers of one type, or of one resource: the provider's block and the plan's.
    private struct Pair {
        var provider: [LocatedNode] = []
        var plan: [LocatedNode] = []
    }

    private struct Target: Hashable {
        let number: Int32
        let phase: ParameterPhase
    }

    private var types: [Target: Pair] = [:]
    private var resources: [Target: Pair] = [:]

    init(_ unit: PlanUnit, _ provider: ProviderManifest) {
        if unit.plan.parameters.isEmpty && provider.plugins.allSatisfy(\.parameters.isEmpty) { return }
        let names = Dictionary(
            zip(unit.resources.declarations.types, unit.resources.declarations.types.indices),
            uniquingKeysWith: { first, _ in first })
        for use in provider.plugins {
            // A provider's block is for those resources that its plugin takes.
            guard let plugin = unit.plugins.firstIndex(where: { $0.name == use.name.value }) else { continue }
            for block in use.parameters {
                if let type = names[block.target.value] {
                    guard unit.resources.pluginOfType[type] == Int32(plugin) else { continue }
                    types[Target(number: Int32(type), phase: block.phase), default: Pair()].provider
                        .append(block.values)
                } else if let resource = unit.resource(identity: block.target.value) {
                    let type = Int(unit.resources.type(of: Int(resource)))
                    guard unit.resources.pluginOfType[type] == Int32(plugin) else { continue }
                    resources[Target(number: resource, phase: block.phase), default: Pair()].provider
                        .append(block.values)
                }
            }
        }
        for block in unit.plan.parameters {
            if let type = names[block.target.value] {
                types[Target(number: Int32(type), phase: block.phase), default: Pair()].plan.append(block.values)
            } else if let resource = unit.resource(identity: block.target.value) {
                resources[Target(number: resource, phase: block.phase), default: Pair()].plan.append(block.values)
            }
        }
    }

    /// Whether there is a layer for this resource alone.
    func areSpecific(_ resource: Int, _ phase: ParameterPhase) -> Bool {
        !resources.isEmpty && resources[Target(number: Int32(resource), phase: phase)] != nil
    }

    /// The layers of a resource below its own parameters, later ones winning.
    func layers(
        _ resource: Int, type: Int32, _ phase: ParameterPhase
    ) -> [(values: LocatedNode, origin: ParameterOrigin)] {
        let wide = types[Target(number: type, phase: phase)] ?? Pair()
        let specific = resources[Target(number: Int32(resource), phase: phase)] ?? Pair()
        return wide.provider.map { ($0, .provider) } + specific.provider.map { ($0, .providerResource) }
            + wide.plan.map { ($0, .plan) } + specific.plan.map { ($0, .planResource) }
    }
}

/// Works through the resources of one plan.
private struct ParameterResolver {
    private let unit: PlanUnit
    private let layers: ParameterLayers
    private let view: TreeView
    private var sets = ParameterSets()
    private var setsOf: [Int32] = []
    /// By type and phase: the set of all resources that say nothing themselves, or -1 while it is not known.
    private var common: [Int32]
    /// By type and phase: the sets of own parameters that were met and fit.
    private var known: [SubtreeTable]

    init(_ unit: PlanUnit, _ layers: ParameterLayers, _ view: TreeView) {
        self.unit = unit
        self.layers = layers
        self.view = view
        let kinds = unit.resources.declarations.types.count * ParameterPhase.allCases.count
        common = Array(repeating: -1, count: kinds)
        known = Array(repeating: SubtreeTable(), count: kinds)
        setsOf.reserveCapacity(unit.resources.count * ParameterPhase.allCases.count)
    }

    func finish(_ unit: inout PlanUnit) {
        unit.parameterSets = sets
        unit.resources.parameterSetsOf = setsOf
    }

    mutating func run(_ diagnostics: inout DiagnosticList) {
        let supports = unit.resources.declarations.types.indices.map { unit.support(ofType: Int32($0)) }
        let properties = supports.map { $0?.properties }
        for resource in unit.resources.indices {
            let row = unit.resources.row(resource)
            guard let schema = properties[Int(row.type)] else {
                for _ in ParameterPhase.allCases { setsOf.append(-1) }
                continue
            }
            checkProperties(resource, row, schema, &diagnostics)
            for phase in ParameterPhase.allCases {
                setsOf.append(position(resource, row, phase, supports, &diagnostics))
            }
        }
    }

    private func checkProperties(
        _ resource: Int, _ row: ResourceTable.Row, _ schema: JSONSchema, _ diagnostics: inout DiagnosticList
    ) {
        if row.properties != TreeView.none && schema.surelyAccepts(row.properties, in: view) { return }
        let declaration = unit.resources.declaration(of: resource)
        if declaration.lacksProperties { return }
        let instance: SchemaInstance =
            declaration.properties.map { .node($0) }
            ?? .merged(MergedMapping(entries: [], head: declaration.id.range))
        let subject = Subject(.property, of: declaration.type.value)
        for fault in schema.validate(instance, as: subject, partial: false) { diagnostics.add(fault) }
    }

    /// The position of a resource's resolved parameters for one operation.
    private mutating func position(
        _ resource: Int, _ row: ResourceTable.Row, _ phase: ParameterPhase,
        _ supports: [PluginManifest.ResourceType?], _ diagnostics: inout DiagnosticList
    ) -> Int32 {
        let own = row.parameters(phase)
        let kind = Int(row.type) * ParameterPhase.allCases.count + phase.rawValue
        let isSpecific = layers.areSpecific(resource, phase) || left(by: resource, phase) != nil
        if own == TreeView.none && !isSpecific {
            // What concerns all resources of a type is resolved once for all of them.
            if common[kind] < 0 { common[kind] = resolve(resource, own, phase, supports, &diagnostics).position }
            return common[kind]
        }
        let subtree = isSpecific ? nil : Subtree(own, in: view)
        if let subtree, let found = known[kind].find(subtree, in: view) { return found }
        let (position, fits) = resolve(resource, own, phase, supports, &diagnostics)
        // What does not fit is reported wherever it stands.
        if let subtree, fits { known[kind].insert(subtree, position) }
        return position
    }

    private mutating func resolve(
        _ resource: Int, _ own: Int32, _ phase: ParameterPhase, _ supports: [PluginManifest.ResourceType?],
        _ diagnostics: inout DiagnosticList
    ) -> (position: Int32, fits: Bool) {
        let type = unit.resources.type(of: resource)
        guard let schema = supports[Int(type)]?.operations[phase.rawValue].parameters else { return (-1, false) }
        let declaration = unit.resources.declaration(of: resource)
        let lower = layers.layers(resource, type: type, phase)
        var merged = MergedParameters(head: declaration.id.range)
        for layer in lower { merged.add(layer.values, from: layer.origin) }
        if let own = declaration.parameters(phase) { merged.add(own, from: .resource) }
        let isPlain = lower.isEmpty && own != TreeView.none && !CommonParameters.isAny(in: own, of: view)
        var faults: [Diagnostic] = []
        if !(isPlain && schema.surelyAccepts(own, in: view)) {
            faults = CommonParameters.faults(
                in: merged.mapping, schema, of: declaration.type.value, partial: false)
        }
        var values = merged.values(over: schema.defaults)
        var origins = merged.origins(of: values)
        if let left = left(by: resource, phase) {
            let isSound = faults.isEmpty
            let (names, unfit) = LeftParameters.append(left, to: &values, of: declaration, schema, judgesWhole: isSound)
            for name in names { origins[name] = .string(ParameterOrigin.inventory.rawValue) }
            faults += unfit
        }
        for fault in faults { diagnostics.add(fault) }
        return (sets.position(of: values, from: origins), faults.isEmpty)
    }

    /// What an inventory appends to the parameters of a resource.
    private func left(by resource: Int, _ phase: ParameterPhase) -> LocatedNode? {
        phase == .protect ? unit.discovery.parameters[Int32(resource)] : nil
    }
}

/// Parameters of several layers, the later winning.
private struct MergedParameters {
    private let head: SourceRange
    private var entries: [(key: LocatedNode, value: LocatedNode)] = []
    /// The layer of each entry.
    private var layers: [ParameterOrigin] = []

    init(head: SourceRange) { self.head = head }

    mutating func add(_ layer: LocatedNode, from origin: ParameterOrigin) {
        for entry in layer.entries {
            let name = entry.key.text
            if let position = entries.firstIndex(where: { $0.key.text == name }) {
                entries[position] = entry
                layers[position] = origin
            } else {
                entries.append(entry)
                layers.append(origin)
            }
        }
    }

    var mapping: MergedMapping { MergedMapping(entries: entries, head: head) }

    /// The layer that each of the resolved `values` came from.
    func origins(of values: JSONObject) -> JSONObject {
        var origins = JSONObject(
            values.members.map { ($0.key, .string(ParameterOrigin.schema.rawValue)) })
        for (entry, layer) in zip(entries, layers) { origins[entry.key.text] = .string(layer.rawValue) }
        return origins
    }

    func values(over defaults: JSONObject) -> JSONObject {
        var values = defaults
        for entry in entries { values[entry.key.text] = entry.value.jsonValue }
        return values
    }
}
