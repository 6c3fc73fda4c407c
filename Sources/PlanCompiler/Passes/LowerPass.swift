import CanonicalForm
import Diagnostics
import Manifests
import PlanIR
import PlanLanguage
import YAMLSource

/// Turns a plan without faults into its IR: resources with their bindings, and one activity graph per operation.
enum LowerPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        // An IR of a plan with faults would be a guess.
        guard !compiler.diagnostics.hasErrors else { return }
        for position in compiler.plans.indices {
            compiler.plans[position].ir = lower(compiler.plans[position])
        }
    }

    private static func lower(_ unit: PlanUnit) -> PlanIR? {
        guard let provider = unit.provider, unit.isAcyclic else { return nil }
        var resources: [PlanIR.Resource] = []
        resources.reserveCapacity(unit.resources.count)
        for resource in unit.resources {
            guard let plugin = resource.plugin, resource.parameters.count == 3 else { return nil }
            let declaration = resource.declaration
            resources.append(
                PlanIR.Resource(
                    type: declaration.type.value, id: declaration.id.value,
                    name: declaration.name ?? declaration.id.value,
                    properties: declaration.properties?.jsonValue.objectValue ?? JSONObject(), plugin: plugin,
                    parameters: resource.parameters, dependents: resource.dependents.map(\.resource)))
        }
        return PlanIR(
            plan: unit.plan.name.value, description: unit.plan.description,
            provider: PlanIR.ProviderBinding(name: provider.name.value, digest: provider.digest),
            sources: [
                PlanIR.SourceDigest(
                    role: "plan", name: unit.plan.name.value, digest: SHA256Digest(of: unit.plan.node.tree.text.bytes)),
                PlanIR.SourceDigest(role: "provider", name: provider.name.value, digest: provider.digest),
            ],
            plugins: unit.plugins.map {
                PlanIR.PluginBinding(name: $0.name, version: $0.version, digest: $0.digest)
            },
            parameterSets: unit.parameterSets.sets, resources: resources, triggers: unit.plan.triggers,
            retention: unit.plan.retention, isEnabled: unit.plan.isEnabled, graphs: graphs(unit, resources))
    }

    private static func graphs(_ unit: PlanUnit, _ resources: [PlanIR.Resource]) -> [ActivityGraph] {
        let edges = ActivityOrder.edges(dependents: resources.map(\.dependents))
        // Which hooks are active is the same for all resources of one type with one set of parameters.
        var masks: [HookKey: [[Bool]]] = [:]
        var activities = OperationKind.allCases.map { _ in
            var list: [ActivityGraph.Activity] = []
            list.reserveCapacity(resources.count * 4)
            return list
        }
        for (position, resource) in resources.enumerated() {
            let key = HookKey(plugin: resource.plugin, type: resource.type, parameters: resource.parameters[0])
            let mask: [[Bool]]
            if let known = masks[key] {
                mask = known
            } else {
                let support = unit.plugins[Int(resource.plugin)].resourceType(resource.type)
                let parameters = unit.parameterSets.sets[Int(resource.parameters[0])]
                mask = OperationKind.allCases.map { operation in
                    Hook.allCases.map { hook in
                        support?.operations[operation.index].isActive(hook, protectParameters: parameters) ?? false
                    }
                }
                masks[key] = mask
            }
            for operation in OperationKind.allCases {
                for hook in Hook.allCases {
                    activities[operation.index].append(
                        ActivityGraph.Activity(
                            resource: Int32(position), hook: hook,
                            isBarrier: !mask[operation.index][Int(hook.rawValue)]))
                }
            }
        }
        return activities.map { ActivityGraph(activities: $0, edges: edges) }
    }

    private struct HookKey: Hashable {
        let plugin: Int32
        let type: String
        let parameters: Int32
    }
}

/// Runs the IR's verifier over what the compiler made.
enum VerifyPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        for position in compiler.plans.indices {
            guard let ir = compiler.plans[position].ir else { continue }
            do {
                try IRVerifier.verify(ir)
            } catch {
                compiler.diagnostics.add(
                    Diagnostic(
                        .invalidIR, "the compiler made an unsound plan: \(error)",
                        at: compiler.plans[position].plan.name.range,
                        notes: ["this is a fault of cairnc, please report it with the plan"]))
                compiler.plans[position].ir = nil
            }
        }
    }
}
