internal import Bank
internal import Checkpoints
internal import Engine
internal import PlanIR
internal import PluginKit

/// What is done in the nights. Each act throws what kept it from being done.
extension Nights {
    static let planName = "simulated"

    /// The provider to which a bank belongs; the compiled plan names that of the near one.
    private func provider(of site: BankSite) -> String { site === far ? "far" : "local" }

    private func side(_ way: Way, at site: BankSite) -> CopySide {
        CopySide(collection: way.collection, bankID: site.name, provider: provider(of: site))
    }

    // MARK: Runs

    func resume(_ actor: Participant) async throws {
        guard let id = choose(unfinished(at: site)) else { return }
        let report = try await actor.keeper.run { [self] in
            try await ResumeOperation(environment(actor), checkpoint: id, isGone: actor.way.isGone).run()
        }
        tally.takeovers += 1
        ended(actor, report.commit.status.rawValue)
    }

    func collect(_ actor: Participant, mustSucceed: Bool) async throws {
        let items = try await actor.keeper.run { [self] in
            try await GarbageCollection(environment(actor), isGone: actor.way.isGone).run()
        }
        tally.givenUp += items.count { $0.action == .gaveUp }
        world.note("\(actor.name) has collected \(items)")
        if !actor.process.isDead { try await sweepScratch(actor) }
        guard mustSucceed else { return }
        for item in items where item.action == .failed {
            world.violated("\(item.id) could not be collected: \(item.message)")
        }
    }

    // MARK: Going

    private func retention(_ actor: Participant) throws -> RetentionOperation {
        try RetentionOperation(
            environment(actor), plan: Self.planName, provider: provider(of: actor.site), policy: policy,
            isGone: actor.way.isGone)
    }

    /// What a retention would do.
    func decide(_ actor: Participant) async throws -> RetentionReport { try await retention(actor).decide() }

    @discardableResult
    func retain(_ actor: Participant) async throws -> RetentionReport {
        let operation = try retention(actor)
        let report = try await actor.keeper.run { try await operation.run() }
        tally.deleted += report.removed
        world.note("\(actor.name) has removed \(report.removed) of \(report.checkpoints.count)")
        return report
    }

    func delete(_ actor: Participant) async throws {
        guard let chosen = choose(try await actor.collection.list(.init())) else { return }
        touched.insert(chosen.id)
        unwanted[actor.site.name, default: []].insert(chosen.id)
        let report = try await actor.keeper.run { [self] in
            try await DeleteOperation(
                environment(actor), checkpoint: chosen.id, force: false, isGone: actor.way.isGone
            ).run()
        }
        world.note("\(actor.name) has deleted \(chosen.id): \(report.status)")
    }

    /// Leads something out of the state in which someone has left it.
    func reset(_ actor: Participant) async throws {
        let stuck = try await actor.collection.list(.init()).filter { $0.status != .available }
        guard let chosen = choose(stuck) else { return }
        try await reset(chosen.id, actor)
    }

    func reset(_ id: CheckpointID, _ actor: Participant) async throws {
        touched.insert(id)
        let status = try await actor.keeper.run { [self] in
            try await ResetOperation(environment(actor), checkpoint: id, isGone: actor.way.isGone).run()
        }
        world.note("\(actor.name) has reset \(id) to \(status)")
    }

    // MARK: What people say

    func pin(_ actor: Participant) async throws {
        guard let chosen = try await chooseAvailable(actor) else { return }
        guard pinned.remove(chosen) == nil else {
            unpinned.insert(chosen)
            try await actor.collection.unpin(chosen)
            return
        }
        // The deletion of an earlier pin may still be on its way.
        guard !unpinned.contains(chosen) else { return }
        let now = Timestamp(milliseconds: actor.process.wallMilliseconds)
        try await actor.collection.pin(chosen, by: actor.name, reason: "", now: now)
        if !actor.process.isDead { pinned.insert(chosen) }
    }

    func label(_ actor: Participant) async throws {
        guard let chosen = try await chooseAvailable(actor) else { return }
        let key = actor.name.lowercased()
        let now = Timestamp(milliseconds: actor.process.wallMilliseconds)
        try await actor.collection.annotate(chosen, now: now) { try $0.set(key, "") }
        if !actor.process.isDead { labelled[chosen, default: []].insert(key) }
    }

