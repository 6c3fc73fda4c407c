import CanonicalForm
import Checkpoints
package import PlanIR
import PluginKit
import Synchronization
import Bank

/// Stands before a plugin while a checkpoint is copied: a resource's `main` copies its artifacts, and then whatever the
/// plugin itself has to do runs.
///
/// So a copy is a run as all others are: within the limits of plugins and types, with attempts, progress and a journal.
struct CopyingPlugin: ProtectionPlugin {
    let inner: any ProtectionPlugin
    let work: CopyWork

    var name: String { inner.name }

    func copy(_ hook: Hook, _ context: ActivityContext) async throws {
        if hook == .main { try await work.copyArtifacts(of: context.resource.identity, context.reporter) }
        if work.hasHook(hook, of: context.resource.identity) { try await inner.copy(hook, context) }
    }

    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        // Of a resource without hooks, nothing of the plugin was begun.
        if work.hasHooks(context.resource.identity) { try await inner.revert(operation, context) }
    }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        try await inner.protect(hook, context)
    }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        try await inner.restore(hook, context, to: target)
    }
    func verify(_ hook: Hook, _ context: ActivityContext) async throws { try await inner.verify(hook, context) }
    func delete(_ hook: Hook, _ context: ActivityContext) async throws { try await inner.delete(hook, context) }
}

/// The artifacts of a checkpoint on their way into another bank.
final class CopyWork: Sendable {
    private struct State {
        /// For each resource the epochs in which its artifacts lie in the target, once all are there.
        var homes: [[UInt32]?]
        var tally = ArtifactCopy.Tally()
        /// The resources whose last attempt a store, or a cancellation, has broken off.
        var broken: Set<Int> = []
    }

    private let source: any Bank
    private let target: any Bank
    private let keys: CheckpointKeys
    private let epoch: UInt32
    /// The epochs of earlier copiers whose work may be taken over, ascending.
    private let earlier: [UInt32]
    private let writeGuard: any WriteGuard
    private let positions: [String: Int]
    private let artifacts: [[DefinitionRecord.Artifact]]
    /// The hooks of a copy that the plugins have work in.
    private let masks: [UInt8]
    private let state: Mutex<State>

    init(
        _ ir: PlanIR, _ definitions: [DefinitionRecord], _ keys: CheckpointKeys, from source: any Bank,
        to target: any Bank, epoch: UInt32, earlier: [UInt32], guard writeGuard: any WriteGuard
    ) {
        self.source = source
        self.target = target
        self.keys = keys
        self.epoch = epoch
        self.earlier = earlier
        self.writeGuard = writeGuard
        positions = Dictionary(
            ir.resources.enumerated().map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        artifacts = definitions.map(\.artifacts)
        masks = ir.graph(.copy).workMasks(ofResources: ir.resources.count)
        state = Mutex(State(homes: [[UInt32]?](repeating: nil, count: definitions.count)))
    }

    /// How much was done so far.
    var tally: ArtifactCopy.Tally { state.withLock { $0.tally } }

    /// The artifacts of a resource, as they lie in the target; `nil` while not all do.
    func copied(_ resource: Int) -> [DefinitionRecord.Artifact]? {
        state.withLock { $0.homes[resource] }.map { homes in
            zip(artifacts[resource], homes).map { artifact, home in
                DefinitionRecord.Artifact(summary: artifact.summary, epoch: home, record: artifact.record)
            }
        }
    }

    /// Whether a resource's failure says nothing about the checkpoint, so that another attempt may succeed.
    func wasBrokenOff(_ resource: Int) -> Bool { state.withLock { $0.broken.contains(resource) } }

    func hasHook(_ hook: Hook, of identity: String) -> Bool {
        positions[identity].map { masks[$0] & (1 << hook.rawValue) != 0 } ?? false
    }

    func hasHooks(_ identity: String) -> Bool { positions[identity].map { masks[$0] != 0 } ?? false }

    /// Copies a resource's artifacts, one after the other.
    func copyArtifacts(of identity: String, _ reporter: any ActivityReporter) async throws {
        guard let resource = positions[identity], state.withLock({ $0.homes[resource] }) == nil else { return }
        let list = artifacts[resource]
        if !list.isEmpty { reporter.expect(bytes: list.reduce(0) { $0 + $1.summary.size }) }
        var homes: [UInt32] = []
        do {
            for artifact in list {
                let (copy, home) = try await place(artifact, identity)
                let tally = try await copy.run { reporter.advance(bytes: $0) }
                state.withLock { state in
                    state.tally.sentBytes += tally.sentBytes
                    state.tally.foundBytes += tally.foundBytes
                }
                homes.append(home)
            }
        } catch let error as CancellationError {
            // It was stopped, or lasted too long: there is something to go on with later.
            _ = state.withLock { $0.broken.insert(resource) }
            throw error
        } catch {
            // Who is at fault decides that.
            let isOfStore = (error as? ArtifactCopyError)?.isOfStore ?? (error is LeaseError)
            if isOfStore { _ = state.withLock { $0.broken.insert(resource) } }
            throw PluginError(String(describing: error), isTransient: isOfStore && !(error is LeaseError))
        }
        let all = homes
        state.withLock { state in
            state.homes[resource] = all
            state.broken.remove(resource)
        }
    }

    /// Where an artifact goes: to where an earlier copier has begun it, since all write the same bytes, or else to this
    /// copier's epoch.
    private func place(
        _ artifact: DefinitionRecord.Artifact, _ identity: String
    ) async throws -> (copy: ArtifactCopy, home: UInt32) {
        func copy(_ epoch: UInt32) throws -> ArtifactCopy {
            try ArtifactCopy(artifact, of: identity, keys, from: source, to: target, epoch: epoch, guard: writeGuard)
        }
        for epoch in earlier {
            let candidate = try copy(epoch)
            if try await candidate.isBegun { return (candidate, epoch) }
        }
        return (try copy(epoch), epoch)
    }
}

extension PlanIR {
    /// The plan with work in every `main` of a copy: there the executor copies the resource's artifacts.
    package var withArtifactCopies: PlanIR {
        var ir = self
        let graph = graph(.copy)
        let activities = graph.activities.map { activity in
            ActivityGraph.Activity(
                resource: activity.resource, hook: activity.hook,
                isBarrier: activity.isBarrier && activity.hook != .main)
        }
        ir.graphs[OperationKind.copy.index] = ActivityGraph(activities: activities, orderedLike: graph)
        return ir
    }

    /// The plan with no work in `delete` for what has none in `copy`: such a plugin has brought nothing of a copy out of
    /// the bank, and must not remove what belongs to the origin.
    var forDeletionOfCopy: PlanIR {
        var ir = self
        let masks = graph(.copy).workMasks(ofResources: resources.count)
        let graph = graph(.delete)
        let activities = graph.activities.map { activity in
            ActivityGraph.Activity(
                resource: activity.resource, hook: activity.hook,
                isBarrier: activity.isBarrier || masks[Int(activity.resource)] == 0)
        }
        ir.graphs[OperationKind.delete.index] = ActivityGraph(activities: activities, orderedLike: graph)
        return ir
    }
}
