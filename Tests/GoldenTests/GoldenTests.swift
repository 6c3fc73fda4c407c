import Diagnostics
import Foundation
import GraphExport
import GraphViews
import PlanCompiler
import PlanIR
import Reports
import Testing
import YAMLSource

/// Cases that are found by listing `Tests/Fixtures`: what is in a folder is compiled, and what comes out is compared
/// with the files beside it. `make golden` records them anew.
struct GoldenTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")
    static let accepts = ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1"

    /// One folder with a plan.
    struct Case: CustomTestStringConvertible, Sendable {
        let folder: URL
        var testDescription: String { folder.lastPathComponent }

        static func list(_ kind: String) -> [Case] {
            let root = fixtures.appending(path: kind)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
            return names.sorted().map { Case(folder: root.appending(path: $0)) }
        }

        /// Compiles all YAML files of the folder, `plan.yaml` first, with those that end in `.inventory.yaml` as
        /// inventories.
        func compile(makesIR: Bool = true) throws -> Compiler {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
                $0.hasSuffix(".yaml") && $0 != "plan.yaml"
            }
            let texts = try (["plan.yaml"] + names.sorted()).map {
                SourceText(name: $0, bytes: Array(try Data(contentsOf: folder.appending(path: $0))))
            }
            let isInventory = { (text: SourceText) in text.name.hasSuffix(".inventory.yaml") }
            var compiler = Compiler(
                inputs: texts.filter { !isInventory($0) }, providerDirectories: [], makesIR: makesIR)
            compiler.inventories = texts.filter(isInventory)
            compiler.run()
            return compiler
        }

        /// Compares with the file `name`, or records it.
        func expect(_ actual: [UInt8], in name: String) throws {
            let file = folder.appending(path: name)
            if accepts {
                try Data(actual).write(to: file)
                return
            }
            let expected = try Data(contentsOf: file)
            #expect(
                String(decoding: expected, as: UTF8.self) == String(decoding: actual, as: UTF8.self),
                "\(name) differs; if it should, run 'make golden' and look at the difference")
        }
    }

    @Test("There are cases to run") func casesExist() {
        #expect(Case.list("errors").count >= 20)
        #expect(Case.list("ok").count >= 3)
    }

    @Test("Faulty plans give exactly these diagnostics", arguments: Case.list("errors"))
    func errors(_ example: Case) throws {
        let compiler = try example.compile()
        let faults = compiler.diagnostics.sorted
        #expect(!faults.isEmpty)
        #expect(compiler.plans.allSatisfy { $0.ir == nil } || !compiler.hasErrors)
        let text = TextRenderer(sources: compiler.sources, color: false).render(faults)
        try example.expect(Array(text.utf8), in: "expected.txt")
        let json = Report(sources: compiler.sources, diagnostics: faults).rendered(as: .json)
        try example.expect(Array(json.utf8), in: "expected.json")
        // Twice over the same input, byte for byte.
        let again = try example.compile()
        #expect(TextRenderer(sources: again.sources, color: false).render(again.diagnostics.sorted) == text)
        // What is only checked has the same faults.
        let checked = try example.compile(makesIR: false)
        #expect(TextRenderer(sources: checked.sources, color: false).render(checked.diagnostics.sorted) == text)
    }

    @Test("Good plans are silent and compile to exactly this", arguments: Case.list("ok"))
    func good(_ example: Case) throws {
        let compiler = try example.compile()
        #expect(
            compiler.diagnostics.all.isEmpty,
            "\(TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted))")
        let ir = try #require(compiler.plans.first?.ir)
        try example.expect(ir.encoded.bytes, in: "expected.ir")
        for view in GraphView.allCases {
            let drawing = Drawing.whole(ir, view)
            let dot = GraphDOT.export(drawing)
            let name = "expected.\(view.rawValue)"
            try example.expect(dot, in: name + ".dot")
            try example.expect(GraphJSON.export(drawing), in: name + ".json")
            try example.expect(GraphMermaid.export(drawing), in: name + ".mmd")
            try example.expect(Array(GraphText.export(drawing, color: false).utf8), in: name + ".txt")
            try render(dot)
        }
    }

    /// Every golden DOT must be one that Graphviz draws.
    private func render(_ dot: [UInt8]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["dot", "-Tsvg"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(dot))
        try input.fileHandleForWriting.close()
        let svg = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(String(decoding: complaints, as: UTF8.self) == "")
        #expect(String(decoding: svg, as: UTF8.self).contains("</svg>"))
    }
}
