import Bank
package import Checkpoints
package import PlanIR
import PluginKit

/// Why a run may not bring a resource to a standstill, or let it go on.
package enum QuietWindowError: Error, Sendable, CustomStringConvertible {
    /// Another run, which lives, brings the same resource to a standstill.
    case held(resource: String, by: QuietRun)
    /// A run that was cut off, or has failed, has left a resource standing still, and it could not be set going.
    case leftStanding(resource: String, by: QuietRun, reason: String)

    package var description: String {
        switch self {
        case .held(let resource, let run):
            "\(run) brings '\(resource)' to a standstill, too, and each of the two would set it going while the other "
                + "relies on it; wait until that process has ended, or end it, and run the same command again"
        case .leftStanding(let resource, let run, let reason):
            "\(run) has left '\(resource)' standing still, and that could not be undone: \(reason); mend that, see to it with "
                + "'cairn gc', and run the same command again"
        }
    }
}

/// A run that brings resources to a standstill, as others are told of it.
package struct QuietRun: Sendable, Hashable, CustomStringConvertible {
    /// `protect` or `restore`.
    package let operation: OperationKind
    /// The id of the checkpoint that is made, or of the restore.
    package let id: CheckpointID
    package let plan: String
    /// Who runs it, or ran it last.
    package let owner: Owner

    package var description: String {
        (operation == .protect ? "checkpoint" : "restore")
            + " \(id) of plan '\(plan)' (process \(owner.process) on \(owner.host))"
    }
}

/// Keeps runs apart that bring the same resource to a standstill: what one of them saves in its quiet window, another one
/// would set going in between.
///
/// A run first writes the records by which others find it, and looks for others then. So of two that begin at the same
/// moment, one at least sees the other; maybe both do, and neither goes on. Resources are the same by their identity, in
/// one plan or on one host: elsewhere, another plan may call something else so.
struct QuietWindows: Sendable {
    private let environment: ExecutionEnvironment
    /// Whether an owner has certainly ended.
    private let isGone: @Sendable (Owner) async throws -> Bool

    init(_ environment: ExecutionEnvironment, isGone: (@Sendable (Owner) async throws -> Bool)? = nil) {
        self.environment = environment
        self.isGone = isGone ?? environment.isGone
    }

    private var collection: CheckpointCollection { environment.collection }

    /// Clears the way for a run whose records are written: what others have left standing still is set going, and they are
    /// given up.
    ///
    /// Throws `QuietWindowError.held` before anything is done when another run lives that brings a resource of this one to
    /// a standstill, and `leftStanding` when something could not be set going.
    func clear(for id: CheckpointID, _ operation: OperationKind, _ ir: PlanIR) async throws {
        let others = try await others(than: id, operation, ir)
        try await ensureGone(others)
        for other in others {
            let due = try await due(other)
            guard let resource = other.shared.first(where: { due.contains($0) }) else { continue }
            try await giveUp(other, resource, for: id)
        }
    }

    /// Throws `QuietWindowError.held` while another run lives that brings a resource of this one to a standstill.
    func ensureUnheld(_ id: CheckpointID, _ operation: OperationKind, _ ir: PlanIR) async throws {
        try await ensureGone(try await others(than: id, operation, ir))
    }

    private func ensureGone(_ others: [OtherRun]) async throws {
        for other in others where !other.hasEnded {
            guard try await isGone(other.run.owner) else {
                throw QuietWindowError.held(resource: other.shared[0], by: other.run)
            }
        }
    }

    // MARK: Who else

    /// Another run that has not ended, or has left something standing still that it could not set going itself.
    private struct OtherRun {
        let run: QuietRun
        let ir: PlanIR
        /// The commit record of a protect run, if there is one.
        var commit: CommitRecord?
        /// How a restore stands.
        var standing: OperationStanding?
        /// Whether it has recorded how it ended: then nothing of it runs any more.
        let hasEnded: Bool
        /// The resources that it brings to a standstill as this one does, in its order.
        var shared: [String] = []
    }

    private func others(
        than id: CheckpointID, _ operation: OperationKind, _ ir: PlanIR
    ) async throws -> [OtherRun] {
        guard !environment.faults.overlooksWindows else { return [] }
        let mine = Set(ir.quieted(by: operation, environment.plugins))
        guard !mine.isEmpty else { return [] }
        var found: [OtherRun] = []
        func take(_ other: OtherRun) {
            guard other.run.plan == ir.plan || other.run.owner.host == collection.owner.host else { return }
            var other = other
            other.shared = other.ir.quieted(by: other.run.operation, environment.plugins).filter { mine.contains($0) }
            if !other.shared.isEmpty { found.append(other) }
        }
        for other in try await collection.markedIDs() where other != id {
            do {
                if let run = try await protectRun(other) { take(run) }
            } catch let error where error is CheckpointError || error is ExecutionError {
                tellUnreadable("checkpoint \(other)", error)
            }
        }
        for other in try await collection.operations() where other.id != id {
            do {
                if let standing = other.standing, let run = try await restoreRun(standing) { take(run) }
            } catch let error where error is CheckpointError || error is ExecutionError {
                tellUnreadable("restore \(other.id)", error)
            }
        }
        return found
    }

