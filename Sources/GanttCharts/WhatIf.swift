package import PlanIR
internal import Scheduling
package import Timings

/// Why a run cannot be simulated.
package enum WhatIfError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The plan has a cycle; these activities wait for each other.
    case cycle([String])
    /// The timings are of another operation.
    case mismatch(TimingsMismatch)

    package var description: String {
        switch self {
        case .cycle(let names):
            let shown = names.count > 6 ? names.prefix(5) + ["…"] : names[...]
            return "there is no schedule, since activities wait for each other: "
                + (shown + names.prefix(1)).joined(separator: " → ")
        case .mismatch(let mismatch): return mismatch.description
        }
    }
}

/// What a run of an operation would be like: the schedule that the executor would follow, and charts of it.
///
/// Everything that it gives is the same for the same input, byte for byte.
package struct WhatIf: Sendable {
    /// Plans with more resources than this have a row for each lane in the terminal, not for each resource.
    package static let mostResourceRows = 24

    let gantt: Gantt

    /// How many activities may run at a time with a plugin, or of resources of a type, by name.
    package typealias Limits = [(name: String, count: Int)]

    /// Simulates an operation with so many jobs at a time. Without timings, every activity lasts a second.
    package init(
        _ ir: PlanIR, _ operation: OperationKind, jobs: Int, plugins: Limits = [], types: Limits = [],
        timings: ActivityTimings? = nil
    ) throws(WhatIfError) {
        let graph = ir.graph(operation)
        let estimate: EstimatedWeights
        if let timings {
            do { estimate = try EstimatedWeights(timings, of: ir, operation) } catch { throw .mismatch(error) }
        } else {
            estimate = EstimatedWeights(unit: graph)
        }
        let run: Simulation
        func table(_ limits: Limits) -> [String: Int] {
            Dictionary(limits.map { ($0.name, $0.count) }, uniquingKeysWith: { _, last in last })
        }
        let limits = RunLimits(ir, plugins: table(plugins), types: table(types))
        do { run = try Simulation(graph, jobs: jobs, weights: estimate.weights, limits: limits) } catch {
            throw .cycle(error.cycle.map { Gantt.id($0, graph, ir) })
        }
        gantt = Gantt(
            ir: ir, operation: operation, graph: graph, run: run, estimate: estimate,
            limits: (plugins + types).map { "\($0.count) of \($0.name)" })
    }

    /// How many activities have a measured duration, and how many a guessed one.
    package var coverage: (measured: Int, guessed: Int) { (gantt.estimate.measured, gantt.estimate.guessed) }

    /// The durations that are for nothing in the plan, in the order of their file.
    package var unusedTimings: [String] { gantt.estimate.unused.map(\.description) }

    /// A chart for the terminal, as wide as that; in plain ASCII where nothing else can be shown.
    package func text(width: Int = 100, isUnicode: Bool = true) -> [UInt8] {
        GanttText(gantt, width: width, isUnicode: isUnicode).bytes
    }

    /// A picture.
    package var svg: [UInt8] { GanttSVG(gantt).document }

    /// The picture in a page of its own, which needs nothing else.
    package var html: [UInt8] { GanttHTML.page(gantt) }

    /// The schedule as JSON (docs/what-if.md).
    package var json: [UInt8] { GanttJSON.document(gantt) }
}
