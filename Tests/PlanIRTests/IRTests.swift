import CanonicalForm
import Foundation
import PlanIR
import PlanTestSupport
import Testing

struct IRTests {
    private func sample() throws -> PlanIR {
        try #require(
            CompiledPlans.ir(
                """
                  - id: web
                    type: Test::Service
                    name: Web "quoted" ü
                    resources:
                      - {id: db, type: Test::Database}
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                  - {id: mail, type: Test::Service, dependsOn: [db]}
                """))
    }

    @Test func loadingGivesWhatWasWritten() throws {
        let ir = try sample()
        let (bytes, digest) = ir.encoded
        #expect(try PlanIR(loading: bytes) == ir)
        #expect(try PlanIR(loading: bytes).encoded.digest == digest)
        #expect(PlanIR.isLikely(bytes))
    }

    @Test func theSameInputsGiveTheSameBytes() throws {
        let first = try sample().encoded.bytes
        for _ in 0..<20 { #expect(try sample().encoded.bytes == first) }
    }

    @Test func everyChangedByteIsRefused() throws {
        let bytes = try sample().encoded.bytes
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x01
            #expect(throws: IRLoadError.self, "byte \(position)") { try PlanIR(loading: damaged) }
        }
    }

    @Test func cutOffFilesAreRefused() throws {
        let bytes = try sample().encoded.bytes
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: IRLoadError.self) { try PlanIR(loading: Array(bytes.prefix(length))) }
        }
    }

    @Test func aLaterVersionIsNamed() throws {
        var object = try #require(try JSONValue(parsing: try sample().encoded.bytes).objectValue)
        object["version"] = 7
        object["novelty"] = true
        #expect(throws: IRLoadError.unknownVersion(found: 7)) {
            try PlanIR(loading: JSONValue.object(object).canonicalBytes)
        }
    }

    @Test func otherJSONIsNoPlan() {
        for text in ["{}", "[]", "null", "{\"format\":\"cairn.ir\"}", "{\"version\":1}"] {
            #expect { try PlanIR(loading: Array(text.utf8)) } throws: {
                guard case IRLoadError.notAnIR? = $0 as? IRLoadError else { return false }
                return true
            }
        }
    }

    @Test("Operations that are not in the same order are refused before they are written") func oneOrder() throws {
        var ir = try sample()
        let graph = ir.graph(.verify)
        let edges = (0..<Int32(graph.count)).flatMap { origin in graph.successors(of: origin).map { (origin, $0) } }
        ir.graphs[OperationKind.verify.index] = ActivityGraph(
            activities: graph.activities, edges: edges + [(from: 2, to: 5)])
        #expect { try IRVerifier.verify(ir) } throws: { ($0 as? IRFault)?.place == "operations.verify" }
    }

    @Test("Hooks out of order are refused before they are written") func hooks() throws {
        var ir = try sample()
        let graph = ir.graph(.protect)
        var activities = graph.activities
        activities.swapAt(0, 1)
        ir.graphs[0] = ActivityGraph(activities: activities, orderedLike: graph)
        #expect(throws: IRFault.self) { try IRVerifier.verify(ir) }
    }

    @Test("An IR of format version 1 is read: copying has no work, and its digest still counts") func versionOne()
        throws
    {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/ir/version-1.ir")
        let bytes = Array(try Data(contentsOf: file))
        let ir = try PlanIR(loading: bytes)
        #expect(ir.resources.count == 5)
        #expect(!ir.graph(.copy).activities.contains { !$0.isBarrier })
        #expect(ir.graph(.copy).hasOrder(of: ir.graph(.protect)))
        #expect(ir.graph(.protect).activities.contains { !$0.isBarrier })
        #expect(ir.parameterOrigins == ir.parameterSets.map { _ in JSONObject() })
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x01
            #expect(throws: IRLoadError.self, "byte \(position)") { try PlanIR(loading: damaged) }
        }
        // What only the next version has makes no sound first version.
        let later = String(decoding: bytes, as: UTF8.self).replacing(
            #""format":"cairn.ir""#, with: #""format":"cairn.ir","order":[[]]"#)
        #expect(throws: IRLoadError.self) { try PlanIR(loading: Array(later.utf8)) }
    }

    @Test("An IR of format version 2 is read, and its digest still counts: it stops at failures and tells nobody")
    func versionTwo() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/ir/version-2.ir")
        let bytes = Array(try Data(contentsOf: file))
        let ir = try PlanIR(loading: bytes)
        #expect(ir.resources.contains { $0.discover != nil })
        #expect(ir.onFailure == .stop)
        #expect(ir.notifications.isEmpty)
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x01
            #expect(throws: IRLoadError.self, "byte \(position)") { try PlanIR(loading: damaged) }
        }
        // What only the next version has makes no sound second version, even with the digest made right.
        let members: [(String, JSONValue)] = [("notify", []), ("onFailure", "stop")]
        for (key, value) in members {
            var object = try #require(try JSONValue(parsing: bytes).objectValue)
            object["digest"] = nil
            object[key] = value
            object["digest"] = .string(SHA256Digest(of: JSONValue.object(object).canonicalBytes).description)
            #expect(throws: IRLoadError.self) { try PlanIR(loading: JSONValue.object(object).canonicalBytes + [0x0A]) }
        }
    }

    @Test("What a failure stops, and who is told, is kept") func runMembers() throws {
        var ir = try sample()
        ir.onFailure = .continue
        ir.notifications = [
            PlanIR.Notification(occasion: .failure, recipient: .command(["logger"])),
            PlanIR.Notification(
                occasion: .always,
                recipient: .address(
                    .literal("https://example.org"),
                    headers: [.init(name: "Authorization", value: .fromEnvironment("A"))]
                )),
        ]
        #expect(try PlanIR(loading: ir.encoded.bytes) == ir)
        // A secret that someone wrote into it is refused, although its digest is right.
        ir.notifications[1].recipient = .address(
            .literal("https://example.org"), headers: [.init(name: "Authorization", value: .literal("hidden"))])
        #expect { try PlanIR(loading: ir.encoded.bytes) } throws: {
            ($0 as? IRLoadError).map { !"\($0)".contains("hidden") } ?? false
        }
    }

    @Test("Where parameters came from, and what is discovered, is kept") func newMembers() throws {
        var ir = try sample()
        ir.resources[2].discover = ["atLeast": 1]
        ir.needsInventory = true
        let loaded = try PlanIR(loading: ir.encoded.bytes)
        #expect(loaded == ir)
        #expect(loaded.parameterOrigins.contains { $0["compression"] == "default" })
    }

    /// An edited IR whose digest was made right again is still refused for what it breaks.
    @Test(
        "The verifier refuses unsound plans",
        arguments: [
            "missing-edge", "cycle", "plugin-range", "dependent-range", "duplicate", "parameters", "self", "origins",
            "origin-of-nothing", "origin-from-nowhere", "no-discovery",
        ])
    func unsoundPlans(_ fault: String) throws {
        var ir = try sample()
        let graph = ir.graph(.protect)
        func edges(_ drop: Int? = nil) -> [(from: Int32, to: Int32)] {
            var list: [(from: Int32, to: Int32)] = []
            for origin in 0..<Int32(graph.count) {
                for target in graph.successors(of: origin) { list.append((origin, target)) }
            }
            if let drop { list.remove(at: drop) }
            return list
        }
        func order(_ edges: [(from: Int32, to: Int32)]) {
            ir.graphs = ir.graphs.map { ActivityGraph(activities: $0.activities, edges: edges) }
        }
        switch fault {
        case "missing-edge": order(edges(3))
        case "cycle": order(edges() + [(from: ActivityGraph.finish, to: ActivityGraph.start)])
        case "plugin-range": ir.resources[1].plugin = 9
        case "dependent-range": ir.resources[1].dependents = [99]
        case "duplicate": ir.resources[1].id = "web"; ir.resources[1].type = "Test::Service"
        case "parameters": ir.resources[0].parameters = [0, 0]
        case "origins": ir.parameterOrigins.removeLast()
        case "origin-of-nothing": ir.parameterOrigins[0]["colour"] = "plan"
        case "origin-from-nowhere":
            ir.parameterSets[0]["colour"] = "red"
            ir.parameterOrigins[0]["colour"] = "elsewhere"
        case "no-discovery": ir.needsInventory = true
        default: ir.resources[0].dependents.append(0)
        }
        #expect(throws: IRFault.self) { try IRVerifier.verify(ir) }
        #expect { try PlanIR(loading: ir.encoded.bytes) } throws: {
            guard case IRLoadError.unsound? = $0 as? IRLoadError else { return false }
            return true
        }
    }
}

struct NameRulesTests {
    @Test(
        "Resource types",
        arguments: [
            ("A::B", true), ("Host::FileSystem::Directory", true), ("OS::Nova::Server", true), ("A", false),
            ("A::", false), ("::A", false), ("A:B", false), ("A:::B", false), ("A::B::", false), ("A::9", false),
            ("A B::C", false), ("", false), ("A::B:C", false),
        ])
    func types(_ type: String, _ isValid: Bool) { #expect((NameRules.typeFault(type) == nil) == isValid) }

    @Test(
        "Resource ids",
        arguments: [
            ("a", true), ("9f2c-1", true), ("a/b@c:d+e.f_g", true), ("", false), (".hidden", false), ("a#b", false),
            ("a b", false), ("ä", false), (String(repeating: "x", count: 64), true),
            (String(repeating: "x", count: 65), false),
        ])
    func ids(_ id: String, _ isValid: Bool) { #expect((NameRules.idFault(id) == nil) == isValid) }

    @Test("Plan names", arguments: [("shop", true), ("9-a", true), ("-a", false), ("Shop", false), ("", false)])
    func plans(_ name: String, _ isValid: Bool) { #expect((NameRules.planFault(name) == nil) == isValid) }
}
