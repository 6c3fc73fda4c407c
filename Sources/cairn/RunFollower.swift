import Bank
import Checkpoints
import Engine
import PlanIR
import PluginKit

/// Follows a run of another process through the journal that it keeps in the bank.
struct RunFollower {
    /// What is followed.
    enum Subject: Sendable {
        case checkpoint(CheckpointIndex)
        case operation(OperationIndex)

        var id: CheckpointID {
            switch self {
            case .checkpoint(let index): index.id
            case .operation(let index): index.id
            }
        }

        var started: Timestamp {
            switch self {
            case .checkpoint(let index): index.created
            case .operation(let index): index.started
            }
        }
    }

    /// How what is followed stands.
    enum Ending: Sendable {
        /// Someone still works on it.
        case running
        /// The outcome is recorded.
        case recorded(status: String, failures: [ResourceFailure], warnings: Int64)
        /// Whoever worked on it is gone.
        case abandoned(String)
    }

    private let subject: Subject
    private let collection: CheckpointCollection
    private let ir: PlanIR
    private let operation: OperationKind
    /// How many resources take part.
    private let included: Int
    private var epoch: UInt32 = 0
    private var segment: UInt32 = 0
    private var resources: [Progress]

    /// How far a resource has come.
    private struct Progress {
        var hooksLeft: Int
        var bytes: Int64 = 0
        /// What the hook that runs has told of so far.
        var toldBytes: Int64 = 0
        var attempt = 1
    }

    /// A follower of the run of a checkpoint, a restore or a verification.
    init(_ subject: Subject, _ collection: CheckpointCollection) async throws {
        self.subject = subject
        self.collection = collection
        switch subject {
        case .checkpoint(let index):
            let whole = try await LoadedCheckpoint.loadIR(index, from: collection)
            // Once it is there, a copy is as its origin was.
            let commit = index.origin == nil ? nil : try await collection.commit(index.id)
            let isCopied = index.origin == nil || commit?.status == .available
            ir = isCopied ? whole : whole.withArtifactCopies
            operation = isCopied ? .protect : .copy
            included = ir.resources.count
        case .operation(let index):
            let checkpoint = try await collection.index(index.checkpoint)
            let whole = try await LoadedCheckpoint.loadIR(checkpoint, from: collection)
            operation = OperationKind(rawValue: index.kind) ?? .restore
            let plan = OperationPlan(whole, operation, try OperationRequest(index, of: whole))
            ir = plan.ir
            included = plan.count
        }
        resources = []
    }

    /// The events since the last call, each with the wall clock when it happened, and how the run stands now.
    mutating func next() async throws -> (events: [(RunEvent, Timestamp)], ending: Ending) {
        // First how it stands: what is in the journal behind an ending belongs before it.
        let ending = try await ending()
        var events: [(RunEvent, Timestamp)] = []
        try await followEpoch(into: &events)
        let (first, epoch, subject, operation) = (segment, epoch, subject, operation)
        let key: @Sendable (UInt32) -> BankKey
        switch subject {
        case .checkpoint(let index):
            let keys = CheckpointKeys(index.id)
            key = { page in
                operation == .copy
                    ? keys.copyJournal(ofEpoch: epoch, page: page) : keys.journal(ofEpoch: epoch, page: page)
            }
        case .operation(let index): key = try await collection.operationJournalKey(index.id, epoch: epoch)
        }
        let (found, segments) = try await collection.segments(ir, from: first, count: nil, key: key)
        segment = segments
        for event in found { take(event, into: &events) }
        return (events, ending)
    }

    /// A resume goes on in a later epoch, whose journal says what it takes over.
    private mutating func followEpoch(into events: inout [(RunEvent, Timestamp)]) async throws {
        // Epochs of operations are no count of how often it was begun.
        var beginnings: UInt32?
        var newest: (epoch: UInt32, started: Timestamp) = (1, subject.started)
        if case .checkpoint(let index) = subject, let record = try await collection.newestEpoch(index.id) {
            newest = (record.epoch, record.started)
        }
        if case .operation(let index) = subject {
            let standing = try await collection.standing(index.id)
            newest = (standing.epoch, standing.started)
            beginnings = UInt32(clamping: standing.epochs.count)
        }
        guard newest.epoch > epoch else { return }
        epoch = newest.epoch
        segment = 0
        var hooks = [Int](repeating: 0, count: ir.resources.count)
        var activities = 0
        for activity in ir.graph(operation).activities where !activity.isBarrier {
            hooks[Int(activity.resource)] += 1
            activities += 1
        }
        resources = hooks.map { Progress(hooksLeft: $0) }
        let (checkpoint, provider) =
            switch subject {
            case .checkpoint(let index): (index.id, index.provider)
            case .operation(let index): (index.checkpoint, ir.provider.name)
            }
        var beginning = RunBeginning(
            operation: operation, id: subject.id.text, checkpoint: checkpoint.text, plan: ir.plan,
            provider: provider, epoch: beginnings ?? epoch, resources: included, activities: activities,
            // The journal does not say how many run at a time.
            jobs: 0)
        if included < ir.resources.count { beginning.positions = ir.resources.count }
        events.append((.began(beginning), newest.started))
    }

