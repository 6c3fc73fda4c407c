import Bank
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// One epoch of a copy: from the first artifact to the commit record.
struct CopyRun: Sendable {
    /// That of the target.
    let environment: ExecutionEnvironment
    let source: CopySide
    let target: CopySide
    let checkpoint: LoadedCheckpoint
    /// The definitions in the source, in the order of the IR.
    let definitions: [DefinitionRecord]
    /// The index record in the target.
    let index: CheckpointIndex
    let epoch: UInt32
    /// The epochs of earlier copiers whose work may be taken over, ascending.
    let earlier: [UInt32]
    /// Whether an owner has certainly ended.
    let isGone: @Sendable (Owner) async throws -> Bool

    private var id: CheckpointID { index.id }
    private var keys: CheckpointKeys { CheckpointKeys(index.id) }

    func run() async throws -> CopyReport {
        let ir = checkpoint.ir.withArtifactCopies
        let work = CopyWork(
            checkpoint.ir, definitions, keys, from: source.collection.bank, to: target.collection.bank, epoch: epoch,
            earlier: earlier, guard: environment.writeGuard)
        let states = ResourceStates(hooksPerResource: Execution.hooksPerResource(ir, .copy))
        let journal = JournalWriter(
            bank: target.collection.bank, clock: environment.clock, guard: environment.writeGuard
        ) { [keys, epoch] in keys.copyJournal(ofEpoch: epoch, page: $0) }
        let execution = execution(ir, work, states, journal)
        let result: Result<CopyReport, any Error>
        do { result = .success(try await run(execution, work, states, journal)) } catch { result = .failure(error) }
        await journal.close()
        return try result.get()
    }

    /// The hooks of the plugins read what is in the source, and note what must be undone in the target.
    private func execution(
        _ ir: PlanIR, _ work: CopyWork, _ states: ResourceStates, _ journal: JournalWriter
    ) -> Execution {
        var reading = environment
        reading.collection = source.collection
        reading.plugins = environment.plugins.mapValues {
            LoadedPlugin(
                plugin: CopyingPlugin(inner: $0.plugin, work: work), version: $0.version, digest: $0.digest)
        }
        return Execution(
            reading, ir, .copy, checkpoint: id, states: states, journal: journal, access: .reading,
            loadDefinition: { [definitions] in definitions[$0] })
    }

    private func run(
        _ execution: Execution, _ work: CopyWork, _ states: ResourceStates, _ journal: JournalWriter
    ) async throws -> CopyReport {
        let ir = checkpoint.ir
        environment.observer.observe(
            .began(
                RunBeginning(
                    operation: .copy, id: id.text, checkpoint: id.text, plan: ir.plan, provider: target.provider,
                    epoch: epoch, resources: ir.resources.count,
                    activities: states.all.reduce(0) { $0 + $1.hooksLeft }, jobs: environment.concurrency.jobs,
                    expectedBytes: checkpoint.commit.storedBytes)))
        try await CopyLegacy.inherit(before: epoch, id, checkpoint.ir, target.collection, execution, states, journal)
        let (outcome, revertFailures) = await execution.runGraph(policy: environment.onFailure ?? .stop)
        let failures = execution.failures(outcome, revertFailures)
        let mayGoOn =
            outcome.wasCancelled || journal.failure != nil
            || (!outcome.failures.isEmpty
                && outcome.failures.allSatisfy { work.wasBrokenOff(Int($0.activity.resource)) })
        guard failures.isEmpty || !mayGoOn else {
            // Nothing is wrong with the checkpoint: whoever goes on takes over what is there.
            environment.observer.observe(.ended(status: "error", failures: failures.count, warnings: 0))
            return report(.unfinished, failures, work, wasCancelled: outcome.wasCancelled)
        }
        try await uncancelled { try await record(states.all, failures, work, journal) }
        environment.observer.observe(
            .ended(status: failures.isEmpty ? "available" : "error", failures: failures.count, warnings: 0))
        return report(failures.isEmpty ? .copied : .failed, failures, work, wasCancelled: false)
    }

    // MARK: The outcome

    /// Writes definitions, journal, labels, commit record and indices, in this order.
    private func record(
        _ states: [ResourceStates.State], _ failures: [ResourceFailure], _ work: CopyWork, _ journal: JournalWriter
    ) async throws {
        let collection = target.collection
        let commit: CommitRecord
        do {
            try await journal.flush()
            if failures.isEmpty {
                let packs = try packs(work)
                try await write(packs)
                let segments = try await copyJournal()
                try await copyLabels()
                commit = available(packs.map { SHA256Digest(of: $0.bytes) }, segments)
            } else {
                commit = failed(states, failures)
            }
            try await ensureStanding(commit)
            try environment.writeGuard.ensureMayWrite()
            try await collection.commit(commit)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw ExecutionError.notCopied(id, reason: String(describing: error))
        }
        do {
            try await collection.publish(index)
            guard failures.isEmpty else { return }
            try await Leftovers(collection, checkpoint.ir, commit, isGone: isGone).remove()
            try await collection.settle(id)
        } catch {
            // The commit record alone says what the checkpoint is; by its marker 'cairn gc' does the rest.
            environment.observer.observe(
                .noticed("the copy is recorded, but not all that belongs to that is done yet: \(error)"))
        }
    }

