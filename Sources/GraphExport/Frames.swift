import GraphViews
import PlanIR

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
