import Diagnostics
import Manifests
import PlanCompiler
import PlanTestSupport
import Testing
import YAMLSource

@Suite("The lease windows of a provider") struct LeaseWindowTests {
    private static func provider(_ leases: String) -> String {
        "apiVersion: cairn/v1\nkind: Provider\nname: p\nbank: {plugin: directory, config: {path: /b}}\n"
            + "plugins: []\nleases: \(leases)\n"
    }

    private static func windows(_ leases: String) throws -> LeaseWindows {
        var diagnostics = DiagnosticList()
        var sources = SourceMap()
        let text = SourceText(name: "p.yaml", bytes: Array(provider(leases).utf8))
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &diagnostics)
        let manifest = ProviderManifest.decode(try #require(tree.documents.first), into: &diagnostics)
        #expect(diagnostics.all.isEmpty)
        return try #require(manifest).leases
    }

    @Test("Windows that fit, and defaults for what is not there") func fit() throws {
        func list(_ leases: String) throws -> [Int64] {
            let windows = try Self.windows(leases)
            return [windows.expireWindow, windows.renewWindow, windows.validityWindow]
        }
        #expect(try list("{}") == [60_000, 20_000, 10_000])
        #expect(try list("{expireWindow: 2m}") == [120_000, 20_000, 10_000])
        #expect(try list("{renewWindow: 25s}") == [60_000, 25_000, 10_000])
        #expect(try list("{validityWindow: 20s}") == [60_000, 20_000, 20_000])
        #expect(try list("{expireWindow: 3s, renewWindow: 1s, validityWindow: 1s}") == [3000, 1000, 1000])
        #expect(
            try list("{expireWindow: 1d, renewWindow: 6h, validityWindow: 12h}") == [
                86_400_000, 21_600_000, 43_200_000,
            ])
    }

    @Test(
        "Windows that do not fit, at the place of the first that is written",
        arguments: [
            ("{expireWindow: 49s}", "49s", "expireWindow 49s is too short for renewWindow 20s (the default)"),
            ("{renewWindow: 26s}", "26s", "expireWindow 1m (the default) is too short for renewWindow 26s"),
            ("{validityWindow: 21s}", "21s", "and validityWindow 21s"),
            ("{renewWindow: 30s, expireWindow: 69s}", "69s", "expireWindow 69s is too short for renewWindow 30s"),
            ("{expireWindow: 25h}", "25h", "a lease would last longer than a day"),
            ("{renewWindow: 13h, validityWindow: 1s}", "13h", "a lease would last longer than a day"),
            ("{expireWindow: 300000d, renewWindow: 300000d, validityWindow: 300000d}", "300000d", "longer than a day"),
        ])
    func misfit(_ leases: String, _ place: String, _ message: String) throws {
        let text = Self.provider(leases)
        let found = CompiledPlans.compile([text]).diagnostics.all
        #expect(found.map(\.code) == [.leaseWindows])
        let diagnostic = try #require(found.first)
        #expect(diagnostic.message.contains(message), "\(diagnostic.message)")
        let bytes = Array(text.utf8)
        let range = try #require(diagnostic.range)
        #expect(String(decoding: bytes[Int(range.start)..<Int(range.end)], as: UTF8.self) == place)
    }

    @Test(
        "What is no window is told once",
        arguments: [
            ("{expireWindow: 0s}", DiagnosticCode.invalidValue), ("{expireWindow: 60}", .wrongType),
            ("{renewWindow: a minute}", .invalidValue), ("{validityWindow: [1s]}", .wrongType),
            ("{expireWindwo: 5s}", .unknownKey), ("60s", .wrongType), ("{expireWindow: *none}", .unknownAlias),
        ])
    func malformed(_ leases: String, _ code: DiagnosticCode) {
        #expect(CompiledPlans.compile([Self.provider(leases)]).diagnostics.all.map(\.code) == [code])
    }
}
