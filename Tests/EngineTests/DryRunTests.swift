import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PlanIR
import PluginKit
import Synchronization
import Testing

@testable import Engine

/// A plugin that finds what the test says, and takes note of whom it was asked about.
private final class LookingPlugin: ProtectionPlugin {
    let name = "scripted"
    let asked = Mutex<[String]>([])
    private let find: @Sendable (String, PreconditionContext) -> [Precondition]

    init(_ find: @escaping @Sendable (String, PreconditionContext) -> [Precondition]) { self.find = find }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        throw PluginError("really run")
    }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        throw PluginError("really run")
    }
    func verify(_ hook: Hook, _ context: ActivityContext) async throws { throw PluginError("really run") }
    func preconditions(of operation: OperationKind, _ context: PreconditionContext) async -> [Precondition] {
        asked.withLock { $0.append("\(operation.rawValue) \(context.resource.id)") }
        return find(context.resource.id, context)
    }
}

/// A bank in memory with as much room as the test says, and an obstacle.
private final class SmallBank: Bank {
    private let inner = InMemoryBank.early()
    let place = "small"
    let room: BankCapacity?
    let obstacle: String?

    init(free: Int64?, objects: Int64? = nil, obstacle: String? = nil) {
        room = free.map { BankCapacity(freeBytes: $0, totalBytes: 1 << 40, freeObjects: objects) }
        self.obstacle = obstacle
    }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        throw BankError.forbidden(key.text, reason: "a dry run writes nothing")
    }
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 { throw BankError.forbidden(key.text, reason: "a dry run writes nothing") }
    func get(_ key: BankKey) async throws -> [UInt8] { try await inner.get(key) }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await inner.getVersioned(key)
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await inner.stream(key)
    }
    func size(_ key: BankKey) async throws -> Int64? { try await inner.size(key) }
    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        throw BankError.forbidden(key.text, reason: "a dry run writes nothing")
    }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await inner.list(below: prefix, after: after, limit: limit)
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await inner.names(below: prefix, after: after, limit: limit)
    }
    func modified(_ key: BankKey) async throws -> Int64? { try await inner.modified(key) }
    func capacity() async throws -> BankCapacity? { room }
    func survey() async throws -> BankSurvey { BankSurvey(writeObstacle: obstacle) }
}

@Suite struct DryRunTests {
    private func dryRun(_ plugin: any ProtectionPlugin, digest: SHA256Digest = Workbench.digest) -> DryRun {
        DryRun(plugins: ["scripted": LoadedPlugin(plugin: plugin, version: 1, digest: digest)], jobs: 2)
    }

