import Diagnostics
import Foundation
import PlanCompiler
import PlanTestSupport
import Project
import Testing
import YAMLSource

@Suite("Comments that allow")
struct AllowanceTests {
    private func compile(_ rest: String) -> Compiler {
        CompiledPlans.compile([Samples.plan("test", provider: "all", rest), CompiledPlans.provider])
    }

    /// A plan whose line 8 names a dependent twice, with `before` above the line and `behind` behind it.
    private func repeated(before: String = "", behind: String = "") -> Compiler {
        compile(
            """
            resources:
              - id: a
                type: Test::Thing
            \(before.isEmpty ? "" : before + "\n")    dependsOn: [b, b]\(behind)
              - {id: b, type: Test::Thing}

            """)
    }

    @Test(
        "On the line, or above it",
        arguments: [
            ("", " # cairn: allow W0212 it is meant so"), ("", " #cairn: allow W0212 it is meant so"),
            ("", "\t#   cairn: allow duplicate-dependency -- it is meant so"),
            ("", " # cairn: allow W0212: it is meant so"),
            ("    # cairn: allow W0212 it is meant so", ""), ("# cairn: allow W0212 it is meant so", ""),
            ("    # cairn: allow W0212 it is meant so\n\n    # more words\n", ""),
        ])
    func silences(_ before: String, _ behind: String) {
        let compiler = repeated(before: before, behind: behind)
        #expect(compiler.codes.isEmpty, "\(compiler.text)")
        #expect(compiler.diagnostics.silenced.map(\.reason) == ["it is meant so"])
        #expect(compiler.diagnostics.silenced.map(\.diagnostic.code) == [.duplicateDependency])
        #expect(compiler.plans[0].ir != nil)
    }

    @Test(
        "What does not silence",
        arguments: [
            // Too far away, another lint, and what is no comment.
            ("    # cairn: allow W0212 too early\n    name: A", "", ["W0409", "W0212"]),
            ("", " # cairn: allow W0211 another one", ["W0212", "W0409"]),
            ("    name: 'x # cairn: allow W0212 no comment'", "", ["W0212"]),
            ("    name: |\n      # cairn: allow W0212 no comment", "", ["W0212"]),
            ("    name: \"x\n      # cairn: allow W0212 no comment\"", "", ["W0212"]),
            ("    name: x#cairn: allow W0212 no comment", "", ["E0003"]),
            ("    name: >- # cairn: allow W0212 on the line of the mark\n      text", "", ["W0409", "W0212"]),
            ("", " # words # cairn: allow W0212 not at the beginning", ["W0212"]),
            ("", " # cairn allow W0212 no colon", ["W0212"]),
        ])
    func doesNotSilence(_ before: String, _ behind: String, _ codes: [String]) {
        let compiler = repeated(before: before, behind: behind)
        #expect(compiler.codes == codes, "\(compiler.text)")
    }

    @Test(
        "What is not understood",
        arguments: [
            (" # cairn: allow W0212", ["E0408"]), (" # cairn: allow W0212, W0211", ["E0408"]),
            (" # cairn: allow W0212 --", ["E0408"]), (" # cairn: allow", ["W0212", "W0410"]),
            (" # cairn: allow W0499 why", ["W0212", "E0406"]), (" # cairn: allow unknown why", ["W0212", "E0406"]),
            (" # cairn: allow E0208 why", ["W0212", "E0407"]), (" # cairn: ignore W0212 why", ["W0212", "W0410"]),
            (" # cairn: alow W0212 why", ["W0212", "W0410"]), (" # cairn: W0212 why", ["W0212", "W0410"]),
            (" # cairn: the tool for this", ["W0212"]), (" # cairn:", ["W0212"]),
            (" # cairn: allow W0212, W0499 why", ["E0406"]), (" # cairn: allow W0212 W0212 why", ["W0409"]),
            (" # cairn: allow ,W0212 why", ["W0212", "W0410"]),
        ])
    func misunderstood(_ comment: String, _ codes: [String]) {
        let compiler = repeated(behind: comment)
        #expect(compiler.codes == codes, "\(compiler.text)")
    }

