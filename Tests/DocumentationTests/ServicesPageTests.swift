import Diagnostics
import Foundation
import PlanCompiler
import PlanIR
import Testing
import YAMLSource

@Suite("docs/services-and-commands.md")
struct ServicesPageTests {
    private func compile(_ texts: [(String, String)]) -> Compiler {
        var compiler = Compiler(
            inputs: texts.map { SourceText(name: $0.0, bytes: Array($0.1.utf8)) }, providerDirectories: [])
        compiler.run()
        return compiler
    }

    @Test("The page's plan compiles with the page's provider, without a finding") func example() throws {
        let blocks = try Page("services-and-commands.md").blocks("yaml").map(\.text)
        let files = blocks.filter { $0.hasPrefix("apiVersion:") }.enumerated().map { ("\($0.offset).yaml", $0.element) }
        try #require(files.count == 2)
        let compiler = compile(files)
        #expect(compiler.diagnostics.all.isEmpty, "\(compiler.diagnostics.all.map(\.message))")
        let ir = try #require(compiler.plans.first?.ir)
        let hooks = ir.graph(.protect).activities.filter { !$0.isBarrier }.map {
            "\($0.hook.name):\(ir.resources[Int($0.resource)].id)"
        }
        #expect(
            Set(hooks) == [
                "prepareBegin:web", "prepareFinish:web", "prepareFinish:orders", "prepareFinish:pictures",
            ])
    }

    @Test("The pipelines of the page are what the plugin takes") func pipelines() throws {
        let blocks = try Page("services-and-commands.md").blocks("yaml").map(\.text)
        let properties = try #require(blocks.first { $0.hasPrefix("properties:") })
        let plan =
            "apiVersion: cairn/v1\nkind: Plan\nname: p\nprovider: shop\nresources:\n  - id: a\n"
            + "    type: Host::Command::Artifact\n    "
            + properties.split(separator: "\n").joined(separator: "\n    ") + "\n"
        let provider = try #require(blocks.first { $0.contains("kind: Provider") })
        let compiler = compile([("plan.yaml", plan), ("provider.yaml", provider)])
        #expect(compiler.diagnostics.all.isEmpty, "\(compiler.diagnostics.all.map(\.message))")
    }

    @Test("The example plan compiles, without a finding") func examplePlan() throws {
        let compiler = compile(
            try ["plans/services.yaml", "plans/providers/services.yaml"].map {
                ($0, try String(contentsOf: Page.root.appending(path: $0), encoding: .utf8))
            })
        #expect(compiler.diagnostics.all.isEmpty, "\(compiler.diagnostics.all.map(\.message))")
        #expect(compiler.plans.first?.ir?.resources.map(\.id) == ["web", "shopdb", "uploads"])
    }
}
