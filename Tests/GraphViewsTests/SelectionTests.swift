@testable import GraphViews
import PlanIR
import PlanTestSupport
import SeededRandom
import Testing

/// A drawing's edges by the ids of their ends.
func edges(_ drawing: Drawing) -> [String] {
    drawing.edges.map { "\(short(drawing.id(Int($0.from)))) → \(short(drawing.id(Int($0.to))))" }
}

/// The ids of a drawing's nodes without types.
func ids(_ drawing: Drawing) -> [String] { drawing.nodes.indices.map { short(drawing.id($0)) } }

private func short(_ id: String) -> String {
    guard let hash = id.firstIndex(of: "#") else { return id }
    let name = id[id.index(after: hash)...]
    let hook = id.prefix { $0 != ":" }
    return Hook(name: String(hook)) == nil ? String(name) : "\(hook):\(name)"
}

@Suite("What is drawn of a plan")
struct SelectionTests {
    /// A service over a database and a directory, a second service that shares the database, and a lone directory.
    static func shop() throws -> PlanIR {
        try #require(
            CompiledPlans.ir(
                """
                  - id: web
                    type: Test::Service
                    resources:
                      - {id: db, type: Test::Database}
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}}
                  - {id: mail, type: Test::Service, dependsOn: [db]}
                  - {id: site, type: Host::FileSystem::Directory, properties: {path: /srv/site}}
                """))
    }

    @Test("The whole has every resource and every dependency") func whole() throws {
        let drawing = Drawing.whole(try Self.shop(), .resources)
        #expect(ids(drawing) == ["web", "db", "data", "more", "mail", "site"])
        #expect(edges(drawing) == ["web → db", "web → data", "web → more", "mail → db"])
    }

    @Test("The activities are those of the graph") func activities() throws {
        let plan = try Self.shop()
        let drawing = Drawing.whole(plan, .activities, .restore)
        let graph = plan.graph(.restore)
        #expect(drawing.nodes.count == graph.count && drawing.edges.count == graph.edgeCount)
        #expect(drawing.id(0) == "start" && drawing.id(1) == "finish")
        for number in 2..<graph.count {
            let activity = try #require(graph.activity(Int32(number)))
            let identity = plan.resources[Int(activity.resource)].identity
            #expect(drawing.id(number) == "\(activity.hook.name):\(identity)")
        }
    }

    @Test(
        "Around a resource",
        arguments: [
            ("db", nil, Directions([.up, .down]), ["web", "db", "mail"]),
            ("web", nil, Directions.down, ["web", "db", "data", "more"]), ("web", 0, Directions.down, ["web"]),
            ("mail", 1, Directions([.up, .down]), ["db", "mail"]), ("db", nil, Directions.down, ["db"]),
            ("Test::Database#db", 1, Directions.up, ["web", "db", "mail"]),
        ] as [(String, Int?, Directions, [String])])
    func focus(_ name: String, _ depth: Int?, _ directions: Directions, _ expected: [String]) throws {
        var drawing = Drawing.whole(try Self.shop(), .resources)
        try drawing.focus(on: [name], depth: depth, directions)
        #expect(ids(drawing) == expected)
        let focused = drawing.nodes.indices.filter { drawing.nodes[$0].marks.contains(.focus) }
        #expect(focused.count == 1)
    }

    @Test("In the activity view a resource stands for its activities, and a hook for one of them") func hooks() throws {
        var drawing = Drawing.whole(try Self.shop(), .activities)
        #expect(try drawing.nodes(named: "db").count == 4)
        #expect(try drawing.nodes(named: "main:db").count == 1)
        #expect(try drawing.nodes(named: "main:Test::Database#db") == drawing.nodes(named: "main:db"))
        #expect(try drawing.nodes(named: "finish") == [1])
        try drawing.focus(on: ["main:db"], depth: 1, [.up, .down])
        #expect(ids(drawing) == ["prepareFinish:db", "main:db", "complete:db"])
    }

    @Test("Names that stand for nothing are told with what is close") func unknown() throws {
        let drawing = Drawing.whole(try Self.shop(), .resources)
        #expect(throws: ViewError.unknownResource("dbb", similar: "db")) { try drawing.nodes(named: "dbb") }
        #expect(throws: ViewError.unknownResource("Test::Service#we", similar: "Test::Service#web")) {
            try drawing.nodes(named: "Test::Service#we")
        }
        #expect(throws: ViewError.activityInResourceView("main:db")) { try drawing.nodes(named: "main:db") }
        var other = drawing
        #expect(throws: ViewError.unknownType("Test::Servic", similar: "Test::Service")) {
            try other.keep(only: ["Test::Servic"])
        }
        let twins = try #require(
            CompiledPlans.ir("  - {id: a, type: Test::One}\n  - {id: a, type: Test::Two}\n"))
        #expect(throws: ViewError.ambiguous("a", identities: ["Test::One#a", "Test::Two#a"])) {
            try Drawing.whole(twins, .resources).nodes(named: "a")
        }
    }

    @Test("Only one type, with the ways through the others") func only() throws {
        let plan = try #require(
            CompiledPlans.ir(
                """
                  - id: top
                    type: Test::Service
                    resources:
                      - id: middle
                        type: Test::Database
                        resources: [{id: low, type: Test::Service}]
                      - {id: direct, type: Test::Service}
                """))
        var drawing = Drawing.whole(plan, .resources)
        try drawing.keep(only: ["Test::Service"])
        #expect(edges(drawing) == ["top → low", "top → direct"])
        #expect(drawing.edges.map(\.reason) == [.through, .dependent])
    }

    @Test("Alike resources as one node") func collapse() throws {
        var drawing = Drawing.whole(try Self.shop(), .resources)
        try drawing.collapse(["Host::FileSystem::Directory"])
        // The lone directory has other parents, none.
        #expect(drawing.nodes.map(\.count) == [1, 1, 2, 1, 1])
        #expect(edges(drawing) == ["web → db", "web → data+1", "mail → db"])
        #expect(try drawing.nodes(named: "more") == drawing.nodes(named: "data"))
        var activities = Drawing.whole(try Self.shop(), .activities)
        try activities.collapse(["Host::FileSystem::Directory"])
        #expect(activities.nodes.count == 2 + 4 * 5)
        #expect(Set(edges(activities)).count == activities.edges.count)
    }

    @Test("Why one waits for another") func paths() throws {
        let drawing = Drawing.whole(try Self.shop(), .activities)
        let path = try drawing.path(from: "main:db", to: "complete:mail")
        #expect(
            path.nodes.map { drawing.id(Int($0)) } == [
                "main:Test::Database#db", "complete:Test::Database#db", "complete:Test::Service#mail",
            ])
        #expect(path.reasons.count == 2 && path.reasons[1].contains("db"))
        var kept = drawing
        kept.keep(path)
        #expect(edges(kept) == ["main:db → complete:db", "complete:db → complete:mail"])
        #expect(throws: ViewError.noPath(from: "main:db", to: "main:data", isReversed: false, view: .activities)) {
            try drawing.path(from: "main:db", to: "main:data")
        }
        #expect(throws: ViewError.noPath(from: "finish", to: "start", isReversed: true, view: .activities)) {
            try drawing.path(from: "finish", to: "start")
        }
        // Nothing waits for itself.
        #expect(throws: ViewError.self) { try drawing.path(from: "main:db", to: "main:db") }
    }

    /// Which nodes lead to which, by walking from each.
    private func closure(_ drawing: Drawing) -> Set<[String]> {
        let next = drawing.outgoing
        var pairs: Set<[String]> = []
        for origin in drawing.nodes.indices {
            var seen: Set<Int32> = []
            var stack = Array(next[origin])
            while let node = stack.popLast() {
                guard seen.insert(node).inserted else { continue }
                pairs.insert([drawing.id(origin), drawing.id(Int(node))])
                stack += next[Int(node)]
            }
        }
        return pairs
    }

    /// A plan of random resources of three types; a child has a higher number, so that there is no cycle.
    private func randomPlan(_ generator: inout SeededGenerator) throws -> PlanIR {
        let count = Int.random(in: 1...14, using: &generator)
        var text = ""
        for number in 0..<count {
            text += "  - id: r\(number)\n    type: Test::T\(Int.random(in: 0..<3, using: &generator))\n"
            let children = (number + 1..<max(number + 1, count)).filter { _ in
                Int.random(in: 0..<4, using: &generator) == 0
            }
            if !children.isEmpty {
                text += "    dependsOn: [\(children.map { "r\($0)" }.joined(separator: ", "))]\n"
            }
        }
        return try #require(CompiledPlans.ir(text))
    }

    @Test("What is left leads to what it led to before") func closures() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<150 {
            let place: Comment = "seed \(seed), round \(round)"
            let plan = try randomPlan(&generator)
            for view in GraphView.allCases {
                let whole = Drawing.whole(plan, view)
                let before = closure(whole)
                var only = whole
                try only.keep(only: [plan.resources[0].type])
                let left = Set(fullIDs(only))
                #expect(closure(only) == before.filter { left.contains($0[0]) && left.contains($0[1]) }, place)
                var reduced = whole
                let isComplete = reduced.reduce()
                #expect(isComplete, place)
                #expect(closure(reduced) == before && reduced.edges.count <= whole.edges.count, place)
                for dropped in reduced.edges.indices where reduced.edges.count < 40 {
                    var fewer = reduced
                    fewer.drop(edge: dropped)
                    #expect(closure(fewer) != before, place)
                }
                var around = whole
                let name = plan.resources[plan.resources.count / 2].identity
                try around.focus(on: [name], depth: nil, [.up, .down])
                let seeds = Set(try whole.nodes(named: name).map { whole.id(Int($0)) })
                let expected = fullIDs(whole).filter { id in
                    seeds.contains(id) || seeds.contains { before.contains([$0, id]) || before.contains([id, $0]) }
                }
                #expect(fullIDs(around) == expected, place)
            }
        }
    }

    private func fullIDs(_ drawing: Drawing) -> [String] { drawing.nodes.indices.map { drawing.id($0) } }
}

extension Drawing {
    /// The drawing without one of its edges.
    fileprivate mutating func drop(edge: Int) { edges.remove(at: edge) }
}
