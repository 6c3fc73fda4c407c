package import Diagnostics

/// What there is to say about one code: the source of `cairnc explain`, of `docs/diagnostics.md` and of the code's
/// examples, which are tests.
package struct Explanation: Sendable {
    package let code: DiagnosticCode
    /// What the code means and how to mend the fault, as Markdown of one or more paragraphs; the first sentence stands
    /// for the whole in lists.
    package let meaning: String
    /// What goes wrong with data or with people when it is passed over, as Markdown.
    package let reason: String
    /// Files that give one diagnostic, of this code.
    package let wrong: Example
    /// The same files, mended: they give no diagnostic.
    package let right: Example

    /// What there is to say about `code`.
    package init(_ code: DiagnosticCode, meaning: String, reason: String, wrong: Example, right: Example) {
        self.code = code
        self.meaning = meaning
        self.reason = reason
        self.wrong = wrong
        self.right = right
    }

    /// The meaning in one sentence.
    package var summary: String {
        let paragraph = meaning.split(separator: "\n\n").first ?? ""
        var previous: Character = " "
        for position in paragraph.indices {
            if previous == "." && paragraph[position].isWhitespace { return String(paragraph[..<position]) }
            previous = paragraph[position]
        }
        return String(paragraph)
    }
}
