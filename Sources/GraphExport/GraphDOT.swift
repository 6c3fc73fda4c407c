package import GraphViews
import PlanIR

/// Writes drawings in Graphviz's language.
///
/// Nodes carry ids from the plan, so the same plan gives the same bytes. Colours tell the plugins apart, or what became
/// of a node; a legend names what occurs.
package enum GraphDOT {
    /// The bytes of a drawing.
    package static func export(_ drawing: Drawing) -> [UInt8] {
        var writer = DOTWriter(drawing)
        writer.write()
        return writer.out.bytes
    }
}

private struct DOTWriter {
    let drawing: Drawing
    /// The identity of each resource, fit for a quoted id.
    let identities: ByteTable
    var out: OutputText

    init(_ drawing: Drawing) {
        self.drawing = drawing
        let resources = drawing.plan.resources
        identities = ByteTable(count: resources.count) { position, text in
            DOTWriter.quote(resources[position].type, &text)
            text.raw("#")
            DOTWriter.quote(resources[position].id, &text)
        }
        // More than is needed as a rule: room that is not used costs nothing, and a copy of all would.
        out = OutputText(capacity: drawing.nodes.count * 240 + drawing.edges.count * 180)
    }

    mutating func write() {
        out.raw("digraph cairn {\n  graph [label=\"")
        DOTWriter.quote(drawing.title, &out)
        switch drawing.view {
        case .resources:
            out.raw(
                "\", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=1.0, pad=0.3];\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11, margin=\"0.14,0.05\", height=0.4, penwidth=1.2];\n  edge [color=\"#6b7280\", arrowsize=0.6, penwidth=0.9];\n"
            )
        case .activities:
            out.raw(
                "\", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=0.6, pad=0.3, newrank=true];\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10, margin=\"0.1,0.04\", height=0.26, penwidth=1.1];\n  edge [color=\"#9ca3af\", arrowsize=0.5, penwidth=0.8];\n"
            )
        }
        writeNodes()
        for edge in drawing.edges { write(edge) }
        legend()
        out.raw("}\n")
    }

    // MARK: Nodes

    /// Nodes come in plan order; what shares a frame comes with the first of it.
    private mutating func writeNodes() {
        let (frames, titles) = drawing.frames
        var members = [[Int32]](repeating: [], count: titles.count)
        for (position, frame) in frames.enumerated() where frame >= 0 { members[Int(frame)].append(Int32(position)) }
        var isOpen = [Bool](repeating: true, count: titles.count)
        for (position, frame) in frames.enumerated() {
            guard frame >= 0 else {
                write(drawing.nodes[position], position, indent: "  ", isFramed: false)
                continue
            }
            guard isOpen[Int(frame)] else { continue }
            isOpen[Int(frame)] = false
            let resource = drawing.nodes[position].resource
            let paint =
                drawing.clustering == .resource
                ? Palette.plugin(drawing.plan.resources[Int(resource)].plugin).line : nil
            out.raw("  subgraph \"cluster_")
            out.raw("\(frame)")
            out.raw("\" {\n    graph [label=\"")
            DOTWriter.quote(titles[Int(frame)], &out)
            out.raw("\", labeljust=l, fontsize=11, style=\"rounded,filled\", fillcolor=\"#fafafa\", color=\"")
            out.raw(paint ?? "#9ca3af")
            out.raw("\", penwidth=0.8, margin=7")
            if drawing.clustering == .resource {
                out.raw(", tooltip=\"")
                out.raw(identities[Int(resource)])
                out.raw("\"")
            }
            out.raw("];\n")
            for member in members[Int(frame)] {
                write(
                    drawing.nodes[Int(member)], Int(member), indent: "    ",
                    isFramed: drawing.clustering == .resource)
            }
            out.raw("  }\n")
        }
    }