    private func ending() async throws -> Ending {
        switch subject {
        case .checkpoint(let index):
            guard let summary = try await collection.summary(index.id) else {
                return .abandoned("the checkpoint was deleted")
            }
            switch summary.status {
            case .available, .error:
                guard let commit = try await collection.commit(index.id) else {
                    return summary.status == .error ? .abandoned(summary.message) : .running
                }
                return .recorded(
                    status: commit.status.rawValue, failures: commit.failures, warnings: commit.warningCount)
            case .protecting, .waitCopying, .copying: return .running
            case .deleting, .errorDeleting: return .abandoned("the checkpoint is being deleted")
            case .damaged: return .abandoned(summary.message)
            }
        case .operation(let index):
            let summary = try await collection.operation(prefix: index.id.text)
            if let commit = summary.commit {
                return .recorded(
                    status: commit.status.rawValue, failures: commit.failures,
                    warnings: commit.resources.reduce(0) { $0 + $1.warnings.count })
            }
            return summary.status == .inProgress ? .running : .abandoned(summary.message)
        }
    }

    private mutating func take(_ event: JournalEvent, into events: inout [(RunEvent, Timestamp)]) {
        let identity = ir.resources[event.resource].identity
        func add(_ run: RunEvent) { events.append((run, event.time)) }
        guard let hook = event.hook else {
            switch event.change {
            case .undo: add(.undoRegistered(identity: identity))
            case .undone: add(.undoDischarged(identity: identity))
            case .reverted: add(.reverted(identity: identity))
            case .revertFailed(let message): add(.revertFailed(identity: identity, message: message))
            case .started, .finished, .adopted, .retrying, .failed, .cancelled, .progress: break
            }
            return
        }
        let activity = EventActivity(resource: event.resource, identity: identity, hook: hook)
        switch event.change {
        case .started(let attempt):
            resources[event.resource].attempt = attempt
            resources[event.resource].toldBytes = 0
            add(.activityStarted(activity, attempt: attempt))
        case .finished(let result), .adopted(let result):
            let more = result.contentBytes - resources[event.resource].toldBytes
            if more != 0 { add(.advanced(resource: event.resource, bytes: more)) }
            for warning in result.warnings.warnings {
                add(.warned(resource: event.resource, identity: identity, warning: warning))
            }
            resources[event.resource].toldBytes = 0
            resources[event.resource].bytes += result.contentBytes
            resources[event.resource].hooksLeft -= 1
            if case .adopted = event.change {
                add(.activityAdopted(activity))
            } else {
                add(.activityFinished(activity))
            }
            if resources[event.resource].hooksLeft == 0 {
                add(
                    .resourceFinished(
                        resource: event.resource, identity: identity, contentBytes: resources[event.resource].bytes))
            }
        case .retrying(let message):
            // The next attempt handles the same content again.
            let told = resources[event.resource].toldBytes
            if told != 0 { add(.advanced(resource: event.resource, bytes: -told)) }
            resources[event.resource].toldBytes = 0
            add(
                .activityRetrying(
                    activity, attempt: resources[event.resource].attempt, message: message, delay: 0))
        case .failed(let message, let warnings):
            for warning in warnings.warnings {
                add(.warned(resource: event.resource, identity: identity, warning: warning))
            }
            add(.activityFailed(activity, message: message))
        case .cancelled: add(.activityCancelled(activity))
        case .progress(let bytes):
            add(.advanced(resource: event.resource, bytes: bytes - resources[event.resource].toldBytes))
            resources[event.resource].toldBytes = bytes
        case .undo: add(.undoRegistered(identity: identity))
        case .undone: add(.undoDischarged(identity: identity))
        case .reverted: add(.reverted(identity: identity))
        case .revertFailed(let message): add(.revertFailed(identity: identity, message: message))
        }
    }
}
