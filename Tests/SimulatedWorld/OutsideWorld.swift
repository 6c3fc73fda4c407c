/// What lies outside of the bank: services that run or stand still, and data that changes while they run.
package final class OutsideWorld: @unchecked Sendable {
    /// Who changes something: a process, and whether its lease is valid now.
    struct Actor {
        let name: String
        let isInForce: () -> Bool
    }

    private struct Service {
        var isQuiesced = false
        /// Who made it stand still, and whether its lease was valid then.
        var quiescedBy: Actor?
        var wasInForce = false
        /// Whether who has set it going last had a valid lease.
        var wasResumedInForce = true
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

    /// Makes a service stand still; one that does already goes on doing so.
    ///
    /// Who has been paused beyond its lease may still do something by mistake, once: no lease prevents that.
    func quiesce(_ service: Int, by actor: Actor) {
        guard var found = services[service] else { return }
        world.note("\(actor.name) quiesces r\(service)")
        if let holder = found.quiescedBy, holder.name != actor.name, found.wasInForce, actor.isInForce() {
            world.violated(
                "\(actor.name) quiesces r\(service), which "
                    + (holder.isInForce()
                        ? "stands still for \(holder.name)" : "\(holder.name) has left standing still"))
        }
        if !found.isQuiesced { found.ran += world.now - found.runsSince }
        found.isQuiesced = true
        found.quiescedBy = actor
        found.wasInForce = actor.isInForce()
        services[service] = found
    }

    /// Lets a service run again; one that stands still for somebody else who lives must not.
    func resume(_ service: Int, by actor: Actor) {
        guard var found = services[service], found.isQuiesced else { return }
        world.note("\(actor.name) resumes r\(service)")
        if let holder = found.quiescedBy, holder.name != actor.name, holder.isInForce(), actor.isInForce() {
            world.violated("\(actor.name) resumes r\(service), which stands still for \(holder.name)")
        }
        found.wasResumedInForce = actor.isInForce()
        found.isQuiesced = false
        found.quiescedBy = nil
        found.starts += 1
        found.runsSince = world.now
        services[service] = found
    }

    /// A resource is copied as one whose service stands still: it must do so for whoever copies.
    func copied(_ resource: Int, below service: Int, by actor: Actor) {
        guard let found = services[service], actor.isInForce(), found.quiescedBy?.name != actor.name else { return }
        guard found.isQuiesced || found.wasResumedInForce else { return }
        world.violated("\(actor.name) copies r\(resource), and r\(service) does not stand still for it")
    }

    /// Who made a service stand still, `nil` when it runs.
    package func quiescer(of service: Int) -> String? { services[service]?.quiescedBy?.name }

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
