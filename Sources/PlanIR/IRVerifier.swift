internal import CanonicalForm

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
        try verifyOrigins(ir)
        try verify(ir.graphs, dependents: ir.dependentLists) { resource in
            ir.resources[resource].identity
        }
    }

    /// Throws the first fault of the activity graphs of resources with the given dependents; `identity` names a
    /// resource.
    package static func verify(
        _ graphs: [ActivityGraph], dependents: DependentLists, identity: (Int) -> String
    ) throws(IRFault) {
        if let member = dependents.cycleMember {
            throw IRFault("resources", "the dependents form a cycle near '\(identity(member))'")
        }
        guard graphs.count == OperationKind.allCases.count else {
            throw IRFault("operations", "there must be one graph for each operation")
        }
        for operation in OperationKind.allCases {
            let graph = graphs[operation.index]
            let place = "operations.\(operation.rawValue)"
            // Activities that are shared are the same at a glance.
            if !graphs[..<operation.index].contains(where: { $0.activities == graph.activities }) {
                try verifyActivities(graph, place, count: dependents.count)
            }
            if operation.index > 0 {
                guard graph.hasOrder(of: graphs[0]) else {
                    throw IRFault(place, "the order is not that of the other operations")
                }
                continue
            }
            try verifyOrder(graph, place, dependents, identity)
        }
    }

    private static func verifyNames(_ ir: PlanIR) throws(IRFault) {
        if let fault = NameRules.planFault(ir.plan) { throw IRFault("plan", fault) }
        if let fault = NameRules.planFault(ir.provider.name) { throw IRFault("provider.name", fault) }
    }

    private static func verifyOrigins(_ ir: PlanIR) throws(IRFault) {
        guard ir.parameterOrigins.count == ir.parameterSets.count else {
            throw IRFault("parameterOrigins", "there must be one for each of the parameterSets")
        }
        for (position, origins) in ir.parameterOrigins.enumerated() {
            for origin in origins.members {
                let place = "parameterOrigins[\(position)].\(origin.key)"
                guard ir.parameterSets[position][origin.key] != nil else {
                    throw IRFault(place, "the set has no such parameter")
                }
                guard origin.value.stringValue.flatMap(ParameterOrigin.init) != nil else {
                    throw IRFault(place, "this is no layer of parameters")
                }
            }
        }
        guard !ir.needsInventory || ir.resources.contains(where: { $0.discover != nil }) else {
            throw IRFault("needsInventory", "no resource is to discover anything")
        }
    }

    private static func verifyResources(_ ir: PlanIR) throws(IRFault) {
        // What is looked at is taken from its place: copies of whole resources would take longer than all else.
        try ir.resources.withUnsafeBufferPointer { resources throws(IRFault) in
            try verifyResources(resources, ir.plugins.indices, ir.parameterSets.indices)
        }
    }

    private static func verifyResources(
        _ resources: UnsafeBufferPointer<PlanIR.Resource>, _ plugins: Range<Int>, _ parameterSets: Range<Int>
    ) throws(IRFault) {
        var seen = IdentityTable(capacity: resources.count)
        // The last resource that was seen to have each one as its dependent.
        var parentOf = [Int32](repeating: -1, count: resources.count)
        for position in resources.indices {
            var place: String { "resources[\(position)]" }
            if position == 0 || resources[position].type != resources[position - 1].type,
                let fault = NameRules.typeFault(resources[position].type)
            {
                throw IRFault(place + ".type", fault)
            }
            if let fault = NameRules.idFault(resources[position].id) { throw IRFault(place + ".id", fault) }
            // Encoded, no byte becomes more than three.
            if 3 * (resources[position].type.utf8.count + resources[position].id.utf8.count + 1)
                > NameRules.maximumEncodedIdentityLength,
                let fault = NameRules.identityFault(resources[position].identity)
            {
                throw IRFault(place, fault)
            }
            guard seen.insert(position, of: resources) else {
                throw IRFault(place, "'\(resources[position].identity)' is there twice")
            }
            guard plugins.contains(Int(resources[position].plugin)) else {
                throw IRFault(place + ".plugin", "there is no plugin \(resources[position].plugin)")
            }
            guard resources[position].parameters.count == 3,
                resources[position].parameters.allSatisfy({ parameterSets.contains(Int($0)) })
            else { throw IRFault(place + ".parameters", "three positions in parameterSets are expected") }
            for child in resources[position].dependents {
                guard resources.indices.contains(Int(child)) else {
                    throw IRFault(place + ".dependents", "there is no resource \(child)")
                }
                guard parentOf[Int(child)] != Int32(position) else {
                    throw IRFault(place + ".dependents", "resource \(child) is there twice")
                }
                parentOf[Int(child)] = Int32(position)
            }
        }
    }

    private static func verifyActivities(
        _ graph: ActivityGraph, _ place: String, count: Int
    ) throws(IRFault) {
        guard graph.activities.count == count * 4 else {
            throw IRFault(place + ".activities", "every resource has four activities, one per hook")
        }
        for position in graph.activities.indices {
            let activity = graph.activities[position]
            guard activity.resource == Int32(position / 4), activity.hook.rawValue == UInt8(position % 4) else {
                throw IRFault(
                    place + ".activities[\(position)]", "activities come by resource, and in each by hook order")
            }
        }
    }

    private static func verifyOrder(
        _ graph: ActivityGraph, _ place: String, _ dependents: DependentLists, _ identity: (Int) -> String
    ) throws(IRFault) {
        // As the compiler writes it; the dependents have no cycle, and so it has none.
        if graph.hasOrder(of: ActivityGraph(activities: [], ordering: dependents)) { return }
        try ActivityOrder.forEachEdge(dependents) { (from, to) throws(IRFault) in
            guard graph.hasEdge(from: from, to: to) else {
                throw IRFault(
                    place + ".edges",
                    "the order \(label(from, graph, identity)) → \(label(to, graph, identity)) is missing")
            }
        }
        guard graph.topologicalOrder() != nil else { throw IRFault(place + ".edges", "the activities form a cycle") }
    }

    private static func label(_ number: Int32, _ graph: ActivityGraph, _ identity: (Int) -> String) -> String {
        guard let activity = graph.activity(number) else {
            return number == ActivityGraph.start ? "start" : "finish"
        }
        return "\(activity.hook.name):\(identity(Int(activity.resource)))"
    }
}

