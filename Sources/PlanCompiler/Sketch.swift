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
        return PlanIR(
            plan: name, description: plan.description,
            provider: PlanIR.ProviderBinding(
                name: provider?.name.value ?? plan.provider.value, digest: provider?.digest ?? SHA256Digest(of: [])),
            sources: [], plugins: LowerPass.bindings(self), parameterSets: parameterSets.sets,
            parameterOrigins: parameterSets.origins,
            resources: resources.indices.map { position in
                var resource = LowerPass.resource(self, position)
                resource.parameters = OperationKind.withParameters.indices.map { phase in
                    phase < resource.parameters.count && resource.parameters[phase] >= 0
                        ? resource.parameters[phase] : none
                }
                return resource
            },
            triggers: [], retention: JSONObject(), isEnabled: plan.isEnabled, needsInventory: needsInventory,
            graphs: LowerPass.graphs(self))
    }
}
