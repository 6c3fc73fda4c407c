import CanonicalForm
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
        let tables = [
            PluginFields.plugin, PluginFields.resourceType, PluginFields.operation, PluginFields.discovery,
            PluginFields.bank,
        ]
        for table in tables {
            for field in table.fields where "\(field.name)" != "traits" {
                #expect(text.contains("| `\(field.name)` |"), "\(table.subject): \(field.name)")
            }
        }
        for field in TraitFields.type.fields { #expect(text.contains("| `\(field.name)` |"), "\(field.name)") }
        #expect(text.contains("| `traits` |") && text.contains("| `traits.storagePath` |"))
    }

    /// The page's manifest with a discovery of the group's volumes.
    private func manifest(discovery: String) throws -> String {
        let rest = "    traits:\n      quiesces: true\n"
        let manifest = try block("Plugin")
        #expect(manifest.contains(rest))
        return manifest.replacing(rest, with: rest + "    " + discovery.replacing("\n", with: "\n    ") + "\n")
    }

    private func decoded(_ manifest: String) -> (plugin: PluginManifest?, faults: [String]) {
        var diagnostics = DiagnosticList()
        var sources = SourceMap()
        let text = source(manifest, "volumes.plugin.yaml")
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &diagnostics)
        let plugin = tree.documents.first.flatMap { PluginManifestDecoder.decodePlugin($0, into: &diagnostics) }
        return (plugin, diagnostics.sorted.map { "\($0.code.rawValue) \($0.message)" })
    }

    @Test("The discovery of the page is without fault") func discovery() throws {
        let block = try #require(
            try Page("plugin-manifest.md").blocks("yaml").first { $0.text.hasPrefix("discovery:") })
        let (plugin, faults) = decoded(try manifest(discovery: String(block.text.dropLast())))
        #expect(faults.isEmpty)
        let discovery = try #require(plugin?.resourceType("Host::LVM::Group")?.discovery)
        #expect(discovery.types == ["Host::LVM::Volume"] && discovery.finds("Host::LVM::Volume"))
        #expect(discovery.resolved(nil) == ["atLeast": 1])
        #expect(plugin?.resourceType("Host::LVM::Volume")?.discovery == nil)
    }

    @Test("Defaults of a selector are filled in, and atLeast with them") func selectorDefaults() throws {
        let (plugin, faults) = decoded(
            try manifest(discovery: "discovery: {types: [A::B], selector: {properties: {tags: {default: [a]}}}}"))
        #expect(faults.isEmpty)
        let discovery = try #require(plugin?.resourceType("Host::LVM::Group")?.discovery)
        #expect(discovery.resolved(nil) == ["atLeast": 1, "tags": ["a"]])
    }

    @Test(
        "Faults of discoveries have their places",
        arguments: [
            ("{}", "E0102 a discovery needs the key 'types'"),
            ("{types: []}", "E0105 a discovery without types finds nothing"),
            ("{types: ['*']}", "E0105 '*' is not a resource type"),
            ("{types: [[]]}", "E0104 'types' of a discovery names resource types, not a sequence"),
            ("{types: Host::LVM::Volume}", "E0104 'types' of a discovery is a sequence, not text"),
            (
                "{types: [A::B], selector: {properties: {atLeast: {type: integer}}}}",
                "E0105 'atLeast' is a setting of every selector and cannot be declared anew"
            ),
            ("{types: [A::B], selctor: {}}", "E0103 a discovery has no key 'selctor'"),
            ("true", "E0104 'discovery' of a resource type is a mapping, not true or false"),
        ])
    func faultyDiscovery(_ discovery: String, _ expected: String) throws {
        #expect(decoded(try manifest(discovery: "discovery: \(discovery)")).faults == [expected])
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
