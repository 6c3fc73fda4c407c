import Diagnostics
import PlanIR
import PlanLanguage
import YAMLSource

/// Checks the resource graph: no dependent twice, no cycle.
enum ResourceGraphPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        compiler.forEachPlan { position, compiler in
            dropRepetitions(&compiler.plans[position], &compiler.diagnostics)
            findCycles(&compiler.plans[position], &compiler.diagnostics)
        }
    }

    private static func dropRepetitions(_ unit: inout PlanUnit, _ diagnostics: inout DiagnosticList) {
        let graph = unit.resources.graph
        var seenBy = [Int32](repeating: -1, count: unit.resources.count)
        var repeated: Set<Int> = []
        for parent in 0..<graph.lists.count {
            for edge in graph.lists.span(parent) {
                let child = Int(graph.lists.targets[edge])
                if seenBy[child] == Int32(parent) {
                    report(repetition: edge, of: parent, unit, &diagnostics)
                    repeated.insert(edge)
                }
                seenBy[child] = Int32(parent)
            }
        }
        if repeated.isEmpty { return }
        var kept: [ResourceGraph.Edge] = []
        for parent in 0..<graph.lists.count {
            for edge in graph.lists.span(parent) where !repeated.contains(edge) {
                kept.append(
                    ResourceGraph.Edge(
                        parent: Int32(parent), child: graph.lists.targets[edge], node: graph.nodes[edge]))
            }
        }
        unit.resources.graph = ResourceGraph(
            tree: unit.plan.resources.tree, edges: kept, count: unit.resources.count)
    }

    private static func report(
        repetition edge: Int, of parent: Int, _ unit: PlanUnit, _ diagnostics: inout DiagnosticList
    ) {
        let graph = unit.resources.graph
        let child = graph.lists.targets[edge]
        let first = graph.lists.span(parent).first { graph.lists.targets[$0] == child } ?? edge
        diagnostics.add(
            Diagnostic(
                .duplicateDependency,
                "'\(unit.resources[Int(child)].declaration.id.value)' is a dependent of '\(unit.resources[parent].declaration.id.value)' already",
                at: graph.range(of: edge), related: [RelatedPlace(graph.range(of: first), "it became one here")],
                suggestions: removal(of: graph.range(of: edge), from: unit.resources[parent].declaration)))
    }

    private static func removal(of range: SourceRange, from parent: ResourceDeclaration) -> [Suggestion] {
        let removed = parent.node["dependsOn"]?.removal(ofElementAt: range)
        return removed.map { [Suggestion("remove it", replacing: $0, with: "", isCertain: true)] } ?? []
    }

    /// The most edges that are looked at for the cycles of one plan: in a knot of thousands of cycles, the rest is told
    /// when some are mended.
    private static let maximumWork = 5_000_000

    /// Reports cycles that share no dependency, until none is left beside them: mending one leaves the others.
    ///
    /// Of each strongly connected component, the shortest cycle through its first resource is told; what is left of
    /// the component without the dependencies of that cycle is looked at in the same way.
    private static func findCycles(_ unit: inout PlanUnit, _ diagnostics: inout DiagnosticList) {
        let lists = unit.resources.graph.lists
        guard lists.cycleMember != nil else { return }
        let components = StronglyConnected.components(
            count: lists.count, successors: { lists.span($0).count },
            successor: { Int(lists.targets[Int(lists.offsets[$0]) + $1]) })
        var waiting = components.filter { component in
            component.count > 1 || lists.span(component[0]).contains { Int(lists.targets[$0]) == component[0] }
        }
        guard !waiting.isEmpty else { return }
        unit.isAcyclic = false
        var graph = RemainingGraph((0..<lists.count).map { lists.targets[lists.span($0)] }.map(Array.init))
        waiting.reverse()
        var work = 0
        while let component = waiting.popLast() {
            let cycle = graph.shortestCycle(through: component[0], within: component)
            work += component.reduce(0) { $0 + lists.span($1).count + 1 }
            let isLast = work > maximumWork
            report(
                cycle, unit, isLast ? ["there are more circles; they are told when some are mended"] : [], &diagnostics)
            if isLast { return }
            for step in cycle { graph.remove(step) }
            waiting += graph.cyclicComponents(of: component).reversed()
        }
    }

    /// One step of a cycle: from a resource to the dependent at `edge` of its list.
    private struct Step {
        let resource: Int
        let edge: Int
    }

    /// The resource graph without the dependencies that were reported.
    private struct RemainingGraph {
        private let dependents: [[Int32]]
        private var isRemoved: [[Bool]]
        /// The place of each resource among the members that are looked at, -1 for all others.
        private var positions: [Int32]

        init(_ dependents: [[Int32]]) {
            self.dependents = dependents
            isRemoved = Array(repeating: [], count: dependents.count)
            positions = Array(repeating: -1, count: dependents.count)
        }

        private func isLeft(_ resource: Int, _ edge: Int) -> Bool {
            isRemoved[resource].isEmpty || !isRemoved[resource][edge]
        }

        mutating func remove(_ step: Step) {
            if isRemoved[step.resource].isEmpty {
                isRemoved[step.resource] = Array(repeating: false, count: dependents[step.resource].count)
            }
            isRemoved[step.resource][step.edge] = true
        }

        /// The strongly connected components with a cycle among `members`, which ascend.
        mutating func cyclicComponents(of members: [Int]) -> [[Int]] {
            for (position, member) in members.enumerated() { positions[member] = Int32(position) }
            defer { for member in members { positions[member] = -1 } }
            let successors = members.map { member in
                dependents[member].indices.compactMap { edge -> Int? in
                    let position = positions[Int(dependents[member][edge])]
                    return position >= 0 && isLeft(member, edge) ? Int(position) : nil
                }
            }
            return StronglyConnected.components(
                count: members.count, successors: { successors[$0].count }, successor: { successors[$0][$1] }
            ).filter { $0.count > 1 || successors[$0[0]].contains($0[0]) }.map { $0.map { members[$0] } }
        }

        func shortestCycle(through start: Int, within component: [Int]) -> [Step] {
            let members = Set(component)
            var cameFrom: [Int: Step] = [:]
            var queue = [start]
            var next = 0
            while next < queue.count {
                let resource = queue[next]
                next += 1
                for (edge, dependent) in dependents[resource].enumerated() {
                    let target = Int(dependent)
                    guard isLeft(resource, edge), members.contains(target), cameFrom[target] == nil else { continue }
                    cameFrom[target] = Step(resource: resource, edge: edge)
                    if target == start {
                        var steps: [Step] = []
                        var at = start
                        repeat {
                            guard let step = cameFrom[at] else { return steps.reversed() }
                            steps.append(step)
                            at = step.resource
                        } while at != start
                        return steps.reversed()
                    }
                    queue.append(target)
                }
            }
            return []
        }
    }

    private static func report(
        _ cycle: [Step], _ unit: PlanUnit, _ notes: [String], _ diagnostics: inout DiagnosticList
    ) {
        guard let first = cycle.first else { return }
        func name(_ resource: Int) -> String { unit.resources[resource].declaration.id.value }
        func edge(_ step: Step) -> (resource: Int32, range: SourceRange) {
            unit.resources[step.resource].dependents[step.edge]
        }
        if cycle.count == 1 {
            diagnostics.add(
                Diagnostic(
                    .dependencyCycle, "'\(name(first.resource))' depends on itself", at: edge(first).range, notes: notes
                ))
            return
        }
        let path = (cycle.map { name($0.resource) } + [name(first.resource)]).joined(separator: " -> ")
        diagnostics.add(
            Diagnostic(
                .dependencyCycle, "resources depend on each other in a circle: \(path)", at: edge(first).range,
                label: "'\(name(first.resource))' needs '\(name(Int(edge(first).resource)))'",
                related: cycle.dropFirst().map { step in
                    RelatedPlace(
                        edge(step).range, "'\(name(step.resource))' needs '\(name(Int(edge(step).resource)))'")
                },
                notes: ["take away one of these dependencies"] + notes))
    }
}
