import CanonicalForm
import Diagnostics
import Manifests
import PathPatterns
import YAMLSource

/// Exclude patterns that leave nothing, and those that no plugin can read.
enum ExcludeLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        guard plan.hasTraits(where: { $0.excludePatterns != nil }) else { return }
        var seen: Set<Int> = []
        for resource in plan.resources {
            let traits = plan.traits(resource)
            guard let name = traits.excludePatterns, let parameters = plan.protectParameters(resource),
                seen.insert(parameters.number << 32 | plan.type(resource)).inserted,
                parameters.values[name]?.arrayValue?.isEmpty == false
            else { continue }
            let patterns = ExcludePatterns(traits, parameters.values)
            let place = plan.parameterLayers(resource, .protect).lazy.compactMap { $0.member(name) }.first
            for (position, fault) in patterns.faults {
                let element = place.flatMap { $0.count > position ? $0.elements[position] : nil }
                findings.add(
                    Diagnostic(
                        .malformedExclude, "\(fault)", at: element?.range ?? plan.place(resource),
                        notes: fault.advice.map { [$0] } ?? []))
            }
            if patterns.excludeEverything {
                findings.add(
                    Diagnostic(
                        .excludesEverything, "'\(name)' leaves out everything: nothing is saved",
                        at: place?.range ?? plan.place(resource),
                        notes: ["a pattern without a slash matches names at any depth"]))
            }
        }
    }
}
