import Bank
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Scheduling
import Surroundings
import Synchronization

/// Runs the activities of one operation with their plugins, journals what happens, and reverts when it fails.
///
/// A class, since every activity takes it along: a copy of so many references would cost more than a quick hook.
final class Execution: ActivityRunner {
    let environment: ExecutionEnvironment
    let ir: PlanIR
    let operation: OperationKind
    let checkpoint: CheckpointID
    let target: RestoreTarget
    let states: ResourceStates
    /// `nil` where the bank takes no notes.
    let journal: JournalWriter?
    /// What new artifacts belong to, and whether there may be any.
    let access: ResourceArtifacts.Access
    /// What an interrupted run has left: how often each hook was begun, and whether the last attempt was cut off.
    let histories: [ResourceHistory]
    /// The definition record that another operation than `protect` works from.
    let loadDefinition: @Sendable (Int) async throws -> DefinitionRecord?
    /// The restore or verification that this is, and of which epoch; `nil` where it is not recorded.
    let record: OperationRecord?

    let identities: [String]
    /// For each plugin of the IR, the resources that it treats in this operation.
    private let scopes: [OperationScope]
    private let plugins: [(any ProtectionPlugin)?]
    /// By parameter set.
    private let rules: [AttemptRules]
    /// Of each resource the position of its plugin and of its parameter set.
    private let bindings: [(plugin: Int32, rules: Int32)]
    /// Whether nothing new starts any more.
    private let hasStopped = Mutex(false)
    /// Whether any attempt was tried again: few have something to say of that.
    private let hasRetried = Atomic(false)

    init(
        _ environment: ExecutionEnvironment, _ ir: PlanIR, _ operation: OperationKind, checkpoint: CheckpointID,
        target: RestoreTarget = RestoreTarget(directory: nil, overwrite: false), states: ResourceStates,
        journal: JournalWriter?, access: ResourceArtifacts.Access, histories: [ResourceHistory] = [],
        record: OperationRecord? = nil, isIncluded: [Bool] = [],
        loadDefinition: @escaping @Sendable (Int) async throws -> DefinitionRecord? = { _ in nil }
    ) {
        self.environment = environment
        self.ir = ir
        self.operation = operation
        self.checkpoint = checkpoint
        self.target = target
        self.states = states
        self.journal = journal
        self.access = access
        self.histories = histories
        self.loadDefinition = loadDefinition
        self.record = record
        identities = ir.resources.map(\.identity)
        scopes = Self.scopes(ir, isIncluded)
        plugins = ir.plugins.map { environment.plugins[$0.name]?.plugin }
        rules = ir.parameterSets.map { AttemptRules(parameters: $0) }
        let set = operation.takesParameters ? operation.index : 0
        bindings = ir.resources.map { (Int32($0.plugin), Int32($0.parameters[set])) }
    }

    static func hooksPerResource(_ ir: PlanIR, _ operation: OperationKind) -> [Int] {
        ir.graph(operation).workMasks(ofResources: ir.resources.count).map(\.nonzeroBitCount)
    }

    /// The scopes of an operation over an IR, or over those of its resources that are included, by plugin.
    static func scopes(_ ir: PlanIR, _ isIncluded: [Bool] = []) -> [OperationScope] {
        var members = [[OperationScope.Member]](repeating: [], count: ir.plugins.count)
        for (index, resource) in ir.resources.enumerated() where isIncluded.isEmpty || isIncluded[index] {
            members[Int(resource.plugin)].append(
                OperationScope.Member(
                    resource: ResourceDescription(resource), protectParameters: ir.parameters(of: index, for: .protect))
            )
        }
        return members.map { OperationScope($0) }
    }

