package import Bank
package import Checkpoints
package import CanonicalForm
import PlanIR
package import PluginKit
import Scheduling

/// A plugin with the manifest that it comes with.
package struct LoadedPlugin: Sendable {
    package let plugin: any ProtectionPlugin
    /// The version in the manifest: it changes when older protection definitions can no longer be read.
    package let version: Int64
    /// The digest of the manifest.
    package let digest: SHA256Digest

    package init(plugin: any ProtectionPlugin, version: Int64, digest: SHA256Digest) {
        self.plugin = plugin
        self.version = version
        self.digest = digest
    }
}

/// What an operation needs of its surroundings.
package struct ExecutionEnvironment: Sendable {
    package let collection: CheckpointCollection
    /// The plugins by name.
    package let plugins: [String: LoadedPlugin]
    /// How many activities run at a time.
    package let jobs: Int
    package let observer: any RunObserver
    /// The wall clock, for records.
    package let now: @Sendable () -> Timestamp

    package init(
        collection: CheckpointCollection, plugins: [String: LoadedPlugin], jobs: Int,
        observer: any RunObserver, now: @escaping @Sendable () -> Timestamp
    ) {
        self.collection = collection
        self.plugins = plugins
        self.jobs = jobs
        self.observer = observer
        self.now = now
    }

    var bank: any Bank { collection.bank }
}

/// Why an operation could not begin or end as it should.
package enum ExecutionError: Error, Sendable, CustomStringConvertible {
    /// The IR is bound to a plugin that this program does not have.
    case unknownPlugin(String)
    /// The plugin's manifest is not the one that the plan was compiled against.
    case manifestChanged(plugin: String, compiled: SHA256Digest, present: SHA256Digest)
    /// The plugin's saved data have changed since the checkpoint was made.
    case versionChanged(plugin: String, saved: Int64, present: Int64)
    /// A record that the operation needs is not what was written.
    case damaged(BankKey, String)
    /// The plan was compiled without the inventory that it needs.
    case needsInventory(plan: String)
    /// All activities have ended, but the outcome could not be recorded.
    case notCommitted(CheckpointID, reason: String)

    package var description: String {
        switch self {
        case .unknownPlugin(let name): "the plan needs the plugin '\(name)', which this cairn does not have"
        case .manifestChanged(let plugin, let compiled, let present):
            "the plan was compiled against another manifest of the plugin '\(plugin)' (\(compiled)) than this cairn has "
                + "(\(present)); compile the plan again"
        case .versionChanged(let plugin, let saved, let present):
            "the checkpoint was made by version \(saved) of the plugin '\(plugin)', and this cairn has version \(present); "
                + "use the cairn that made it"
        case .damaged(let key, let reason): "bank object '\(key)' is damaged: \(reason)"
        case .needsInventory(let plan):
            "the plan '\(plan)' discovers dependents and was compiled without an inventory, so what it would protect is "
                + "not known; make one with 'cairn inventory PLAN.ir -o INVENTORY.yaml', and compile the plan with "
                + "'cairnc compile PLAN.yaml --inventory INVENTORY.yaml -o PLAN.ir'"
        case .notCommitted(let id, let reason):
            "the outcome of checkpoint \(id) could not be recorded, so it cannot be restored: \(reason); "
                + "delete it, and protect again"
        }
    }
}

/// Runs the activities of one operation with their plugins, journals what happens, and reverts when it fails.
struct Execution: ActivityRunner {
    let environment: ExecutionEnvironment
    let ir: PlanIR
    let operation: OperationKind
    let checkpoint: CheckpointID
    let target: RestoreTarget
    let states: ResourceStates
    let journal: JournalWriter?
    /// For each plugin of the IR, the resources that it treats in this operation.
    let scopes: [OperationScope]
    /// The artifacts of a resource, given its definition record where there is one.
    let artifacts: @Sendable (Int, DefinitionRecord?) throws -> any ArtifactStore
    /// The definition record that another operation than `protect` works from.
    let loadDefinition: @Sendable (Int) async throws -> DefinitionRecord?
    /// Stores the definition when all hooks of a resource have run; `protect` only.
    let storeDefinition: @Sendable (Int, ResourceStates.State) async throws -> (DefinitionRecord, [UInt8])?

    static func hooksPerResource(_ ir: PlanIR, _ operation: OperationKind) -> [Int] {
        var counts = [Int](repeating: 0, count: ir.resources.count)
        for activity in ir.graph(operation).activities where !activity.isBarrier {
            counts[Int(activity.resource)] += 1
        }
        return counts
    }

