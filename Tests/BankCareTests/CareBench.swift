import Bank
import BankCare
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import Engine
import PlanIR
import PluginKit
import Scheduling

/// A bank with whole checkpoints that real runs made, and audits of it.
struct CareBench: Sendable {
    static let digest = SHA256Digest(of: Array("manifest".utf8))
    static let owner = Owner(
        id: "0000000000000000", host: "here", process: 1, boot: "b", processStart: 1, namespace: "n")

    let memory = InMemoryBank()
    let bank: any Bank
    let level: ConsistencyLevel

    init(_ level: ConsistencyLevel = .compareAndSwap) {
        var troubles = BankTroubles()
        troubles.raceWindow = 1000
        troubles.lingering = 200_000_000
        bank = DegradedBank(memory, to: level, troubles: troubles)
        self.level = level
    }

    func collection(over other: (any Bank)? = nil, hasEnded: Bool = true) -> CheckpointCollection {
        CheckpointCollection(
            bank: other ?? bank, owner: Self.owner, consistency: level, hasEnded: { _ in hasEnded })
    }

    /// Protects a plan of two resources.
    @discardableResult
    func protect(plan: String = "shop", fails: Bool = false) async throws -> CheckpointID {
        let ir = Self.plan(plan)
        let plugin = LoadedPlugin(plugin: SmallPlugin(fails: fails), version: 1, digest: Self.digest)
        let environment = ExecutionEnvironment(
            collection: collection(), plugins: ["small": plugin], concurrency: Concurrency(jobs: 2),
            observer: SilentObserver())
        return try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run().checkpoint
    }

    /// Protects a plan, and leaves what there is before the commit record.
    func cutOff() async throws -> CheckpointID {
        let id = try await protect()
        let index = try await collection().index(id)
        let entries = try collection().indexKeys(
            plan: index.plan, provider: index.provider, index.created, index.id)
        for key in entries + [CheckpointKeys(id).commit(ofEpoch: 1)] { try await memory.delete(key, if: .none) }
        try await memory.put(CheckpointLayout.unfinished(id), collection().marker(id), if: .none)
        return id
    }

    func delete(_ id: CheckpointID) async throws {
        let collection = collection()
        let mark = try await collection.beginDeletion(id, now: Timestamp.now(), force: true)
        try await collection.finishDeletion(mark)
    }

    /// Looks at the bank; what it finds, and the figures.
    func audit(
        _ scope: BankAudit.Scope = .records, repairs: Bool = false, over other: (any Bank)? = nil,
        hasEnded: Bool = true, now: Int64 = 0
    ) async throws -> (findings: [BankFinding], tally: AuditTally) {
        var findings: [BankFinding] = []
        let audit = BankAudit(
            collection(over: other, hasEnded: hasEnded), scope: scope, repairs: repairs, now: now)
        let tally = try await audit.run { findings.append($0) }
        return (findings, tally)
    }

    /// The kinds of what an audit finds, each once, in the order of their names.
    func kinds(_ scope: BankAudit.Scope = .records) async throws -> [BankFinding.Kind] {
        Set(try await audit(scope).findings.map(\.kind)).sorted { $0.rawValue < $1.rawValue }
    }

    /// Has the definition of a resource name its artifact otherwise, and the commit record that definition.
    func rename(
        _ id: CheckpointID, _ resource: String, _ summary: ArtifactSummary, _ record: SHA256Digest
    ) async throws {
        let keys = CheckpointKeys(id)
        let key = keys.definitions(ofEpoch: 1, pack: 0)
        let pack = try DefinitionPack(opening: try await bank.get(key))
        let definitions = pack.definitions.map { definition in
            guard definition.resource == resource else { return definition }
            return DefinitionRecord(
                resource: definition.resource, plugin: definition.plugin, pluginDigest: definition.pluginDigest,
                definition: definition.definition,
                artifacts: definition.artifacts.map { .init(summary: summary, epoch: $0.epoch, record: record) },
                warnings: definition.warnings)
        }
        let changed = DefinitionPack(checkpoint: id, number: 0, definitions: definitions).bytes
        try await bank.put(key, changed, if: .none)
        let commit = try CommitRecord(opening: try await bank.get(keys.commit(ofEpoch: 1)))
        let again = CommitRecord(
            checkpoint: id, epoch: 1, status: commit.status, finished: commit.finished, resources: commit.resources,
            failures: commit.failures, contentBytes: commit.contentBytes, journalSegments: commit.journalSegments,
            definitions: .packs([SHA256Digest(of: changed)]))
        try await bank.put(keys.commit(ofEpoch: 1), again.bytes, if: .none)
    }

    static func plan(_ name: String) -> PlanIR {
        let dependents = DependentLists([[1], []])
        let activities = (0..<2).flatMap { resource in
            Hook.allCases.map { ActivityGraph.Activity(resource: Int32(resource), hook: $0, isBarrier: $0 != .main) }
        }
        let graph = ActivityGraph(activities: activities, ordering: dependents)
        return PlanIR(
            plan: name, description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: [.init(name: "small", version: 1, digest: digest)], parameterSets: [JSONObject()],
            resources: (0..<2).map { number in
                .init(
                    type: "Test::Thing", id: "r\(number)", name: "", properties: JSONObject(), plugin: 0,
                    parameters: [0, 0, 0], dependents: number == 0 ? [1] : [])
            }, triggers: [], retention: JSONObject(), graphs: OperationKind.allCases.map { _ in graph })
    }
}

/// A plugin that saves a few bytes.
private struct SmallPlugin: ProtectionPlugin {
    let name = "small"
    let fails: Bool

    struct Refusal: Error {}

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        guard hook == .main else { return [:] }
        let writer = try await context.artifacts.writer("data")
        try await writer.write(Array("content of \(context.resource.id)".utf8))
        _ = try await writer.finish()
        if fails { throw Refusal() }
        return [:]
    }

    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}
}
