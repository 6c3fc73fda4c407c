/// What lies outside of the bank: services that run or stand still, and data that changes while they run.
package final class OutsideWorld: @unchecked Sendable {
    private struct Service {
        var isQuiesced = false
        /// Who made it stand still.
        var quiescedBy: String?
        /// How often it was started, and how long it has run before, so that no two moments of running look alike.
        var starts = 0
        var ran: Int64 = 0
        var runsSince: Int64 = 0
    }

    private let world: World
    private var services: [Int: Service] = [:]
    /// What was restored: the copies, by place and resource.
    private(set) var restored: [String: [Int: String]] = [:]

    /// Where rehearsals restore to.
    let scratch: ScratchPlaces

    /// A copy arrives at a place; what is there already stays. Returns whether the place is there.
    func restore(_ copy: String, of resource: Int, to place: String) -> Bool {
        guard scratch.admits(place) else { return false }
        if restored[place]?[resource] == nil { restored[place, default: [:]][resource] = copy }
        return true
    }

    package init(_ world: World, services: [Int]) {
        self.world = world
        scratch = ScratchPlaces(world)
        for service in services { self.services[service] = Service() }
    }

    /// What a service's data look like now; different at any two moments at which it runs.
    package func data(of service: Int) -> String {
        guard let found = services[service] else { return "none" }
        let ran = found.isQuiesced ? found.ran : found.ran + world.now - found.runsSince
        return "\(found.starts).\(ran)"
    }

    /// Makes a service stand still; one that does already is left alone.
    func quiesce(_ service: Int, by process: String) {
        guard var found = services[service], !found.isQuiesced else { return }
        world.note("\(process) quiesces r\(service)")
        found.isQuiesced = true
        found.quiescedBy = process
        found.ran += world.now - found.runsSince
        services[service] = found
    }

    /// Lets a service run again.
    func resume(_ service: Int, by process: String) {
        guard var found = services[service], found.isQuiesced else { return }
        world.note("\(process) resumes r\(service)")
        found.isQuiesced = false
        found.quiescedBy = nil
        found.starts += 1
        found.runsSince = world.now
        services[service] = found
    }

    /// Who made a service stand still, `nil` when it runs.
    package func quiescer(of service: Int) -> String? { services[service]?.quiescedBy }

    /// The services that stand still.
    package var quiesced: [Int] { services.keys.sorted().filter { services[$0]?.isQuiesced == true } }
}

/// What has really been done for a checkpoint, whoever believes what.
package final class Ledger: @unchecked Sendable {
    private let world: World
    private let plan: SimulatedPlan
    /// The hooks that came to their end, by checkpoint, as `resource * 4 + hook`.
    private var done: [String: Set<Int>] = [:]

    package init(_ world: World, _ plan: SimulatedPlan) {
        self.world = world
        self.plan = plan
    }

    /// A hook begins: all that comes before it must have been done.
    func begins(_ checkpoint: String, _ resource: Int, _ hook: Int) {
        for before in plan.workBefore(resource, hook) where done[checkpoint]?.contains(before) != true {
            world.violated(
                "\(plan.name(resource, hook)) begins before \(plan.name(before / 4, before % 4)) was done")
        }
    }

    /// A hook has done its work.
    func ends(_ checkpoint: String, _ resource: Int, _ hook: Int) {
        done[checkpoint, default: []].insert(resource * 4 + hook)
    }
}
