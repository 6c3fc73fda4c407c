import CanonicalForm
import Diagnostics
import GraphExport
import GraphViews
import Manifests
import PlanCompiler
import PlanDiff
import PlanIR
import Reports
import YAMLSource

/// What is run over bytes of any kind, by libFuzzer and by the replay of its corpus in the tests. Each target returns
/// the first rule that was broken, or `nil`; to trap is a fault too.
package enum FuzzTarget: String, Sendable, CaseIterable {
    /// A file as `cairnc check` reads it, through all passes and renderers.
    case check
    /// A compiled plan as `cairn` and `cairnc graph` load it.
    case ir

    /// Runs the target over `bytes`.
    package func run(_ bytes: [UInt8]) -> String? {
        switch self {
        case .check: Self.check(bytes)
        case .ir: Self.loadIR(bytes)
        }
    }

    // MARK: Check

    private static let provider = Array(
        """
        apiVersion: cairn/v1
        kind: Provider
        name: all
        bank: {plugin: directory, config: {path: /bank}}
        plugins: [{name: files}, {name: noop}]
        """.utf8)

    /// The plan with which inventories are compiled.
    private static let discovering = Array(
        """
        apiVersion: cairn/v1
        kind: Plan
        name: shop
        provider: all
        resources:
          - {id: a, type: Host::FileSystem::Directory, properties: {path: /a}, discover: {atLeast: 0}}
          - {id: b, type: Host::FileSystem::Directory, properties: {path: /b}, discover: {atLeast: 0}, dependsOn: [f]}
        """.utf8)

    private static func compile(_ bytes: [UInt8]) -> Compiler {
        // What has the word in it near its beginning may be meant for an inventory.
        let isInventory = bytes.prefix(64).split(separator: 0x0A).contains { $0.elementsEqual("kind: Inventory".utf8) }
        let plan = isInventory ? discovering : bytes
        let files = MemoryFiles([("plan.yaml", plan), ("providers/all.yaml", provider)])
        var compiler = Compiler(
            inputs: [SourceText(name: "plan.yaml", bytes: plan)], providerDirectories: [], files: files)
        if isInventory { compiler.inventories = [SourceText(name: "inventory.yaml", bytes: bytes)] }
        compiler.run()
        return compiler
    }

    private static func check(_ bytes: [UInt8]) -> String? {
        let compiler = compile(bytes)
        let faults = compiler.diagnostics.sorted
        for fault in faults {
            let ranges = [fault.range].compactMap { $0 } + fault.related.map(\.range) + fault.suggestions.map(\.range)
            for range in ranges {
                let length = compiler.sources[range.source].bytes.count
                guard range.start >= 0, range.start <= range.end, Int(range.end) <= length else {
                    return "\(fault.code.rawValue) lies at \(range.start)..<\(range.end) of \(length) bytes"
                }
            }
            if fault.code == .invalidIR { return "the compiler made an unsound plan: \(fault.message)" }
        }
        let text = TextRenderer(sources: compiler.sources, color: false).render(faults)
        let report = Report(sources: compiler.sources, diagnostics: faults, isStrict: true)
        for format in ReportFormat.allCases {
            let rendered = report.rendered(as: format)
            if format == .json || format == .sarif, (try? JSONValue(parsing: Array(rendered.utf8))) == nil {
                return "the diagnostics are no JSON as \(format.rawValue)"
            }
        }
        let again = compile(bytes)
        if TextRenderer(sources: again.sources, color: false).render(again.diagnostics.sorted) != text {
            return "a second run says something else"
        }
        let plans = compiler.plans.compactMap(\.ir)
        if compiler.hasErrors && !plans.isEmpty { return "a plan with errors was compiled" }
        for plan in plans {
            if let fault = roundTrip(plan) { return fault }
        }
        return nil
    }

    private static func roundTrip(_ plan: PlanIR) -> String? {
        let bytes = plan.encoded.bytes
        do {
            let loaded = try PlanIR(loading: bytes)
            if loaded != plan { return "a compiled plan is another one when it is loaded" }
        } catch {
            return "a compiled plan cannot be loaded: \(error)"
        }
        return nil
    }

    // MARK: IR

    private static func loadIR(_ bytes: [UInt8]) -> String? {
        if let fault = load(bytes) { return fault }
        // A digest stops almost every change; with the right one, the change gets to the verifier.
        guard PlanIR.isLikely(bytes), let mended = mendedDigest(bytes) else { return nil }
        return load(mended)
    }

    private static func load(_ bytes: [UInt8]) -> String? {
        do {
            let plan = try PlanIR(loading: bytes)
            let written = plan.encoded.bytes
            // An older version is written as the present one, and is then the same plan.
            if written != bytes,
                String(decoding: bytes.suffix(14), as: UTF8.self).contains("\"version\":\(PlanIR.version)}")
            {
                return "a loaded plan is written as other bytes"
            }
            if try PlanIR(loading: written) != plan { return "a written plan is another one" }
            for operation in OperationKind.allCases where plan.graph(operation).topologicalOrder() == nil {
                return "a graph with a cycle was loaded"
            }
            for view in GraphView.allCases {
                let drawing = Drawing.whole(plan, view)
                _ = GraphDOT.export(drawing)
                _ = GraphMermaid.export(drawing)
                _ = GraphText.export(drawing, color: true)
                let json = GraphJSON.export(drawing)
                if (try? JSONValue(parsing: json)) == nil { return "a graph is no JSON" }
            }
            let diff = PlanDiff(old: plan, new: plan)
            if !diff.isEmpty { return "a plan is different from itself" }
            _ = DiffText(color: true).render(PlanDiff(old: plan, new: nil))
            _ = DiffMarkdown.render(PlanDiff(old: nil, new: plan))
        } catch {
            if error.description.isEmpty { return "an error says nothing" }
        }
        return nil
    }

    /// The same content in canonical form, with the digest that belongs to it.
    private static func mendedDigest(_ bytes: [UInt8]) -> [UInt8]? {
        guard var object = (try? JSONValue(parsing: bytes))?.objectValue else { return nil }
        object["digest"] = nil
        let digest = SHA256Digest(of: JSONValue.object(object).canonicalBytes)
        object["digest"] = .string(digest.description)
        return JSONValue.object(object).canonicalBytes + [0x0A]
    }
}
