internal import Diagnostics
package import GraphViews
import PlanIR

/// Writes drawings for the terminal: resources as a tree, activities in an order in which they can run.
package struct GraphText {
    private let drawing: Drawing
    private let isColored: Bool
    private let outgoing: Adjacency
    private let incoming: Adjacency
    private var lines: [String] = []

    /// The text of a drawing, ending in a line feed.
    package static func export(_ drawing: Drawing, color isColored: Bool) -> String {
        var text = GraphText(drawing, isColored)
        switch drawing.view {
        case .resources: text.tree()
        case .activities: text.list()
        }
        return text.lines.map { $0 + "\n" }.joined()
    }

    private init(_ drawing: Drawing, _ isColored: Bool) {
        self.drawing = drawing
        self.isColored = isColored
        outgoing = drawing.outgoing
        incoming = drawing.incoming
        lines.append(paint(DisplayWidth.harmless(drawing.title), "1"))
    }

    // MARK: Resources

    /// One resource on the way through the tree.
    private struct Visit {
        let node: Int32
        /// What stands before its dependents.
        let indent: String
        var next: Int
    }

    /// Each resource is shown with its dependents where it comes first, and by its name only wherever else.
    private mutating func tree() {
        // Indents of a very deep plan would be as long as the plan.
        let deepest = 200
        var isShown = [Bool](repeating: false, count: drawing.nodes.count)
        var isOpen = isShown
        let roots = drawing.nodes.indices.filter { incoming.span($0).isEmpty }
        // What lies on cycles alone has no root above it.
        for root in roots + Array(drawing.nodes.indices) where !isShown[root] {
            lines.append(label(Int32(root)))
            isShown[root] = true
            isOpen[root] = true
            var stack = [Visit(node: Int32(root), indent: "", next: outgoing.span(root).lowerBound)]
            while let top = stack.last {
                let span = outgoing.span(Int(top.node))
                guard top.next < span.upperBound else {
                    isOpen[Int(top.node)] = false
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let edge = drawing.edges[Int(outgoing.edges[top.next])]
                let isLast = top.next + 1 == span.upperBound
                let node = edge.to
                var line = top.indent + (isLast ? "└─ " : "├─ ")
                if edge.reason == .through { line += "… " }
                if edge.marks.contains(.removed) { line += "− " }
                if edge.marks.contains(.added) { line += "+ " }
                line += label(node)
                if isOpen[Int(node)] {
                    lines.append(line + paint("  ⟲ a cycle", "31"))
                    continue
                }
                if isShown[Int(node)] {
                    lines.append(
                        line + (outgoing.span(Int(node)).isEmpty ? paint("  (shared)", "2") : paint("  (shown above)", "2")))
                    continue
                }
                lines.append(line)
                isShown[Int(node)] = true
                isOpen[Int(node)] = true
                let indent = stack.count > deepest ? top.indent : top.indent + (isLast ? "   " : "│  ")
                stack.append(Visit(node: node, indent: indent, next: outgoing.span(Int(node)).lowerBound))
            }
        }
    }

    private func label(_ position: Int32) -> String {
        let node = drawing.nodes[Int(position)]
        let resource = drawing.plan.resources[Int(node.resource)]
        var text = Palette.sign(of: node.marks) + DisplayWidth.harmless(drawing.name(node))
        if node.count == 1 {
            text += "  " + paint(resource.name == resource.id ? resource.type : resource.identity, "2")
        }
        var extras: [String] = []
        for name in node.marks.names where Palette.paint(of: Marks.named.first { $0.name == name }?.mark ?? []) == nil {
            if name != "focus" { extras.append(name == "discovers" ? "discovers dependents" : name) }
        }
        if let note = drawing.note(node) { extras.append(DisplayWidth.harmless(note)) }
        if !extras.isEmpty { text += "  [" + extras.joined(separator: ", ") + "]" }
        return colored(text, node.marks)
    }

    // MARK: Activities

    /// The activities level by level, each with what it waits for; barriers are in brackets.
    private mutating func list() {
        let levels = self.levels()
        var order = drawing.nodes.indices.map { $0 }
        order.sort { (levels[$0], $0) < (levels[$1], $1) }
        let digits = String(levels.max() ?? 0).count
        for position in order {
            let node = drawing.nodes[position]
            let level = String(levels[position])
            var line = String(repeating: " ", count: digits - level.count) + level + "  "
            let id = DisplayWidth.harmless(drawing.id(position))
            line += colored(Palette.sign(of: node.marks) + (node.isBarrier ? "(" + id + ")" : id), node.marks)
            if let note = drawing.note(node) { line += "  [" + DisplayWidth.harmless(note) + "]" }
            let before = incoming[position].map { DisplayWidth.harmless(drawing.id(Int($0))) }
            if !before.isEmpty {
                let shown = before.count > 4 ? before.prefix(3) + ["\(before.count - 3) more"] : before[...]
                line += paint("  ← " + shown.joined(separator: ", "), "2")
            }
            lines.append(line)
        }
    }

    /// The longest way to each node; what lies on a cycle or behind one is as deep as what leads to it.
    private func levels() -> [Int] {
        var waiting = drawing.nodes.indices.map { incoming.span($0).count }
        var level = [Int](repeating: 0, count: drawing.nodes.count)
        var ready = drawing.nodes.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < ready.count {
            let node = ready[next]
            next += 1
            for target in outgoing[node].map(Int.init) {
                level[target] = max(level[target], level[node] + 1)
                waiting[target] -= 1
                if waiting[target] == 0 { ready.append(target) }
            }
        }
        return level
    }

    // MARK: Colours

    private func colored(_ text: String, _ marks: Marks) -> String {
        let codes: [(Marks, String)] = [
            (.cycle, "31"), (.failed, "31"), (.removed, "31"), (.cancelled, "33"), (.changed, "33"), (.added, "32"),
            (.done, "32"), (.running, "36"), (.skipped, "2"), (.critical, "1"),
        ]
        return codes.first { marks.contains($0.0) }.map { paint(text, $0.1) } ?? text
    }

    private func paint(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
