import CanonicalForm
import PlanDiff
import PlanIR
import PlanTestSupport
import Testing

struct PlanDiffTests {
    private static let directory = "Host::FileSystem::Directory"

    private func plan(_ resources: String) throws -> PlanIR { try #require(CompiledPlans.ir(resources)) }

    private func directories(_ count: Int, parameters: String = "{}") throws -> PlanIR {
        try plan(
            (0..<count).map {
                "  - {id: d\($0), type: \(Self.directory), properties: {path: /d\($0)}, parameters: \(parameters)}\n"
            }.joined())
    }

    @Test func nothingIsDifferentFromItself() throws {
        let one = try directories(3)
        let diff = PlanDiff(old: one, new: one)
        #expect(diff.isEmpty && diff.losses.isEmpty && diff.unchangedCount == 3)
        #expect(DiffText(color: false).render(diff) == "plan 'test': no change\n")
        #expect(DiffMarkdown.render(diff) == "### Plan `test`: no change\n")
        #expect(PlanDiff(old: nil, new: nil).isEmpty)
    }

    @Test func sourcesAreNoDifference() throws {
        let one = try directories(1)
        var other = one
        other.sources[0].digest = SHA256Digest(of: Array("other".utf8))
        #expect(PlanDiff(old: one, new: other).isEmpty)
    }

    @Test func aPlanThatComesOrGoesIsADifference() throws {
        let one = try directories(2)
        let gone = PlanDiff(old: one, new: nil)
        #expect(!gone.isEmpty && gone.resources.removed.count == 2)
        #expect(gone.losses.map(\.kind) == [.planRemoved, .resourceRemoved, .resourceRemoved])
        let come = PlanDiff(old: nil, new: one)
        #expect(!come.isEmpty && come.resources.added.count == 2 && come.losses.isEmpty)
        #expect(come.provider == nil && come.head.isEmpty)
    }

    @Test func whatAffectsAllIsToldOnce() throws {
        let diff = PlanDiff(
            old: try directories(100), new: try directories(100, parameters: "{level: 9, exclude: [x]}"))
        #expect(diff.resources.changed.count == 100)
        #expect(diff.ungrouped.isEmpty)
        let group = try #require(diff.groups.first)
        #expect(diff.groups.count == 1 && group.isWholeType && group.resources.count == 100)
        #expect(group.changes.map(\.value.name) == ["exclude", "level"])
        #expect(diff.losses.map(\.sentence) == ["all 100 resources of \(Self.directory) leave out more: \"x\""])
        #expect(DiffText(color: false).render(diff).split(separator: "\n").count < 10)
    }

    @Test func aPluginsManifestIsADifference() throws {
        let one = try directories(1)
        var other = one
        other.plugins[0].digest = SHA256Digest(of: Array("other".utf8))
        let same = PlanDiff(old: one, new: other)
        #expect(same.plugins.changed.count == 1 && !same.isEmpty)
        #expect(DiffText(color: false).render(same).contains("same version 1, manifest sha256:"))
        other.plugins[0].version = 2
        #expect(DiffText(color: false).render(PlanDiff(old: one, new: other)).contains("version 1 -> 2"))
    }

    @Test func aPluginThatStopsSavingIsALoss() throws {
        let one = try directories(1)
        var other = one
        other.graphs = other.graphs.map { graph in
            var edges: [(from: Int32, to: Int32)] = []
            for origin in 0..<Int32(graph.count) { edges += graph.successors(of: origin).map { (origin, $0) } }
            return ActivityGraph(
                activities: graph.activities.map {
                    ActivityGraph.Activity(resource: $0.resource, hook: $0.hook, isBarrier: true)
                }, edges: edges)
        }
        let diff = PlanDiff(old: one, new: other)
        #expect(diff.losses.map(\.kind) == [.savesNothing])
    }

    @Test(
        "What keeps less, and what does not",
        arguments: [
            ("{keepLast: 7}", "{keepLast: 6}", 1), ("{keepLast: 7}", "{keepLast: 8}", 0), ("{keepLast: 7}", "{}", 0),
            ("{}", "{keepLast: 7}", 1), ("{keepLast: 7}", "{keepLast: 7, keepDaily: 1}", 0),
            ("{keepLast: 7, keepDaily: 1}", "{keepLast: 7}", 1), ("{maxAge: 400d}", "{maxAge: 57w}", 1),
            ("{maxAge: 400d}", "{maxAge: 58w}", 0), ("{maxAge: 24h}", "{maxAge: 1d}", 0),
            ("{keepLast: 7}", "{keepLast: 7, maxAge: 1000d}", 1), ("{keepLast: 7, maxAge: 1d}", "{keepLast: 7}", 0),
            ("{maxCheckpoints: 5}", "{maxCheckpoints: 4}", 1), ("{maxCheckpoints: 5}", "{maxCheckpoints: 6}", 0),
            ("{}", "{keepLast: 7, keepDaily: 2}", 2),
        ])
    func retention(_ old: String, _ new: String, _ losses: Int) throws {
        func side(_ retention: String) throws -> PlanIR {
            try plan("  - {id: a, type: Test::Thing}\nretention: \(retention)\n")
        }
        let diff = PlanDiff(old: try side(old), new: try side(new))
        #expect(diff.losses.count == losses, "\(diff.losses.map(\.sentence))")
        #expect(diff.losses.allSatisfy { $0.kind == .retentionShortened })
    }

    @Test func removedPathsThatAreStillCoveredAreSaidToBe() throws {
        let old = try plan(
            """
              - {id: top, type: \(Self.directory), properties: {path: /}}
              - {id: deep, type: \(Self.directory), properties: {path: /srv/a/b/}}

            """)
        let new = try plan("  - {id: top, type: \(Self.directory), properties: {path: /}}\n")
        let losses = PlanDiff(old: old, new: new).losses
        #expect(
            losses.map(\.sentence) == [
                "\(Self.directory)#deep is no longer protected: \"/srv/a/b/\", which \(Self.directory)#top still covers"
            ])
    }

