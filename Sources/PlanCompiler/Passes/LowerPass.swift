import CanonicalForm
import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import YAMLSource

/// Makes the activity graphs of a plan without faults, one per operation, and, where it is wanted, the IR around them.
enum LowerPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        // An IR of a plan with faults would be a guess.
        for position in compiler.plans.indices
        where !compiler.plans[position].isFaulty && isComplete(compiler.plans[position]) {
            let graphs = graphs(compiler.plans[position])
            compiler.plans[position].graphs = graphs
            if compiler.makesIR { compiler.plans[position].ir = ir(compiler.plans[position], graphs) }
        }
    }

    private static func isComplete(_ unit: PlanUnit) -> Bool {
        unit.provider != nil && unit.isAcyclic && !unit.resources.pluginOfType.contains(-1)
            && unit.resources.parameterSetsOf.count == 3 * unit.resources.count
    }

    /// The graphs of all operations. Of a plan with faults they are there to be drawn: they may have cycles, and where no
    /// plugin is known every hook counts as work.
    static func graphs(_ unit: PlanUnit) -> [ActivityGraph] {
        let masks = hookMasks(unit)
        let dependents = unit.resources.graph.lists
        var graphs: [ActivityGraph] = []
        var work: [[UInt8]] = []
        for operation in OperationKind.allCases {
            let shift = UInt32(4 * operation.index)
            work.append(masks.map { UInt8(truncatingIfNeeded: $0 >> shift) & 0xF })
            // Operations with the same work share their activities, and all share one order.
            let same = graphs.indices.first { work[$0] == work[operation.index] }
            let activities =
                same.map { graphs[$0].activities } ?? ActivityGraph.activities(working: work[operation.index])
            graphs.append(
                graphs.first.map { ActivityGraph(activities: activities, orderedLike: $0) }
                    ?? ActivityGraph(activities: activities, ordering: dependents))
        }
        return graphs
    }

    /// For each resource the hooks in which its plugin has work: four bits for each operation.
    private static func hookMasks(_ unit: PlanUnit) -> [UInt32] {
        // They are the same for all resources of one type with one set of parameters.
        var known: [HookKey: UInt32] = [:]
        return unit.resources.indices.map { resource in
            let key = HookKey(
                type: unit.resources.type(of: resource),
                parameters: unit.resources.parameterSetsOf.isEmpty ? -1 : unit.resources.parameterSetsOf[3 * resource])
            if let mask = known[key] { return mask }
            let support = unit.support(ofType: key.type)
            let parameters = key.parameters < 0 ? JSONObject() : unit.parameterSets.sets[Int(key.parameters)]
            var mask: UInt32 = 0
            for operation in OperationKind.allCases {
                for hook in Hook.allCases
                where support?.operations[operation.index].isActive(hook, protectParameters: parameters) ?? true {
                    mask |= 1 << UInt32(4 * operation.index + Int(hook.rawValue))
                }
            }
            known[key] = mask
            return mask
        }
    }

    private struct HookKey: Hashable {
        let type: Int32
        let parameters: Int32
    }

    private static func ir(_ unit: PlanUnit, _ graphs: [ActivityGraph]) -> PlanIR? {
        guard let provider = unit.provider else { return nil }
        return PlanIR(
            plan: unit.plan.name.value, description: unit.plan.description,
            provider: PlanIR.ProviderBinding(name: provider.name.value, digest: provider.digest),
            sources: sources(unit, provider),
            plugins: bindings(unit),
            parameterSets: unit.parameterSets.sets, parameterOrigins: unit.parameterSets.origins,
            resources: unit.resources.indices.map { resource(unit, $0) },
            triggers: unit.plan.triggers, retention: unit.plan.retention,
            isEnabled: unit.plan.isEnabled, onFailure: unit.plan.onFailure,
            notifications: unit.plan.notifications.map(\.value), needsInventory: unit.needsInventory, graphs: graphs)
    }

    /// The files that the plan was compiled from.
    private static func sources(_ unit: PlanUnit, _ provider: ProviderManifest) -> [PlanIR.SourceDigest] {
        var sources = [
            PlanIR.SourceDigest(
                role: "plan", name: unit.plan.name.value, digest: SHA256Digest(of: unit.plan.node.tree.text.bytes)),
            PlanIR.SourceDigest(role: "provider", name: provider.name.value, digest: provider.digest),
        ]
        if let inventory = unit.discovery.inventory {
            sources.append(
                PlanIR.SourceDigest(
                    role: "inventory", name: inventory.plan.value,
                    digest: SHA256Digest(of: inventory.node.tree.text.bytes)))
        }
        return sources
    }

    /// The plugins that the plan's resources are bound to.
    static func bindings(_ unit: PlanUnit) -> [PlanIR.PluginBinding] {
        unit.plugins.map { PlanIR.PluginBinding(name: $0.name, version: $0.version, digest: $0.digest) }
    }

    /// A resource as the IR has it; what is not known of it is -1 or not there.
    static func resource(_ plan: PlanUnit, _ number: Int) -> PlanIR.Resource {
        let unit = plan.resources[number]
        let declaration = unit.declaration
        return PlanIR.Resource(
            type: declaration.type.value, id: declaration.id.value, name: declaration.name ?? declaration.id.value,
            properties: declaration.properties?.jsonValue.objectValue ?? JSONObject(), plugin: unit.plugin ?? -1,
            parameters: unit.parameters, dependents: unit.dependents.map(\.resource),
            discover: plan.discovery.selectors.isEmpty ? nil : plan.discovery.selectors[Int32(number)])
    }
}

/// Runs the IR's verifier over what the compiler made: over the IR, or over the graphs where no IR is wanted.
enum VerifyPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        for position in compiler.plans.indices where !compiler.plans[position].graphs.isEmpty {
            let unit = compiler.plans[position]
            do throws(IRFault) {
                if let ir = unit.ir {
                    try IRVerifier.verify(ir)
                } else {
                    try IRVerifier.verify(unit.graphs, dependents: unit.resources.graph.lists) { resource in
                        unit.resources[resource].declaration.identity
                    }
                }
            } catch {
                compiler.diagnostics.add(
                    Diagnostic(
                        .invalidIR, "the compiler made an unsound plan: \(error)", at: unit.plan.name.range,
                        notes: ["this is a fault of cairnc, please report it with the plan"]))
                compiler.plans[position].ir = nil
                compiler.plans[position].isFaulty = true
            }
        }
    }
}
