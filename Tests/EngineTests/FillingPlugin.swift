import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import PlanIR
import PluginKit
import Synchronization

@testable import Engine

/// The places that restores fill, as they outlive every process: by resource, what is there now.
final class Places: Sendable {
    let contents = Mutex<[String: String]>([:])

    static let half = "half"
    static let users = "what the user had"
    static func whole(_ id: String) -> String { "whole \(id)" }

    subscript(id: String) -> String? {
        get { contents.withLock { $0[id] } }
        set { contents.withLock { $0[id] = newValue } }
    }
}

/// A plugin whose resources are places: restoring one refuses what is there, unless it may be replaced.
final class FillingPlugin: ProtectionPlugin {
    let name = "scripted"
    let places: Places
    /// The restores that were begun, by id.
    let calls = Mutex<[String]>([])
    /// Runs while a place is half filled.
    let act: @Sendable (String) async throws -> Void

    init(_ places: Places, _ act: @escaping @Sendable (String) async throws -> Void = { _ in }) {
        self.places = places
        self.act = act
    }

    var takesPlaces: Bool { true }

    func rehearsal(of resource: ResourceDescription, protectParameters: JSONObject) -> RehearsalWay {
        .restored(proof: "filled")
    }

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}

    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {
        guard hook == .main else { return }
        let id = context.resource.id
        calls.withLock { $0.append(id) }
        guard places[id] == nil || target.overwrite || context.place.isTaken else {
            throw PluginError("'\(id)' is there already")
        }
        try await context.place.take()
        places[id] = Places.half
        try await act(id)
        places[id] = Places.whole(id)
    }
}

extension Workbench {
    /// Waits until the journal of the one restore in the bank says that another resource is done, and this one begun.
    func waitUntilNoted(before id: String, andAllOf other: String? = nil) async throws {
        for _ in 0..<2000 {
            for operation in try await collection.operations() {
                guard let standing = operation.standing else { continue }
                let checkpoint = try await collection.index(standing.index.checkpoint)
                let ir = try await LoadedCheckpoint.loadIR(checkpoint, from: collection)
                let events = try await collection.operationJournal(standing, ir)
                let begun = events.contains { event in
                    ir.resources[event.resource].id == id && event.hook == .main && event.change == .started(attempt: 1)
                }
                let isOtherDone = other.map { other in
                    events.contains { event in
                        guard case .finished = event.change else { return false }
                        return ir.resources[event.resource].id == other && event.hook == .complete
                    }
                }
                if begun, isOtherDone ?? true { return }
            }
            try await StillClock().sleep(nanoseconds: 10_000_000)
        }
        throw PluginError("the journal never came into the bank")
    }

    /// A bench over a bank that is no better than its level, and that a test lets fail.
    static func degraded(to level: ConsistencyLevel) -> (bench: Workbench, bank: FaultyBank) {
        var troubles = BankTroubles()
        troubles.raceWindow = 0
        let bank = FaultyBank(DegradedBank(InMemoryBank.early(), to: level, troubles: troubles))
        var bench = Workbench(bank)
        bench.consistency = level
        return (bench, bank)
    }
}

/// A host that restores from a bank: its own processes, each with an owner of its own, over places that outlive them.
struct RestoringHost {
    let collection: CheckpointCollection
    let plugin: any ProtectionPlugin
    var jobs = 1
    let observer = RecordingObserver()

    init(_ bench: Workbench, _ plugin: any ProtectionPlugin, host: String = "here", boot: String = "b") {
        let owner = Owner(
            id: CheckpointID.random().text, host: host, process: 2, boot: boot, processStart: 1, namespace: "n")
        collection = CheckpointCollection(
            bank: bench.bank, owner: owner, consistency: bench.consistency, hasEnded: { _ in true })
        self.plugin = plugin
    }

    var environment: ExecutionEnvironment {
        ExecutionEnvironment(
            collection: collection,
            plugins: ["scripted": LoadedPlugin(plugin: plugin, version: 1, digest: Workbench.digest)],
            concurrency: Concurrency(jobs: jobs), observer: observer, clock: StillClock())
    }

    func restore(
        _ id: CheckpointID, _ request: OperationRequest = OperationRequest()
    ) async throws -> OperationReport {
        try await RestoreOperation.restore(
            try await LoadedCheckpoint.load(id, from: collection), request, environment
        ).run()
    }

    func resume(_ id: CheckpointID) async throws -> OperationReport {
        try await RestoreResumption(environment, operation: id).run()
    }

    /// The operation that was begun, if its record came into the bank.
    func operation() async throws -> OperationSummary? { try await collection.operations().first }
}
