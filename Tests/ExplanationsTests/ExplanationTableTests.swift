import CanonicalForm
import Diagnostics
import Explanations
import PlanCompiler
import Testing
import YAMLSource

@Suite("The table of explanations")
struct ExplanationTableTests {
    @Test("Each code has one entry, in the order of the codes") func complete() {
        let numbers = { (code: DiagnosticCode) in code.rawValue.dropFirst() }
        #expect(Explanation.all.map(\.code) == DiagnosticCode.allCases.sorted { numbers($0) < numbers($1) })
        #expect(Set(DiagnosticCode.allCases.map(numbers)).count == DiagnosticCode.allCases.count)
        #expect(Set(DiagnosticCode.allCases.map(\.name)).count == DiagnosticCode.allCases.count)
    }

    @Test("The wrong example gives one diagnostic, of its code", arguments: DiagnosticCode.allCases)
    func wrong(_ code: DiagnosticCode) throws {
        let explanation = try #require(Explanation.of(code.rawValue), "\(code.rawValue) has no explanation")
        let run = ExampleRun(explanation.wrong)
        #expect(run.compiler.diagnostics.all.map(\.code) == [code], "\(run.text())")
        #expect(run.text() == ExampleRun(explanation.wrong).text())
    }

    @Test("The right example gives none, and compiles", arguments: DiagnosticCode.allCases)
    func right(_ code: DiagnosticCode) throws {
        let run = ExampleRun(try #require(Explanation.of(code.rawValue)).right)
        #expect(run.text() == "")
        #expect(run.compiler.plans.contains { $0.ir != nil })
    }

    @Test("Meaning and reason are sentences", arguments: Explanation.all)
    func prose(_ explanation: Explanation) {
        for text in [explanation.meaning, explanation.reason, explanation.summary] {
            #expect(text.hasSuffix(".") && text.first?.isWhitespace == false, "\(explanation.code.rawValue): \(text)")
        }
        #expect(explanation.meaning.hasPrefix(explanation.summary))
        #expect(!explanation.summary.contains("\n\n"))
    }

    @Test("A code is found by number or name, whatever its capitals") func lookUp() throws {
        for text in ["E0208", "e0208", "dependency-cycle", "Dependency-Cycle"] {
            #expect(Explanation.of(text)?.code == .dependencyCycle)
        }
        for text in ["", "E", "0208", "E02080", "W0208", "dependency cycle"] { #expect(Explanation.of(text) == nil) }
        #expect(Explanation.similar(to: "W0208").first == "E0208")
        #expect(Explanation.similar(to: "dependency-circle") == ["dependency-cycle"])
        #expect(Explanation.similar(to: "e0211") == ["W0211"])
        #expect(Explanation.similar(to: "E0299") == ["E0209"])
        #expect(Explanation.similar(to: "nonsense").isEmpty && Explanation.similar(to: "").isEmpty)
    }

    @Test("What stands between brackets is written out") func brackets() {
        func bytes(_ text: String) -> [UInt8] { Example.File("a", text).bytes }
        #expect(bytes("a⟨3 × [⟩b") == Array("a[[[b".utf8))
        #expect(bytes("⟨2 × a, ⟩⟨byte E9⟩") == Array("a, a, ".utf8) + [0xE9])
        #expect(bytes("⟨0 × a⟩") == [])
        #expect(bytes("a ⟨b⟩ ⟨byte 1FF⟩ ⟨") == Array("a ⟨b⟩ ⟨byte 1FF⟩ ⟨".utf8))
    }

    @Test("JSON has all that the table has") func json() throws {
        let list = try JSONValue(parsing: Array(ExplanationJSON.list(Explanation.all).utf8)).objectValue
        #expect(list?["version"] == 1)
        let heads = try #require(list?["codes"]?.arrayValue)
        #expect(heads.map { $0.objectValue?["code"]?.stringValue } == Explanation.all.map(\.code.rawValue))
        let explanation = try #require(Explanation.of("W0212"))
        let text = ExplanationJSON.text(of: [explanation])
        let code = try #require(
            try JSONValue(parsing: Array(text.utf8)).objectValue?["codes"]?.arrayValue?.first?.objectValue)
        #expect(code["severity"] == "warning" && code["name"] == "duplicate-dependency")
        #expect(code["meaning"]?.stringValue == explanation.meaning)
        #expect(code["wrong"]?.objectValue?["output"]?.stringValue == ExampleRun(explanation.wrong).text())
        #expect(code["right"]?.objectValue?["output"] == "")
        #expect(code["right"]?.objectValue?["checked"] == ["plan.yaml"])
    }

    @Test("Text has the files, what is printed, and no line that a terminal breaks in the prose")
    func text() throws {
        let explanation = try #require(Explanation.of("E0102"))
        let text = ExplanationText.text(of: explanation, color: false)
        #expect(text.hasPrefix("E0102 missing-field (error)\n\n"))
        #expect(text.contains("\n    plan.yaml:6:5: error[E0102]: a resource needs the key 'type'\n"))
        #expect(text.contains("\n    apiVersion: cairn/v1\n"))
        // A link is its words.
        #expect(text.contains("plan-reference.md lists") && !text.contains("]("))
        for line in text.split(separator: "\n") where !line.hasPrefix("    ") { #expect(line.count <= 100) }
        let several = ExplanationText.text(of: try #require(Explanation.of("E0203")), color: false)
        #expect(several.contains("\n    # plan.yaml\n") && several.contains("\n    # providers/local.yaml\n"))
        #expect(ExplanationText.text(of: explanation, color: true).contains("\u{1B}["))
    }

    @Test("Files in memory are found as files on a disk are") func memory() {
        let files = MemoryFiles([
            ("plan.yaml", [1]), ("providers/b.yaml", [2]), ("providers/a.yml", [3]), ("providers/.c.yaml", [4]),
            ("providers/d.txt", [5]), ("providers/deep/e.yaml", [6]), ("/etc/f.yaml", [7]),
        ])
        #expect((try? files.contents(of: "./providers/../plan.yaml").get()) == [1])
        #expect((try? files.contents(of: "/etc//f.yaml").get()) == [7])
        #expect(files.yamlFiles(in: "providers") == ["a.yml", "b.yaml"])
        #expect(files.yamlFiles(in: ".") == ["plan.yaml"])
        #expect(files.yamlFiles(in: "/etc") == ["f.yaml"] && files.yamlFiles(in: "/") == [])
        #expect(files.yamlFiles(in: "provider") == nil && files.yamlFiles(in: "plan.yaml") == nil)
        #expect(files.identity(of: "providers/./b.yaml") == files.identity(of: "providers//b.yaml"))
        #expect(files.identity(of: "b.yaml") == nil)
        #expect(throws: SourceReader.Fault.self) { try files.contents(of: "providers").get() }
        #expect(throws: SourceReader.Fault.self) { try files.contents(of: "none.yaml").get() }
    }
}

extension DiagnosticCode: CustomTestStringConvertible {
    /// The code, by which a failing case is known.
    public var testDescription: String { rawValue }
}

extension Explanation: CustomTestStringConvertible {
    /// The code, by which a failing case is known.
    public var testDescription: String { code.rawValue }
}
