import Diagnostics
import PlanCompiler
import SeededRandom
import Testing

@Suite("Lints about paths and copies") struct PathLintTests {
    private func trees(_ trees: [(path: String, parameters: String)]) -> LintRun {
        LintRun.resources(
            trees.enumerated().map { number, tree in
                "  - {id: t\(number), type: Test::Tree, properties: {root: '\(tree.path)'}, parameters: {\(tree.parameters)}}"
            }.joined(separator: "\n"))
    }

    @Test(
        "One path twice, however it is written",
        arguments: ["/srv/shop", "/srv/shop/", "/srv//shop", "/srv/./shop/.", "//srv/shop//"])
    func twice(_ path: String) {
        #expect(trees([("/srv/shop", ""), (path, "")]).codes == [.pathProtectedTwice])
    }

    @Test(
        "One path inside of another",
        arguments: [
            ("/srv", "/srv/shop"), ("/", "/srv"), ("/", "/srv/shop/x"), ("/srv/", "/srv/./shop"), ("/a", "/a/b/c/d"),
        ])
    func nested(_ outer: String, _ inner: String) {
        // The bank lies inside of the root, too.
        for trees in [trees([(outer, ""), (inner, "")]), trees([(inner, ""), (outer, "")])] {
            #expect(trees.codes.filter { $0 != .bankInProtectedPath } == [.nestedPaths])
        }
    }

    @Test(
        "Paths beside each other",
        arguments: [("/srv/shop", "/srv/shop2"), ("/srv/a", "/srv/b"), ("/srv/a/b", "/srv/ab"), ("/..a", "/..a.b")])
    func apart(_ one: String, _ other: String) { #expect(trees([(one, ""), (other, "")]).codes.isEmpty) }

    @Test(
        "What the outer one leaves out",
        arguments: [
            ("skip: [shop]", "/srv/shop"), ("skip: [shop/]", "/srv/shop"), ("skip: [/shop]", "/srv/shop/data"),
            ("skip: ['*.d']", "/srv/a/b.d/c"), ("skip: [a/**]", "/srv/a/b"), ("stay: true", "/srv/shop"),
        ])
    func excluded(_ parameters: String, _ inner: String) {
        #expect(trees([("/srv", parameters), (inner, "")]).codes.isEmpty)
    }

    @Test(
        "Patterns for something else do not help",
        arguments: [("skip: ['*.tmp']", "/srv/shop"), ("skip: [data]", "/srv/shop"), ("stay: false", "/srv/shop")])
    func notExcluded(_ parameters: String, _ inner: String) {
        #expect(trees([("/srv", parameters), (inner, "")]).codes == [.nestedPaths])
    }

    @Test("Of several around it the nearest that saves it is named") func nearest() {
        let run = trees([("/a", ""), ("/a/b", "skip: [c]"), ("/a/b/c", "")])
        #expect(run.codes == [.nestedPaths, .nestedPaths])
        #expect(run.messages[1] == "'/a/b/c' lies inside '/a', which 'Test::Tree#t0' protects with all below it")
    }

    @Test("Paths that no plugin takes are not judged") func strange() {
        #expect(trees([("srv", ""), ("srv", "")]).codes.isEmpty)
        #expect(trees([("/srv/..", ""), ("/srv", ""), ("/", "stay: true")]).codes.isEmpty)
    }

    @Test("Paths of random trees: as comparing each with each") func random() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        var paths = ProtectedPaths()
        var all: [String] = []
        for _ in 0..<600 {
            let depth = Int.random(in: 0...5, using: &generator)
            let path =
                "/"
                + (0..<depth).map { _ in ["a", "b", "ab"].randomElement(using: &generator) ?? "" }
                .joined(separator: "/")
            let (entry, same) = paths.add(Array(path.utf8))
            #expect(entry == all.count && same == all.firstIndex(of: path), "seed \(seed)")
            all.append(path)
        }
        for (entry, path) in all.enumerated() {
            let outer = Set(all).filter { $0 != path && (path.hasPrefix($0 + "/") || $0 == "/") }
            let expected = outer.sorted { $0.count > $1.count }.compactMap { all.firstIndex(of: $0) }
            #expect(paths.enclosing(entry) == expected, "\(path), seed \(seed)")
            #expect(paths.entry(at: Array(path.utf8)[...]) == all.firstIndex(of: path))
        }
        #expect(paths.entry(at: Array("/c".utf8)[...]) == nil)
        #expect(ProtectedPaths().enclosing(Array("/a/b".utf8)[...]).isEmpty)
    }

    // MARK: Several plans

    private func plan(_ name: String, _ provider: String, _ path: String) -> String {
        "apiVersion: cairn/v1\nkind: Plan\nname: \(name)\nprovider: \(provider)\n"
            + "resources: [{id: t, type: Test::Tree, properties: {root: \(path)}}]\n"
    }