    @Test func aPathThatWidensIsNoLoss() throws {
        func side(_ path: String) throws -> PlanIR {
            try plan("  - {id: a, type: \(Self.directory), properties: {path: \(path)}}\n")
        }
        #expect(PlanDiff(old: try side("/srv/a"), new: try side("/srv")).losses.isEmpty)
        #expect(PlanDiff(old: try side("/srv"), new: try side("/srv/a")).losses.map(\.kind) == [.pathMoved])
    }

    @Test func renamesArePairedByNameFirst() throws {
        func side(_ first: String, _ second: String) throws -> PlanIR {
            try plan(
                """
                  - {id: \(first), type: Test::Thing, name: One, properties: {p: 1}}
                  - {id: \(second), type: Test::Thing, name: Two, properties: {p: 1}}

                """)
        }
        let old = try side("a", "b")
        var new = try side("c", "d")
        new.resources.swapAt(0, 1)
        let diff = PlanDiff(old: old, new: new)
        #expect(diff.renamed.map { "\($0.oldID)\($0.newID)" } == ["bd", "ac"])
        #expect(diff.isReordered && diff.resources.isEmpty)
    }

    @Test func tablesAreBounded() throws {
        let old = try directories(2000)
        let new = try plan(
            (0..<2000).map {
                "  - {id: d\($0), type: \(Self.directory), properties: {path: /e\($0)}}\n"
            }.joined())
        let diff = PlanDiff(old: old, new: new)
        #expect(diff.resources.changed.count == 2000 && diff.losses.count == 2000)
        let markdown = DiffMarkdown.render(diff)
        #expect(markdown.utf8.count < 65536)
        #expect(markdown.contains("and 1800 more"))
        #expect(markdown.contains("<details>") && markdown.contains("</details>"))
    }

    @Test(
        "What looks like a secret is hidden",
        arguments: [
            ("password: x1y2", true), ("DB_PASSWORD: x1y2", true), ("api-key: x1y2", true),
            ("accessToken: [x1y2]", true), ("credentials: {user: x1y2}", true), ("pwd: 12", true),
            ("url: https://u:x1y2@host/", true), ("args: [--token, x1y2]", true), ("args: [--secret=x1y2]", true),
            ("dsn: host=a password=x1y2 user=b", true), ("password: {fromEnv: NAME}", false),
            ("secret: {fromFile: /run/x}", false), ("hasPassword: true", false), ("url: https://host/a@b:c", false),
            ("path: /srv/x=y", false),
        ])
    func secrets(_ property: String, _ isHidden: Bool) throws {
        let old = try plan("  - {id: a, type: Test::Thing}\n")
        let new = try plan("  - {id: a, type: Test::Thing, properties: {\(property)}}\n")
        for diff in [PlanDiff(old: old, new: new), PlanDiff(old: nil, new: new), PlanDiff(old: new, new: old)] {
            let text = DiffText(color: false).render(diff)
            #expect(text.contains("(hidden)") == isHidden, "\(text)")
            #expect(!(text + DiffJSON.render(diff) + DiffMarkdown.render(diff)).contains("x1y2"))
        }
    }

    @Test func aChangedSecretIsAChange() throws {
        func side(_ secret: String) throws -> PlanIR {
            try plan("  - {id: a, type: Test::Thing, properties: {password: \(secret)}}\n")
        }
        let diff = PlanDiff(old: try side("one"), new: try side("two"))
        #expect(!diff.isEmpty)
        let change = try #require(diff.resources.changed.first?.changes.first?.value)
        #expect(change.isHidden && change.old == "(hidden)" && change.new == "(hidden)")
        // A reference says nothing secret.
        let reference = PlanDiff(old: try side("{fromEnv: A}"), new: try side("{fromEnv: B}"))
        #expect(reference.resources.changed.first?.changes.first?.value.old == "A")
    }
}
