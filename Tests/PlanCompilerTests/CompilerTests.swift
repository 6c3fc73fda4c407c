import CanonicalForm
import Diagnostics
import Foundation
import Manifests
import PlanCompiler
import PlanIR
import PlanTestSupport
import SeededRandom
import Testing
import YAMLSource

struct CompilerTests {
    /// Every plugin and bank manifest in the binary is free of faults.
    @Test func builtinManifestsAreSound() throws {
        var catalogue = PluginCatalogue()
        var sources = SourceMap()
        var diagnostics = DiagnosticList()
        for name in catalogue.pluginNames {
            let plugin = try #require(catalogue.plugin(name, sources: &sources, into: &diagnostics))
            #expect(plugin.name == name)
            for type in plugin.resourceTypes {
                #expect(type.operations.count == OperationKind.allCases.count)
                // What a plugin saves, some hook must be there to save.
                #expect(!type.operations[OperationKind.protect.index].hooks.isEmpty)
            }
        }
        for name in catalogue.bankNames {
            #expect(catalogue.bank(name, sources: &sources, into: &diagnostics)?.name == name)
        }
        #expect(
            diagnostics.all.isEmpty,
            "\(TextRenderer(sources: sources, color: false).render(diagnostics.sorted))")
    }

    @Test func parametersComeInLayers() throws {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: all
            bank: {plugin: directory, config: {path: /bank}}
            plugins: [{name: files, parameters: {Host::FileSystem::Directory: {level: 4, threads: 2}}}]
            """
        let plan = """
            apiVersion: cairn/v1
            kind: Plan
            name: test
            provider: all
            parameters:
              Host::FileSystem::Directory: {level: 5}
              Host::FileSystem::Directory#b: {level: 6}
              Host::FileSystem::Directory#c: {level: 7}
            resources:
              - {id: a, type: Host::FileSystem::Directory, properties: {path: /a}}
              - {id: b, type: Host::FileSystem::Directory, properties: {path: /b}}
              - {id: c, type: Host::FileSystem::Directory, properties: {path: /c}, parameters: {level: 8}}
            """
        let ir = try #require(CompiledPlans.compile([plan, provider]).plans.first?.ir)
        func parameter(_ resource: Int, _ name: String) -> JSONValue? {
            ir.parameters(of: resource, for: .protect)[name]
        }
        #expect((0..<3).map { parameter($0, "level") } == [5, 6, 8])
        #expect((0..<3).map { parameter($0, "threads") } == [2, 2, 2])
        #expect((0..<3).map { parameter($0, "compression") } == ["zstd", "zstd", "zstd"])
        #expect(ir.parameters(of: 0, for: .verify)["level"] == "archive")
    }

    @Test func hooksFollowParameters() throws {
        let ir = try #require(
            CompiledPlans.ir(
                """
                  - {id: a, type: Host::FileSystem::Directory, properties: {path: /a}}
                  - id: b
                    type: Host::FileSystem::Directory
                    properties: {path: /b}
                    parameters: {consistency: quiesced}
                """))
        func active(_ resource: Int32, _ operation: OperationKind) -> [Hook] {
            ir.graph(operation).activities.filter { $0.resource == resource && !$0.isBarrier }.map(\.hook)
        }
        #expect(active(0, .protect) == [.main])
        #expect(active(1, .protect) == [.prepareFinish])
        #expect(active(1, .restore) == [.main])
        #expect(active(1, .delete) == [])
    }

    @Test func aSpecificPluginGoesBeforeOneThatTakesAll() throws {
        let ir = try #require(
            CompiledPlans.ir(
                """
                  - {id: a, type: Some::Thing}
                  - {id: b, type: Host::FileSystem::Directory, properties: {path: /b}}
                """))
        #expect(ir.resources.map { ir.plugins[Int($0.plugin)].name } == ["noop", "files"])
    }

    /// A plugin whose types say of which types they may be dependents.
    private static let cloud = SourceText(
        name: "cloud.plugin.yaml",
        bytes: Array(
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: cloud
            version: 1
            description: Servers with volumes
            resourceTypes:
              - type: Cloud::Server
                parents: []
                operations: &all
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: []}
              - {type: Cloud::Volume, parents: [Cloud::Server], operations: *all}
            """.utf8))

    private func compile(_ resources: String, plugins: String) -> [Diagnostic] {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: all
            bank: {plugin: directory, config: {path: /bank}}
            plugins: [\(plugins)]
            """
        var compiler = Compiler(
            inputs: [CompiledPlans.plan(resources), provider].enumerated().map {
                SourceText(name: "input\($0).yaml", bytes: Array($1.utf8))
            }, providerDirectories: [],
            catalogue: PluginCatalogue(adding: [("cloud", Self.cloud), ("cumulus", Self.cloud)]))
        compiler.run()
        return compiler.diagnostics.sorted
    }

    @Test func aDependentUnderATypeThatItsPluginDoesNotAllowIsReportedAtTheEdge() throws {
        let good = "  - {id: s, type: Cloud::Server, dependsOn: [v]}\n  - {id: v, type: Cloud::Volume}\n"
        #expect(compile(good, plugins: "{name: cloud}").isEmpty)
        let nested = "  - {id: v, type: Cloud::Volume, resources: [{id: s, type: Cloud::Server}]}\n"
        let faults = compile(nested, plugins: "{name: cloud}")
        #expect(faults.map(\.code) == [.parentNotAllowed])
        let fault = try #require(faults.first)
        #expect(fault.message == "a 'Cloud::Server' cannot be a dependent of a 'Cloud::Volume'")
        #expect(fault.notes == ["it stands at the top level of a plan only"])
        let prefix = CompiledPlans.plan("  - {id: v, type: Cloud::Volume, resources: [{id: ").utf8.count
        #expect(fault.range.map { [Int($0.start), Int($0.end)] } == [prefix, prefix + 1])
    }

    @Test func aTypeIsTakenByOnePlugin() throws {
        let faults = compile("  - {id: s, type: Cloud::Server}\n", plugins: "{name: cloud}, {name: cumulus}")
        #expect(faults.allSatisfy { $0.code == .typeClaimedTwice })
        #expect(
            faults.map(\.message) == [
                "the plugins 'cloud' and 'cumulus' both take 'Cloud::Server'",
                "the plugins 'cloud' and 'cumulus' both take 'Cloud::Volume'",
            ])
    }

    @Test func aTypeOfAPluginThatTheProviderLacksIsPointedTo() {
        let faults = compile("  - {id: s, type: Cloud::Server}\n", plugins: "{name: files}")
        #expect(faults.first?.code == .unknownResourceType)
        #expect(
            faults.first?.notes == [
                "the plugin 'cloud' takes it; add it to the provider 'all'",
                "the plugin 'cumulus' takes it; add it to the provider 'all'",
            ])
    }

    @Test func topLevelResourceThatIsADependentIsOneNode() throws {
        let ir = try #require(
            CompiledPlans.ir("  - {id: a, type: T::X, dependsOn: [b]}\n  - {id: b, type: T::X}\n"))
        #expect(ir.resources.count == 2)
        #expect(ir.resources[0].dependents == [1])
    }

    /// Checking `plan.yaml providers/all.yaml` reads the provider once, though its directory is searched too.
    @Test func aProviderThatIsGivenIsNotFoundAgain() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cairn-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let providers = folder.appending(path: "providers")
        try FileManager.default.createDirectory(at: providers, withIntermediateDirectories: true)
        let plan = CompiledPlans.plan("  - {id: a, type: T::X}\n")
        try Data(plan.utf8).write(to: folder.appending(path: "plan.yaml"))
        try Data(CompiledPlans.provider.utf8).write(to: providers.appending(path: "all.yaml"))
        var diagnostics = DiagnosticList()
        // However the path is written.
        let inputs = ["plan.yaml", "providers/../providers/all.yaml"].compactMap {
            SourceReader.read(folder.path + "/" + $0, into: &diagnostics)
        }
        #expect(inputs.count == 2)
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        compiler.run()
        #expect(compiler.diagnostics.all.isEmpty)
        #expect(compiler.plans.first?.ir != nil)
    }

    @Test func sourcesAreInTheIRByNameAndDigest() throws {
        let text = CompiledPlans.plan("  - {id: a, type: T::X}\n")
        let ir = try #require(CompiledPlans.compile([text, CompiledPlans.provider]).plans.first?.ir)
        #expect(ir.sources.map(\.role) == ["plan", "provider"])
        #expect(ir.sources[0].digest == SHA256Digest(of: Array(text.utf8)))
        #expect(ir.sources[1].digest == SHA256Digest(of: Array(CompiledPlans.provider.utf8)))
        #expect(!String(decoding: ir.encoded.bytes, as: UTF8.self).contains("plan.yaml"))
    }

    /// Whatever is done to the text of a plan, the compiler answers, and what it accepts is sound.
    @Test func damagedPlansNeverCrash() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let text = Array(
            CompiledPlans.plan(
                """
                  - &a {id: a, type: Host::FileSystem::Directory, properties: {path: "/ä"}, dependsOn: [b]}
                  - id: b
                    type: T::X
                    name: >-
                      folded
                      text
                    resources: [{<<: *a, id: c}]
                triggers: [{name: n, cron: "1 2 * * *", operation: protect}]
                """
            ).utf8)
        for _ in 0..<400 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[position] = .random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: position)
                case 2:
                    bytes.insert(Array("[]{}:,-&*#\n\t\"'|>!".utf8).randomElement(using: &generator) ?? 0, at: position)
                default: bytes.removeSubrange(position..<min(bytes.count, position + 9))
                }
            }
            var compiler = Compiler(
                inputs: [
                    SourceText(name: "plan.yaml", bytes: bytes),
                    SourceText(name: "p.yaml", bytes: Array(CompiledPlans.provider.utf8)),
                ], providerDirectories: [])
            compiler.run()
            let faults = compiler.diagnostics.sorted
            _ = TextRenderer(sources: compiler.sources, color: true).render(faults)
            for fault in faults {
                guard let range = fault.range else { continue }
                #expect(Int(range.end) <= compiler.sources[range.source].bytes.count, "seed \(seed)")
            }
            #expect(compiler.hasErrors == (compiler.plans.first?.ir == nil), "seed \(seed)")
        }
    }

    /// Many faults of one kind are each told once.
    @Test func diagnosticsStayOnePerFault() {
        let broken = (0..<500).map { "  - {id: r\($0), type: T::X, dependsOn: [nowhere\($0)]}\n" }.joined()
        let compiler = CompiledPlans.compile([CompiledPlans.plan(broken), CompiledPlans.provider])
        #expect(compiler.diagnostics.all.count == 500)
    }
}
