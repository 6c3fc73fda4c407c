import CanonicalForm
import Diagnostics
import Manifests
import PlanLanguage
import YAMLSource

/// Compares the plans and the providers of a run with each other.
enum ComparePlansPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        comparePlans(&compiler)
        compareProviders(&compiler)
    }

    /// A bank lists checkpoints by the names of their plans: of two plans with one name, nobody could tell whose they
    /// are, and the retention of the one would delete those of the other.
    private static func comparePlans(_ compiler: inout Compiler) {
        var byName: [String: [Int]] = [:]
        var banks: [BankPlace?] = []
        for (position, unit) in compiler.plans.enumerated() {
            let bank = unit.provider.map(BankPlace.init)
            banks.append(bank)
            let earlier = byName[unit.name] ?? []
            byName[unit.name, default: []].append(position)
            guard let first = earlier.first else { continue }
            if let bank, let other = earlier.first(where: { banks[$0] == bank }) {
                report(unit, writesTheBankOf: compiler.plans[other], &compiler.diagnostics)
                continue
            }
            compiler.diagnostics.add(
                Diagnostic(
                    .duplicatePlanName, "there is another plan '\(unit.name)'", at: unit.plan.name.range,
                    related: [RelatedPlace(compiler.plans[first].plan.name.range, "it is here")],
                    notes: ["their checkpoints are in different banks, but people will confuse them"]))
        }
    }

    private static func report(
        _ unit: PlanUnit, writesTheBankOf other: PlanUnit, _ diagnostics: inout DiagnosticList
    ) {
        var related = [RelatedPlace(other.plan.name.range, "the other plan is here")]
        if let one = unit.provider, let two = other.provider, one.name.range != two.name.range {
            related.append(RelatedPlace(two.bankPlugin.range, "its bank is this one"))
            related.append(RelatedPlace(one.bankPlugin.range, "and this is the same place"))
        }
        diagnostics.add(
            Diagnostic(
                .planTwiceInBank, "two plans write into one bank under the name '\(unit.name)'",
                at: unit.plan.name.range, related: related,
                notes: ["a bank tells checkpoints apart by the name of the plan; give each plan a name of its own"]))
    }

    /// Two providers of one name in one directory: no plan could say which one it means.
    private static func compareProviders(_ compiler: inout Compiler) {
        var first: [String: ProviderManifest] = [:]
        for entry in compiler.providers.entries {
            guard let directory = entry.directory else { continue }
            let key = "\(entry.manifest.name.value) \(directory)"
            guard let earlier = first[key] else {
                first[key] = entry.manifest
                continue
            }
            let sources = [entry.manifest, earlier].map(\.node.tree.source)
            if sources.contains(where: compiler.inputSources.contains) {
                compiler.diagnostics.add(duplicate(entry.manifest, of: earlier))
            }
        }
    }

    /// The report of two providers with one name.
    static func duplicate(_ second: ProviderManifest, of first: ProviderManifest) -> Diagnostic {
        Diagnostic(
            .duplicateProvider, "there is another provider '\(second.name.value)'", at: second.name.range,
            related: [RelatedPlace(first.name.range, "it is here")],
            notes: ["a plan names its provider, so that a name must be one provider's only"])
    }
}

/// Where a bank is: two providers that say the same write into one.
struct BankPlace: Hashable {
    private let plugin: String
    private let config: String

    init(_ provider: ProviderManifest) {
        plugin = provider.bankPlugin.value
        config = Self.normal(provider.bankConfig?.jsonValue ?? .object(JSONObject())).canonicalText
    }

    /// The value with its paths written in one way.
    private static func normal(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text) where text.hasPrefix("/"): .string(normalPath(text))
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, normal($0.value)) }))
        case .array(let values): .array(values.map(normal))
        default: value
        }
    }

    private static func normalPath(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
