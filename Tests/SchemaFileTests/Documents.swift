import Diagnostics
import Explanations
import Foundation
import PlanCompiler
import PlanSchemas
import YAMLSource

/// One document of a file, with the provider whose plugins it is for.
struct Document {
    let name: String
    let bytes: [UInt8]
    /// What it says that it is: `Plan`, `Provider` …
    let kind: String
}

/// A folder of files that belong together: a fixture, an example.
struct Bundle {
    let name: String
    let documents: [Document]
    /// The codes of what `cairnc check` finds.
    let codes: Set<DiagnosticCode>
    /// The schemas of plans for the folder's providers, by their names.
    let planSchemas: [(provider: String, text: String)]

    /// The schema for the provider that a plan names, or else for the only one.
    func planSchema(for document: Document) -> String? {
        guard document.kind == "Plan" else { return nil }
        let text = String(decoding: document.bytes, as: UTF8.self)
        let name = text.firstMatch(of: /["']?provider["']?: *["']?([a-z0-9-]+)/).map { String($0.1) }
        return planSchemas.first { $0.provider == name }?.text ?? planSchemas.first?.text
    }

    /// Takes in the files of one folder, `plan.yaml` first.
    init(name: String, files: [(name: String, bytes: [UInt8])]) {
        let texts = files.map { SourceText(name: $0.name, bytes: $0.bytes) }
        let isInventory = { (text: SourceText) in text.name.hasSuffix(".inventory.yaml") }
        var compiler = Compiler(inputs: texts.filter { !isInventory($0) }, providerDirectories: [])
        compiler.inventories = texts.filter(isInventory)
        compiler.run()
        self.init(name: name, files: files, compiler)
    }

    /// An example, as `cairnc check` sees it.
    init(name: String, _ example: Example) {
        let files = example.allFiles.filter { $0.name.hasSuffix(".yaml") }.map { ($0.name, $0.bytes) }
        self.init(name: name, files: files, ExampleRun(example).compiler)
    }

    private init(name: String, files: [(name: String, bytes: [UInt8])], _ compiler: Compiler) {
        self.name = name
        documents = files.flatMap { Bundle.documents(in: $0.bytes, name: name + "/" + $0.name) }
        var compiler = compiler
        codes = Set(compiler.diagnostics.all.map(\.code))
        let offers = files.flatMap { compiler.offers(in: $0.name) }
        planSchemas = offers.map { ($0.name, FormatSchema.plan(for: $0.provider, $0.plugins)) }
    }

    /// The documents of a file; one that is no YAML counts as a plan.
    private static func documents(in bytes: [UInt8], name: String) -> [Document] {
        let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\n---\n")
        if parts.count == 1 { return [Document(name: name, bytes: bytes, kind: kind(of: parts[0]))] }
        return parts.enumerated().map { number, text in
            Document(name: "\(number)-\(name)", bytes: Array((text + "\n").utf8), kind: kind(of: text))
        }
    }

    private static func kind(of text: String) -> String {
        guard let match = text.firstMatch(of: /["']?kind["']?: *["']?([A-Za-z]+)/) else { return "Plan" }
        return String(match.1)
    }

    // MARK: What there is

    static func fixtures(_ kind: String) throws -> [Bundle] {
        let folder = Tree.root.appending(path: "Tests/Fixtures/\(kind)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            Bundle(name: $0, files: try yamlFiles(in: folder.appending(path: $0)))
        }
    }

    /// The plans of `plans/`, each with all providers there.
    static func plans() throws -> [Bundle] {
        let folder = Tree.root.appending(path: "plans")
        let providers = try yamlFiles(in: folder.appending(path: "providers"))
        return try yamlFiles(in: folder).map { plan in
            let text = String(decoding: plan.bytes, as: UTF8.self)
            let used = providers.filter { provider in
                String(decoding: provider.bytes, as: UTF8.self).firstMatch(of: /(?m)^name: (.+)$/).map {
                    text.contains("provider: \($0.1)\n")
                } ?? false
            }
            // A provider's file may be called like the plan's.
            let providers = used.map { (name: "providers-" + $0.name, bytes: $0.bytes) }
            return Bundle(name: plan.name, files: [plan] + providers)
        }
    }

    /// The plan that docs/editors.md shows, with the provider that the explanations have.
    static func editorsPage() throws -> Bundle {
        let page = try String(contentsOf: Tree.root.appending(path: "docs/editors.md"), encoding: .utf8)
        let plan = page.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first
        return Bundle(
            name: "editors",
            files: [("plan.yaml", Array((plan ?? "").utf8)), ("provider.yaml", Example.provider.bytes)])
    }

    /// The right or the wrong examples of the explanations.
    static func examples(_ side: KeyPath<Explanation, Example>) -> [Bundle] {
        Explanation.all.map { Bundle(name: $0.code.rawValue, $0[keyPath: side]) }
    }

    static func yamlFiles(in folder: URL) throws -> [(name: String, bytes: [UInt8])] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        // The plan first.
        let sorted = names.filter { $0 == "plan.yaml" } + names.filter { $0 != "plan.yaml" }.sorted()
        return try sorted.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
    }
}
