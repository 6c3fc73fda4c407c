internal import Bank
internal import Checkpoints
internal import Engine
internal import PlanIR

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
    /// A deletion does not look behind its mark whether anybody needs the checkpoint.
    case looksOnce
    /// The checkpoint of a rehearsal counts as finished before it is decided whether it stays.
    case settlesRehearsals
    /// A scratch place is filled, and does not say whose it is.
    case forgetsScratch
    /// A check of a bank takes for a fault what it has seen once.
    case believesOneLook
    /// A repair takes an index entry for stray whose checkpoint was not there when it listed them.
    case believesListing

    /// In which kind of day it can show.
    package var kind: ScenarioResult.Kind {
        switch self {
        case .skipsUndoDurability, .skipsSync, .dropsPredecessor, .adoptsUnfinished, .commitsEarly, .ignoresLease: .run
        case .looksOnce, .settlesRehearsals, .forgetsScratch, .believesOneLook, .believesListing: .nights
        }
    }
}

/// What came of one simulated day.
package struct ScenarioResult: Sendable {
    /// What a seed stands for.
    package enum Kind: String, Sendable, CaseIterable {
        /// A day in the life of one checkpoint.
        case run
        /// Several nights of a plan with two banks.
        case nights

        /// Lives what a seed stands for.
        package func run(seed: UInt64, mistake: PlantedMistake? = nil, keepsLog: Bool = false) -> ScenarioResult {
            switch self {
            case .run: Scenario.run(seed: seed, mistake: mistake, keepsLog: keepsLog)
            case .nights: Nights.run(seed: seed, mistake: mistake, keepsLog: keepsLog)
            }
        }
    }

    package let kind: Kind
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
        package var rehearsed = 0
        package var mended = 0

        package static func += (a: inout Tally, b: Tally) {
            a.crashes += b.crashes
            a.takeovers += b.takeovers
            a.givenUp += b.givenUp
            a.lostLeases += b.lostLeases
            a.available += b.available
            a.failed += b.failed
            a.superseded += b.superseded
            a.deleted += b.deleted
            a.rehearsed += b.rehearsed
            a.mended += b.mended
        }
    }

    /// The command that repeats it.
    package var command: String { "make simulate\(kind == .run ? "" : " KIND=\(kind.rawValue)") SEED=\(seed)" }
}

/// A simulated day in the life of one checkpoint: a protect run under a lease, with everything that can happen to it,
/// others that take over, and a collector of garbage; then a look at what is left.
package final class Scenario: SimulatedDay, @unchecked Sendable {
    private init(_ world: World, _ mistake: PlantedMistake?) {
        super.init(world, mistake) { SimulatedPlan(upTo: 7, &$0) }
    }

    /// Lives the day that a seed fixes.
    package static func run(
        seed: UInt64, mistake: PlantedMistake? = nil, keepsLog: Bool = false
    ) -> ScenarioResult {
        let scenario = Scenario(World(seed: seed, keepsLog: keepsLog), mistake)
        scenario.watch(scenario.site)
        return scenario.result(.run)
    }

    // MARK: The day

    override func live() async throws {
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
            guard isLast || !unfinished(at: site).isEmpty else { continue }
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
        try await judge(at: site)
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
            guard let id = unfinished(at: site).first ?? store.checkpoints.first else {
                if mustSucceed { _ = try await participant.keeper.run { try await self.collect(participant) } }
                return
            }
            let environment = environment(participant)
            if mustSucceed || unfinished(at: site).isEmpty || world.happens(250) {
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
                    try await ResumeOperation(environment, checkpoint: id, isGone: participant.way.isGone).run()
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
        try await GarbageCollection(environment(participant), isGone: participant.way.isGone).run()
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
}
