import CanonicalForm
import PlanIR
import ScheduleTestSupport

/// Compiled plans made by hand.
enum Plans {
    struct Thing {
        var type = "Host::FileSystem::Directory"
        var id: String
        var name: String?
        var plugin: Int32 = 0
        var dependents: [Int32] = []
        var hooks: Set<Hook> = [.main]
    }

    static func ir(_ name: String, _ things: [Thing], plugins: [String] = ["files", "service", "noop"]) -> PlanIR {
        let digest = SHA256Digest(of: [])
        let graph = graph(things.map(\.dependents)) { !things[Int($0)].hooks.contains($1) }
        return PlanIR(
            plan: name, description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: plugins.map { .init(name: $0, version: 1, digest: digest) }, parameterSets: [[:]],
            resources: things.map {
                PlanIR.Resource(
                    type: $0.type, id: $0.id, name: $0.name ?? $0.id, properties: [:], plugin: $0.plugin,
                    parameters: [0, 0, 0], dependents: $0.dependents)
            }, triggers: [], retention: [:], graphs: OperationKind.allCases.map { _ in graph })
    }

    /// A shop: two services that are quiesced, a shared database, directories.
    static let shop = ir(
        "shop",
        [
            Thing(
                type: "Host::Process::Service", id: "web", name: "Shop web server", plugin: 1, dependents: [1, 2],
                hooks: [.prepareBegin, .prepareFinish]),
            Thing(type: "Host::PostgreSQL::Database", id: "shopdb", plugin: 2, hooks: [.prepareFinish, .main]),
            Thing(id: "uploads", name: "Uploads of customers", hooks: [.prepareFinish, .main, .complete]),
            Thing(
                type: "Host::Process::Service", id: "mailer", plugin: 1, dependents: [1],
                hooks: [.prepareBegin, .prepareFinish]),
            Thing(id: "etc", name: "Configuration & <secrets>"),
        ])

    /// So many directories, below parents that are quiesced.
    static func many(_ count: Int) -> PlanIR {
        ir(
            "many",
            (0..<count).map { number in
                if number % 20 == 0 {
                    return Thing(
                        type: "Host::Process::Service", id: "service-\(number)", plugin: 1,
                        dependents: (number + 1..<min(count, number + 20)).map(Int32.init),
                        hooks: [.prepareBegin, .prepareFinish])
                }
                return Thing(
                    id: "directory-\(number)", name: "Directory number \(number)", plugin: number % 3 == 0 ? 2 : 0,
                    hooks: number % 4 == 0 ? [.prepareFinish, .main] : [.main])
            })
    }
}
