import Diagnostics
import PlanIR
import PlanLanguage
import YAMLSource

/// Checks the resource graph: no dependent twice, no cycle.
enum ResourceGraphPass {
    @Sendable static func run(_ compiler: inout Compiler) {
        for position in compiler.plans.indices {
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
                at: graph.range(of: edge), related: [RelatedPlace(graph.range(of: first), "it became one here")]))
    }

    /// Reports one cycle of each strongly connected component: the shortest through its first resource.
    private static func findCycles(_ unit: inout PlanUnit, _ diagnostics: inout DiagnosticList) {
        let lists = unit.resources.graph.lists
        guard lists.cycleMember != nil else { return }
        let components = StronglyConnected.components(
            count: lists.count, successors: { lists.span($0).count },
            successor: { Int(lists.targets[Int(lists.offsets[$0]) + $1]) })
        for component in components {
            let first = component[0]
            let isLoop = lists.span(first).contains { Int(lists.targets[$0]) == first }
            guard component.count > 1 || isLoop else { continue }
            unit.isAcyclic = false
            report(shortestCycle(through: first, within: component, unit), unit, &diagnostics)
        }
    }

    /// One step of a cycle: from a resource to the dependent at `edge` of its list.
    private struct Step {
        let resource: Int
        let edge: Int
    }

    private static func shortestCycle(through start: Int, within component: [Int], _ unit: PlanUnit) -> [Step] {
        let members = Set(component)
        var cameFrom: [Int: Step] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let resource = queue[next]
            next += 1
            for (edge, dependent) in unit.resources[resource].dependents.enumerated() {
                let target = Int(dependent.resource)
                guard members.contains(target), cameFrom[target] == nil else { continue }
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

    private static func report(_ cycle: [Step], _ unit: PlanUnit, _ diagnostics: inout DiagnosticList) {
        guard let first = cycle.first else { return }
        func name(_ resource: Int) -> String { unit.resources[resource].declaration.id.value }
        func edge(_ step: Step) -> (resource: Int32, range: SourceRange) {
            unit.resources[step.resource].dependents[step.edge]
        }
        if cycle.count == 1 {
            diagnostics.add(
                Diagnostic(
                    .dependencyCycle, "'\(name(first.resource))' depends on itself", at: edge(first).range))
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
                notes: ["take away one of these dependencies"]))
    }
}

/// Tarjan's strongly connected components, without recursion.
enum StronglyConnected {
    /// The components, each ascending, ordered by their first member.
    static func components(
        count: Int, successors: (Int) -> Int, successor: (Int, Int) -> Int
    ) -> [[Int]] {
        var index = [Int](repeating: -1, count: count)
        var low = [Int](repeating: 0, count: count)
        var onStack = [Bool](repeating: false, count: count)
        var stack: [Int] = []
        var calls: [(node: Int, next: Int)] = []
        var counter = 0
        var components: [[Int]] = []
        for root in 0..<count where index[root] < 0 {
            calls.append((root, 0))
            while let call = calls.last {
                let node = call.node
                if call.next == 0 {
                    index[node] = counter
                    low[node] = counter
                    counter += 1
                    stack.append(node)
                    onStack[node] = true
                }
                if call.next < successors(node) {
                    calls[calls.count - 1].next += 1
                    let target = successor(node, call.next)
                    if index[target] < 0 {
                        calls.append((target, 0))
                    } else if onStack[target] {
                        low[node] = min(low[node], index[target])
                    }
                    continue
                }
                calls.removeLast()
                if let parent = calls.last { low[parent.node] = min(low[parent.node], low[node]) }
                if low[node] == index[node] {
                    var component: [Int] = []
                    while let member = stack.popLast() {
                        onStack[member] = false
                        component.append(member)
                        if member == node { break }
                    }
                    components.append(component.sorted())
                }
            }
        }
        return components.sorted { $0[0] < $1[0] }
    }
}
