import CanonicalForm
import Foundation
import GraphExport
import GraphViews
import PlanIR
import PlanTestSupport
import PythonSupport
import Testing

/// Drawings for Markdown, read and drawn by Mermaid itself: `mermaid.py` runs it in a headless Chromium.
@Suite(
    "Drawings in Mermaid",
    .enabled(
        if: Chromium.isThere && Python.has("mermaidx"),
        "chromium, chromium-driver and python3 with selenium and mermaidx are needed"))
struct MermaidTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "mermaid.py")

    @Test("Mermaid draws every node, and reads names as they are") func pictures() throws {
        let shop = try #require(CompiledPlans.ir(SamplePlans.shop))
        let hostile = SamplePlans.plan(SamplePlans.chain(SamplePlans.hostileTexts.count)) {
            ("Test::Thing#\($0)", SamplePlans.hostileTexts[$0])
        }
        var drawings: [String: Drawing] = [:]
        for view in GraphView.allCases {
            for clustering in Clustering.allCases {
                drawings["\(view) by \(clustering)"] = Drawing.whole(shop, view, clustering: clustering)
            }
            drawings["hostile \(view)"] = Drawing.whole(hostile, view)
        }
        var sketch = Drawing.whole(SamplePlans.sketch().0, .resources)
        let sketchIsCyclic = sketch.markCycles()
        #expect(sketchIsCyclic)
        drawings["cycle"] = sketch
        drawings["without barriers"] = Drawing.withoutBarriers(shop, .protect)
        let texts = JSONObject(
            drawings.map { ($0.key, .string(String(decoding: GraphMermaid.export($0.value), as: UTF8.self))) })
        let program = try String(contentsOf: Self.script, encoding: .utf8)
        let output = try Python.run(program, Data(JSONValue.object(texts).canonicalBytes))
        let results = try #require(try JSONValue(parsing: Array(output.utf8)).objectValue)
        #expect(results.members.count == drawings.count)
        for (name, drawing) in drawings {
            let result = try #require(results[name]?.objectValue)
            #expect(result["fault"] == .null, "\(name): \(result)")
            #expect(result["nodes"]?.integerValue == Int64(drawing.nodes.count), "\(name)")
        }
        let labels = results["hostile resources"]?.objectValue?["labels"]?.arrayValue?.compactMap(\.stringValue) ?? []
        for text in SamplePlans.hostileTexts {
            // Mermaid folds white space, and drops what no page shows.
            let words = text.unicodeScalars.filter { $0.properties.isAlphabetic || "<>&\"#;`*_".unicodeScalars.contains($0) }
            let expected = String(String.UnicodeScalarView(words))
            #expect(
                labels.contains { label in
                    String(
                        String.UnicodeScalarView(
                            label.unicodeScalars.filter {
                                $0.properties.isAlphabetic || "<>&\"#;`*_".unicodeScalars.contains($0)
                            })
                    ).hasPrefix(expected)
                }, "\(text): \(labels)")
        }
    }
}
