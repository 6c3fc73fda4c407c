internal import Bank
internal import Checkpoints
internal import DegradedBank
internal import Engine
internal import PlanIR
internal import PluginKit
internal import Scheduling

/// A mistake that a test plants, to see it found.
package enum PlantedMistake: String, Sendable, CaseIterable {
    /// A plugin quiesces before its undo note is durable.
    case skipsUndoDurability
    /// The store does not keep the journal over a crash, although it says so: an fsync left out.
    case skipsSync
    /// An edge of the graph is missing.
    case dropsPredecessor
    /// What was begun counts as done for a resume.
    case adoptsUnfinished
    /// The commit record comes before the definitions.
    case commitsEarly
    /// The lease is not looked at before a write.
    case ignoresLease
}

/// What came of one simulated day.
package struct ScenarioResult: Sendable {
    package let seed: UInt64
    /// What must never happen and did.
    package let violations: [Violation]
    /// A digest of all that happened.
    package let history: UInt64
    /// What happened, where that was asked for.
    package let log: [String]
    /// How often processes crashed, took over, and what the checkpoint was in the end.
    package let tally: Tally

    /// What a scenario was like, to see that a seed range is not all the same.
    package struct Tally: Sendable, Hashable {
        package init() {}

        package var crashes = 0
        package var takeovers = 0
        package var givenUp = 0
        package var lostLeases = 0
        package var available = 0
        package var failed = 0
        package var superseded = 0
        package var deleted = 0

        package static func += (a: inout Tally, b: Tally) {
            a.crashes += b.crashes
            a.takeovers += b.takeovers
            a.givenUp += b.givenUp
            a.lostLeases += b.lostLeases
            a.available += b.available
            a.failed += b.failed
            a.superseded += b.superseded
            a.deleted += b.deleted
        }
    }

    /// The command that repeats it.
    package var command: String { "make simulate SEED=\(seed)" }
}

