internal import Bank
internal import Checkpoints
internal import Engine
internal import PlanIR
internal import PluginKit

extension Scenario {
    /// Looks at every change of the bank as it happens.
    func watch() {
        store.watcher = { [self] key, bytes, process in
            let segments = key.segments
            guard segments.count > 2, segments[0] == "checkpoints", let id = CheckpointID(segments[1]) else { return }
            guard bytes == nil, let commit = store.commitInForce(id), commit.status == .available,
                !store.hasTombstone(id), segments[2] != "uses", segments[2] != "tombstone.json"
            else { return }
            if segments[2] == "commits", key != CheckpointKeys(id).commit(ofEpoch: commit.epoch) { return }
            // What an earlier epoch has left half-written may go. That no artifact is missing shows in the end.
            let isOfEpoch = segments[2] == "e\(commit.epoch)" && segments[3] != "resources"
            if isOfEpoch || !segments[2].hasPrefix("e") || segments[2] == "epochs" {
                world.violated("\(process.name) removes \(key) of an available checkpoint")
            }
        }
    }

    /// A process that has ended by itself leaves nothing standing still.
    func checkNothingStandsStill(because participant: Participant) {
        // What it began is for others to undo once they have taken over.
        guard !participant.process.isDead, !wasTakenOver(participant) else { return }
        for service in plan.services where outside.quiescer(of: service) == participant.process.name {
            world.violated("\(participant.process.name) has ended, and r\(service) still stands still")
        }
    }

    private func wasTakenOver(_ participant: Participant) -> Bool {
        store.checkpoints.contains { id in
            let owners = store.epochOwners(id)
            return owners.last != participant.process.owner && owners.contains(participant.process.owner)
        }
    }

    /// The checkpoints that have begun and have no commit record in force.
    var unfinished: [CheckpointID] {
        store.contents.keys.compactMap { CheckpointLayout.unfinishedID(of: $0) }.sorted().filter { id in
            store.contents[CheckpointKeys(id).index] != nil && store.commitInForce(id) == nil
        }
    }

    /// Looks at what is left in the end.
    func judge() async throws {
        for service in outside.quiesced { world.violated("in the end r\(service) still stands still") }
        let judge = participant("judge", .fair)
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
        case .success(let faults)?: for fault in faults + litter { world.violated(fault) }
        case .failure(let error)?: world.violated("the bank cannot be read in the end: \(error)")
        case nil: world.violated("the judge is dead")
        }
    }

    /// What nothing needs any more and is there all the same, after everything was collected.
    private var litter: [String] {
        store.contents.keys.sorted().compactMap { key in
            let segments = key.segments
            switch segments[0] {
            case "indices":
                if let id = CheckpointLayout.unfinishedID(of: key) { return "\(id) still has a marker" }
                guard let id = IndexEntry(key)?.id, store.contents[CheckpointKeys(id).index] == nil else { return nil }
                return "\(key) leads nowhere"
            case "leases": return "\(key) is left over"
            case "checkpoints":
                guard let id = CheckpointID(segments[1]) else { return nil }
                if segments[2] == "uses" { return "\(key) is left over" }
                return store.contents[CheckpointKeys(id).index] == nil ? "\(key) belongs to no checkpoint" : nil
            default: return nil
            }
        }
    }

    private func faultsOfAvailable(
        _ id: CheckpointID, _ environment: ExecutionEnvironment, _ judge: Participant
    ) async throws -> [String] {
        tally.available += 1
        var faults: [String] = []
        do {
            let loaded = try await LoadedCheckpoint.load(id, from: judge.collection)
            let target = RestoreTarget(directory: nil, overwrite: false)
            let report = try await judge.keeper.run {
                try await RestoreOperation.restore(loaded, to: target, environment).run()
            }
            if report.commit.status != .success {
                let reasons = report.commit.failures.map(\.description).joined(separator: "; ")
                faults.append("\(id) is available and cannot be restored: \(reasons)")
            } else {
                faults += judge.plugin.contradictions.map { "\(id) is available, and \($0)" }
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
}
