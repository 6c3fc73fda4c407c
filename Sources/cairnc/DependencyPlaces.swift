import Diagnostics
import GraphViews
import PlanCompiler
import PlanIR

/// Where a plan says that one resource is another's dependent.
struct DependencyPlaces {
    private var ranges: [Pair: SourceRange] = [:]
    private var finder: PlaceFinder?

    private struct Pair: Hashable {
        let parent: Int32
        let child: Int32
    }

    /// Nothing is known of a compiled plan's text.
    init() {}

    init(_ unit: PlanUnit, _ sources: SourceMap) {
        finder = PlaceFinder(sources)
        for parent in unit.resources.indices {
            for dependent in unit.resources[parent].dependents {
                ranges[Pair(parent: Int32(parent), child: dependent.resource)] = dependent.range
            }
        }
    }

    /// `file:line:column` of the text that makes one of them the other's dependent.
    mutating func place(_ a: Int32, _ b: Int32) -> String? {
        guard let range = ranges[Pair(parent: a, child: b)] ?? ranges[Pair(parent: b, child: a)],
            let position = finder?.position(of: range.start, in: range.source)
        else { return nil }
        return "\(finder?.name(of: range.source) ?? ""):\(position.line):\(position.column)"
    }
}

/// A way through a graph in words.
enum PathText {
    /// One line for each step, with the rule behind it and, where it is known, the place in the plan.
    static func text(_ path: GraphPath, in drawing: Drawing, places: DependencyPlaces) -> [UInt8] {
        var places = places
        guard let first = path.nodes.first else { return [] }
        var lines = [DisplayWidth.harmless(drawing.id(Int(first)))]
        for (step, node) in path.nodes.dropFirst().enumerated() {
            let before = drawing.nodes[Int(path.nodes[step])]
            let after = drawing.nodes[Int(node)]
            var reason = DisplayWidth.harmless(path.reasons[step])
            if before.resource >= 0, after.resource >= 0, before.resource != after.resource,
                let place = places.place(before.resource, after.resource)
            {
                reason += " (\(place))"
            }
            lines.append("→ " + DisplayWidth.harmless(drawing.id(Int(node))))
            lines.append("    " + reason)
        }
        return Array(lines.map { $0 + "\n" }.joined().utf8)
    }
}
