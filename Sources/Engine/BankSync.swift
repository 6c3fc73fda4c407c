import Bank
package import Checkpoints
package import Retention
package import Schedules
import Surroundings

/// What a sync has done, or in a dry run would do, with one checkpoint.
package struct SyncItem: Sendable {
    package enum Action: String, Sendable, CaseIterable {
        case copied
        /// The other bank has it already.
        case alreadyThere = "already-there"
        /// Retention would remove the copy at once.
        case notKept = "not-kept"
        /// It was left for another time.
        case left
        /// It could not be copied.
        case failed
    }

    package let checkpoint: CheckpointSummary
    package let action: Action
    /// Why, where there is something to say.
    package let message: String
    package let tally: ArtifactCopy.Tally
    /// Why retention would not keep the copy; only where that is what was asked.
    package var decision: RetentionDecision<CheckpointID>?
}

/// How a sync ended.
package struct SyncReport: Sendable {
    /// The plan's available checkpoints, and those that are damaged, oldest first.
    package let items: [SyncItem]
    /// What was asked about which of them are worth a copy.
    package let retention: SyncRetention
    package let wasCancelled: Bool

    /// How many checkpoints something was done with.
    package func count(_ action: SyncItem.Action) -> Int { items.count { $0.action == action } }
}

/// Copies what another bank lacks of a plan's available checkpoints, oldest first, but for those that retention would
/// remove there at once.
package struct BankSync: Sendable {
    let environment: ExecutionEnvironment
    let plan: String
    let source: CopySide
    let target: CopySide
    let rule: SyncRule
    let timeZones: TimeZoneDatabase
    let limit: Int
    let isGone: @Sendable (Owner) async throws -> Bool

    /// `environment` is that of the target; `limit` is how many checkpoints are copied at most.
    package init(
        _ environment: ExecutionEnvironment, plan: String, from source: CopySide, to target: CopySide,
        rule: SyncRule = .newestPolicy, timeZones: TimeZoneDatabase = .system, limit: Int = .max,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.plan = plan
        self.source = source
        self.target = target
        self.rule = rule
        self.timeZones = timeZones
        self.limit = limit
        let collection = target.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// Copies one checkpoint after the other; one that fails does not keep the others from being copied. In a dry run
    /// nothing is.
    package func run(dryRun: Bool = false) async throws -> SyncReport {
        guard source.bankID != target.bankID else {
            throw CopyError.sameBank(place: target.collection.bank.place)
        }
        let found = try await candidates()
        let selection = try await selection(of: found.filter { $0.status == .available })
        var items: [SyncItem] = []
        var begun = 0
        func report(wasCancelled: Bool) -> SyncReport {
            SyncReport(items: items, retention: selection.retention, wasCancelled: wasCancelled)
        }
        for checkpoint in found {
            if environment.control.wasInterrupted || Task.isCancelled { return report(wasCancelled: true) }
            func item(_ action: SyncItem.Action, _ message: String = "") -> SyncItem {
                SyncItem(checkpoint: checkpoint, action: action, message: message, tally: ArtifactCopy.Tally())
            }
            if let decision = selection.passedOver[checkpoint.id] {
                items.append(item(.notKept))
                items[items.count - 1].decision = decision
                continue
            }
            if checkpoint.status == .damaged {
                let isGone = await hasVanished(checkpoint.id)
                items.append(
                    isGone
                        ? item(.left, "it was deleted meanwhile")
                        : item(.failed, "it is damaged in \(source.words): \(checkpoint.message)"))
                continue
            }
            do {
                let there = try await lookThere(checkpoint)
                if let there, there.isWhole, there.isSettled || dryRun {
                    items.append(item(.alreadyThere))
                } else if begun >= limit {
                    items.append(item(.left, "there were \(limit) to be copied before it"))
                } else {
                    begun += 1
                    items.append(dryRun ? item(.copied, there?.words ?? "") : try await copy(checkpoint))
                }
            } catch let error as CancellationError {
                if items.isEmpty { throw error }
                return report(wasCancelled: true)
            } catch let error as LeaseError {
                // Nothing may be written any more.
                throw error
            } catch CopyError.begunElsewhere {
                items.append(item(.left, "someone else copies it"))
            } catch CheckpointError.wrongStatus(_, let status, _, _) where status.isBeingDeleted {
                items.append(item(.left, "it is being deleted"))
            } catch CheckpointError.unknown {
                items.append(item(.left, "it was deleted meanwhile"))
            } catch {
                // What vanishes while it is looked at may look damaged.
                let isGone = await hasVanished(checkpoint.id)
                items.append(isGone ? item(.left, "it was deleted meanwhile") : item(.failed, "\(error)"))
            }
        }
        return report(wasCancelled: false)
    }

    /// The plan's checkpoints in the source that are available, or were and are damaged, oldest first. Throws
    /// `CopyError.unknownPlan` when neither bank has any of the plan.
    private func candidates() async throws -> [CheckpointSummary] {
        let all = try await source.collection.list(.init(plan: plan, provider: source.provider))
        // What cannot say its plan may be of this one: nobody is told that all is copied when that is not known.
        let unknown = CheckpointSummary.unknownName
        let ours = all.filter { $0.plan == plan || ($0.plan == unknown && $0.status == .damaged) }
        if !ours.contains(where: { $0.plan == plan }) {
            let there = try await target.collection.list(.init(plan: plan, provider: target.provider))
            guard there.contains(where: { $0.plan == plan }) else {
                throw CopyError.unknownPlan(plan, places: [source.words, target.words])
            }
        }
        return ours.filter { ($0.status == .available || $0.status == .damaged) && !$0.isRehearsal }.reversed()
    }

    /// Whether a checkpoint that looked damaged was only being deleted meanwhile.
    private func hasVanished(_ id: CheckpointID) async -> Bool {
        do { return try await source.collection.summary(id)?.status.isBeingDeleted ?? true } catch { return false }
    }

    /// What the target has of the checkpoint, `nil` where it must be copied; throws `CopyError` when what it has is in the way,
    /// or when a dry run can tell that someone works on it.
    private func lookThere(_ checkpoint: CheckpointSummary) async throws -> CopyThere? {
        let collection = target.collection
        guard let there = try await collection.summary(checkpoint.id) else { return nil }
        // A copy that lacks nothing but its index record gets it again when it is copied.
        if there.status == .damaged, try await collection.bank.size(CheckpointKeys(checkpoint.id).index) == nil {
            return nil
        }
        switch there.status {
        case .deleting, .errorDeleting, .damaged:
            throw CopyError.inTheWay(checkpoint.id, there.status, place: target.words, provider: target.provider)
        case .waitCopying, .copying:
            let index = try await collection.index(checkpoint.id)
            guard try await isGone(try await collection.newestEpoch(checkpoint.id)?.owner ?? index.owner) else {
                throw CopyError.begunElsewhere(checkpoint.id, place: target.words)
            }
            return nil
        case .protecting, .error: return nil
        case .available: break
        }
        let (here, other) = (
            try await source.collection.index(checkpoint.id), try await collection.index(checkpoint.id)
        )
        if let difference = CopyOperation.difference(here, other) {
            throw CopyError.otherCheckpoint(checkpoint.id, place: target.words, difference: difference)
        }
        do {
            let loaded = try await LoadedCheckpoint.load(checkpoint.id, from: collection)
            return try await CopyThere.look(
                at: loaded, try await loaded.definitions(in: collection), in: collection, isGone: isGone)
        } catch {
            // A deletion that has begun meanwhile looks like damage.
            try await collection.ensureNotDeleted(checkpoint.id, wanted: "available")
            throw error
        }
    }

    private func copy(_ checkpoint: CheckpointSummary) async throws -> SyncItem {
        let report = try await CopyOperation(
            environment, checkpoint: checkpoint.id, from: source, to: target, isGone: isGone
        ).run()
        let action: SyncItem.Action =
            switch report.outcome {
            case .copied: .copied
            case .alreadyThere: .alreadyThere
            case .failed, .unfinished: .failed
            }
        return SyncItem(
            checkpoint: checkpoint, action: action, message: report.failures.first?.description ?? "",
            tally: report.tally)
    }
}
