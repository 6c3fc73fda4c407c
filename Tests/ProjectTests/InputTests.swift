import Diagnostics
import Foundation
import PlanCompiler
import PlanIR
import Project
import Testing
import YAMLSource

@Suite("The files of a check")
struct InputTests {
    @Test("A directory gives its YAML files that are Cairn's, in byte order") func directory() throws {
        let place = try TemporaryDirectory([
            "b.yaml": Samples.plan("b"), "a/z.yml": Samples.plan("z"), "B.yaml": Samples.plan("big"),
            ".hidden.yaml": Samples.plan("hidden"), ".git/x.yaml": Samples.plan("x"), "readme.md": Samples.plan(),
            "helm.yaml": "{{ if }}: [\n", "other.yaml": "kind: Deployment\napiVersion: apps/v1\n",
            "a.yaml": Samples.plan("a"),
        ])
        let found = place.find("")
        #expect(place.names(found) == ["B.yaml", "a/z.yml", "a.yaml", "b.yaml"])
        #expect(found.diagnostics.all.isEmpty)
    }

    @Test("A file of Cairn's with a fault is not passed over") func broken() throws {
        let place = try TemporaryDirectory([
            "syntax.yaml": "apiVersion: cairn/v1\nkind: Plan\nname: [\n",
            "version.yaml": "apiVersion: cairn/v7\nkind: Plan\n",
            "misspelt.yaml": "apiVesion: cairn/v1\nkind: Plan\n",
            "providers/local.yaml": Samples.provider,
        ])
        let compiler = place.check()
        #expect(Set(compiler.codes) == ["E0003", "E0101"], "\(compiler.text)")
        #expect(compiler.codes.count == 3)
    }

    @Test("Other documents in a file of Cairn's are passed over, unless it was named") func otherDocuments() throws {
        let text = "kind: Deployment\n---\n" + Samples.plan("a")
        let place = try TemporaryDirectory(["a.yaml": text, "providers/local.yaml": Samples.provider])
        #expect(place.check().diagnostics.all.isEmpty)
        var named = Compiler(place.find("a.yaml"), providerDirectories: [])
        named.run()
        #expect(named.codes == ["E0101"])
    }

    @Test("What is named twice, or by links, is read once") func once() throws {
        let place = try TemporaryDirectory(["plans/a.yaml": Samples.plan("a"), "plans/deep/b.yaml": Samples.plan("b")])
        let files = FileManager.default
        try files.createSymbolicLink(atPath: place.path + "/plans/c.yaml", withDestinationPath: "a.yaml")
        try files.createSymbolicLink(atPath: place.path + "/plans/loop", withDestinationPath: "..")
        try files.createSymbolicLink(atPath: place.path + "/plans/deep/back", withDestinationPath: "../deep")
        try files.linkItem(atPath: place.path + "/plans/a.yaml", toPath: place.path + "/plans/d.yaml")
        let found = place.find("plans", "plans/a.yaml", "plans/../plans", "plans/*.yaml", "plans/deep/back/b.yaml")
        #expect(place.names(found) == ["plans/a.yaml", "plans/deep/b.yaml"])
        #expect(found.diagnostics.all.isEmpty)
        #expect(place.names(place.find("plans/c.yaml", "plans/a.yaml")) == ["plans/c.yaml"])
    }

    @Test("Patterns match files, and directories with all below them") func patterns() throws {
        let place = try TemporaryDirectory([
            "plans/a.yaml": Samples.plan("a"), "plans/deep/er/b.yml": Samples.plan("b"),
            "plans/deep/c.yaml": Samples.plan("c"), "plans/notes.txt": Samples.plan("notes"),
            "plans/.x/d.yaml": Samples.plan("d"), "odd[1].yaml": Samples.plan("odd"),
        ])
        func names(_ pattern: String) -> [String] { place.names(place.find(pattern)) }
        #expect(names("plans/*.yaml") == ["plans/a.yaml"])
        #expect(names("plans/**/*.yaml") == ["plans/a.yaml", "plans/deep/c.yaml"])
        #expect(names("plans/d*") == ["plans/deep/c.yaml", "plans/deep/er/b.yml"])
        #expect(names("plans/**/[b-c].y*ml") == ["plans/deep/c.yaml", "plans/deep/er/b.yml"])
        #expect(names("**") == ["odd[1].yaml", "plans/a.yaml", "plans/deep/c.yaml", "plans/deep/er/b.yml"])
        #expect(names("plans/*") == ["plans/a.yaml", "plans/deep/c.yaml", "plans/deep/er/b.yml"])
        // A file of this very name goes before the pattern.
        #expect(names("odd[1].yaml") == ["odd[1].yaml"])
    }

    @Test(
        "Where there is nothing to check, that is an error",
        arguments: ["none/*.yaml", "*.yml", "empty", "missing.yaml", "[", "empty/**"])
    func nothing(_ argument: String) throws {
        let place = try TemporaryDirectory(["empty/readme.txt": "", "a.yaml": Samples.plan()])
        let found = place.find(argument)
        #expect(found.inputs.isEmpty)
        #expect(found.diagnostics.all.map(\.code) == [.unreadableFile], "\(found.diagnostics.all)")
    }

