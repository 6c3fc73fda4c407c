import Bank
package import Checkpoints
package import PlanIR
import PluginKit

/// Why a run may not bring a resource to a standstill, or let it go on.
package enum QuietWindowError: Error, Sendable, CustomStringConvertible {
    /// Another run, which lives, brings the same resource to a standstill.
    case held(resource: String, by: QuietRun)
    /// A run that was cut off has left a resource standing still, and it could not be set going.
    case leftStanding(resource: String, by: QuietRun, reason: String)

    package var description: String {
        switch self {
        case .held(let resource, let run):
            "\(run) brings '\(resource)' to a standstill, too, and each of the two would set it going while the other "
                + "relies on it; wait until that process has ended, or end it, and run the same command again"
        case .leftStanding(let resource, let run, let reason):
            "\(run) was cut off and has left '\(resource)' standing still, and that could not be undone: \(reason); "
                + "mend that, see to it with 'cairn gc', and run the same command again"
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
            let due = Set(ResourceHistory.due(try await histories(of: other)).map { other.ir.resources[$0].identity })
            guard let resource = other.shared.first(where: { due.contains($0) }) else { continue }
            try await giveUp(other, resource, for: id)
        }
    }

    /// Throws `QuietWindowError.held` while another run lives that brings a resource of this one to a standstill.
    func ensureUnheld(_ id: CheckpointID, _ operation: OperationKind, _ ir: PlanIR) async throws {
        try await ensureGone(try await others(than: id, operation, ir))
    }

    private func ensureGone(_ others: [OtherRun]) async throws {
        for other in others where try await !isGone(other.run.owner) {
            throw QuietWindowError.held(resource: other.shared[0], by: other.run)
        }
    }

    // MARK: Who else

    /// Another run that has not ended in order.
    private struct OtherRun {
        let run: QuietRun
        let ir: PlanIR
        /// The resources that it brings to a standstill as this one does, in its order; one at least.
        let shared: [String]
        /// How a restore stands.
        let standing: OperationStanding?
    }

    private func others(
        than id: CheckpointID, _ operation: OperationKind, _ ir: PlanIR
    ) async throws -> [OtherRun] {
        guard !environment.faults.overlooksWindows else { return [] }
        let mine = Set(ir.quieted(by: operation, environment.plugins))
        guard !mine.isEmpty else { return [] }
        var found: [OtherRun] = []
        func take(_ run: QuietRun, _ other: PlanIR, _ standing: OperationStanding?) {
            guard run.plan == ir.plan || run.owner.host == collection.owner.host else { return }
            let shared = other.quieted(by: run.operation, environment.plugins).filter { mine.contains($0) }
            if !shared.isEmpty { found.append(OtherRun(run: run, ir: other, shared: shared, standing: standing)) }
        }
        for other in try await collection.markedIDs() where other != id {
            do {
                guard let (run, ir) = try await protectRun(other) else { continue }
                take(run, ir, nil)
            } catch let error where error is CheckpointError || error is ExecutionError {
                tellUnreadable("checkpoint \(other)", error)
            }
        }
        for other in try await collection.operations() where other.id != id {
            do {
                guard let standing = other.standing, let (run, ir) = try await restoreRun(standing) else { continue }
                take(run, ir, standing)
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

    /// The protect run that a marker names, unless it has ended.
    private func protectRun(_ id: CheckpointID) async throws -> (QuietRun, PlanIR)? {
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
        if let commit, newest?.epoch ?? 0 <= commit.epoch { return nil }
        let run = QuietRun(operation: .protect, id: id, plan: index.plan, owner: newest?.owner ?? index.owner)
        return (run, try await LoadedCheckpoint.loadIR(index, from: collection))
    }

    /// The restore in place that stands so, unless it has ended.
    private func restoreRun(_ standing: OperationStanding) async throws -> (QuietRun, PlanIR)? {
        let index = standing.index
        guard standing.isOpen, index.kind == OperationKind.restore.rawValue, index.target == nil,
            // Without its checkpoint nothing tells what it was about.
            try await collection.bank.size(CheckpointKeys(index.checkpoint).index) != nil
        else { return nil }
        let checkpoint = try await collection.index(index.checkpoint)
        let ir = try await LoadedCheckpoint.loadIR(checkpoint, from: collection)
        let run = QuietRun(operation: .restore, id: index.id, plan: index.plan, owner: standing.owner)
        return (run, OperationPlan(ir, .restore, try OperationRequest(index, of: ir)).ir)
    }

    // MARK: What they have left

    private func histories(of other: OtherRun) async throws -> [ResourceHistory] {
        let events =
            if let standing = other.standing { try await collection.operationJournal(standing, other.ir) } else {
                try await collection.journal(of: try await collection.epochs(other.run.id), other.run.id, other.ir)
                    .events
            }
        return ResourceHistory.of(events, resources: other.ir.resources.count)
    }

    /// Undoes what a run has left behind that was cut off, and records that it failed, on behalf of another one.
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
            if other.standing == nil {
                let resume = ResumeOperation(environment, checkpoint: other.run.id, isGone: isGone)
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
