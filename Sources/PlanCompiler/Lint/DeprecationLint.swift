import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// Options that a plugin's manifest calls deprecated.
enum DeprecationLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        if plan.hasSupport(where: { schemas(of: $0).contains(where: \.hasDeprecations) }) {
            for resource in plan.resources {
                guard let support = plan.support(resource) else { continue }
                let values =
                    [plan.properties(resource)] + ParameterPhase.allCases.map { plan.ownParameters(resource, $0) }
                for (schema, node) in zip(schemas(of: support), values) {
                    if let node { report(node, schema, &findings) }
                }
            }
        }
        let blocks = plan.plan.parameters + (plan.provider?.plugins ?? []).flatMap(\.parameters)
        for block in blocks {
            let type = String(block.target.value.prefix { $0 != "#" })
            guard let support = plan.support(ofType: type) else { continue }
            report(block.values, support.operations[block.phase.rawValue].parameters, &findings)
        }
        if let config = plan.provider?.bankConfig, let schema = plan.bank?.config { report(config, schema, &findings) }
    }

    /// The schemas of the properties and of the parameters of each phase.
    private static func schemas(of support: PluginManifest.ResourceType) -> [JSONSchema] {
        [support.properties] + ParameterPhase.allCases.map { support.operations[$0.rawValue].parameters }
    }

    private static func report(_ node: LocatedNode, _ schema: JSONSchema, _ findings: inout LintFindings) {
        for use in schema.deprecatedUses(in: node) {
            let name = use.key.text
            var notes: [String] = []
            var suggestions: [Suggestion] = []
            if let replacement = use.replacement {
                if use.isReplaced {
                    notes.append("'\(replacement)', which is there, too, stands in its place")
                } else {
                    suggestions.append(
                        Suggestion(
                            "write '\(replacement)'", replacing: use.key.range, with: replacement, isCertain: true))
                }
            }
            findings.add(
                Diagnostic(
                    .deprecatedOption, "'\(name)' is deprecated", at: use.key.range, notes: notes,
                    suggestions: suggestions))
        }
    }
}
