package import PlanIR

/// What is laid over the picture of a plan: what changed, what happened in a run, what is critical, where a cycle is.
///
/// It says nothing of its own about the plan; an empty overlay leaves the picture as it is.
package struct GraphOverlay: Sendable, Hashable {
    /// What is said of a resource or an activity.
    package enum Mark: Int, Sendable, Hashable, CaseIterable {
        case added, removed, changed
        case done, failed, cancelled, skipped, running
        case critical, cycle
    }

    /// The marks of one resource or activity, with a short text such as a duration or an error message.
    package struct Annotation: Sendable, Hashable {
        package var marks: Set<Mark>
        package var note: String

        package init(marks: Set<Mark> = [], note: String = "") {
            self.marks = marks
            self.note = note
        }
    }

    /// A dependency, by the positions of its resources.
    package struct Edge: Sendable, Hashable {
        package var from: Int32
        package var to: Int32

        package init(from: Int32, to: Int32) {
            self.from = from
            self.to = to
        }
    }

    /// What the picture shows, in a few words; the plan's name when it is empty.
    package var title: String
    /// The operation whose activities are annotated.
    package var operation: OperationKind?
    /// By position of the resource in the IR.
    package private(set) var resources: [Int32: Annotation] = [:]
    /// By number of the activity.
    package private(set) var activities: [Int32: Annotation] = [:]
    /// The dependencies that form cycles.
    package var cycle: [Edge]

    package init(title: String = "", operation: OperationKind? = nil, cycle: [Edge] = []) {
        self.title = title
        self.operation = operation
        self.cycle = cycle
    }

    /// Adds a mark, a note or both to a resource; a note replaces an earlier one.
    package mutating func annotate(resource: Int32, _ mark: Mark?, note: String = "") {
        GraphOverlay.add(mark, note, to: &resources[resource, default: Annotation()])
    }

    /// Adds a mark, a note or both to an activity of `operation`; a note replaces an earlier one.
    package mutating func annotate(activity: Int32, _ mark: Mark?, note: String = "") {
        GraphOverlay.add(mark, note, to: &activities[activity, default: Annotation()])
    }

    private static func add(_ mark: Mark?, _ note: String, to annotation: inout Annotation) {
        if let mark { annotation.marks.insert(mark) }
        if !note.isEmpty { annotation.note = note }
    }
}

extension GraphOverlay.Mark {
    /// The word for the mark, in legends and files.
    package var name: String { String(describing: self) }
}
