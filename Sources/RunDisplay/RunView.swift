package import Engine
internal import PlanIR

/// What a display knows of a run. Taking an event costs the same however large the run is, and formats nothing.
package struct RunView: Sendable {
    /// How far a resource has come.
    package enum Phase: Int, Sendable, CaseIterable {
        case waiting, preparing, copying, completing, done, failed
    }

    /// An activity that runs now.
    struct Running: Sendable {
        let activity: EventActivity
        let attempt: Int
        /// Where it stands among those that were started.
        let number: Int
        let started: Int64
        let bytesBefore: Int64
        var pace = Pace()
    }

    private(set) var beginning: RunBeginning?
    private(set) var started: Int64 = 0
    /// What is going on now, where that is something else than the activities.
    private(set) var stage: String?
    private(set) var finishedActivities = 0
    private(set) var bytes: Int64 = 0
    private(set) var warnings = 0
    /// What the plugins said that they will handle.
    private(set) var expectedBytes: Int64 = 0
    var pace = Pace()
    private var counts = [Int](repeating: 0, count: Phase.allCases.count)
    private var phases: [UInt8] = []
    private var resourceBytes: [Int64] = []
    private var resourceExpected: [Int64] = []
    private var runningByKey: [Int: Running] = [:]
    private var startedActivities = 0

    package init() {}

    /// How many resources are in a phase.
    package func count(_ phase: Phase) -> Int { counts[phase.rawValue] }
    var runningCount: Int { runningByKey.count }

    /// What runs, the longest first.
    var running: [Running] { runningByKey.values.sorted { $0.number < $1.number } }

    /// The bytes that a running activity has handled.
    func bytes(of running: Running) -> Int64 {
        let resource = running.activity.resource
        return resource < resourceBytes.count ? resourceBytes[resource] - running.bytesBefore : 0
    }

    /// Measures how quickly it goes; for each picture once.
    package mutating func measure(at now: Int64) {
        pace.measure(bytes, at: now, since: started)
        for key in Array(runningByKey.keys) {
            guard var running = runningByKey[key] else { continue }
            running.pace.measure(bytes(of: running), at: now, since: running.started)
            runningByKey[key] = running
        }
    }

    /// Takes an event that happened at `now`, in nanoseconds of a clock that only goes forward.
    package mutating func take(_ event: RunEvent, at now: Int64) {
        switch event {
        case .began(let run):
            // Who watches sees a resume begin again.
            self = RunView()
            beginning = run
            started = now
            counts[Phase.waiting.rawValue] = run.resources
            let positions = run.positions ?? run.resources
            phases = Array(repeating: UInt8(Phase.waiting.rawValue), count: positions)
            resourceBytes = Array(repeating: 0, count: positions)
            resourceExpected = resourceBytes
        case .activityAdopted(let activity):
            finishedActivities += 1
            move(activity.resource, to: Self.phase(of: activity.hook))
        case .activityStarted(let activity, let attempt):
            move(activity.resource, to: Self.phase(of: activity.hook))
            let resource = activity.resource
            runningByKey[Self.key(activity)] = Running(
                activity: activity, attempt: attempt, number: startedActivities, started: now,
                bytesBefore: resource < resourceBytes.count ? resourceBytes[resource] : 0)
            startedActivities += 1
        case .activityFinished(let activity):
            finishedActivities += 1
            runningByKey[Self.key(activity)] = nil
        case .activityRetrying(let activity, _, _, _), .activityCancelled(let activity):
            runningByKey[Self.key(activity)] = nil
        case .activityFailed(let activity, _):
            runningByKey[Self.key(activity)] = nil
            move(activity.resource, to: .failed)
        case .resourceFinished(let resource, _, _): move(resource, to: .done)
        case .expected(let resource, let bytes):
            guard resource < resourceExpected.count else { return }
            expectedBytes += max(0, bytes) - resourceExpected[resource]
            resourceExpected[resource] = max(0, bytes)
        case .advanced(let resource, let bytes):
            self.bytes += bytes
            if resource < resourceBytes.count { resourceBytes[resource] += bytes }
        case .warned: warnings += 1
        case .stopping: stage = "stopping"
        case .reverting(let count): stage = "undoing what \(count) had begun"
        case .ended(let status, _, _): stage = status
        case .undoRegistered, .undoDischarged, .reverted, .revertFailed, .recordDamaged, .noticed: break
        }
    }

    private static func key(_ activity: EventActivity) -> Int { activity.resource * 8 + Int(activity.hook.rawValue) }

    private static func phase(of hook: Hook) -> Phase {
        switch hook {
        case .prepareBegin, .prepareFinish: .preparing
        case .main: .copying
        case .complete: .completing
        }
    }

    private mutating func move(_ resource: Int, to phase: Phase) {
        guard resource < phases.count else { return }
        let old = Int(phases[resource])
        // What has failed stays so, whatever else still runs of it.
        guard old != phase.rawValue, old != Phase.failed.rawValue else { return }
        counts[old] -= 1
        counts[phase.rawValue] += 1
        phases[resource] = UInt8(phase.rawValue)
    }

    /// How many nanoseconds it will still take; `nil` when nobody can tell.
    ///
    /// At first that is what earlier runs took; the more is done, the more this run's own pace counts.
    func remaining(at now: Int64) -> Int64? {
        guard let beginning else { return nil }
        let elapsed = max(0, now - started)
        let total = max(expectedBytes, beginning.expectedBytes ?? 0)
        var part: Double?
        if total > 0 && bytes > 0 {
            part = min(1, Double(bytes) / Double(total))
        } else if total == 0 && beginning.expectedNanoseconds != nil && beginning.activities > 0 {
            part = Double(finishedActivities) / Double(beginning.activities)
        }
        var own: Double?
        if let part, part > 0 {
            let left = Double(total - bytes)
            own =
                total > 0 && pace.perSecond > 0
                ? max(0, left) / pace.perSecond * 1e9 : Double(elapsed) * (1 - part) / part
        }
        let earlier = beginning.expectedNanoseconds.map { max(0, Double($0 - elapsed)) }
        switch (earlier, own, part) {
        case (let earlier?, let own?, let part?): return Int64(min(9e18, earlier * (1 - part) + own * part))
        case (let earlier?, nil, _): return earlier > 0 ? Int64(earlier) : nil
        case (nil, let own?, _): return Int64(min(9e18, own))
        default: return nil
        }
    }
}

/// How quickly bytes go by: lately, more than at first.
struct Pace: Sendable {
    /// Over how long it forgets, in seconds.
    private static let memory = 4.0

    private(set) var perSecond = 0.0
    private var lastBytes: Int64 = 0
    private var lastTime: Int64?

    mutating func measure(_ bytes: Int64, at now: Int64, since start: Int64) {
        let seconds = Double(now - (lastTime ?? start)) / 1e9
        guard seconds > 0 else { return }
        let current = Double(bytes - lastBytes) / seconds
        let age = Double(now - start) / 1e9
        // Of what is younger than the memory, all counts alike.
        let weight = min(1, seconds / min(Pace.memory, max(age, seconds)))
        perSecond += (current - perSecond) * weight
        lastBytes = bytes
        lastTime = now
    }
}
