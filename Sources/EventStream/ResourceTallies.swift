internal import Engine
internal import PlanIR

/// What a stream has told of one resource, and what it has yet to tell.
struct ResourceTally {
    enum Status: String { case done, failed, incomplete }

    var identity = ""
    var bytes: Int64 = 0
    var expected: Int64?
    /// What the last line about progress said, and when.
    var toldBytes: Int64 = 0
    var toldAt: Int64?
    var warnings: Int64 = 0
    var status = Status.incomplete
    var failedHook: Hook?
    var message: String?
}

/// The tallies by the resources' positions in the IR; those that no event named have no identity.
struct ResourceTallies {
    private var tallies: [ResourceTally] = []

    /// Those that were named, in the order of the plan.
    var known: [ResourceTally] { tallies.filter { !$0.identity.isEmpty } }

    private mutating func reach(_ resource: Int) {
        while tallies.count <= resource { tallies.append(ResourceTally()) }
    }

    mutating func note(_ activity: EventActivity) -> ResourceTally {
        reach(activity.resource)
        if tallies[activity.resource].identity.isEmpty { tallies[activity.resource].identity = activity.identity }
        return tallies[activity.resource]
    }

    mutating func fail(_ activity: EventActivity, _ message: String) {
        _ = note(activity)
        tallies[activity.resource].status = .failed
        tallies[activity.resource].failedHook = activity.hook
        tallies[activity.resource].message = message
    }

    mutating func finish(_ resource: Int, _ identity: String, _ bytes: Int64) {
        reach(resource)
        tallies[resource].identity = identity
        tallies[resource].status = .done
        tallies[resource].bytes = bytes
        tallies[resource].toldBytes = bytes
    }

    mutating func warn(_ resource: Int, _ identity: String) {
        reach(resource)
        tallies[resource].identity = identity
        tallies[resource].warnings += 1
    }

    mutating func expect(_ resource: Int, _ bytes: Int64) {
        reach(resource)
        tallies[resource].expected = max(0, bytes)
    }

    /// Adds to what was handled; returns whether a line about it is due.
    mutating func advance(_ resource: Int, _ bytes: Int64, _ now: Int64, interval: Int64) -> Bool {
        reach(resource)
        tallies[resource].bytes += bytes
        guard let toldAt = tallies[resource].toldAt else {
            // The first second is over before there is anything to tell.
            tallies[resource].toldAt = now
            return false
        }
        return now - toldAt >= interval
    }

    /// Takes note that the progress of a resource is told now.
    mutating func tell(_ resource: Int, _ now: Int64) -> ResourceTally? {
        guard resource < tallies.count, !tallies[resource].identity.isEmpty else { return nil }
        tallies[resource].toldBytes = tallies[resource].bytes
        tallies[resource].toldAt = now
        return tallies[resource]
    }
}
