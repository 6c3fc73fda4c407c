import CanonicalForm
import Manifests
package import PlanIR
import PlanLanguage
import YAMLSource

extension PlanUnit {
    /// What is known of the plan as a compiled plan that is there to be drawn only: it may have cycles, resources that no
    /// plugin takes (position -1), and no parameters.
    package var sketch: PlanIR {
        var parameterSets = parameterSets
        let none = parameterSets.position(of: JSONObject(), from: JSONObject())
        let dependents = resources.graph.lists
        let masks = resources.indices.map { resource in work(of: resource) }
        func activities(of operation: OperationKind) -> [ActivityGraph.Activity] {
            ActivityGraph.activities(working: masks.lazy.map { $0[operation.index] })
        }
        let first = ActivityGraph(activities: activities(of: .protect), ordering: dependents)
        return PlanIR(
            plan: name, description: plan.description,
            provider: PlanIR.ProviderBinding(
                name: provider?.name.value ?? plan.provider.value,
                digest: provider?.digest ?? SHA256Digest(of: [])),
            sources: [],
            plugins: plugins.map {
                PlanIR.PluginBinding(name: $0.name, version: $0.version, digest: $0.digest)
            },
            parameterSets: parameterSets.sets, parameterOrigins: parameterSets.origins,
            resources: resources.map { unit in
                let declaration = unit.declaration
                return PlanIR.Resource(
                    type: declaration.type.value, id: declaration.id.value,
                    name: declaration.name ?? declaration.id.value,
                    properties: declaration.properties?.jsonValue.objectValue ?? JSONObject(),
                    plugin: unit.plugin ?? -1,
                    parameters: OperationKind.withParameters.indices.map { phase in
                        phase < unit.parameters.count && unit.parameters[phase] >= 0 ? unit.parameters[phase] : none
                    },
                    dependents: unit.dependents.map(\.resource))
            },
            triggers: [], retention: JSONObject(), isEnabled: plan.isEnabled,
            graphs: OperationKind.allCases.map { operation in
                ActivityGraph(activities: activities(of: operation), orderedLike: first)
            })
    }

    /// The hooks with work of each operation; all where the plugin is not known.
    private func work(of resource: Int) -> [UInt8] {
        guard let support = support(ofType: resources.type(of: resource)) else {
            return OperationKind.allCases.map { _ in 0xF }
        }
        let set = resources.parameterSetsOf.isEmpty ? -1 : resources.parameterSetsOf[3 * resource]
        let parameters = set < 0 ? JSONObject() : parameterSets.sets[Int(set)]
        return support.operations.map { operation in
            Hook.allCases.reduce(0) { mask, hook in
                operation.isActive(hook, protectParameters: parameters) ? mask | 1 << hook.rawValue : mask
            }
        }
    }
}
