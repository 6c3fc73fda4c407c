import Diagnostics
import PlanIR
import Scheduling
import Timings

/// A simulated run with what charts say of it.
struct Gantt: Sendable {
    let ir: PlanIR
    let operation: OperationKind
    let graph: ActivityGraph
    let run: Simulation
    let estimate: EstimatedWeights
    /// Whether an activity is on the longest path, by its number.
    let isOnPath: [Bool]
    /// Whether a step is one of those that bound the end, by its position.
    let boundsEnd: [Bool]
    /// How many may run of what has a limit of its own, in words.
    let limits: [String]

    init(
        ir: PlanIR, operation: OperationKind, graph: ActivityGraph, run: Simulation, estimate: EstimatedWeights,
        limits: [String]
    ) {
        self.limits = limits
        self.ir = ir
        self.operation = operation
        self.graph = graph
        self.run = run
        self.estimate = estimate
        var isOnPath = [Bool](repeating: false, count: graph.count)
        for number in run.criticalPath.activities where graph.works(number) { isOnPath[Int(number)] = true }
        self.isOnPath = isOnPath
        var boundsEnd = [Bool](repeating: false, count: run.steps.count)
        for step in run.boundingSteps { boundsEnd[step] = true }
        self.boundsEnd = boundsEnd
    }

    /// `main:TYPE#ID`, as in all exports of graphs.
    static func id(_ number: Int32, _ graph: ActivityGraph, _ ir: PlanIR) -> String {
        guard let activity = graph.activity(number) else {
            return number == ActivityGraph.start ? "start" : "finish"
        }
        return "\(activity.hook.name):\(ir.resources[Int(activity.resource)].identity)"
    }

    func id(_ number: Int32) -> String { Gantt.id(number, graph, ir) }

    /// The hook and the resource of a step.
    func subject(_ step: Simulation.Step) -> (hook: Hook, resource: PlanIR.Resource, position: Int) {
        // Steps are of activities that work, so there is one.
        let activity = graph.activities[Int(step.activity - ActivityGraph.fixedCount)]
        return (activity.hook, ir.resources[Int(activity.resource)], Int(activity.resource))
    }

    /// The name of the plugin of a resource.
    func plugin(_ resource: PlanIR.Resource) -> String? {
        ir.plugins.indices.contains(Int(resource.plugin)) ? ir.plugins[Int(resource.plugin)].name : nil
    }

    /// The hooks that have a step, in their order.
    var hooks: [Hook] {
        var seen: Set<Hook> = []
        for step in run.steps { seen.insert(subject(step).hook) }
        return Hook.allCases.filter(seen.contains)
    }

    // MARK: Words

    var title: String {
        "\(DisplayWidth.harmless(ir.plan)): \(operation.rawValue) with \(run.jobs) job\(run.jobs == 1 ? "" : "s")"
    }

    /// What there is to say of the whole run.
    var numbers: [(name: String, value: String)] {
        [
            ("makespan", DurationWords.text(run.makespan)),
            (
                "utilisation",
                "\(DurationWords.percent(run.utilisation)) of \(run.jobs) job\(run.jobs == 1 ? "" : "s"): "
                    + "\(run.steps.count) activities, \(DurationWords.text(run.busy)) of work"
            ),
            (
                "lower bounds",
                "\(DurationWords.text(run.pathBound)) by the critical path, "
                    + "\(DurationWords.text(run.workBound)) by the work"
            ),
            ("durations", durationWords),
        ] + (limits.isEmpty ? [] : [("limits", limits.joined(separator: ", "))])
    }

    private var durationWords: String {
        if estimate.origins.allSatisfy({ $0 == nil || $0 == .unit }) { return "a second for every activity" }
        return "\(estimate.measured) measured, \(estimate.guessed) guessed"
    }

    /// What a step waited for, in words.
    func reason(_ step: Simulation.Step) -> String {
        guard step.heldBy >= 0 else { return "starts at once" }
        let before = run.steps[Int(step.heldBy)]
        let (hook, resource, _) = subject(before)
        let name = "\(hook.name) of \(resource.identity)"
        if step.waitedForLimit { return "waits for the limit that \(name) fills" }
        return step.waitedForLane ? "waits for the job that runs \(name)" : "waits for \(name)"
    }

    /// What there is to say of a step, line by line; the first is its name.
    func words(_ step: Simulation.Step) -> [String] {
        let (hook, resource, _) = subject(step)
        let span = "\(Moment.text(step.start)) to \(Moment.text(step.end))"
        let origin = (estimate.origins[Int(step.activity)] ?? .unit).words
        var lines = [
            "\(DisplayWidth.harmless(resource.name)): \(hook.name)", resource.identity,
            "\(span), \(DurationWords.text(step.end - step.start)) (\(origin))",
            "job \(step.lane + 1), \(reason(step))",
        ]
        if isOnPath[Int(step.activity)] { lines.append("on the critical path") }
        return lines
    }
}

/// Points in time of a run for people.
enum Moment {
    /// So many nanoseconds after the beginning, to the second from a minute on, such as `3h 13m 31s`: what follows on
    /// each other within a long run would look the same in fewer units.
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds < 60_000_000_000 { return DurationWords.text(nanoseconds) }
        let seconds = nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0)
        let parts = [
            (seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }
}

/// The marks of a time axis.
enum TimeAxis {
    /// The round time, not shorter than `least`, that is best to count by.
    static func step(atLeast least: Int64) -> Int64 {
        // Decimal below a minute and above a day, as clocks count between.
        var decimal: Int64 = 1
        while decimal < 1_000_000_000 {
            for factor: Int64 in [1, 2, 5] where factor * decimal >= least { return factor * decimal }
            decimal *= 10
        }
        let minute: Int64 = 60
        let hour = 60 * minute
        let day = 24 * hour
        let seconds: [Int64] = [
            1, 2, 5, 10, 15, 30, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour,
            3 * hour, 6 * hour, 12 * hour, day,
        ]
        for second in seconds where second * 1_000_000_000 >= least { return second * 1_000_000_000 }
        var days: Int64 = 1
        while days < 100_000 {
            for factor: Int64 in [1, 2, 5] where factor * days * day >= least / 1_000_000_000 + 1 {
                return factor * days * day * 1_000_000_000
            }
            days *= 10
        }
        return .max
    }

    /// The times to mark on an axis that reaches to `end`: its beginning, and so many others at most.
    static func marks(to end: Int64, atMost count: Int) -> [Int64] {
        let step = step(atLeast: max(1, end / Int64(max(1, count))))
        return step == .max ? [0] : Array(stride(from: Int64(0), through: end, by: Int(step)))
    }
}

/// Text cut to a number of columns.
enum ShortText {
    /// As much of the beginning of `text` as fits, with a mark where something was left out; empty when nothing fits.
    static func cut(_ text: String, to columns: Int, mark: String = "…") -> String {
        if DisplayWidth.columns(of: text) <= columns { return text }
        guard columns > 1 else { return "" }
        var out = ""
        var used = 1
        for character in text {
            let width = DisplayWidth.columns(of: String(character))
            if used + width > columns { break }
            out.append(character)
            used += width
        }
        return out.isEmpty ? "" : out + mark
    }
}