    /// One node; in the frame of its own resource it need not say whose it is.
    private mutating func write(_ node: Drawing.Node, _ position: Int, indent: StaticString, isFramed: Bool) {
        out.raw(indent)
        out.raw("\"")
        writeID(node)
        out.raw("\" [label=\"")
        switch node.kind {
        case .start: bound("start", "circle")
        case .finish: bound("finish", "doublecircle")
        case .resource: resource(node)
        case .activity: activity(node, isFramed: isFramed)
        }
        out.raw("];\n")
    }

    private mutating func writeID(_ node: Drawing.Node) {
        switch node.kind {
        case .start: out.raw("start")
        case .finish: out.raw("finish")
        case .activity:
            out.raw(DOTWriter.hookNames[Int(node.hook.rawValue)])
            out.raw(":")
            out.raw(identities[Int(node.resource)])
        case .resource: out.raw(identities[Int(node.resource)])
        }
        if node.count > 1 { out.raw("+\(node.count - 1)") }
    }

    private static let hookNames = Hook.allCases.map { Array($0.name.utf8) }

    private mutating func bound(_ name: StaticString, _ shape: StaticString) {
        out.raw(name)
        out.raw("\", shape=")
        out.raw(shape)
        out.raw(
            ", width=0.5, fixedsize=true, fillcolor=\"#111827\", color=\"#111827\", fontcolor=\"#ffffff\"")
    }

    private mutating func resource(_ node: Drawing.Node) {
        // From left to right, with siblings below each other: plans are wider than they are deep, and a picture is read
        // by scrolling down.
        let resource = drawing.plan.resources[Int(node.resource)]
        DOTWriter.quote(Palette.sign(of: node.marks) + drawing.name(node), &out)
        if node.count == 1 {
            out.raw("\\n")
            DOTWriter.quote(drawing.kind(node), &out)
            if resource.name != resource.id {
                out.raw(" ")
                DOTWriter.quote(resource.id, &out)
            }
        }
        if node.marks.contains(.discovers) { out.raw("\\ndiscovers dependents") }
        finish(node)
        out.raw(", tooltip=\"")
        out.raw(identities[Int(node.resource)])
        if let note = drawing.note(node) {
            out.raw("\\n")
            DOTWriter.quote(note, &out)
        }
        out.raw("\"")
    }

    private mutating func activity(_ node: Drawing.Node, isFramed: Bool) {
        if node.isBarrier && !isFramed && node.marks.isEmpty && drawing.hidesBarriers {
            out.raw("\", shape=point, width=0.07, color=\"#9ca3af\", fillcolor=\"#9ca3af\", tooltip=\"")
            out.raw(DOTWriter.hookNames[Int(node.hook.rawValue)])
            out.raw(":")
            out.raw(identities[Int(node.resource)])
            out.raw("\"")
            return
        }
        if !node.marks.isEmpty { DOTWriter.quote(Palette.sign(of: node.marks), &out) }
        out.raw(DOTWriter.hookNames[Int(node.hook.rawValue)])
        if !isFramed {
            out.raw("\\n")
            DOTWriter.quote(drawing.name(node), &out)
        }
        if node.isBarrier && node.marks.isEmpty {
            out.raw(
                "\", style=rounded, color=\"#d1d5db\", fontcolor=\"#9ca3af\", fontsize=8, penwidth=0.6, height=0.2, margin=\"0.06,0.02\""
            )
        } else {
            finish(node)
        }
    }

    /// The end of a label, and the colours.
    private mutating func finish(_ node: Drawing.Node) {
        if let note = drawing.note(node) {
            out.raw("\\n")
            // A long message is for the tooltip.
            DOTWriter.quote(note.count > 40 ? note.prefix(39) + "…" : note, &out)
        }
        let paint = Palette.paint(node.marks, plugin: drawing.plugin(node))
        out.raw("\", fillcolor=\"")
        out.raw(paint.fill)
        out.raw("\", color=\"")
        out.raw(paint.line)
        out.raw("\"")
        guard !node.marks.isEmpty else { return }
        if paint.text != Palette.unbound.text { out.raw(", fontcolor=\"\(paint.text)\"") }
        if !node.marks.isDisjoint(with: [.cycle, .critical]) { out.raw(", penwidth=2.6") }
        if node.marks.contains(.focus) { out.raw(", peripheries=2") }
        if !node.marks.isDisjoint(with: [.removed, .skipped, .discovers]) {
            out.raw(", style=\"rounded,filled,dashed\"")
        }
    }

