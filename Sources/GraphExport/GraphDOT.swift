package import PlanIR

/// Writes graphs in Graphviz's language, to be looked at.
///
/// Nodes carry ids from the plan, so the same plan gives the same bytes. Colours tell the plugins apart; a legend
/// names them where there is more than one.
package enum GraphDOT {
    /// Fill, line and text colour of one plugin's resources.
    private struct Paint {
        let fill: String
        let line: String
    }

    /// Light fills that keep black text readable, told apart also by people who see few colours.
    private static let palette = [
        Paint(fill: "#dbeafe", line: "#2563eb"), Paint(fill: "#fef3c7", line: "#b45309"),
        Paint(fill: "#dcfce7", line: "#15803d"), Paint(fill: "#fce7f3", line: "#be185d"),
        Paint(fill: "#ede9fe", line: "#6d28d9"), Paint(fill: "#cffafe", line: "#0e7490"),
        Paint(fill: "#fee2e2", line: "#b91c1c"), Paint(fill: "#e5e7eb", line: "#374151"),
    ]

    /// The bytes of a view. `operation` matters only for activities.
    package static func export(_ ir: PlanIR, _ view: GraphView, _ operation: OperationKind) -> [UInt8] {
        var out = DOTText()
        switch view {
        case .resources: resources(ir, &out)
        case .activities: activities(ir, operation, &out)
        }
        return out.bytes
    }

    private static func paint(_ ir: PlanIR, _ resource: PlanIR.Resource) -> Paint {
        palette[Int(resource.plugin) % palette.count]
    }

    /// The last word of a type, which tells most: `Host::FileSystem::Directory` is a `Directory`.
    private static func kind(_ type: String) -> String {
        String(type.split(separator: ":").last ?? Substring(type))
    }

    // MARK: Resources

    private static func resources(_ ir: PlanIR, _ out: inout DOTText) {
        out.line("digraph cairn {")
        out.line(
            "  graph [", .raw("label="), .quoted(ir.plan),
            .raw(", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=1.0, pad=0.3];")
        )
        out.line(
            "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11, margin=\"0.14,0.05\", height=0.4, penwidth=1.2];"
        )
        out.line("  edge [color=\"#6b7280\", arrowsize=0.6, penwidth=0.9];")
        for resource in ir.resources {
            let paint = paint(ir, resource)
            // From left to right, with siblings below each other: plans are wider than they are deep, and a picture
            // is read by scrolling down.
            var label = resource.name + "\n" + kind(resource.type)
            if resource.name != resource.id { label += " " + resource.id }
            out.line(
                "  ", .quoted(resource.identity), .raw(" [label="), .quoted(label),
                .raw(", fillcolor=\"\(paint.fill)\", color=\"\(paint.line)\", tooltip="), .quoted(resource.identity),
                .raw("];"))
        }
        for resource in ir.resources {
            for dependent in resource.dependents {
                out.line(
                    "  ", .quoted(resource.identity), .raw(" -> "),
                    .quoted(ir.resources[Int(dependent)].identity), .raw(";"))
            }
        }
        legend(ir, &out)
        out.line("}")
    }

    // MARK: Activities

    private static func activities(_ ir: PlanIR, _ operation: OperationKind, _ out: inout DOTText) {
        let graph = ir.graph(operation)
        out.line("digraph cairn {")
        out.line(
            "  graph [", .raw("label="), .quoted("\(ir.plan): \(operation.rawValue)"),
            .raw(
                ", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=0.6, pad=0.3, newrank=true];"
            ))
        out.line(
            "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10, margin=\"0.1,0.04\", height=0.26, penwidth=1.1];"
        )
        out.line("  edge [color=\"#9ca3af\", arrowsize=0.5, penwidth=0.8];")
        out.line(
            "  \"start\" [label=\"start\", shape=circle, width=0.5, fixedsize=true, fillcolor=\"#111827\", color=\"#111827\", fontcolor=\"#ffffff\"];"
        )
        out.line(
            "  \"finish\" [label=\"finish\", shape=doublecircle, width=0.5, fixedsize=true, fillcolor=\"#111827\", color=\"#111827\", fontcolor=\"#ffffff\"];"
        )
        for (position, resource) in ir.resources.enumerated() {
            let paint = paint(ir, resource)
            out.line("  subgraph \"cluster_\(position)\" {")
            out.line(
                "    graph [label=", .quoted("\(resource.name)  (\(kind(resource.type)))"),
                .raw(
                    ", labeljust=l, fontsize=11, style=\"rounded,filled\", fillcolor=\"#fafafa\", color=\"\(paint.line)\", penwidth=0.8, margin=7, tooltip="
                ),
                .quoted(resource.identity), .raw("];"))
            for hook in Hook.allCases {
                let number = ActivityOrder.number(Int32(position), hook)
                guard let activity = graph.activity(number) else { continue }
                let id = ActivityName.id(number, graph, ir)
                if activity.isBarrier {
                    out.line(
                        "    ", .quoted(id),
                        .raw(" [label="), .quoted(hook.name),
                        .raw(
                            ", style=rounded, color=\"#d1d5db\", fontcolor=\"#9ca3af\", fontsize=8, penwidth=0.6, height=0.2, margin=\"0.06,0.02\"];"
                        ))
                } else {
                    out.line(
                        "    ", .quoted(id), .raw(" [label="), .quoted(hook.name),
                        .raw(", fillcolor=\"\(paint.fill)\", color=\"\(paint.line)\"];"))
                }
            }
            out.line("  }")
        }
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) {
                out.line(
                    "  ", .quoted(ActivityName.id(origin, graph, ir)), .raw(" -> "),
                    .quoted(ActivityName.id(target, graph, ir)), .raw(edgeStyle(origin, target, graph, ir)), .raw(";"))
            }
        }
        legend(ir, &out)
        out.line("}")
    }

    /// An edge within a resource is drawn dark; one between resources in the colour of the resource that waits less
    /// visibly, so that the resources' own chains stand out.
    private static func edgeStyle(_ origin: Int32, _ target: Int32, _ graph: ActivityGraph, _ ir: PlanIR) -> String {
        guard let a = graph.activity(origin), let b = graph.activity(target) else {
            return " [color=\"#d1d5db\", style=dotted]"
        }
        if a.resource == b.resource { return " [color=\"#4b5563\", penwidth=1.1, weight=20]" }
        // Edges that lead back to a parent would pull the ranks apart if they counted for the layout as much.
        return " [color=\"#60a5fa\"]"
    }

    private static func legend(_ ir: PlanIR, _ out: inout DOTText) {
        guard ir.plugins.count > 1 else { return }
        out.line("  subgraph \"cluster_legend\" {")
        out.line(
            "    graph [label=", .quoted("plugins of \(ir.provider.name)"),
            .raw(", fontsize=10, style=rounded, color=\"#d1d5db\", margin=6];"))
        for (position, plugin) in ir.plugins.enumerated() {
            let paint = palette[position % palette.count]
            out.line(
                "    ", .quoted("legend:\(plugin.name)"), .raw(" [label="), .quoted(plugin.name),
                .raw(", fontsize=9, height=0.2, fillcolor=\"\(paint.fill)\", color=\"\(paint.line)\"];"))
        }
        out.line("  }")
    }
}

/// Collects lines of Graphviz text.
private struct DOTText {
    enum Piece {
        case raw(String)
        case quoted(String)
    }

    var bytes: [UInt8] = []

    mutating func line(_ start: String, _ pieces: Piece...) {
        bytes.append(contentsOf: start.utf8)
        for piece in pieces {
            switch piece {
            case .raw(let text): bytes.append(contentsOf: text.utf8)
            case .quoted(let text): quote(text)
            }
        }
        bytes.append(0x0A)
    }

    /// A double-quoted id: quotes and backslashes are escaped, a line break becomes `\n`.
    private mutating func quote(_ text: String) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                bytes.append(0x5C)
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0..<0x20: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