    // MARK: One activity

    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async -> ActivityEnd {
        let index = Int(activity.resource)
        if let failure = journal?.failure {
            return .failed(ExecutionError.journalFailed(reason: String(describing: failure)))
        }
        if Task.isCancelled { return .cancelled }
        let place = EventActivity(resource: index, identity: identities[index], hook: activity.hook)
        let attempt = states.update(index) { $0.beginAttempt(at: activity.hook) } + earlierAttempts(place)
        let reporter = AttemptReporter(place, environment.observer, environment.clock, journal)
        let begun = environment.clock.monotonicNanoseconds
        note(place, .started(attempt: attempt))
        states.markStarted(index)
        if !histories.isEmpty {
            let retries = histories[index][activity.hook].retries.map {
                ActivityWarning.retried(activity.hook, attempt: $0.attempt, message: $0.message)
            }
            if !retries.isEmpty { hasRetried.store(true, ordering: .relaxed) }
            states.update(index) { state in
                if state.attempts(at: activity.hook) == 1 { state.retried = retries }
            }
        }
        environment.observer.observe(.activityStarted(place, attempt: attempt))
        do {
            let artifacts = try await artifacts(index)
            do {
                let saved: JSONObject
                if let limit = attemptRules(index).timeout {
                    saved = try await withTimeout(limit) { [self] in
                        try await callPlugin(place, attempt, artifacts, reporter)
                    }
                } else {
                    saved = try await callPlugin(place, attempt, artifacts, reporter)
                }
                artifacts.close()
                let result = HookResult(
                    saved: saved, artifacts: artifacts.finished, warnings: warnings(index, reporter),
                    contentBytes: reporter.contentBytes,
                    milliseconds: (environment.clock.monotonicNanoseconds - begun) / 1_000_000)
                finish(place, result)
                return .finished
            } catch {
                artifacts.close()
                // What an attempt left half done must not be taken for the work of the next. Where that fails, nothing
                // names it all the same.
                if case .writing = access { try? await uncancelled { try await artifacts.discard() } }
                throw error
            }
        } catch {
            return end(place, attempt, error, reporter)
        }
    }

    /// What an attempt that is not repeated has to say, and all those before it at the same hook.
    private func warnings(_ index: Int, _ reporter: AttemptReporter) -> WarningList {
        // Who has written it for this resource is done with it: no two attempts of one run at the same time.
        guard hasRetried.load(ordering: .relaxed) else { return reporter.warnings }
        var warnings = WarningList()
        for warning in states.update(index, { $0.takeRetried() }) { warnings.add(warning) }
        warnings.add(reporter.warnings)
        return warnings
    }

    private func finish(_ place: EventActivity, _ result: HookResult) {
        let (left, bytes) = states.take(result, of: place.hook, place.resource)
        note(place, .finished(result))
        environment.observer.observe(.activityFinished(place))
        if left == 0 {
            environment.observer.observe(
                .resourceFinished(resource: place.resource, identity: place.identity, contentBytes: bytes))
        }
    }

    /// Decides what a failed attempt means.
    private func end(
        _ place: EventActivity, _ attempt: Int, _ error: any Error, _ reporter: AttemptReporter
    ) -> ActivityEnd {
        if Task.isCancelled && (error is CancellationError || error is ActivityStopped) {
            note(place, .cancelled)
            var warnings = warnings(place.resource, reporter)
            if let stopped = error as? ActivityStopped {
                let warning = ActivityWarning(
                    kind: "stopped", subject: place.hook.name, message: stopped.description)
                warnings.add(warning)
                environment.observer.observe(
                    .warned(resource: place.resource, identity: place.identity, warning: warning))
            }
            states.update(place.resource) { $0.warnings.add(warnings) }
            environment.observer.observe(.activityCancelled(place))
            return .cancelled
        }
        let message = String(describing: error)
        let rules = attemptRules(place.resource)
        let tried = states.read(place.resource) { $0.attempts(at: place.hook) }
        if (error as? PluginError)?.isTransient == true, tried < rules.attempts, !isStopping {
            let delay = rules.delay(before: tried + 1, environment.random)
            note(place, .retrying(message: message))
            let warning = ActivityWarning.retried(place.hook, attempt: attempt, message: message)
            hasRetried.store(true, ordering: .relaxed)
            states.update(place.resource) { $0.retried.append(warning) }
            // The next attempt handles the same content again.
            if reporter.contentBytes > 0 {
                environment.observer.observe(.advanced(resource: place.resource, bytes: -reporter.contentBytes))
            }
            environment.observer.observe(
                .warned(resource: place.resource, identity: place.identity, warning: warning))
            environment.observer.observe(
                .activityRetrying(place, attempt: attempt, message: message, delay: delay))
            return .retry(delay: delay)
        }
        let warnings = warnings(place.resource, reporter)
        states.update(place.resource) { state in
            state.warnings.add(warnings)
            state.failure = state.failure ?? (place.hook, message)
        }
        note(place, .failed(message: message, warnings: warnings))
        environment.observer.observe(.activityFailed(place, message: message))
        return .failed(error)
    }

    func stopping(reason: String) {
        hasStopped.withLock { $0 = true }
        environment.observer.observe(.stopping(reason: reason))
    }

