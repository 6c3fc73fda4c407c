import CanonicalForm
import Foundation
import GraphExport
import GraphViews
import PlanIR
import PlanTestSupport
import Testing

/// What can be said of the page's bytes without a browser.
@Suite("The page of a plan") struct PageTests {
    private static let pageFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/GraphExport/HTML/Page")

    private func text(_ ir: PlanIR, _ overlay: GraphOverlay = GraphOverlay()) -> String {
        String(decoding: GraphHTML.export(ir, overlay: overlay), as: UTF8.self)
    }

    /// The content of the element that begins with `start`.
    private func element(_ start: String, _ end: String, in page: String) throws -> String {
        let from = try #require(page.firstRange(of: start)).upperBound
        let to = try #require(page[from...].firstRange(of: end)).lowerBound
        return String(page[from..<to])
    }

    @Test("The same plan gives the same bytes") func sameBytes() throws {
        let ir = try #require(CompiledPlans.ir(SamplePlans.shop))
        var overlay = GraphOverlay(title: "run", operation: .protect)
        for resource in Int32(0)..<5 { overlay.annotate(resource: resource, .done, note: "\(resource) s") }
        #expect(GraphHTML.export(ir, overlay: overlay) == GraphHTML.export(ir, overlay: overlay))
    }

    @Test("The policy allows this script and this style, by their digests") func policy() throws {
        let page = text(SamplePlans.plan([[]]))
        let policy = try element("Content-Security-Policy\" content=\"", "\"", in: page)
        for content in [
            try element("<script>", "</script>", in: page), try element("<style>", "</style>", in: page),
        ] {
            let digest = Data(SHA256Digest(of: Array(content.utf8)).bytes).base64EncodedString()
            #expect(policy.contains("'sha256-\(digest)'"))
        }
        #expect(policy.hasPrefix("default-src 'none';"))
        #expect(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains("*"))
    }

    @Test("The page names nothing to load, and every place of its template is filled") func selfContained() {
        let page = text(SamplePlans.plan([[1], []]))
        for word in [
            "http://", "https://", "src=", "href=", "@import", "url(", "{{", "innerHTML", "eval(", "Function(",
        ] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test("Texts of the plan cannot end the data or begin an element", arguments: SamplePlans.hostileTexts)
    func hostile(_ hostile: String) throws {
        var ir = SamplePlans.plan([[1], []]) { _ in (hostile, hostile) }
        ir.plan = hostile
        ir.description = hostile
        ir.provider.name = hostile
        ir.plugins[0].name = hostile
        ir.resources[0].type = hostile
        ir.resources[0].properties = JSONObject([(hostile, .string(hostile))])
        ir.parameterSets = [JSONObject([(hostile, .array([.string(hostile)]))])]
        var overlay = GraphOverlay(title: hostile)
        overlay.annotate(resource: 0, .failed, note: hostile)
        overlay.annotate(activity: 2, .failed, note: hostile)
        let page = text(ir, overlay)
        let data = try element("id=\"plan\">", "</script>", in: page)
        #expect(!data.contains("<") && !data.contains("\u{2028}") && !data.contains("\u{2029}"))
        let read = try JSONValue(parsing: Array(data.utf8))
        #expect(read.objectValue?["description"] == .string(hostile))
        #expect(read.objectValue?["ids"] == .array([.string(hostile), .string(hostile)]))
        // One title, one style, two scripts, whatever the texts say.
        #expect(page.ranges(of: "<script").count == text(SamplePlans.plan([])).ranges(of: "<script").count)
        #expect(!(try element("<title>", "</title>", in: page)).contains("<"))
    }

    @Test("Numbers are in the page as the plan has them") func exactNumbers() {
        var ir = SamplePlans.plan([[]])
        ir.resources[0].properties = ["large": 9_007_199_254_740_993, "small": .number(1e-7)]
        #expect(text(ir).contains(#"[["large","9007199254740993"],["small","1e-7"]]"#))
    }

    @Test("What refers to nothing is left out") func outOfRange() throws {
        var ir = SamplePlans.plan([[1], []])
        ir.resources[0].dependents = [1, 7, -1]
        ir.resources[0].plugin = 99
        ir.resources[1].parameters = [12]
        ir.parameterOrigins = []
        ir.graphs = [ir.graphs[0]]
        var overlay = GraphOverlay(operation: .verify)
        overlay.annotate(resource: 44, .done)
        overlay.annotate(activity: -3, .done)
        let data = try element("id=\"plan\">", "</script>", in: text(ir, overlay))
        let read = try #require(try JSONValue(parsing: Array(data.utf8)).objectValue)
        #expect(read["dependents"] == .array([.array([1]), .array([])]))
        #expect(read["plugin"] == .array([-1, 1]))
        #expect(read["parameters"]?.arrayValue?.first == .array([0, -1]))
        #expect(read["hooks"]?.arrayValue?.last == "00")
        #expect(read["overlay"]?.objectValue?["resources"] == .array([]))
    }

    @Test("The size grows with resources and edges, and operations share the order") func size() {
        let empty = GraphHTML.export(SamplePlans.plan([])).count
        let sizes = [1000, 10000].map {
            GraphHTML.export(SamplePlans.plan(SamplePlans.estate($0, seed: 1))).count - empty
        }
        print("bytes: \(empty) for the page itself, \(sizes[0] / 1000) for a resource")
        #expect(sizes[1] < 12 * sizes[0])
        #expect(sizes[0] < 200 * 1000)
        #expect(empty < 200_000)
    }

    @Test("The page's program names the marks in their order, and every file of it is in the page") func files() throws
    {
        let plan = try String(contentsOf: Self.pageFolder.appending(path: "plan.js"), encoding: .utf8)
        let names = try element("const markNames = [", "]", in: plan)
        let words = names.split { !$0.isLetter }.map(String.init)
        #expect(words == GraphOverlay.Mark.allCases.map(\.name))
        let page = text(SamplePlans.plan([]))
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.pageFolder.path)
        #expect(files.count >= 10)
        for file in files where !file.hasSuffix(".html") {
            #expect(
                page.contains(try String(contentsOf: Self.pageFolder.appending(path: file), encoding: .utf8)), "\(file)"
            )
        }
    }

    @Test("The page's colours of plugins are those of all pictures") func colours() throws {
        let theme = try String(contentsOf: Self.pageFolder.appending(path: "theme.js"), encoding: .utf8)
        let light = try element("plugins: [", "],\n    none", in: theme)
        let pairs = light.split { !$0.isHexDigit && $0 != "#" }.map(String.init)
        #expect(pairs == Palette.plugins.flatMap { [$0.fill, $0.line] })
    }

    @Test("What a drawing says of resources and activities is taken over") func drawings() {
        let (ir, _) = SamplePlans.sketch()
        var resources = Drawing.whole(ir, .resources, .protect)
        _ = resources.markCycles()
        var activities = Drawing.whole(ir, .activities, .verify)
        _ = activities.markCycles()
        var overlay = GraphOverlay()
        overlay.add(resources)
        #expect(Set(overlay.cycle) == [(0, 1), (1, 2), (2, 0)].map { GraphOverlay.Edge(from: $0, to: $1) }.set)
        #expect(overlay.resources.filter { $0.value.marks == [.cycle] }.keys.sorted() == [0, 1, 2])
        #expect(overlay.operation == nil && overlay.title.isEmpty)
        overlay.add(activities)
        #expect(overlay.operation == .verify)
        #expect(!overlay.activities.isEmpty)
    }
}

extension Sequence where Element: Hashable {
    fileprivate var set: Set<Element> { Set(self) }
}
