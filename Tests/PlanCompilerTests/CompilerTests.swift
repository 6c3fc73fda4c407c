import CanonicalForm
import Diagnostics
import Manifests
import PlanCompiler
import PlanIR
import PlanTestSupport
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

    @Test func topLevelResourceThatIsADependentIsOneNode() throws {
        let ir = try #require(
            CompiledPlans.ir("  - {id: a, type: T::X, dependsOn: [b]}\n  - {id: b, type: T::X}\n"))
        #expect(ir.resources.count == 2)
        #expect(ir.resources[0].dependents == [1])
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
        let seed = UInt64.random(in: 0...UInt64.max)
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
