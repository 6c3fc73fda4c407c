import Diagnostics
import PlanCompiler
import PlanIR
import Testing

@Suite("Lints about what is unused, disabled or deprecated") struct OtherLintTests {
    private static let trigger = """
        triggers: [{name: a, cron: 0 3 * * *, operation: protect}]
        retention: {keepLast: 3}

        """

    // MARK: Disabled plans

    @Test("A disabled plan with triggers is told, and the compiled plan says that it is disabled") func disabled()
        throws
    {
        let run = LintRun.plan(Self.trigger + "enabled: false")
        #expect(run.codes == [.disabledWithTriggers])
        let ir = try #require(run.compiler.plans.first?.ir)
        #expect(!ir.isEnabled)
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
        let text = String(decoding: ir.encoded.bytes, as: UTF8.self)
        #expect(text.contains("\"enabled\":false"))
        // What is not written is so by default: writing it is another spelling.
        let spelt = text.replacing("\"enabled\":false", with: "\"enabled\":true")
        #expect(throws: IRLoadError.self) { try PlanIR(loading: Array(spelt.utf8)) }
    }

    @Test("An enabled plan, and a disabled one without triggers, are not") func notDisabled() throws {
        for rest in [Self.trigger + "enabled: true", Self.trigger, "enabled: false", "enabled: false\ntriggers: []"] {
            #expect(LintRun.plan(rest).codes.isEmpty, "\(rest)")
        }
        let ir = try #require(LintRun.plan(Self.trigger).compiler.plans.first?.ir)
        #expect(ir.isEnabled && !String(decoding: ir.encoded.bytes, as: UTF8.self).contains("enabled"))
        #expect(LintRun.plan("enabled: 0").codes == [.wrongType])
    }

    // MARK: Nothing saved

    @Test("A trigger for a plan of which nothing is saved") func savesNothing() {
        let noop = "resources: [{id: a, type: Some::Thing}, {id: b, type: Other::Thing}]\n"
        #expect(LintRun(noop + Self.trigger).codes == [.savesNothing])
        #expect(LintRun(noop).codes.isEmpty)
        #expect(LintRun(noop + "triggers: [{name: a, cron: 0 3 * * *, operation: verify}]\n").codes.isEmpty)
        let mixed = "resources: [{id: a, type: Some::Thing}, {id: b, type: Test::Plain}]\n"
        #expect(LintRun(mixed + Self.trigger).codes.isEmpty)
    }

    // MARK: Deprecated options

    @Test("Deprecated options with and without a replacement, in each layer") func deprecated() throws {
        let tree = "{id: a, type: Test::Tree, properties: {root: /a}, parameters:"
        let run = LintRun.resources("  - \(tree) {zip: 3}}")
        #expect(run.codes == [.deprecatedOption])
        let suggestion = try #require(run.compiler.diagnostics.all.first?.suggestions.first)
        #expect(suggestion.replacement == "level" && suggestion.isCertain)
        #expect(run.compiler.sources.text(of: suggestion.range) == "zip")
        // Where the new name is there, too, a change would make it twice.
        let both = LintRun.resources("  - \(tree) {zip: 3, level: 3}}")
        #expect(both.codes == [.deprecatedOption] && both.compiler.diagnostics.all[0].suggestions.isEmpty)
        #expect(LintRun.resources("  - \(tree) {old: 3}}").compiler.diagnostics.all.map(\.suggestions.count) == [0])
        #expect(LintRun.resources("  - \(tree) {deep: {inner: 3}}}").codes == [.deprecatedOption])
        #expect(LintRun.resources("  - \(tree) {deep: {other: {inner: 3}}, level: 2}}").codes.isEmpty)
        let block =
            "resources: [{id: a, type: Test::Tree, properties: {root: /a}}]\nparameters: {Test::Tree: {zip: 3}}\n"
        #expect(LintRun(block).codes == [.deprecatedOption])
        let provider = LintRun.provider.replacing(
            "{name: traits}", with: "{name: traits, parameters: {Test::Tree#a: {zip: 3}}}")
        #expect(
            LintRun("resources: [{id: a, type: Test::Tree, properties: {root: /a}}]\n", provider: provider).codes
                == [.deprecatedOption])
    }

    // MARK: What nothing uses

    private static let plan = "resources: [{id: a, type: Test::Plain}]\n"

    private func project(_ provider: String, _ others: [String] = []) -> LintRun {
        LintRun(Self.plan, provider: provider, coversProject: true, others: others)
    }

    private func provider(_ plugins: String, name: String = "all") -> String {
        "apiVersion: cairn/v1\nkind: Provider\nname: \(name)\nbank: {plugin: directory, config: {path: /bank}}\n"
            + "plugins: [\(plugins)]\n"
    }

    @Test("A provider, a plugin and parameters that no plan of a project uses") func unused() {
        #expect(project(provider("{name: traits}")).codes.isEmpty)
        #expect(project(provider("{name: traits}, {name: noop}")).codes == [.unusedPlugin])
        #expect(
            project(provider("{name: traits}"), [provider("{name: files}", name: "other")]).codes == [.unusedProvider])
        let parameters =
            "{name: traits, parameters: {Test::Plain: {}, Test::Plain#a: {}, Test::Plain#b: {}, Test::Tree: {}}}"
        #expect(project(provider(parameters)).codes == [.unusedProviderParameters, .unusedProviderParameters])
    }

    @Test("Another plan may use what this one does not") func shared() {
        let other =
            "apiVersion: cairn/v1\nkind: Plan\nname: other\nprovider: all\nresources: [{id: b, type: Some::Thing}]\n"
        #expect(project(provider("{name: traits}, {name: noop}"), [other]).codes.isEmpty)
        let block = "{name: traits, parameters: {Test::Plain#b: {}}}"
        let second = other.replacing("Some::Thing", with: "Test::Plain")
        #expect(project(provider(block), [second]).codes.isEmpty)
    }

    @Test("Where plans are missing or have faults, nothing is called unused") func notUnused() {
        let all = provider("{name: traits}, {name: noop}, {name: files}")
        #expect(LintRun(Self.plan, provider: all).codes.isEmpty)
        let misspelt =
            "apiVersion: cairn/v1\nkind: Plan\nname: other\nprovider: al\nresources: [{id: b, type: Some::Thing}]\n"
        let other = provider("{name: noop}", name: "elsewhere")
        #expect(project(provider("{name: traits}"), [misspelt, other]).codes == [.unknownProvider])
        let alien =
            "apiVersion: cairn/v1\nkind: Plan\nname: other\nprovider: all\nresources: [{id: b, type: Some::Thing}]\n"
        #expect(project(provider("{name: traits}, {name: files}"), [alien]).codes == [.unknownResourceType])
    }
}
