import Diagnostics
import Explanations
import Foundation
import Testing

/// The examples of each code as folders: `Tests/Fixtures/codes/E0208/{wrong,right}`. `make golden` writes them from the
/// table of explanations; here they are compared with it.
@Suite("Tests/Fixtures/codes")
struct CodeFixtureTests {
    static let root = GoldenTests.fixtures.appending(path: "codes")

    /// What lies in the folder of one example: its files, and what is printed for them.
    private func content(_ example: Example) -> [String: Data] {
        var content: [String: Data] = [:]
        for file in example.allFiles { content[file.name] = Data(file.bytes) }
        content["expected.txt"] = Data(ExampleRun(example).text().utf8)
        return content
    }

    private func read(_ folder: URL) throws -> [String: Data] {
        var content: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let file = folder.appending(path: name)
            if try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
                content[name] = try Data(contentsOf: file)
            }
        }
        return content
    }

    private func write(_ content: [String: Data], to folder: URL) throws {
        try? FileManager.default.removeItem(at: folder)
        for (name, data) in content {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file)
        }
    }

    @Test("Each code's folder is what the table says", arguments: Explanation.all.map(\.code))
    func folder(_ code: DiagnosticCode) throws {
        let explanation = try #require(Explanation.of(code.rawValue))
        for (name, example) in [("wrong", explanation.wrong), ("right", explanation.right)] {
            let folder = Self.root.appending(path: "\(code.rawValue)/\(name)")
            let expected = content(example)
            if GoldenTests.accepts { try write(expected, to: folder) }
            let found = try read(folder)
            #expect(found.keys.sorted() == expected.keys.sorted(), "in \(code.rawValue)/\(name); run 'make golden'")
            for (file, data) in expected {
                #expect(
                    String(decoding: found[file] ?? Data(), as: UTF8.self) == String(decoding: data, as: UTF8.self),
                    "\(code.rawValue)/\(name)/\(file) differs; run 'make golden' and look at the difference")
                #expect(found[file] == data)
            }
        }
    }

    @Test("There are no folders of other codes") func noOthers() throws {
        let codes = Set(Explanation.all.map(\.code.rawValue))
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.root.path) where !codes.contains(name) {
            if GoldenTests.accepts {
                try FileManager.default.removeItem(at: Self.root.appending(path: name))
            } else {
                Issue.record("no code is called '\(name)'; run 'make golden'")
            }
        }
    }
}

/// The page of codes: its first part is written by hand, the rest is made from the table.
@Suite("docs/diagnostics.md")
struct DiagnosticsPageTests {
    static let file = GoldenTests.fixtures.appending(path: "../../docs/diagnostics.md").standardizedFileURL

    @Test("The sections of the codes are what the table says") func sections() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let mark = try #require(text.range(of: ExplanationPage.mark), "the page has lost its mark")
        let expected = text[..<mark.upperBound] + ExplanationPage.sections(of: Explanation.all)
        if GoldenTests.accepts {
            try expected.write(to: Self.file, atomically: true, encoding: .utf8)
        } else {
            #expect(text == expected, "run 'make golden' and look at the difference")
        }
    }

    @Test("The written part shows the head and the provider that the examples have") func prelude() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(text.contains("```yaml\n\(Example.head)```\n"))
        #expect(text.contains("```yaml\n\(Example.provider.text)```\n"))
    }

    @Test("Prose lines are no longer than the others of the page") func width() throws {
        var isFenced = false
        for line in try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("```") { isFenced.toggle() }
            if !isFenced { #expect(line.count <= 120, "\(line)") }
        }
    }
}
