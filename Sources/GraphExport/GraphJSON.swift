import CanonicalForm
package import PlanIR

/// Writes graphs as JSON: `{"nodes":[…],"edges":[{"from","to"}]}`, nodes and edges in plan order.
package enum GraphJSON {
    /// The bytes of a view, ending in a line feed. `operation` matters only for activities.
    package static func export(_ ir: PlanIR, _ view: GraphView, _ operation: OperationKind) -> [UInt8] {
        var writer = JSONWriter(capacity: ir.resources.count * 1000)
        switch view {
        case .resources: resources(ir, &writer)
        case .activities: activities(ir, ir.graph(operation), &writer)
        }
        writer.raw(0x0A)
        return writer.bytes
    }

    private static func resources(_ ir: PlanIR, _ writer: inout JSONWriter) {
        writer.raw("{\"nodes\":[")
        for (position, resource) in ir.resources.enumerated() {
            if position > 0 { writer.raw(0x2C) }
            writer.raw("{\"id\":")
            writer.string(resource.identity)
            writer.raw(",\"type\":")
            writer.string(resource.type)
            writer.raw(",\"name\":")
            writer.string(resource.name)
            writer.raw(",\"plugin\":")
            writer.string(ir.plugins[Int(resource.plugin)].name)
            writer.raw(0x7D)
        }
        writer.raw("],\"edges\":[")
        var isFirst = true
        for resource in ir.resources {
            for dependent in resource.dependents {
                edge(resource.identity, ir.resources[Int(dependent)].identity, &isFirst, &writer)
            }
        }
        writer.raw("]}")
    }

    private static func activities(_ ir: PlanIR, _ graph: ActivityGraph, _ writer: inout JSONWriter) {
        writer.raw("{\"nodes\":[{\"id\":\"start\"},{\"id\":\"finish\"}")
        let identities = ir.resources.map(\.identity)
        var names = ["start", "finish"]
        names.reserveCapacity(graph.count)
        for activity in graph.activities {
            let identity = identities[Int(activity.resource)]
            names.append("\(activity.hook.name):\(identity)")
            writer.raw(",{\"id\":")
            writer.string(names[names.count - 1])
            writer.raw(",\"resource\":")
            writer.string(identity)
            writer.raw(",\"hook\":\"")
            writer.bytes.append(contentsOf: activity.hook.name.utf8)
            writer.raw("\",\"barrier\":")
            if activity.isBarrier { writer.raw("true") } else { writer.raw("false") }
            writer.raw(",\"plugin\":")
            writer.string(ir.plugins[Int(ir.resources[Int(activity.resource)].plugin)].name)
            writer.raw(0x7D)
        }
        writer.raw("],\"edges\":[")
        var isFirst = true
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) {
                edge(names[Int(origin)], names[Int(target)], &isFirst, &writer)
            }
        }
        writer.raw("]}")
    }

    private static func edge(_ from: String, _ to: String, _ isFirst: inout Bool, _ writer: inout JSONWriter) {
        if !isFirst { writer.raw(0x2C) }
        isFirst = false
        writer.raw("{\"from\":")
        writer.string(from)
        writer.raw(",\"to\":")
        writer.string(to)
        writer.raw(0x7D)
    }
}