    /// Whether nothing new starts any more, so that nothing is tried again either.
    private var isStopping: Bool { environment.control.wasInterrupted || hasStopped.withLock { $0 } }

    // MARK: Undoing while the rest goes on

    func giveUp(_ activity: ActivityGraph.Activity, hasFailed: Bool) -> Bool {
        states.update(Int(activity.resource)) { state in
            state.hooksGivenUp += 1
            return state.undo != nil && state.hooksGivenUp == state.hooksLeft && !state.earlyRevert.wasTried
        }
    }

    func undo(_ activity: ActivityGraph.Activity) async {
        let index = Int(activity.resource)
        let failures = await uncancelled { [self] in await revert([index]) }
        states.update(index) { $0.earlyRevert = (true, failures.first) }
    }

    private func note(_ place: EventActivity, _ change: JournalEvent.Change) {
        journal?.append(
            JournalEvent(resource: place.resource, hook: place.hook, time: environment.now(), change))
    }

    private func earlierAttempts(_ place: EventActivity) -> Int {
        histories.isEmpty ? 0 : histories[place.resource][place.hook].attempts
    }

    private func attemptRules(_ index: Int) -> AttemptRules {
        rules[Int(bindings[index].rules)]
    }

    private func callPlugin(
        _ place: EventActivity, _ attempt: Int, _ artifacts: ResourceArtifacts, _ reporter: AttemptReporter
    ) async throws -> JSONObject {
        let plugin = try plugin(of: place.resource)
        let context = context(place.resource, artifacts, reporter, place.hook, attempt)
        // Who was taken over from must not begin to change anything beside its successor, such as set a service going that
        // stands still for that one.
        if operation == .protect || operation == .restore { try environment.writeGuard.ensureMayWrite() }
        switch operation {
        case .protect: return try await plugin.protect(place.hook, context)
        case .restore: try await plugin.restore(place.hook, context, to: target)
        case .verify: try await plugin.verify(place.hook, context)
        case .delete:
            // Nor what stood still behind its look: meanwhile somebody may have had the checkpoint back.
            try environment.writeGuard.ensureMayWrite()
            try await plugin.delete(place.hook, context)
        case .copy: try await plugin.copy(place.hook, context)
        }
        return JSONObject()
    }

    private func plugin(of resource: Int) throws -> any ProtectionPlugin {
        let position = Int(bindings[resource].plugin)
        guard let plugin = plugins[position] else { throw ExecutionError.unknownPlugin(ir.plugins[position].name) }
        return plugin
    }

    /// The artifacts of a resource; loads its definition where the operation works from one.
    private func artifacts(_ index: Int) async throws -> ResourceArtifacts {
        if operation != .protect, !states.read(index, \.isDefinitionLoaded) {
            let record = try await loadDefinition(index)
            states.update(index) { state in
                state.definition = record?.definition ?? JSONObject()
                state.artifacts = record?.artifacts ?? []
                state.isDefinitionLoaded = true
            }
        }
        return ResourceArtifacts(
            bank: environment.bank, keys: CheckpointKeys(checkpoint), identity: identities[index],
            known: states.read(index, \.artifacts), access: access, guard: environment.writeGuard)
    }

    private func context(
        _ index: Int, _ artifacts: ResourceArtifacts, _ reporter: any ActivityReporter, _ hook: Hook?, _ attempt: Int
    ) -> ActivityContext {
        let resource = ir.resources[index]
        return ActivityContext(
            resource: ResourceDescription(resource), parameters: ir.parameters(of: index, for: operation),
            protectParameters: ir.parameters(of: index, for: .protect), checkpoint: checkpoint.text,
            definition: states.read(index, \.definition), artifacts: artifacts, reporter: reporter,
            scope: scopes[Int(resource.plugin)], undo: undoNotes(index), place: placeNote(index), attempt: attempt,
            wasInterrupted: hook.map { !histories.isEmpty && histories[index][$0].isOpen } ?? false)
    }

    private func undoNotes(_ index: Int) -> ResourceUndoNotes {
        ResourceUndoNotes(resource: index, execution: self)
    }

    private func placeNote(_ index: Int) -> any PlaceNote {
        guard operation == .restore else { return NoPlaceNote() }
        let identity = identities[index]
        let keep = record.map { record in
            { @Sendable [environment] in try await environment.collection.takePlace(record.id, of: identity) }
        }
        return ResourcePlaceNote(resource: index, states: states, environment: environment, keep: keep)
    }

