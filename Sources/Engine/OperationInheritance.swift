import Checkpoints
import PlanIR
import PluginKit

/// Which restore or verification is run, and in which epoch.
struct OperationRecord: Sendable, Hashable {
    let id: CheckpointID
    let epoch: UInt32
}

/// What a resumed restore takes over from the epochs before.
///
/// A resource of which all hooks had done their work is done. Everything else is done again. Where a quiet window was left,
/// what was restored in it is done again, too: what stands still by a note had gone on in between, on content that was not
/// whole. A note that is still due on the same boot of the same host means that it stands still to this moment: then the
/// window goes on.
struct OperationInheritance: Sendable {
    /// The activities that are done, by number; empty when there are none.
    var adopted: [Bool] = []
    var histories: [ResourceHistory] = []
    /// The resources that must be undone before anything else, the last begun first.
    var due: [Int] = []
    /// The resources whose notes stay due, since their windows go on.
    var standing: [Int] = []
    /// The resources whose places were taken.
    var places: Set<String> = []

    /// Nothing is taken over.
    init() {}

    /// What `histories` leave to an epoch after one of `owner`; `isSameBoot` says whether it ran on this boot of this host.
    init(_ plan: OperationPlan, _ kind: OperationKind, _ events: [JournalEvent], isSameBoot: Bool) {
        let ir = plan.ir
        histories = ResourceHistory.of(events, resources: ir.resources.count)
        let notes = ResourceHistory.due(histories)
        if isSameBoot { standing = notes } else { due = notes }
        let graph = ir.graph(kind)
        let masks = graph.workMasks(ofResources: ir.resources.count)
        var isDone = ir.resources.indices.map { resource in
            plan.isIncluded[resource]
                && Hook.allCases.allSatisfy { hook in
                    masks[resource] & (1 << hook.rawValue) == 0 || histories[resource][hook].result != nil
                }
        }
        let broken = ir.resources.indices.filter { resource in
            histories[resource].hadNote && !isDone[resource]
                && (histories[resource].undo == nil || !isSameBoot)
        }
        for resource in ir.withDependents(broken) { isDone[resource] = false }
        adopted = [Bool](repeating: false, count: graph.count)
        for (place, activity) in graph.activities.enumerated() where isDone[Int(activity.resource)] {
            adopted[place + Int(ActivityGraph.fixedCount)] = true
        }
    }

    /// What segment 0 of the new epoch's journal says: all that is taken over, in one object, so that a later epoch finds
    /// all of it or nothing.
    func events(_ graph: ActivityGraph, at now: Timestamp) -> [JournalEvent] {
        var events: [JournalEvent] = []
        for (place, activity) in graph.activities.enumerated() where !activity.isBarrier {
            let resource = Int(activity.resource)
            guard !adopted.isEmpty, adopted[place + Int(ActivityGraph.fixedCount)] else {
                if !histories.isEmpty { events += histories[resource].retried(activity.hook, resource, at: now) }
                continue
            }
            let result = histories[resource][activity.hook].result ?? HookResult()
            events.append(JournalEvent(resource: resource, hook: activity.hook, time: now, .adopted(result)))
        }
        for resource in due + standing {
            guard let note = histories[resource].undo else { continue }
            events.append(JournalEvent(resource: resource, hook: nil, time: now, .undo(note)))
        }
        // It says what the epoch begins with, even when that is nothing.
        return events.isEmpty ? [JournalEvent(resource: 0, hook: nil, time: now, .undone)] : events
    }
}
