internal import CanonicalForm
package import PlanIR

/// A plan drawn together with an older one: everything of both, with what became of it.
package struct PlanUnion: Sendable {
    /// The new plan, with the resources of the old one that it lacks behind its own. It is there to be drawn only.
    package let plan: PlanIR
    private let marks: [Marks]
    private let addedEdges: Set<Pair>
    private let removedEdges: Set<Pair>

    private struct Pair: Hashable {
        let parent: Int32
        let child: Int32
    }

    /// Compares plans by the identities of their resources.
    package init(old: PlanIR, new: PlanIR) {
        var positions: [String: Int32] = [:]
        for (position, resource) in new.resources.enumerated() { positions[resource.identity] = Int32(position) }
        // Position in the union of each resource of the old plan.
        var places: [Int32] = []
        var resources = new.resources
        var marks = [Marks](repeating: .added, count: new.resources.count)
        var masks = new.graphs.map { $0.workMasks(ofResources: new.resources.count) }
        let oldMasks = old.graphs.map { $0.workMasks(ofResources: old.resources.count) }
        var plan = new
        for (position, resource) in old.resources.enumerated() {
            if let place = positions[resource.identity] {
                places.append(place)
                let hooks = OperationKind.allCases.allSatisfy {
                    masks[$0.index][Int(place)] == oldMasks[$0.index][position]
                }
                let isSame = hooks && Self.isSame(old, position, new, Int(place))
                marks[Int(place)] = isSame ? [] : .changed
                continue
            }
            places.append(Int32(resources.count))
            marks.append(.removed)
            var kept = resource
            kept.dependents = []
            kept.plugin = Self.plugin(of: resource, in: old, among: &plan)
            kept.parameters = OperationKind.withParameters.map { operation in
                plan.parameterSets.append(old.parameters(of: position, for: operation))
                plan.parameterOrigins.append(old.parameterOrigins(of: position, for: operation))
                return Int32(plan.parameterSets.count - 1)
            }
            resources.append(kept)
            for operation in OperationKind.allCases {
                masks[operation.index].append(oldMasks[operation.index][position])
            }
        }
        var newEdges: Set<Pair> = []
        for (parent, resource) in new.resources.enumerated() {
            for child in resource.dependents { newEdges.insert(Pair(parent: Int32(parent), child: child)) }
        }
        var oldEdges: Set<Pair> = []
        var gone: Set<Pair> = []
        for (parent, resource) in old.resources.enumerated() {
            for child in resource.dependents {
                let pair = Pair(parent: places[parent], child: places[Int(child)])
                oldEdges.insert(pair)
                if !newEdges.contains(pair) {
                    gone.insert(pair)
                    resources[Int(pair.parent)].dependents.append(pair.child)
                }
            }
        }
        let dependents = DependentLists(resources.lazy.map(\.dependents))
        let first = ActivityGraph(activities: ActivityGraph.activities(working: masks[0]), ordering: dependents)
        plan.resources = resources
        plan.graphs = masks.map {
            ActivityGraph(activities: ActivityGraph.activities(working: $0), orderedLike: first)
        }
        self.plan = plan
        self.marks = marks
        addedEdges = newEdges.subtracting(oldEdges)
        removedEdges = gone
    }

    /// Marks in a drawing of `plan` what is new, gone or different.
    package func mark(_ drawing: inout Drawing) {
        for position in drawing.nodes.indices where drawing.nodes[position].resource >= 0 {
            drawing.nodes[position].marks.formUnion(marks[Int(drawing.nodes[position].resource)])
        }
        for position in drawing.edges.indices {
            let edge = drawing.edges[position]
            let from = drawing.nodes[Int(edge.from)].resource
            let to = drawing.nodes[Int(edge.to)].resource
            guard from >= 0, to >= 0 else { continue }
            let ends = marks[Int(from)].union(marks[Int(to)]).intersection([.added, .removed])
            // Prepare hooks of a child and the end of both lead from the child to the parent.
            let pairs = [Pair(parent: from, child: to), Pair(parent: to, child: from)]
            if from != to && pairs.contains(where: removedEdges.contains) {
                drawing.edges[position].marks.insert(.removed)
            } else if from != to && pairs.contains(where: addedEdges.contains) {
                drawing.edges[position].marks.insert(.added)
            } else if from == to {
                drawing.edges[position].marks.formUnion(ends)
            }
        }
    }

    /// How many resources are added, removed and changed.
    package var counts: (added: Int, removed: Int, changed: Int) {
        (
            marks.count { $0.contains(.added) }, marks.count { $0.contains(.removed) },
            marks.count { $0.contains(.changed) }
        )
    }

    private static func isSame(_ old: PlanIR, _ before: Int, _ new: PlanIR, _ after: Int) -> Bool {
        let (left, right) = (old.resources[before], new.resources[after])
        return left.name == right.name && left.properties == right.properties && left.discover == right.discover
            && pluginName(left, old) == pluginName(right, new)
            && OperationKind.withParameters.allSatisfy {
                old.parameters(of: before, for: $0) == new.parameters(of: after, for: $0)
            }
    }

    private static func pluginName(_ resource: PlanIR.Resource, _ plan: PlanIR) -> String? {
        resource.plugin < 0 ? nil : plan.plugins[Int(resource.plugin)].name
    }

    /// The plugin of a resource that only the old plan has.
    private static func plugin(of resource: PlanIR.Resource, in old: PlanIR, among plan: inout PlanIR) -> Int32 {
        guard resource.plugin >= 0 else { return -1 }
        let binding = old.plugins[Int(resource.plugin)]
        if let known = plan.plugins.firstIndex(where: { $0.name == binding.name }) { return Int32(known) }
        plan.plugins.append(binding)
        return Int32(plan.plugins.count - 1)
    }
}
