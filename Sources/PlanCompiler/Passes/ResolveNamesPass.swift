import Diagnostics
import PlanIR
import PlanLanguage
import YAMLSource

/// Gives every resource its number, and finds what `dependsOn` names.
enum ResolveNamesPass {
    /// How many misspelt names of one plan get a suggestion: each one costs a look at all names.
    static let suggestionLimit = 50

    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            let tree = compiler.plans[position].plan.resources.tree
            tree.withView { view in
                var resolver = Resolver(compiler.plans[position], view)
                resolver.number(&compiler.diagnostics)
                resolver.addNested()
                resolver.addNamed(&compiler.diagnostics)
                resolver.finish(&compiler.plans[position])
            }
        }
    }

    private struct Resolver {
        private let declarations: ResourceTable
        private let view: TreeView
        private var units: ResourceUnits
        private var names: ResourceNames
        private var edges: [ResourceGraph.Edge] = []
        /// The resource behind each declaration; a second one of an identity stands for the first.
        private var resourceOf: [Int32] = []
        private var suggestions = 0
        /// Whether a name that no resource has may be that of one that is still to be found, and which those are.
        private let lacksFound: Bool
        private var openNames: [Int32] = []

        init(_ unit: PlanUnit, _ view: TreeView) {
            declarations = unit.plan.resources
            self.view = view
            units = unit.resources
            lacksFound = unit.lacksFound
            names = ResourceNames(capacity: declarations.count)
            units.declarationOf.reserveCapacity(declarations.count)
            resourceOf.reserveCapacity(declarations.count)
            edges.reserveCapacity(declarations.count)
        }

        func finish(_ unit: inout PlanUnit) {
            unit.resources = units
            unit.resources.graph = ResourceGraph(tree: declarations.tree, edges: edges, count: units.count)
            unit.names = names
            unit.discovery.openNames = openNames
        }

        mutating func number(_ diagnostics: inout DiagnosticList) {
            for position in declarations.indices {
                let row = declarations.rows[position]
                let number = Int32(units.declarationOf.count)
                if let first = names.insert(number, id: view.bytes(row.id), type: row.type) {
                    reportSecond(declarations[position], units.declaration(of: Int(first)), &diagnostics)
                    // What is nested in the second one belongs to the first.
                    resourceOf.append(first)
                    continue
                }
                if !isShort(row) { reportLength(declarations[position], &diagnostics) }
                resourceOf.append(number)
                units.declarationOf.append(Int32(position))
            }
        }

        /// Whether type and id together are short enough for a bank's keys, however they are written there.
        private func isShort(_ row: ResourceTable.Row) -> Bool {
            3 * (view.bytes(row.typeNode).count + 1 + view.bytes(row.id).count)
                <= NameRules.maximumEncodedIdentityLength
        }

        private func reportLength(_ declaration: ResourceDeclaration, _ diagnostics: inout DiagnosticList) {
            let identity = declaration.identity
            guard let fault = NameRules.identityFault(identity) else { return }
            diagnostics.add(
                Diagnostic(.invalidValue, "'\(identity)' is too long", at: declaration.id.range, notes: [fault]))
        }

        private func reportSecond(
            _ declaration: ResourceDeclaration, _ first: ResourceDeclaration, _ diagnostics: inout DiagnosticList
        ) {
            if declarations.isFound(declaration.position) || declarations.isFound(first.position) {
                return reportFound(declaration, first, &diagnostics)
            }
            diagnostics.add(
                Diagnostic(
                    .duplicateResource, "'\(declaration.identity)' is declared twice", at: declaration.id.range,
                    related: [RelatedPlace(first.id.range, "it is declared here first")],
                    notes: ["a resource that several others need is declared once and named in their 'dependsOn'"]))
        }

        /// Reports one resource that was found, and declared or found elsewhere, too.
        private func reportFound(
            _ declaration: ResourceDeclaration, _ first: ResourceDeclaration, _ diagnostics: inout DiagnosticList
        ) {
            let isSecond = declarations.isFound(declaration.position)
            let (found, other) = isSecond ? (declaration, first) : (first, declaration)
            let isTwice = declarations.isFound(other.position)
            func owner(_ found: ResourceDeclaration) -> String {
                found.parent.map { declarations[Int($0)].identity } ?? ""
            }
            diagnostics.add(
                Diagnostic(
                    .foundTwice,
                    isTwice
                        ? "'\(found.identity)' was found below '\(owner(other))' and below '\(owner(found))'"
                        : "'\(found.identity)' was found below '\(owner(found))', and is declared in the plan, too",
                    at: found.id.range,
                    related: [
                        RelatedPlace(other.id.range, isTwice ? "it was found here first" : "it is declared here")
                    ],
                    notes: [
                        isTwice
                            ? "let one of the two leave it out, by what it asks for in 'discover'"
                            : "let the plan declare it no more and give its parameters by TYPE#ID, or leave it out of "
                                + "what is discovered"
                    ]))
        }

        /// Nested dependents come first, in the order of the text, then those that are named.
        mutating func addNested() {
            for position in declarations.indices {
                let row = declarations.rows[position]
                let resource = resourceOf[position]
                // A second declaration has been reported; its place in the graph would only be noise.
                guard row.parent != ResourceTable.none, Int(units.declarationOf[Int(resource)]) == position else {
                    continue
                }
                edges.append(
                    ResourceGraph.Edge(parent: resourceOf[Int(row.parent)], child: resource, node: row.id))
            }
        }

        mutating func addNamed(_ diagnostics: inout DiagnosticList) {
            for position in declarations.indices {
                for target in declarations.targets(of: position) {
                    if let child = resource(named: target, &diagnostics) {
                        edges.append(ResourceGraph.Edge(parent: resourceOf[position], child: child, node: target))
                    }
                }
            }
        }

        /// The one resource that a target of `dependsOn` names; anything else is reported.
        private mutating func resource(named target: Int32, _ diagnostics: inout DiagnosticList) -> Int32? {
            let name = view.bytes(target)
            if name.contains(UInt8(ascii: "#")) {
                if let found = names.resource(identity: name, types: declarations.types) { return found }
                reportUnknown(target, &diagnostics)
                return nil
            }
            let found = names.resources(id: name)
            switch found.count {
            case 1: return found.first
            case 0: reportUnknown(target, &diagnostics)
            default: reportAmbiguous(target, &diagnostics)
            }
            return nil
        }

        private mutating func reportUnknown(_ target: Int32, _ diagnostics: inout DiagnosticList) {
            // It may be one of those that could not be read.
            if declarations.isIncomplete { return }
            // Or one of those that are not found yet: that is judged when the plugins are known.
            if lacksFound { return openNames.append(target) }
            suggestions += 1
            diagnostics.add(unknown(target, in: units, suggests: suggestions <= suggestionLimit))
        }

        private func reportAmbiguous(_ target: Int32, _ diagnostics: inout DiagnosticList) {
            let node = declarations.tree.node(target)
            let name = node.text
            let found = units.indices.map { units.declaration(of: $0) }.filter { $0.id.value == name }
            diagnostics.add(
                Diagnostic(
                    .ambiguousDependency, "'\(name)' is the id of \(found.count) resources", at: node.range,
                    related: found.map { RelatedPlace($0.id.range, "'\($0.identity)'") },
                    notes: ["name it by TYPE#ID"]))
        }
    }

    /// The report of a name that no resource has; to suggest one takes a look at all.
    static func unknown(_ target: Int32, in units: ResourceUnits, suggests: Bool) -> Diagnostic {
        let node = units.declarations.tree.node(target)
        let name = node.text
        let isIdentity = name.contains("#")
        var known: [String] = []
        if suggests {
            known = units.indices.map { resource in
                let declaration = units.declaration(of: resource)
                return isIdentity ? declaration.identity : declaration.id.value
            }
        }
        let close = Similar.best(for: name, among: known)
        return Diagnostic(
            .unknownDependency, "there is no resource '\(name)' in this plan", at: node.range,
            suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: node.range, with: $0)] } ?? [])
    }
}
