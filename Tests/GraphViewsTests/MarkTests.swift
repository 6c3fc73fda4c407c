import CanonicalForm
import GraphViews
import PlanCompiler
import PlanIR
import PlanTestSupport
import RunRecords
import Testing
import Timings

/// The ids of the nodes with a mark.
private func marked(_ drawing: Drawing, _ mark: Marks) -> [String] {
    drawing.nodes.indices.filter { drawing.nodes[$0].marks.contains(mark) }.map { drawing.id($0) }
}

@Suite("What is marked on a drawing")
struct MarkTests {
    @Test("A plan with a cycle is drawn, with the cycle marked") func cycle() throws {
        let compiler = CompiledPlans.compile([
            CompiledPlans.plan(
                """
                  - {id: a, type: Test::Thing, dependsOn: [b]}
                  - {id: b, type: Test::Thing, dependsOn: [c]}
                  - {id: c, type: Test::Thing, dependsOn: [b, d]}
                  - {id: d, type: Test::Thing}
                  - {id: e, type: Test::Thing, dependsOn: [e]}
                """), CompiledPlans.provider,
        ])
        let unit = try #require(compiler.plans.first)
        #expect(unit.ir == nil && !unit.isAcyclic)
        var drawing = Drawing.whole(unit.sketch, .resources)
        let drawingIsCyclic = drawing.markCycles()
        #expect(drawingIsCyclic)
        #expect(marked(drawing, .cycle) == ["Test::Thing#b", "Test::Thing#c", "Test::Thing#e"])
        #expect(drawing.edges.map { $0.marks.contains(.cycle) } == [false, true, true, false, true])
        // The activities have cycles, too, and what needs an order says so.
        var activities = Drawing.whole(unit.sketch, .activities)
        let activitiesIsCyclic = activities.markCycles()
        #expect(activitiesIsCyclic)
        #expect(throws: ViewError.cyclic("the critical path")) {
            try activities.markCriticalPath(EstimatedWeights(unit: unit.sketch.graph(.protect)))
        }
        #expect(throws: ViewError.cyclic("counting")) { try GraphStatistics(unit.sketch) }
        var reduced = drawing
        let isComplete = reduced.reduce()
        #expect(!isComplete && reduced.edges.count == drawing.edges.count)
        try drawing.focus(on: ["a"], depth: nil, [.down])
        #expect(drawing.nodes.count == 4)
        try activities.keep(only: ["Test::Thing"])
        #expect(activities.nodes.count == 22)
    }

    @Test("What is added, removed and changed, with the dependencies between") func difference() throws {
        let old = try #require(
            CompiledPlans.ir(
                """
                  - {id: a, type: Test::Thing, dependsOn: [b, c]}
                  - {id: b, type: Test::Thing}
                  - {id: c, type: Test::Thing, dependsOn: [gone], properties: {size: 1}}
                  - {id: gone, type: Host::FileSystem::Directory, properties: {path: /gone}}
                """))
        let new = try #require(
            CompiledPlans.ir(
                """
                  - {id: a, type: Test::Thing, dependsOn: [c, new]}
                  - {id: new, type: Test::Thing}
                  - {id: b, type: Test::Thing}
                  - {id: c, type: Test::Thing, properties: {size: 2}}
                """))
        let union = PlanUnion(old: old, new: new)
        #expect(union.counts == (added: 1, removed: 1, changed: 1))
        var drawing = Drawing.whole(union.plan, .resources)
        union.mark(&drawing)
        #expect(marked(drawing, .added) == ["Test::Thing#new"])
        #expect(marked(drawing, .removed) == ["Host::FileSystem::Directory#gone"])
        #expect(marked(drawing, .changed) == ["Test::Thing#c"])
        let byMarks = zip(edges(drawing), drawing.edges).map { "\($0.0) \($0.1.marks.names.joined())" }
        #expect(byMarks == ["a → new added", "a → b removed", "a → c ", "c → gone removed"])
        #expect(union.plan.parameters(of: 4, for: .protect)["compression"] == "zstd")
        #expect(union.plan.plugins[Int(union.plan.resources[4].plugin)].name == "files")
        var activities = Drawing.whole(union.plan, .activities)
        union.mark(&activities)
        #expect(marked(activities, .removed).count == 4)
        // Both ways at once: what was the other way round is a cycle of the picture, and drawn all the same.
        let back = try #require(
            CompiledPlans.ir("  - {id: a, type: Test::Thing}\n  - {id: b, type: Test::Thing, dependsOn: [a]}\n"))
        let turned = PlanUnion(old: old, new: back)
        var both = Drawing.whole(turned.plan, .resources)
        turned.mark(&both)
        #expect(both.edges.count == 4)
        #expect(PlanUnion(old: new, new: new).counts == (added: 0, removed: 0, changed: 0))
    }

    static func record(_ lines: [String]) throws -> RunRecord {
        try RunRecord(reading: Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    @Test("What happened in a run") func run() throws {
        let plan = try SelectionTests.shop()
        let record = try Self.record([
            #"{"format":"cairn.run","version":1,"plan":"test","operation":"protect","checkpoint":"abc"}"#,
            #"{"time":"2026-11-01T10:00:00.000Z","activity":"prepareBegin:Test::Service#web","state":"started","message":""}"#,
            #"{"time":"2026-11-01T10:00:02.500Z","activity":"prepareBegin:Test::Service#web","state":"finished","message":""}"#,
            #"{"time":"2026-11-01T10:00:02.500Z","activity":"main:Host::FileSystem::Directory#site","state":"started","message":""}"#,
            #"{"time":"2026-11-01T10:00:04.000Z","activity":"main:Host::FileSystem::Directory#site","state":"failed","message":"disk full"}"#,
            #"{"time":"2026-11-01T10:00:04.000Z","activity":"prepareBegin:Test::Database#db","state":"started","message":""}"#,
            #"{"end":"2026-11-01T10:00:05.000Z","status":"error"}"#,
        ])
        var drawing = Drawing.whole(plan, .activities)
        drawing.mark(record)
        #expect(marked(drawing, .done) == ["prepareBegin:Test::Service#web"])
        #expect(marked(drawing, .failed) == ["main:Host::FileSystem::Directory#site"])
        #expect(marked(drawing, .running) == ["prepareBegin:Test::Database#db"])
        #expect(marked(drawing, .skipped).contains("main:Test::Service#mail"))
        // What has nothing to do is neither done nor left out.
        #expect(drawing.nodes.filter { $0.isBarrier && !$0.marks.isEmpty }.isEmpty)
        let site = try #require(drawing.nodes(named: "main:site").first)
        #expect(drawing.notes[Int(drawing.nodes[Int(site)].note)] == "1.5s: disk full")
        #expect(drawing.title.contains("abc") && drawing.title.contains("error"))
        var resources = Drawing.whole(plan, .resources)
        resources.mark(record)
        #expect(marked(resources, .failed) == ["Host::FileSystem::Directory#site"])
        #expect(marked(resources, .running) == ["Test::Database#db"])
        // Begun and not gone on with.
        #expect(marked(resources, .skipped).contains("Test::Service#web"))
    }

    @Test("The critical path, and what it goes by") func critical() throws {
        let plan = try SelectionTests.shop()
        var timings = ActivityTimings()
        for hook in Hook.allCases { timings.set(.init(hook: hook), to: 1_000_000_000) }
        timings.set(.init(hook: .main, type: "Test::Database"), to: 90_000_000_000)
        let estimate = try EstimatedWeights(timings, of: plan, .protect)
        var drawing = Drawing.whole(plan, .activities)
        try drawing.markCriticalPath(estimate)
        let path = marked(drawing, .critical)
        #expect(path.first == "start" && path.contains("main:Test::Database#db") && path.contains("finish"))
        let edges = drawing.edges.filter { $0.marks.contains(.critical) }
        #expect(edges.count == path.count - 1)
        var resources = Drawing.whole(plan, .resources)
        try resources.markCriticalPath(estimate)
        #expect(marked(resources, .critical).contains("Test::Database#db"))
        var unmeasured = Drawing.whole(plan, .activities)
        try unmeasured.markCriticalPath(EstimatedWeights(unit: plan.graph(.protect)))
        #expect(unmeasured.notes.isEmpty)
    }

    @Test("Figures") func figures() throws {
        let figures = try GraphStatistics(try SelectionTests.shop())
        #expect(figures.resources == 6 && figures.roots == 3 && figures.shared == 1)
        #expect(figures.dependencies == 4 && figures.depth == 2 && figures.width == 3)
        let protect = figures.operations[OperationKind.protect.index]
        #expect(protect.activities == 26 && protect.working == 3 * 4 + 3 && protect.edges == 6 * 3 + 4 * 3 + 3 * 2)
        #expect(protect.optimizedActivities <= protect.activities && protect.optimizedEdges < protect.edges)
        // prepareBegin web, prepareBegin db, prepareFinish db, prepareFinish web, main, complete.
        #expect(protect.criticalLength == 6 && protect.criticalPath == 6_000_000_000)
        #expect(figures.operations[OperationKind.delete.index].working == 3 * 4)
    }
}
