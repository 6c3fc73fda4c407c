import Foundation
import PlanCompiler
import PlanIR
import Testing

@Suite("docs/graph.md")
struct GraphPageTests {
    /// The edges of a picture: lines of `a → b → c`.
    private func drawn(_ block: Page.Block) -> Set<String> {
        var edges: Set<String> = []
        for line in block.text.split(separator: "\n") {
            let names = line.split(separator: "→").map { $0.split(separator: " ").joined() }
            for (first, second) in zip(names, names.dropFirst()) { edges.insert("\(first) → \(second)") }
        }
        return edges
    }

    private func edges(_ graph: ActivityGraph, _ ir: PlanIR) -> Set<String> {
        func name(_ number: Int32) -> String {
            guard let activity = graph.activity(number) else {
                return number == ActivityGraph.start ? "start" : "finish"
            }
            return "\(ir.resources[Int(activity.resource)].id).\(activity.hook.name)"
        }
        var edges: Set<String> = []
        for origin in 0..<Int32(graph.count) {
            for target in graph.successors(of: origin) { edges.insert("\(name(origin)) → \(name(target))") }
        }
        return edges
    }

    private func plan(_ block: Page.Block) throws -> PlanIR {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
            plugins: [{name: files}, {name: noop}]
            """
        let head = "apiVersion: cairn/v1\nkind: Plan\nname: shop\nprovider: local\nresources:\n"
        let compiler = compile([("plan.yaml", head + block.text), ("providers/local.yaml", provider)])
        #expect(!compiler.hasErrors, "line \(block.line): \(printed(compiler))")
        return try #require(compiler.plans.first?.ir)
    }

    @Test("Every picture has the edges of the graph of the plan above it, and no others") func pictures() throws {
        let blocks = try Page("graph.md").blocks
        var count = 0
        for (example, picture) in zip(blocks, blocks.dropFirst()) where picture.language.hasPrefix("text") {
            #expect(example.language == "yaml", "line \(picture.line)")
            let ir = try plan(example)
            for operation in OperationKind.allCases {
                let graph = ir.graph(operation)
                switch picture.language {
                case "text order": #expect(drawn(picture) == edges(graph, ir), "line \(picture.line)")
                case "text reduced":
                    let reduced = graph.transitivelyReduced().graph
                    #expect(drawn(picture) == edges(reduced, ir), "line \(picture.line)")
                case "text optimized":
                    // Which barriers there are depends on the operation.
                    guard operation == .protect else { continue }
                    #expect(drawn(picture) == edges(graph.optimized().graph, ir), "line \(picture.line)")
                default: Issue.record("line \(picture.line): no such picture")
                }
            }
            count += 1
        }
        #expect(count == 6)
        #expect(blocks.count == 2 * count)
    }

    @Test("The edges are as many as the page says") func size() throws {
        for block in try Page("graph.md").blocks("yaml") {
            let ir = try plan(block)
            let dependents = ir.resources.map(\.dependents)
            let roots = ir.resources.count - Set(dependents.flatMap(\.self)).count
            let count = 3 * ir.resources.count + 3 * dependents.joined().count + 2 * roots
            #expect(ir.graph(.protect).edgeCount == count, "line \(block.line)")
        }
    }

    @Test("Every layer of parameters has its row") func origins() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/graph.md"), encoding: .utf8)
        for origin in ParameterOrigin.allCases { #expect(text.contains("| `\(origin.rawValue)` |"), "\(origin)") }
        for operation in OperationKind.allCases { #expect(text.contains("`\(operation.rawValue)`")) }
        for hook in Hook.allCases { #expect(text.contains("`\(hook.name)`")) }
    }
}
