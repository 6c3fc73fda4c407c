import Diagnostics
import YAMLSource

extension JSONSchema {
    /// The schema that every mapping fits.
    static let anything = constant("type: object")

    /// The schema that only the empty mapping fits: for operations without parameters.
    static let nothing = constant("{type: object, additionalProperties: false}")

    private static func constant(_ yaml: String) -> JSONSchema {
        var diagnostics = DiagnosticList()
        let text = SourceText(name: "<schema>", bytes: Array(yaml.utf8))
        let tree = YAMLParser.parse(text, as: SourceID(index: 0), into: &diagnostics)
        guard let root = tree.documents.first else { preconditionFailure("a constant schema is YAML") }
        return JSONSchema(compiling: root, into: &diagnostics)
    }
}
