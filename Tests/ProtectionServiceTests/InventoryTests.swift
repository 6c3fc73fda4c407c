import CanonicalForm
import Diagnostics
import Engine
import Foundation
import Manifests
import PlanIR
import PluginKit
import ProtectionService
import Testing
import YAMLSource

/// A plugin that finds what the test says, by the id of who is asked for.
struct FindingPlugin: DiscoveringPlugin {
    let name = "finding"
    let find: @Sendable (ResourceDescription, JSONObject) async throws -> DiscoveredDependents

    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}

    func dependents(of resource: ResourceDescription, selector: JSONObject) async throws -> DiscoveredDependents {
        try await find(resource, selector)
    }

    func instances(of type: String) async throws -> [ProtectableInstance] { [] }
}

/// A plugin without discovery, whatever its manifest says.
struct SilentPlugin: ProtectionPlugin {
    let name = "finding"
    func protect(_ hook: Hook, _ context: ActivityContext) async throws -> JSONObject { [:] }
    func restore(_ hook: Hook, _ context: ActivityContext, to target: RestoreTarget) async throws {}
    func verify(_ hook: Hook, _ context: ActivityContext) async throws {}
}

enum Sample {
    static let digest = SHA256Digest(of: Array("manifest".utf8))

    /// A manifest in which things find parts.
    static func manifest() throws -> PluginManifest {
        let text = SourceText(
            name: "finding.plugin.yaml",
            bytes: Array(
                """
                apiVersion: cairn/v1
                kind: Plugin
                name: finding
                version: 1
                description: Finds things
                resourceTypes:
                  - type: Test::Thing
                    operations: {protect: {hooks: [main]}, restore: {hooks: []}, verify: {hooks: []}, delete: {hooks: []}}
                    discovery: {types: [Test::Part]}
                  - type: Test::Part
                    operations: {protect: {hooks: [main]}, restore: {hooks: []}, verify: {hooks: []}, delete: {hooks: []}}
                """.utf8))
        var sources = SourceMap()
        var faults = DiagnosticList()
        let node = try #require(YAMLParser.parse(text, as: sources.add(text), into: &faults).documents.first)
        let manifest = PluginManifestDecoder.decodePlugin(node, into: &faults)
        try #require(!faults.hasErrors, "\(faults.sorted)")
        return try #require(manifest)
    }

    static func plugin(_ plugin: any ProtectionPlugin, digest: SHA256Digest = digest) throws -> ProvidedPlugin {
        ProvidedPlugin(loaded: LoadedPlugin(plugin: plugin, version: 1, digest: digest), manifest: try manifest())
    }

    static func part(_ id: String, type: String = "Test::Part", _ properties: JSONObject = [:]) -> ResourceDescription {
        ResourceDescription(type: type, id: id, name: id, properties: properties)
    }

    /// An IR of things, each with its selector or none.
    static func ir(_ things: [(id: String, discover: JSONObject?)]) -> PlanIR {
        PlanIR(
            plan: "shop", description: "", provider: .init(name: "local", digest: digest), sources: [],
            plugins: [.init(name: "finding", version: 1, digest: digest)], parameterSets: [JSONObject()],
            resources: things.map {
                .init(
                    type: "Test::Thing", id: $0.id, name: "", properties: ["at": .string($0.id)], plugin: 0,
                    parameters: [0, 0, 0], dependents: [], discover: $0.discover)
            }, triggers: [], retention: JSONObject(), needsInventory: true, graphs: [])
    }
}

@Suite struct InventoryRunTests {
    private func failures(_ body: () async throws -> Inventory) async -> [String] {
        do {
            _ = try await body()
            return []
        } catch let failure as InventoryFailure { return failure.failures.map(\.description) } catch {
            return ["(another error) \(error)"]
        }
    }

    private func run(
        _ ids: [String], jobs: Int = 4, selector: JSONObject = ["atLeast": 1],
        _ find: @escaping @Sendable (ResourceDescription, JSONObject) async throws -> DiscoveredDependents
    ) async throws -> Inventory {
        try await InventoryRun(
            Sample.ir(ids.map { ($0, selector) }), plugins: [try Sample.plugin(FindingPlugin(find: find))], jobs: jobs
        ).inventory()
    }

