import CanonicalForm
import Foundation
import GanttCharts
import PlanIR
import RunRecords
import ScheduleTestSupport
import Scheduling
import Testing
import Timings

@Suite struct GanttTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/gantt")
    static let accepts = ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1"

    static func timings(_ durations: [(String, Int64)]) -> ActivityTimings {
        var timings = ActivityTimings()
        for (name, milliseconds) in durations {
            if let target = ActivityTimings.Target(name) { timings.set(target, to: milliseconds * 1_000_000) }
        }
        return timings
    }

    static let shopTimings = timings([
        ("main:Host::FileSystem::Directory", 600_000), ("main:Host::FileSystem::Directory#uploads", 42_500),
        ("main:Host::PostgreSQL::Database#shopdb", 300_000), ("prepareFinish", 5_000),
    ])

    private func expect(_ actual: [UInt8], in name: String) throws {
        let file = Self.fixtures.appending(path: name)
        if Self.accepts {
            try FileManager.default.createDirectory(at: Self.fixtures, withIntermediateDirectories: true)
            try Data(actual).write(to: file)
            return
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(
            expected == String(decoding: actual, as: UTF8.self),
            "\(name) differs; if it should, run 'make golden' and look at the difference")
    }

    @Test func chartsOfAShop() throws {
        func whatIf() throws -> WhatIf { try WhatIf(Plans.shop, .protect, jobs: 3, timings: Self.shopTimings) }
        let shop = try whatIf()
        try expect(shop.text(), in: "shop.txt")
        try expect(shop.text(width: 72, isUnicode: false), in: "shop.ascii.txt")
        try expect(shop.svg, in: "shop.svg")
        try expect(shop.html, in: "shop.html")
        try expect(shop.json, in: "shop.json")
        #expect(shop.coverage == (8, 2))
        // Made anew, every byte is the same.
        let again = try whatIf()
        #expect(again.text() == shop.text() && again.svg == shop.svg && again.html == shop.html)
        #expect(again.json == shop.json)
    }

    @Test func chartsOfLanes() throws {
        let many = try WhatIf(Plans.many(60), .protect, jobs: 6)
        try expect(many.text(), in: "lanes.txt")
        try expect(many.text(width: 60, isUnicode: false), in: "lanes.ascii.txt")
    }

    @Test(arguments: [40, 41, 57, 80, 100, 133, 250], [true, false])
    func noLineIsWiderThanAsked(_ width: Int, _ isUnicode: Bool) throws {
        let names = [
            "x", String(repeating: "long", count: 40), "日本語の名前のとても長いディレクトリ",
            "e\u{301}e\u{301}\u{202E}\u{1B}[31m",
        ]
        let things = (0..<30).map { Plans.Thing(id: "d\($0)", name: names[$0 % names.count]) }
        for count in [3, 30] {
            let whatIf = try WhatIf(Plans.ir("p", Array(things.prefix(count))), .protect, jobs: 4)
            let text = String(decoding: whatIf.text(width: width, isUnicode: isUnicode), as: UTF8.self)
            for line in text.split(separator: "\n") {
                // Columns as terminals count them: wide characters take two.
                let columns = line.unicodeScalars.reduce(0) { sum, scalar in
                    switch scalar.value {
                    case 0x300...0x36F: sum
                    case 0x3000...0x9FFF: sum + 2
                    default: sum + 1
                    }
                }
                #expect(columns <= width, "\(line)")
                #expect(!line.utf8.contains(0x1B) && !line.unicodeScalars.contains("\u{202E}"))
                #expect(isUnicode || line.utf8.allSatisfy { $0 < 0x80 })
            }
        }
    }

    @Test func nothingToDoIsAChartToo() throws {
        for ir in [Plans.ir("empty", []), Plans.ir("idle", [.init(id: "a", hooks: [])])] {
            let whatIf = try WhatIf(ir, .verify, jobs: 2)
            let text = String(decoding: whatIf.text(), as: UTF8.self)
            #expect(text.contains("makespan      0s") && text.hasPrefix("\(ir.plan): verify with 2 jobs\n"))
            #expect(try XML.elements(whatIf.svg).contains("svg"))
            #expect(try JSONValue(parsing: whatIf.json).objectValue?["activities"]?.arrayValue?.isEmpty == true)
            _ = whatIf.html
        }
    }

    @Test func aCycleAndAnotherOperationsTimingsAreErrors() throws {
        var ir = Plans.ir("knot", [.init(id: "a"), .init(id: "b")])
        let graph = ActivityGraph(
            activities: ir.graph(.protect).activities,
            edges: [(0, 2), (2, 3), (3, 4), (4, 5), (5, 1), (4, 8), (8, 4), (0, 6), (9, 1)])
        ir.graphs = OperationKind.allCases.map { _ in graph }
        let error = #expect(throws: WhatIfError.self) { try WhatIf(ir, .protect, jobs: 1) }
        #expect(
            error?.description
                == "there is no schedule, since activities wait for each other: "
                + "main:Host::FileSystem::Directory#a → main:Host::FileSystem::Directory#b → "
                + "main:Host::FileSystem::Directory#a")
        let record = try RunRecordTests.read(RunRecordTests.event("00", "main:A::B#c", "started"))
        #expect(throws: WhatIfError.mismatch(TimingsMismatch(measured: .protect, wanted: .delete))) {
            try WhatIf(Plans.shop, .delete, jobs: 1, timings: ActivityTimings(record))
        }
    }

    @Test func namesAreEscapedEverywhere() throws {
        let evil = "</title><script>alert(1)</script>&\"'\u{0}\u{1}\u{FFFE}]]>"
        let whatIf = try WhatIf(Plans.ir("evil", [.init(id: "a", name: evil, plugin: -1)]), .protect, jobs: 1)
        let elements = try XML.elements(whatIf.svg)
        #expect(!elements.contains("script"))
        let page = String(decoding: whatIf.html, as: UTF8.self)
        #expect(page.components(separatedBy: "<script>").count == 2)
        // Nothing is asked for from anywhere: the only addresses are the names of XML's vocabularies.
        let vocabulary = page.components(separatedBy: "http://www.w3.org/2000/svg").count
        #expect(page.components(separatedBy: "://").count == vocabulary)
    }

    @Test func aPictureGrowsWithItsBarsAndThenNoMore() throws {
        func size(_ count: Int, jobs: Int = 8) throws -> (bytes: Int, bars: Int, steps: Int) {
            let whatIf = try WhatIf(Plans.many(count), .protect, jobs: jobs)
            let svg = String(decoding: whatIf.svg, as: UTF8.self)
            let steps = try JSONValue(parsing: whatIf.json).objectValue?["activities"]?.arrayValue?.count ?? 0
            return (svg.utf8.count, svg.components(separatedBy: "<g class=\"b p").count - 1, steps)
        }
        let (small, middle, large) = (try size(10), try size(1600), try size(16_000, jobs: 2))
        // The legend has seven bars of its own; in the middle every activity has one still.
        #expect(small.bars == small.steps + 7 && middle.bars == middle.steps + 7)
        #expect(middle.steps > 1900)
        #expect(large.steps > 10 * middle.steps - 100 && large.bytes < 2 * middle.bytes)
    }

    @Test func barsStayInTheirLanesAndLabelsInTheirBars() throws {
        let whatIf = try WhatIf(Plans.many(300), .protect, jobs: 5)
        let bars = try XML.bars(whatIf.svg)
        #expect(bars.count > 300)
        for lane in Dictionary(grouping: bars, by: { Int($0.y) / 28 }).values {
            let sorted = lane.sorted { $0.x < $1.x }
            for (a, b) in zip(sorted, sorted.dropFirst()) { #expect(a.x + a.width <= b.x + 0.02) }
        }
        for bar in bars {
            guard let label = bar.label else { continue }
            #expect(label.x >= bar.x && label.x + label.width <= bar.x + bar.width + 0.02)
        }
        #expect(bars.contains { $0.label != nil })
    }

    @Test func theJSONHasTheWholeSchedule() throws {
        let whatIf = try WhatIf(Plans.shop, .protect, jobs: 2, timings: Self.shopTimings)
        let object = try #require(try JSONValue(parsing: whatIf.json).objectValue)
        let graph = Plans.shop.graph(.protect)
        let estimate = try EstimatedWeights(Self.shopTimings, of: Plans.shop, .protect)
        let run = try Simulation(graph, jobs: 2, weights: estimate.weights)
        #expect(object["makespan"]?.integerValue == run.makespan && object["busy"]?.integerValue == run.busy)
        let activities = try #require(object["activities"]?.arrayValue)
        #expect(activities.count == run.steps.count)
        for (activity, step) in zip(activities, run.steps) {
            #expect(activity.objectValue?["start"]?.integerValue == step.start)
            #expect(activity.objectValue?["end"]?.integerValue == step.end)
            #expect(activity.objectValue?["job"]?.integerValue == Int64(step.lane) + 1)
        }
        #expect(object["bounds"]?.objectValue?["criticalPath"]?.integerValue == run.pathBound)
    }
}
