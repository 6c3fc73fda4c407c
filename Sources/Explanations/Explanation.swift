package import Diagnostics

/// What there is to say about one code: the source of `cairnc explain`, of `docs/diagnostics.md` and of the code's
/// examples, which are tests.
package struct Explanation: Sendable {
    package let code: DiagnosticCode
    /// What the code means, as Markdown of one or more paragraphs.
    package let meaning: String
    /// What goes wrong with data or with people when it is passed over.
    package let reason: String
    /// Files that give this code and no other.
    package let wrong: Example
    /// The same files, mended: they give no diagnostic.
    package let right: Example

    package init(_ code: DiagnosticCode, meaning: String, reason: String, wrong: Example, right: Example) {
        self.code = code
        self.meaning = meaning
        self.reason = reason
        self.wrong = wrong
        self.right = right
    }
}

/// A few files as an author would have them.
package struct Example: Sendable {
    /// One file of an example.
    package struct File: Sendable {
        /// The path below the directory of the example, such as `providers/local.yaml`.
        package let name: String
        /// The text; `⟨N × TEXT⟩` stands for N times TEXT.
        package let text: String

        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The files that are shown, the checked ones first; `providers/local.yaml` is beside them unless it is among them.
    package let files: [File]

    /// Files as they are.
    package init(_ files: [File]) { self.files = files }

    /// The plan `plan.yaml`: what follows the usual head (`apiVersion`, `kind`, `name: shop`, `provider: local`).
    package init(plan rest: String) { files = [File("plan.yaml", Self.head + rest)] }

    /// The first lines of a plan.
    package static let head = "apiVersion: cairn/v1\nkind: Plan\nname: shop\nprovider: local\n"
}