    /// What came to its end under a time limit.
    private enum Limited<Value: Sendable>: Sendable {
        case done(Value)
        case timeUp
        case clockStopped
    }

    /// Runs `body`, and cancels it when it lasts longer than `limit` nanoseconds.
    private func withTimeout<Value: Sendable>(
        _ limit: Int64, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let clock = environment.clock
        return try await withThrowingTaskGroup(of: Limited<Value>.self) { group in
            group.addTask { .done(try await body()) }
            group.addTask {
                do { try await clock.sleep(nanoseconds: limit) } catch { return .clockStopped }
                return .timeUp
            }
            defer { group.cancelAll() }
            while let ending = try await group.next() {
                switch ending {
                case .done(let value): return value
                // It was cancelled; what the work says to that comes yet.
                case .clockStopped: continue
                case .timeUp:
                    group.cancelAll()
                    // The work must have come to its end before anything else is done about it.
                    throw Self.timedOut(limit, await group.nextResult())
                }
            }
            throw CancellationError()
        }
    }

    /// An attempt that lasted too long, with what its work has said at the end.
    private static func timedOut<Value>(_ limit: Int64, _ ending: Result<Limited<Value>, any Error>?) -> PluginError {
        let timedOut = ExecutionError.timedOut(limit).description
        guard case .failure(let error) = ending else { return PluginError(timedOut, isTransient: true) }
        return switch error {
        case let stopped as ActivityStopped: PluginError("\(timedOut); \(stopped)", isTransient: true)
        // What cannot be stopped must not be begun once more.
        case let failure as PluginError:
            PluginError("\(timedOut); \(failure.reason)", advice: failure.advice, isTransient: failure.isTransient)
        default: PluginError(timedOut, isTransient: true)
        }
    }

    // MARK: The whole run

    /// Runs the operation's graph; on failure or cancellation reverts every resource that had started, in reverse
    /// order of their starts, each once. The reverts run to their end even when the task is cancelled.
    func runGraph(
        weights: ActivityWeights? = nil, adopted: [Bool] = [], policy: FailurePolicy
    ) async -> (outcome: RunOutcome, revertFailures: [ResourceFailure]) {
        let limits = RunLimits(ir, plugins: environment.concurrency.plugins, types: environment.concurrency.types)
        let settings = RunSettings(
            jobs: environment.concurrency.jobs, limits: limits, weights: weights, adopted: adopted, policy: policy,
            grace: environment.grace, clock: environment.clock, control: environment.control)
        let outcome = await Driver.run(ir.graph(operation), settings, runner: self)
        guard !outcome.succeeded else { return (outcome, []) }
        let started = states.startOrder.reversed()
        let early = started.map { index in states.read(index, \.earlyRevert) }
        let resources = zip(started, early).filter { !$1.wasTried }.map(\.0)
        let failures = await uncancelled { [self] in await revert(resources) }
        return (outcome, early.compactMap(\.failure) + failures)
    }

    /// How long undoing what one resource has begun may take at least, in nanoseconds, before it is given up for now and
    /// the next one has its turn.
    static let revertLimit: Int64 = 600_000_000_000

