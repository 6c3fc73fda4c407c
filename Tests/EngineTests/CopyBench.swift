import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import PlanIR
import PluginKit
import Retention
import Surroundings
import Synchronization

@testable import Engine

/// A plugin with artifacts of a length that the test says, and with something outside of the banks that a copy moves.
final class CopyablePlugin: ProtectionPlugin {
    let name = "scripted"
    let calls = Mutex<[String]>([])
    let restored = Mutex<[String: [UInt8]]>([:])
    /// What hooks of a copy have begun and not ended, by resource.
    let moving = Mutex<Set<String>>([])
    /// The length of each resource's artifact.
    let length: Int
    let act: @Sendable (String) async throws -> Void

    /// `act` runs at the beginning of each call and may throw.
    init(length: Int = 40, _ act: @escaping @Sendable (String) async throws -> Void = { _ in }) {
        self.length = length
        self.act = act
    }

    var allCalls: [String] { calls.withLock { $0 } }

    func content(_ id: String) -> [UInt8] {
        let seed = Array(id.utf8)
        // What repeats itself is made once: some tests have many megabytes.
        let period = 7 * 256 * seed.count
        let piece = (0..<min(length, period)).map { UInt8(truncatingIfNeeded: $0 / 7 &+ Int(seed[$0 % seed.count])) }
        var content: [UInt8] = []
        content.reserveCapacity(length)
        while content.count < length { content += piece.prefix(length - content.count) }
        return content
    }

    private func note(_ call: String) async throws {
        calls.withLock { $0.append(call) }
        try await act(call)
    }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        guard hook == .main else { return [hook.name: true] }
        for name in ["data", "list"] {
            let writer = try await context.artifacts.writer(name)
            try await writer.write(name == "data" ? content(context.resource.id) : Array(name.utf8))
            _ = try await writer.finish()
        }
        context.reporter.advance(bytes: Int64(length))
        return ["length": .integer(Int64(length))]
    }

    private func read(_ context: ActivityContext) async throws -> [UInt8] {
        let reader = try await context.artifacts.reader("data")
        var bytes: [UInt8] = []
        while let chunk = try await reader.next() { bytes += chunk }
        return bytes
    }

    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        guard hook == .main else { return }
        let bytes = try await read(context)
        restored.withLock { $0[context.resource.id] = bytes }
    }

    func verify(_ hook: Hook, _ context: ActivityContext) async throws {
        guard hook == .main else { return }
        guard try await read(context) == content(context.resource.id) else { throw PluginError("other content") }
    }

    func delete(_ hook: Hook, _ context: ActivityContext) async throws {
        try await note("delete \(hook.name) \(context.resource.id)")
    }

    func copy(_ hook: Hook, _ context: ActivityContext) async throws {
        let id = context.resource.id
        if hook == .main {
            guard try await read(context) == content(id) else { throw PluginError("other content") }
            try await context.undo.register(["stop": .string(id)])
            moving.withLock { _ = $0.insert(id) }
        }
        try await note("copy \(hook.name) \(id)")
        if hook == .complete {
            moving.withLock { _ = $0.remove(id) }
            try await context.undo.discharge()
        }
    }

    func revert(_ operation: OperationKind, _ context: ActivityContext) async throws {
        calls.withLock { $0.append("revert \(operation.rawValue) \(context.resource.id)") }
        if let note = context.undo.due?["stop"]?.stringValue { moving.withLock { _ = $0.remove(note) } }
    }
}

/// Two banks, and checkpoints that go from one to the other.
struct CopyBench {
    let plugin: CopyablePlugin
    let source: FaultyBank
    let target: FaultyBank
    let observer = RecordingObserver()
    var control = RunControl()
    var clock: any RunClock = StillClock()
    var levels: (source: ConsistencyLevel, target: ConsistencyLevel)
    var version: Int64 = 1
    /// Whether the owner of everything that is unfinished counts as gone.
    var ownersHaveEnded = true
    var sourceID = "source"
    var targetOwner = "1111111111111111"

    init(
        _ plugin: CopyablePlugin = CopyablePlugin(), source: ConsistencyLevel = .compareAndSwap,
        target: ConsistencyLevel = .compareAndSwap
    ) {
        self.plugin = plugin
        levels = (source, target)
        self.source = FaultyBank(Self.bank(source))
        self.target = FaultyBank(Self.bank(target))
    }

