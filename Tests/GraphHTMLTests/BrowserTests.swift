import CanonicalForm
import Foundation
import GraphExport
import PlanIR
import PlanTestSupport
import PythonSupport
import SeededRandom
import Testing

/// The pages in a real browser: `browser.py` drives a headless Chromium and compares what a person would see with what
/// is computed here.
@Suite(
    "Pages in Chromium",
    .enabled(if: Chromium.isThere, "chromium, chromium-driver and python3 with selenium are needed"))
struct BrowserTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "browser.py")

    @Test("A person finds everything, and nothing leaves the page") func pages() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cairn-pages-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var pages = JSONObject()
        func add(_ name: String, _ ir: PlanIR, _ overlay: GraphOverlay = GraphOverlay()) throws {
            let file = folder.appending(path: "\(name).html")
            try Data(GraphHTML.export(ir, overlay: overlay)).write(to: file)
            pages[name] = .string(file.path)
        }

        let seed = testSeed()
        print("seed: \(seed)")
        let shop = try #require(CompiledPlans.ir(SamplePlans.shop))
        let dag = SamplePlans.plan(SamplePlans.random(40, seed: seed))
        let hostile = SamplePlans.plan(SamplePlans.chain(SamplePlans.hostileTexts.count)) {
            ("\(SamplePlans.hostileTexts[$0])#\($0)", SamplePlans.hostileTexts[$0])
        }
        let (marked, marks) = marksOnShop(shop)
        let (sketch, cycle) = SamplePlans.sketch()
        try add("shop", shop)
        try add("dag", dag)
        try add("hostile", hostile)
        try add("marks", shop, marked)
        try add("sketch", sketch, cycle)
        try add("empty", SamplePlans.plan([]))
        try add("large", SamplePlans.plan(SamplePlans.estate(2000, seed: seed)))
        let shapes: [(String, [[Int32]])] = [
            ("one", [[]]), ("chain", SamplePlans.chain(300)), ("star", SamplePlans.star(2000)),
            ("ladder", SamplePlans.ladder(100)), ("estate", SamplePlans.estate(2000, seed: seed)),
            ("unrelated", [[Int32]](repeating: [], count: 300)), ("random", SamplePlans.random(400, seed: seed)),
        ]
        for (name, dependents) in shapes { try add(name, SamplePlans.plan(dependents)) }

        let input: JSONValue = [
            "pages": .object(pages),
            "expected": [
                "shop": Expected.panels(shop), "dag": Expected.relations(dag), "marks": marks,
                "hostile": [
                    "identities": .array(hostile.resources.map { .string($0.identity) }),
                    "visible": .array(SamplePlans.hostileTexts.map { .string(Expected.visible($0)) }),
                ],
                "shapes": .array(
                    shapes.map { ["page": .string($0.0), "count": .integer(Int64($0.1.count))] }),
            ],
        ]
        let program = try String(contentsOf: Self.script, encoding: .utf8)
        let output = try Python.run(program, Data(input.canonicalBytes))
        let reports = try output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(reports.count >= 20)
        for report in reports.compactMap(\.objectValue) {
            let name = report["check"]?.stringValue ?? ""
            let error = report["error"]?.stringValue
            #expect(error == nil, "\(name), seed \(seed): \(error ?? "")")
            print(name, report["measured"]?.canonicalText ?? "")
        }
    }

    /// Marks of resources and activities, and what the page is expected to show of them.
    private func marksOnShop(_ shop: PlanIR) -> (GraphOverlay, JSONValue) {
        var overlay = GraphOverlay(title: "shop, run of Sunday", operation: .protect)
        overlay.annotate(resource: 0, .failed, note: "exit code 3: no space left")
        overlay.annotate(resource: 1, .done, note: "1.5 s")
        overlay.annotate(resource: 1, .critical)
        overlay.annotate(resource: 2, .skipped)
        overlay.annotate(activity: ActivityOrder.number(0, .main), .failed, note: "exit code 3")
        overlay.annotate(activity: ActivityOrder.number(1, .main), .running)
        overlay.annotate(activity: ActivityGraph.start, .cancelled)
        return (
            overlay,
            [
                "title": "shop, run of Sunday", "note": "exit code 3: no space left",
                "resources": ["failed", "done", "critical", "skipped"], "activities": ["running", "cancelled"],
                "elsewhere": ["added", "removed", "changed", "running", "cancelled", "cycle"],
            ]
        )
    }
}

