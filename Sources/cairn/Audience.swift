import CanonicalForm
import Checkpoints
import Engine
import Manifests
import Notifications
import PlanIR
import ProtectionService
import RunReports
import Synchronization
import YAMLSource

/// Those who are told how a run ended, and what the run is about; both as far as they are known yet.
final class Audience: Sendable {
    private struct Known {
        var plan = ""
        var provider: String?
        var checkpoint = ""
        var identities: [String] = []
        var ofPlan: [PlanIR.Notification] = []
        var ofProvider: [PlanIR.Notification] = []
    }

    /// Whether the run is a rehearsal, which has a report of its own.
    private let isRehearsal: Bool
    private let operation: OperationKind
    /// When the run began to be of interest.
    let started = Timestamp.now()
    private let known = Mutex(Known())

    /// The audience of an operation, or of a rehearsal.
    init(_ operation: OperationKind, isRehearsal: Bool = false) {
        self.operation = operation
        self.isRehearsal = isRehearsal
    }

    /// The plan is known, with those whom it names.
    func add(_ ir: PlanIR) {
        known.withLock { known in
            known.plan = ir.plan
            known.provider = known.provider ?? ir.provider.name
            known.identities = ir.resources.map(\.identity)
            known.ofPlan = ir.notifications
        }
    }

    /// The provider is known, with those whom its manifest names.
    func add(_ manifest: ProviderManifest) {
        known.withLock { known in
            known.provider = manifest.name.value
            known.ofProvider = manifest.notifications
        }
    }

    /// The checkpoint that it is about is known.
    func add(_ checkpoint: CheckpointID) { known.withLock { $0.checkpoint = checkpoint.text } }

    /// First those of the plan, then those of the provider.
    var notifications: [PlanIR.Notification] { known.withLock { $0.ofPlan + $0.ofProvider } }

    /// What there is to tell of a run that ended without an outcome.
    func failure(_ error: any Error, _ witness: RunWitness) -> NotificationContent {
        let known = known.withLock { $0 }
        let beginning = witness.beginning
        let isOwn = operation == .protect
        let checkpoint = beginning?.checkpoint ?? known.checkpoint
        var report = RunReport(
            operation: operation, id: isRehearsal || isOwn ? checkpoint : beginning?.id ?? "", checkpoint: checkpoint,
            plan: known.plan, status: isOwn ? "error" : "fail")
        report.provider = known.provider
        report.started = started
        report.finished = Timestamp.now()
        report.note =
            error is CancellationError ? "cancelled" : CommandLineFailure.words(error)
        report.failures = witness.failures
        if beginning != nil { report.resources = witness.resources(known.identities) }
        report.contentBytes = report.resources.reduce(0) { $0 + ($1.contentBytes ?? 0) }
        guard isRehearsal else { return NotificationContent(report) }
        let failures = [report.note] + report.failures.map(\.description)
        return NotificationContent(
            isSuccess: false, operation: "rehearse", id: checkpoint, checkpoint: checkpoint, plan: known.plan,
            status: "unproven",
            report: JSONValue.object([
                "version": 1, "operation": "rehearse", "plan": .string(known.plan), "checkpoint": .string(checkpoint),
                "status": "unproven", "started": .string(started.description),
                "failures": .array(failures.map { .string($0) }), "resources": [],
            ]).canonicalBytes)
    }
}

extension NotificationContent {
    /// What a report tells.
    init(_ report: RunReport) {
        self.init(
            isSuccess: report.isSuccess, operation: report.operation.rawValue, id: report.id,
            checkpoint: report.checkpoint, plan: report.plan, status: report.status,
            report: JSONValue.object(report.json).canonicalBytes)
    }

    /// How a protect run ended, with what its definitions say.
    init(
        _ commit: CommitRecord, plan: String, provider: String, started: Timestamp, _ collection: CheckpointCollection
    ) async {
        var report = RunReport(commit, plan: plan, provider: provider, started: started)
        await report.addDefinitions(of: commit, collection)
        self.init(report)
    }
}

extension OperationReport {
    /// How a restore or a verification ended.
    func content(_ collection: CheckpointCollection) async -> NotificationContent {
        if isRecorded, let summary = try? await collection.operation(prefix: commit.id.text),
            let report = try? await RunReport.load(summary, collection)
        {
            return NotificationContent(report)
        }
        return NotificationContent(
            RunReport(commit, operation: kind, checkpoint: checkpoint.text, plan: plan, started: nil))
    }
}
