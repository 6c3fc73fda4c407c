internal import Checkpoints
internal import Engine
internal import PlanIR
internal import PluginKit

/// Rehearsals of the nights, and what they leave behind that are cut off.
extension Nights {
    /// Proves the plan's backup from beginning to end, as `cairn rehearse` does.
    func rehearse(_ actor: Participant, _ isSound: Bool) async throws {
        let ir = plan.ir()
        let keeps = world.happens(200)
        if keeps { keepers.insert(actor.process.owner.id) }
        let report = try await actor.keeper.run { [self] in
            let environment = environment(actor)
            let items = try await GarbageCollection(environment, isGone: actor.way.isGone)
                .runRehearsals(of: Self.planName)
            world.note("\(actor.name) has collected \(items)")
            try await sweepScratch(actor)
            return try await Rehearsal.run(environment, ir: ir, irBytes: ir.encoded.bytes, keeps: keeps) {
                let scratch = try await self.outside.scratch.make(
                    by: actor.process, for: actor.site.name, isRecorded: self.mistake != .forgetsScratch)
                actor.scratch = scratch.content
                return scratch
            }
        }
        guard !actor.process.isDead else { return }
        let id = report.checkpoint
        let isProven = report.resources.allSatisfy { [.proven, .verified, .empty].contains($0.verdict) }
        world.note("\(actor.name) has rehearsed \(id): \(report.resources.map(\.verdict)) \(report.failures)")
        tally.rehearsed += isProven ? 1 : 0
        if isProven { checkProof(report, actor) }
        // What somebody else has taken up may go, or stay.
        let isTouched = touched.contains(id)
        if isSound, !isTouched, !isProven || !report.failures.isEmpty {
            world.violated("\(actor.name) could not prove the plan: \(report.resources.map(\.note)) \(report.failures)")
        }
        // Whoever is not told so may find it gone, or not.
        guard keeps || !isProven || report.wasCancelled || !report.failures.isEmpty else { return }
        perhapsKept.insert(id)
        // What proved nothing goes with the next rehearsal, or later.
        let isSaid = !report.isPassing && report.failures.allSatisfy { !$0.hasPrefix("the checkpoint ") }
        if isSaid, site.store.commitInForce(id)?.status == .available { keptRehearsals.insert(id) }
        if isSaid, isProven, !isTouched, !site.store.isAvailable(id) {
            world.violated("\(actor.name) says that \(id) is kept, and it is not there")
        }
    }

    /// What counts as proven was really restored.
    private func checkProof(_ report: RehearsalReport, _ actor: Participant) {
        guard let place = actor.scratch else { return }
        let proven = report.resources.indices.filter { report.resources[$0].verdict == .proven }
        let target = RestoreTarget(directory: place, overwrite: false)
        for fault in actor.plugin.contradictions(report.checkpoint.text, in: target, only: Set(proven)) {
            world.violated("\(actor.name) says that the plan is proven, and \(fault)")
        }
    }

    /// Removes the scratch places that rehearsals have left behind.
    func sweepScratch(_ actor: Participant) async throws {
        try await outside.scratch.sweep(by: actor.process, for: actor.site.name, isGone: actor.way.isGone)
    }

    /// In the end nothing is left of rehearsals but what somebody wanted to keep.
    func judgeRehearsals() {
        for place in outside.scratch.all { world.violated("the scratch place \(place) is left over") }
        for id in site.store.checkpoints where site.store.isRehearsal(id) && site.store.isAvailable(id) {
            let isKept = perhapsKept.contains(id) || site.store.index(id).map { keepers.contains($0.owner.id) } == true
            if !isKept, !touched.contains(id) {
                world.violated("\(id) was made by a rehearsal that has not kept it, and is still there")
            }
        }
        for id in keptRehearsals.sorted() where !site.store.isAvailable(id) && !isUnwanted(id, at: site) {
            world.violated("\(id), the checkpoint of a rehearsal that was kept, is gone")
        }
    }
}

extension SimulatedStore {
    /// Whether a checkpoint was made by a rehearsal, here or where it was copied from.
    func isRehearsal(_ id: CheckpointID) -> Bool { index(id)?.isRehearsal == true }

    /// What a checkpoint is, where that can be read.
    func index(_ id: CheckpointID) -> CheckpointIndex? {
        contents(of: CheckpointKeys(id).index).flatMap { try? CheckpointIndex(opening: $0) }
    }
}
