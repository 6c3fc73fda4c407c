import Diagnostics
import PlanCompiler
import PlanTestSupport
import SeededRandom
import Testing

@Suite("Cycles of resources")
struct CycleTests {
    private func cycles(_ resources: String) -> [Diagnostic] {
        let compiler = CompiledPlans.compile([CompiledPlans.plan(resources), CompiledPlans.provider])
        #expect(compiler.diagnostics.all.allSatisfy { $0.code == .dependencyCycle })
        return compiler.diagnostics.sorted
    }

    private func paths(_ dependents: [[Int]]) -> [String] {
        let compiler = CompiledPlans.compile([CompiledPlans.graphPlan(dependents), CompiledPlans.provider])
        return compiler.diagnostics.sorted.map { fault in
            if let colon = fault.message.firstIndex(of: ":") { return String(fault.message[colon...].dropFirst(2)) }
            let name = fault.message.split(separator: "'")[0]
            return "\(name) -> \(name)"
        }
    }

    @Test(
        "Every cycle that shares no dependency with another is told, once",
        arguments: [
            // Alone.
            ([[0]], ["r0 -> r0"]),
            ([[1], [2], [0]], ["r0 -> r1 -> r2 -> r0"]),
            // Apart.
            ([[1], [0], [3], [2]], ["r0 -> r1 -> r0", "r2 -> r3 -> r2"]),
            ([[0], [1], []], ["r0 -> r0", "r1 -> r1"]),
            // In one component, by a resource that both share.
            ([[1, 2], [0], [0]], ["r0 -> r1 -> r0", "r0 -> r2 -> r0"]),
            ([[0, 1], [0]], ["r0 -> r0", "r0 -> r1 -> r0"]),
            // In one component, sharing no resource.
            ([[1], [0, 2], [3], [2, 0]], ["r0 -> r1 -> r0", "r2 -> r3 -> r2"]),
            // Sharing a dependency: taking it away mends both, so one is told, the shorter.
            ([[1], [2], [0, 3], [0]], ["r0 -> r1 -> r2 -> r0"]),
            // What only leads to a cycle is not on it.
            ([[1], [2], [1], [0]], ["r1 -> r2 -> r1"]),
        ] as [([[Int]], [String])])
    func told(_ dependents: [[Int]], _ expected: [String]) {
        #expect(paths(dependents) == expected)
    }

    @Test("A cycle through nesting and dependsOn has the place of each step") func nesting() throws {
        let text =
            "  - id: a\n    type: T::X\n    resources:\n      - {id: b, type: T::X, dependsOn: [c]}\n"
            + "  - {id: c, type: T::X, dependsOn: [a]}\n"
        let fault = try #require(cycles(text).first)
        #expect(cycles(text).count == 1)
        #expect(fault.message.hasSuffix("a -> b -> c -> a"))
        #expect(fault.label == "'a' needs 'b'")
        #expect(fault.related.map(\.message) == ["'b' needs 'c'", "'c' needs 'a'"])
        let plan = CompiledPlans.plan(text)
        let ranges = [fault.range].compactMap { $0 } + fault.related.map(\.range)
        let steps = ranges.map { String(decoding: Array(plan.utf8)[Int($0.start)..<Int($0.end)], as: UTF8.self) }
        #expect(steps == ["b", "c", "a"])
    }

    @Test("A resource that depends on itself is told at the name") func itself() throws {
        let fault = try #require(cycles("  - {id: a, type: T::X, dependsOn: [a]}\n").first)
        #expect(fault.message == "'a' depends on itself" && fault.related.isEmpty)
    }

    @Test("What is told is a cycle, shares nothing, and leaves none beside it") func random() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let count = Int.random(in: 1...9, using: &generator)
            let dependents = (0..<count).map { _ in
                (0..<count).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }.shuffled(using: &generator)
            }
            var left = dependents.map(Set.init)
            for path in paths(dependents) {
                let steps = path.split(separator: " -> ").compactMap { Int($0.dropFirst()) }
                #expect(steps.first == steps.last && steps.count >= 2, "seed \(seed)")
                #expect(Set(steps.dropFirst()).count == steps.count - 1, "seed \(seed)")
                for (from, to) in zip(steps, steps.dropFirst()) {
                    #expect(left[from].remove(to) != nil, "seed \(seed)")
                }
            }
            #expect(isAcyclic(left), "seed \(seed)")
            #expect(paths(dependents) == paths(dependents))
        }
    }

    private func isAcyclic(_ dependents: [Set<Int>]) -> Bool {
        var waiting = Array(dependents.indices)
        var last = -1
        while waiting.count != last {
            last = waiting.count
            let rest = waiting
            waiting.removeAll { dependents[$0].isDisjoint(with: rest) }
        }
        return waiting.isEmpty
    }

    @Test("A knot of thousands of cycles is told in bounded time") func knot() {
        let dependents = (0..<150).map { from in (0..<150).filter { $0 != from } }
        let compiler = CompiledPlans.compile([CompiledPlans.graphPlan(dependents), CompiledPlans.provider])
        let found = compiler.diagnostics.all
        #expect(found.count > 100 && found.count < 1000)
        #expect(found.last?.notes.last == "there are more circles; they are told when some are mended")
    }
}
