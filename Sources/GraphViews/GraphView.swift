/// What of a plan is drawn.
package enum GraphView: String, Sendable, CaseIterable {
    /// One node per resource, an edge from each to its dependents.
    case resources
    /// One node per activity of an operation, an edge where one waits for the other.
    case activities
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
