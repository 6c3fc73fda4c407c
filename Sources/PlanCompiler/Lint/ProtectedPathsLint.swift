import CanonicalForm
import Diagnostics
import Manifests
import YAMLSource

/// A path that two resources of a plan protect: the same one twice, or one inside the other.
enum ProtectedPathsLint {
    @Sendable static func run(_ plan: LintedPlan, _ findings: inout LintFindings) {
        var isRepeated = [Bool](repeating: false, count: plan.paths.count)
        for (entry, first) in plan.repeatedPaths {
            isRepeated[entry] = true
            report(.pathProtectedTwice, entry, first, plan, &findings)
        }
        var exclusions = Exclusions(plan)
        for entry in 0..<plan.paths.count where !isRepeated[entry] {
            for outer in plan.paths.enclosing(entry)
            where exclusions.includes(plan.paths.path(entry), below: outer) {
                report(.nestedPaths, entry, outer, plan, &findings)
                break
            }
        }
    }

    private static func report(
        _ code: DiagnosticCode, _ entry: Int, _ other: Int, _ plan: LintedPlan, _ findings: inout LintFindings
    ) {
        let resource = Int(plan.resourceOfPath[entry])
        let otherResource = Int(plan.resourceOfPath[other])
        guard let place = plan.protectedPath(resource)?.node, let otherPlace = plan.protectedPath(otherResource)?.node
        else { return }
        let path = AbsolutePath.text(Array(plan.paths.path(entry)))
        let otherPath = AbsolutePath.text(Array(plan.paths.path(other)))
        let owner = plan.identity(otherResource)
        findings.add(
            Diagnostic(
                code,
                code == .pathProtectedTwice
                    ? "'\(path)' is protected twice: '\(owner)' protects it, too"
                    : "'\(path)' lies inside '\(otherPath)', which '\(owner)' protects with all below it",
                at: place.range, related: [RelatedPlace(otherPlace.range, "'\(owner)' is here")],
                notes: [
                    code == .pathProtectedTwice
                        ? "it is saved twice, and a restore writes it twice; remove one of the two"
                        : "it is saved twice, and a restore writes it twice; exclude it from the outer one, or remove it"
                ]))
    }
}

/// What resources leave out below their paths.
struct Exclusions {
    private let plan: LintedPlan
    /// The patterns of each set of parameters, as far as they were asked for.
    private var known: [Key: ExcludePatterns] = [:]

    private struct Key: Hashable {
        let type: Int
        let parameters: Int
    }

    init(_ plan: LintedPlan) { self.plan = plan }

    /// Whether it is certain that the resource of the entry `outer` saves a directory at `path` below its own.
    mutating func includes(_ path: ArraySlice<UInt8>, below outer: Int) -> Bool {
        let resource = Int(plan.resourceOfPath[outer])
        guard let parameters = plan.protectParameters(resource) else { return false }
        let traits = plan.traits(resource)
        // Whether the path is on another file system is known where the plan runs.
        if let name = traits.oneFileSystem, parameters.values[name] == .bool(true) { return false }
        let key = Key(type: plan.type(resource), parameters: parameters.number)
        let patterns = known[key] ?? ExcludePatterns(traits, parameters.values)
        known[key] = patterns
        guard patterns.faults.isEmpty,
            let remainder = AbsolutePath.remainder(of: Array(path), below: Array(plan.paths.path(outer)))
        else { return false }
        return remainder.isEmpty || !patterns.exclude(remainder)
    }
}
