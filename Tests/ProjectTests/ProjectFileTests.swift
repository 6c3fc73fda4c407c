import Diagnostics
import Foundation
import PlanCompiler
import Project
import Testing
import YAMLSource

@Suite("The project file")
struct ProjectFileTests {
    /// A plan with a lint in line 5.
    static let repeated = Samples.plan(
        "shop",
        """
        parameters: {Host::FileSystem::Directory#none: {level: 1}}
        resources:
          - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

        """)

    private func place(_ project: String, _ more: [String: String] = [:]) throws -> TemporaryDirectory {
        var files = ["plans/plan.yaml": Self.repeated, "plans/providers/local.yaml": Samples.provider]
        files["cairn.yaml"] = Samples.project(project)
        return try TemporaryDirectory(files.merging(more) { _, new in new })
    }

    @Test("Lints have the level of the project, by code or by name") func levels() throws {
        #expect(try place("").check().codes == ["W0211"])
        #expect(try place("lints: {W0211: off}").check().codes.isEmpty)
        #expect(try place("lints: {unknown-parameter-target: off}").check().codes.isEmpty)
        let error = try place("lints: {W0211: error}").check()
        #expect(error.hasErrors && error.diagnostics.all.first?.severity == .error)
        let strict = try place("strict: true").check()
        #expect(strict.isStrict && !strict.hasErrors)
        #expect(try !place("strict: true\nlints: {W0211: off}").check().isStrict)
    }

    @Test("The nearest file counts, and the look for it ends with the checkout") func nearest() throws {
        let place = try place("lints: {W0211: off}")
        #expect(place.check().codes.isEmpty)
        try place.write("plans/cairn.yaml", Samples.project("lints: {W0211: error}"))
        #expect(place.check().hasErrors)
        try FileManager.default.removeItem(atPath: place.path + "/plans/cairn.yaml")
        try place.write("plans/.git/config", "")
        #expect(place.check().codes == ["W0211"])
        try place.write("plans/cairn.yaml", Samples.project("lints: {W0211: off}"))
        #expect(place.check().codes.isEmpty)
    }

    @Test("It leaves out what it excludes, but nothing that is named") func exclude() throws {
        let more = [
            "old/plan.yaml": Samples.plan("old", "resources: []\n"), "plans/x.tmp.yaml": "apiVersion: cairn/v1\n",
        ]
        let place = try place("exclude: [old/, '*.tmp.yaml']\nlints: {W0211: off}", more)
        #expect(place.check().codes.isEmpty)
        #expect(place.names(place.find("**/*.yaml")) == ["plans/plan.yaml", "plans/providers/local.yaml"])
        #expect(place.names(place.find("old/plan.yaml")) == ["old/plan.yaml"])
        #expect(place.find("old").inputs.isEmpty == false)
    }

    @Test("It names the directories of providers, from where it lies") func providers() throws {
        let place = try TemporaryDirectory([
            "cairn.yaml": Samples.project("providers: [how, ./where]"), "plans/deep/plan.yaml": Samples.plan(),
            "where/local.yaml": Samples.provider, "how/empty.txt": "",
        ])
        #expect(place.check().codes.isEmpty)
        // What is given goes before it.
        var given = Compiler(place.find("plans"), providerDirectories: [place.path + "/how"])
        given.run()
        #expect(given.codes == ["E0201"])
    }

    @Test("A directory that is not there is the one fault") func missingDirectory() throws {
        let place = try TemporaryDirectory([
            "cairn.yaml": Samples.project("providers: [nowhere]"), "plan.yaml": Samples.plan(),
        ])
        let compiler = place.check()
        #expect(compiler.codes == ["E0105"], "\(compiler.text)")
        #expect(compiler.plans.allSatisfy { $0.ir == nil })
    }

    @Test(
        "Each fault has its place",
        arguments: [
            ("lints: {W0499: off}", "E0406", 9), ("lints: {unused-alow: off}", "E0406", 9),
            ("lints: {E0208: off}", "E0407", 9), ("lints: {W0211: of}", "E0105", 16),
            ("lints: {W0211: [off]}", "E0105", 16), ("lints: {W0211: }", "E0105", 9),
            ("lints: {W0211: off, unknown-parameter-target: warn}", "E0105", 21), ("lints: off", "E0104", 8),
            ("strict: yes", "E0104", 9), ("exclude: ['[']", "E0105", 11), ("exclude: [1]", "E0104", 11),
            ("providers: none", "E0104", 12), ("provider: [x]", "E0103", 1), ("lints: {W0211: off", "E0003", nil),
            ("---\na: b", "E0105", 1), ("providers: [{}]", "E0104", 13),
        ] as [(String, String, Int?)])
    func faults(_ text: String, _ code: String, _ column: Int?) throws {
        let compiler = try place("x-mine: 1\n" + text).check()
        let faults = compiler.diagnostics.sorted.filter { $0.code.rawValue != "W0211" }
        #expect(faults.map(\.code.rawValue) == [code], "\(compiler.text)")
        let range = try #require(faults.first?.range)
        #expect(compiler.sources[range.source].name.hasSuffix("cairn.yaml"))
        let line = LineIndex(compiler.sources[range.source]).position(of: range.start)
        if let column { #expect(line.column == column, "\(compiler.text)") }
    }

    @Test("A file of this name that is no project is an error") func noProject() throws {
        for text in [Samples.plan(), "a: b\n", "", "- a\n"] {
            let place = try place("")
            try place.write("cairn.yaml", text)
            #expect(place.check().codes.first.map { ["E0101", "E0010"].contains($0) } == true, "\(text)")
        }
    }

    @Test("Another file can be chosen, or none") func choice() throws {
        let place = try place("lints: {W0211: off}")
        try place.write("other.yaml", Samples.project("lints: {W0211: error}"))
        func codes(_ choice: ProjectSet.Choice) -> [String] {
            var compiler = Compiler(place.find("plans/plan.yaml", projects: choice), providerDirectories: [])
            compiler.run()
            return compiler.codes + (compiler.hasErrors ? ["error"] : [])
        }
        #expect(codes(.nearest) == [])
        #expect(codes(.none) == ["W0211"])
        #expect(codes(.file(place.path + "/other.yaml")) == ["W0211", "error"])
        #expect(codes(.file(place.path + "/missing.yaml")) == ["E0001", "W0211", "error"])
    }

    @Test("The command line goes before it") func commandLine() throws {
        let place = try place("lints: {W0211: error}")
        var compiler = Compiler(place.find(""), providerDirectories: [])
        compiler.levels[.unknownParameterTarget] = .warn
        compiler.run()
        #expect(!compiler.hasErrors && compiler.codes == ["W0211"])
    }
}
