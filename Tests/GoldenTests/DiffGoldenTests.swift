import Diagnostics
import Foundation
import PlanCompiler
import PlanDiff
import PlanIR
import Testing
import YAMLSource

/// Pairs of plans in `Tests/Fixtures/diff`, each in a folder `old` and `new` with its provider.
struct DiffGoldenTests {
    static func side(_ example: GoldenTests.Case, _ name: String) throws -> PlanIR {
        let path = example.folder.appending(path: name)
        let inputs = try ["plan.yaml", "providers/provider.yaml"].map {
            SourceText(name: $0, bytes: Array(try Data(contentsOf: path.appending(path: $0))))
        }
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        compiler.run()
        let faults = TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted)
        #expect(!compiler.hasErrors, "\(example.testDescription)/\(name): \(faults)")
        return try #require(compiler.plans.first?.ir)
    }

    @Test("There are cases to run") func casesExist() {
        #expect(GoldenTests.Case.list("diff").count >= 10)
    }

    @Test("Differences are shown like this", arguments: GoldenTests.Case.list("diff"))
    func differences(_ example: GoldenTests.Case) throws {
        let old = try Self.side(example, "old")
        let new = try Self.side(example, "new")
        let diff = PlanDiff(old: old, new: new)
        try example.expect(Array(DiffText(color: false).render(diff).utf8), in: "expected.txt")
        try example.expect(Array(DiffJSON.render(diff).utf8), in: "expected.json")
        try example.expect(Array(DiffMarkdown.render(diff).utf8), in: "expected.md")
        #expect(DiffJSON.render(PlanDiff(old: old, new: new)) == DiffJSON.render(diff))
        let all = DiffText(color: true).render(diff) + DiffJSON.render(diff) + DiffMarkdown.render(diff)
        #expect(!all.contains("hunter2"), "a secret is shown")
    }
}
