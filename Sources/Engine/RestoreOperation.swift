import Bank
package import Checkpoints
package import PlanIR
package import PluginKit
import Scheduling
import Surroundings

/// How a restore or a verification ended.
package struct OperationReport: Sendable {
    package let kind: OperationKind
    package let checkpoint: CheckpointID
    package let plan: String
    package let target: RestoreTarget
    package let commit: OperationCommit
    package let contentBytes: Int64
    /// How long it took, in milliseconds.
    package let milliseconds: Int64
    package let wasCancelled: Bool
    /// Whether the bank has a record of it, by which a restore that failed is resumed.
    package let isRecorded: Bool
    /// The damaged records that a restore can do without.
    package let damaged: [RecordFault]
}

/// Restores or verifies an available checkpoint, or some of its resources, and records how that went.
package struct RestoreOperation: Sendable {
    let environment: ExecutionEnvironment
    let kind: OperationKind
    let checkpoint: LoadedCheckpoint
    let request: OperationRequest

    private init(
        _ environment: ExecutionEnvironment, _ kind: OperationKind, _ checkpoint: LoadedCheckpoint,
        _ request: OperationRequest
    ) {
        self.environment = environment
        self.kind = kind
        self.checkpoint = checkpoint
        self.request = request
    }

    /// A restore of what is asked for.
    package static func restore(
        _ checkpoint: LoadedCheckpoint, _ request: OperationRequest, _ environment: ExecutionEnvironment
    ) -> Self { RestoreOperation(environment, .restore, checkpoint, request) }

    /// A restore of the whole of a checkpoint to `target`.
    package static func restore(
        _ checkpoint: LoadedCheckpoint, to target: RestoreTarget, _ environment: ExecutionEnvironment
    ) -> Self { restore(checkpoint, OperationRequest(target: target), environment) }

    /// A verification of what is asked for.
    package static func verify(
        _ checkpoint: LoadedCheckpoint, _ request: OperationRequest, _ environment: ExecutionEnvironment
    ) -> Self { RestoreOperation(environment, .verify, checkpoint, request) }

    /// A verification of the whole of a checkpoint.
    package static func verify(_ checkpoint: LoadedCheckpoint, _ environment: ExecutionEnvironment) -> Self {
        verify(checkpoint, OperationRequest(), environment)
    }

    /// Runs the operation. A failing activity, or for a verification any damaged record, gives a report with the
    /// status `fail`.
    package func run() async throws -> OperationReport {
        let plan = OperationPlan(checkpoint.ir, kind, request)
        let operation = OperationIndex(
            id: environment.newID(), kind: kind.rawValue, checkpoint: checkpoint.index.id, plan: plan.ir.plan,
            started: environment.now(), owner: environment.collection.owner, target: request.target.directory,
            overwrite: request.target.overwrite,
            only: request.resources?.map { plan.ir.resources[$0].identity } ?? [], parameters: request.parameters)
        let collection = environment.collection
        return try await environment.using(checkpoint.index.id, kind) {
            // Before the use was there, a later epoch may have committed, and removed what the earlier one had named.
            var run = OperationRun(
                environment: environment, kind: kind, checkpoint: try await checkpoint.current(collection), plan: plan,
                target: request.target, record: OperationRecord(id: operation.id, epoch: 1))
            try run.checkBindings()
            let isRecorded = await run.record { try await collection.begin(operation) }
            if kind == .restore, request.target.directory == nil {
                do { try await QuietWindows(environment).clear(for: operation.id, kind, plan.ir) } catch {
                    switch error {
                    case let refusal as QuietWindowError: run.givenUp = refusal.description
                    // What is cancelled before it begins starts nothing, and records that.
                    case is CancellationError where Task.isCancelled: break
                    default: throw error
                    }
                }
            }
            return try await run.run(isRecorded: isRecorded)
        }
    }
}