    @Test func theWalkIsInTheOrderOfTheEngineAndAsksForEveryResourceOnce() async throws {
        let plugin = LookingPlugin { id, _ in [Precondition(id, id == "r2" ? .unmet : .met, "was looked at")] }
        let report = await dryRun(plugin).protect(Workbench.ir([[1], [2], []]), bank: SmallBank(free: nil))
        var bench = Workbench(InMemoryBank.early())
        bench.jobs = 1
        _ = try await bench.protect(Workbench.ir([[1], [2], []]))
        #expect(
            report.activities.map { "protect \($0.hook.name) \($0.identity.split(separator: "#")[1])" }
                == bench.plugin.allCalls)
        #expect(plugin.asked.withLock { $0.sorted() } == ["protect r0", "protect r1", "protect r2"])
        #expect(
            report.findings.compactMap { $0.resource.isEmpty ? nil : $0.precondition.subject } == ["r0", "r1", "r2"])
        #expect(report.count(.unmet) == 1 && report.resources == 3)
    }

    /// What has no hook in the operation is asked for all the same, behind the others.
    @Test func resourcesWithoutActivitiesAreAskedForToo() async throws {
        let plugin = LookingPlugin { id, _ in [Precondition(id, .met, "was looked at")] }
        let report = await dryRun(plugin).protect(
            Workbench.ir([[1], []], hooks: []), bank: SmallBank(free: nil))
        #expect(report.activities.isEmpty)
        #expect(plugin.asked.withLock { $0.count } == 2)
    }

    @Test(
        arguments: [
            (1_000, nil, Precondition.State.met), (100, nil, .unmet), (0, nil, .unmet), (600, 200, .doubtful),
            (100, 200, .unmet), (1_000, 200, .met), (nil, nil, .met),
        ] as [(Int64?, Int64?, Precondition.State)])
    func roomIsComparedWithWhatIsExpected(_ free: Int64?, _ earlier: Int64?, _ state: Precondition.State) async throws {
        let plugin = LookingPlugin { id, _ in [Precondition(id, .met, "is large", bankBytes: 400)] }
        let report = await dryRun(plugin).protect(
            Workbench.ir([[1], []]), bank: SmallBank(free: free), earlierBytes: earlier)
        let room = try #require(report.findings.first { $0.precondition.subject.hasPrefix("room") })
        #expect(room.precondition.state == state, "\(room)")
        #expect(report.bankBytes == 800)
    }

    @Test func withoutGuessesTheLastCheckpointTells() async throws {
        let plugin = LookingPlugin { _, _ in [] }
        let report = await dryRun(plugin).protect(
            Workbench.ir([[]]), bank: SmallBank(free: 100), earlierBytes: 200)
        #expect(report.bankBytes == 200 && report.count(.unmet) == 1)
    }

    @Test func aBankThatRefusesWritesIsUnmetForWriters() async throws {
        let plugin = LookingPlugin { _, _ in [] }
        let bank = SmallBank(free: 1 << 30, obstacle: "it is full of bees")
        let report = await dryRun(plugin).protect(Workbench.ir([[]]), bank: bank)
        #expect(
            report.findings.contains { $0.precondition.state == .unmet && $0.precondition.finding.contains("bees") })
        #expect(await BankCheck(bank).rights(needed: false).state == .doubtful)
        #expect(await BankCheck(SmallBank(free: 1, objects: 0)).room(for: []).state == .unmet)
        #expect(await BankCheck(SmallBank(free: 1 << 40, objects: 12)).room(for: []).state == .doubtful)
    }

    @Test func whatARunWouldRefuseIsAFindingAmongTheOthers() async throws {
        let plugin = LookingPlugin { id, _ in [Precondition(id, .met, "was looked at")] }
        let report = await dryRun(plugin, digest: SHA256Digest(of: [1])).protect(
            Workbench.ir([[]]), bank: nil,
            bankFindings: [BankCheck.unavailable("/mnt", BankError.noBank(place: "/mnt"))])
        #expect(report.count(.unmet) == 2 && report.count(.met) == 1)
        let none = await DryRun(plugins: [:], jobs: 1).protect(Workbench.ir([[]]), bank: SmallBank(free: nil))
        #expect(none.findings.contains { $0.precondition.finding.contains("which this cairn does not have") })
    }

    @Test func otherOperationsReadTheDefinitionsAndWriteNothing() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir(diamond)).checkpoint
        let before = bank.contents
        let lengths = Mutex<[String: Int64]>([:])
        let plugin = LookingPlugin { id, context in
            lengths.withLock { $0[id] = context.definition["length"]?.integerValue }
            return []
        }
        let loaded = try await LoadedCheckpoint.load(id, from: bench.collection)
        let target = RestoreTarget(directory: "/tmp", overwrite: false)
        let restored = await dryRun(plugin).restore(loaded, to: target, from: bench.collection)
        #expect(restored.count(.unmet) == 0 && restored.checkpoint == id && restored.activities.count == 16)
        #expect(lengths.withLock { $0 } == ["r0": 13, "r1": 13, "r2": 13, "r3": 13])
        #expect(await dryRun(plugin).verify(loaded, from: bench.collection).count(.unmet) == 0)
        let summary = try #require(try await bench.collection.summary(id))
        let deleted = await dryRun(plugin).delete(summary, force: false, from: bench.collection)
        #expect(deleted.count(.unmet) == 0 && deleted.activities.count == 16)
        #expect(bank.contents == before)
    }

    /// What the real one would refuse is not promised.
    @Test func aDeletionThatWouldBeRefusedIsUnmet() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let (collection, plugin) = (bench.collection, LookingPlugin { _, _ in [] })
        let summary = try #require(try await collection.summary(id))
        func unmet(force: Bool = false, isGone: Bool = true) async -> [String] {
            await dryRun(plugin).delete(summary, force: force, from: collection) { _ in isGone }.findings
                .map(\.precondition).filter { $0.state == .unmet }.map(\.finding)
        }
        #expect(await unmet().isEmpty)
        try await collection.pin(id, by: "ada", reason: "", now: bench.environment.now())
        for force in [false, true] {
            let found = await unmet(force: force)
            #expect(found.count == 1 && found[0].contains("'cairn checkpoints unpin \(id)'"), "\(found)")
        }
        try await collection.unpin(id)
        try await collection.using(id, "restore", now: bench.environment.now()) {
            #expect(await unmet(isGone: false).count == 1)
            #expect(await unmet(isGone: true).isEmpty)
        }
    }

    @Test func aRestoreThatCouldBeResumedIsNamed() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank, ScriptedPlugin { if $0 == "restore main r0" { throw PluginError("no disk") } })
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let loaded = try await LoadedCheckpoint.load(id, from: bench.collection)
        let target = RestoreTarget(directory: "/there", overwrite: false)
        let failed = try await RestoreOperation.restore(loaded, to: target, bench.environment).run()
        #expect(failed.commit.status == .fail)
        let plugin = LookingPlugin { _, _ in [] }
        let report = await dryRun(plugin).restore(loaded, to: target, from: bench.collection)
        let advice = report.findings.map(\.precondition.advice).filter { $0.contains("cairn resume") }
        #expect(advice.count == 1 && advice[0].contains("'cairn resume \(failed.commit.id)'"), "\(report.findings)")
        #expect(report.count(.unmet) == 0)
        let elsewhere = RestoreTarget(directory: "/elsewhere", overwrite: false)
        let other = await dryRun(plugin).restore(loaded, to: elsewhere, from: bench.collection)
        #expect(!other.findings.contains { $0.precondition.advice.contains("cairn resume") })
    }

    @Test func damageIsFound() async throws {
        let bank = InMemoryBank.early()
        let bench = Workbench(bank)
        let id = try await bench.protect(Workbench.ir([[]])).checkpoint
        let loaded = try await LoadedCheckpoint.load(id, from: bench.collection)
        try await bank.delete(CheckpointKeys(id).epoch(1), if: .none)
        let plugin = LookingPlugin { _, _ in [] }
        #expect(await dryRun(plugin).verify(loaded, from: bench.collection).count(.unmet) == 1)
        let restored = await dryRun(plugin).restore(
            loaded, to: RestoreTarget(directory: nil, overwrite: false), from: bench.collection)
        #expect(restored.count(.unmet) == 0 && restored.count(.doubtful) == 1)
        try await bank.delete(CheckpointKeys(id).index, if: .none)
        let summary = try #require(try await bench.collection.summary(id))
        #expect(await dryRun(plugin).delete(summary, force: false, from: bench.collection).count(.unmet) > 0)
        #expect(await dryRun(plugin).delete(summary, force: true, from: bench.collection).count(.unmet) == 0)
    }
}
