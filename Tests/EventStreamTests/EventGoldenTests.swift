import CanonicalForm
import EventStream
import Foundation
import Testing

/// What is made of the table of events; `CAIRN_ACCEPT=1` writes it anew.
@Suite("The table of events makes") struct EventGoldenTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func expect(_ text: String, in path: String) throws {
        let file = Self.root.appending(path: path)
        if ProcessInfo.processInfo.environment["CAIRN_ACCEPT"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let present = try String(contentsOf: file, encoding: .utf8)
        #expect(present == text, "\(path) is not what the table says; 'make golden' writes it")
    }

    @Test("schemas/events.schema.json") func schema() throws {
        try expect(EventShapes.schema.prettyText, in: "schemas/events.schema.json")
    }

    @Test("the list of events in docs/events.md") func page() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/events.md"), encoding: .utf8)
        let parts = text.components(separatedBy: "<!-- events -->\n")
        try #require(parts.count == 3, "the page has the list between two marks")
        var list = "\n"
        for shape in EventShapes.all {
            list += "### `\(shape.kind.rawValue)`\n\n\(shape.meaning)\n\n"
            guard !shape.members.isEmpty else { continue }
            list += "| member | value |\n|---|---|\n"
            for member in shape.members {
                list += "| `\(member.name)` | \(member.meaning)\(member.isRequired ? "" : "; need not be there") |\n"
            }
            list += "\n"
        }
        try expect([parts[0], list, parts[2]].joined(separator: "<!-- events -->\n"), in: "docs/events.md")
    }

    @Test("the common members of docs/events.md") func common() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/events.md"), encoding: .utf8)
        for member in EventShapes.common { #expect(text.contains("| `\(member.name)` | \(member.meaning) |")) }
    }
}
