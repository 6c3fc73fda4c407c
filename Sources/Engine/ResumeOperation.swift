import Bank
import CanonicalForm
package import Checkpoints
import PlanIR
import PluginKit
import Surroundings

/// Finishes a protect run that was cut off, in a new epoch; or gives it up in order.
///
/// What earlier epochs have finished is taken over by name. What was begun is done again. Whatever they left behind, such
/// as a service that stands still, is undone first.
package struct ResumeOperation: Sendable {
    let environment: ExecutionEnvironment
    let id: CheckpointID
    /// Whether the owner of an epoch has certainly ended.
    let isGone: @Sendable (Owner) async throws -> Bool

    package init(
        _ environment: ExecutionEnvironment, checkpoint id: CheckpointID,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) {
        self.environment = environment
        self.id = id
        let collection = environment.collection
        self.isGone = isGone ?? { collection.hasEnded($0) }
    }

    /// Runs what is left; as `ProtectOperation.run`. Of a run that has failed it undoes what that could not undo, and
    /// reports it as it was.
    ///
    /// Throws `CheckpointError.wrongStatus` when there is nothing to resume or someone else still runs it,
    /// `ExecutionError.notReverted` when what was left behind could not be undone, and `QuietWindowError` when another run
    /// is in the way.
    package func run(earlier: CommitRecord? = nil) async throws -> ProtectReport {
        if let report = try await undoDue() { return report }
        return try await run(givingUp: nil, earlier: earlier) { ir in
            try await QuietWindows(environment, isGone: isGone).clear(for: id, .protect, ir)
        }
    }

    /// Undoes what a run that has failed could not undo itself; `nil` when there is nothing of the kind.
    ///
    /// Throws `CheckpointError.wrongStatus` when someone else still runs it, `ExecutionError.notReverted` when something
    /// could still not be undone, which stays due, and `QuietWindowError.held` while another run has the same resources
    /// stand still; on behalf of such a run, `other`, it is done.
    package func undoDue(for other: CheckpointID? = nil) async throws -> ProtectReport? {
        let collection = environment.collection
        try await collection.ensureNotDeleted(id, wanted: "undone")
        guard let commit = try await collection.settledCommit(id), !commit.dueReverts.isEmpty else { return nil }
        let index = try await collection.index(id)
        let runner = try await collection.runner(of: index)
        try await ensureGone(runner)
        let ir = try await LoadedCheckpoint.loadIR(index, from: collection)
        try ProtectOperation.checkBindings(ir, environment.plugins)
        let epoch = try await claim(after: runner.epoch)
        // What decides may have changed before the claim.
        guard let latest = try await collection.commit(id) else { throw try await collection.missingCommit(id) }
        if other == nil { try await ensureUnheld(ir) }
        let undone = try await DueReverts(environment: environment, index: index, ir: ir).run(latest, in: epoch)
        if let owner = runner.owner { await collection.forgetLease(of: owner) }
        environment.observer.observe(
            .noticed("what checkpoint \(id) had left behind is undone now; its run has failed all the same"))
        return ProtectReport(checkpoint: id, commit: undone, wasCancelled: false)
    }

    private func ensureGone(_ runner: CheckpointRunner) async throws {
        guard try await environment.collection.hasLeft(runner, isGone: isGone) else {
            throw CheckpointError.wrongStatus(
                id, .protecting, wanted: "unfinished without an executor",
                reason: runner.owner == nil
                    ? "who runs it is \(runner.words), and someone works on this bank"
                    : "\(runner.words) still runs it")
        }
    }

    private func claim(after newest: UInt32) async throws -> UInt32 {
        let (collection, now, random) = (environment.collection, environment.now(), environment.random)
        try environment.writeGuard.ensureMayWrite()
        return try await uncancelled {
            try await collection.claim(id, after: newest, now: now, random: random)
        }
    }

    /// Undoes what the run left behind and records that it failed, for `reason`.
    ///
    /// Throws `QuietWindowError.held` while another run has the same resources stand still: they would be set going in the
    /// middle of that.
    package func giveUp(reason: String) async throws -> ProtectReport {
        try await run(givingUp: reason, earlier: nil) { try await ensureUnheld($0) }
    }

    /// The same on behalf of a run that has found out that no other has these resources stand still, and that others see.
    func giveUp(reason: String, for run: CheckpointID) async throws -> ProtectReport {
        try await self.run(givingUp: reason, earlier: nil) { _ in }
    }

    /// Throws `QuietWindowError.held` while what giving up would undo is in the way of another run.
    func ensureMayGiveUp() async throws {
        let index = try await environment.collection.index(id)
        let ir: PlanIR
        do { ir = try await LoadedCheckpoint.loadIR(index, from: environment.collection) } catch let fault
            where Unread.isDamage(fault)
        {
            // Without its plan nothing is undone that could be in the way.
            return
        }
        try await ensureUnheld(ir)
    }

    private func ensureUnheld(_ ir: PlanIR) async throws {
        try await QuietWindows(environment, isGone: isGone).ensureUnheld(id, .protect, ir)
    }

    /// `clear` sees to it that nobody is in the way, or throws; it is asked once the claim is there, by which others see
    /// this one.
    private func run(
        givingUp reason: String?, earlier: CommitRecord?, clear: (PlanIR) async throws -> Void
    ) async throws -> ProtectReport {
        let collection = environment.collection
        let index = try await unfinished()
        guard reason != nil || !index.isRehearsal else {
            throw CheckpointError.wrongStatus(
                id, .error, wanted: "of a protect run to be resumed",
                reason: "a rehearsal made it; 'cairn rehearse' begins anew, and it or 'cairn gc' removes this one")
        }
        let runner = try await collection.runner(of: index)
        try await ensureGone(runner)
        // It may have gone because it was done.
        _ = try await unfinished()
        try await collection.ensureBegun(id, wanted: "begun to be resumed")
        let ir: PlanIR
        do { ir = try await LoadedCheckpoint.loadIR(index, from: collection) } catch let fault
            where Unread.isDamage(fault)
        {
            guard let reason else { throw givingUpHelps(fault) }
            let commit = try await BlindGivingUp(
                environment: environment, index: index, reason: reason, fault: fault
            ).run(after: runner.epoch)
            return ProtectReport(checkpoint: id, commit: commit, wasCancelled: false)
        }
        // Undoing needs the plugins that began it, too.
        try ProtectOperation.checkBindings(ir, environment.plugins)
        // A crash before the first epoch was recorded has done nothing that could be taken over.
        let earlierEpochs = try await collection.epochs(id)
        let epoch = try await claim(after: runner.epoch)
        // The commit record of an earlier epoch may have taken effect meanwhile: that is what counts then.
        if let commit = try await collection.commit(id) {
            let confirmed = try await Confirmation(environment, index).repeating(commit, in: epoch)
            if confirmed.status == .available { await removeLeftovers(index, ir, confirmed) }
            return ProtectReport(checkpoint: id, commit: confirmed, wasCancelled: false)
        }
        try await clear(ir)
        var run = ProtectRun(environment: environment, ir: ir, index: index, epoch: epoch)
        if epoch > 1 {
            let keys = CheckpointKeys(id)
            let (events, faults) = try await collection.legibleJournal(of: earlierEpochs, ir) {
                keys.journal(ofEpoch: $0)
            }
            // What is not known to be done cannot be gone on with.
            if reason == nil, let fault = faults.first { throw givingUpHelps(fault) }
            run.inheritance = inheritance(ir, events)
            run.inheritance.unread = Unread.failures(faults, ir, .protect)
        }
        run.inheritance.givenUp = reason
        run.earlier = earlier
        let report = try await run.run()
        if report.commit.status == .available { await removeLeftovers(index, ir, report.commit) }
        if let owner = runner.owner { await collection.forgetLease(of: owner) }
        return report
    }

    private func givingUpHelps(_ fault: any Error) -> CheckpointError {
        CheckpointError.wrongStatus(
            id, .error, wanted: "whole to be resumed",
            reason: "\(fault); 'cairn gc' or 'cairn checkpoints reset \(id.text)' gives it up with what can be read")
    }

    /// The index record of a checkpoint that is neither committed nor being deleted.
    private func unfinished() async throws -> CheckpointIndex {
        let collection = environment.collection
        try await collection.ensureNotDeleted(id, wanted: "unfinished to be resumed")
        if let commit = try await collection.settledCommit(id) {
            throw CheckpointError.wrongStatus(
                id, commit.status, wanted: "unfinished to be resumed",
                reason: commit.status == .available
                    ? "it is finished" : "it has failed, and what it began was undone; protect again")
        }
        guard try await collection.bank.size(CheckpointKeys(id).index) != nil else {
            throw CheckpointError.unknown(id.text)
        }
        return try await collection.index(id)
    }

    // MARK: What is taken over

    private func inheritance(_ ir: PlanIR, _ events: [JournalEvent]) -> ProtectRun.Inheritance {
        var inheritance = ProtectRun.Inheritance()
        inheritance.histories = ResourceHistory.of(events, resources: ir.resources.count)
        inheritance.due = ResourceHistory.due(inheritance.histories)
        let broken = BrokenWindows(ir, inheritance.histories).resources
        let graph = ir.graph(.protect)
        var adopted = [Bool](repeating: false, count: graph.count)
        var open = graph.predecessorCounts
        for number in graph.topologicalOrder() ?? [] {
            var isDone = open[Int(number)] == 0
            if number >= ActivityGraph.fixedCount {
                let activity = graph.activities[Int(number - ActivityGraph.fixedCount)]
                let resource = Int(activity.resource)
                if !activity.isBarrier {
                    let hook = inheritance.histories[resource][activity.hook]
                    isDone = isDone && !broken[resource] && hook.result != nil
                    if environment.faults.adoptsUnfinished { isDone = isDone || hook.attempts > 0 }
                }
            }
            adopted[Int(number)] = isDone
            guard isDone else { continue }
            for edge in Int(graph.offsets[Int(number)])..<Int(graph.offsets[Int(number) + 1]) {
                open[Int(graph.targets[edge])] -= 1
            }
        }
        inheritance.adopted = adopted
        return inheritance
    }

    /// Removes what other epochs have written and the commit record does not name, and then the marker. What fails here is
    /// left to `cairn gc`, which finds it by the marker.
    private func removeLeftovers(_ index: CheckpointIndex, _ ir: PlanIR, _ commit: CommitRecord) async {
        do {
            // Once more: without all of its entries, the marker alone keeps the checkpoint in listings.
            try await environment.collection.publish(index)
            try await Leftovers(environment.collection, ir, commit, isGone: isGone).remove()
            // A rehearsal that was cut off has not kept it, and is cleaned up by its marker.
            if !index.isRehearsal { try await environment.collection.settle(id) }
        } catch {
            environment.observer.observe(
                .noticed("what the run before had left half-written is not all removed yet: \(error)"))
        }
    }
}

