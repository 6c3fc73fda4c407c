import CanonicalForm
package import Checkpoints
package import PlanIR
package import PluginKit

/// What is to be done with a checkpoint: with which of its resources, where to, and with what parameters.
package struct OperationRequest: Sendable, Hashable {
    package var target: RestoreTarget
    /// The positions of the resources, ascending; `nil` for all.
    package var resources: [Int]?
    /// What the command line sets, checked; those of types before those of single resources.
    package var parameters: [ParameterOverride]

    package init(
        target: RestoreTarget = RestoreTarget(directory: nil, overwrite: false), resources: [Int]? = nil,
        parameters: [ParameterOverride] = []
    ) {
        self.target = target
        self.resources = resources
        self.parameters = parameters
    }

    /// What an operation's record says that was asked for; throws `ExecutionError.damaged` for resources that the
    /// checkpoint does not have.
    package init(_ index: OperationIndex, of ir: PlanIR) throws {
        self.init(
            target: RestoreTarget(directory: index.target, overwrite: index.overwrite), parameters: index.parameters)
        guard !index.only.isEmpty else { return }
        let positions = Dictionary(
            ir.resources.enumerated().map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        resources = try index.only.map { identity in
            guard let position = positions[identity] else {
                throw ExecutionError.damaged(
                    OperationKeys(index.id).index, "the checkpoint has no resource '\(identity)'")
            }
            return position
        }.sorted()
    }
}

/// The plan of a checkpoint, narrowed to what one operation is asked for.
///
/// The graph keeps all activities and their order; those of resources that are left out have nothing to do.
package struct OperationPlan: Sendable {
    package let ir: PlanIR
    /// Whether each resource takes part.
    package let isIncluded: [Bool]

    /// Narrows `ir` for one kind of operation.
    package init(_ ir: PlanIR, _ kind: OperationKind, _ request: OperationRequest) {
        var included = [Bool](repeating: request.resources == nil, count: ir.resources.count)
        for position in request.resources ?? [] { included[position] = true }
        isIncluded = included
        var narrowed = ir
        if request.resources != nil {
            let graph = ir.graph(kind)
            narrowed.graphs[kind.index] = ActivityGraph(
                activities: graph.activities.map { activity in
                    var activity = activity
                    activity.isBarrier = activity.isBarrier || !included[Int(activity.resource)]
                    return activity
                }, orderedLike: graph)
        }
        narrowed.set(request.parameters, for: kind)
        self.ir = narrowed
    }

    /// How many resources take part.
    package var count: Int { isIncluded.reduce(0) { $0 + ($1 ? 1 : 0) } }

    /// Resources that are left out, have work in the operation, and stand above one that takes part: what they would do
    /// for it, such as standing still, is not done.
    func leftOutAbove(_ kind: OperationKind) -> [Int] {
        guard isIncluded.contains(false) else { return [] }
        return ir.resources.indices.filter { resource in
            !isIncluded[resource]
                && ir.resources[resource].dependents.contains { isIncluded[Int($0)] }
        }
    }
}

extension PlanIR {
    /// The positions of some resources and of all their dependents, ascending.
    package func withDependents(_ resources: [Int]) -> [Int] {
        let lists = dependentLists
        var isSeen = [Bool](repeating: false, count: self.resources.count)
        var waiting = resources
        while let next = waiting.popLast() {
            guard !isSeen[next] else { continue }
            isSeen[next] = true
            for child in lists.targets[lists.span(next)] { waiting.append(Int(child)) }
        }
        return isSeen.indices.filter { isSeen[$0] }
    }

    /// Sets parameters of an operation: first what is for types, then what is for single resources.
    fileprivate mutating func set(_ overrides: [ParameterOverride], for kind: OperationKind) {
        guard !overrides.isEmpty, kind.takesParameters else { return }
        struct Origin: Hashable {
            let set: Int32
            let overrides: [Int]
        }
        var known: [Origin: Int32] = [:]
        var byTarget: [String: [Int]] = [:]
        for (number, override) in overrides.enumerated() { byTarget[override.target, default: []].append(number) }
        for position in resources.indices {
            let resource = resources[position]
            let numbers = (byTarget[resource.type] ?? []) + (byTarget[resource.identity] ?? [])
            guard !numbers.isEmpty else { continue }
            let origin = Origin(set: resource.parameters[kind.index], overrides: numbers)
            let set =
                known[origin]
                ?? {
                    var values = parameterSets[Int(origin.set)]
                    for number in numbers { values[overrides[number].key] = overrides[number].value }
                    parameterSets.append(values)
                    parameterOrigins.append(JSONObject())
                    return Int32(parameterSets.count - 1)
                }()
            known[origin] = set
            resources[position].parameters[kind.index] = set
        }
    }
}
