package import GraphViews
import PlanIR

extension GraphOverlay {
    /// Takes over what a drawing of the same plan says of its resources or activities: marks, notes and cycles, and its
    /// title where it has more to say than the plan's name.
    ///
    /// The page shows the whole plan and has a focus of its own, so what a drawing leaves out or draws as one is not
    /// taken over. Marks of activities are those of the drawing's operation; of several operations the last one counts.
    package mutating func add(_ drawing: Drawing) {
        if !drawing.captions.isEmpty { title = drawing.title }
        if drawing.view == .activities { operation = drawing.operation }
        for node in drawing.nodes where node.count == 1 {
            let note = drawing.notes.indices.contains(Int(node.note)) ? drawing.notes[Int(node.note)] : ""
            var marks: [Mark?] = GraphOverlay.marks(node.marks)
            if marks.isEmpty && !note.isEmpty { marks = [nil] }
            for mark in marks {
                switch node.kind {
                case .start: annotate(activity: ActivityGraph.start, mark, note: note)
                case .finish: annotate(activity: ActivityGraph.finish, mark, note: note)
                case .resource: annotate(resource: node.resource, mark, note: note)
                case .activity:
                    annotate(activity: ActivityOrder.number(node.resource, node.hook), mark, note: note)
                }
            }
        }
        var known = Set(cycle)
        for edge in drawing.edges where edge.marks.contains(.cycle) {
            let ends = Edge(
                from: drawing.nodes[Int(edge.from)].resource, to: drawing.nodes[Int(edge.to)].resource)
            if ends.from >= 0 && ends.to >= 0 && known.insert(ends).inserted { cycle.append(ends) }
        }
    }

    /// The marks that a page knows, in their order here.
    private static func marks(_ marks: Marks) -> [Mark] {
        Mark.allCases.filter { mark in
            switch mark {
            case .added: marks.contains(.added)
            case .removed: marks.contains(.removed)
            case .changed: marks.contains(.changed)
            case .done: marks.contains(.done)
            case .failed: marks.contains(.failed)
            case .cancelled: marks.contains(.cancelled)
            case .skipped: marks.contains(.skipped)
            case .running: marks.contains(.running)
            case .critical: marks.contains(.critical)
            case .cycle: marks.contains(.cycle)
            }
        }
    }
}
