/// What is wrong with an IR, with the place in it.
package struct IRFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where, such as `operations.protect.edges[12]`.
    package let place: String
    package let reason: String

    package init(_ place: String, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(place): \(reason)" }
}

/// Checks that an IR is sound: the compiler runs it on what it wrote, the executor on what it loads.
package enum IRVerifier {
    /// Throws the first fault.
    package static func verify(_ ir: PlanIR) throws(IRFault) {
        try verifyNames(ir)
        try verifyResources(ir)
        try verifyResourceGraph(ir)
        guard ir.graphs.count == OperationKind.allCases.count else {
            throw IRFault("operations", "there must be one graph for each operation")
        }
        for operation in OperationKind.allCases { try verifyGraph(ir, operation) }
    }

    private static func verifyNames(_ ir: PlanIR) throws(IRFault) {
        if let fault = NameRules.planFault(ir.plan) { throw IRFault("plan", fault) }
        if let fault = NameRules.planFault(ir.provider.name) { throw IRFault("provider.name", fault) }
    }

    private static func verifyResources(_ ir: PlanIR) throws(IRFault) {
        var seen: Set<String> = []
        seen.reserveCapacity(ir.resources.count)
        for (position, resource) in ir.resources.enumerated() {
            let place = "resources[\(position)]"
            if let fault = NameRules.typeFault(resource.type) { throw IRFault(place + ".type", fault) }
            if let fault = NameRules.idFault(resource.id) { throw IRFault(place + ".id", fault) }
            if let fault = NameRules.identityFault(resource.identity) { throw IRFault(place, fault) }
            guard seen.insert(resource.identity).inserted else {
                throw IRFault(place, "'\(resource.identity)' is there twice")
            }
            guard ir.plugins.indices.contains(Int(resource.plugin)) else {
                throw IRFault(place + ".plugin", "there is no plugin \(resource.plugin)")
            }
            guard resource.parameters.count == 3,
                resource.parameters.allSatisfy({ ir.parameterSets.indices.contains(Int($0)) })
            else { throw IRFault(place + ".parameters", "three positions in parameterSets are expected") }
            var children: Set<Int32> = []
            for child in resource.dependents {
                guard ir.resources.indices.contains(Int(child)) else {
                    throw IRFault(place + ".dependents", "there is no resource \(child)")
                }
                guard children.insert(child).inserted else {
                    throw IRFault(place + ".dependents", "resource \(child) is there twice")
                }
            }
        }
    }

    private static func verifyResourceGraph(_ ir: PlanIR) throws(IRFault) {
        var waiting = [Int32](repeating: 0, count: ir.resources.count)
        for resource in ir.resources {
            for child in resource.dependents { waiting[Int(child)] += 1 }
        }
        var ready = waiting.indices.filter { waiting[$0] == 0 }
        var done = 0
        while let next = ready.popLast() {
            done += 1
            for child in ir.resources[next].dependents {
                waiting[Int(child)] -= 1
                if waiting[Int(child)] == 0 { ready.append(Int(child)) }
            }
        }
        if done < ir.resources.count, let member = waiting.firstIndex(where: { $0 > 0 }) {
            throw IRFault("resources", "the dependents form a cycle near '\(ir.resources[member].identity)'")
        }
    }

    private static func verifyGraph(_ ir: PlanIR, _ operation: OperationKind) throws(IRFault) {
        let graph = ir.graph(operation)
        let place = "operations.\(operation.rawValue)"
        guard graph.activities.count == ir.resources.count * 4 else {
            throw IRFault(place + ".activities", "every resource has four activities, one per hook")
        }
        for (position, activity) in graph.activities.enumerated() {
            guard activity.resource == Int32(position / 4), activity.hook.rawValue == UInt8(position % 4) else {
                throw IRFault(
                    place + ".activities[\(position)]", "activities come by resource, and in each by hook order")
            }
        }
        for edge in ActivityOrder.edges(dependents: ir.resources.map(\.dependents)) {
            guard graph.hasEdge(from: edge.from, to: edge.to) else {
                throw IRFault(
                    place + ".edges",
                    "the order \(label(edge.from, graph, ir)) → \(label(edge.to, graph, ir)) is missing")
            }
        }
        guard graph.topologicalOrder() != nil else { throw IRFault(place + ".edges", "the activities form a cycle") }
    }

    private static func label(_ number: Int32, _ graph: ActivityGraph, _ ir: PlanIR) -> String {
        guard let activity = graph.activity(number) else {
            return number == ActivityGraph.start ? "start" : "finish"
        }
        return "\(activity.hook.name):\(ir.resources[Int(activity.resource)].identity)"
    }
}