    // MARK: Restoring

    func restore(_ actor: Participant, _ isSound: Bool) async throws {
        guard let chosen = try await chooseAvailable(actor) else { return }
        let request = OperationRequest(
            target: RestoreTarget(directory: "/\(actor.name)", overwrite: false), resources: someResources())
        try await run(chosen, actor, isSound) { loaded, environment in
            RestoreOperation.restore(loaded, request, environment)
        }
    }

    /// Reads back what was saved.
    func verify(_ actor: Participant, _ isSound: Bool) async throws {
        guard let chosen = try await chooseAvailable(actor) else { return }
        let request = OperationRequest(resources: someResources())
        try await run(chosen, actor, isSound) { loaded, environment in
            RestoreOperation.verify(loaded, request, environment)
        }
    }

    private func run(
        _ id: CheckpointID, _ actor: Participant, _ isSound: Bool,
        _ operation: @escaping @Sendable (LoadedCheckpoint, ExecutionEnvironment) -> RestoreOperation
    ) async throws {
        do {
            let report = try await actor.keeper.run { [self] in
                let loaded = try await LoadedCheckpoint.load(id, from: actor.collection)
                return try await operation(loaded, environment(actor)).run()
            }
            check(report, actor, isSound)
        } catch {
            // What goes while it is loaded may look damaged. Behind that, nobody deletes it.
            if isSound, !isExcused(error, .restore), actor.site.store.isAvailable(id) { throw error }
            failed(actor, error)
        }
    }

    /// One resource with all that depends on it; mostly all, `nil`.
    private func someResources() -> [Int]? {
        guard world.happens(400) else { return nil }
        return plan.ir().withDependents([world.number(0...plan.dependents.count - 1)])
    }

    /// Goes on with restores and verifications that were cut off.
    func resumeRestores(_ actor: Participant, mustSucceed: Bool = false) async throws {
        for operation in try await actor.collection.operations() {
            guard let standing = operation.standing, standing.isOpen else { continue }
            // Into a place that is removed nothing can be restored; a collection ends what a rehearsal has left.
            guard !mustSucceed || !ScratchPlaces.isScratch(standing.index.target ?? "") else { continue }
            touched.insert(standing.index.checkpoint)
            // Without its checkpoint there is nothing to go on with.
            let isThere = actor.site.store.isAvailable(standing.index.checkpoint)
            do {
                let report = try await actor.keeper.run { [self] in
                    try await RestoreResumption(
                        environment(actor), operation: operation.id, isGone: actor.way.isGone
                    ).run()
                }
                check(report, actor, mustSucceed)
                tally.takeovers += 1
            } catch {
                if mustSucceed, isThere { throw error }
                failed(actor, error)
            }
        }
    }

    private func check(_ report: OperationReport, _ actor: Participant, _ isSound: Bool) {
        ended(actor, "\(report.kind.rawValue) \(report.commit.status.rawValue)")
        guard !actor.process.isDead else { return }
        if report.commit.status == .success {
            guard report.kind == .restore else { return }
            let identities = plan.ir().resources.map(\.identity)
            let only = Set(report.commit.resources.compactMap { identities.firstIndex(of: $0.resource) })
            for fault in actor.plugin.contradictions(report.checkpoint.text, in: report.target, only: only) {
                world.violated("\(actor.name) has restored \(report.checkpoint), and \(fault)")
            }
        } else if isSound, report.kind == .restore || !isSpoiled(report.checkpoint, at: actor.site) {
            let reasons = report.commit.failures.map(\.description).joined(separator: "; ")
            world.violated("\(actor.name) could not \(report.kind.rawValue) \(report.checkpoint): \(reasons)")
        }
    }

    /// Whether a verification may miss an index entry.
    private func isSpoiled(_ id: CheckpointID, at site: BankSite) -> Bool { spoiled[site.name]?.contains(id) == true }

    // MARK: Copying

