package import GraphViews
import PlanIR

/// Writes drawings in the language of Mermaid, which Markdown viewers draw.
package enum GraphMermaid {
    /// The bytes of a drawing.
    package static func export(_ drawing: Drawing) -> [UInt8] {
        var out = OutputText(capacity: drawing.nodes.count * 120 + drawing.edges.count * 90)
        out.raw("---\ntitle: ")
        // The head is YAML.
        out.raw("\"" + harmless(drawing.title).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"")
        out.raw("\n---\nflowchart LR\n")
        let ids = drawing.nodes.indices.map { id(drawing.id($0)) }
        let frames = drawing.frames
        var isOpen = [Bool](repeating: true, count: frames.count)
        for position in drawing.nodes.indices {
            let frame = frames.of.isEmpty ? -1 : frames.of[position]
            if frame < 0 {
                node(drawing, position, ids, "  ", isFramed: false, &out)
            } else if isOpen[Int(frame)] {
                isOpen[Int(frame)] = false
                out.raw("  subgraph frame_\(frame)[\"\(label(frames.title(frame, drawing)))\"]\n")
                for member in frames.members(frame) {
                    node(drawing, Int(member), ids, "    ", isFramed: drawing.clustering == .resource, &out)
                }
                out.raw("  end\n")
            }
        }
        for edge in drawing.edges {
            let arrow =
                edge.marks.isDisjoint(with: [.cycle, .critical, .added])
                ? edge.reason == .through || edge.reason == .bound || edge.marks.contains(.removed) ? " -.-> " : " --> "
                : " ==> "
            out.raw("  " + ids[Int(edge.from)] + arrow + ids[Int(edge.to)] + "\n")
        }
        classes(drawing, ids, &out)
        return out.bytes
    }

    private static func node(
        _ drawing: Drawing, _ position: Int, _ ids: [String], _ indent: String, isFramed: Bool,
        _ out: inout OutputText
    ) {
        let node = drawing.nodes[position]
        out.raw(indent + ids[position])
        switch node.kind {
        case .start: out.raw("((start))\n")
        case .finish: out.raw("(((finish)))\n")
        case .resource, .activity:
            var lines: [String] = []
            if node.kind == .activity {
                lines.append(Palette.sign(of: node.marks) + node.hook.name)
                if !isFramed { lines.append(drawing.name(node)) }
            } else {
                let resource = drawing.plan.resources[Int(node.resource)]
                lines.append(Palette.sign(of: node.marks) + drawing.name(node))
                if node.count == 1 {
                    lines.append(
                        drawing.kind(node) + (resource.name == resource.id ? "" : " " + resource.id))
                }
                if node.marks.contains(.discovers) { lines.append("discovers dependents") }
            }
            if let note = drawing.note(node) { lines.append(note) }
            out.raw("(\"" + lines.map(label).joined(separator: "<br>") + "\")\n")
        }
    }

    private static func classes(_ drawing: Drawing, _ ids: [String], _ out: inout OutputText) {
        var classOf: [String: [Int]] = [:]
        var order: [String] = []
        for (position, node) in drawing.nodes.enumerated() {
            let paint = Palette.paint(node.marks, plugin: drawing.plugin(node))
            var style = "fill:\(paint.fill),stroke:\(paint.line),color:\(paint.text)"
            if node.kind == .start || node.kind == .finish {
                style = "fill:#111827,stroke:#111827,color:#ffffff"
            } else if node.isBarrier && node.marks.isEmpty {
                style = "fill:#ffffff,stroke:#d1d5db,color:#6b7280"
            }
            if !node.marks.isDisjoint(with: [.cycle, .critical, .focus]) { style += ",stroke-width:3px" }
            if !node.marks.isDisjoint(with: [.removed, .skipped, .discovers]) { style += ",stroke-dasharray:4" }
            if classOf[style] == nil { order.append(style) }
            classOf[style, default: []].append(position)
        }
        for (number, style) in order.enumerated() {
            out.raw("  classDef c\(number) \(style)\n")
            // Lines of a few hundred names stay readable.
            let members = classOf[style] ?? []
            for start in stride(from: 0, to: members.count, by: 50) {
                let names = members[start..<min(start + 50, members.count)].map { ids[$0] }
                out.raw("  class \(names.joined(separator: ",")) c\(number)\n")
            }
        }
        let cycle = drawing.edges.indices.filter { drawing.edges[$0].marks.contains(.cycle) }
        if !cycle.isEmpty {
            out.raw(
                "  linkStyle \(cycle.map(String.init).joined(separator: ",")) stroke:\(Palette.cycle),stroke-width:2px\n"
            )
        }
    }

    /// A name that Mermaid takes: letters and digits stay, everything else is written in hexadecimal.
    private static func id(_ text: String) -> String {
        var name = "n_"
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return name
    }

    /// A label within quotes: what Mermaid or HTML would read otherwise is written as entities.
    private static func label(_ text: String) -> String {
        var label = ""
        for scalar in harmless(text).unicodeScalars {
            switch scalar {
            case "\"", "<", ">", "&", "#", ";", "`", "\\", "*", "_", "%": label += "#\(scalar.value);"
            default: label.unicodeScalars.append(scalar)
            }
        }
        return label
    }

    /// A text on one line.
    private static func harmless(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
