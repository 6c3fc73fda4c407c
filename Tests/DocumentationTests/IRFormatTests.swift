import CanonicalForm
import Foundation
import PlanIR
import Testing

@Suite("docs/ir-format.md")
struct IRFormatTests {
    static func fixture() throws -> [UInt8] {
        Array(try Data(contentsOf: Page.root.appending(path: "Tests/Fixtures/ok/one-directory/expected.ir")))
    }

    @Test("The example is the fixture's IR, and can be loaded") func example() throws {
        let blocks = try Page("ir-format.md").blocks("json")
        let text = try #require(blocks.first).text
        #expect(blocks.count == 1)
        let canonical = try JSONValue(parsing: Array(text.utf8)).canonicalBytes + [0x0A]
        #expect(canonical == (try Self.fixture()))
        #expect(throws: Never.self) { try PlanIR(loading: canonical) }
    }

    @Test("The digest is that of the canonical form without it") func digest() throws {
        var object = try #require(try JSONValue(parsing: Self.fixture()).objectValue)
        let carried = object["digest"]?.stringValue
        object["digest"] = nil
        #expect(SHA256Digest(of: JSONValue.object(object).canonicalBytes).description == carried)
    }

    @Test("Whole numbers keep all their digits, and others are ECMAScript's") func numbers() {
        let values: [JSONValue] = [3, .integer(.max), .integer(.min), .number(0.5), .number(1e21), .number(1e-7)]
        let text = JSONValue.array(values).canonicalText
        #expect(text == "[3,9223372036854775807,-9223372036854775808,0.5,1e+21,1e-7]")
    }

    @Test("Another version is told before anything else that is wrong") func version() throws {
        let later = Array(#"{"format":"cairn.ir","news":true,"version":4}"#.utf8)
        #expect(throws: IRLoadError.unknownVersion(found: 4)) { try PlanIR(loading: later) }
    }

    @Test("A further edge is accepted, one too few is not") func edges() throws {
        var ir = try PlanIR(loading: Self.fixture())
        let graph = ir.graphs[0]
        var edges: [(from: Int32, to: Int32)] = []
        for number in 0..<Int32(graph.count) { edges += graph.successors(of: number).map { (number, $0) } }
        func order(_ edges: [(from: Int32, to: Int32)]) {
            ir.graphs = ir.graphs.map { ActivityGraph(activities: $0.activities, edges: edges) }
        }
        order(edges + [(2, 5)])
        #expect(throws: Never.self) { try PlanIR(loading: ir.encoded.bytes) }
        order(Array(edges.dropLast()))
        #expect(throws: IRLoadError.self) { try PlanIR(loading: ir.encoded.bytes) }
    }
}
