import CanonicalForm
import Diagnostics
import PlanCompiler
import PlanTestSupport
import YAMLSource

/// Plans and inventories for tests.
enum Found {
    static func compile(
        _ plan: String, _ inventories: [[UInt8]], inputs: [[UInt8]] = [], requires: Bool = true
    ) -> Compiler {
        func text(_ name: String, _ bytes: [UInt8]) -> SourceText { SourceText(name: name, bytes: bytes) }
        let texts = [text("plan.yaml", Array(plan.utf8)), text("provider.yaml", Array(CompiledPlans.provider.utf8))]
        var compiler = Compiler(
            inputs: texts + inputs.enumerated().map { text("input\($0).yaml", $1) }, providerDirectories: [])
        compiler.inventories = inventories.enumerated().map { text("found\($0).yaml", $1) }
        compiler.requiresInventory = requires
        compiler.run()
        return compiler
    }

    static func compile(_ plan: String, _ inventory: String, requires: Bool = true) -> Compiler {
        compile(plan, [Array(inventory.utf8)], requires: requires)
    }

    static func printed(_ compiler: Compiler) -> String {
        TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted)
    }

    static func codes(_ compiler: Compiler) -> [DiagnosticCode] { compiler.diagnostics.sorted.map(\.code) }

    static let head = "apiVersion: cairn/v1\nkind: Inventory\nplan: test\nprovider: all\n"

    /// An inventory of directories: what was found below each.
    static func inventory(_ found: [(id: String, dependents: [String])], more: String = "") -> String {
        var text = head + "discovered:\(found.isEmpty ? " []" : "")\n"
        for entry in found {
            text += "  - resource: Host::FileSystem::Directory#\(entry.id)\n"
            text += "    properties: {\"path\": \"/\(entry.id)\"}\n    selector: {\"atLeast\": 0}\n\(more)"
            text += "    dependents:\(entry.dependents.isEmpty ? " []" : "")\n"
            for id in entry.dependents {
                text += "      - {type: Host::FileSystem::Directory, id: \(id), name: \(id), "
                text += "properties: {path: /found/\(id)}}\n"
            }
        }
        return text
    }

    static func directory(_ id: String, _ more: String = "") -> String {
        "{id: \(id), type: Host::FileSystem::Directory, properties: {path: /\(id)}\(more)}"
    }

    static let one = CompiledPlans.plan("  - \(directory("a", ", discover: {atLeast: 0}"))\n")

    /// Files that are no inventory to compile with, with the codes that they give.
    static let hostileFiles: [(name: String, bytes: [UInt8], codes: Set<DiagnosticCode>)] = {
        let good = inventory([("a", ["b"])])
        let bomb =
            "x-a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + zip("bcdefgh", "abcdefg").map {
                "x-\($0): &\($0) [\(Array(repeating: "*\($1)", count: 10).joined(separator: ", "))]\n"
            }
            .joined()
        return [
            ("empty", [], [.emptyDocument]),
            ("no UTF-8", Array(good.utf8) + [0x23, 0xE9, 0x0A], [.notUTF8]),
            ("no YAML", Array((good + "  - {").utf8), [.yamlSyntax]),
            ("binary", (0...255).map { UInt8($0) }, [.notUTF8]),
            ("a plan", Array(one.utf8), [.unknownKind]),
            ("a provider", Array(CompiledPlans.provider.utf8), [.unknownKind]),
            ("a list", Array("[1, 2]\n".utf8), [.unknownKind]),
            ("an alias bomb", Array((good + bomb).utf8), [.aliasLimit]),
            ("too deep", Array((good + "x-deep: " + String(repeating: "[", count: 1100)).utf8), [.tooDeep]),
            ("an alias of itself", Array((good + "x-self: &s [*s]\n").utf8), [.aliasLimit]),
            ("without a plan", Array(good.replacing("plan: test\n", with: "").utf8), [.missingField]),
            ("of no list", Array((head + "discovered: 7\n").utf8), [.wrongType]),
        ]
    }()
}
