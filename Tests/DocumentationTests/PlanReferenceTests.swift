import CanonicalForm
import Diagnostics
import Foundation
import Manifests
import PlanCompiler
import PlanIR
import Testing

@Suite("docs/plan-reference.md")
struct PlanReferenceTests {
    /// The blocks that are whole documents, by kind and name.
    static func documents(_ kind: String) throws -> [(name: String, block: Page.Block)] {
        try Page("plan-reference.md").blocks("yaml").filter { $0.text.contains("\nkind: \(kind)\n") }.map { block in
            let name = try #require(block.text.firstMatch(of: /(?m)^name: (.+)$/))
            return (String(name.1), block)
        }
    }

    /// Compiles a plan of the page with all providers of the page.
    static func compilePlan(_ block: Page.Block) throws -> Compiler {
        let providers = try documents("Provider").map { ("\($0.name).yaml", $0.block.text) }
        return compile([("plan.yaml", block.text)] + providers)
    }

    @Test("Every block is a whole document") func blocks() throws {
        for block in try Page("plan-reference.md").blocks("yaml") {
            #expect(block.text.hasPrefix("apiVersion: cairn/v1\n"), "line \(block.line)")
        }
        #expect(try Self.documents("Plan").count >= 4)
        #expect(try Self.documents("Provider").count >= 3)
    }

    @Test("Every plan compiles silently") func plans() throws {
        for (name, block) in try Self.documents("Plan") {
            let compiler = try Self.compilePlan(block)
            #expect(compiler.diagnostics.all.isEmpty, "\(name), line \(block.line): \(printed(compiler))")
            let ir = try #require(compiler.plans.first?.ir)
            #expect(throws: Never.self) { try PlanIR(loading: ir.encoded.bytes) }
        }
    }

    @Test("Every provider is without faults by itself") func providers() throws {
        for (name, block) in try Self.documents("Provider") {
            let compiler = compile([("\(name).yaml", block.text)])
            #expect(compiler.diagnostics.all.isEmpty, "line \(block.line): \(printed(compiler))")
        }
    }

    private func parameters(_ plan: String) throws -> [String: JSONObject] {
        let block = try #require(try Self.documents("Plan").first { $0.name == plan }).block
        let ir = try #require(try Self.compilePlan(block).plans.first?.ir)
        let pairs = ir.resources.indices.map { (ir.resources[$0].id, ir.parameters(of: $0, for: .protect)) }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test("The layers give what the table says") func layers() throws {
        let found = try parameters("layers")
        let expected: [(id: String, level: JSONValue, threads: JSONValue, exclude: JSONValue)] = [
            ("a", 5, 1, ["*.tmp"]), ("b", 6, 2, ["*.tmp"]), ("c", 8, 1, []),
        ]
        let text = try String(contentsOf: Page.root.appending(path: "docs/plan-reference.md"), encoding: .utf8)
        for row in expected {
            let set = try #require(found[row.id])
            #expect(set["level"] == row.level && set["threads"] == row.threads && set["exclude"] == row.exclude)
            let cells = [row.level, row.threads].map(\.canonicalText) + ["`\(row.exclude.canonicalText)`"]
            #expect(text.contains("| `\(row.id)` | \(cells.joined(separator: " | ")) |"))
        }
    }

    @Test("The rules of attempts come in layers, as the table says") func attempts() throws {
        let found = try parameters("patient")
        let text = try String(contentsOf: Page.root.appending(path: "docs/plan-reference.md"), encoding: .utf8)
        let expected: [(id: String, timeout: JSONValue, retry: JSONValue?)] = [
            ("a", "90m", nil), ("b", "6h", ["attempts": 5, "delay": "30s", "maxDelay": "10m"]),
        ]
        for row in expected {
            let set = try #require(found[row.id])
            #expect(set["timeout"] == row.timeout && set["retry"] == row.retry)
            let retry = row.retry.map { "`\($0.canonicalText)`" } ?? "none"
            #expect(text.contains("| `\(row.id)` | `\(row.timeout.canonicalText)` | \(retry) |"))
        }
    }

    @Test("Every parameter that all types have has its row") func commonParameters() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/plan-reference.md"), encoding: .utf8)
        for parameter in CommonParameters.described { #expect(text.contains("\n| `\(parameter.name)` |")) }
    }

    @Test("The merge gives what the page says") func merge() throws {
        let set = try #require(try parameters("anchors")["b"])
        #expect(set["consistency"] == "quiesced" && set["level"] == 9)
    }

    @Test(
        "Every key of plans, resources, triggers, policies and providers has its row",
        arguments: [
            ("resources: [{id: a, type: A::B, zzzzzzzz: 1}]", "a resource"),
            ("zzzzzzzz: 1", "a plan"),
            ("triggers: [{zzzzzzzz: 1}]", "a trigger"),
            ("retention: {zzzzzzzz: 1}", "a retention policy"),
            ("notify: [{zzzzzzzz: 1}]", "a notification"),
        ])
    func planKeys(_ text: String, _ what: String) throws {
        let head = "apiVersion: cairn/v1\nkind: Plan\nname: a\nprovider: b\n"
        try expectRows(for: compile([("plan.yaml", head + text + "\n")]), what)
    }

    @Test(
        "Every key of providers has its row",
        arguments: [
            ("zzzzzzzz: 1", "a provider"),
            ("bank: {zzzzzzzz: 1}", "a bank"),
            ("plugins: [{zzzzzzzz: 1}]", "a plugin of a provider"),
            ("concurrency: {zzzzzzzz: 1}", "the concurrency of a provider"),
            ("leases: {zzzzzzzz: 1}", "the leases of a provider"),
        ])
    func providerKeys(_ text: String, _ what: String) throws {
        let head = "apiVersion: cairn/v1\nkind: Provider\nname: a\n"
        try expectRows(for: compile([("provider.yaml", head + text + "\n")]), what)
    }

    /// The diagnostic of an unknown key lists the known ones: each must stand in the page as code.
    private func expectRows(for compiler: Compiler, _ what: String) throws {
        let lead = "the keys of \(what) are "
        let notes = compiler.diagnostics.all.flatMap(\.notes)
        let note = try #require(notes.first { $0.hasPrefix(lead) })
        let keys = note.dropFirst(lead.count).split(separator: ", ")
        #expect(keys.count >= 2)
        let prefixes = [
            "a bank": "bank.", "a plugin of a provider": "plugins[].", "the concurrency of a provider": "concurrency.",
            "the leases of a provider": "leases.",
        ]
        let prefix = prefixes[what] ?? ""
        let text = try String(contentsOf: Page.root.appending(path: "docs/plan-reference.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        for key in keys { #expect(rows.contains { $0.contains("`\(prefix)\(key)`") }, "\(what) has no row for \(key)") }
    }
}
