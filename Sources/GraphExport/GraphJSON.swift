import CanonicalForm
package import GraphViews
import PlanIR

/// Writes drawings as JSON: `{"nodes":[…],"edges":[{"from","to"}]}`, nodes and edges in plan order. docs/graph-export.md
/// says which members there are.
package enum GraphJSON {
    /// The bytes of a drawing, ending in a line feed; with the resolved parameters of each node and where they came from,
    /// if that is asked for.
    package static func export(_ drawing: Drawing, withParameters: Bool = false) -> [UInt8] {
        var writer = JSONWriter(capacity: drawing.nodes.count * 200 + drawing.edges.count * 120)
        let ids = drawing.nodes.indices.map { drawing.id($0) }
        writer.raw("{\"nodes\":[")
        for (position, node) in drawing.nodes.enumerated() {
            if position > 0 { writer.raw(0x2C) }
            writer.raw("{\"id\":")
            writer.string(ids[position])
            if node.resource >= 0 { members(node, drawing, &writer) }
            if withParameters && node.resource >= 0 { parameters(node, drawing, &writer) }
            if !node.marks.isEmpty { marks(node.marks, &writer) }
            if let note = drawing.note(node) {
                writer.raw(",\"note\":")
                writer.string(note)
            }
            writer.raw(0x7D)
        }
        writer.raw("],\"edges\":[")
        for (position, edge) in drawing.edges.enumerated() {
            if position > 0 { writer.raw(0x2C) }
            writer.raw("{\"from\":")
            writer.string(ids[Int(edge.from)])
            writer.raw(",\"to\":")
            writer.string(ids[Int(edge.to)])
            if edge.reason == .through { writer.raw(",\"through\":true") }
            if !edge.marks.isEmpty { marks(edge.marks, &writer) }
            writer.raw(0x7D)
        }
        writer.raw("]}\n")
        return writer.bytes
    }

    private static func members(_ node: Drawing.Node, _ drawing: Drawing, _ writer: inout JSONWriter) {
        let resource = drawing.plan.resources[Int(node.resource)]
        if node.kind == .activity {
            writer.raw(",\"resource\":")
            writer.string(resource.identity)
            writer.raw(",\"hook\":")
            writer.string(node.hook.name)
            writer.raw(",\"barrier\":")
            if node.isBarrier { writer.raw("true") } else { writer.raw("false") }
        } else {
            writer.raw(",\"type\":")
            writer.string(resource.type)
            writer.raw(",\"name\":")
            writer.string(resource.name)
        }
        if resource.plugin >= 0 {
            writer.raw(",\"plugin\":")
            writer.string(drawing.plan.plugins[Int(resource.plugin)].name)
        }
        if node.count > 1 {
            writer.raw(",\"count\":")
            writer.integer(Int64(node.count))
        }
    }

    /// An activity has those of its operation; a resource those of every operation that takes some.
    private static func parameters(_ node: Drawing.Node, _ drawing: Drawing, _ writer: inout JSONWriter) {
        let resource = Int(node.resource)
        func members(_ values: (OperationKind) -> JSONObject) -> JSONValue {
            if node.kind == .activity { return .object(values(drawing.operation)) }
            return .object(
                JSONObject(OperationKind.withParameters.map { ($0.rawValue, .object(values($0))) }))
        }
        writer.raw(",\"parameters\":")
        writer.value(members { drawing.plan.parameters(of: resource, for: $0) })
        writer.raw(",\"origins\":")
        writer.value(members { drawing.plan.parameterOrigins(of: resource, for: $0) })
    }

    private static func marks(_ marks: Marks, _ writer: inout JSONWriter) {
        writer.raw(",\"marks\":")
        writer.value(.array(marks.names.map { .string($0) }))
    }
}