    private func available(_ packs: [SHA256Digest], _ journalSegments: UInt32) -> CommitRecord {
        let origin = checkpoint.commit
        return CommitRecord(
            checkpoint: id, epoch: epoch, status: .available, finished: origin.finished,
            resources: origin.resources, failures: [], contentBytes: origin.contentBytes,
            journalSegments: journalSegments, definitions: .packs(packs))
    }

    private func failed(_ states: [ResourceStates.State], _ failures: [ResourceFailure]) -> CommitRecord {
        let entries = zip(checkpoint.commit.resources, states).map { origin, state in
            CommitRecord.ResourceEntry(
                resource: origin.resource,
                status: state.failure != nil ? .error : state.hooksLeft > 0 ? .incomplete : .available,
                hook: state.failure?.hook.name ?? "", message: state.failure?.message ?? "", bytes: 0,
                contentBytes: 0, warnings: 0, milliseconds: state.milliseconds)
        }
        return CommitRecord(
            checkpoint: id, epoch: epoch, status: .error, finished: environment.now(), resources: entries,
            failures: failures, contentBytes: 0, journalSegments: 0, definitions: .packs([]))
    }

    /// The definitions as they are in the source, but for the epochs in which the artifacts lie.
    private func packs(_ work: CopyWork) throws -> [(key: BankKey, bytes: [UInt8])] {
        try stride(from: 0, to: definitions.count, by: DefinitionPack.length).map { first in
            let number = UInt32(first / DefinitionPack.length)
            let list = try (first..<min(first + DefinitionPack.length, definitions.count)).map { resource in
                let origin = definitions[resource]
                guard let artifacts = work.copied(resource) else {
                    throw ExecutionError.notCopied(id, reason: "'\(origin.resource)' was left out")
                }
                return DefinitionRecord(
                    resource: origin.resource, plugin: origin.plugin, pluginDigest: origin.pluginDigest,
                    definition: origin.definition, artifacts: artifacts, warnings: origin.warnings)
            }
            let pack = DefinitionPack(checkpoint: id, number: number, definitions: list)
            return (keys.definitions(ofEpoch: epoch, pack: number), pack.bytes)
        }
    }

    private func write(_ packs: [(key: BankKey, bytes: [UInt8])]) async throws {
        let bank = target.collection.bank
        try environment.writeGuard.ensureMayWrite()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, pack) in packs.enumerated() {
                if number >= 4 { try await group.next() }
                group.addTask { try await bank.putOnce(pack.key, pack.bytes) }
            }
            try await group.waitForAll()
        }
    }

    /// Copies the journal of the epoch that committed, so that reports can be made of the copy; returns how many segments
    /// there are. A restore does without it: what follows a damaged segment is left out, and that is told.
    private func copyJournal() async throws -> UInt32 {
        let origin = checkpoint.commit
        for number in 0..<origin.journalSegments {
            let key = keys.journal(ofEpoch: origin.epoch, page: number)
            let bytes: [UInt8]
            do {
                bytes = try await source.collection.read(key, longest: ObjectLimit.bulk) { bytes in
                    _ = try JournalSegment(opening: bytes, number: number, of: checkpoint.ir)
                    return bytes
                }
            } catch let error as CheckpointError {
                environment.observer.observe(.recordDamaged(key, reason: "\(error); the copy does without it"))
                return number
            }
            try environment.writeGuard.ensureMayWrite()
            try await target.collection.bank.putOnce(keys.journal(ofEpoch: epoch, page: number), bytes)
        }
        return origin.journalSegments
    }

    /// Copies what people have said of the checkpoint. A restore does without it: what is damaged is left out, and that is told.
    private func copyLabels() async throws {
        do {
            try await target.collection.adoptLabels(of: id, from: source.collection)
        } catch CheckpointError.damaged(let key, let reason) {
            environment.observer.observe(.recordDamaged(key, reason: "\(reason); the copy does without it"))
        }
    }

    /// Throws when the copy was deleted meanwhile, or when this epoch has failed and an earlier one, whose copier was
    /// slower than it seemed, has succeeded after all: then that is what counts.
    private func ensureStanding(_ commit: CommitRecord) async throws {
        let collection = target.collection
        if commit.status == .error, let standing = try await collection.commit(id), standing.status == .available {
            _ = try await Confirmation(environment, index).repeating(standing, in: epoch)
            throw CheckpointError.wrongStatus(
                id, standing.status, wanted: "unfinished to be committed", reason: "epoch \(standing.epoch) has ended")
        }
        try await collection.ensureNotDeleted(id, wanted: "unfinished to be committed")
        guard try await collection.index(id) == index else { throw CheckpointError.unknown(id.text) }
        // A deletion of an earlier copy under this id, of which something was still on its way, may have taken them.
        let bytes = try await source.collection.irBytes(checkpoint.index)
        try await collection.recreateCopy(index, ir: bytes)
    }

    private func report(
        _ outcome: CopyReport.Outcome, _ failures: [ResourceFailure], _ work: CopyWork, wasCancelled: Bool
    ) -> CopyReport {
        CopyReport(
            checkpoint: id, plan: checkpoint.ir.plan, from: source.provider, to: target.provider, outcome: outcome,
            failures: failures, resources: definitions.count,
            artifacts: definitions.reduce(0) { $0 + $1.artifacts.count }, tally: work.tally,
            wasCancelled: wasCancelled)
    }
}