    // MARK: Edges

    private mutating func write(_ edge: Drawing.Edge) {
        out.raw("  \"")
        writeID(drawing.nodes[Int(edge.from)])
        out.raw("\" -> \"")
        writeID(drawing.nodes[Int(edge.to)])
        out.raw("\"")
        let isMarked = !edge.marks.isEmpty
        if edge.marks.contains(.cycle) {
            out.raw(" [color=\"#dc2626\", penwidth=2.2]")
        } else if edge.marks.contains(.critical) {
            out.raw(" [color=\"#111827\", penwidth=2.4]")
        } else if edge.marks.contains(.added) {
            out.raw(" [color=\"#15803d\", penwidth=1.6]")
        } else if edge.marks.contains(.removed) {
            out.raw(" [color=\"#b91c1c\", penwidth=1.2, style=dashed]")
        }
        if !isMarked {
            switch edge.reason {
            case .dependent: break
            // The resources' own chains stand out; edges that lead back to a parent would pull the ranks apart if they
            // counted for the layout as much.
            case .within: out.raw(" [color=\"#4b5563\", penwidth=1.1, weight=20]")
            case .across: out.raw(" [color=\"#60a5fa\"]")
            case .bound: out.raw(" [color=\"#d1d5db\", style=dotted]")
            case .through: out.raw(" [style=dashed]")
            }
        }
        out.raw(";\n")
    }

    // MARK: Legend

    private mutating func legend() {
        let marks = drawing.usedMarks
        let plugins = drawing.plan.plugins
        let named = Marks.named.filter { marks.contains($0.mark) }
        guard plugins.count > 1 || !named.isEmpty else { return }
        out.raw("  subgraph \"cluster_legend\" {\n    graph [label=\"")
        DOTWriter.quote(plugins.count > 1 ? "plugins of \(drawing.plan.provider.name)" : "legend", &out)
        out.raw("\", fontsize=10, style=rounded, color=\"#d1d5db\", margin=6];\n")
        if plugins.count > 1 {
            for (position, plugin) in plugins.enumerated() {
                entry(plugin.name, plugin.name, Palette.plugin(Int32(position)), "")
            }
        }
        for (mark, name, meaning) in named {
            let paint = Palette.paint(mark, plugin: -1)
            var style = ""
            if mark == .cycle || mark == .critical { style = ", penwidth=2.6" }
            if mark == .focus { style = ", peripheries=2" }
            if mark == .removed || mark == .skipped || mark == .discovers {
                style = ", style=\"rounded,filled,dashed\""
            }
            entry("mark-" + name, Palette.sign(of: mark) + meaning, paint, style)
        }
        out.raw("  }\n")
    }

    private mutating func entry(_ id: String, _ label: String, _ paint: Palette.Paint, _ style: String) {
        out.raw("    \"legend:")
        DOTWriter.quote(id, &out)
        out.raw("\" [label=\"")
        DOTWriter.quote(label, &out)
        out.raw("\", fontsize=9, height=0.2, fillcolor=\"\(paint.fill)\", color=\"\(paint.line)\"")
        if paint.text != Palette.unbound.text { out.raw(", fontcolor=\"\(paint.text)\"") }
        out.raw(style)
        out.raw("];\n")
    }

    /// What stands in a double-quoted id: quotes and backslashes are escaped, a line break becomes `\n`, and other
    /// control characters become spaces.
    private static func quote(_ text: some StringProtocol, _ out: inout OutputText) {
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                out.raw(0x5C)
                out.raw(byte)
            case 0x0A: out.raw("\\n")
            case 0..<0x20, 0x7F: out.raw(0x20)
            default: out.raw(byte)
            }
        }
    }
}
