import CanonicalForm
import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// Resolves each resource's parameters, later layers winning key by key, and checks them and the properties against
/// the plugin's schemas.
///
/// Layers: schema defaults < provider < plan `TYPE` < plan `TYPE#ID` < the resource's own.
enum CheckParametersPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            guard compiler.plans[position].provider != nil else { return }
            reportUnusedTargets(compiler.plans[position], &compiler.diagnostics)
            resolve(&compiler.plans[position], &compiler.diagnostics)
        }
    }

    private static func reportUnusedTargets(_ unit: PlanUnit, _ diagnostics: inout DiagnosticList) {
        guard !unit.plan.parameters.isEmpty else { return }
        var targets: Set<String> = []
        for resource in unit.resources {
            targets.insert(resource.declaration.type.value)
            targets.insert(resource.declaration.identity)
        }
        for block in unit.plan.parameters where !targets.contains(block.target.value) {
            let isIdentity = block.target.value.contains("#")
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

    private static func resolve(_ unit: inout PlanUnit, _ diagnostics: inout DiagnosticList) {
        var blocks: [String: [ParameterBlock]] = [:]
        for use in unit.provider?.plugins ?? [] {
            for block in use.parameters { blocks["\(use.name.value) \(block.target.value)", default: []].append(block) }
        }
        for block in unit.plan.parameters { blocks[block.target.value, default: []].append(block) }
        // What concerns all resources of a type is resolved once for all of them, each phase by itself.
        var shared: [String: [Int32?]] = [:]
        for index in unit.resources.indices {
            let resource = unit.resources[index]
            guard let plugin = resource.plugin,
                let support = unit.plugins[Int(plugin)].resourceType(resource.declaration.type.value)
            else { continue }
            checkProperties(resource.declaration, support, &diagnostics)
            let type = resource.declaration.type.value
            let identity = resource.declaration.identity
            let layers = Layers(
                blocks, plugin: unit.plugins[Int(plugin)].name, type: type, identity: identity)
            var known = shared[type] ?? Array(repeating: nil, count: ParameterPhase.allCases.count)
            var positions: [Int32] = []
            for phase in ParameterPhase.allCases {
                let own = resource.declaration.parameters[phase.rawValue]
                let isShared = own == nil && !layers.isSpecific(phase)
                if isShared, let position = known[phase.rawValue] {
                    positions.append(position)
                    continue
                }
                let schema = support.operations[phase.rawValue].parameters
                var merged = MergedParameters(head: resource.declaration.id.range)
                for layer in layers.all where layer.phase == phase { merged.add(layer.values) }
                if let own { merged.add(own) }
                for fault in schema.validate(
                    .merged(merged.mapping), as: Subject(.parameter, of: type), partial: false)
                {
                    diagnostics.add(fault)
                }
                let position = unit.parameterSets.position(of: merged.values(over: schema.defaults))
                positions.append(position)
                if isShared { known[phase.rawValue] = position }
            }
            unit.resources[index].parameters = positions
            shared[type] = known
        }
    }

    /// The parameter blocks that concern one resource, in the order in which later ones win.
    private struct Layers {
        let all: [ParameterBlock]
        private let specific: [ParameterBlock]

        init(_ blocks: [String: [ParameterBlock]], plugin: String, type: String, identity: String) {
            guard !blocks.isEmpty else {
                all = []
                specific = []
                return
            }
            let providerSpecific = blocks["\(plugin) \(identity)"] ?? []
            let planSpecific = blocks[identity] ?? []
            specific = providerSpecific + planSpecific
            all = (blocks["\(plugin) \(type)"] ?? []) + providerSpecific + (blocks[type] ?? []) + planSpecific
        }

        func isSpecific(_ phase: ParameterPhase) -> Bool { specific.contains { $0.phase == phase } }
    }

    private static func checkProperties(
        _ declaration: ResourceDeclaration, _ support: PluginManifest.ResourceType, _ diagnostics: inout DiagnosticList
    ) {
        let subject = Subject(.property, of: declaration.type.value)
        let instance: SchemaInstance =
            declaration.properties.map { .node($0) }
            ?? .merged(MergedMapping(entries: [], head: declaration.id.range))
        for fault in support.properties.validate(instance, as: subject, partial: false) { diagnostics.add(fault) }
    }
}

/// Parameters of several layers, the later winning.
private struct MergedParameters {
    private let head: SourceRange
    private var entries: [(key: LocatedNode, value: LocatedNode)] = []

    init(head: SourceRange) { self.head = head }

    mutating func add(_ layer: LocatedNode) {
        for entry in layer.entries {
            let name = entry.key.text
            if let position = entries.firstIndex(where: { $0.key.text == name }) {
                entries[position] = entry
            } else {
                entries.append(entry)
            }
        }
    }

    var mapping: MergedMapping { MergedMapping(entries: entries, head: head) }

    func values(over defaults: JSONObject) -> JSONObject {
        var values = defaults
        for entry in entries { values[entry.key.text] = entry.value.jsonValue }
        return values
    }
}