    @Test(arguments: [1, 2, 7, 64]) func theOrderIsThatOfThePlan(_ jobs: Int) async throws {
        let ids = (0..<20).map { "t\($0)" }
        let running = Peak()
        let inventory = try await run(ids, jobs: jobs) { resource, selector in
            await running.enter()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...3)))
            await running.leave()
            return DiscoveredDependents(
                dependents: [Sample.part("\(resource.id)/b"), Sample.part("\(resource.id)/a")],
                parameters: ["skip": [.string(resource.id)]])
        }
        #expect(inventory.discovered.map(\.resource) == ids.map { "Test::Thing#\($0)" })
        #expect(inventory.discovered[3].found.dependents.map(\.id) == ["t3/b", "t3/a"])
        #expect(inventory.dependentCount == 40)
        #expect(await running.peak <= jobs)
    }

    @Test func onlyThoseThatDiscoverAreAskedFor() async throws {
        let plugin = try Sample.plugin(
            FindingPlugin { resource, selector in
                #expect(selector == ["atLeast": 0, "only": "x"])
                return DiscoveredDependents(dependents: [], parameters: [:])
            })
        let ir = Sample.ir([("a", nil), ("b", ["atLeast": 0, "only": "x"]), ("c", nil)])
        let inventory = try await InventoryRun(ir, plugins: [plugin], jobs: 4).inventory()
        #expect(inventory.discovered.map(\.resource) == ["Test::Thing#b"])
        #expect(inventory.plan == "shop" && inventory.provider == "local")
    }

    @Test func everyFailureIsTold() async throws {
        let told = await failures {
            try await run(["a", "b", "c", "d"]) { resource, _ in
                if resource.id == "b" { throw PluginError("cannot read '/b': Permission denied") }
                return DiscoveredDependents(
                    dependents: resource.id == "d" ? [] : [Sample.part(resource.id)], parameters: [:])
            }
        }
        #expect(
            told == [
                "Test::Thing#b: cannot read '/b': Permission denied",
                "Test::Thing#d: 0 dependents were found, and there should be at least 1; see that what holds them is "
                    + "mounted, or allow fewer with 'atLeast' of its 'discover'",
            ])
    }

    @Test func answersThatCannotBeUsed() async throws {
        let answers: [(DiscoveredDependents, String)] = [
            (.init(dependents: [Sample.part("x", type: "Test::Thing")], parameters: [:]), "does not name this type"),
            (.init(dependents: [Sample.part("x"), Sample.part("x")], parameters: [:]), "two of this name"),
            (.init(dependents: [Sample.part("a b")], parameters: [:]), "an id has 1 to 64"),
            (.init(dependents: [Sample.part("")], parameters: [:]), "an id has 1 to 64"),
            (.init(dependents: [Sample.part("x")], parameters: ["level": 3]), "'level', which is no list"),
        ]
        for (answer, reason) in answers {
            let told = await failures { try await run(["t"]) { _, _ in answer } }
            #expect(told.count == 1 && told[0].contains(reason), "\(told)")
        }
        let twice = await failures {
            try await run(["t", "u"]) { _, _ in .init(dependents: [Sample.part("x")], parameters: [:]) }
        }
        #expect(twice.count == 1 && twice[0].hasPrefix("Test::Thing#u: 'Test::Part#x' was found here and below"))
    }

    @Test func atLeastSoMany() async throws {
        for (least, count, isEnough) in [(0, 0, true), (1, 0, false), (3, 2, false), (3, 3, true)] {
            let told = await failures {
                try await run(["t"], selector: ["atLeast": .integer(Int64(least))]) { _, _ in
                    .init(dependents: (0..<count).map { Sample.part("p\($0)") }, parameters: [:])
                }
            }
            #expect(told.isEmpty == isEnough, "\(told)")
        }
    }

    @Test func pluginsThatAreOthersOrCannotFind() async throws {
        let ir = Sample.ir([("t", [:])])
        let silent = await failures {
            try await InventoryRun(ir, plugins: [try Sample.plugin(SilentPlugin())], jobs: 1).inventory()
        }
        #expect(silent == ["Test::Thing#t: the plugin 'finding' cannot discover anything below 'Test::Thing'"])
        let other = try Sample.plugin(SilentPlugin(), digest: SHA256Digest(of: [1]))
        await #expect(throws: ExecutionError.self) {
            try await InventoryRun(ir, plugins: [other], jobs: 1).inventory()
        }
        await #expect(throws: ExecutionError.self) { try await InventoryRun(ir, plugins: [], jobs: 1).inventory() }
    }

    @Test func cancellingIsNoFailureOfAPlugin() async throws {
        let task = Task {
            try await run(["a", "b"], jobs: 1) { _, _ in
                try await Task.sleep(for: .seconds(60))
                return .init(dependents: [], parameters: [:])
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}

/// How many were in at the same time.
private actor Peak {
    private var count = 0
    private(set) var peak = 0
    func enter() {
        count += 1
        peak = max(peak, count)
    }
    func leave() { count -= 1 }
}

@Suite struct InventoryFileTests {
    private func entry(_ id: String, _ dependents: [ResourceDescription], exclude: [JSONValue]) -> Inventory.Entry {
        Inventory.Entry(
            resource: "Host::FileSystem::Directory#\(id)", properties: ["path": "/srv/customers"],
            selector: ["atLeast": 1],
            found: DiscoveredDependents(dependents: dependents, parameters: ["exclude": .array(exclude)]))
    }

    private func directory(_ id: String, _ name: String) -> ResourceDescription {
        ResourceDescription(
            type: "Host::FileSystem::Directory", id: id, name: name,
            properties: ["path": .string("/srv/customers/\(name)")])
    }

    @Test func theFileAsItIsDescribed() {
        let inventory = Inventory(
            plan: "shop", provider: "local",
            discovered: [
                entry(
                    "customers", [directory("customers/alice", "alice"), directory("customers/bob", "bob")],
                    exclude: ["/alice/", "/bob/"])
            ])
        #expect(
            String(decoding: inventory.yaml, as: UTF8.self) == """
                apiVersion: cairn/v1
                kind: Inventory
                plan: shop
                provider: local
                discovered:
                  - resource: Host::FileSystem::Directory#customers
                    properties: {"path": "/srv/customers"}
                    selector: {"atLeast": 1}
                    parameters: {"exclude": ["/alice/", "/bob/"]}
                    dependents:
                      - type: Host::FileSystem::Directory
                        id: "customers/alice"
                        name: "alice"
                        properties: {"path": "/srv/customers/alice"}
                      - type: Host::FileSystem::Directory
                        id: "customers/bob"
                        name: "bob"
                        properties: {"path": "/srv/customers/bob"}

                """)
        #expect(
            String(decoding: Inventory(plan: "a", provider: "b", discovered: []).yaml, as: UTF8.self)
                .hasSuffix("discovered: []\n"))
    }

    /// What the file says as YAML, by both of the ways in which plans are read.
    private func parsed(_ inventory: Inventory) throws -> [JSONValue] {
        let text = SourceText(name: "i", bytes: inventory.yaml)
        return try [false, true].map { byLibrary in
            var sources = SourceMap()
            var faults = DiagnosticList()
            let source = sources.add(text)
            let tree =
                byLibrary
                ? YAMLParser.parseWithLibrary(text, as: source, into: &faults)
                : YAMLParser.parse(text, as: source, into: &faults)
            try #require(!faults.hasErrors, "\(faults.sorted) \(String(decoding: inventory.yaml, as: UTF8.self))")
            return try #require(tree.documents.first).jsonValue
        }
    }

    @Test(arguments: [
        "plain", "it's \"quoted\"", "back\\slash", "new\nline", "tab\tand\rreturn", "colon: space", "# no comment",
        "{a: b}",
        "\u{1}\u{1F}\u{7F}", "\u{85}\u{9F}\u{A0}", "\u{2028}\u{2029}", "\u{FEFF}bom", "\u{FFFE}\u{FFFF}", "é e\u{301}",
        "😀 and 𝄞", " leading and trailing ", "null", "12", "-", "*alias", "&anchor", "!tag", "%dir", "@at", "`",
    ]) func anyNameSurvives(_ name: String) throws {
        let inventory = Inventory(
            plan: "shop", provider: "local",
            discovered: [
                entry("c", [directory("c/x", name)], exclude: [.string("/\(name)/")]),
                entry("empty:", [], exclude: []),
            ])
        for value in try parsed(inventory) {
            #expect(value.canonicalText.utf8.elementsEqual(inventory.json.canonicalText.utf8))
        }
    }

    @Test(arguments: ["null", "true", "no", "12", "1e5", "0x1f", "y", "on", "a-b", "2026-11-22"])
    func namesStayTexts(_ name: String) throws {
        let inventory = Inventory(plan: name, provider: name, discovered: [])
        for value in try parsed(inventory) {
            #expect(value.objectValue?["plan"]?.stringValue == name)
            #expect(value.objectValue?["provider"]?.stringValue == name)
        }
    }
}