/// The browser of the tests.
enum Chromium {
    /// Whether everything that drives it is installed.
    static var isThere: Bool {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        func has(_ program: String) -> Bool {
            path.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
        return (has("chromium") || has("google-chrome")) && has("chromedriver") && Python.has("selenium")
    }
}

/// What the pages must show, computed from the plans.
enum Expected {
    /// The panel of every resource, and what searches find.
    static func panels(_ ir: PlanIR) -> JSONValue {
        let panels = ir.resources.indices.map { position -> JSONValue in
            let resource = ir.resources[position]
            let operations = OperationKind.allCases.map { operation -> JSONValue in
                let origins = ir.parameterOrigins(of: position, for: operation)
                let parameters = ir.parameters(of: position, for: operation).members.map { member -> JSONValue in
                    let origin = origins[member.key]?.stringValue.flatMap(ParameterOrigin.init(rawValue:))
                    return [
                        .string(member.key), .string(member.value.canonicalText), .string(origin?.words ?? ""),
                    ]
                }
                let working = Hook.allCases.filter { hook in
                    ir.graph(operation).activity(ActivityOrder.number(Int32(position), hook))?.isBarrier == false
                }
                return [
                    "name": .string(operation.rawValue), "parameters": .array(parameters),
                    "working": .array(working.map { .string($0.name) }),
                ]
            }
            return [
                "identity": .string(resource.identity), "name": .string(resource.name),
                "plugin": .string(ir.plugins[Int(resource.plugin)].name), "operations": .array(operations),
                "properties": .array(
                    resource.properties.members.filter { $0.value.canonicalText.count <= 60 }
                        .map { [.string($0.key), .string($0.value.canonicalText)] }),
            ]
        }
        let searches = ["SHOPDB", "directory", "mail", "process::service#w", "nothing like it", "o"].map {
            text -> JSONValue in
            let found = ir.resources.filter {
                "\($0.name)\n\($0.identity)".lowercased().contains(text.lowercased())
            }
            return [.string(text), .array(found.map { .string($0.identity) })]
        }
        return [
            "resources": .array(ir.resources.map { .string($0.identity) }),
            "names": .array(ir.resources.map { .string($0.name) }),
            "edges": .integer(Int64(ir.resources.reduce(0) { $0 + $1.dependents.count })),
            "panels": .array(panels), "searches": .array(searches),
        ]
    }

    /// Relations of every resource and of some activities, and the order of `protect`.
    static func relations(_ ir: PlanIR) -> JSONValue {
        let down = ir.resources.map { $0.dependents.map(Int.init) }
        let up = reversed(down)
        let graph = ir.graph(.protect)
        let after = (0..<Int32(graph.count)).map { graph.successors(of: $0).map(Int.init) }
        let before = reversed(after)
        func name(_ activity: Int) -> String {
            guard let hook = graph.activity(Int32(activity)) else { return activity == 0 ? "start" : "finish" }
            return "\(hook.hook.name)/\(ir.resources[Int(hook.resource)].identity)"
        }
        let samples = stride(from: 2, to: graph.count, by: 23).compactMap { number -> JSONValue? in
            guard let activity = graph.activity(Int32(number)) else { return nil }
            return [
                "hook": .string(activity.hook.name),
                "resource": .string(ir.resources[Int(activity.resource)].identity),
                "waits": numbers(before[number].sorted()), "waiting": numbers(after[number].sorted()),
                "all-before": numbers(reach(number, before)), "all-after": numbers(reach(number, after)),
            ]
        }
        let kept = (0..<graph.count).filter { graph.activity(Int32($0))?.isBarrier != true }
        return [
            "resources": .array(ir.resources.map { .string($0.identity) }),
            "parents": .array(up.map { numbers($0.sorted()) }), "dependents": .array(down.map { numbers($0.sorted()) }),
            "ancestors": .array(down.indices.map { numbers(reach($0, up)) }),
            "descendants": .array(down.indices.map { numbers(reach($0, down)) }),
            "activities": .array(samples), "kept": .array(kept.map { .string(name($0)) }),
            "working": .array(
                OperationKind.allCases.map { operation in
                    let count = ir.graph(operation).activities.count { !$0.isBarrier }
                    return [.string(operation.rawValue), .integer(Int64(count))]
                }),
            "order": [
                "names": .array((0..<graph.count).map { .string(name($0)) }),
                "edges": .array(after.indices.flatMap { from in after[from].map { numbers([from, $0]) } }),
            ],
        ]
    }

    /// What the page shows for a text: what would hide or reorder it, by its number.
    static func visible(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E: "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }.joined()
    }

    private static func numbers(_ values: [Int]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }

    private static func reversed(_ lists: [[Int]]) -> [[Int]] {
        var out = [[Int]](repeating: [], count: lists.count)
        for (from, targets) in lists.enumerated() { for target in targets { out[target].append(from) } }
        return out
    }

    /// All that can be reached from a node, ascending.
    private static func reach(_ start: Int, _ lists: [[Int]]) -> [Int] {
        var seen = Set<Int>()
        var open = [start]
        while let next = open.popLast() {
            for target in lists[next] where seen.insert(target).inserted { open.append(target) }
        }
        return seen.sorted()
    }
}
