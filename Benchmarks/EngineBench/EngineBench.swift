import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import Engine
import Glibc
import PlanIR
import PluginKit
import Scheduling

/// Measures the engine by itself, in CPU time: the driver with a runner that does nothing, and a whole protect run with
/// a plugin that does nothing over a bank in memory.
///
/// usage: EngineBench RESOURCES ROUNDS; prints a line for each: what, activities, microseconds each, the bar.
@main
struct EngineBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (resources, rounds) = (arguments.first ?? 10_000, arguments.dropFirst().first ?? 5)
        let ir = plan(resources)
        let activities = ir.graph(.protect).activities.count
        var driver: [Double] = []
        var protect: [Double] = []
        for round in 0...rounds {
            let driven = await processorTime {
                _ = await Driver.run(ir.graph(.protect), RunSettings(jobs: 4), runner: IdleRunner())
            }
            let protected = try await processorTime { try await protectOnce(ir) }
            if round > 0 {
                driver.append(driven)
                protect.append(protected)
            }
        }
        for (what, times, bar) in [("ordered", driver, "2"), ("protected", protect, "-")] {
            let each = times.sorted()[times.count / 2] / Double(activities) * 1e6
            print(what, activities, (each * 1000).rounded() / 1000, bar)
        }
    }

    /// A tree of resources of which each but the first has an earlier one as a dependent.
    private static func plan(_ count: Int) -> PlanIR {
        let dependents = DependentLists((0..<count).map { number in number == 0 ? [] : [Int32(number * 7 / 8)] })
        let hooks = Hook.allCases
        let activities = (0..<count).flatMap { resource in
            hooks.map { ActivityGraph.Activity(resource: Int32(resource), hook: $0, isBarrier: false) }
        }
        let graph = ActivityGraph(activities: activities, ordering: dependents)
        let digest = SHA256Digest(of: Array("manifest".utf8))
        return PlanIR(
            plan: "bench", description: "", provider: .init(name: "bench", digest: digest), sources: [],
            plugins: [.init(name: "idle", version: 1, digest: digest)], parameterSets: [JSONObject()],
            resources: (0..<count).map { number in
                .init(
                    type: "Bench::Thing", id: "r\(number)", name: "", properties: JSONObject(), plugin: 0,
                    parameters: [0, 0, 0], dependents: number == 0 ? [] : [Int32(number * 7 / 8)])
            }, triggers: [], retention: JSONObject(), graphs: OperationKind.allCases.map { _ in graph })
    }

    private static func protectOnce(_ ir: PlanIR) async throws {
        let owner = Owner(id: "0000000000000000", host: "h", process: 1, boot: "b", processStart: 1, namespace: "n")
        let collection = CheckpointCollection(
            bank: InMemoryBank(), owner: owner, consistency: .compareAndSwap, hasEnded: { _ in false })
        let plugin = LoadedPlugin(plugin: IdlePlugin(), version: 1, digest: SHA256Digest(of: Array("manifest".utf8)))
        let environment = ExecutionEnvironment(
            collection: collection, plugins: ["idle": plugin], concurrency: Concurrency(jobs: 4),
            observer: SilentObserver())
        _ = try await ProtectOperation(environment, ir: ir, irBytes: ir.encoded.bytes).run()
    }

    /// The CPU time of all threads while `body` runs, in seconds.
    private static func processorTime(_ body: @Sendable () async throws -> Void) async rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        try await body()
        return now() - start
    }
}

private struct IdleRunner: ActivityRunner {
    func run(_ number: Int32, _ activity: ActivityGraph.Activity) async -> ActivityEnd { .finished }
}

private struct IdlePlugin: ProtectionPlugin {
    let name = "idle"
    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}
}