    /// The scopes of an operation over the whole of an IR, by plugin.
    static func scopes(_ ir: PlanIR) -> [OperationScope] {
        var members = [[OperationScope.Member]](repeating: [], count: ir.plugins.count)
        for (index, resource) in ir.resources.enumerated() {
            members[Int(resource.plugin)].append(
                OperationScope.Member(
                    resource: ResourceDescription(resource), protectParameters: ir.parameters(of: index, for: .protect))
            )
        }
        return members.map { OperationScope($0) }
    }

    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async throws {
        let index = Int(activity.resource)
        let resource = ir.resources[index]
        let name = "\(activity.hook.name):\(resource.identity)"
        let eventActivity = EventActivity(resource: index, identity: resource.identity, hook: activity.hook)
        // Durable before the hook changes anything, so that a crash knows what to undo.
        try await journal?.append(JournalEvent(activity: name, state: .started, time: environment.now()))
        // Taking note of it may have lasted: what was cancelled meanwhile has nothing to undo yet.
        try Task.checkCancellation()
        states.markStarted(index)
        environment.observer.observe(
            .activityStarted(eventActivity, attempt: 1))
        do {
            try await callPlugin(activity.hook, index, resource)
            let state = states.update(index) { state in
                state.hooksLeft -= 1
                return state
            }
            if state.hooksLeft == 0, let (record, bytes) = try await storeDefinition(index, state) {
                states.update(index) {
                    $0.record = record
                    $0.recordBytes = bytes
                }
            }
        } catch {
            let isCancelled = error is CancellationError
            let message = isCancelled ? JournalEvent.cancelledMessage : String(describing: error)
            environment.observer.observe(
                isCancelled
                    ? .activityCancelled(eventActivity) : .activityFailed(eventActivity, message: message))
            // The failure itself matters more than a bank that cannot take note of it.
            try? await journal?.append(
                JournalEvent(activity: name, state: .failed, time: environment.now(), message: message))
            throw error
        }
        try await journal?.append(JournalEvent(activity: name, state: .finished, time: environment.now()))
        environment.observer.observe(
            .activityFinished(eventActivity))
        let state = states.read(index)
        if state.hooksLeft == 0 {
            environment.observer.observe(
                .resourceFinished(resource: index, identity: resource.identity, contentBytes: state.contentBytes))
        }
    }

    private func callPlugin(_ hook: Hook, _ index: Int, _ resource: PlanIR.Resource) async throws {
        let plugin = try plugin(of: resource)
        if operation != .protect && !states.read(index).isDefinitionLoaded {
            let definition = try await loadDefinition(index)
            states.update(index) {
                $0.record = definition
                $0.definition = definition?.definition ?? JSONObject()
                $0.isDefinitionLoaded = true
            }
        }
        let context = try context(index, resource)
        switch operation {
        case .protect:
            let saved = try await plugin.protect(hook, context)
            states.update(index) { state in
                for member in saved.members { state.definition[member.key] = member.value }
            }
        case .restore: try await plugin.restore(hook, context, to: target)
        case .verify: try await plugin.verify(hook, context)
        case .delete: try await plugin.delete(hook, context)
        case .copy: try await plugin.copy(hook, context)
        }
    }

    private func plugin(of resource: PlanIR.Resource) throws -> any ProtectionPlugin {
        let name = ir.plugins[Int(resource.plugin)].name
        guard let plugin = environment.plugins[name] else { throw ExecutionError.unknownPlugin(name) }
        return plugin.plugin
    }

    private func context(_ index: Int, _ resource: PlanIR.Resource) throws -> ActivityContext {
        let state = states.read(index)
        return ActivityContext(
            resource: ResourceDescription(resource), parameters: ir.parameters(of: index, for: operation),
            protectParameters: ir.parameters(of: index, for: .protect), checkpoint: checkpoint.text,
            definition: state.definition, artifacts: try artifacts(index, state.record),
            reporter: ResourceReporter(
                resource: index, identity: resource.identity, states: states, observer: environment.observer),
            scope: scopes[Int(resource.plugin)])
    }

    // MARK: The whole run

    /// Runs the operation's graph; on failure or cancellation reverts every resource that had started, in reverse
    /// order of their starts, each once. The reverts run to their end even when the task is cancelled.
    func runGraph() async -> (outcome: RunOutcome, revertFailures: [ResourceFailure]) {
        // One damaged resource must not hide another: a verification looks at everything.
        let outcome = await Driver.run(
            ir.graph(operation), jobs: environment.jobs, onFailure: operation == .verify ? .continue : .stop,
            runner: self)
        guard !outcome.succeeded else { return (outcome, []) }
        let resources = Array(states.startOrder.reversed())
        // A task of its own: cancelling the operation must not cancel its undoing.
        let failures = await Task { await revert(resources) }.value
        return (outcome, failures)
    }

    private func revert(_ resources: [Int]) async -> [ResourceFailure] {
        guard !resources.isEmpty else { return [] }
        environment.observer.observe(.reverting(resources: resources.count))
        var failures: [ResourceFailure] = []
        for index in resources {
            let resource = ir.resources[index]
            do {
                try await plugin(of: resource).revert(operation, try context(index, resource))
                try? await journal?.append(
                    JournalEvent(activity: "revert:\(resource.identity)", state: .reverted, time: environment.now()))
            } catch {
                let message = String(describing: error)
                environment.observer.observe(.revertFailed(identity: resource.identity, message: message))
                failures.append(ResourceFailure(resource: resource.identity, hook: "revert", message: message))
                try? await journal?.append(
                    JournalEvent(
                        activity: "revert:\(resource.identity)", state: .failed, time: environment.now(),
                        message: message))
            }
        }
        return failures
    }

    /// The failures of a run, in words for records.
    func failures(_ outcome: RunOutcome, _ revertFailures: [ResourceFailure]) -> [ResourceFailure] {
        var failures = outcome.failures.map {
            ResourceFailure(
                resource: ir.resources[Int($0.activity.resource)].identity, hook: $0.activity.hook.name,
                message: String(describing: $0.error))
        }
        if outcome.wasCancelled { failures.append(ResourceFailure(resource: "", hook: "", message: "cancelled")) }
        return failures + revertFailures
    }
}
