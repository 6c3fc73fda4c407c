package import CanonicalForm
import Diagnostics
import PlanIR
import YAMLSource

extension JSONSchema {
    /// The schema that every mapping fits.
    static let anything = constant("type: object")

    /// The schema that only the empty mapping fits: for operations without parameters.
    static let nothing = constant("{type: object, additionalProperties: false}")

    /// What every selector of a discovery may have.
    static let commonSelector = constant(
        """
        type: object
        additionalProperties: false
        properties:
          atLeast:
            type: integer
            minimum: 0
            default: 1
            description: How many dependents must be found, at least; fewer are an error, and no smaller backup

        """)

    /// The parameters that every resource type has.
    static let commonParameters = constant(
        """
        type: object
        additionalProperties: false
        properties:
          timeout:
            type: string
            format: time-span
            description: How long one attempt of one step may last, such as 90m; without it there is no limit
          retry:
            type: object
            additionalProperties: false
            description: How often a step is tried again after a failure that may pass by itself
            properties:
              attempts:
                type: integer
                minimum: \(AttemptRules.attemptsRange.lowerBound)
                maximum: \(AttemptRules.attemptsRange.upperBound)
                description: How many attempts there are in all; 3 without it
              delay:
                type: string
                format: time-span
                description: The wait before the second attempt, which doubles with each one; 1s without it
              maxDelay:
                type: string
                format: time-span
                description: The longest wait between two attempts; 1m without it, or delay if that is longer

        """)

    /// What the text of these schemas is called; it is none of a run's files, so that no message may point into it.
    static let constantName = "<schema>"

    /// What is wrong with values that stand in no file as they are, in words; `nil` when they fit.
    package func firstFault(in values: JSONObject, as subject: Subject) -> String? {
        var diagnostics = DiagnosticList()
        let text = SourceText(name: Self.constantName, bytes: Array(JSONValue.object(values).canonicalText.utf8))
        let tree = YAMLParser.parse(text, as: SourceID(index: 0), into: &diagnostics)
        guard let node = tree.documents.first, !diagnostics.hasErrors else { return nil }
        return validate(.node(node), as: subject, partial: false).first?.message
    }

    private static func constant(_ yaml: String) -> JSONSchema {
        var diagnostics = DiagnosticList()
        let text = SourceText(name: constantName, bytes: Array(yaml.utf8))
        let tree = YAMLParser.parse(text, as: SourceID(index: 0), into: &diagnostics)
        // The texts above are YAML; were one not, its schema would refuse everything rather than let anything pass.
        guard let root = tree.documents.first else { return JSONSchema(refusingAt: text) }
        return JSONSchema(compiling: root, into: &diagnostics)
    }
}
