import CanonicalForm
import Diagnostics
import Manifests
import PlanCompiler
import PlanIR
import PlanTestSupport
import SeededRandom
import Testing
import YAMLSource

@Suite("Parameters that every type has")
struct CommonParameterTests {
    /// A plugin whose schemas refuse all that they do not name, in several ways.
    private static let plugin = """
        apiVersion: cairn/v1
        kind: Plugin
        name: strict
        version: 1
        description: Takes little
        resourceTypes:
          - type: Test::Strict
            operations:
              protect:
                hooks: [main]
                parameters:
                  type: object
                  additionalProperties: false
                  maxProperties: 1
                  propertyNames: {maxLength: 5}
                  properties: {size: {type: integer, default: 1}}
              restore: {hooks: [main]}
              verify: {hooks: [main], parameters: {$ref: "#/$defs/all", unevaluatedProperties: false, $defs: {all: {type: object}}}}
              delete: {hooks: []}
        """

    private static func compile(_ rest: String, plugin: String = plugin, layers: String = "") -> Compiler {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: all
            bank: {plugin: directory, config: {path: /bank}}
            plugins: [{name: strict\(layers)}, {name: noop}]
            """
        let plan = "apiVersion: cairn/v1\nkind: Plan\nname: test\nprovider: all\n" + rest
        let inputs = [("plan.yaml", plan), ("strict.yaml", plugin), ("provider.yaml", provider)].map {
            SourceText(name: $0.0, bytes: Array($0.1.utf8))
        }
        var compiler = Compiler(inputs: inputs, providerDirectories: [])
        compiler.run()
        return compiler
    }

    private static func printed(_ compiler: Compiler) -> Testing.Comment {
        "\(TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted))"
    }

    @Test("They go past whatever the plugin's schema refuses, for all three operations") func strict() throws {
        let compiler = Self.compile(
            """
            resources:
              - id: a
                type: Test::Strict
                parameters: {size: 3, timeout: 90m, retry: {attempts: 5, delay: 2s}}
                restoreParameters: {timeout: 3h}
                verifyParameters: {retry: {}}
            """)
        #expect(compiler.diagnostics.all.isEmpty, Self.printed(compiler))
        let ir = try #require(compiler.plans.first?.ir)
        let protect = ir.parameters(of: 0, for: .protect)
        #expect(protect == ["size": 3, "timeout": "90m", "retry": ["attempts": 5, "delay": "2s"]])
        #expect(AttemptRules(parameters: protect).timeout == 5_400_000_000_000)
        #expect(ir.parameters(of: 0, for: .restore) == ["timeout": "3h"])
        #expect(ir.parameters(of: 0, for: .verify) == ["retry": [:]])
    }

    @Test("They come in layers like all parameters, each with its origin") func layers() throws {
        let compiler = Self.compile(
            """
            parameters:
              Test::Strict: {retry: {attempts: 2}}
              Test::Strict#b: {timeout: 2m}
            resources:
              - {id: a, type: Test::Strict}
              - {id: b, type: Test::Strict}
              - {id: c, type: Test::Strict, parameters: {retry: {delay: 5s}}}
              - {id: d, type: Test::Other, parameters: {depth: 3}}
            """, layers: ", parameters: {Test::Strict: {timeout: 1m}}")
        #expect(compiler.diagnostics.all.isEmpty, Self.printed(compiler))
        let ir = try #require(compiler.plans.first?.ir)
        let sets = ir.resources.indices.map { ir.parameters(of: $0, for: .protect) }
        #expect(sets[0] == ["size": 1, "timeout": "1m", "retry": ["attempts": 2]])
        #expect(sets[1]["timeout"] == "2m")
        // A value is replaced as a whole.
        #expect(sets[2]["retry"] == ["delay": "5s"])
        #expect(sets[3] == ["depth": 3])
        let origins = ir.resources.indices.map { ir.parameterOrigins(of: $0, for: .protect) }
        #expect(origins[0] == ["size": "default", "timeout": "provider", "retry": "plan"])
        #expect(origins[1]["timeout"] == "plan-resource")
        #expect(origins[2]["retry"] == "resource")
    }

    @Test(
        "What is wrong with them is told once, of every type and in every layer",
        arguments: [
            ("timeout: 0s", "E0301"), ("timeout: 10", "E0304"), ("timeout: [1s]", "E0304"), ("timeout: 1.5h", "E0301"),
            ("retry: 3", "E0304"), ("retry: {attempts: 0}", "E0301"), ("retry: {attempts: 101}", "E0301"),
            ("retry: {attempts: 1.5}", "E0304"), ("retry: {delay: 0s}", "E0301"), ("retry: {maxDelay: -1s}", "E0301"),
            ("retry: {delay: 2m, maxDelay: 1m}", "E0301"), ("retry: {tries: 3}", "E0303"), ("retyr: {}", "E0303"),
        ])
    func faults(_ parameter: String, _ code: String) {
        let resource = "resources: [{id: a, type: TYPE, parameters: {\(parameter)}}]"
        let block = "parameters: {TYPE: {\(parameter)}}\nresources: [{id: a, type: TYPE}]"
        for type in ["Test::Strict", "Test::Other"] {
            // A plugin that takes anything takes a misspelt name, too.
            if type == "Test::Other" && parameter.hasPrefix("retyr") { continue }
            for text in [resource, block] {
                let compiler = Self.compile(text.replacing("TYPE", with: type))
                #expect(compiler.diagnostics.all.map(\.code.rawValue) == [code], Self.printed(compiler))
                #expect(compiler.plans.first?.ir == nil)
            }
        }
        let layered = Self.compile(
            "resources: [{id: a, type: Test::Strict}]", layers: ", parameters: {Test::Strict: {\(parameter)}}")
        #expect(layered.diagnostics.all.map(\.code.rawValue) == [code], Self.printed(layered))
    }

    @Test("A misspelt one is offered, beside the plugin's own") func suggestions() {
        for (misspelt, meant) in [("tiemout", "timeout"), ("rety", "retry"), ("sise", "size")] {
            let compiler = Self.compile("resources: [{id: a, type: Test::Strict, parameters: {\(misspelt): 3}}]")
            #expect(compiler.diagnostics.all.flatMap { $0.suggestions.map(\.replacement) } == [meant])
        }
    }

    @Test(
        "A manifest that declares one is faulty",
        arguments: [
            "{type: object, properties: {timeout: {type: integer}}}",
            "{$ref: \"#/$defs/all\", $defs: {all: {properties: {retry: {type: boolean}}}}}",
        ])
    func declared(_ schema: String) {
        let plugin = Self.plugin.replacing(
            "restore: {hooks: [main]}", with: "restore: {hooks: [main], parameters: \(schema)}")
        let compiler = Self.compile("resources: [{id: a, type: Test::Strict}]", plugin: plugin)
        let faults = compiler.diagnostics.all
        #expect(faults.map(\.code) == [.invalidValue], Self.printed(compiler))
        #expect(faults.allSatisfy { $0.message.contains("is a parameter of every resource type") })
    }

    /// The quick way and the validator must agree, with these parameters and without.
    @Test func quickAndSlowWaysAgree() {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "timeout: 5m", "timeout: 5", "retry: {attempts: 3}", "retry: {delay: 9m, maxDelay: 1s}", "size: 3",
            "size: x",
            "other: 1",
        ]
        for _ in 0..<60 {
            var names: Set<Substring> = []
            let chosen = pieces.shuffled(using: &generator).prefix(2).filter {
                names.insert($0.prefix { $0 != ":" }).inserted
            }.joined(separator: ", ")
            let own = Self.compile("resources: [{id: a, type: Test::Strict, parameters: {\(chosen)}}]")
            // With an empty layer below, nothing is taken the quick way.
            let layered = Self.compile(
                "parameters: {Test::Strict: {}}\nresources: [{id: a, type: Test::Strict, parameters: {\(chosen)}}]")
            #expect(
                own.diagnostics.all.map(\.message) == layered.diagnostics.all.map(\.message), "seed \(seed): \(chosen)")
            #expect((own.plans.first?.ir == nil) == (layered.plans.first?.ir == nil), "seed \(seed): \(chosen)")
        }
    }
}

@Suite("What plans and providers say of runs")
struct RunSettingTests {
    private static func provider(_ rest: String) -> (manifest: ProviderManifest?, faults: [Diagnostic]) {
        let text = """
            apiVersion: cairn/v1
            kind: Provider
            name: all
            bank: {plugin: directory, config: {path: /bank}}
            plugins: [{name: files}, {name: noop}]

            """ + rest
        var faults = DiagnosticList()
        let source = SourceText(name: "provider.yaml", bytes: Array(text.utf8))
        var sources = SourceMap()
        let tree = YAMLParser.parse(source, as: sources.add(source), into: &faults)
        let manifest = tree.documents.first.flatMap { ProviderManifest.decode($0, into: &faults) }
        return (manifest, faults.all)
    }

    @Test("Limits are read in the order of the file") func limits() throws {
        let (manifest, faults) = Self.provider(
            """
            concurrency:
              types: {Test::B: 3, Test::A: 1}
              plugins: {noop: 1024, files: 1}
              jobs: 8
            """)
        #expect(faults.isEmpty)
        let concurrency = try #require(manifest).concurrency
        #expect(concurrency.jobs == 8)
        #expect(concurrency.plugins.map(\.name.value) == ["noop", "files"])
        #expect(concurrency.plugins.map(\.count) == [1024, 1])
        #expect(concurrency.types.map(\.name.value) == ["Test::B", "Test::A"])
        #expect(concurrency.types.map(\.count) == [3, 1])
    }

    @Test("A provider that says nothing limits nothing and tells nobody") func nothing() throws {
        let manifest = try #require(Self.provider("").manifest)
        #expect(manifest.concurrency.jobs == nil)
        #expect(manifest.concurrency.plugins.isEmpty && manifest.concurrency.types.isEmpty)
        #expect(manifest.notifications.isEmpty)
    }

    @Test("Notifications have their defaults") func notifications() throws {
        let (manifest, faults) = Self.provider(
            """
            notify:
              - {command: [logger, ""]}
              - {on: success, url: {fromFile: /etc/address}, headers: {}, timeout: 2m}
            """)
        #expect(faults.isEmpty)
        #expect(
            manifest?.notifications == [
                PlanIR.Notification(occasion: .failure, recipient: .command(["logger", ""])),
                PlanIR.Notification(
                    occasion: .success, recipient: .address(.fromFile("/etc/address"), headers: []), timeoutText: "2m"),
            ])
    }

    @Test("No message of the compiler shows a secret", arguments: ["plan", "provider"]) func secrets(_ place: String) {
        let notify = """
            notify:
              - {url: "https://me:hunter2@example.org"}
              - {url: "https://example.org", headers: {Authorization: hunter2, X-Token: hunter2, Cookie: hunter2}}

            """
        let plan =
            "apiVersion: cairn/v1\nkind: Plan\nname: test\nprovider: all\n"
            + "resources: [{id: a, type: Host::FileSystem::Directory, properties: {path: /a}}]\n"
        let compiler =
            place == "plan"
            ? CompiledPlans.compile([plan + notify, CompiledPlans.provider])
            : CompiledPlans.compile([plan, CompiledPlans.provider + "\n" + notify])
        #expect(compiler.diagnostics.all.filter { $0.code == .literalSecret }.count == 4)
        let text = TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted)
        #expect(!text.contains("hunter2"))
    }

    @Test("A secret over http is told, unless nobody can read it on its way") func secretOverHTTP() {
        func codes(_ notification: String) -> [DiagnosticCode] {
            let plan = CompiledPlans.plan("  - {id: a, type: Host::FileSystem::Directory, properties: {path: /a}}\n")
            return CompiledPlans.compile([plan + "notify: [\(notification)]\n", CompiledPlans.provider]).diagnostics.all
                .map(\.code)
        }
        let secret = "headers: {Authorization: {fromEnv: A}}"
        #expect(codes("{url: 'http://example.org', \(secret)}") == [.secretOverHTTP])
        #expect(codes("{url: 'http://example.org', headers: {X-A: {fromFile: /nowhere/secret}}}") == [.secretOverHTTP])
        #expect(codes("{url: 'https://example.org', \(secret)}").isEmpty)
        #expect(codes("{url: 'http://127.0.0.1:80/x', \(secret)}").isEmpty)
        #expect(codes("{url: {fromEnv: B}, \(secret)}").isEmpty)
        #expect(codes("{url: 'http://example.org', headers: {X-A: b}}").isEmpty)
    }

    @Test("Limits of types are left alone where a plugin takes every type") func openTypes() {
        let plan = CompiledPlans.plan("  - {id: a, type: Host::FileSystem::Directory, properties: {path: /a}}\n")
        let limits = "\nconcurrency: {types: {Some::Type: 1}}\n"
        #expect(CompiledPlans.compile([plan, CompiledPlans.provider + limits]).diagnostics.all.isEmpty)
        let closed = CompiledPlans.provider.replacing(", {name: noop}", with: "")
        #expect(
            CompiledPlans.compile([plan, closed + limits]).diagnostics.all.map(\.code) == [.unknownResourceType])
    }
}