/// The identities that have been seen, as positions of their resources: found by their bytes, none is put together.
private struct IdentityTable {
    /// The upper half is that of a hash and the lower a position and one; 0 is an empty place.
    private var slots: [UInt64]
    private static let upperHalf: UInt64 = 0xFFFF_FFFF_0000_0000
    /// The hash of the last resource's type: most have the type of the one before.
    private var lastTypeHash = 0

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
    }

    /// Adds the identity of a resource; whether it is new.
    mutating func insert(_ position: Int, of resources: UnsafeBufferPointer<PlanIR.Resource>) -> Bool {
        var hasher = Hasher()
        hasher.combine(resources[position].id)
        hasher.combine(typeHash(position, of: resources))
        let hash = UInt64(truncatingIfNeeded: hasher.finalize())
        let mark = hash & Self.upperHalf
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            if slots[slot] & Self.upperHalf == mark {
                let other = Int(slots[slot] & ~Self.upperHalf) - 1
                if resources[other].id == resources[position].id && resources[other].type == resources[position].type {
                    return false
                }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = mark | UInt64(position + 1)
        return true
    }

    private mutating func typeHash(_ position: Int, of resources: UnsafeBufferPointer<PlanIR.Resource>) -> Int {
        if position == 0 || resources[position].type != resources[position - 1].type {
            lastTypeHash = resources[position].type.hashValue
        }
        return lastTypeHash
    }
}
