import Foundation
import PlanSchemas
import PluginReference
import Testing

/// Files that are made of the program's own tables. `make golden` writes them anew.
struct ReferenceGoldenTests {
    static let root = GoldenTests.fixtures.deletingLastPathComponent().deletingLastPathComponent()

    private func expect(_ text: String, in path: String) throws {
        let file = Self.root.appending(path: path)
        if GoldenTests.accepts {
            try Data(text.utf8).write(to: file)
        } else {
            let found = try String(contentsOf: file, encoding: .utf8)
            #expect(found == text, "\(path) differs; if it should, run 'make golden' and look at the difference")
        }
    }

    @Test("The schemas have not drifted from the tables that the compiler reads by", arguments: FormatSchema.allCases)
    func schemas(_ format: FormatSchema) throws {
        try expect(format.text(KnownManifests.builtin), in: "schemas/\(format.fileName)")
    }

    @Test("There is no schema that no format has") func noOthers() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "schemas").path)
        // That of event streams is made of the table of the room that writes them.
        #expect(files.sorted() == (FormatSchema.allCases.map(\.fileName) + ["events.schema.json"]).sorted())
    }

    @Test("docs/plugins.md has not drifted from the manifests") func plugins() throws {
        try expect(
            ReferencePage.markdown(TypeEntry.all(of: KnownManifests.builtin.plugins)), in: "docs/plugins.md")
    }
}
