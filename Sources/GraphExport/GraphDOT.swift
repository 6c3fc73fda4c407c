package import GraphViews
import PlanIR

/// Writes drawings in Graphviz's language.
///
/// Nodes carry ids from the plan, so the same plan gives the same bytes. Colours tell the plugins apart, or what became
/// of a node; a legend names what occurs.
package enum GraphDOT {
    /// The bytes of a drawing.
    package static func export(_ drawing: Drawing) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(drawing.nodes.count * 130 + drawing.edges.count * 110)
        write(drawing) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Writes a drawing piece by piece.
    package static func write(_ drawing: Drawing, to sink: ([UInt8]) -> Void) {
        // The id of each node in quotes, which is most of what is written.
        let resources = drawing.plan.resources
        let ids = ByteTable(count: drawing.nodes.count, length: 56) { position, text in
            let node = drawing.nodes[position]
            text.raw(0x22)
            switch node.kind {
            case .start: text.raw("start")
            case .finish: text.raw("finish")
            case .activity, .resource:
                if node.kind == .activity { text.raw(node.hook.staticName); text.raw(0x3A) }
                DOTWriter.quote(resources[Int(node.resource)].type, &text)
                text.raw(0x23)
                DOTWriter.quote(resources[Int(node.resource)].id, &text)
                if node.count > 1 { text.raw("+\(node.count - 1)") }
            }
            text.raw(0x22)
        }
        withoutActuallyEscaping(sink) { sink in
            ids.withTexts { ids in
                var writer = DOTWriter(drawing, ids, OutputText(to: sink))
                writer.write()
            }
        }
    }
}

extension Hook {
    /// The hook's name as a text that costs nothing.
    fileprivate var staticName: StaticString {
        switch self {
        case .prepareBegin: "prepareBegin"
        case .prepareFinish: "prepareFinish"
        case .main: "main"
        case .complete: "complete"
        }
    }
}

private struct DOTWriter {
    let drawing: Drawing
    /// The id of each node, quoted.
    let ids: ByteTable.Texts
    var out: OutputText

    init(_ drawing: Drawing, _ ids: ByteTable.Texts, _ out: OutputText) {
        self.drawing = drawing
        self.ids = ids
        self.out = out
    }

    mutating func write() {
        out.raw("digraph cairn {\n  graph [label=\"")
        DOTWriter.quote(drawing.title, &out)
        switch drawing.view {
        case .resources:
            out.raw(
                "\", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=1.0, pad=0.3];\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11, margin=\"0.14,0.05\", height=0.4, penwidth=1.2];\n"
            )
        case .activities:
            out.raw(
                "\", labelloc=t, fontname=\"Helvetica\", fontsize=16, rankdir=LR, nodesep=0.12, ranksep=0.6, pad=0.3, newrank=true];\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10, margin=\"0.1,0.04\", height=0.26, penwidth=1.1];\n"
            )
        }
        writeNodes()
        writeEdges()
        legend()
        out.raw("}\n")
        out.finish()
    }

    // MARK: Nodes

    /// Nodes come in plan order; what shares a frame comes with the first of it.
    private mutating func writeNodes() {
        let frames = drawing.frames
        guard frames.count > 0 else {
            for position in drawing.nodes.indices {
                write(drawing.nodes[position], position, indent: "  ", isFramed: false)
            }
            return
        }
        // What frames have in common is said once, around them.
        out.raw(
            "  {\n  graph [labeljust=l, fontsize=11, style=\"rounded,filled\", fillcolor=\"#fafafa\", color=\"#9ca3af\", penwidth=0.8, margin=7];\n"
        )
        var isOpen = [Bool](repeating: true, count: frames.count)
        for (position, frame) in frames.of.enumerated() {
            guard frame >= 0 else {
                write(drawing.nodes[position], position, indent: "  ", isFramed: false)
                continue
            }
            guard isOpen[Int(frame)] else { continue }
            isOpen[Int(frame)] = false
            writeFrame(frame, frames, first: position)
        }
        out.raw("  }\n")
    }

    private mutating func writeFrame(_ frame: Int32, _ frames: Frames, first: Int) {
        out.raw("  subgraph cluster_")
        out.raw("\(frame)")
        out.raw(" {\n    graph [label=\"")
        let isOwn = drawing.clustering == .resource
        let owner = drawing.nodes[first]
        if isOwn && owner.count == 1 {
            DOTWriter.quote(drawing.plan.resources[Int(owner.resource)].name, &out)
            out.raw("  (")
            DOTWriter.quote(drawing.kind(owner), &out)
            out.raw(")")
        } else {
            DOTWriter.quote(frames.title(frame, drawing), &out)
        }
        out.raw(0x22)
        if isOwn {
            let resource = drawing.plan.resources[Int(drawing.nodes[first].resource)]
            out.raw(", color=\"")
            out.raw(Palette.plugin(resource.plugin).line)
            out.raw("\", tooltip=\"")
            DOTWriter.quote(resource.type, &out)
            out.raw(0x23)
            DOTWriter.quote(resource.id, &out)
            out.raw(0x22)
        }
        out.raw("];\n")
        // Barriers come last, so that how they look is said once.
        var hasBarriers = false
        for member in frames.members(frame) {
            let node = drawing.nodes[Int(member)]
            if isPlainBarrier(node) {
                hasBarriers = true
            } else {
                write(node, Int(member), indent: "    ", isFramed: isOwn)
            }
        }
        if hasBarriers {
            out.raw(
                isOwn || !drawing.hidesBarriers
                    ? "    node [style=rounded, color=\"#d1d5db\", fontcolor=\"#9ca3af\", fontsize=8, penwidth=0.6, height=0.2, margin=\"0.06,0.02\"];\n"
                    : "    node [shape=point, width=0.07, color=\"#9ca3af\", fillcolor=\"#9ca3af\"];\n")
            for member in frames.members(frame) where isPlainBarrier(drawing.nodes[Int(member)]) {
                writeBarrier(drawing.nodes[Int(member)], Int(member), isFramed: isOwn)
            }
        }
        out.raw("  }\n")
        out.flow()
    }