/// Goes on with a restore that was cut off or has failed, or with a verification that was cut off, in an epoch of its own; or
/// gives it up in order.
///
/// What is restored or verified already is not done again. What was begun is done again, and may replace what it has left half done
/// itself, and nothing else.
package struct RestoreResumption: Sendable {
    let environment: ExecutionEnvironment
    let id: CheckpointID
    /// Whether the owner of an epoch has certainly ended.
    let isGone: @Sendable (Owner) async throws -> Bool

    package init(
        _ environment: ExecutionEnvironment, operation id: CheckpointID,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.id = id
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// Runs what is left of it.
    ///
    /// Throws `OperationError` when there is nothing to resume or someone else still runs it, and
    /// `ExecutionError.operationNotReverted` when what was left behind could not be undone.
    package func run() async throws -> OperationReport {
        let standing = try await environment.collection.standing(id)
        let isVerification = standing.index.kind == OperationKind.verify.rawValue
        // What was found not to be restorable must be looked at from the beginning.
        guard !isVerification || standing.isOpen else {
            throw OperationError.notResumable(
                id,
                reason: "it is a verification that has ended; 'cairn verify \(standing.index.checkpoint)' begins anew")
        }
        guard standing.index.saysTarget else {
            throw OperationError.notResumable(
                id,
                reason: "an older cairn made it, whose record does not say what was asked for; "
                    + "'cairn \(standing.index.kind) \(standing.index.checkpoint)' begins it anew")
        }
        guard try await environment.bank.size(CheckpointKeys(standing.index.checkpoint).index) != nil else {
            throw OperationError.notResumable(id, reason: "the checkpoint \(standing.index.checkpoint) is gone")
        }
        return try await environment.using(standing.index.checkpoint, isVerification ? .verify : .restore) {
            try await run(standing, givingUp: nil)
        }
    }

    /// Undoes what it left behind and records that it failed, for `reason`. A restore can be resumed all the same.
    ///
    /// Throws `QuietWindowError.held` while another run has the same resources stand still.
    package func giveUp(reason: String) async throws { try await giveUp(reason: reason, for: nil) }

    /// The same on behalf of another run, which has found out that no other has these resources stand still.
    func giveUp(reason: String, for other: CheckpointID?) async throws {
        let collection = environment.collection
        let standing = try await collection.standing(id)
        let missing = "the checkpoint \(standing.index.checkpoint) is gone, too"
        guard try await collection.bank.size(CheckpointKeys(standing.index.checkpoint).index) != nil else {
            return try await giveUpBlindly(standing, "\(reason); \(missing)")
        }
        do { _ = try await run(standing, givingUp: reason, for: other) } catch let fault where Unread.isDamage(fault) {
            // Without its checkpoint nothing tells what it was about.
            let failure = Unread.failure(fault)
            environment.observer.observe(.noticed(failure.message))
            try await giveUpBlindly(try await collection.standing(id), "\(reason); \(failure.message)")
        }
    }

    private func giveUpBlindly(_ standing: OperationStanding, _ reason: String) async throws {
        let collection = environment.collection
        if standing.owner.id != collection.owner.id {
            guard try await isGone(standing.owner) else { throw OperationError.running(id, standing.owner) }
        }
        let claim = try await claim(standing)
        try await collection.end(
            OperationCommit(
                id: id, epoch: claim.epoch, status: .fail, finished: environment.now(), resources: [],
                failures: [ResourceFailure(resource: "", hook: "", message: reason)]))
    }

    private func claim(_ standing: OperationStanding) async throws -> EpochRecord {
        let (collection, random, now) = (environment.collection, environment.random, environment.now())
        try environment.writeGuard.ensureMayWrite()
        return try await uncancelled { try await collection.claim(standing, now: now, random: random) }
    }

    private func run(
        _ standing: OperationStanding, givingUp reason: String?, for other: CheckpointID? = nil
    ) async throws -> OperationReport {
        let collection = environment.collection
        let index = standing.index
        guard let kind = OperationKind(rawValue: index.kind) else {
            throw OperationError.notResumable(id, reason: "'\(index.kind)' is unknown here; use a newer cairn")
        }
        guard standing.commit?.status != .success else {
            throw OperationError.notResumable(id, reason: "it has succeeded, and nothing is left to do")
        }
        if standing.isOpen {
            guard try await isGone(standing.owner) else { throw OperationError.running(id, standing.owner) }
        }
        let checkpoint = try await LoadedCheckpoint.load(index.checkpoint, from: collection)
        let request = try OperationRequest(index, of: checkpoint.ir)
        let plan = OperationPlan(checkpoint.ir, kind, request)
        let places = try await collection.takenPlaces(id)
        // It may have gone because it was done: claiming finds that.
        let claim = try await claim(standing)
        // Only now: whoever ran it before writes nothing more that counts.
        let events: [JournalEvent]
        if reason == nil {
            events = try await collection.operationJournal(standing, plan.ir)
        } else {
            let faults: [CheckpointError]
            (events, faults) = try await collection.legibleOperationJournal(standing, plan.ir)
            for failure in Unread.failures(faults, plan.ir, kind) {
                environment.observer.observe(.noticed(failure.message))
            }
        }
        let owner = standing.owner
        var inheritance = OperationInheritance(
            plan, kind, events,
            isSameBoot: owner.host == collection.owner.host && owner.boot == collection.owner.boot
                && owner.boot != "unknown")
        inheritance.places = places
        var run = OperationRun(
            environment: environment, kind: kind, checkpoint: checkpoint, plan: plan, target: request.target,
            record: OperationRecord(id: id, epoch: claim.epoch))
        try run.checkBindings()
        run.inheritance = inheritance
        run.attempt = UInt32(clamping: standing.epochs.count + 1)
        run.givenUp = reason
        // The claim is there by which others see this one.
        if kind == .restore, request.target.directory == nil, other == nil {
            let windows = QuietWindows(environment, isGone: isGone)
            if reason == nil {
                try await windows.clear(for: id, kind, plan.ir)
            } else {
                try await windows.ensureUnheld(id, kind, plan.ir)
            }
        }
        let report = try await run.run(isRecorded: true)
        if standing.isOpen { await collection.forgetLease(of: owner) }
        return report
    }
}

extension ExecutionEnvironment {
    /// Runs `body` as a use of a checkpoint, so that nobody deletes it meanwhile; a copy uses one of another bank.
    func using<Result: Sendable>(
        _ id: CheckpointID, of other: CheckpointCollection? = nil, _ kind: OperationKind,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let observer = observer
        return try await (other ?? collection).using(
            id, kind.rawValue, now: now(),
            unprotected: { error in
                observer.observe(
                    .noticed("nothing keeps others from deleting the checkpoint meanwhile: \(error)"))
            }, body)
    }
}