    @Test("A path of two plans, unless they have different banks") func severalPlans() {
        let one = "resources: [{id: t, type: Test::Tree, properties: {root: /srv/a}}]\n"
        #expect(LintRun(one, others: [plan("b", "all", "/srv//a/")]).codes == [.pathInSeveralPlans])
        #expect(
            LintRun(one, others: [plan("b", "all", "/srv/a"), plan("c", "all", "/srv/a")]).codes
                == [.pathInSeveralPlans, .pathInSeveralPlans])
        // Inside of each other they are not the same.
        #expect(LintRun(one, others: [plan("b", "all", "/srv"), plan("c", "all", "/srv/a/b")]).codes.isEmpty)
        let same = LintRun.provider.replacing("name: all", with: "name: other")
        #expect(LintRun(one, others: [plan("b", "other", "/srv/a"), same]).codes == [.pathInSeveralPlans])
        let offsite = same.replacing("/bank", with: "/offsite")
        #expect(LintRun(one, others: [plan("b", "other", "/srv/a"), offsite]).codes.isEmpty)
    }

    // MARK: The bank

    @Test("A bank inside of what is protected, and the other way round") func bankInside() {
        #expect(trees([("/", "")]).codes == [.bankInProtectedPath])
        #expect(trees([("/bank", "")]).codes == [.bankInProtectedPath])
        #expect(trees([("/bank/checkpoints", "")]).codes == [.bankInProtectedPath])
        #expect(trees([("/", "skip: [bank]")]).codes.isEmpty)
        #expect(trees([("/", "stay: true")]).codes.isEmpty)
        #expect(trees([("/banks", ""), ("/srv", "")]).codes.isEmpty)
    }

    private func shared(_ files: [String: UInt64]) -> LintRun {
        LintRun.resources(
            """
              - {id: a, type: Test::Tree, properties: {root: /srv/a}}
              - {id: b, type: Test::Tree, properties: {root: /srv/b}}
            """, machine: LintRun.machine(files.mapValues { ($0, 0o040755) }))
    }

    @Test("A bank on the file system of what it guards, where there is something to look at") func fileSystem() {
        #expect(shared(["/bank": 1, "/srv/a": 1, "/srv/b": 1]).codes == [.bankOnSameFileSystem])
        #expect(shared(["/bank": 1, "/srv/b": 1]).codes == [.bankOnSameFileSystem])
        #expect(shared(["/bank": 2, "/srv/a": 1, "/srv/b": 1]).codes.isEmpty)
        #expect(shared(["/srv/a": 1, "/srv/b": 1, "/": 1]).codes.isEmpty)
        #expect(shared(["/bank": 1, "/": 1, "/srv": 1]).codes.isEmpty)
    }

    // MARK: Copies

    @Test("A tree below a service that is copied live, at any depth, once") func live() {
        let run = LintRun.resources(
            """
              - id: s
                type: Test::Service
                resources:
                  - {id: a, type: Test::Tree, properties: {root: /a}, parameters: {mode: running}}
                  - {id: b, type: Test::Tree, properties: {root: /b}}
                  - id: c
                    type: Test::Plain
                    resources: [{id: d, type: Test::Tree, properties: {root: /d}, parameters: {mode: running}}]
              - {id: t, type: Test::Service, dependsOn: [a]}
              - {id: e, type: Test::Tree, properties: {root: /e}, parameters: {mode: running}}
            """)
        #expect(run.codes == [.copiedLive, .copiedLive], "\(run.text)")
        #expect(run.compiler.diagnostics.sorted.first?.notes.first?.hasPrefix("write 'mode: still'") == true)
    }

    @Test("A tree below something that does not stand still may be copied live") func liveBelowOthers() {
        let run = LintRun.resources(
            """
              - id: p
                type: Test::Plain
                resources: [{id: a, type: Test::Tree, properties: {root: /a}, parameters: {mode: running}}]
              - id: q
                type: Some::Service
                properties: {resume: [x]}
                resources: [{id: b, type: Host::FileSystem::Directory, properties: {path: /b}}]
            """)
        #expect(run.codes.isEmpty, "\(run.text)")
    }

    @Test("With noop, what has the property 'quiesce' stands still") func noop() {
        let run = LintRun.resources(
            """
              - id: s
                type: Some::Service
                properties: {quiesce: [x]}
                resources: [{id: b, type: Host::FileSystem::Directory, properties: {path: /b}}]
              - {id: t, type: Some::Service, properties: {quiesce: [x]}}
              - {id: u, type: Some::Service, properties: {resume: [x]}}
            """)
        #expect(run.codes == [.copiedLive, .quiescesForNothing], "\(run.text)")
    }

    @Test("A service without dependents, unless one of them is only misspelt") func nothing() {
        #expect(LintRun.resources("  - {id: s, type: Test::Service}").codes == [.quiescesForNothing])
        #expect(LintRun.resources("  - {id: s, type: Test::Service, dependsOn: [b]}").codes == [.unknownDependency])
        #expect(LintRun.resources("  - {id: s, type: Test::Service, resources: [{id: a}]}").codes == [.missingField])
    }

    // MARK: Exclude patterns

    @Test(
        "Patterns that leave nothing",
        arguments: ["['*']", "['**']", "['/*']", "['/**']", "['**/*']", "[a, '?*']", "['.*', '[!.]*']", "['***']"])
    func everything(_ patterns: String) {
        #expect(trees([("/srv", "skip: \(patterns)")]).codes == [.excludesEverything])
    }

    @Test(
        "Patterns that leave something",
        arguments: [
            "[]", "['*.*']", "['*/']", "['*/*']", "['[a-z]*']", "['[!.]*']", "['.*']", "['*.tmp', cache/]", "['?']",
            "['**/cache']", "['a*']",
        ])
    func something(_ patterns: String) { #expect(trees([("/srv", "skip: \(patterns)")]).codes.isEmpty) }

    @Test("A pattern that no plugin can read is an error, and nothing is compiled") func malformed() {
        let run = trees([("/srv", "skip: [ok, '[a']"), ("/etc", "skip: ['x\\']")])
        #expect(run.codes == [.malformedExclude, .malformedExclude])
        #expect(run.compiler.plans.allSatisfy { $0.ir == nil })
        #expect(run.text.contains("'[a'"))
    }
}
