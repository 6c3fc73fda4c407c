import Bank
import CanonicalForm
package import Checkpoints
package import PlanIR
import PluginKit

/// How a protect run ended.
package struct ProtectReport: Sendable {
    package let checkpoint: CheckpointID
    package let commit: CommitRecord
    /// The definitions of the resources that have one, in the order of the IR.
    package let definitions: [DefinitionRecord]
    package let wasCancelled: Bool
}

/// Protects every resource of a plan and records a checkpoint.
package struct ProtectOperation: Sendable {
    let environment: ExecutionEnvironment
    let ir: PlanIR
    let irBytes: [UInt8]

    /// An operation over a loaded IR and the bytes that it was loaded from.
    package init(_ environment: ExecutionEnvironment, ir: PlanIR, irBytes: [UInt8]) {
        self.environment = environment
        self.ir = ir
        self.irBytes = irBytes
    }

    /// Refuses an IR whose plugins are not the ones that it was compiled against.
    package static func checkBindings(_ ir: PlanIR, _ plugins: [String: LoadedPlugin]) throws {
        for binding in ir.plugins {
            guard let plugin = plugins[binding.name] else {
                throw ExecutionError.unknownPlugin(binding.name)
            }
            guard plugin.digest == binding.digest else {
                throw ExecutionError.manifestChanged(
                    plugin: binding.name, compiled: binding.digest, present: plugin.digest)
            }
        }
    }

    /// Runs the operation. A failing activity gives a report with the status `error`; what is thrown is a failure of
    /// the bank, after which the checkpoint is unfinished and shows so.
    ///
    /// Only the activities can be cancelled: the records around them are written whole.
    package func run(expectedBytes: Int64?) async throws -> ProtectReport {
        if ir.needsInventory { throw ExecutionError.needsInventory(plan: ir.plan) }
        try Self.checkBindings(ir, environment.plugins)
        let index = CheckpointIndex(
            id: CheckpointID.random(), plan: ir.plan, provider: ir.provider.name, created: environment.now(),
            owner: environment.collection.owner, irDigest: SHA256Digest(of: irBytes),
            resources: Int64(ir.resources.count))
        let collection = environment.collection
        try Task.checkCancellation()
        try await Task { try await collection.create(index, ir: irBytes) }.value
        let hooks = Execution.hooksPerResource(ir, .protect)
        environment.observer.observe(
            .began(
                RunBeginning(
                    operation: .protect, id: index.id.text, checkpoint: index.id.text, plan: ir.plan,
                    provider: ir.provider.name, resources: ir.resources.count, activities: hooks.reduce(0, +),
                    jobs: environment.jobs, expectedBytes: expectedBytes)))
        let states = ResourceStates(hooksPerResource: hooks)
        let journal = JournalWriter(
            bank: environment.bank, layout: CheckpointKeys(index.id), epoch: Self.epoch)
        let execution = execution(index.id, states, journal)
        let (outcome, revertFailures) = await execution.runGraph()
        var failures = execution.failures(outcome, revertFailures)
        if failures.isEmpty {
            do { try await Task { try await storeIdleDefinitions(hooks, states, index.id) }.value } catch {
                failures.append(ResourceFailure(resource: "", hook: "", message: String(describing: error)))
            }
        }
        let commit = commitRecord(index.id, states, outcome, failures, await journal.segments)
        do {
            try await Task { try await collection.commit(commit) }.value
        } catch {
            throw ExecutionError.notCommitted(index.id, reason: String(describing: error))
        }
        do {
            try await Task { try await collection.publish(index) }.value
        } catch {
            // The commit record alone says what the checkpoint is; its marker keeps it in every listing.
            environment.observer.observe(
                .noticed("the checkpoint is recorded, but not yet in all indices of the bank: \(error)"))
        }
        return ProtectReport(
            checkpoint: index.id, commit: commit, definitions: states.all.compactMap(\.record),
            wasCancelled: outcome.wasCancelled)
    }

    private static let epoch: UInt32 = 1

    private func execution(_ id: CheckpointID, _ states: ResourceStates, _ journal: JournalWriter) -> Execution {
        let layout = CheckpointKeys(id)
        let bank = environment.bank
        let resources = ir.resources
        return Execution(
            environment: environment, ir: ir, operation: .protect, checkpoint: id,
            target: RestoreTarget(directory: nil, overwrite: false), states: states,
            journal: journal, scopes: Execution.scopes(ir),
            artifacts: { index, _ in
                PartedArtifactStore(
                    bank: bank, artifacts: try layout.artifacts(resources[index].identity, epoch: Self.epoch),
                    writable: true)
            },
            loadDefinition: { _ in nil },
            storeDefinition: { index, state in try await storeDefinition(index, state, id) })
    }

    private func storeDefinition(
        _ index: Int, _ state: ResourceStates.State, _ id: CheckpointID
    ) async throws -> (DefinitionRecord, [UInt8])? {
        let resource = ir.resources[index]
        let layout = CheckpointKeys(id)
        let store = PartedArtifactStore(
            bank: environment.bank, artifacts: try layout.artifacts(resource.identity, epoch: Self.epoch),
            writable: false)
        let binding = ir.plugins[Int(resource.plugin)]
        let record = DefinitionRecord(
            resource: resource.identity, epoch: Self.epoch, plugin: binding.name, pluginDigest: binding.digest,
            definition: state.definition, artifacts: try await store.finished(), warnings: state.warnings)
        let bytes = record.record.bytes
        try await environment.bank.putOnce(
            try layout.definition(resource.identity, epoch: Self.epoch), bytes)
        return (record, bytes)
    }

    /// A resource for which the plugin has nothing to do still has a definition, an empty one.
    private func storeIdleDefinitions(
        _ hooks: [Int], _ states: ResourceStates, _ id: CheckpointID
    ) async throws {
        for index in ir.resources.indices where hooks[index] == 0 {
            if let (record, bytes) = try await storeDefinition(index, states.read(index), id) {
                states.update(index) {
                    $0.record = record
                    $0.recordBytes = bytes
                }
            }
        }
    }

    private func commitRecord(
        _ id: CheckpointID, _ states: ResourceStates, _ outcome: RunOutcome, _ failures: [ResourceFailure],
        _ journalSegments: UInt32
    ) -> CommitRecord {
        let failed = Set(outcome.failures.map { Int($0.activity.resource) })
        let all = states.all
        let entries = all.enumerated().map { index, state in
            let status: CommitRecord.ResourceEntry.Status =
                failed.contains(index) ? .error : state.record == nil ? .incomplete : .available
            return CommitRecord.ResourceEntry(
                resource: ir.resources[index].identity, status: status, epoch: Self.epoch,
                definition: state.recordBytes.map { SHA256Digest(of: $0) }, bytes: state.record?.storedBytes ?? 0,
                warnings: state.warnings.count)
        }
        return CommitRecord(
            checkpoint: id, epoch: Self.epoch, status: failures.isEmpty ? .available : .error,
            finished: environment.now(), resources: entries, failures: failures,
            contentBytes: all.reduce(0) { $0 + $1.contentBytes }, journalSegments: journalSegments)
    }
}
