internal import Bank
internal import Checkpoints
internal import DegradedBank
internal import Engine
internal import PlanIR
internal import PluginKit
internal import Scheduling
internal import SeededRandom

/// A bank of a simulated day: its store, and what the store's promises are worth.
final class BankSite: @unchecked Sendable {
    let name: String
    let store: SimulatedStore
    /// What the store's conditions are worth on this day.
    let level: ConsistencyLevel
    let deleted: LingeringKeys

    init(_ name: String, _ world: World) {
        self.name = name
        store = SimulatedStore(world)
        level = ConsistencyLevel.allCases[world.number(0...ConsistencyLevel.allCases.count - 1)]
        deleted = LingeringKeys(clock: world.process("store"))
    }
}

/// A simulated day: a world with a plan, a bank, and processes that anything may befall.
package class SimulatedDay: @unchecked Sendable {
    let world: World
    let plan: SimulatedPlan
    let outside: OutsideWorld
    let ledger: Ledger
    let mistake: PlantedMistake?
    let dropped: Int
    let site: BankSite
    /// What may befall every bank operation of an ordinary participant.
    private(set) var fortune = BankFortune.fair
    var tally = ScenarioResult.Tally()
    /// Whether anything befell the day by which a run may fail: crashes are no reason.
    var mayFail = false
    private var participantCount = 0
    /// Those who take part, by the ids of their owners.
    private var processes: [String: SimulatedProcess] = [:]

    var store: SimulatedStore { site.store }

    /// One process's way to one bank, on which everything may happen, and its lease there.
    final class Way: @unchecked Sendable {
        let bank: SimulatedBank
        let keeper: LeaseKeeper
        let view: LeaseView
        let collection: CheckpointCollection

        init(_ process: SimulatedProcess, to site: BankSite, _ fortune: BankFortune) {
            bank = SimulatedBank(site.store, process, fortune)
            let degraded = DegradedBank(bank, to: site.level, random: process, clock: process, deleted: site.deleted)
            keeper = LeaseKeeper(bank: degraded, owner: process.owner, clock: process)
            view = LeaseView(bank: degraded, clock: process)
            collection = CheckpointCollection(
                bank: degraded, owner: process.owner, consistency: site.level, hasEnded: { _ in false })
        }

        /// Waits until an owner is certainly gone.
        var isGone: @Sendable (Owner) async throws -> Bool {
            let view = view
            return { try await view.waitUntilGone($0.id) }
        }
    }

    /// One process with its way to the bank, and its plugin.
    final class Participant: @unchecked Sendable {
        let process: SimulatedProcess
        let site: BankSite
        let way: Way
        let plugin: SimulatedPlugin
        let control = RunControl()
        /// Where it restores to when it rehearses.
        var scratch: String?

        init(_ day: SimulatedDay, _ name: String, at site: BankSite, _ fortune: BankFortune) {
            process = day.world.process(name)
            self.site = site
            way = Way(process, to: site, fortune)
            plugin = SimulatedPlugin(day.plan, process, day.outside, day.ledger)
        }

        var name: String { process.name }
        var bank: SimulatedBank { way.bank }
        var keeper: LeaseKeeper { way.keeper }
        var collection: CheckpointCollection { way.collection }
    }

    init(_ world: World, _ mistake: PlantedMistake?, plan: (inout SeededGenerator) -> SimulatedPlan) {
        self.world = world
        self.mistake = mistake
        self.plan = plan(&world.random)
        outside = OutsideWorld(world, services: self.plan.services)
        ledger = Ledger(world, self.plan)
        dropped = world.number(0...1000)
        site = BankSite("near", world)
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

    /// Lives the day; what must not happen and does is for the result.
    func live() async throws {}

    /// What came of the day, once it is lived.
    func result(_ kind: ScenarioResult.Kind) -> ScenarioResult {
        do { try world.run { [self] _ in try await live() } } catch { world.violated("\(error)") }
        return ScenarioResult(
            kind: kind, seed: world.seed, violations: world.violations, history: world.history, log: world.log,
            tally: tally)
    }

    // MARK: Who takes part

    func participant(_ role: String, _ fortune: BankFortune, at site: BankSite? = nil) -> Participant {
        participantCount += 1
        let site = site ?? self.site
        let participant = Participant(self, "\(role)\(participantCount)", at: site, fortune)
        processes[participant.process.owner.id] = participant.process
        if mistake == .skipsSync {
            participant.bank.isOnlyPromised = { key in key.text.contains("/journal/") }
        }
        participant.plugin.failing = world.happens(200) ? 60 : 0
        participant.plugin.failingForNow = world.happens(300) ? 150 : 0
        if fortune != .fair { participant.plugin.failingReverts = world.happens(150) ? 400 : 0 }
        participant.bank.beginsWrite = { [world] key in
            // What a restore records counts for less than what it does, and it needs no lease.
            let isRelied =
                key.segments[0] == "checkpoints"
                && ["/commits/", "/journal/", "/definitions/"].contains { key.text.contains($0) }
            // A bank that looks first and writes then is asked before that, and not when the write sets out.
            guard isRelied, site.level != .listOnly, participant.keeper.isLost else { return }
            world.violated("\(participant.name) writes \(key) and knows that its lease is lost")
        }
        return participant
    }

    /// Whether an owner has ended, as its own host knows it.
    func hasEnded(_ owner: Owner) -> Bool { processes[owner.id]?.hasEnded ?? true }

    /// Decides what will happen to a process, which does about so many `writes`.
    func temptFate(_ participant: Participant, chance: Int, writes: Int = 40) {
        guard world.happens(chance) else { return }
        let process = participant.process
        let moment = Int64(world.number(1...(world.happens(300) ? 100_000 : 2_000))) * 1_000_000
        let fate = world.number(0...9)
        mayFail = mayFail || fate > 5
        switch fate {
        case 0...3:
            participant.bank.crashPoint = CrashPoint(write: world.number(1...writes), isBefore: world.happens(500))
        case 4, 5:
            world.later(moment) { [self] in
                guard !process.isDead else { return }
                process.crash()
                participant.site.store.loseUnsynced(of: process)
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
        mayFail = mayFail || participant.plugin.failingReverts > 0
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
        environment.faults = faults
        if mistake == .ignoresLease { environment.writeGuard = NoGuard() }
        return environment
    }

    /// The mistakes of the engine that are planted.
    var faults: PlantedFaults {
        var faults = PlantedFaults()
        faults.skipsUndoDurability = mistake == .skipsUndoDurability
        faults.adoptsUnfinished = mistake == .adoptsUnfinished
        faults.commitsEarly = mistake == .commitsEarly
        faults.looksOnce = mistake == .looksOnce
        faults.settlesRehearsals = mistake == .settlesRehearsals
        faults.believesOneLook = mistake == .believesOneLook
        faults.believesListing = mistake == .believesListing
        return faults
    }

    func ended(_ participant: Participant, _ status: String) {
        guard !participant.process.isDead else { return }
        world.note("\(participant.process.name) has ended: \(status)")
    }

    func failed(_ participant: Participant, _ error: any Error) {
        guard !participant.process.isDead else {
            tally.crashes += 1
            return
        }
        world.note("\(participant.process.name) has failed: \(error)")
        if error is LeaseError { tally.lostLeases += 1 }
        if case CheckpointError.superseded = error { tally.superseded += 1 }
    }
}
