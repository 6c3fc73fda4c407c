package import GraphViews
import PlanIR

/// The colours of pictures, in all formats the same.
package enum Palette {
    /// Fill, line and text colour of a node.
    package struct Paint: Sendable, Hashable {
        package let fill: String
        package let line: String
        package var text = "#111827"
    }

    /// Light fills that keep black text readable, told apart also by people who see few colours.
    package static let plugins = [
        Paint(fill: "#dbeafe", line: "#2563eb"), Paint(fill: "#fef3c7", line: "#b45309"),
        Paint(fill: "#dcfce7", line: "#15803d"), Paint(fill: "#fce7f3", line: "#be185d"),
        Paint(fill: "#ede9fe", line: "#6d28d9"), Paint(fill: "#cffafe", line: "#0e7490"),
        Paint(fill: "#fee2e2", line: "#b91c1c"), Paint(fill: "#e5e7eb", line: "#374151"),
    ]

    /// What no plugin takes.
    package static let unbound = Paint(fill: "#ffffff", line: "#9ca3af")

    /// The paint of a plugin by its position in the plan, -1 for none.
    package static func plugin(_ position: Int32) -> Paint {
        position < 0 ? unbound : plugins[Int(position) % plugins.count]
    }

    /// The paint that a mark gives its node instead of the plugin's, for marks that do.
    package static func paint(of mark: Marks) -> Paint? {
        switch mark {
        case .added: Paint(fill: "#bbf7d0", line: "#15803d")
        case .removed: Paint(fill: "#fecaca", line: "#b91c1c", text: "#7f1d1d")
        case .changed: Paint(fill: "#fde68a", line: "#b45309")
        case .done: Paint(fill: "#bbf7d0", line: "#15803d")
        case .failed: Paint(fill: "#b91c1c", line: "#7f1d1d", text: "#ffffff")
        case .cancelled: Paint(fill: "#fed7aa", line: "#c2410c")
        case .running: Paint(fill: "#bfdbfe", line: "#1d4ed8")
        case .skipped: Paint(fill: "#f3f4f6", line: "#9ca3af", text: "#6b7280")
        default: nil
        }
    }

    /// The sign before a name that a mark gives, so that no picture rests on colour alone.
    package static func sign(of marks: Marks) -> String {
        for (mark, sign) in signs where marks.contains(mark) { return sign + " " }
        return ""
    }

    private static let signs: [(Marks, String)] = [
        (.failed, "✗"), (.cancelled, "⊘"), (.running, "…"), (.skipped, "–"), (.done, "✓"), (.added, "+"),
        (.removed, "−"), (.changed, "~"),
    ]

    /// Line colour of what is on a cycle.
    package static let cycle = "#dc2626"
    /// Line colour of the critical path.
    package static let critical = "#111827"

    /// The paint of a node with marks, over that of its plugin.
    package static func paint(_ marks: Marks, plugin position: Int32) -> Paint {
        var paint = plugin(position)
        for (mark, _) in signs where marks.contains(mark) {
            if let other = Palette.paint(of: mark) {
                paint = other
                break
            }
        }
        if marks.contains(.critical) { paint = Paint(fill: paint.fill, line: critical, text: paint.text) }
        if marks.contains(.cycle) { paint = Paint(fill: paint.fill, line: cycle, text: paint.text) }
        return paint
    }
}

extension Drawing {
    /// The plugin of a node's resource, -1 for none.
    func plugin(_ node: Node) -> Int32 { node.resource < 0 ? -1 : plan.resources[Int(node.resource)].plugin }

    /// What the plan calls a node's resource, with how many more it stands for.
    func name(_ node: Node) -> String {
        let name = plan.resources[Int(node.resource)].name
        return node.count > 1 ? "\(node.count) × \(kind(node))" : name
    }

    /// The last word of a type, which tells most: `Host::FileSystem::Directory` is a `Directory`.
    func kind(_ node: Node) -> String { Drawing.kind(plan.resources[Int(node.resource)].type) }

    static func kind(_ type: String) -> String {
        guard let colon = type.utf8.lastIndex(of: UInt8(ascii: ":")) else { return type }
        let last = type[type.utf8.index(after: colon)...]
        return last.isEmpty ? type : String(last)
    }

    /// What is said of a node.
    func note(_ node: Node) -> String? { node.note < 0 ? nil : notes[Int(node.note)] }

    /// The frames of the picture.
    var frames: Frames { Frames(self) }
}
