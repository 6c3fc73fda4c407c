internal import Bank
internal import Checkpoints
internal import Engine
internal import PlanIR
internal import PluginKit

extension SimulatedStore {
    /// The available checkpoint to which an object belongs that must not go as long as that is so; `nil` for any other.
    ///
    /// What an earlier epoch has left half-written may go, and what people have said of it. That no artifact is missing
    /// shows when it is restored.
    func availableCheckpoint(needing key: BankKey) -> CheckpointID? {
        let segments = key.segments
        guard segments.count > 2, segments[0] == "checkpoints", let id = CheckpointID(segments[1]),
            let commit = commitInForce(id), commit.status == .available
        else { return nil }
        switch segments[2] {
        case "uses", "tombstone.json", "pin.json", "labels.json", "reset.json", "rehearsed.json", "removing": return nil
        case "commits": return key == CheckpointKeys(id).commit(ofEpoch: commit.epoch) ? id : nil
        case "e\(commit.epoch)": return segments[3] != "resources" ? id : nil
        case "epochs": return id
        case let name where CheckpointKeys.epoch(ofContent: name) != nil: return nil
        default: return id
        }
    }
}

extension SimulatedDay {
    /// Looks at every change of a bank as it happens; `removing` is told of what deletions remove of available checkpoints,
    /// `unlisting` of every object that goes, and `writing` of every one that is about to be there.
    func watch(
        _ site: BankSite, removing: @escaping (CheckpointID, SimulatedProcess) -> Void = { _, _ in },
        unlisting: @escaping (BankKey, SimulatedProcess) -> Void = { _, _ in },
        writing: @escaping (BankKey, [UInt8]) -> Void = { _, _ in }
    ) {
        site.store.watcher = { [world, store = site.store] key, bytes, process in
            if let bytes { writing(key, bytes) } else { unlisting(key, process) }
            guard bytes == nil, let id = store.availableCheckpoint(needing: key) else { return }
            if store.hasTombstone(id) {
                removing(id, process)
            } else {
                world.violated("\(process.name) removes \(key) of an available checkpoint")
            }
        }
    }
}

extension Scenario {
    /// A process that has ended by itself leaves nothing standing still.
    func checkNothingStandsStill(because participant: Participant) {
        // What it began is for others to undo once they have taken over.
        guard !participant.process.isDead, !wasTakenOver(participant) else { return }
        // What it could not undo stays due, until a collection can.
        for service in plan.services
        where outside.quiescer(of: service) == participant.process.name && !participant.plugin.stuck.contains(service) {
            world.violated("\(participant.process.name) has ended, and r\(service) still stands still")
        }
    }

    private func wasTakenOver(_ participant: Participant) -> Bool {
        store.checkpoints.contains { id in
            let owners = store.epochOwners(id)
            return owners.last != participant.process.owner && owners.contains(participant.process.owner)
        }
    }
}

extension SimulatedDay {
    /// The checkpoints that have begun and have no commit record in force.
    func unfinished(at site: BankSite) -> [CheckpointID] {
        let store = site.store
        return store.contents.keys.compactMap { CheckpointLayout.unfinishedID(of: $0) }.sorted().filter { id in
            store.contents[CheckpointKeys(id).index] != nil && store.commitInForce(id) == nil
        }
    }

    /// Looks at what is left in the end.
    func judge(at site: BankSite) async throws {
        for service in outside.quiesced { world.violated("in the end r\(service) still stands still") }
        let judge = participant("judge", .fair, at: site)
        (judge.plugin.failing, judge.plugin.failingForNow) = (0, 0)
        let environment = environment(judge)
        let result = await judge.process.perform { [self] () -> [String] in
            var faults: [String] = []
            for summary in try await judge.collection.list(.init()) {
                switch summary.status {
                case .available: faults += try await faultsOfAvailable(summary.id, environment, judge)
                case .error:
                    tally.failed += 1
                    if !mayFail { faults.append("nothing but crashes befell \(summary.id), and it has failed") }
                case .protecting, .waitCopying, .copying:
                    faults.append("\(summary.id) is still '\(summary.status.rawValue)'")
                case .damaged: faults.append("\(summary.id) is damaged: \(summary.message)")
                case .deleting, .errorDeleting: faults.append("\(summary.id) is half deleted")
                }
            }
            return faults
        }
        switch result {
        case .success(let faults)?:
            for fault in faults + site.store.litter(but: isPinned(at: site)) {
                world.violated("\(site.name): \(fault)")
            }
        case .failure(let error)?: world.violated("the \(site.name) bank cannot be read in the end: \(error)")
        case nil: world.violated("the judge is dead")
        }
    }

