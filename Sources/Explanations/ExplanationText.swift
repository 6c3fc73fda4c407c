import Diagnostics

/// Shows explanations to people, as `cairnc explain` prints them.
package enum ExplanationText {
    /// One line for each code: code, severity, name and meaning in a sentence.
    package static func list(_ explanations: [Explanation]) -> String {
        let width = explanations.reduce(0) { max($0, $1.code.name.utf8.count) }
        return explanations.map { explanation in
            let code = explanation.code
            return
                "\(code.rawValue)  \(padded(code.severity.rawValue, 7))  \(padded(code.name, width))  \(plain(explanation.summary))\n"
        }.joined()
    }

    /// All there is to say about one code; what the compiler prints for the example is computed here and now.
    package static func text(of explanation: Explanation, color: Bool) -> String {
        let code = explanation.code
        let run = ExampleRun(explanation.wrong)
        var text = "\(code.rawValue) \(code.name) (\(code.severity.rawValue))\n\n"
        text += wrapped(explanation.meaning)
        text += "\nWrong:\n\n" + files(of: explanation.wrong)
        text += "\n\(explanation.wrong.command) prints:\n\n" + indented(run.text(color: color))
        let isSameCommand = explanation.right.command == explanation.wrong.command
        text += isSameCommand ? "\nRight:\n\n" : "\nRight, with \(explanation.right.command):\n\n"
        text += files(of: explanation.right)
        text += "\nWhy it matters:\n\n" + wrapped(explanation.reason)
        return text
    }

    private static func files(of example: Example) -> String {
        let isAlone = example.files.count == 1 && example.files[0].name == "plan.yaml"
        return example.files.map { file in
            (isAlone ? "" : "    # \(file.name)\n") + indented(file.text)
        }.joined(separator: "\n")
    }

    private static func indented(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    /// Markdown without the targets of its links.
    package static func plain(_ markdown: String) -> String {
        var text = ""
        var rest = markdown[...]
        while let end = rest.firstRange(of: "](") {
            let before = rest[..<end.lowerBound]
            guard let open = before.lastIndex(of: "["), let close = rest[end.upperBound...].firstIndex(of: ")") else {
                break
            }
            text += before[..<open] + before[before.index(after: open)...]
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    /// Paragraphs in lines that a terminal need not break.
    private static func wrapped(_ markdown: String) -> String {
        paragraphs(plain(markdown), width: 100)
    }

    /// The paragraphs of a text in lines of at most `width` columns, where no word is longer.
    static func paragraphs(_ text: String, width: Int) -> String {
        text.split(separator: "\n\n").map { paragraph in
            var lines = ""
            var column = 0
            for word in paragraph.split(whereSeparator: \.isWhitespace) {
                let length = word.count
                if column > 0 && column + 1 + length > width {
                    lines += "\n"
                    column = 0
                }
                lines += (column > 0 ? " " : "") + word
                column += (column > 0 ? 1 : 0) + length
            }
            return lines + "\n"
        }.joined(separator: "\n")
    }
}

extension Example {
    /// The command that checks or compiles the example.
    package var command: String { "cairnc " + arguments.joined(separator: " ") }
}
