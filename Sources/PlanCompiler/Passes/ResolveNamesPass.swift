import Diagnostics
import PlanIR
import PlanLanguage
import YAMLSource

/// Gives every resource its number, and finds what `dependsOn` names.
enum ResolveNamesPass {
    /// How many misspelt names of one plan get a suggestion: each one costs a look at all names.
    private static let suggestionLimit = 50

    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            resolve(&compiler.plans[position], &compiler.diagnostics)
        }
    }

    private static func resolve(_ unit: inout PlanUnit, _ diagnostics: inout DiagnosticList) {
        let declarations = unit.plan.resources
        var byIdentity: [String: Int32] = [:]
        byIdentity.reserveCapacity(declarations.count)
        var byID: [String: [Int32]] = [:]
        byID.reserveCapacity(declarations.count)
        unit.resources.reserveCapacity(declarations.count)
        unit.unitOfDeclaration.reserveCapacity(declarations.count)
        for declaration in declarations {
            let identity = declaration.identity
            if let first = byIdentity[identity] {
                diagnostics.add(
                    Diagnostic(
                        .duplicateResource, "'\(identity)' is declared twice", at: declaration.id.range,
                        related: [
                            RelatedPlace(
                                unit.resources[Int(first)].declaration.id.range, "it is declared here first")
                        ],
                        notes: ["a resource that several others need is declared once and named in their 'dependsOn'"]))
                // What is nested in the second one belongs to the first.
                unit.unitOfDeclaration.append(first)
                continue
            }
            if let fault = NameRules.identityFault(identity) {
                diagnostics.add(
                    Diagnostic(.invalidValue, "'\(identity)' is too long", at: declaration.id.range, notes: [fault]))
            }
            let number = Int32(unit.resources.count)
            byIdentity[identity] = number
            byID[declaration.id.value, default: []].append(number)
            unit.unitOfDeclaration.append(number)
            unit.resources.append(ResourceUnit(declaration: declaration))
        }

        // Nested dependents first, in the order of the text, then those that are named.
        for (position, declaration) in declarations.enumerated() {
            guard let parent = declaration.parent, let child = unit.unitOfDeclaration[position],
                let parentUnit = unit.unitOfDeclaration[Int(parent)],
                // A second declaration has been reported; its place in the graph would only be noise.
                unit.resources[Int(child)].declaration.node.index == declaration.node.index
            else { continue }
            unit.resources[Int(parentUnit)].dependents.append((child, declaration.id.range))
        }
        var suggestions = 0
        for (position, declaration) in declarations.enumerated() {
            guard let own = unit.unitOfDeclaration[position] else { continue }
            for target in declaration.dependsOn {
                let found: [Int32]
                if target.value.contains("#") {
                    found = byIdentity[target.value].map { [$0] } ?? []
                } else {
                    found = byID[target.value] ?? []
                }
                switch found.count {
                case 1: unit.resources[Int(own)].dependents.append((found[0], target.range))
                case 0:
                    suggestions += 1
                    let names =
                        suggestions > suggestionLimit
                        ? []
                        : unit.resources.map {
                            target.value.contains("#") ? $0.declaration.identity : $0.declaration.id.value
                        }
                    let close = Similar.best(for: target.value, among: names)
                    diagnostics.add(
                        Diagnostic(
                            .unknownDependency, "there is no resource '\(target.value)' in this plan", at: target.range,
                            suggestions: close.map {
                                [Suggestion("did you mean '\($0)'?", replacing: target.range, with: $0)]
                            } ?? []))
                default:
                    diagnostics.add(
                        Diagnostic(
                            .ambiguousDependency, "'\(target.value)' is the id of \(found.count) resources",
                            at: target.range,
                            related: found.map {
                                let resource = unit.resources[Int($0)].declaration
                                return RelatedPlace(resource.id.range, "'\(resource.identity)'")
                            },
                            notes: ["name it by TYPE#ID"]))
                }
            }
        }
    }
}
