import Diagnostics
import Manifests
import PlanCompiler
import Schedules
import YAMLSource

/// Runs the lints over a plan that is otherwise without fault.
struct LintRun {
    /// A plugin with every trait, a bank-less provider's worth of types, and options that were renamed.
    static let traitsPlugin = """
        apiVersion: cairn/v1
        kind: Plugin
        name: traits
        version: 1
        description: Types with traits
        resourceTypes:
          - type: Test::Service
            properties: {type: object, properties: {command: {type: string}}}
            operations: &all
              protect: {hooks: [prepareBegin, prepareFinish], parameters: &any {type: object}}
              restore: {hooks: [main], parameters: *any}
              verify: {hooks: [main], parameters: *any}
              delete: {hooks: []}
            traits: {quiesces: true}
          - type: Test::Tree
            properties: {type: object, properties: {root: {type: string}}}
            operations:
              protect:
                hooks:
                  - {hook: prepareFinish, when: {mode: [still, snapshot]}}
                  - {hook: main, when: {mode: [running, snapshot]}}
                parameters:
                  type: object
                  properties:
                    skip: {type: array, items: {type: string}}
                    stay: {type: boolean}
                    mode: {type: string, enum: [running, still, snapshot], default: still}
                    zip: {type: integer, deprecated: true, x-cairn-replacement: level}
                    level: {type: integer}
                    old: {type: integer, deprecated: true}
                    deep: {type: object, properties: {inner: {deprecated: true, x-cairn-replacement: core}}}
              restore: {hooks: [main]}
              verify: {hooks: [main]}
              delete: {hooks: []}
            traits:
              protectedPath: root
              excludePatterns: skip
              oneFileSystem: stay
              copiedLive: {mode: [running]}
          - {type: Test::Plain, operations: *all}
        """

    static let provider = """
        apiVersion: cairn/v1
        kind: Provider
        name: all
        bank: {plugin: directory, config: {path: /bank}}
        plugins: [{name: traits}, {name: files}, {name: noop}]
        """

    let compiler: Compiler

    /// `rest` follows the name of the plan; the other keys come from `provider`.
    init(
        _ rest: String, provider: String = LintRun.provider, machine: MachineView = LintRun.machine(),
        coversProject: Bool = false, others: [String] = []
    ) {
        let plan = "apiVersion: cairn/v1\nkind: Plan\nname: test\nprovider: all\n" + rest
        var compiler = Compiler(
            inputs: ([plan, provider] + others).enumerated().map {
                SourceText(name: "input\($0).yaml", bytes: Array($1.utf8))
            }, providerDirectories: [],
            catalogue: PluginCatalogue(
                adding: [
                    ("traits", SourceText(name: "traits.plugin.yaml", bytes: Array(LintRun.traitsPlugin.utf8)))
                ]))
        compiler.machine = machine
        compiler.coversProject = coversProject
        compiler.run()
        self.compiler = compiler
    }

    /// A plan with nothing but these resources.
    static func resources(_ list: String, machine: MachineView = LintRun.machine()) -> LintRun {
        LintRun("resources:\n" + list + "\n", machine: machine)
    }

    /// A plan with a harmless resource.
    static func plan(_ rest: String, machine: MachineView = LintRun.machine()) -> LintRun {
        LintRun("resources: [{id: a, type: Test::Plain}]\n" + rest + "\n", machine: machine)
    }

    /// A machine with these files, as path, device and mode.
    static func machine(
        _ files: [String: (device: UInt64, mode: UInt32)] = [:], zones: TimeZoneDatabase = .system
    ) -> MachineView {
        MachineView(
            status: { path in files[path].map { MachineView.FileStatus(device: $0.device, mode: $0.mode) } },
            resolve: { files[$0] == nil ? nil : $0 }, timeZones: zones)
    }

    var codes: [DiagnosticCode] { compiler.diagnostics.sorted.map(\.code) }
    var messages: [String] { compiler.diagnostics.sorted.map(\.message) }
    var text: String { TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted) }
}
