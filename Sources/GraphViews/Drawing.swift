package import PlanIR

/// What is drawn: nodes and edges with what is to be said of them, in plan order.
///
/// It says nothing of how it looks. Nothing here relies on the graph being free of cycles: a plan with a cycle is drawn,
/// too.
package struct Drawing: Sendable {
    /// What a node stands for.
    package enum Kind: UInt8, Sendable, Hashable {
        case start, finish
        /// A resource, or several that are drawn as one.
        case resource
        /// A hook of a resource, or of several that are drawn as one.
        case activity
    }

    /// One node.
    package struct Node: Sendable, Hashable {
        package var kind: Kind
        package var hook: Hook
        /// Whether an activity only keeps the order.
        package var isBarrier: Bool
        /// Position of the resource in the plan, -1 for start and finish; of several, the first.
        package var resource: Int32
        /// How many resources it stands for.
        package var count: Int32
        package var marks: Marks
        /// Position of what is said of it in `notes`, or -1.
        package var note: Int32

        package init(
            _ kind: Kind, resource: Int32 = -1, hook: Hook = .main, isBarrier: Bool = false, count: Int32 = 1
        ) {
            self.kind = kind
            self.resource = resource
            self.hook = hook
            self.isBarrier = isBarrier
            self.count = count
            marks = []
            note = -1
        }
    }

    /// Why there is an edge.
    package enum Reason: UInt8, Sendable, Hashable {
        /// From a resource to its dependent.
        case dependent
        /// Between hooks of one resource.
        case within
        /// Between hooks of a resource and its dependent.
        case across
        /// From the start or to the finish.
        case bound
        /// By way of nodes that are not drawn.
        case through
    }

    /// One edge, by the positions of its nodes.
    package struct Edge: Sendable, Hashable {
        package var from: Int32
        package var to: Int32
        package var reason: Reason
        package var marks: Marks

        package init(from: Int32, to: Int32, _ reason: Reason, marks: Marks = []) {
            self.from = from
            self.to = to
            self.reason = reason
            self.marks = marks
        }
    }

    /// The plan that is drawn; it may be unfinished, with faults.
    package let plan: PlanIR
    package let view: GraphView
    /// The operation whose activities are drawn.
    package let operation: OperationKind
    package internal(set) var nodes: [Node]
    /// Ascending by origin, then by target.
    package internal(set) var edges: [Edge]
    package internal(set) var notes: [String] = []
    /// For each resource the one that its node stands for; empty when each has its own.
    var groupOf: [Int32] = []
    /// Whether barriers were taken out: those that are left only join edges.
    package internal(set) var hidesBarriers = false
    /// What frames are drawn around.
    package var clustering: Clustering
    /// What the picture shows, in words, when it is not the whole: such as `focus on web`.
    package internal(set) var captions: [String] = []

    /// The title of the picture.
    package var title: String {
        let name = view == .activities ? "\(plan.plan): \(operation.rawValue)" : plan.plan
        return captions.isEmpty ? name : name + " (" + captions.joined(separator: ", ") + ")"
    }

    /// All marks that are on a node or an edge.
    package var usedMarks: Marks {
        nodes.reduce(into: Marks()) { $0.formUnion($1.marks) }
            .union(edges.reduce(into: Marks()) { $0.formUnion($1.marks) })
    }

    /// The id of a node: the identity of its resource, for an activity behind its hook; `start` and `finish`.
    package func id(_ position: Int) -> String {
        let node = nodes[position]
        switch node.kind {
        case .start: return "start"
        case .finish: return "finish"
        case .resource: return identity(node)
        case .activity: return "\(node.hook.name):\(identity(node))"
        }
    }

    private func identity(_ node: Node) -> String {
        let resource = plan.resources[Int(node.resource)]
        return node.count > 1 ? "\(resource.identity)+\(node.count - 1)" : resource.identity
    }
}

/// What is to be said of a node or an edge.
package struct Marks: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// On a cycle.
    package static let cycle = Marks(rawValue: 1)
    /// On the longest path.
    package static let critical = Marks(rawValue: 2)
    /// What was asked for by name.
    package static let focus = Marks(rawValue: 4)
    /// In comparison with an older plan.
    package static let added = Marks(rawValue: 8)
    package static let removed = Marks(rawValue: 16)
    package static let changed = Marks(rawValue: 32)
    /// In a run.
    package static let done = Marks(rawValue: 64)
    package static let failed = Marks(rawValue: 128)
    package static let cancelled = Marks(rawValue: 256)
    package static let running = Marks(rawValue: 512)
    package static let skipped = Marks(rawValue: 1024)
    /// A discovery would bring dependents.
    package static let discovers = Marks(rawValue: 2048)

    /// All marks with their names, in the order in which legends have them.
    package static let named: [(mark: Marks, name: String, meaning: String)] = [
        (.cycle, "cycle", "on a cycle"), (.critical, "critical", "on the critical path"),
        (.focus, "focus", "asked for"), (.added, "added", "added"), (.removed, "removed", "removed"),
        (.changed, "changed", "changed"), (.done, "done", "done"), (.failed, "failed", "failed"),
        (.cancelled, "cancelled", "cancelled"), (.running, "running", "never ended"),
        (.skipped, "skipped", "not reached"), (.discovers, "discovers", "discovers dependents"),
    ]

    /// The names of the marks that are set.
    package var names: [String] { Marks.named.filter { contains($0.mark) }.map(\.name) }
}
