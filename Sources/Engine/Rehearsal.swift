package import Checkpoints
package import PlanIR
package import PluginKit
import Surroundings

/// How a rehearsal went for one resource.
package struct RehearsedResource: Sendable, Hashable {
    /// What is known of it now.
    package enum Verdict: String, Sendable, CaseIterable {
        /// It was saved, restored into the scratch place, and found to be what was saved.
        case proven
        /// It cannot be restored elsewhere; what was saved was read back and checked.
        case verified
        /// It has no content of its own, so that there is nothing to be proven.
        case empty
        /// Nothing of it is saved.
        case unsaved
        /// It could not be saved, restored or verified.
        case failed
        /// The rehearsal ended before.
        case undone
    }

    package let identity: String
    package var verdict: Verdict
    /// What was done, or why not.
    package var note: String
    package var contentBytes: Int64 = 0
    /// How long restoring it took, or verifying where that was done instead, in milliseconds; `nil` when neither was done.
    package var milliseconds: Int64?
    package var warnings: [ActivityWarning] = []
}

/// How a rehearsal went.
package struct RehearsalReport: Sendable {
    package let plan: String
    package let checkpoint: CheckpointID
    package let started: Timestamp
    /// How long saving everything took, in milliseconds.
    package let protectMilliseconds: Int64
    /// How long restoring took: what a real restore will take at least; `nil` when nothing was restored.
    package var restoreMilliseconds: Int64?
    package var verifyMilliseconds: Int64?
    /// Bytes of content that were restored.
    package var restoredBytes: Int64 = 0
    package var resources: [RehearsedResource]
    /// What failed besides the resources.
    package var failures: [String] = []
    package var wasCancelled = false
    /// Whether the checkpoint is still there.
    package var isKept = true

    /// Whether every resource is proven; with `acceptsVerified`, or at least verified.
    package func isProven(acceptsVerified: Bool) -> Bool {
        failures.isEmpty && !wasCancelled
            && resources.allSatisfy { resource in
                switch resource.verdict {
                case .proven, .empty: true
                case .verified: acceptsVerified
                case .unsaved, .failed, .undone: false
                }
            }
    }
}

