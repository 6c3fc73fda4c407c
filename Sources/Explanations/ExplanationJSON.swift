internal import CanonicalForm
import Diagnostics

/// Shows explanations to programs: `{"version":1,"codes":[…]}`.
package enum ExplanationJSON {
    /// Each code with severity, name and meaning in a sentence.
    package static func list(_ explanations: [Explanation]) -> String { document(explanations.map(head)) }

    /// All there is to say about each code.
    package static func text(of explanations: [Explanation]) -> String {
        document(
            explanations.map { explanation in
                var code = head(explanation)
                code["meaning"] = .string(explanation.meaning)
                code["reason"] = .string(explanation.reason)
                code["wrong"] = example(explanation.wrong)
                code["right"] = example(explanation.right)
                return code
            })
    }

    private static func document(_ codes: [JSONObject]) -> String {
        let document: JSONObject = ["version": 1, "codes": .array(codes.map { .object($0) })]
        return JSONValue.object(document).canonicalText + "\n"
    }

    private static func head(_ explanation: Explanation) -> JSONObject {
        let code = explanation.code
        return [
            "code": .string(code.rawValue), "name": .string(code.name), "severity": .string(code.severity.rawValue),
            "summary": .string(explanation.summary),
        ]
    }

    private static func example(_ example: Example) -> JSONValue {
        [
            "files": .array(example.files.map { ["name": .string($0.name), "text": .string($0.text)] }),
            "checked": .array(example.checked.map { .string($0) }),
            "output": .string(ExampleRun(example).text()),
        ]
    }
}
