internal import Bank
internal import BankCare
internal import CanonicalForm
internal import Checkpoints
internal import Engine
internal import PlanIR
internal import PluginKit
internal import Retention

/// Several nights of a plan with two banks: protect runs, retention, deletions, pins, labels, restores, verifications,
/// rehearsals, copies, collectors, readers, checks and repairs side by side, with everything that can happen to them; then a
/// look at what is left.
package final class Nights: SimulatedDay, @unchecked Sendable {
    /// The bank to which checkpoints are copied.
    let far: BankSite
    let policy: RetentionPolicy
    /// The checkpoints that are pinned in the near bank, for certain.
    var pinned: Set<CheckpointID> = []
    /// Those of which a pin was taken away.
    var unpinned: Set<CheckpointID> = []
    /// Whether everybody does something at once.
    var isCrowded = false
    /// The labels that were set in the near bank, for certain, by checkpoint.
    var labelled: [CheckpointID: Set<String>] = [:]
    /// The checkpoints that someone wanted to delete by hand, by bank.
    var unwanted: [String: Set<CheckpointID>] = [:]
    /// The checkpoints that were available at some time and count as backups, with their creation, by bank.
    var everAvailable: [String: [CheckpointID: Timestamp]] = [:]
    /// The checkpoints of the near bank that someone took up who had not made them.
    var touched: Set<CheckpointID> = []
    /// The checkpoints of rehearsals that have said that they keep them.
    var keptRehearsals: Set<CheckpointID> = []
    /// Those, and the ones of rehearsals that do not know what becomes of them.
    var perhapsKept: Set<CheckpointID> = []
    /// Owners that rehearsed in order to keep the checkpoint, and may have ended before they could say so.
    var keepers: Set<String> = []
    /// The checkpoints of which an index entry was spoiled, and those that one was lost of, by bank.
    var spoiled: [String: Set<CheckpointID>] = [:]
    var lost: [String: Set<CheckpointID>] = [:]

    private init(_ world: World, _ mistake: PlantedMistake?) throws {
        let far = BankSite("far", world)
        self.far = far
        let rule = ["keepLast", "maxCheckpoints", "keepHourly", "keepDaily"][world.number(0...3)]
        policy = try RetentionPolicy([rule: .integer(Int64(world.number(1...3)))])
        super.init(world, mistake) { SimulatedPlan(upTo: 3, hasServices: false, &$0) }
        mayFail = true
        for site in [site, far] {
            watch(site) { [self] id, process in
                removing(id, process, at: site)
            } unlisting: { [self] key, process in
                unlisting(key, process, at: site)
            } writing: { [self] key, bytes in
                wrote(key, bytes, at: site)
            }
        }
    }

    /// Lives the nights that a seed fixes.
    package static func run(seed: UInt64, mistake: PlantedMistake? = nil, keepsLog: Bool = false) -> ScenarioResult {
        let world = World(seed: seed, keepsLog: keepsLog)
        do { return try Nights(world, mistake).result(.nights) } catch {
            fatalError("a policy that is written here cannot be read: \(error)")
        }
    }

    // MARK: The nights

    override func live() async throws {
        for _ in 0..<world.number(2...6) {
            var acts: [Task<Void, Never>] = []
            // In some nights all comes at once, and most of it to the same checkpoint.
            let spread = [20, 200, 120_000][world.number(0...2)]
            isCrowded = spread < 120_000
            for act in Act.allCases {
                for _ in 0..<act.times where world.happens(act.chance) { acts.append(begin(act, within: spread)) }
            }
            for act in acts { await act.value }
            // Collectors wait for those who are gone, and nobody else has to.
            try await pass(hours: world.number(0...30))
        }
        try await comeToRest()
        try await judge()
    }

    private func pass(hours: Int) async throws {
        try await world.process("time").sleep(nanoseconds: (Int64(hours) * 3600 + 600) * 1_000_000_000)
    }

    /// What someone may do in a night.
    enum Act: String, CaseIterable {
        case protect, resume, collect, retain, delete, reset, pin, label, restore, verify, resumeRestore, copy, sync,
            read
        case rehearse, check, repair, reindex, spoil

        /// How often it may be done in a night.
        var times: Int { self == .protect || self == .restore ? 2 : 1 }

        /// The chance of each time, in a thousand.
        var chance: Int {
            switch self {
            case .protect: 800
            case .resume, .collect, .retain, .copy: 350
            case .pin, .label, .restore, .resumeRestore, .sync, .read, .rehearse, .check: 250
            case .delete, .reset, .verify, .repair, .reindex, .spoil: 150
            }
        }
    }

    /// Lets a process of its own do something, after a while of at most `spread` milliseconds.
    private func begin(_ act: Act, within spread: Int) -> Task<Void, Never> {
        let isAnywhere: Set<Act> = [
            .collect, .retain, .delete, .reset, .restore, .verify, .read, .check, .repair, .reindex, .spoil,
        ]
        let site = isAnywhere.contains(act) && world.happens(400) ? far : site
        // The sound ones must succeed, whatever the others do.
        let isSound = world.happens(350)
        let actor = participant(act.rawValue, isSound ? .fair : fortune, at: site)
        if isSound {
            (actor.plugin.failing, actor.plugin.failingForNow) = (0, 0)
            // Who looks slowly sees what others change meanwhile.
            if act == .check { actor.bank.fortune.slow = 20 }
        } else {
            temptFate(actor, chance: 500, writes: act == .rehearse ? 90 : 40)
        }
        let delay = Int64(world.number(0...spread)) * 1_000_000
        return actor.process.launch { [self] in
            defer { actor.process.end() }
            do {
                try await actor.process.sleep(nanoseconds: delay)
                try await perform(act, actor, isSound)
            } catch {
                failed(actor, error)
                if isSound, !isExcused(error, act) {
                    world.violated("\(actor.name) could not \(act.rawValue): \(error)")
                }
            }
        }
    }

    /// Whether a failure is an answer that what others do explains.
    func isExcused(_ error: any Error, _ act: Act) -> Bool {
        switch error {
        case let error as CheckpointError:
            switch error {
            case .pinned, .wantedBack, .inUse, .superseded, .unknown, .noneAvailable, .wrongStatus: true
            default: false
            }
        // Before the first run, and when all was deleted, there is nothing to be synced.
        case CopyError.begunElsewhere, CopyError.inTheWay, CopyError.unknownPlan: true
        case AnnotationError.beingDeleted: true
        // Of two who go on with a run, one is told that the other has taken it over.
        case ExecutionError.notCommitted, ExecutionError.deletedMeanwhile: act == .resume || act == .reset
        case OperationError.running, OperationError.superseded, OperationError.notResumable: true
        default: false
        }
    }

    private func perform(_ act: Act, _ actor: Participant, _ isSound: Bool) async throws {
        switch act {
        case .protect:
            let report = try await actor.keeper.run { [self] in
                let ir = plan.ir()
                return try await ProtectOperation(environment(actor), ir: ir, irBytes: ir.encoded.bytes).run()
            }
            ended(actor, report.commit.status.rawValue)
            if isSound, report.commit.status != .available { world.violated("\(actor.name) has failed: \(report)") }
        case .resume: try await resume(actor)
        case .collect: try await collect(actor, mustSucceed: false)
        case .retain: try await retain(actor)
        case .delete: try await delete(actor)
        case .reset: try await reset(actor)
        case .pin: try await pin(actor)
        case .label: try await label(actor)
        case .restore: try await restore(actor, isSound)
        case .verify: try await verify(actor, isSound)
        case .resumeRestore: try await resumeRestores(actor)
        case .copy: try await copy(actor, isSound)
        case .sync: try await sync(actor)
        case .read: try await read(actor)
        case .rehearse: try await rehearse(actor, isSound)
        case .check:
            try await audit(actor, world.happens(500) ? .data : .records, repairs: false, isSound: isSound)
        case .repair: try await audit(actor, .records, repairs: true, isSound: isSound)
        case .reindex: try await audit(actor, .indices, repairs: true, isSound: isSound)
        case .spoil: try spoil(actor)
        }
    }

    // MARK: What is watched

    private func wrote(_ key: BankKey, _ bytes: [UInt8], at site: BankSite) {
        let segments = key.segments
        guard segments.count == 4, segments[0] == "checkpoints", segments[2] == "commits",
            let commit = try? CommitRecord(opening: bytes), commit.status == .available,
            let index = site.store.index(commit.checkpoint), !index.isRehearsal
        else { return }
        everAvailable[site.name, default: [:]][commit.checkpoint] = index.created
    }

    /// Something of an available checkpoint goes, behind a tombstone.
    private func removing(_ id: CheckpointID, _ process: SimulatedProcess, at site: BankSite) {
        if site === self.site, pinned.contains(id) { world.violated("\(process.name) removes the pinned \(id)") }
        if site === self.site, keptRehearsals.contains(id), !isUnwanted(id, at: site) {
            world.violated("\(process.name) removes \(id), which a rehearsal has kept")
        }
        let available = everAvailable[site.name] ?? [:]
        guard let created = available[id], !isUnwanted(id, at: site) else { return }
        // Retention has wanted it, and relied on a newer one, which is there or was deleted by hand since then.
        let isReplaced = available.contains { other, moment in
            other != id && moment >= created
                && (isUnwanted(other, at: site) || site.store.isAvailable(other))
        }
        if !isReplaced { world.violated("\(process.name) removes \(id), the last that can be restored") }
    }

    func isUnwanted(_ id: CheckpointID, at site: BankSite) -> Bool { unwanted[site.name]?.contains(id) == true }
}

extension SimulatedStore {
    /// Whether a checkpoint has a commit record in force that says so, and nobody deletes it.
    func isAvailable(_ id: CheckpointID) -> Bool { commitInForce(id)?.status == .available && !hasTombstone(id) }
}
