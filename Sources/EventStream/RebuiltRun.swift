package import Engine
package import PlanIR
package import PluginKit

/// A run as its event stream tells it.
package struct RebuiltRun: Sendable, Hashable {
    /// How far an activity came.
    package enum ActivityState: String, Sendable {
        case running, adopted, done, waiting, cancelled, failed
    }

    /// One hook of one resource.
    package struct Activity: Sendable, Hashable {
        package let hook: Hook
        package var state: ActivityState
        /// How many attempts were begun in this stream, and the number of the last.
        package var attempt: Int = 0
        /// Microseconds since the stream began, of the last attempt.
        package var started: Int64?
        package var ended: Int64?
        /// The reason of the last failure.
        package var message: String?

        /// How long the last attempt lasted, in microseconds.
        package var duration: Int64? {
            guard let started, let ended else { return nil }
            return ended - started
        }
    }

    /// How undoing went for a resource.
    package enum Undoing: Sendable, Hashable {
        case none
        case undone
        case failed(String)
    }

    package struct Resource: Sendable, Hashable {
        package let identity: String
        /// In the order of their first events.
        package var activities: [Activity] = []
        package var contentBytes: Int64 = 0
        package var expectedBytes: Int64?
        package var warnings: [ActivityWarning] = []
        package var isDone = false
        /// Whether something must still be undone.
        package var undoIsDue = false
        package var undoing = Undoing.none
        /// What the stream says at its end: `done`, `failed` or `incomplete`.
        package var result: String?

        package init(identity: String) { self.identity = identity }

        /// The activity of a hook, `nil` when it was not reached.
        package func activity(_ hook: Hook) -> Activity? { activities.first { $0.hook == hook } }
    }

    /// How the run ended.
    package struct End: Sendable, Hashable {
        package let time: String
        package let elapsed: Int64
        package let status: String
        package let failures: Int64
        package let warnings: Int64
        package let contentBytes: Int64
    }

    /// How a notification went.
    package struct Delivery: Sendable, Hashable {
        package let target: String
        package let isDelivered: Bool
        package let message: String?
    }

    /// What wrote the stream.
    package let program: String
    /// What was known when the run began; `nil` when it ended before.
    package var beginning: RunBeginning?
    /// In the order of their first events.
    package var resources: [Resource] = []
    package var notices: [String] = []
    /// The damaged records, by their keys.
    package var damaged: [String] = []
    /// Why nothing new started any more.
    package var stopReasons: [String] = []
    package var end: End?
    /// Why the run ended without an outcome.
    package var abortion: String?
    package var deliveries: [Delivery] = []
    /// The runs before this one, where the stream is of several, such as a rehearsal's.
    package var earlier: [RebuiltRun] = []
    /// Whether the last line was cut off.
    package var isTorn = false

    init(program: String) { self.program = program }

    /// Bytes of content of all resources.
    package var contentBytes: Int64 { resources.reduce(0) { $0 + $1.contentBytes } }
    package var warningCount: Int64 { resources.reduce(0) { $0 + Int64($1.warnings.count) } }
}
