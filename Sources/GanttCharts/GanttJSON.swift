import CanonicalForm
import PlanIR
import Scheduling
import Timings

/// A simulated run as JSON; docs/what-if.md describes it.
enum GanttJSON {
    static let format = "cairn.simulation"
    static let version: Int64 = 1

    static func document(_ gantt: Gantt) -> [UInt8] {
        let run = gantt.run
        var writer = JSONWriter(capacity: run.steps.count * 300)
        writer.raw("{\"format\":")
        writer.string(format)
        number("version", version, &writer)
        text("plan", gantt.ir.plan, &writer)
        text("operation", gantt.operation.rawValue, &writer)
        number("jobs", Int64(run.jobs), &writer)
        number("lanes", Int64(run.laneCount), &writer)
        number("makespan", run.makespan, &writer)
        number("busy", run.busy, &writer)
        member("utilisation", &writer)
        writer.number((run.utilisation * 1_000_000).rounded() / 1_000_000)
        writer.raw(",\"bounds\":{\"criticalPath\":")
        writer.integer(run.pathBound)
        number("work", run.workBound, &writer)
        writer.raw("},\"durations\":{\"measured\":")
        writer.integer(Int64(gantt.estimate.measured))
        number("guessed", Int64(gantt.estimate.guessed), &writer)
        writer.raw("}")
        names("criticalPath", run.criticalPath.activities.filter(gantt.graph.works), gantt, &writer)
        names("boundingEnd", run.boundingSteps.map { run.steps[$0].activity }, gantt, &writer)
        writer.raw(",\"activities\":[")
        for position in run.steps.indices {
            if position > 0 { writer.raw(0x2C) }
            writer.raw(0x0A)
            step(position, gantt, &writer)
        }
        writer.raw("\n]}\n")
        return writer.bytes
    }

    private static func step(_ position: Int, _ gantt: Gantt, _ writer: inout JSONWriter) {
        let step = gantt.run.steps[position]
        let (hook, resource, _) = gantt.subject(step)
        writer.raw("{\"id\":")
        writer.string(gantt.id(step.activity))
        text("resource", resource.identity, &writer)
        text("hook", hook.name, &writer)
        if let plugin = gantt.plugin(resource) { text("plugin", plugin, &writer) }
        number("job", Int64(step.lane) + 1, &writer)
        number("start", step.start, &writer)
        number("end", step.end, &writer)
        text("duration", (gantt.estimate.origins[Int(step.activity)] ?? .unit).rawValue, &writer)
        number("slack", gantt.run.criticalPath.slack(step.activity), &writer)
        guard step.heldBy >= 0 else {
            writer.raw("}")
            return
        }
        text("waitsFor", gantt.id(gantt.run.steps[Int(step.heldBy)].activity), &writer)
        member("waitsForJob", &writer)
        writer.raw(step.waitedForLane ? "true" : "false")
        if step.waitedForLimit {
            member("waitsForLimit", &writer)
            writer.raw("true")
        }
        writer.raw("}")
    }

    private static func member(_ name: StaticString, _ writer: inout JSONWriter) {
        writer.raw(",\"")
        writer.raw(name)
        writer.raw("\":")
    }

    private static func number(_ name: StaticString, _ value: Int64, _ writer: inout JSONWriter) {
        member(name, &writer)
        writer.integer(value)
    }

    private static func text(_ name: StaticString, _ value: String, _ writer: inout JSONWriter) {
        member(name, &writer)
        writer.string(value)
    }

    private static func names(
        _ name: StaticString, _ activities: [Int32], _ gantt: Gantt, _ writer: inout JSONWriter
    ) {
        member(name, &writer)
        writer.raw("[")
        for (position, activity) in activities.enumerated() {
            if position > 0 { writer.raw(0x2C) }
            writer.string(gantt.id(activity))
        }
        writer.raw("]")
    }
}