    /// Calls `body`, which undoes something, until it is at its end; it is cancelled when it takes too long, or when
    /// someone asks for that.
    private func insisting(_ index: Int, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let limit = max(Self.revertLimit, attemptRules(index).timeout ?? 0)
        let clock = environment.clock
        let (abandoned, sender) = AsyncStream.makeStream(of: Void.self)
        let requests = environment.control.attach(replaying: false) { if $0 == .abandonRevert { sender.yield() } }
        defer {
            environment.control.detach(requests)
            sender.finish()
        }
        try await withThrowingTaskGroup(of: RevertEnd.self) { group in
            group.addTask {
                try await body()
                return .done
            }
            group.addTask {
                try await clock.sleep(nanoseconds: limit)
                return .late
            }
            group.addTask {
                for await _ in abandoned { return .abandoned }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            let end = try await group.next() ?? .done
            guard end != .done else { return }
            group.cancelAll()
            // It may have come to its end meanwhile; and nothing else is undone before it has.
            while let next = await group.nextResult() { if case .success(.done) = next { return } }
            throw end == .late ? ExecutionError.revertTimedOut(limit) : ExecutionError.revertAbandoned
        }
    }

    private enum RevertEnd { case done, late, abandoned }

    /// Reverts resources one after the other, whatever becomes of each.
    func revert(_ resources: [Int]) async -> [ResourceFailure] {
        guard !resources.isEmpty else { return [] }
        if await wasTakenOver {
            environment.observer.observe(
                .noticed("another cairn has taken over; what this one began is for that one to undo"))
            return []
        }
        environment.observer.observe(.reverting(resources: resources.count))
        var failures: [ResourceFailure] = []
        for index in resources {
            do {
                let plugin = try plugin(of: index)
                let hadNote = states.read(index) { $0.undo != nil }
                let place = EventActivity(resource: index, identity: identities[index], hook: .complete)
                let reporter = AttemptReporter(place, environment.observer, environment.clock, nil)
                let artifacts = try await artifacts(index)
                defer { artifacts.close() }
                try await insisting(index) { [self] in
                    try await plugin.revert(operation, context(index, artifacts, reporter, nil, 1))
                }
                states.update(index) { state in
                    if hadNote { state.isUndone = true }
                    state.undo = nil
                    state.warnings.add(reporter.warnings)
                }
                note(index, .reverted)
                environment.observer.observe(.reverted(identity: identities[index]))
            } catch {
                let message = String(describing: error)
                environment.observer.observe(.revertFailed(identity: identities[index], message: message))
                failures.append(ResourceFailure(revertOf: identities[index], message: message))
                note(index, .revertFailed(message: message))
            }
        }
        return failures
    }

    /// Whether someone else runs the checkpoint's next epoch: then undoing something now would disturb what that one does,
    /// and the notes are for it to act upon.
    private var wasTakenOver: Bool {
        get async {
            // Who holds a valid lease was not taken over from.
            do { try environment.writeGuard.ensureMayWrite() } catch {
                if let record {
                    return (try? await environment.collection.laterEpoch(record.id, than: record.epoch)) != nil
                }
                guard operation == .protect, case .writing(let epoch) = access else { return false }
                // A bank that does not answer says nothing: then what was begun is undone.
                guard let newest = try? await environment.collection.epochs(checkpoint).last else { return false }
                return newest > epoch
            }
            return false
        }
    }

    private func note(_ resource: Int, _ change: JournalEvent.Change) {
        journal?.append(JournalEvent(resource: resource, hook: nil, time: environment.now(), change))
    }

    /// The failures of a run, in words for records.
    func failures(_ outcome: RunOutcome, _ revertFailures: [ResourceFailure]) -> [ResourceFailure] {
        var failures = outcome.failures.map {
            ResourceFailure(
                resource: identities[Int($0.activity.resource)], hook: $0.activity.hook.name,
                message: String(describing: $0.error))
        }
        if outcome.wasCancelled { failures.append(ResourceFailure(resource: "", hook: "", message: "cancelled")) }
        return failures + revertFailures
    }
}

extension AttemptRules {
    /// How long to wait before an attempt, in nanoseconds: it doubles with each attempt up to the longest wait, and a
    /// random part of up to half of it is taken off, so that what failed together is not tried together.
    func delay(before attempt: Int, _ random: any RunRandom) -> Int64 {
        let doublings = min(max(0, attempt - 2), 40)
        let (product, overflow) = delay.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let longest = overflow ? maxDelay : min(product, maxDelay)
        guard longest > 1 else { return longest }
        return longest - Int64(random.next() % UInt64(longest / 2 + 1))
    }
}

extension ResourceStates.State {
    /// Counts an attempt at a hook; returns how many there were with it.
    mutating func beginAttempt(at hook: Hook) -> Int {
        let place = Int(hook.rawValue)
        attemptCounts[place] += 1
        return Int(attemptCounts[place])
    }

    func attempts(at hook: Hook) -> Int { Int(attemptCounts[Int(hook.rawValue)]) }

    /// What was said of the attempts at the present hook that were tried again, which is said once.
    mutating func takeRetried() -> [ActivityWarning] {
        defer { retried = [] }
        return retried
    }
}

extension ActivityWarning {
    /// That an attempt at a hook has failed, behind which another one came.
    fileprivate static func retried(_ hook: Hook, attempt: Int, message: String) -> ActivityWarning {
        ActivityWarning(kind: retriedKind, subject: hook.name, message: "attempt \(attempt) failed: \(message)")
    }

    /// The kind of a warning about an attempt that was tried again, which `RunEvent.activityRetrying` tells, too.
    package static let retriedKind = "retried"
}