    @Test("Standard input stands in for the file of its name") func standardInput() throws {
        let place = try TemporaryDirectory(["plans/a.yaml": Samples.plan("a"), "plans/b.yaml": Samples.plan("b")])
        let text = SourceText(name: place.path + "/plans/b.yaml", bytes: Array(Samples.plan("new").utf8))
        var found = InputFinder(projects: .nearest, standardInput: .init(text))
        found.find(["-", place.path + "/plans"])
        #expect(place.names(found) == ["plans/b.yaml", "plans/a.yaml"])
        #expect(found.inputs[0].text.bytes == text.bytes && found.isStandardInput(found.inputs[0].text))
    }

    @Test("A plan is checked although another one has faults") func independence() throws {
        let place = try TemporaryDirectory([
            "good.yaml": Samples.plan("good"), "bad.yaml": Samples.plan("bad", "resources: []\n"),
            "none.yaml": Samples.plan("none", provider: "nobody"), "providers/local.yaml": Samples.provider,
        ])
        let compiler = place.check()
        #expect(compiler.codes == ["E0105", "E0201"], "\(compiler.text)")
        #expect(compiler.plans.map { $0.ir != nil } == [false, true, false])
    }

    @Test("Each plan has the providers beside it, and none of elsewhere") func providers() throws {
        let place = try TemporaryDirectory([
            "one/plan.yaml": Samples.plan("one"), "one/providers/local.yaml": Samples.provider,
            "two/plan.yaml": Samples.plan("two"),
            "two/providers/local.yaml": Samples.provider.replacing("/bank", with: "/other"),
            "three/plan.yaml": Samples.plan("three"),
        ])
        let compiler = place.check()
        #expect(compiler.codes == ["E0201"], "\(compiler.text)")
        #expect(compiler.plans.map { $0.ir != nil } == [true, false, true])
        let banks = compiler.plans.compactMap { $0.ir?.provider.digest }
        #expect(Set(banks).count == 2)
        // One that is named is for all that have none of its name.
        var named = Compiler(
            place.find("three/plan.yaml", "two/plan.yaml", "one/providers/local.yaml"), providerDirectories: [])
        named.run()
        #expect(named.diagnostics.all.isEmpty, "\(named.text)")
        #expect(named.plans[0].ir?.provider.digest == banks[0] && named.plans[1].ir?.provider.digest == banks[1])
    }

    @Test("Plugins that are declared are known, in the files given and beside the providers") func plugins() throws {
        let provider = Samples.provider.replacing("{name: noop}", with: "{name: tapes}, {name: discs}")
            .replacing("plugin: directory", with: "plugin: vault")
        let vault =
            "apiVersion: cairn/v1\nkind: BankPlugin\nname: vault\ndescription: A vault\nconfig: {type: object}\n"
        let place = try TemporaryDirectory([
            "plan.yaml": Samples.plan("plan", "resources: [{id: a, type: Tape::Reel}, {id: b, type: Disc::Side}]\n"),
            "providers/local.yaml": provider,
            "providers/discs.plugin.yaml": Samples.plugin("discs", type: "Disc::Side"),
            "tapes.plugin.yaml": Samples.plugin("tapes"), "providers/vault.yaml": vault,
        ])
        let all = place.check()
        #expect(all.diagnostics.all.isEmpty, "\(all.text)")
        #expect(all.plans[0].ir?.plugins.map(\.name) == ["tapes", "discs"])
        var one = Compiler(place.find("plan.yaml"), providerDirectories: [])
        one.run()
        #expect(one.codes == ["E0203"], "\(one.text)")
    }

    @Test("A plugin has one manifest, and a built-in one none") func pluginTwice() throws {
        let place = try TemporaryDirectory([
            "a.yaml": Samples.plugin("tapes"), "b.yaml": Samples.plugin("tapes", type: "Tape::Other"),
            "c.yaml": Samples.plugin("noop"), "d.yaml": Samples.plugin("bad") + "extra: 1\n",
        ])
        let compiler = place.check()
        #expect(compiler.codes == ["E0403", "E0403", "E0103"], "\(compiler.text)")
        #expect(compiler.diagnostics.sorted.prefix(2).allSatisfy { $0.related.count == 1 })
    }

    @Test("Names of plans, banks and providers are compared over all files") func comparison() throws {
        let other = Samples.provider.replacing("name: local", with: "name: other")
        let place = try TemporaryDirectory([
            "a.yaml": Samples.plan("shop"), "b.yaml": Samples.plan("shop"),
            "c.yaml": Samples.plan("shop", provider: "other"),
            "d.yaml": Samples.plan("shop", provider: "far"), "e.yaml": Samples.plan("alone", provider: "far"),
            "providers/local.yaml": Samples.provider,
            "providers/other.yaml": other.replacing("/var/lib/cairn/bank", with: "/var//lib/./cairn/x/../bank/"),
            "providers/far.yaml": other.replacing("name: other", with: "name: far").replacing("/bank", with: "/far"),
        ])
        let compiler = place.check()
        #expect(compiler.codes == ["E0402", "E0402", "W0401"], "\(compiler.text)")
        #expect(compiler.diagnostics.sorted[1].related.count == 3)
        try place.write("providers/again.yaml", Samples.provider)
        #expect(place.check().codes.filter { $0 == "E0202" }.count == 1)
    }
}