/// A simulated day in the life of one checkpoint: a protect run under a lease, with everything that can happen to it,
/// others that take over, and a collector of garbage; then a look at what is left.
package final class Scenario: @unchecked Sendable {
    let world: World
    let store: SimulatedStore
    let plan: SimulatedPlan
    let outside: OutsideWorld
    let ledger: Ledger
    let mistake: PlantedMistake?
    let dropped: Int
    /// What the store's conditions are worth on this day.
    let level: ConsistencyLevel
    let deleted: LingeringKeys
    var fortune = BankFortune.fair
    var tally = ScenarioResult.Tally()
    /// Whether anything befell the day by which a run may fail: crashes are no reason.
    var mayFail = false
    private var participantCount = 0

    /// One process with its way to the bank, its lease, and its plugin.
    final class Participant: @unchecked Sendable {
        let process: SimulatedProcess
        /// Its way to the store, on which everything may happen.
        let bank: SimulatedBank
        let keeper: LeaseKeeper
        let view: LeaseView
        let plugin: SimulatedPlugin
        let collection: CheckpointCollection
        let control = RunControl()

        init(_ scenario: Scenario, _ name: String, _ fortune: BankFortune) {
            process = scenario.world.process(name)
            bank = SimulatedBank(scenario.store, process, fortune)
            let degraded = DegradedBank(
                bank, to: scenario.level, random: process, clock: process, deleted: scenario.deleted)
            keeper = LeaseKeeper(bank: degraded, owner: process.owner, clock: process)
            view = LeaseView(bank: degraded, clock: process)
            plugin = SimulatedPlugin(scenario.plan, process, scenario.outside, scenario.ledger)
            collection = CheckpointCollection(
                bank: degraded, owner: process.owner, consistency: scenario.level, hasEnded: { _ in false })
        }
    }

    private init(_ world: World, _ mistake: PlantedMistake?) {
        self.world = world
        self.mistake = mistake
        store = SimulatedStore(world)
        plan = SimulatedPlan(upTo: 7, &world.random)
        outside = OutsideWorld(world, services: plan.services)
        ledger = Ledger(world, plan)
        dropped = world.number(0...1000)
        level = ConsistencyLevel.allCases[world.number(0...ConsistencyLevel.allCases.count - 1)]
        deleted = LingeringKeys(clock: world.process("store"))
        if !world.happens(300) {
            mayFail = true
            fortune.refused = world.number(0...15)
            fortune.lostBefore = world.number(0...15)
            fortune.lostAfter = world.number(0...15)
            fortune.late = world.happens(300) ? world.number(0...10) : 0
            fortune.unreadable = world.number(0...10)
            fortune.slow = world.number(0...10)
        }
    }

    /// Lives the day that a seed fixes.
    package static func run(
        seed: UInt64, mistake: PlantedMistake? = nil, keepsLog: Bool = false
    ) -> ScenarioResult {
        let world = World(seed: seed, keepsLog: keepsLog)
        let scenario = Scenario(world, mistake)
        scenario.watch()
        do {
            try world.run { _ in try await scenario.live() }
        } catch {
            world.violated("\(error)")
        }
        return ScenarioResult(
            seed: seed, violations: world.violations, history: world.history, log: world.log, tally: scenario.tally)
    }

    // MARK: The day

    private func live() async throws {
        let first = participant("protector", fortune)
        temptFate(first, chance: 700)
        let protecting = first.process.launch { await self.protect(first) }
        // Someone may come too early, or just when the first one stands still.
        var others: [Task<Void, Never>] = []
        if world.happens(500) {
            for _ in 0..<world.number(1...2) {
                let other = participant("successor", fortune)
                temptFate(other, chance: 300)
                let delay = Int64(world.number(0...200_000)) * 1_000_000
                others.append(other.process.launch { await self.takeOver(other, after: delay) })
            }
        }
        await protecting.value
        for other in others { await other.value }
        // Whoever was cut off is resumed or cleaned up, in the end by someone whom nothing befalls.
        for attempt in 0..<5 {
            let isLast = attempt == 4
            guard isLast || !unfinished.isEmpty else { continue }
            let next = participant("successor", isLast ? .fair : fortune)
            if !isLast { temptFate(next, chance: 500) }
            await next.process.launch { await self.takeOver(next, after: 0, mustSucceed: isLast) }.value
        }
        if world.happens(150) { await delete() }
        // What was sent long ago may still arrive, and is collected when it is old enough.
        for seconds in [600, 90_000] {
            try await world.process("time").sleep(nanoseconds: Int64(seconds) * 1_000_000_000)
            let last = participant("collector", .fair)
            await last.process.launch { await self.takeOver(last, after: 0, mustSucceed: true) }.value
        }
        try await judge()
    }

    func participant(_ role: String, _ fortune: BankFortune) -> Participant {
        participantCount += 1
        let participant = Participant(self, "\(role)\(participantCount)", fortune)
        let mistake = mistake
        if mistake == .skipsSync {
            participant.bank.isOnlyPromised = { key in key.text.contains("/journal/") }
        }
        participant.plugin.failing = world.happens(200) ? 60 : 0
        participant.plugin.failingForNow = world.happens(300) ? 150 : 0
        participant.bank.beginsWrite = { [world] key in
            let isRelied =
                key.text.contains("/commits/") || key.text.contains("/journal/")
                || key.text.contains("/definitions/")
            // A bank that looks first and writes then is asked before that, and not when the write sets out.
            guard isRelied, self.level != .listOnly, participant.keeper.isLost else { return }
            world.violated("\(participant.process.name) writes \(key) and knows that its lease is lost")
        }
        return participant
    }

    /// Decides what will happen to a process.
    private func temptFate(_ participant: Participant, chance: Int) {
        guard world.happens(chance) else { return }
        let process = participant.process
        let moment = Int64(world.number(1...(world.happens(300) ? 100_000 : 2_000))) * 1_000_000
        let fate = world.number(0...9)
        mayFail = mayFail || fate > 5
        switch fate {
        case 0...3:
            participant.bank.crashPoint = CrashPoint(write: world.number(1...40), isBefore: world.happens(500))
        case 4, 5:
            world.later(moment) { [store, self] in
                guard !process.isDead else { return }
                process.crash()
                store.loseUnsynced(of: process)
                tally.crashes += 1
            }
        case 6, 7:
            let pause = Int64(world.number(0...300_000)) * 1_000_000
            world.later(moment) { process.pause(nanoseconds: pause) }
        case 8: world.later(moment) { process.isDead ? () : process.cancel() }
        default:
            world.later(moment) { if !process.isDead { participant.control.interrupt(reason: "SIGTERM") } }
            let jump = Int64(world.number(-100_000_000...100_000_000))
            world.later(moment / 2) { process.wallOffset += jump }
        }
    }

    func environment(_ participant: Participant) -> ExecutionEnvironment {
        mayFail = mayFail || participant.plugin.failing > 0 || participant.plugin.failingForNow > 0
        var environment = ExecutionEnvironment(
            collection: participant.collection,
            plugins: [
                participant.plugin.name: LoadedPlugin(
                    plugin: participant.plugin, version: 1, digest: SimulatedPlan.digest)
            ],
            concurrency: Concurrency(jobs: world.number(1...4)), observer: SilentObserver(),
            clock: participant.process, random: participant.process, writeGuard: participant.keeper,
            control: participant.control, onFailure: world.happens(300) ? .continue : .stop,
            grace: Int64(world.number(0...1)) * 5_000_000_000)
        environment.faults.skipsUndoDurability = mistake == .skipsUndoDurability
        environment.faults.adoptsUnfinished = mistake == .adoptsUnfinished
        environment.faults.commitsEarly = mistake == .commitsEarly
        if mistake == .ignoresLease { environment.writeGuard = NoGuard() }
        return environment
    }

    private func protect(_ participant: Participant) async {
        let environment = environment(participant)
        let ir = plan.ir()
        let changed = mistake == .dropsPredecessor ? plan.ir(withoutEdge: dropped) : ir
        do {
            let report = try await participant.keeper.run {
                try await ProtectOperation(environment, ir: changed, irBytes: ir.encoded.bytes).run()
            }
            ended(participant, report.commit.status.rawValue)
        } catch {
            failed(participant, error)
        }
        checkNothingStandsStill(because: participant)
    }

    /// Finishes what others have left behind, or gives it up.
    private func takeOver(_ participant: Participant, after delay: Int64, mustSucceed: Bool = false) async {
        do {
            try await participant.process.sleep(nanoseconds: delay)
            guard let id = unfinished.first ?? store.checkpoints.first else {
                if mustSucceed { _ = try await participant.keeper.run { try await self.collect(participant) } }
                return
            }
            let environment = environment(participant)
            let view = participant.view
            let isGone: @Sendable (Owner) async throws -> Bool = { try await view.waitUntilGone($0.id) }
            if mustSucceed || unfinished.isEmpty || world.happens(250) {
                let items = try await participant.keeper.run { try await self.collect(participant) }
                mayFail = true
                tally.givenUp += items.count { $0.action == .gaveUp }
                // What is left for now is looked for in the end.
                for item in items where mustSucceed && item.action == .failed {
                    if let id = CheckpointID(item.id), store.contents[CheckpointKeys(id).index] != nil {
                        world.violated("\(item.id) could not be collected: \(item.message)")
                    }
                }
                world.note("\(participant.process.name) has collected \(items)")
            } else {
                let report = try await participant.keeper.run {
                    try await ResumeOperation(environment, checkpoint: id, isGone: isGone).run()
                }
                tally.takeovers += 1
                ended(participant, report.commit.status.rawValue)
            }
        } catch {
            failed(participant, error)
            if mustSucceed, !participant.process.isDead {
                world.violated("\(participant.process.name) could not finish what was left behind: \(error)")
            }
        }
        checkNothingStandsStill(because: participant)
    }

    private func collect(_ participant: Participant) async throws -> [CollectedItem] {
        let view = participant.view
        return try await GarbageCollection(
            environment(participant), isGone: { try await view.waitUntilGone($0.id) }
        ).run()
    }

    /// Deletes whatever there is, which may be cut off; then someone finishes that.
    private func delete() async {
        for id in store.checkpoints {
            let deleter = participant("deleter", fortune)
            temptFate(deleter, chance: 600)
            let environment = environment(deleter)
            await deleter.process.launch {
                do {
                    let failures = try await deleter.keeper.run {
                        try await DeleteOperation(environment, checkpoint: id, force: false).run()
                    }
                    self.world.note("\(deleter.process.name) has deleted: \(failures)")
                } catch {
                    self.failed(deleter, error)
                }
            }.value
            tally.deleted += 1
        }
        let collector = participant("collector", .fair)
        await collector.process.launch { await self.takeOver(collector, after: 0, mustSucceed: true) }.value
    }

    private func ended(_ participant: Participant, _ status: String) {
        guard !participant.process.isDead else { return }
        world.note("\(participant.process.name) has ended: \(status)")
    }

    private func failed(_ participant: Participant, _ error: any Error) {
        guard !participant.process.isDead else {
            tally.crashes += 1
            return
        }
        world.note("\(participant.process.name) has failed: \(error)")
        if error is LeaseError { tally.lostLeases += 1 }
        if case CheckpointError.superseded = error { tally.superseded += 1 }
    }
}