    /// Whether an activity only keeps the order, and nothing is said of it.
    private func isPlainBarrier(_ node: Drawing.Node) -> Bool { node.isBarrier && node.marks.isEmpty }

    /// A barrier where its looks have been said.
    private mutating func writeBarrier(_ node: Drawing.Node, _ position: Int, isFramed: Bool) {
        out.raw("    ")
        out.raw(ids[position])
        if isFramed {
            out.raw(" [label=")
            out.raw(node.hook.staticName)
            out.raw("];\n")
        } else {
            out.raw(" [label=\"")
            out.raw(node.hook.staticName)
            out.raw("\\n")
            DOTWriter.quote(drawing.name(node), &out)
            out.raw("\"];\n")
        }
    }

    /// One node; in the frame of its own resource it need not say whose it is.
    private mutating func write(_ node: Drawing.Node, _ position: Int, indent: StaticString, isFramed: Bool) {
        out.raw(indent)
        out.raw(ids[position])
        out.raw(" [label=\"")
        switch node.kind {
        case .start: bound("start", "circle")
        case .finish: bound("finish", "doublecircle")
        case .resource: resource(node, position)
        case .activity: activity(node, position, isFramed: isFramed)
        }
        out.raw("];\n")
        out.flow()
    }

    /// The id of a node as it stands within quotes.
    private mutating func writeID(_ position: Int) {
        let id = ids[position]
        out.raw(UnsafeBufferPointer(rebasing: id[1..<id.count - 1]))
    }

    private mutating func bound(_ name: StaticString, _ shape: StaticString) {
        out.raw(name)
        out.raw("\", shape=")
        out.raw(shape)
        out.raw(
            ", width=0.5, fixedsize=true, fillcolor=\"#111827\", color=\"#111827\", fontcolor=\"#ffffff\"")
    }

    private mutating func resource(_ node: Drawing.Node, _ position: Int) {
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
        writeID(position)
        if let note = drawing.note(node) {
            out.raw("\\n")
            DOTWriter.quote(note, &out)
        }
        out.raw("\"")
    }

    private mutating func activity(_ node: Drawing.Node, _ position: Int, isFramed: Bool) {
        if isPlainBarrier(node) && drawing.hidesBarriers && !isFramed {
            out.raw("\", shape=point, width=0.07, color=\"#9ca3af\", fillcolor=\"#9ca3af\", tooltip=\"")
            writeID(position)
            out.raw(0x22)
            return
        }
        if !node.marks.isEmpty { DOTWriter.quote(Palette.sign(of: node.marks), &out) }
        out.raw(node.hook.staticName)
        if !isFramed {
            out.raw("\\n")
            DOTWriter.quote(drawing.name(node), &out)
        }
        if isPlainBarrier(node) {
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

    /// Edges come by their reason, so that how each kind looks is said once, and in plan order for each.
    private mutating func writeEdges() {
        let width: StaticString =
            drawing.view == .resources ? "arrowsize=0.6, penwidth=0.9" : "arrowsize=0.5, penwidth=0.8"
        for (reason, style) in DOTWriter.edgeStyles {
            var isFirst = true
            for edge in drawing.edges where edge.reason == reason {
                if isFirst {
                    isFirst = false
                    out.raw("  edge [")
                    out.raw(width)
                    out.raw(style)
                    out.raw("];\n")
                }
                out.raw("  ")
                out.raw(ids[Int(edge.from)])
                out.raw(" -> ")
                out.raw(ids[Int(edge.to)])
                if !edge.marks.isEmpty { mark(edge.marks) }
                out.raw(";\n")
                out.flow()
            }
        }
    }

    /// How edges look, by their reason. The resources' own chains stand out; edges that lead back to a parent would pull
    /// the ranks apart if they counted for the layout as much.
    private static let edgeStyles: [(Drawing.Reason, StaticString)] = [
        (.dependent, ", color=\"#6b7280\", style=solid, weight=1"),
        (.within, ", color=\"#4b5563\", penwidth=1.1, style=solid, weight=20"),
        (.across, ", color=\"#60a5fa\", style=solid, weight=1"),
        (.bound, ", color=\"#d1d5db\", style=dotted, weight=1"),
        (.through, ", color=\"#6b7280\", style=dashed, weight=1"),
    ]

    private mutating func mark(_ marks: Marks) {
        if marks.contains(.cycle) {
            out.raw(" [color=\"#dc2626\", style=solid, penwidth=2.2]")
        } else if marks.contains(.critical) {
            out.raw(" [color=\"#111827\", style=solid, penwidth=2.4]")
        } else if marks.contains(.added) {
            out.raw(" [color=\"#15803d\", penwidth=1.6]")
        } else if marks.contains(.removed) {
            out.raw(" [color=\"#b91c1c\", penwidth=1.2, style=dashed]")
        }
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
    fileprivate static func quote(_ text: some StringProtocol, _ out: inout OutputText) {
        // Most texts need nothing.
        let isPlain: Bool? = text.utf8.withContiguousStorageIfAvailable { bytes in
            for byte in bytes where byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F { return false }
            out.raw(bytes)
            return true
        }
        if isPlain == true { return }
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
