import CanonicalForm
import Diagnostics
import Manifests
import Testing
import YAMLSource

/// A schema and the files of a test.
struct Workbench {
    var sources = SourceMap()
    var faults = DiagnosticList()

    mutating func node(_ text: String, name: String = "test.yaml") throws -> LocatedNode {
        let source = SourceText(name: name, bytes: Array(text.utf8))
        let id = sources.add(source)
        let tree = YAMLParser.parse(source, as: id, into: &faults)
        return try #require(tree.documents.first)
    }

    mutating func schema(_ text: String) throws -> JSONSchema {
        let node = try node(text, name: "schema.yaml")
        return JSONSchema(compiling: node, into: &faults)
    }

    func rendered(_ diagnostics: [Diagnostic]) -> String {
        TextRenderer(sources: sources, color: false).render(diagnostics)
    }
}

/// The violations of `instance` against `schema`, rendered; the schema must be free of faults.
func check(
    _ schema: String, _ instance: String, partial: Bool = false, as subject: Subject = Subject(.parameter, of: "T::X")
) throws -> String {
    var bench = Workbench()
    let schema = try bench.schema(schema)
    let node = try bench.node(instance)
    #expect(bench.rendered(bench.faults.sorted) == "")
    return bench.rendered(schema.validate(.node(node), as: subject, partial: partial))
}

/// The first lines of the violations, without the place.
func messages(_ schema: String, _ instance: String, partial: Bool = false) throws -> [String] {
    try check(schema, instance, partial: partial).split(separator: "\n").compactMap { line in
        guard let mark = line.firstRange(of: " error[") else { return nil }
        return String(line[mark.lowerBound...].dropFirst())
    }
}

/// The faults of a schema, rendered.
func faults(_ schema: String) throws -> String {
    var bench = Workbench()
    _ = try bench.schema(schema)
    return bench.rendered(bench.faults.sorted)
}
