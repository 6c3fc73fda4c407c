import PlanIR
import PlanTestSupport
import SeededRandom
import Testing

/// A resource graph at random, and a plan that says the same in YAML: some dependents are nested, others are named.
private struct RandomPlan {
    let dependents: [[Int32]]
    /// `TYPE#ID` of each resource.
    private(set) var identities: [String] = []
    /// When a directory is copied, where the plan says so.
    private(set) var consistency: [String?] = []
    private(set) var text = ""
    private var types: [String] = []
    private var nested: [[Int]]
    private var named: [[Int]]

    static let directory = "Host::FileSystem::Directory"

    init(_ shape: ResourceShape, _ generator: inout SeededGenerator) {
        dependents = shape.dependents(upTo: 12, &generator)
        nested = dependents.map { _ in [] }
        named = nested
        var parents = nested
        for (parent, children) in dependents.enumerated() {
            for child in children { parents[Int(child)].append(parent) }
        }
        var topLevel: [Int] = []
        for resource in dependents.indices {
            // Two resources have the same id each time, and other types.
            let isFirst = resource % 2 == 0
            types.append(
                [isFirst ? "Test::Thing" : "Test::Service", Self.directory].randomElement(using: &generator) ?? "")
            if !isFirst && types[resource] == types[resource - 1] { types[resource] = "Test::Other" }
            identities.append("\(types[resource])#r\(resource / 2)")
            consistency.append([nil, "live", "quiesced"].randomElement(using: &generator) ?? nil)
            // One parent may have it nested; the others name it, and without such a parent it is at top level.
            var others = parents[resource].shuffled(using: &generator)
            if Int.random(in: 0..<3, using: &generator) > 0, let parent = others.popLast() {
                nested[parent].append(resource)
            } else {
                topLevel.append(resource)
            }
            for parent in others { named[parent].append(resource) }
        }
        for resource in topLevel.shuffled(using: &generator) { write(resource, indent: "  ") }
    }

    /// Plans in tests are not deep, so this may call itself.
    private mutating func write(_ resource: Int, indent: String) {
        let number = resource / 2
        text += "\(indent)- id: r\(number)\n\(indent)  type: \(types[resource])\n"
        if types[resource] == Self.directory {
            text += "\(indent)  properties: {path: /srv/d\(resource)}\n"
            if let when = consistency[resource] { text += "\(indent)  parameters: {consistency: \(when)}\n" }
        }
        if !named[resource].isEmpty {
            // Identities are always plain; the id alone will do where only one resource has it.
            let names = named[resource].map { other in
                identities.count { $0.hasSuffix("#r\(other / 2)") } == 1 ? "r\(other / 2)" : identities[other]
            }
            text += "\(indent)  dependsOn: [\(names.map { "\"\($0)\"" }.joined(separator: ", "))]\n"
        }
        if !nested[resource].isEmpty {
            text += "\(indent)  resources:\n"
            for child in nested[resource] { write(child, indent: indent + "    ") }
        }
    }

    /// The hooks in which something is to be done, as the manifests of the two plugins word it.
    func work(_ resource: Int, _ operation: OperationKind) -> Set<Hook> {
        guard types[resource] == Self.directory else { return Set(Hook.allCases) }
        switch operation {
        case .protect: return consistency[resource] == "quiesced" ? [.prepareFinish] : [.main]
        case .restore, .verify: return [.main]
        case .delete, .copy: return []
        }
    }
}

@Suite("Compiled plans against the wording of the order rules") struct NaiveOrderPlanTests {
    @Test("Every operation of random plans has the order and the work that was asked for")
    func randomPlans() throws {
        let seed = testSeed()
        print("NaiveOrderPlanTests.randomPlans: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<160 {
            let shape = ResourceShape.allCases[round % ResourceShape.allCases.count]
            let random = RandomPlan(shape, &generator)
            let place: Comment = "seed \(seed), round \(round), \(shape)\n\(random.text)"
            let ir = try #require(CompiledPlans.ir(random.text), place)
            #expect(ir.resources.count == random.dependents.count, place)
            // Each resource is there once, whoever has it; its place in the IR is that in the text.
            let positions = random.identities.map { identity in
                ir.resources.indices.filter { ir.resources[$0].identity == identity }
            }
            #expect(positions.allSatisfy { $0.count == 1 }, place)
            let numbers = positions.flatMap(\.self).flatMap { position in
                Hook.allCases.map { ActivityOrder.number(Int32(position), $0) }
            }
            let expected = NaiveOrder.relation(random.dependents)
            for operation in OperationKind.allCases {
                let graph = ir.graph(operation)
                #expect(Relation(graph).among([0, 1] + numbers) == expected, place)
                for (resource, position) in positions.flatMap(\.self).enumerated() {
                    let working = Hook.allCases.filter { hook in
                        graph.activity(ActivityOrder.number(Int32(position), hook))?.isBarrier == false
                    }
                    #expect(Set(working) == random.work(resource, operation), place)
                }
            }
        }
    }

    @Test("A resource at top level that is somebody's dependent is one node, and no root")
    func listedTwice() throws {
        let ir = try #require(
            CompiledPlans.ir(
                """
                  - {id: disk, type: Test::Disk}
                  - {id: web, type: Test::Service, dependsOn: [disk]}
                  - {id: mail, type: Test::Service, dependsOn: [disk]}
                """))
        #expect(ir.resources.map(\.id) == ["disk", "web", "mail"])
        for operation in OperationKind.allCases {
            let roots = ir.graph(operation).successors(of: ActivityGraph.start)
            #expect(roots == [ActivityOrder.number(1, .prepareBegin), ActivityOrder.number(2, .prepareBegin)])
            #expect(Relation(ir.graph(operation)) == NaiveOrder.relation([[], [0], [0]]))
        }
    }

    @Test("Two types with one id are two nodes") func sameID() throws {
        let ir = try #require(
            CompiledPlans.ir(
                """
                  - {id: shop, type: Test::Project, dependsOn: ["Test::Network#shop"]}
                  - {id: shop, type: Test::Network}
                """))
        #expect(ir.resources.map(\.identity) == ["Test::Project#shop", "Test::Network#shop"])
        for operation in OperationKind.allCases {
            #expect(Relation(ir.graph(operation)) == NaiveOrder.relation([[1], []]))
        }
    }
}