    private func tellUnreadable(_ what: String, _ error: any Error) {
        environment.observer.observe(
            .noticed("it is not known what \(what), which has not ended, brings to a standstill: \(error)"))
    }

    /// The protect run that a marker names, unless it has ended and left nothing behind.
    private func protectRun(_ id: CheckpointID) async throws -> OtherRun? {
        let keys = CheckpointKeys(id)
        // Who has not written these yet looks for others later than we do.
        guard try await collection.bank.size(keys.index) != nil, try await collection.bank.size(keys.ir) != nil else {
            return nil
        }
        let index = try await collection.index(id)
        guard index.origin == nil else { return nil }
        // The commit record first, and the claims behind that.
        let commit = try await collection.commit(id)
        let newest = try await collection.newestEpoch(id)
        let hasEnded = commit.map { newest?.epoch ?? 0 <= $0.epoch } ?? false
        if hasEnded, commit?.dueReverts.isEmpty ?? true { return nil }
        return OtherRun(
            run: QuietRun(operation: .protect, id: id, plan: index.plan, owner: newest?.owner ?? index.owner),
            ir: try await LoadedCheckpoint.loadIR(index, from: collection), commit: commit, hasEnded: hasEnded)
    }

    /// The restore in place that stands so, unless it has ended and left nothing behind.
    private func restoreRun(_ standing: OperationStanding) async throws -> OtherRun? {
        let index = standing.index
        guard standing.isOpen || standing.hasDueReverts, index.kind == OperationKind.restore.rawValue,
            index.target == nil,
            // Without its checkpoint nothing tells what it was about.
            try await collection.bank.size(CheckpointKeys(index.checkpoint).index) != nil
        else { return nil }
        let checkpoint = try await collection.index(index.checkpoint)
        let ir = try await LoadedCheckpoint.loadIR(checkpoint, from: collection)
        return OtherRun(
            run: QuietRun(operation: .restore, id: index.id, plan: index.plan, owner: standing.owner),
            ir: OperationPlan(ir, .restore, try OperationRequest(index, of: ir)).ir, standing: standing,
            hasEnded: !standing.isOpen)
    }

    // MARK: What they have left

    /// The resources that a run which does not run any more has left standing still, for all that is known.
    private func due(_ other: OtherRun) async throws -> Set<String> {
        if let commit = other.commit { return Set(commit.dueReverts.map(\.resource)) }
        let events =
            if let standing = other.standing { try await collection.operationJournal(standing, other.ir) } else {
                try await collection.journal(of: try await collection.epochs(other.run.id), other.run.id, other.ir)
                    .events
            }
        let histories = ResourceHistory.of(events, resources: other.ir.resources.count)
        return Set(ResourceHistory.due(histories).map { other.ir.resources[$0].identity })
    }

    /// Undoes what a run has left behind that was cut off or could not do so itself, and records that it failed, on behalf of
    /// another one.
    private func giveUp(_ other: OtherRun, _ resource: String, for id: CheckpointID) async throws {
        environment.observer.observe(
            .noticed(
                "\(other.run) was cut off and has left '\(resource)' standing still; it is set going, and given up"))
        var environment = environment
        environment.observer = NoticeObserver(observer: environment.observer)
        let reason =
            "its executor (process \(other.run.owner.process) on \(other.run.owner.host)) ended before it was done; "
            + "given up, since another run was to bring '\(resource)' to a standstill"
        do {
            let resume = ResumeOperation(environment, checkpoint: other.run.id, isGone: isGone)
            if other.commit != nil {
                _ = try await resume.undoDue(for: id)
            } else if other.standing == nil {
                _ = try await resume.giveUp(reason: reason, for: id)
            } else {
                try await RestoreResumption(environment, operation: other.run.id, isGone: isGone)
                    .giveUp(reason: reason, for: id)
            }
        } catch let error where !(error is CancellationError) {
            throw QuietWindowError.leftStanding(
                resource: resource, by: other.run, reason: String(describing: error))
        }
    }
}

/// Hands on what is said of a run within another one, whose events would be taken for its own.
private struct NoticeObserver: RunObserver {
    let observer: any RunObserver

    func observe(_ event: RunEvent) {
        switch event {
        case .noticed, .recordDamaged: observer.observe(event)
        case .revertFailed(let identity, let message):
            observer.observe(.noticed("'\(identity)' could not be set going: \(message)"))
        default: break
        }
    }
}

extension PlanIR {
    /// The identities of the resources that an operation brings to a standstill, in plan order.
    func quieted(by operation: OperationKind, _ plugins: [String: LoadedPlugin]) -> [String] {
        // What is not known here is not known to leave a resource alone.
        let rules = self.plugins.map { binding in plugins[binding.name].map(\.quiescing) ?? .always }
        guard rules.contains(where: { $0 != nil }) else { return [] }
        let masks = graph(operation).workMasks(ofResources: resources.count)
        return resources.indices.compactMap { position in
            let resource = resources[position]
            guard masks[position] & (1 << Hook.prepareBegin.rawValue) != 0,
                let rule = rules[Int(resource.plugin)], rule.holds(resource.type, resource.properties)
            else { return nil }
            return resource.identity
        }
    }
}
