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

/// Which nodes stand in a frame together.
struct Frames {
    /// For each node the frame in which it stands, -1 for none.
    let of: [Int32]
    /// How many frames there may be; one without nodes is none.
    let count: Int
    private let types: [String]
    private let offsets: [Int32]
    private let nodes: [Int32]

    init(_ drawing: Drawing) {
        let resources = drawing.plan.resources
        var types: [String] = []
        switch drawing.clustering {
        case .none: (of, count) = ([], 0)
        case .resource:
            // A resource alone needs no frame.
            (of, count) =
                drawing.view == .resources ? ([], 0) : (drawing.nodes.map(\.resource), resources.count)
        case .type:
            var numbers: [String: Int32] = [:]
            of = drawing.nodes.map { node in
                guard node.resource >= 0 else { return -1 }
                let type = resources[Int(node.resource)].type
                if let number = numbers[type] { return number }
                numbers[type] = Int32(types.count)
                types.append(type)
                return Int32(types.count - 1)
            }
            count = types.count
        case .parent:
            var parent = [Int32](repeating: -1, count: resources.count)
            var parents = parent
            for (position, resource) in resources.enumerated() {
                for dependent in resource.dependents {
                    parent[Int(dependent)] = Int32(position)
                    parents[Int(dependent)] += 1
                }
            }
            of = drawing.nodes.map {
                $0.resource >= 0 && parents[Int($0.resource)] == 0 ? parent[Int($0.resource)] : -1
            }
            count = resources.count
        }
        self.types = types
        var offsets = [Int32](repeating: 0, count: count + 1)
        for frame in of where frame >= 0 { offsets[Int(frame) + 1] += 1 }
        for frame in 0..<count { offsets[frame + 1] += offsets[frame] }
        var next = offsets
        var nodes = [Int32](repeating: 0, count: Int(offsets[count]))
        for (position, frame) in of.enumerated() where frame >= 0 {
            nodes[Int(next[Int(frame)])] = Int32(position)
            next[Int(frame)] += 1
        }
        self.offsets = offsets
        self.nodes = nodes
    }

    /// The nodes in a frame, in plan order.
    func members(_ frame: Int32) -> ArraySlice<Int32> {
        nodes[Int(offsets[Int(frame)])..<Int(offsets[Int(frame) + 1])]
    }

    /// What a frame is called.
    func title(_ frame: Int32, _ drawing: Drawing) -> String {
        switch drawing.clustering {
        case .none: return ""
        case .resource:
            let node = members(frame).first.map { drawing.nodes[Int($0)] }
            return node.map { $0.count > 1 ? drawing.name($0) : "\(drawing.name($0))  (\(drawing.kind($0)))" } ?? ""
        case .type: return types[Int(frame)]
        case .parent: return "of \(drawing.plan.resources[Int(frame)].name)"
        }
    }
}
