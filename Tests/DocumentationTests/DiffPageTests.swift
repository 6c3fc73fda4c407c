import Foundation
import PlanCompiler
import PlanDiff
import PlanIR
import Testing

@Suite("docs/diff.md")
struct DiffPageTests {
    private func plan(_ block: Page.Block) throws -> PlanIR {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
            plugins: [{name: files}]
            """
        let compiler = compile([("plan.yaml", block.text), ("providers/local.yaml", provider)])
        #expect(!compiler.hasErrors, "line \(block.line): \(printed(compiler))")
        return try #require(compiler.plans.first?.ir)
    }

    @Test("The example gives what stands there") func example() throws {
        let page = try Page("diff.md")
        let plans = try page.blocks("yaml").map(plan)
        #expect(plans.count == 2)
        let diff = PlanDiff(old: plans[0], new: plans[1])
        #expect(DiffText(color: false).render(diff) == page.blocks("text").first?.text)
    }

    @Test("Every kind of loss and every member of the JSON has its row") func rows() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/diff.md"), encoding: .utf8)
        for kind in ProtectionLoss.Kind.allCases { #expect(text.contains("| `\(kind.rawValue)` |")) }
        let schema = try Data(contentsOf: Page.root.appending(path: "schemas/diff.schema.json"))
        let whole = try #require(try JSONSerialization.jsonObject(with: schema) as? [String: Any])
        let members = try #require(whole["properties"] as? [String: Any])
        #expect(members.count >= 11)
        for member in members.keys { #expect(text.contains("| `\(member)` |"), "\(member)") }
    }
}
