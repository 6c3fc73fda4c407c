import Bank
import CanonicalForm
import Checkpoints
import DirectoryBank
import Engine
import PlanIR
import PluginKit
import Scheduling
import Surroundings

/// Makes banks to measure, and measures what a bank in a directory is asked for.
///
/// usage: BankBench fill DIRECTORY COUNT        checkpoints without resources, an hour apart, of the plan 'bench'
///        BankBench protect DIRECTORY COUNT     checkpoints of one resource with one artifact
///        BankBench create DIRECTORY COUNT      the same without resources; prints milliseconds each
///        BankBench page DIRECTORY ROUNDS       prints milliseconds of the newest page of 50, and of one in the middle
@main
struct BankBench {
    /// 2015-01-01.
    private static let start: Int64 = 1_420_070_400_000
    private static let owner = Owner(
        id: "0000000000000000", host: "h", process: 1, boot: "b", processStart: 1, namespace: "n")
    private static let digest = SHA256Digest(of: Array("manifest".utf8))

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3, let number = Int(arguments[2]) else {
            print("usage: BankBench fill|protect|create|page DIRECTORY NUMBER")
            return
        }
        let bank = try DirectoryBank(path: arguments[1])
        let collection = CheckpointCollection(
            bank: bank, owner: owner, consistency: .compareAndSwap, hasEnded: { _ in true })
        if arguments[0] != "page" {
            try await bank.createRoot()
            do { _ = try await BankFormat.open(bank: bank) } catch BankError.noBank {
                _ = try await BankFormat.initialize(bank: bank, created: Timestamp.now().description)
            }
        }
        switch arguments[0] {
        case "fill": try await fill(collection, number)
        case "protect": try await protect(collection, number, plan(resources: 1), width: 8)
        case "create":
            let started = ContinuousClock.now
            try await protect(collection, number, plan(resources: 0), width: 1)
            print(started.duration(to: .now) / .milliseconds(1) / Double(number))
        case "page": try await page(arguments[1], number)
        default: print("usage: BankBench fill|protect|create|page DIRECTORY NUMBER")
        }
    }

    private static func fill(_ collection: CheckpointCollection, _ count: Int) async throws {
        let ir = plan(resources: 0).encoded.bytes
        _ = try await concurrentMap(0..<count, width: 16) { number in
            let created = Timestamp(milliseconds: start + Int64(number) * 3_600_000)
            let index = CheckpointIndex(
                id: CheckpointID.random(), plan: "bench", provider: "bench", created: created, owner: owner,
                irDigest: SHA256Digest(of: ir), resources: 0)
            try await collection.create(index, ir: ir)
            try await collection.commit(
                CommitRecord(
                    checkpoint: index.id, epoch: 1, status: .available, finished: created, resources: [],
                    failures: [], contentBytes: 0, journalSegments: 0, definitions: .packs([])))
            try await collection.publish(index)
            try await collection.settle(index.id)
        }
    }

    private static func protect(
        _ collection: CheckpointCollection, _ count: Int, _ ir: PlanIR, width: Int
    ) async throws {
        let bytes = ir.encoded.bytes
        let plugin = LoadedPlugin(plugin: SmallPlugin(), version: 1, digest: digest)
        _ = try await concurrentMap(0..<count, width: width) { number in
            let environment = ExecutionEnvironment(
                collection: collection, plugins: ["small": plugin], concurrency: Concurrency(jobs: 1),
                observer: SilentObserver(), clock: HourClock(number: number))
            _ = try await ProtectOperation(environment, ir: ir, irBytes: bytes).run()
        }
    }

    private static func page(_ path: String, _ rounds: Int) async throws {
        let middle = CheckpointCollection.Cursor("20150115T000000.000Z@0000000000000000")
        var times: [[Double]] = [[], []]
        for round in 0...rounds {
            for (place, cursor) in [nil, middle].enumerated() {
                // As a command begins: with nothing opened.
                let bank = try DirectoryBank(path: path)
                let collection = CheckpointCollection(
                    bank: bank, owner: owner, consistency: .compareAndSwap, hasEnded: { _ in true })
                let started = ContinuousClock.now
                let page = try await collection.page(
                    .init(plan: "bench", provider: "bench"), after: cursor, limit: 50, annotated: true)
                let time = started.duration(to: .now) / .milliseconds(1)
                guard page.checkpoints.count == 50 else {
                    print("a page has \(page.checkpoints.count) checkpoints")
                    return
                }
                if round > 0 { times[place].append(time) }
            }
        }
        for times in times { print(times.sorted()[times.count / 2]) }
    }

    private static func plan(resources count: Int) -> PlanIR {
        let dependents = DependentLists((0..<count).map { _ in [] })
        let hooks = Hook.allCases
        let activities = (0..<count).flatMap { resource in
            hooks.map { ActivityGraph.Activity(resource: Int32(resource), hook: $0, isBarrier: $0 != .main) }
        }
        let graph = ActivityGraph(activities: activities, ordering: dependents)
        return PlanIR(
            plan: "bench", description: "", provider: .init(name: "bench", digest: digest), sources: [],
            plugins: [.init(name: "small", version: 1, digest: digest)], parameterSets: [JSONObject()],
            resources: (0..<count).map { number in
                .init(
                    type: "Bench::Thing", id: "r\(number)", name: "", properties: JSONObject(), plugin: 0,
                    parameters: [0, 0, 0], dependents: [])
            }, triggers: [], retention: JSONObject(), graphs: OperationKind.allCases.map { _ in graph })
    }
}

/// A clock that stands on an hour of its own.
private struct HourClock: RunClock {
    let number: Int
    var wallMilliseconds: Int64 { 1_420_070_400_000 + Int64(number) * 3_600_000 }
    var monotonicNanoseconds: Int64 { SystemClock().monotonicNanoseconds }
    func sleep(nanoseconds: Int64) async throws { try await SystemClock().sleep(nanoseconds: nanoseconds) }
}

/// A plugin that saves a kilobyte.
private struct SmallPlugin: ProtectionPlugin {
    let name = "small"

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject {
        guard hook == .main else { return [:] }
        let writer = try await context.artifacts.writer("data")
        try await writer.write([UInt8](repeating: 42, count: 1024))
        _ = try await writer.finish()
        return [:]
    }

    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}
}
