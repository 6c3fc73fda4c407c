package import PlanIR
package import RunRecords
package import Scheduling

/// How long activities last, as a run record or a file of people's own tells.
package struct ActivityTimings: Sendable {
    /// Which activities a duration is for; the more it names, the more it counts.
    package struct Target: Sendable, Hashable, CustomStringConvertible {
        package let hook: Hook
        /// The resource type, `nil` for all.
        package let type: String?
        /// `TYPE#ID`, `nil` for all resources of the type.
        package let resource: String?

        package init(hook: Hook, type: String? = nil, resource: String? = nil) {
            self.hook = hook
            self.type = type
            self.resource = resource
        }

        package var description: String {
            if let resource { return "\(hook.name):\(resource)" }
            return type.map { "\(hook.name):\($0)" } ?? hook.name
        }
    }

    /// The operation whose run was measured; `nil` for durations that people wrote, which are for all.
    package let operation: OperationKind?
    /// The targets that have durations, in the order of the file.
    package private(set) var targets: [Target] = []
    private var durations: [Target: Int64] = [:]

    /// Timings without any duration.
    package init(of operation: OperationKind? = nil) { self.operation = operation }

    /// The durations of the activities that finished in a run, each by its last attempt that did.
    package init(_ record: RunRecord) {
        self.init(of: record.operation)
        for activity in record.activities {
            guard let hook = activity.name.hook, let duration = activity.measured else { continue }
            let type = activity.name.resource.prefix { $0 != "#" }
            set(Target(hook: hook, type: String(type), resource: activity.name.resource), to: duration)
        }
    }

    /// Sets the duration of a target, in nanoseconds.
    package mutating func set(_ target: Target, to nanoseconds: Int64) {
        if durations.updateValue(max(0, nanoseconds), forKey: target) == nil { targets.append(target) }
    }

    /// The duration of a target, where there is one.
    package subscript(target: Target) -> Int64? { durations[target] }
}

/// Where the duration of an activity comes from.
package enum DurationOrigin: String, Sendable, Hashable, CaseIterable {
    /// The file has it, for this activity or for all of its kind.
    case given
    /// The mean of what the file has for the same hook and type.
    case meanOfType
    /// The mean of what it has for the same hook.
    case meanOfHook
    /// The mean of all that it has.
    case meanOfAll
    /// A second: there is nothing to go by.
    case unit

    /// What it says of the duration, in words for people.
    package var words: String {
        switch self {
        case .given: "measured"
        case .meanOfType: "guessed: the mean of this hook and type"
        case .meanOfHook: "guessed: the mean of this hook"
        case .meanOfAll: "guessed: the mean of all"
        case .unit: "a second for every activity"
        }
    }
}

/// Why timings do not fit an operation.
package struct TimingsMismatch: Error, Sendable, Hashable, CustomStringConvertible {
    package let measured: OperationKind
    package let wanted: OperationKind

    package init(measured: OperationKind, wanted: OperationKind) {
        self.measured = measured
        self.wanted = wanted
    }

    package var description: String {
        "the run record is one of '\(measured.rawValue)' and says nothing of '\(wanted.rawValue)'; "
            + "simulate '\(measured.rawValue)', or write the durations into a file of kind Timings"
    }
}

/// Weights of a graph, with where they come from.
package struct EstimatedWeights: Sendable {
    package let weights: ActivityWeights
    /// Where each activity's duration comes from, by number; `nil` for what does no work.
    package let origins: [DurationOrigin?]
    /// How many activities have a duration of the timings.
    package let measured: Int
    /// How many have a mean of others, or a second.
    package let guessed: Int
    /// The targets of durations that are for nothing in the graph, in the order of the file.
    package let unused: [ActivityTimings.Target]

    /// A second for each activity that works.
    package init(unit graph: ActivityGraph) {
        weights = .unit(graph)
        origins = (0..<Int32(graph.count)).map { graph.works($0) ? .unit : nil }
        measured = 0
        guessed = origins.count { $0 != nil }
        unused = []
    }

    /// The durations that `timings` have for the activities of an operation: the most specific one counts, and what
    /// has none gets the mean of those that are most like it.
    package init(
        _ timings: ActivityTimings, of ir: PlanIR, _ operation: OperationKind
    ) throws(TimingsMismatch) {
        if let measured = timings.operation, measured != operation {
            throw TimingsMismatch(measured: measured, wanted: operation)
        }
        let graph = ir.graph(operation)
        let means = Means(timings)
        var origins = [DurationOrigin?](repeating: nil, count: graph.count)
        var used: Set<ActivityTimings.Target> = []
        weights = ActivityWeights(graph) { number, activity in
            let resource = ir.resources[Int(activity.resource)]
            let exact = ActivityTimings.Target(
                hook: activity.hook, type: resource.type, resource: resource.identity)
            let wider = [
                exact, ActivityTimings.Target(hook: activity.hook, type: resource.type),
                ActivityTimings.Target(hook: activity.hook),
            ]
            for target in wider {
                guard let duration = timings[target] else { continue }
                // One that a more specific one hides everywhere is not unused: it is for such activities.
                for target in wider where timings[target] != nil { used.insert(target) }
                origins[Int(number)] = .given
                return duration
            }
            let (duration, origin) = means.guess(activity.hook, resource.type)
            origins[Int(number)] = origin
            return duration
        }
        self.origins = origins
        measured = origins.count { $0 == .given }
        guessed = origins.count { $0 != nil && $0 != .given }
        unused = timings.targets.filter { !used.contains($0) }
    }
}

/// The means of what timings have.
private struct Means {
    private struct Mean {
        var sum: Int64 = 0
        var count: Int64 = 0

        var value: Int64 { sum / max(1, count) }

        mutating func add(_ duration: Int64) {
            sum = sum.addingSaturated(duration)
            count += 1
        }
    }

    private var byType: [ActivityTimings.Target: Mean] = [:]
    private var byHook: [Hook: Mean] = [:]
    private var all = Mean()

    init(_ timings: ActivityTimings) {
        for target in timings.targets {
            guard let duration = timings[target] else { continue }
            if let type = target.type {
                byType[ActivityTimings.Target(hook: target.hook, type: type), default: Mean()].add(duration)
            }
            byHook[target.hook, default: Mean()].add(duration)
            all.add(duration)
        }
    }

    func guess(_ hook: Hook, _ type: String) -> (Int64, DurationOrigin) {
        if let mean = byType[ActivityTimings.Target(hook: hook, type: type)] { return (mean.value, .meanOfType) }
        if let mean = byHook[hook] { return (mean.value, .meanOfHook) }
        return all.count > 0 ? (all.value, .meanOfAll) : (ActivityWeights.second, .unit)
    }
}