    @Test("Several lints, each of which must be needed") func several() {
        let compiler = repeated(behind: " # cairn: allow W0212, unknown-parameter-target both are meant so")
        #expect(compiler.codes == ["W0409"], "\(compiler.text)")
        let unused = compiler.diagnostics.all[0]
        #expect(compiler.sources.text(of: unused.range ?? unused.suggestions[0].range) == "unknown-parameter-target")
        #expect(unused.suggestions.map(\.isCertain) == [true])
        #expect(compiler.sources.text(of: unused.suggestions[0].range) == ", unknown-parameter-target")
    }

    @Test("In a plan with an error nothing is called unused") func withErrors() {
        let compiler = compile(
            "# cairn: allow W0212 who knows\nresources: [{id: a, type: Test::Thing, dependsOn: [none]}]\n")
        #expect(compiler.codes == ["E0206"], "\(compiler.text)")
    }

    @Test("A lint that depends on other files may be allowed where they are not checked") func surroundings() {
        let plan = "# cairn: allow W0401 staging\napiVersion: cairn/v1\nkind: Plan\nname: test\nprovider: all\n"
        let compiler = CompiledPlans.compile(
            [plan + "resources: [{id: a, type: Test::Thing}]\n", CompiledPlans.provider])
        #expect(compiler.codes.isEmpty, "\(compiler.text)")
    }

    @Test("A comment goes before the level, and is used where the lint is off") func levels() throws {
        let plan = Samples.plan(
            "shop",
            """
            resources:
              - {id: a, type: Test::Thing, dependsOn: [b, b]} # cairn: allow W0212 it is meant so
              - {id: b, type: Test::Thing}

            """)
        for level in ["off", "error"] {
            let place = try TemporaryDirectory([
                "plan.yaml": plan, "providers/local.yaml": Samples.provider,
                "cairn.yaml": Samples.project("lints: {W0212: \(level), unused-allow: error}"),
            ])
            let compiler = place.check()
            #expect(compiler.codes.isEmpty && compiler.diagnostics.silenced.count == 1, "\(compiler.text)")
        }
    }

    @Test("Line breaks of all kinds, a byte order mark, several documents") func lineBreaks() {
        let text = Samples.plan(
            "test", provider: "all",
            "resources:\n  # cairn: allow W0212 so\n  - {id: a, type: Test::Thing, dependsOn: [b, b]}\n  - {id: b, type: Test::Thing}\n"
        )
        for changed in [
            text, text.replacing("\n", with: "\r\n"), text.replacing("\n", with: "\r"), "\u{FEFF}" + text,
            "# é ü\n" + text,
            text + "---\n" + text.replacing("name: test", with: "name: other"),
            "\u{FEFF}# cairn: allow W0401 above the mark of the document\n---\n" + text,
        ] {
            let compiler = CompiledPlans.compile([changed, CompiledPlans.provider])
            #expect(compiler.codes.isEmpty, "\(compiler.text)")
            #expect(!compiler.diagnostics.silenced.isEmpty)
        }
    }

    @Test("Many comments cost what they are long") func many() {
        func work(_ count: Int) -> Duration {
            var rest = "resources:\n"
            for number in 0..<count {
                rest +=
                    "  - {id: r\(number), type: Test::Thing, dependsOn: [z, z]} # cairn: allow W0212 it is meant so\n"
            }
            let text = rest + "  - {id: z, type: Test::Thing}\n"
            var compiler = compile("resources: [{id: a, type: Test::Thing}]\n")
            let time = ContinuousClock().measure { compiler = compile(text) }
            #expect(compiler.codes.isEmpty && compiler.diagnostics.silenced.count == count)
            return time
        }
        let small = work(400)
        let large = work(4000)
        #expect(large < small * 40, "\(small), \(large)")
    }
}
