import CanonicalForm
import Diagnostics
import Foundation
import PlanCompiler
import PlanIR
import PlanLanguage
import Testing
import YAMLSource

@Suite("docs/inventory.md")
struct InventoryPageTests {
    /// The page's files, by the names that their first lines give.
    private func files() throws -> [String: SourceText] {
        var files: [String: SourceText] = [:]
        for block in try Page("inventory.md").blocks("yaml") {
            let name = try #require(block.text.firstMatch(of: /^# (\S+)\n/)).1
            files[String(name)] = SourceText(name: String(name), bytes: Array(block.text.utf8))
        }
        return files
    }

    private func compile(inventory: Bool, requires: Bool) throws -> Compiler {
        let files = try files()
        let inputs = try ["shop.yaml", "providers/local.yaml"].map { try #require(files[$0]) }
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        if inventory { compiler.inventories = [try #require(files["shop.inventory.yaml"])] }
        compiler.requiresInventory = requires
        compiler.run()
        return compiler
    }

    @Test("The page's plan compiles with the page's inventory, as the page says") func example() throws {
        let compiler = try compile(inventory: true, requires: true)
        #expect(compiler.diagnostics.all.isEmpty, "\(printed(compiler))")
        let ir = try #require(compiler.plans.first?.ir)
        #expect(ir.resources.map(\.id) == ["customers", "customers/alice", "customers/bob", "reports"])
        #expect(ir.resources[3].dependents == [1] && ir.resources[0].dependents == [1, 2])
        #expect(ir.parameters(of: 0, for: .protect)["exclude"] == ["/alice/", "/bob/"])
        #expect(ir.parameters(of: 2, for: .protect)["level"] == 9)
        #expect(ir.resources[0].discover == ["atLeast": 1, "exclude": ["old-*"]])
    }

    @Test("Without it, the plan can be checked, and not be compiled") func without() throws {
        #expect(try compile(inventory: false, requires: true).diagnostics.all.map(\.code) == [.inventoryNeeded])
        let checked = try compile(inventory: false, requires: false)
        #expect(checked.diagnostics.all.isEmpty && checked.remarks.count == 1)
        #expect(checked.plans.first?.ir?.needsInventory == true)
    }

    @Test("Each key has its row") func rows() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/inventory.md"), encoding: .utf8)
        for table in [InventoryFields.inventory, InventoryFields.entry, InventoryFields.dependent] {
            for field in table.fields { #expect(text.contains("| `\(field.name)` |"), "\(field.name)") }
        }
    }

    @Test("Each code of discoveries is on the page") func codes() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/inventory.md"), encoding: .utf8)
        for code in DiagnosticCode.allCases where code.rawValue.dropFirst().hasPrefix("06") {
            #expect(text.contains(code.rawValue), "\(code.rawValue)")
        }
    }
}
