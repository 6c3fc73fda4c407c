import Diagnostics
import Manifests
import PlanLanguage
import Project
import YAMLSource

/// Providers, plugins and parameters of providers that no plan uses. Only a run that covers a whole project can tell.
enum UnusedLint {
    static func run(_ compiler: Compiler, _ findings: inout LintFindings) {
        guard !compiler.plans.isEmpty else { return }
        // Where files were named, the plans that use a provider may be others.
        guard compiler.coversProject || compiler.inputs.allSatisfy(\.isFound) else { return }
        let given = Set(compiler.inputs.map(\.text.name))
        for entry in compiler.providers.entries where given.contains(entry.manifest.node.tree.text.name) {
            let provider = entry.manifest
            let users = compiler.plans.filter { $0.provider?.name.range == provider.name.range }
            if users.isEmpty {
                // A plan that names a provider that there is not may mean this one.
                guard compiler.plans.allSatisfy({ $0.provider != nil }) else { continue }
                findings.add(
                    Diagnostic(
                        .unusedProvider, "no plan uses the provider '\(provider.name.value)'", at: provider.name.range))
                continue
            }
            // A resource without plugin may mean any of them.
            let isBound = users.allSatisfy {
                !$0.resources.pluginOfType.isEmpty && !$0.resources.pluginOfType.contains(-1)
            }
            guard isBound else { continue }
            report(provider, users, &findings)
        }
    }

    private static func report(_ provider: ProviderManifest, _ users: [PlanUnit], _ findings: inout LintFindings) {
        for use in provider.plugins {
            guard users.contains(where: { uses($0, use.name.value) }) else {
                findings.add(
                    Diagnostic(
                        .unusedPlugin, "no plan needs the plugin '\(use.name.value)' of this provider",
                        at: use.name.range))
                continue
            }
            for block in use.parameters where !isUsed(block.target.value, by: users) {
                let names = users.flatMap { plan in
                    plan.resources.declarations.types + plan.resources.map { $0.declaration.identity }
                }
                let close = Similar.best(for: block.target.value, among: names)
                findings.add(
                    Diagnostic(
                        .unusedProviderParameters,
                        "these parameters are for '\(block.target.value)', and no plan has such a resource",
                        at: block.target.range,
                        suggestions: close.map {
                            [Suggestion("did you mean '\($0)'?", replacing: block.target.range, with: $0)]
                        } ?? []))
            }
        }
    }

    /// Whether a plan needs a plugin, be it for what may still be found.
    private static func uses(_ plan: PlanUnit, _ plugin: String) -> Bool {
        plan.plugins.contains { $0.name == plugin } || !plan.discovery.openTypes.isEmpty
    }

    private static func isUsed(_ target: String, by users: [PlanUnit]) -> Bool {
        users.contains { plan in
            plan.resources.declarations.types.contains(target) || plan.resource(identity: target) != nil
                || plan.mayFind(target)
        }
    }
}