    /// Whether a checkpoint is pinned in the end; one that a rehearsal has made waits for being let go.
    private func isPinned(at site: BankSite) -> (CheckpointID) -> Bool {
        { site.store.contents(of: CheckpointKeys($0).pin) != nil && site.store.isRehearsal($0) }
    }

    private func faultsOfAvailable(
        _ id: CheckpointID, _ environment: ExecutionEnvironment, _ judge: Participant
    ) async throws -> [String] {
        tally.available += 1
        var faults: [String] = []
        do {
            let loaded = try await LoadedCheckpoint.load(id, from: judge.collection)
            let target = RestoreTarget(directory: "/judged/\(id)", overwrite: false)
            let report = try await judge.keeper.run {
                try await RestoreOperation.restore(loaded, to: target, environment).run()
            }
            if report.commit.status != .success {
                let reasons = report.commit.failures.map(\.description).joined(separator: "; ")
                faults.append("\(id) is available and cannot be restored: \(reasons)")
            } else {
                faults += judge.plugin.contradictions(id.text, in: target).map { "\(id) is available, and \($0)" }
            }
            faults += report.damaged.map { "\(id) is available, and \($0)" }
        } catch {
            faults.append("\(id) is available and cannot be restored: \(error)")
        }
        return faults
    }
}

extension SimulatedStore {
    /// The commit record of a checkpoint that decides: that of the highest epoch that has one.
    func commitInForce(_ id: CheckpointID) -> CommitRecord? {
        let keys = CheckpointKeys(id)
        let newest = contents.keys.filter { $0.text.hasPrefix(keys.commits.text + "/") }
            .compactMap { CheckpointKeys.epoch(of: $0) }.max()
        guard let newest, let bytes = contents[keys.commit(ofEpoch: newest)] else { return nil }
        return try? CommitRecord(opening: bytes)
    }

    /// Who has run a checkpoint, in the order of the epochs.
    func epochOwners(_ id: CheckpointID) -> [Owner] {
        let prefix = CheckpointKeys(id).epochs.text + "/"
        let claims = contents.filter { $0.key.text.hasPrefix(prefix) }
        return claims.compactMap { try? EpochRecord(opening: $0.value) }.sorted { $0.epoch < $1.epoch }.map(\.owner)
    }

    /// The checkpoints of which there is anything.
    var checkpoints: [CheckpointID] {
        var ids: Set<CheckpointID> = []
        for key in contents.keys {
            let segments = key.segments
            if segments.count > 2, segments[0] == "checkpoints", let id = CheckpointID(segments[1]) { ids.insert(id) }
        }
        return ids.sorted()
    }

    func hasTombstone(_ id: CheckpointID) -> Bool { contents[CheckpointKeys(id).tombstone] != nil }

    /// What nothing needs any more and is there all the same, after everything was collected; the marker of what
    /// `isWaiting` is none.
    func litter(but isWaiting: (CheckpointID) -> Bool) -> [String] {
        contents.keys.sorted().compactMap { key in
            let segments = key.segments
            switch segments[0] {
            case "indices":
                if let id = CheckpointLayout.unfinishedID(of: key) {
                    return isWaiting(id) ? nil : "\(id) still has a marker"
                }
                guard let id = IndexEntry(key)?.id, contents[CheckpointKeys(id).index] == nil else { return nil }
                return "\(key) leads nowhere"
            case "leases": return "\(key) is left over"
            case "checkpoints":
                guard let id = CheckpointID(segments[1]) else { return nil }
                if segments[2] == "uses" { return "\(key) is left over" }
                return contents[CheckpointKeys(id).index] == nil ? "\(key) belongs to no checkpoint" : nil
            default: return nil
            }
        }
    }
}