/// The resources whose quiet windows a crash has broken, and all that must be done again with them.
///
/// A window is open from the beginning of a resource's `prepareBegin` to the end of its `prepareFinish`, and while an undo
/// note is due. What was saved within one that was broken may have been saved of two moments. So the resource is done again
/// with everything below it; and since what is below must lie within the windows of all that is above, so is everything
/// above it that has a window.
struct BrokenWindows {
    /// Whether each resource is to be done again.
    let resources: [Bool]

    init(_ ir: PlanIR, _ histories: [ResourceHistory]) {
        let masks = ir.graph(.protect).workMasks(ofResources: ir.resources.count)
        func works(_ resource: Int, _ hook: Hook) -> Bool { masks[resource] & (1 << hook.rawValue) != 0 }
        let lists = ir.dependentLists
        var parents = [[Int32]](repeating: [], count: ir.resources.count)
        for parent in ir.resources.indices {
            for child in lists.targets[Int(lists.offsets[parent])..<Int(lists.offsets[parent + 1])] {
                parents[Int(child)].append(Int32(parent))
            }
        }
        var broken = [Bool](repeating: false, count: ir.resources.count)
        // Whether the ancestors of a resource were looked at: through one without a window to those above it.
        var climbed = broken
        var down: [Int] = []
        var up: [Int] = []
        for resource in ir.resources.indices {
            let history = histories[resource]
            let begun = history[.prepareBegin].attempts > 0 || history[.prepareBegin].result != nil
            let isOpen =
                works(resource, .prepareBegin) && begun && works(resource, .prepareFinish)
                && history[.prepareFinish].result == nil
            if history.undo != nil || isOpen { down.append(resource) }
        }
        while true {
            if let resource = down.popLast() {
                guard !broken[resource] else { continue }
                broken[resource] = true
                up.append(resource)
                for child in lists.targets[Int(lists.offsets[resource])..<Int(lists.offsets[resource + 1])] {
                    down.append(Int(child))
                }
            } else if let resource = up.popLast() {
                guard !climbed[resource] else { continue }
                climbed[resource] = true
                for parent in parents[resource] {
                    if works(Int(parent), .prepareBegin) || works(Int(parent), .prepareFinish) {
                        down.append(Int(parent))
                    } else {
                        up.append(Int(parent))
                    }
                }
            } else {
                break
            }
        }
        resources = broken
    }
}

extension CheckpointCollection {
    /// Whether anything can have run: nothing does before the plan is there, or someone has claimed an epoch.
    func hasBegun(_ id: CheckpointID) async throws -> Bool {
        if try await bank.size(CheckpointKeys(id).ir) != nil { return true }
        return try await !epochs(id).isEmpty
    }

    /// Throws `CheckpointError.wrongStatus` for a checkpoint whose executor or copier, which is gone, has left no more than
    /// its name.
    func ensureBegun(_ id: CheckpointID, wanted: String) async throws {
        guard try await !hasBegun(id) else { return }
        throw CheckpointError.wrongStatus(
            id, .error, wanted: wanted,
            reason: "whoever made it ended before anything was there; 'cairn gc' removes it")
    }
}