    private static func bank(_ level: ConsistencyLevel) -> any Bank {
        var troubles = BankTroubles()
        troubles.raceWindow = 200_000
        troubles.lingering = 2_000_000
        return DegradedBank(InMemoryBank.early(), to: level, troubles: troubles)
    }

    private func environment(_ bank: any Bank, _ level: ConsistencyLevel, owner: String) -> ExecutionEnvironment {
        let ended = ownersHaveEnded
        let owner = Owner(id: owner, host: "here", process: 1, boot: "b", processStart: 1, namespace: "n")
        return ExecutionEnvironment(
            collection: CheckpointCollection(bank: bank, owner: owner, consistency: level, hasEnded: { _ in ended }),
            plugins: ["scripted": LoadedPlugin(plugin: plugin, version: version, digest: Workbench.digest)],
            concurrency: Concurrency(jobs: 2), observer: observer, clock: clock, control: control)
    }

    var atSource: ExecutionEnvironment { environment(source, levels.source, owner: "0000000000000000") }
    var atTarget: ExecutionEnvironment { environment(target, levels.target, owner: targetOwner) }

    var from: CopySide { CopySide(collection: atSource.collection, bankID: sourceID, provider: "local") }
    var to: CopySide { CopySide(collection: atTarget.collection, bankID: "target", provider: "offsite") }

    func protect(_ ir: PlanIR) async throws -> CheckpointID {
        let report = try await ProtectOperation(atSource, ir: ir, irBytes: ir.encoded.bytes).run()
        return report.checkpoint
    }

    func operation(_ id: CheckpointID) -> CopyOperation { CopyOperation(atTarget, checkpoint: id, from: from, to: to) }

    func copy(_ id: CheckpointID) async throws -> CopyReport { try await operation(id).run() }

    func sync(
        rule: SyncRule = .newestPolicy, limit: Int = .max, dryRun: Bool = false
    ) async throws -> SyncReport {
        try await BankSync(atTarget, plan: "shop", from: from, to: to, rule: rule, limit: limit).run(dryRun: dryRun)
    }

    /// Applies a policy to the copies, as `cairn retain` does there.
    func retain(_ policy: JSONObject) async throws -> RetentionReport {
        try await RetentionOperation(
            atTarget, plan: "shop", provider: "offsite", policy: try RetentionPolicy(policy)
        ).run()
    }

    /// The IR of a workbench whose activities are tried so often.
    static func ir(_ dependents: [[Int32]], attempts: Int64 = 1, retention: JSONObject = JSONObject()) -> PlanIR {
        var ir = Workbench.ir(dependents)
        ir.retention = retention
        ir.parameterSets = [["retry": ["attempts": .integer(attempts)]]]
        return ir
    }

    /// What the target's listing says of its checkpoints.
    func statuses() async throws -> [CheckpointStatus] {
        try await atTarget.collection.list(.init()).map(\.status)
    }

    /// Restores from the target, with nothing of the source in reach.
    func restore(_ id: CheckpointID) async throws -> OperationReport {
        let loaded = try await LoadedCheckpoint.load(id, from: atTarget.collection)
        return try await RestoreOperation.restore(
            loaded, to: RestoreTarget(directory: nil, overwrite: false), atTarget
        ).run()
    }

    func verify(_ id: CheckpointID) async throws -> OperationReport {
        try await RestoreOperation.verify(
            try await LoadedCheckpoint.load(id, from: atTarget.collection), atTarget
        ).run()
    }

    /// The keys of a checkpoint's artifacts in the target, with their epochs left out.
    func contentKeys(_ id: CheckpointID) async throws -> [String] {
        var keys: [String] = []
        // What was deleted may linger in listings.
        for key in try await target.allKeys(below: CheckpointKeys(id).all) where key.text.contains("/resources/") {
            if try await target.size(key) != nil { keys.append(key.segments.dropFirst(3).joined(separator: "/")) }
        }
        return keys.sorted()
    }

    /// Changes an object of the source behind everyone's back; `nil` removes it. Returns what it was.
    func damage(_ key: BankKey, _ change: ([UInt8]) -> [UInt8]?) async throws -> [UInt8] {
        let bytes = try await source.get(key)
        if let changed = change(bytes) {
            try await source.put(key, changed, if: .none)
        } else {
            try await source.delete(key, if: .none)
        }
        return bytes
    }
}
