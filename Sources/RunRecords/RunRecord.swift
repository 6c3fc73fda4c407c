package import PlanIR

/// What happened in one run of an operation: the file that `cairn checkpoints journal` writes (docs/run-record.md).
package struct RunRecord: Sendable, Hashable {
    /// The format's name in the file.
    package static let format = "cairn.run"
    /// The format version that this program reads and writes.
    package static let version: Int64 = 1

    /// The plan that was run.
    package var plan: String
    package var operation: OperationKind
    /// The checkpoint that the run made or worked on.
    package var checkpoint: String
    /// The activities that the record tells of, in the order of their first events.
    package internal(set) var activities: [Activity] = []
    /// How the run ended; `nil` when it has not, or when nobody could take note of it.
    package internal(set) var end: End?
    /// Whether the last line was cut off, as a crash or a full disk leaves it; what it would have said is not known.
    package internal(set) var isTorn = false

    /// A record in which nothing has happened.
    package init(plan: String, operation: OperationKind, checkpoint: String) {
        self.plan = plan
        self.operation = operation
        self.checkpoint = checkpoint
    }

    /// How a run ended.
    package struct End: Sendable, Hashable {
        package let time: RecordTime
        /// The status of the checkpoint or of the operation's record, such as `available`.
        package let status: String

        package init(time: RecordTime, status: String) {
            self.time = time
            self.status = status
        }
    }

    /// What an event says of an activity.
    package enum Event: String, Sendable, Hashable, CaseIterable {
        case started, finished, failed, reverted, cancelled
    }

    /// What is known of an activity in the end.
    package enum State: String, Sendable, Hashable, CaseIterable {
        case done, failed, cancelled, reverted
        /// It started and never ended: it still runs, or was cut off with the run.
        case running
    }

    /// All that the record says of one activity.
    package struct Activity: Sendable, Hashable {
        package let name: RunRecord.Subject
        package internal(set) var state: State
        /// When its last attempt started, and when it ended.
        package internal(set) var started: RecordTime?
        package internal(set) var ended: RecordTime?
        /// How often it started.
        package internal(set) var attempts = 0
        /// How long the last attempt took that finished, in nanoseconds; `nil` when none did, or its start is not
        /// known, or the clock was set back meanwhile.
        package internal(set) var measured: Int64?
        /// What the last event said, such as the reason of a failure.
        package internal(set) var message = ""

        /// How long its last attempt took, in nanoseconds, whatever became of it.
        package var duration: Int64? {
            guard let started, let ended, ended >= started else { return nil }
            return ended.nanoseconds - started.nanoseconds
        }
    }

    /// Takes in an event; `position` is that of the activity in `activities`, or `nil` for a new one.
    mutating func take(
        _ event: Event, of name: RunRecord.Subject, at time: RecordTime, _ message: String, position: Int?
    ) {
        let position = position ?? activities.count
        if position == activities.count { activities.append(Activity(name: name, state: .running)) }
        activities[position].take(event, at: time, message)
    }
}

extension RunRecord.Activity {
    fileprivate mutating func take(_ event: RunRecord.Event, at time: RecordTime, _ message: String) {
        self.message = message
        if event == .started {
            (state, started, ended) = (.running, time, nil)
            attempts += 1
            return
        }
        // An end without a start of its own, as when a resumed run adopts what was done, takes no time that is known.
        if state != .running { started = nil }
        ended = time
        switch event {
        case .finished:
            state = .done
            measured = duration
        case .failed: state = .failed
        case .cancelled: state = .cancelled
        case .reverted, .started: state = .reverted
        }
    }
}

extension RunRecord {
    /// Whom an event is about: a hook of a resource, or its revert.
    package struct Subject: Sendable, Hashable, CustomStringConvertible {
        /// The hook, `nil` for a revert.
        package let hook: Hook?
        /// `TYPE#ID`
        package let resource: String

        package init(hook: Hook?, resource: String) {
            self.hook = hook
            self.resource = resource
        }

        /// Reads `HOOK:TYPE#ID`, as `description` gives it; `nil` for all else.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { return nil }
            let identity = parts[1].split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard identity.count == 2, NameRules.typeFault(identity[0]) == nil, NameRules.idFault(identity[1]) == nil
            else {
                return nil
            }
            if parts[0] == Self.revert {
                hook = nil
            } else if let named = Hook(name: parts[0]) {
                hook = named
            } else {
                return nil
            }
            resource = parts[1]
        }

        private static let revert = "revert"

        package var description: String { "\(hook?.name ?? Self.revert):\(resource)" }
    }

    /// What became of one activity of a graph in a run.
    package struct Outcome: Sendable, Hashable {
        /// What became of it; `nil` when the run never came to it.
        package let state: RunRecord.State?
        /// How long its last attempt took, in nanoseconds, where that is known.
        package let duration: Int64?
        /// The reason of a failure, else mostly empty.
        package let message: String
    }
}

extension RunRecord {
    /// What became of each activity of a graph, by its number; `nil` for what does no work, as barriers.
    ///
    /// What the record tells of resources that the plan does not have is left out: plans change, and records do not.
    package func outcomes(of graph: ActivityGraph, in ir: PlanIR) -> [RunRecord.Outcome?] {
        var positions: [RunRecord.Subject: Int] = [:]
        for (position, activity) in activities.enumerated() { positions[activity.name] = position }
        var outcomes = [RunRecord.Outcome?](repeating: nil, count: graph.count)
        for (place, activity) in graph.activities.enumerated() where !activity.isBarrier {
            let name = RunRecord.Subject(
                hook: activity.hook, resource: ir.resources[Int(activity.resource)].identity)
            let known = positions[name].map { activities[$0] }
            outcomes[place + Int(ActivityGraph.fixedCount)] = RunRecord.Outcome(
                state: known?.state, duration: known?.duration, message: known?.message ?? "")
        }
        return outcomes
    }
}
