import Diagnostics

/// The codes as sections of `docs/diagnostics.md`.
package enum ExplanationPage {
    /// Where the written part of the page ends.
    package static let mark = "<!-- What follows is made from the table in Sources/Explanations by 'make golden'. -->\n"

    /// One section for each code.
    package static func sections(of explanations: [Explanation]) -> String {
        explanations.map { "\n" + section($0) }.joined()
    }

    private static func section(_ explanation: Explanation) -> String {
        let code = explanation.code
        var text = "## \(code.rawValue) \(code.name)\n\n"
        text += ExplanationText.paragraphs(explanation.meaning, width: 120) + "\n"
        text += files(of: explanation.wrong, lead: "Wrong")
        text += "`\(explanation.wrong.command)` prints:\n\n"
        text += fenced("text", ExampleRun(explanation.wrong).text()) + "\n"
        let isSameCommand = explanation.right.command == explanation.wrong.command
        text += files(
            of: explanation.right, lead: isSameCommand ? "Right" : "Right, with `\(explanation.right.command)`")
        text += ExplanationText.paragraphs("**Why it matters.** " + explanation.reason, width: 120)
        return text
    }

    /// Files with their names; of the usual plan what follows its head.
    private static func files(of example: Example, lead: String) -> String {
        example.files.enumerated().map { position, file in
            let isUsual = file.name == "plan.yaml" && file.text.hasPrefix(Example.head)
            let shown = isUsual ? String(file.text.dropFirst(Example.head.count)) : file.text
            let name = isUsual ? "" : file.name == "plan.yaml" ? "the whole of `plan.yaml`" : "`\(file.name)`"
            let words = position == 0 ? (name.isEmpty ? "\(lead):" : "\(lead), \(name):") : "\(name):"
            return words + "\n\n" + fenced("yaml", shown) + "\n"
        }.joined()
    }

    private static func fenced(_ language: String, _ text: String) -> String { "```\(language)\n\(text)```\n" }
}
