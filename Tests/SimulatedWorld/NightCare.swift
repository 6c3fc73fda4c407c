internal import Bank
internal import BankCare
internal import Checkpoints
internal import Engine
internal import Surroundings

/// Checks and repairs of banks in the nights, and what they have to mend.
extension Nights {
    /// Looks at everything in a bank, and with `repairs` mends it; whatever else goes on meanwhile, nothing that was saved
    /// may be called damaged. Returns what was found.
    @discardableResult
    func audit(_ actor: Participant, _ scope: BankAudit.Scope, repairs: Bool, isSound: Bool) async throws
        -> [BankFinding]
    {
        let found =
            if repairs {
                try await actor.keeper.run { try await self.findings(actor, scope, actor.keeper) }
            } else { try await findings(actor, scope, nil) }
        for finding in found {
            world.note("\(actor.name) has found \(finding.kind.rawValue): \(finding.key) \(finding.message)")
            tally.mended += finding.state == .mended ? 1 : 0
        }
        // What the store could not read counts as damaged.
        guard !actor.process.isDead, actor.bank.fortune.unreadable == 0 else { return found }
        for finding in found {
            if finding.kind.severity == .damage {
                world.violated("\(actor.name) calls \(finding.key) damaged: it \(finding.message)")
            } else if finding.kind.severity == .disorder, finding.kind != .markerStale, fortune.late == 0,
                spoiled[actor.site.name]?.isEmpty ?? true
            {
                world.violated("\(actor.name) finds \(finding.kind.rawValue) at \(finding.key): it \(finding.message)")
            } else if isSound, finding.state == .failed {
                world.violated("\(actor.name) could not mend \(finding.key): \(finding.failure)")
            }
        }
        return found
    }

    private func findings(
        _ actor: Participant, _ scope: BankAudit.Scope, _ writeGuard: (any WriteGuard)?
    ) async throws -> [BankFinding] {
        // On the host of the others it is known who has ended; elsewhere nobody certainly has.
        let isSameHost = world.happens(500)
        let collection = CheckpointCollection(
            bank: actor.collection.bank, owner: actor.process.owner, consistency: actor.site.level,
            hasEnded: { isSameHost && self.hasEnded($0) })
        var audit = BankAudit(
            collection, scope: scope, repairs: writeGuard != nil, writeGuard: writeGuard ?? NoGuard(),
            processors: world.number(1...2), now: actor.process.wallMilliseconds)
        audit.faults = faults
        var found: [BankFinding] = []
        _ = try await audit.run { found.append($0) }
        return found
    }

    // MARK: What befalls indices at rest

    /// Lets an index entry or a marker get lost, be torn, or lead nowhere.
    func spoil(_ actor: Participant) throws {
        let store = actor.site.store
        let indices = store.contents.keys.filter { $0.segments[0] == "indices" }.sorted()
        guard !indices.isEmpty else { return }
        let key = indices[world.number(0...indices.count - 1)]
        guard let entry = IndexEntry(key) else {
            // Without its marker, what is unfinished is lost; a torn one still tells.
            if let id = CheckpointLayout.unfinishedID(of: key) { spoiled[actor.site.name, default: []].insert(id) }
            return store.spoil(key, [])
        }
        spoiled[actor.site.name, default: []].insert(entry.id)
        switch world.number(0...3) {
        case 0: store.spoil(key, Array(entry.id.text.utf8.prefix(7)))
        case 1:
            let nowhere = IndexEntry(created: entry.created, id: CheckpointID(random: actor.process))
            store.spoil(try nowhere.key(in: CheckpointLayout.byDate), Array("\(nowhere.id)\n".utf8))
        case 2:
            let created = Timestamp(milliseconds: entry.created.milliseconds + 86_400_000)
            let other = try IndexEntry(created: created, id: entry.id).key(in: CheckpointLayout.byPlan(Self.planName))
            if store.contents(of: other) == nil { store.spoil(other, Array("\(entry.id)\n".utf8)) }
        default:
            // Listings find what one index has lost, and not what all have.
            if lost[actor.site.name, default: []].insert(entry.id).inserted { store.spoil(key, nil) }
        }
    }

    /// A repair takes no entry away that leads to something.
    func unlisting(_ key: BankKey, _ process: SimulatedProcess, at site: BankSite) {
        guard process.name.hasPrefix("repair") || process.name.hasPrefix("reindex"), let entry = IndexEntry(key),
            site.store.isAvailable(entry.id), site.store.entries(of: entry.id).contains(key)
        else { return }
        world.violated("\(process.name) removes \(key), by which an available checkpoint is found")
    }

    /// In the end indices say what follows from the checkpoints, and a check finds nothing.
    func judgeIndices(at site: BankSite) {
        let store = site.store
        var expected: Set<BankKey> = []
        var allowed: Set<BankKey> = []
        for id in store.checkpoints where !store.hasTombstone(id) && store.commitInForce(id) != nil {
            allowed.formUnion(store.entries(of: id))
            // That of a rehearsal that was cut off is found by its marker, as long as a pin keeps it from being deleted.
            if store.isRehearsal(id), store.contents[CheckpointLayout.unfinished(id)] != nil { continue }
            expected.formUnion(store.entries(of: id))
        }
        let present = Set(store.contents.keys.filter { IndexEntry($0) != nil })
        for key in expected.subtracting(present).sorted() { world.violated("\(site.name): \(key) is missing") }
        for key in present.subtracting(allowed).sorted() { world.violated("\(site.name): \(key) is one too many") }
        for key in present.sorted() {
            guard let id = IndexEntry(key)?.id, store.contents(of: key) != Array("\(id)\n".utf8) else { continue }
            world.violated("\(site.name): \(key) is torn")
        }
    }
}

extension SimulatedStore {
    /// The entries by which a checkpoint is found.
    func entries(of id: CheckpointID) -> [BankKey] {
        guard let index = index(id) else { return [] }
        let entry = IndexEntry(created: index.created, id: id)
        let places = try? [
            CheckpointLayout.byPlan(index.plan), CheckpointLayout.byProvider(index.provider), CheckpointLayout.byDate,
        ]
        return (places ?? []).compactMap { try? entry.key(in: $0) }
    }
}
