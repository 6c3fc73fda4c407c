import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import ScheduleTestSupport
import PluginKit
import Surroundings
import Synchronization

@testable import Engine

/// A plugin that takes note of every call and does at each what the test says. What it saves of a resource is a
/// text, and what it restores goes into memory.
final class ScriptedPlugin: ProtectionPlugin {
    let name = "scripted"
    /// Every call as `operation hook id`, in order of their beginnings; reverts as `revert operation id`.
    let calls = Mutex<[String]>([])
    let restored = Mutex<[String: String]>([:])
    private let act: @Sendable (String) async throws -> Void

    /// `act` runs at the beginning of each call and may throw or block.
    init(_ act: @escaping @Sendable (String) async throws -> Void = { _ in }) { self.act = act }

    var allCalls: [String] { calls.withLock { $0 } }
    var reverts: [String] { allCalls.filter { $0.hasPrefix("revert") } }

    private func note(_ call: String) async throws {
        calls.withLock { $0.append(call) }
        try await act(call)
    }

    static func content(_ id: String) -> String { "content of \(id)" }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        try await note("protect \(hook.name) \(context.resource.id)")
        guard hook == .main else { return [hook.name: true] }
        let text = Self.content(context.resource.id)
        let writer = try await context.artifacts.writer("data")
        try await writer.write(Array(text.utf8))
        _ = try await writer.finish()
        context.reporter.advance(bytes: Int64(text.utf8.count))
        return ["length": .integer(Int64(text.utf8.count))]
    }

    private func read(_ context: ActivityContext) async throws -> String {
        let reader = try await context.artifacts.reader("data")
        var bytes: [UInt8] = []
        while let chunk = try await reader.next() { bytes += chunk }
        return String(decoding: bytes, as: UTF8.self)
    }

    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        try await note("restore \(hook.name) \(context.resource.id)")
        guard hook == .main else { return }
        let text = try await read(context)
        restored.withLock { $0[context.resource.id] = text }
    }

    func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        try await note("verify \(hook.name) \(context.resource.id)")
        guard hook == .main else { return }
        guard try await read(context) == Self.content(context.resource.id) else { throw PluginError("other content") }
    }

    func delete(_ hook: Hook, _ context: ActivityContext) async throws {
        try await note("delete \(hook.name) \(context.resource.id)")
    }

    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        try await note("revert \(operation.rawValue) \(context.resource.id)")
    }
}

/// Takes note of what an operator would have been told.
final class RecordingObserver: RunObserver {
    let notices = Mutex<[String]>([])

    func observe(_ event: RunEvent) {
        switch event {
        case .noticed(let text): notices.withLock { $0.append(text) }
        case .recordDamaged(let key, _): notices.withLock { $0.append("damaged \(key)") }
        default: break
        }
    }
}

/// A wall clock that stands still; what is waited for is waited for really.
struct StillClock: RunClock {
    var wallMilliseconds: Int64 { 1_800_000_000_000 }
    var monotonicNanoseconds: Int64 { SystemClock().monotonicNanoseconds }
    func sleep(nanoseconds: Int64) async throws { try await SystemClock().sleep(nanoseconds: nanoseconds) }
}

/// Builds IRs by hand and runs operations over a bank.
struct Workbench {
    static let digest = SHA256Digest(of: Array("manifest".utf8))
    static let owner = Owner(
        id: "0000000000000000", host: "here", process: 1, boot: "b", processStart: 1, namespace: "n")

    let bank: any Bank
    let plugin: ScriptedPlugin
    let observer = RecordingObserver()
    let control = RunControl()
    var jobs = 4
    /// What the bank is taken for.
    var consistency = ConsistencyLevel.compareAndSwap
    var version: Int64 = 1
    var digest = Workbench.digest
    /// Whether the owner of every unfinished checkpoint counts as gone.
    var ownersHaveEnded = true

    init(_ bank: any Bank, _ plugin: ScriptedPlugin = ScriptedPlugin()) {
        self.bank = bank
        self.plugin = plugin
    }

    var collection: CheckpointCollection {
        let ended = ownersHaveEnded
        return CheckpointCollection(
            bank: bank, owner: Self.owner, consistency: consistency, hasEnded: { _ in ended })
    }

    var environment: ExecutionEnvironment {
        ExecutionEnvironment(
            collection: collection,
            plugins: ["scripted": LoadedPlugin(plugin: plugin, version: version, digest: digest)],
            concurrency: Concurrency(jobs: jobs), observer: observer, clock: StillClock(), control: control)
    }

    /// An IR of resources `r0`, `r1` … with the given dependents; `hooks` are those that do work.
    static func ir(_ dependents: [[Int32]], hooks: Set<Hook> = Set(Hook.allCases), plan: String = "shop") -> PlanIR {
        PlanIR(
            plan: plan, description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: [.init(name: "scripted", version: 1, digest: digest)], parameterSets: [JSONObject()],
            resources: dependents.enumerated().map { number, children in
                .init(
                    type: "Test::Thing", id: "r\(number)", name: "", properties: JSONObject(), plugin: 0,
                    parameters: [0, 0, 0], dependents: children)
            }, triggers: [], retention: JSONObject(),
            graphs: OperationKind.allCases.map { _ in graph(dependents) { !hooks.contains($1) } })
    }

    func protect(_ ir: PlanIR) async throws -> ProtectReport {
        try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
    }

    func restore(_ id: CheckpointID) async throws -> OperationReport {
        let loaded = try await LoadedCheckpoint.load(id, from: collection)
        return try await RestoreOperation.restore(
            loaded, to: RestoreTarget(directory: nil, overwrite: false), environment
        ).run()
    }

    func verify(_ id: CheckpointID) async throws -> OperationReport {
        try await RestoreOperation.verify(try await LoadedCheckpoint.load(id, from: collection), environment).run()
    }

    func delete(_ id: CheckpointID, force: Bool = false) async throws -> [ResourceFailure] {
        try await DeleteOperation(environment, checkpoint: id, force: force).run().failures
    }
}

extension InMemoryBank {
    /// An empty bank whose clock stands still some weeks before that of a `Workbench`, so that all in it is old.
    static func early() -> InMemoryBank { InMemoryBank { 1_795_000_000_000 } }
}
