import Bank
import CanonicalForm
package import Checkpoints
package import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// How a protect run ended.
package struct ProtectReport: Sendable {
    package let checkpoint: CheckpointID
    package let commit: CommitRecord
    package let wasCancelled: Bool
}

/// Protects every resource of a plan and records a checkpoint.
package struct ProtectOperation: Sendable {
    let environment: ExecutionEnvironment
    let ir: PlanIR
    let irBytes: [UInt8]
    /// Whether the checkpoint is made to be tried out and deleted.
    var isRehearsal = false

    /// An operation over a loaded IR and the bytes that it was loaded from.
    package init(_ environment: ExecutionEnvironment, ir: PlanIR, irBytes: [UInt8]) {
        self.environment = environment
        self.ir = ir
        self.irBytes = irBytes
    }

    /// The same operation, whose checkpoint is made to be tried out and deleted.
    package var asRehearsal: Self {
        var copy = self
        copy.isRehearsal = true
        return copy
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

    /// Runs the operation. A failing activity gives a report with the status `error`, and so does another run that has a
    /// resource of the plan stand still; what is thrown is a failure of the bank, after which the checkpoint is unfinished
    /// and shows so.
    ///
    /// `earlier` is the commit record of an earlier checkpoint of the plan: what it measured decides what begins first.
    /// Only the activities can be cancelled: the records around them are written whole. `labels` and note are the
    /// checkpoint's from its beginning.
    package func run(
        earlier: CommitRecord? = nil, labels: CheckpointLabels = CheckpointLabels()
    ) async throws -> ProtectReport {
        if ir.needsInventory { throw ExecutionError.needsInventory(plan: ir.plan) }
        try Self.checkBindings(ir, environment.plugins)
        let index = CheckpointIndex(
            id: environment.newID(), plan: ir.plan, provider: ir.provider.name, created: environment.now(),
            owner: environment.collection.owner, irDigest: SHA256Digest(of: irBytes),
            resources: Int64(ir.resources.count), isRehearsal: isRehearsal)
        let (collection, bytes, writeGuard) = (environment.collection, irBytes, environment.writeGuard)
        try Task.checkCancellation()
        try writeGuard.ensureMayWrite()
        try await uncancelled {
            try await collection.create(index, ir: bytes)
            if !labels.isEmpty { try await collection.annotate(index.id, now: index.created) { $0 = labels } }
        }
        var run = ProtectRun(environment: environment, ir: ir, index: index, epoch: 1)
        run.earlier = earlier
        do { try await QuietWindows(environment).clear(for: index.id, .protect, ir) } catch {
            switch error {
            case let refusal as QuietWindowError: run.inheritance.givenUp = refusal.description
            // What is cancelled before it begins starts nothing, and records that.
            case is CancellationError where Task.isCancelled: break
            default: throw error
            }
        }
        return try await run.run()
    }
}
