package import PlanIR

/// What of a plan is drawn.
package enum GraphView: String, Sendable, CaseIterable {
    /// One node per resource, an edge from each to its dependents.
    case resources
    /// One node per activity of an operation, an edge where one waits for the other.
    case activities
}

/// The ids of activity nodes in exported graphs.
package enum ActivityName {
    /// `start`, `finish`, or the hook and the resource: `main:TYPE#ID`.
    package static func id(_ number: Int32, _ graph: ActivityGraph, _ ir: PlanIR) -> String {
        guard let activity = graph.activity(number) else {
            return number == ActivityGraph.start ? "start" : "finish"
        }
        return "\(activity.hook.name):\(ir.resources[Int(activity.resource)].identity)"
    }
}

/// What nodes of an activity view stand in a frame for.
package enum Clustering: String, Sendable, CaseIterable {
    /// A frame around the activities of each resource; none in the resource view.
    case resource
    /// A frame around what has the same type.
    case type
    /// A frame around the dependents of each resource, as far as they are its alone.
    case parent
    case none
}
