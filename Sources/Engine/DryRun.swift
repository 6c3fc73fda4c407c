package import Bank
import CanonicalForm
package import Checkpoints
package import PlanIR
package import PluginKit
import Scheduling
import Surroundings

/// Walks an operation without running it: the activities in the engine's order, and for every resource what its plugin
/// finds missing. Nothing is changed, neither in the bank nor on the host.
package struct DryRun: Sendable {
    private let plugins: [String: LoadedPlugin]
    /// How many resources are looked at at a time.
    private let jobs: Int

    /// Dry runs with these plugins.
    package init(plugins: [String: LoadedPlugin], jobs: Int) {
        self.plugins = plugins
        self.jobs = max(1, jobs)
    }

    /// What `protect` would do. `bank` is the opened bank, or what to say of one that could not be opened;
    /// `earlierBytes` is what an earlier checkpoint of the plan takes in the bank.
    package func protect(
        _ ir: PlanIR, bank: (any Bank)?, bankFindings: [Precondition] = [], earlierBytes: Int64? = nil
    ) async -> DryRunReport {
        var general = bankFindings
        if ir.needsInventory { general.append(Self.refusal(ExecutionError.needsInventory(plan: ir.plan))) }
        do { try ProtectOperation.checkBindings(ir, plugins) } catch { general.append(Self.refusal(error)) }
        let walked = await walk(ir, .protect, RestoreTarget(directory: nil, overwrite: false)) { _ in nil }
        let guesses = walked.findings.compactMap(\.precondition.bankBytes)
        let guess = guesses.isEmpty ? nil : guesses.reduce(0, Self.sum)
        if let bank {
            let check = BankCheck(bank)
            general += [
                await check.rights(needed: true), await check.room(for: [guess, earlierBytes].compactMap { $0 }),
            ]
        }
        return report(ir, .protect, nil, walked, general, bankBytes: guess ?? earlierBytes)
    }

    /// What a restore to `target` would do.
    package func restore(
        _ checkpoint: LoadedCheckpoint, to target: RestoreTarget, from collection: CheckpointCollection
    ) async -> DryRunReport {
        await restore(checkpoint, OperationRequest(target: target), from: collection)
    }

    /// What a restore of what is asked for would do.
    package func restore(
        _ checkpoint: LoadedCheckpoint, _ request: OperationRequest, from collection: CheckpointCollection
    ) async -> DryRunReport { await reading(.restore, checkpoint, request, collection) }

    /// What a verification would do.
    package func verify(
        _ checkpoint: LoadedCheckpoint, _ request: OperationRequest = OperationRequest(),
        from collection: CheckpointCollection
    ) async -> DryRunReport { await reading(.verify, checkpoint, request, collection) }

    /// What a deletion would do; the caller has seen that the checkpoint is there. `isGone` says whether the owner of a use of
    /// it has certainly ended.
    package func delete(
        _ summary: CheckpointSummary, force: Bool, from collection: CheckpointCollection,
        isGone: (@Sendable (Owner) async throws -> Bool)? = nil
    ) async -> DryRunReport {
        var general: [Precondition] = []
        do {
            try await collection.ensureDeletable(summary.id, isGone: isGone ?? { collection.hasEnded($0) })
        } catch {
            general.append(Self.refusal(error))
        }
        if !force, [.protecting, .waitCopying, .copying, .damaged].contains(summary.status) {
            general.append(
                Precondition(
                    "checkpoint \(summary.id)", .unmet,
                    "is '\(summary.status.rawValue)'" + (summary.message.isEmpty ? "" : " (\(summary.message))"),
                    advice: "--force deletes it all the same"))
        }
        let check = BankCheck(collection.bank)
        general += [await check.rights(needed: true), await check.roomToDelete()]
        let ir: PlanIR
        let commit: CommitRecord?
        do {
            ir = try await LoadedCheckpoint.loadIR(try await collection.index(summary.id), from: collection)
            commit = try await collection.commit(summary.id)
        } catch {
            // What an earlier deletion has removed already, or damage, which --force passes over.
            let isRefused = !force && summary.status != .deleting && summary.status != .errorDeleting
            general.append(
                Precondition(
                    "checkpoint \(summary.id)", isRefused ? .unmet : .doubtful,
                    "has records that are missing: \(error)",
                    advice: "what plugins keep outside of the bank cannot be found by it any more"))
            return DryRunReport(
                operation: .delete, plan: summary.plan, provider: summary.provider, checkpoint: summary.id,
                resources: Int(summary.resources), activities: [],
                findings: general.map { DryRunReport.Finding($0) }, bankBytes: nil)
        }
        let isFitting = commit?.resources.count == ir.resources.count
        let packs = isFitting ? commit.map { DefinitionPacks(summary.id, $0, collection) } : nil
        let walked = await walk(ir, .delete, RestoreTarget(directory: nil, overwrite: false)) {
            // A resource that never got a definition has nothing that a plugin would find by it.
            try await packs?.definitionIfSaved($0)
        }
        return report(ir, .delete, summary.id, walked, general, bankBytes: nil)
    }

    /// What a copy would do; the plugins are those of the provider that it is copied to. Throws what keeps the checkpoint
    /// from being read.
    package func copy(_ operation: CopyOperation) async throws -> DryRunReport {
        let (checkpoint, definitions) = try await operation.read()
        var general: [Precondition] = []
        do { _ = try operation.changedPlugins(checkpoint) } catch { general.append(Self.refusal(error)) }
        var bytes = checkpoint.commit.storedBytes
        do {
            let finding: String
            switch try await operation.standing(checkpoint, definitions) {
            case .none: finding = "is not there yet"
            case .begun: finding = "was begun there, and would be gone on with"
            case .there(let there) where there.isWhole:
                finding = "is there already, and the same: nothing would be copied"
                bytes = 0
            case .there(let there):
                finding = there.words
                bytes = there.lacking.reduce(0) { Self.sum($0, $1.artifact.summary.size) }
            }
            general.append(Precondition("the copy in \(operation.target.words)", .met, finding))
        } catch { general.append(Self.refusal(error)) }
        let check = BankCheck(operation.target.collection.bank)
        general += [await check.rights(needed: true), await check.room(for: [bytes])]
        let walked = await walk(
            checkpoint.ir.withArtifactCopies, .copy, RestoreTarget(directory: nil, overwrite: false)
        ) { definitions[$0] }
        return DryRunReport(
            operation: .copy, plan: checkpoint.ir.plan, provider: operation.target.provider,
            checkpoint: checkpoint.index.id, resources: checkpoint.ir.resources.count, activities: walked.activities,
            findings: general.map { DryRunReport.Finding($0) } + walked.findings, bankBytes: bytes)
    }

    // MARK: -

    private struct Walked {
        var activities: [EventActivity] = []
        var findings: [DryRunReport.Finding] = []
    }

    private func reading(
        _ kind: OperationKind, _ checkpoint: LoadedCheckpoint, _ request: OperationRequest,
        _ collection: CheckpointCollection
    ) async -> DryRunReport {
        var general: [Precondition] = []
        do {
            for name in try checkpoint.checkBindings(plugins) {
                general.append(
                    Precondition(
                        "the plugin '\(name)'", .doubtful, "has another manifest than when this checkpoint was made",
                        advice: "nothing, if cairn was only updated"))
            }
        } catch { general.append(Self.refusal(error)) }
        general.append(await BankCheck(collection.bank).rights(needed: false))
        do {
            for fault in try await RecordCheck(collection: collection, checkpoint: checkpoint).faults() {
                general.append(
                    Precondition(
                        "bank object '\(fault.key)'", kind == .verify ? .unmet : .doubtful,
                        "is damaged: \(fault.reason)", advice: "see how the bank's storage does"))
            }
        } catch { general.append(Self.refusal(error)) }
        let packs = checkpoint.packs(collection)
        let plan = OperationPlan(checkpoint.ir, kind, request)
        let walked = await walk(plan.ir, kind, of: checkpoint.index.id, request.target, plan.isIncluded) {
            try await packs.definition($0)
        }
        general += Self.sharedRoom(walked.findings)
        if kind == .restore { general += await unfinished(checkpoint.index.id, request.target, collection) }
        return report(plan.ir, kind, checkpoint.index.id, walked, general, bankBytes: nil, included: plan.isIncluded)
    }

    private func report(
        _ ir: PlanIR, _ kind: OperationKind, _ checkpoint: CheckpointID?, _ walked: Walked,
        _ general: [Precondition], bankBytes: Int64?, included: [Bool]? = nil
    ) -> DryRunReport {
        DryRunReport(
            operation: kind, plan: ir.plan, provider: ir.provider.name, checkpoint: checkpoint,
            resources: included.map { $0.reduce(0) { $0 + ($1 ? 1 : 0) } } ?? ir.resources.count,
            activities: walked.activities,
            findings: general.map { DryRunReport.Finding($0) } + walked.findings, bankBytes: bankBytes)
    }

    /// The restores of the same checkpoint to the same place that have not come to their end.
    private func unfinished(
        _ id: CheckpointID, _ target: RestoreTarget, _ collection: CheckpointCollection
    ) async -> [Precondition] {
        let operations: [OperationSummary]
        // A restore needs none of their records.
        do { operations = try await collection.operations() } catch { return [] }
        return operations.filter { operation in
            guard let index = operation.index, operation.isResumable else { return false }
            return index.kind == OperationKind.restore.rawValue && index.checkpoint == id
                && index.target == target.directory
        }.prefix(1).map { operation in
            Precondition(
                "the restore \(operation.id)", .doubtful, "of the same checkpoint to the same place is unfinished",
                advice: "'cairn resume \(operation.id)' goes on with it, and replaces only what it has begun itself")
        }
    }

    /// Whether what goes to one file system has room there together.
    private static func sharedRoom(_ findings: [DryRunReport.Finding]) -> [Precondition] {
        var places: [UInt64: [RestorePlace]] = [:]
        var order: [UInt64] = []
        for case let (place, volume) in findings.compactMap({ finding in
            finding.precondition.place.flatMap { place in place.fileSystem.map { (place, $0) } }
        }) {
            if places[volume] == nil { order.append(volume) }
            places[volume, default: []].append(place)
        }
        return order.compactMap { volume in
            guard let all = places[volume], all.count > 1, let room = all.compactMap(\.room).min() else { return nil }
            let needed = all.reduce(0) { sum($0, $1.bytes) }
            let words = "is \(ByteCountText.words(room)), and \(ByteCountText.words(needed)) would be written"
            let subject = "room for \(all.count) resources on the file system of \(all[0].path)"
            if room >= needed { return Precondition(subject, .met, words) }
            // What is replaced makes room, but how much is not known.
            let replaces = all.contains { $0.content == .occupied }
            return Precondition(
                subject, replaces ? .doubtful : .unmet, words,
                advice: "make room there, restore to another place with --to DIR, or less of it with --only TYPE#ID")
        }
    }

    private static func refusal(_ error: any Error) -> Precondition {
        Precondition("the operation", .unmet, "would be refused: \(error)")
    }

    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    // MARK: The walk

    /// Walks the graph as the engine would with one job, then asks for every resource, some at a time.
    private func walk(
        _ ir: PlanIR, _ kind: OperationKind, of checkpoint: CheckpointID? = nil, _ target: RestoreTarget,
        _ isIncluded: [Bool] = [], _ definition: @escaping @Sendable (Int) async throws -> DefinitionRecord?
    ) async -> Walked {
        var walked = Walked()
        var order: [Int] = []
        var isSeen = [Bool](repeating: false, count: ir.resources.count)
        let graph = ir.graph(kind)
        var plan = RunPlan(graph)
        while let number = plan.take() {
            if let activity = graph.activity(number) {
                let resource = Int(activity.resource)
                walked.activities.append(
                    EventActivity(
                        resource: resource, identity: ir.resources[resource].identity, hook: activity.hook))
                if !isSeen[resource] { order.append(resource) }
                isSeen[resource] = true
            }
            plan.finish(number)
        }
        // What has nothing to do in this operation may still need something.
        order += ir.resources.indices.filter { !isSeen[$0] && (isIncluded.isEmpty || isIncluded[$0]) }
        let scopes = Execution.scopes(ir, isIncluded)
        walked.findings = await findings(of: order, ir, kind, checkpoint, target, scopes, definition)
        return walked
    }

    private func findings(
        of order: [Int], _ ir: PlanIR, _ kind: OperationKind, _ checkpoint: CheckpointID?, _ target: RestoreTarget,
        _ scopes: [OperationScope], _ definition: @escaping @Sendable (Int) async throws -> DefinitionRecord?
    ) async -> [DryRunReport.Finding] {
        return await withTaskGroup(of: (Int, [Precondition]).self) { group in
            var found = [[Precondition]](repeating: [], count: order.count)
            for position in order.indices {
                if position >= jobs, let (other, list) = await group.next() { found[other] = list }
                let index = order[position]
                let scope = scopes[Int(ir.resources[index].plugin)]
                group.addTask {
                    (position, await preconditions(of: index, ir, kind, checkpoint, target, scope, definition))
                }
            }
            for await (position, list) in group { found[position] = list }
            return zip(order, found).flatMap { index, list in
                list.map { DryRunReport.Finding(resource: ir.resources[index].identity, $0) }
            }
        }
    }

    private func preconditions(
        of index: Int, _ ir: PlanIR, _ kind: OperationKind, _ checkpoint: CheckpointID?, _ target: RestoreTarget,
        _ scope: OperationScope, _ definition: @Sendable (Int) async throws -> DefinitionRecord?
    ) async -> [Precondition] {
        let resource = ir.resources[index]
        // An unknown plugin is told once, for the whole operation.
        guard let plugin = plugins[ir.plugins[Int(resource.plugin)].name]?.plugin else { return [] }
        let saved: JSONObject
        do { saved = try await definition(index)?.definition ?? JSONObject() } catch {
            return [Precondition("what was saved", .unmet, "cannot be read: \(error)")]
        }
        return await plugin.preconditions(
            of: kind,
            PreconditionContext(
                resource: ResourceDescription(resource), parameters: ir.parameters(of: index, for: kind),
                protectParameters: ir.parameters(of: index, for: .protect), target: target, definition: saved,
                scope: scope, checkpoint: checkpoint?.text ?? ""))
    }
}
