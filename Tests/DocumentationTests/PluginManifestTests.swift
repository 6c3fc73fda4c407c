import Diagnostics
import Foundation
import Manifests
import PlanCompiler
import Testing
import YAMLSource

@Suite("docs/plugin-manifest.md")
struct PluginManifestTests {
    private func block(_ kind: String) throws -> String {
        try #require(try Page("plugin-manifest.md").blocks("yaml").first { $0.text.contains("\nkind: \(kind)\n") }).text
    }

    private func source(_ text: String, _ name: String) -> SourceText {
        SourceText(name: name, bytes: Array(text.utf8))
    }

    @Test("The manifest of the page is without fault, and the plan gets the warnings that the page names") func plan()
        throws
    {
        var compiler = Compiler(
            inputs: [source(try block("Plan"), "plan.yaml"), source(try block("Provider"), "provider.yaml")],
            providerDirectories: [],
            catalogue: PluginCatalogue(adding: [("volumes", source(try block("Plugin"), "volumes.plugin.yaml"))]))
        compiler.run()
        #expect(compiler.diagnostics.sorted.map(\.code) == [.copiedLive, .nestedPaths], "\(printed(compiler))")
        #expect(compiler.plans.first?.ir != nil)
    }

    @Test("The bank's manifest is without fault") func bank() throws {
        var diagnostics = DiagnosticList()
        var sources = SourceMap()
        let text = source(try block("BankPlugin"), "mounted.bank.yaml")
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &diagnostics)
        let node = try #require(tree.documents.first)
        let bank = try #require(PluginManifestDecoder.decodeBank(node, into: &diagnostics))
        #expect(diagnostics.all.isEmpty && bank.storagePath == "directory")
    }

    @Test("Each key has its row") func rows() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/plugin-manifest.md"), encoding: .utf8)
        for table in [PluginFields.plugin, PluginFields.resourceType, PluginFields.operation, PluginFields.bank] {
            for field in table.fields where "\(field.name)" != "traits" {
                #expect(text.contains("| `\(field.name)` |"), "\(table.subject): \(field.name)")
            }
        }
        for field in TraitFields.type.fields { #expect(text.contains("| `\(field.name)` |"), "\(field.name)") }
        #expect(text.contains("| `traits` |") && text.contains("| `traits.storagePath` |"))
    }

    /// The traits in place of those of the page's first type.
    private func faults(_ traits: String) throws -> [String] {
        let manifest = try block("Plugin").replacing(
            /[ ]{4}traits:\n[ ]{6}protectedPath(.*\n){3}/, with: "    traits: \(traits)\n", maxReplacements: 1)
        var compiler = Compiler(
            inputs: [source(try block("Plan"), "plan.yaml"), source(try block("Provider"), "provider.yaml")],
            providerDirectories: [],
            catalogue: PluginCatalogue(adding: [("volumes", source(manifest, "volumes.plugin.yaml"))]))
        compiler.run()
        return compiler.diagnostics.sorted.map { "\($0.code.rawValue) \($0.message)" }
    }

    @Test(
        "Faults of traits have their places",
        arguments: [
            ("{protectedPath: mountPiont}", "E0105 the schema has no property 'mountPiont'"),
            ("{excludePatterns: skip}", "E0105 the schema has no parameter 'skip'"),
            ("{copiedLive: {consistncy: [live]}}", "E0105 the schema has no parameter 'consistncy'"),
            ("{copiedLive: {consistency: live}}", "E0104 the values of 'consistency' are a sequence, not text"),
            ("{copiedLive: live}", "E0104 'copiedLive' is true, false or a mapping of parameters, not text"),
            ("{quiesces: {}}", "E0102 'quiesces' needs the key 'property'"),
            ("{quiesces: [a]}", "E0104 'quiesces' is true, false or a mapping with 'property', not a sequence"),
            ("{quiesces: {property: stop}}", "E0105 the schema has no property 'stop'"),
            ("{savesNothing: maybe}", "E0104 'savesNothing' of the traits of a type is true or false, not text"),
            ("{quiets: true}", "E0103 the traits of a type has no key 'quiets'"),
        ])
    func faulty(_ traits: String, _ expected: String) throws {
        let found = try faults(traits).filter { $0.hasPrefix("E") }
        #expect(found == [expected])
    }

    @Test("Traits that say no are no traits") func negative() throws {
        #expect(try faults("{copiedLive: false, quiesces: false, savesNothing: false}").isEmpty)
    }
}
