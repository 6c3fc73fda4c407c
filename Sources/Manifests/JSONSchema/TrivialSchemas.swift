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
        // The texts above are YAML; were one not, its schema would refuse everything rather than let anything pass.
        guard let root = tree.documents.first else { return JSONSchema(refusingAt: text) }
        return JSONSchema(compiling: root, into: &diagnostics)
    }
}
