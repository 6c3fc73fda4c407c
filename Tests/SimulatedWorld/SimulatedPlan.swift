internal import CanonicalForm
internal import PlanIR
internal import PlanTestSupport
internal import ScheduleTestSupport
package import SeededRandom

/// A plan of a random shape: services that are quiesced, and data that are copied meanwhile or live.
package struct SimulatedPlan: Sendable {
    /// What a resource is.
    enum Kind: Sendable {
        /// Quiesced in `prepareBegin`, resumed in `prepareFinish`.
        case service
        /// Copied in `prepareFinish`, while all above stands still.
        case quiescedData
        /// Copied in `main`.
        case liveData
        /// Its plugin has nothing to do.
        case idle
    }

    /// The type of what is quiesced.
    static let serviceType = "Test::Service"
    static let digest = SHA256Digest(of: Array("simulated".utf8))

    let dependents: [[Int32]]
    let kinds: [Kind]
    /// For each resource the hooks that do work, as bits.
    let works: [UInt8]
    /// For each resource the services above it.
    let servicesAbove: [[Int]]
    private let order: Relation

    /// A plan of at most `limit` resources, with services in it or without.
    package init(upTo limit: Int, hasServices: Bool = true, _ generator: inout SeededGenerator) {
        let shape = ResourceShape.allCases[Int(generator.next() % UInt64(ResourceShape.allCases.count))]
        let dependents = shape.dependents(upTo: limit, &generator)
        let kinds = dependents.map { children -> Kind in
            let chance = generator.next() % 10
            guard hasServices else { return chance < 7 ? .liveData : .idle }
            if !children.isEmpty { return chance < 7 ? .service : chance < 9 ? .idle : .quiescedData }
            return chance < 7 ? .quiescedData : chance < 9 ? .liveData : .idle
        }
        works = kinds.map { kind in
            // Hooks that do nothing but take part in the order.
            let others = UInt8(truncatingIfNeeded: generator.next() & generator.next() & 0b1111)
            switch kind {
            case .service: return 0b0011 | others
            case .quiescedData: return 0b0010 | others
            case .liveData: return 0b0100 | others
            case .idle: return 0
            }
        }
        self.dependents = dependents
        self.kinds = kinds
        order = NaiveOrder.relation(dependents)
        var above = [Set<Int>](repeating: [], count: dependents.count)
        // As often as there are resources, so that it reaches from any to any.
        for _ in dependents.indices {
            for (parent, children) in dependents.enumerated() {
                for child in children {
                    above[Int(child)].formUnion(above[parent])
                    if kinds[parent] == .service { above[Int(child)].insert(parent) }
                }
            }
        }
        servicesAbove = above.map { $0.sorted() }
    }

    var services: [Int] { kinds.indices.filter { kinds[$0] == .service } }

    func works(_ resource: Int, _ hook: Int) -> Bool { works[resource] & (1 << UInt8(hook)) != 0 }

    /// The working hooks that come before one, as `resource * 4 + hook`.
    func workBefore(_ resource: Int, _ hook: Int) -> [Int] {
        (0..<dependents.count * 4).filter { other in
            works(other / 4, other % 4) && order.holds(other + 2, resource * 4 + hook + 2)
        }
    }

    func name(_ resource: Int, _ hook: Int) -> String { "\(Hook.allCases[hook].name):r\(resource)" }

    /// The plan as it is compiled, without the edge of that number where one is given.
    func ir(withoutEdge dropped: Int? = nil) -> PlanIR {
        let whole = graph(dependents) { [works] resource, hook in
            works[Int(resource)] & (1 << UInt8(hook.rawValue)) == 0
        }
        var edges: [(from: Int32, to: Int32)] = []
        for origin in 0..<Int32(whole.count) {
            for target in whole.successors(of: origin) { edges.append((origin, target)) }
        }
        // Only an edge between hooks means anything: what follows the start or precedes the finish does so anyway.
        let inner = edges.indices.filter { edges[$0].from > 1 && edges[$0].to > 1 }
        if let dropped, !inner.isEmpty { edges.remove(at: inner[dropped % inner.count]) }
        let graph = ActivityGraph(activities: whole.activities, edges: edges)
        return PlanIR(
            plan: "simulated", description: "", provider: .init(name: "local", digest: Self.digest), sources: [],
            plugins: [.init(name: "simulated", version: 1, digest: Self.digest)], parameterSets: [JSONObject()],
            resources: dependents.enumerated().map { number, children in
                .init(
                    type: kinds[number] == .service ? Self.serviceType : "Test::Thing", id: "r\(number)", name: "",
                    properties: JSONObject(), plugin: 0,
                    parameters: [0, 0, 0], dependents: children)
            }, triggers: [], retention: JSONObject(), graphs: OperationKind.allCases.map { _ in graph })
    }
}