/// Proves a plan's backup: saves everything, restores it into a scratch place, compares, and deletes the checkpoint.
///
/// What cannot be restored elsewhere is verified instead. The scratch place is the caller's to make and to remove.
package struct Rehearsal: Sendable {
    private var environment: ExecutionEnvironment
    private let ir: PlanIR
    private let irBytes: [UInt8]
    private let scratch: String

    /// A rehearsal of a loaded IR in the empty directory `scratch`.
    package init(_ environment: ExecutionEnvironment, ir: PlanIR, irBytes: [UInt8], scratch: String) {
        self.environment = environment
        // Everything is to be tried, whatever fails.
        self.environment.onFailure = environment.onFailure ?? .continue
        self.ir = ir
        self.irBytes = irBytes
        self.scratch = scratch
    }

    /// Saves, restores and verifies; the checkpoint is there afterwards, until `keepCheckpoint` or `deleteCheckpoint` says what
    /// becomes of it.
    package func run(earlier: CommitRecord? = nil) async throws -> RehearsalReport {
        let began = environment.clock.monotonicNanoseconds
        let started = environment.now()
        let protected = try await ProtectOperation(environment, ir: ir, irBytes: irBytes).asRehearsal
            .run(earlier: earlier)
        var report = RehearsalReport(
            plan: ir.plan, checkpoint: protected.checkpoint, started: started,
            protectMilliseconds: (environment.clock.monotonicNanoseconds - began) / 1_000_000,
            resources: ir.resources.indices.map { blank($0, protected.commit.resources[$0]) })
        report.wasCancelled = protected.wasCancelled
        guard protected.commit.status == .available else {
            for failure in protected.commit.failures where failure.resource.isEmpty || failure.isOfRevert {
                report.failures.append(failure.description)
            }
            return report
        }
        let loaded = try await LoadedCheckpoint.load(protected.checkpoint, from: environment.collection)
        let ways = ir.resources.indices.map { way($0) }
        try await restore(loaded, ways, &report)
        if !report.wasCancelled { try await verify(loaded, ways, &report) }
        return report
    }

    /// Lets the checkpoint stay for people to look at. Without this or a deletion, the garbage collection takes it for that
    /// of a rehearsal that was cut off.
    package func keepCheckpoint(_ report: inout RehearsalReport) async {
        let (collection, id) = (environment.collection, report.checkpoint)
        do {
            // The marker of a run that failed stays until its artifacts are removed.
            guard try await collection.commit(id)?.status == .available else { return }
            try environment.writeGuard.ensureMayWrite()
            // Without all of its entries, the marker alone keeps it in listings.
            try await uncancelled {
                try await collection.publish(try await collection.index(id))
                try await collection.settle(id)
            }
            // Until here nobody can have taken this owner for gone, and the checkpoint for left behind.
            try environment.writeGuard.ensureMayWrite()
        } catch {
            report.failures.append(
                "the checkpoint may be removed by 'cairn gc', since that it is kept is not noted: \(error)")
        }
    }

    /// Deletes the checkpoint of a rehearsal; what fails is a failure of the rehearsal.
    package func deleteCheckpoint(_ report: inout RehearsalReport) async {
        do {
            let deletion = try await DeleteOperation(environment, checkpoint: report.checkpoint, force: false).run()
            // Where listings may be behind, it is marked now and removed by the next garbage collection.
            report.isKept = deletion.status == .errorDeleting
            report.failures += deletion.failures.map { "the checkpoint could not be deleted: \($0)" }
        } catch {
            report.failures.append("the checkpoint could not be deleted: \(error)")
        }
    }

    /// How a resource can be proven.
    package func way(_ resource: Int) -> RehearsalWay {
        let described = ir.resources[resource]
        guard let plugin = environment.plugins[ir.plugins[Int(described.plugin)].name]?.plugin else {
            return .verified(reason: "its plugin is not there")
        }
        return plugin.rehearsal(
            of: ResourceDescription(described), protectParameters: ir.parameters(of: resource, for: .protect))
    }

    private func blank(_ resource: Int, _ entry: CommitRecord.ResourceEntry) -> RehearsedResource {
        let identity = ir.resources[resource].identity
        switch entry.status {
        case .error:
            return RehearsedResource(
                identity: identity, verdict: .failed, note: "could not be saved, \(entry.hook): \(entry.message)")
        case .incomplete:
            return RehearsedResource(
                identity: identity, verdict: .undone, note: "was not saved: the run had ended before")
        case .available:
            return RehearsedResource(identity: identity, verdict: .undone, note: "was saved, and nothing else was done")
        }
    }

    // MARK: The two ways

    private func restore(
        _ checkpoint: LoadedCheckpoint, _ ways: [RehearsalWay], _ report: inout RehearsalReport
    ) async throws {
        var proofs: [Int: String] = [:]
        for (resource, way) in ways.enumerated() {
            if case .restored(let proof) = way { proofs[resource] = proof }
        }
        guard !proofs.isEmpty else { return }
        let request = OperationRequest(
            target: RestoreTarget(directory: scratch, overwrite: false, isRehearsal: true),
            resources: proofs.keys.sorted())
        let restored = try await RestoreOperation.restore(checkpoint, request, environment).run()
        report.restoreMilliseconds = restored.milliseconds
        report.restoredBytes = restored.contentBytes
        take(restored, doing: "restored", &report) { resource in (.proven, proofs[resource] ?? "") }
    }

    private func verify(
        _ checkpoint: LoadedCheckpoint, _ ways: [RehearsalWay], _ report: inout RehearsalReport
    ) async throws {
        var reasons: [Int: String] = [:]
        for (resource, way) in ways.enumerated() {
            switch way {
            case .restored: break
            case .verified(let reason): reasons[resource] = reason
            case .empty(let reason):
                report.resources[resource].verdict = .empty
                report.resources[resource].note = reason
            case .unsaved(let reason):
                report.resources[resource].verdict = .unsaved
                report.resources[resource].note = reason
            }
        }
        guard !reasons.isEmpty else { return }
        let request = OperationRequest(resources: reasons.keys.sorted())
        let verified = try await RestoreOperation.verify(checkpoint, request, environment).run()
        report.verifyMilliseconds = verified.milliseconds
        take(verified, doing: "verified", &report) { resource in
            (.verified, "verified only, not restored: \(reasons[resource] ?? "")")
        }
    }

    private func take(
        _ operation: OperationReport, doing: String, _ report: inout RehearsalReport,
        _ verdict: (Int) -> (RehearsedResource.Verdict, String)
    ) {
        report.wasCancelled = report.wasCancelled || operation.wasCancelled
        report.failures += operation.commit.failures.filter { failure in
            (failure.resource.isEmpty && !operation.wasCancelled) || failure.isOfRevert
        }.map(\.description)
        let positions = Dictionary(
            ir.resources.enumerated().map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in operation.commit.resources {
            guard let position = positions[entry.resource] else { continue }
            if entry.status == .success {
                (report.resources[position].verdict, report.resources[position].note) = verdict(position)
            } else if operation.commit.failures.contains(where: { $0.resource == entry.resource }) {
                report.resources[position].verdict = .failed
                report.resources[position].note = "could not be \(doing): \(entry.message)"
            } else {
                report.resources[position].note = "was not \(doing): \(entry.message)"
            }
            report.resources[position].contentBytes = entry.contentBytes
            report.resources[position].milliseconds = entry.milliseconds.filter { $0 > 0 }.reduce(0, +)
            report.resources[position].warnings = entry.warnings.warnings
        }
    }
}