    func copy(_ actor: Participant, _ isSound: Bool) async throws {
        guard let chosen = try await chooseAvailable(actor) else { return }
        try await copy(chosen, actor, isSound)
    }

    /// Copies a checkpoint of the near bank into the far one.
    func copy(_ id: CheckpointID, _ actor: Participant, _ isSound: Bool) async throws {
        let report = try await copying(actor) { environment, source, target, isGone in
            try await CopyOperation(environment, checkpoint: id, from: source, to: target, isGone: isGone).run()
        }
        world.note("\(actor.name) has copied \(id): \(report.outcome)")
        guard isSound, !actor.process.isDead else { return }
        if report.outcome != .copied, report.outcome != .alreadyThere {
            world.violated("\(actor.name) could not copy \(id): \(report.failures)")
        }
    }

    func sync(_ actor: Participant) async throws {
        let limit = world.number(1...3)
        let report = try await copying(actor) { environment, source, target, isGone in
            try await BankSync(
                environment, plan: Self.planName, from: source, to: target, limit: limit, isGone: isGone
            ).run()
        }
        world.note("\(actor.name) has synced: \(report.items.map(\.action))")
    }

    /// Runs `body` under a lease on each bank, with the environment of the far one.
    private func copying<Result: Sendable>(
        _ actor: Participant,
        _ body:
            @escaping @Sendable (
                ExecutionEnvironment, CopySide, CopySide, @escaping @Sendable (Owner) async throws -> Bool
            ) async throws -> Result
    ) async throws -> Result {
        let there = Way(actor.process, to: far, actor.bank.fortune)
        there.bank.crashPoint = actor.bank.crashPoint
        let source = side(actor.way, at: site)
        let target = side(there, at: far)
        var environment = environment(actor)
        environment.collection = there.collection
        environment.writeGuard = there.keeper
        let (final, isGone) = (environment, there.isGone)
        return try await actor.keeper.run {
            try await there.keeper.run { try await body(final, source, target, isGone) }
        }
    }

    // MARK: Reading

    /// Reads a listing page by page: it is in order, nothing is there twice, and nothing is missing that was there all the
    /// time.
    func read(_ actor: Participant) async throws {
        let order: ListingOrder = world.happens(500) ? .newestFirst : .oldestFirst
        let limit = world.number(1...3)
        var filter = CheckpointCollection.Filter()
        if world.happens(300) {
            filter.plan = Self.planName
        } else if world.happens(300) {
            filter.provider = provider(of: actor.site)
        }
        let wanted = filter
        let before = availableNow(at: actor.site)
        var seen: [CheckpointSummary] = []
        var cursor: CheckpointCollection.Cursor?
        repeat {
            let page = try await actor.collection.page(wanted, order: order, after: cursor, limit: limit)
            seen += page.checkpoints.map(\.summary)
            cursor = page.next
        } while cursor != nil
        guard !actor.process.isDead else { return }
        let ids = seen.map(\.id)
        if Set(ids).count < ids.count { world.violated("\(actor.name) has read a checkpoint twice: \(ids)") }
        let places = seen.map { IndexEntry(created: $0.created, id: $0.id) }
        if places != (order == .oldestFirst ? places.sorted() : places.sorted().reversed()) {
            world.violated("\(actor.name) has read in another order than asked for: \(places)")
        }
        for id in before.intersection(availableNow(at: actor.site)).sorted() where !ids.contains(id) {
            world.violated("\(actor.name) has not read \(id), which was there all the time")
        }
    }

    func availableNow(at site: BankSite) -> Set<CheckpointID> {
        Set(site.store.checkpoints.filter { site.store.isAvailable($0) })
    }

    // MARK: Choosing

    private func chooseAvailable(_ actor: Participant) async throws -> CheckpointID? {
        let chosen = choose(try await actor.collection.list(.init(status: .available)))?.id
        if let chosen { touched.insert(chosen) }
        return chosen
    }

    /// One of some; in a crowd mostly the last, which is the oldest of a listing, and the first that retention removes.
    private func choose<Item>(_ items: [Item]) -> Item? {
        if items.isEmpty || (isCrowded && world.happens(700)) { return items.last }
        return items[world.number(0...items.count - 1)]
    }
}
