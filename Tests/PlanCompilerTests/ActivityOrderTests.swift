import Diagnostics
import PlanCompiler
import PlanIR
import PlanLanguage
import PlanTestSupport
import SeededRandom
import Testing
import YAMLSource

/// The activity graph against a reference that says the rules one by one and walks naively.
struct ActivityOrderTests {
    /// All pairs (a before b) that the rules demand, as reachability over the rules' own edges.
    private struct Reference {
        var edges: [String: Set<String>] = [:]

        mutating func add(_ from: String, _ to: String) { edges[from, default: []].insert(to) }

        init(_ dependents: [[Int]]) {
            for (parent, children) in dependents.enumerated() {
                add("begin\(parent)", "finish\(parent)")
                add("finish\(parent)", "main\(parent)")
                add("main\(parent)", "complete\(parent)")
                for child in children {
                    add("begin\(parent)", "begin\(child)")
                    add("finish\(child)", "finish\(parent)")
                    add("complete\(child)", "complete\(parent)")
                }
                // Naive: the ends are tied to every activity, not only to the outermost.
                for hook in ["begin", "finish", "main", "complete"] {
                    add("start", "\(hook)\(parent)")
                    add("\(hook)\(parent)", "end")
                }
            }
        }

        func after(_ node: String) -> Set<String> {
            var seen: Set<String> = []
            var stack = [node]
            while let next = stack.popLast() {
                for target in edges[next] ?? [] where seen.insert(target).inserted { stack.append(target) }
            }
            return seen
        }
    }

    private static let names = ["begin", "finish", "main", "complete"]

    private func name(_ number: Int32, _ graph: ActivityGraph) -> String {
        guard let activity = graph.activity(number) else { return number == ActivityGraph.start ? "start" : "end" }
        return Self.names[Int(activity.hook.rawValue)] + "\(activity.resource)"
    }

    private func after(_ number: Int32, _ graph: ActivityGraph) -> Set<String> {
        var seen: Set<Int32> = []
        var stack = [number]
        while let next = stack.popLast() {
            for target in graph.successors(of: next) where seen.insert(target).inserted { stack.append(target) }
        }
        return Set(seen.map { name($0, graph) })
    }

    private func compare(_ dependents: [[Int]], _ note: String) throws {
        let compiler = CompiledPlans.compile([CompiledPlans.graphPlan(dependents), CompiledPlans.provider])
        let ir = try #require(compiler.plans.first?.ir, "\(note): \(compiler.diagnostics.sorted.map(\.message))")
        let reference = Reference(dependents)
        for operation in OperationKind.allCases {
            let graph = ir.graph(operation)
            #expect(graph.topologicalOrder() != nil)
            for number in 0..<Int32(graph.count) {
                #expect(after(number, graph) == reference.after(name(number, graph)), "\(note) \(operation)")
            }
        }
    }

    @Test(
        "Shapes with names",
        arguments: [
            [[]], [[], []], [[1], []], [[1, 2], [], []], [[1], [2], [3], []], [[1, 2], [3], [3], []],
            [[2], [2], []], [[1, 2], [2], []],
        ])
    func shapes(_ dependents: [[Int]]) throws { try compare(dependents, "\(dependents)") }

    @Test func stackedDiamonds() throws {
        var dependents: [[Int]] = []
        for layer in 0..<8 {
            let next = layer == 7 ? [] : [2 * layer + 2, 2 * layer + 3]
            dependents += [next, next]
        }
        try compare(dependents, "ladder")
    }

    @Test func randomGraphs() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<60 {
            let count = Int.random(in: 1...9, using: &generator)
            let density = Double.random(in: 0.1...0.8, using: &generator)
            // A shuffled numbering, so that parents need not come before their children in the text.
            let order = (0..<count).shuffled(using: &generator)
            var dependents = [[Int]](repeating: [], count: count)
            for high in 0..<count {
                for low in (high + 1)..<max(high + 1, count) {
                    if Double.random(in: 0...1, using: &generator) < density {
                        dependents[order[high]].append(order[low])
                    }
                }
            }
            for index in dependents.indices { dependents[index].shuffle(using: &generator) }
            try compare(dependents, "seed \(seed), round \(round)")
        }
    }
}

struct ScaleTests {
    /// Edges per resource stay what the rules say, however deep or shared the plan is.
    @Test("Edges grow with resources and dependencies only", arguments: [200, 2000])
    func ladder(_ layers: Int) throws {
        var dependents: [[Int]] = []
        for layer in 0..<layers {
            let next = layer == layers - 1 ? [] : [2 * layer + 2, 2 * layer + 3]
            dependents += [next, next]
        }
        let ir = try #require(
            CompiledPlans.compile([CompiledPlans.graphPlan(dependents), CompiledPlans.provider]).plans.first?.ir)
        let pairs = dependents.reduce(0) { $0 + $1.count }
        // Three within each resource, three for each dependency, two for each of the two outermost resources.
        #expect(ir.graph(.protect).edgeCount == 3 * dependents.count + 3 * pairs + 4)
    }

    /// The size of what the passes keep of a plan.
    private func sizes(_ count: Int) throws -> [Int] {
        var lines = ""
        for number in 0..<count {
            lines += "  - id: r\(number)\n    type: Test::Thing\n    properties: {path: /a/\(number)}\n"
            lines += "    parameters: {level: \(number % 7)}\n    dependsOn: [r\((number + 1) * 7919 % count)]\n"
        }
        lines += "  - {id: last, type: Test::Thing}\n"
        let compiler = CompiledPlans.compile([CompiledPlans.plan(lines), CompiledPlans.provider])
        let unit = try #require(compiler.plans.first)
        return [
            unit.plan.resources.tree.records.count, unit.plan.resources.tree.children.count, unit.resources.count,
            unit.resources.graph.lists.targets.count,
        ]
    }

    @Test("What is kept of a resource does not grow with their number")
    func growth() throws {
        for (small, large) in zip(try sizes(200), try sizes(2000)) { #expect(large <= 10 * small) }
    }

    @Test("Equal parameters are one set, and all operations share one order")
    func sharing() throws {
        var lines = ""
        for number in 0..<300 {
            lines += "  - {id: r\(number), type: Test::Thing, parameters: {level: \(number % 7)}}\n"
        }
        let ir = try #require(CompiledPlans.ir(lines))
        // Seven that resources give for protect, and none for all else.
        #expect(ir.parameterSets.count == 8)
        let places = ir.graphs.map { graph in graph.targets.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
        }
        #expect(Set(places).count == 1)
    }

    @Test func aChainOfAHundredThousandCompiles() throws {
        let count = 100_000
        var lines = ""
        for number in 0..<count {
            lines += "  - id: r\(number)\n    type: Test::Thing\n"
            if number + 1 < count { lines += "    dependsOn: [r\(number + 1)]\n" }
        }
        let ir = try #require(CompiledPlans.ir(lines))
        #expect(ir.resources.count == count)
        #expect(ir.graph(.restore).edgeCount == 3 * count + 3 * (count - 1) + 2)
    }

    @Test func aCycleOfAHundredThousandIsReportedOnce() throws {
        let count = 100_000
        var lines = ""
        for number in 0..<count {
            lines += "  - {id: r\(number), type: Test::Thing, dependsOn: [r\((number + 1) % count)]}\n"
        }
        let compiler = CompiledPlans.compile([CompiledPlans.plan(lines), CompiledPlans.provider])
        #expect(compiler.diagnostics.all.map(\.code) == [.dependencyCycle])
        #expect(compiler.diagnostics.all.first?.related.count == count - 1)
    }
}
