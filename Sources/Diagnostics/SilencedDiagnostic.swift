/// A diagnostic that a comment of its author keeps quiet.
package struct SilencedDiagnostic: Sendable, Hashable {
    package let diagnostic: Diagnostic
    /// Why, in the author's words.
    package let reason: String
    /// The comment.
    package let comment: SourceRange

    package init(_ diagnostic: Diagnostic, reason: String, comment: SourceRange) {
        self.diagnostic = diagnostic
        self.reason = reason
        self.comment = comment
    }
}

/// What becomes of a diagnostic by the rules of a project.
package enum Judgement: Sendable {
    /// It is told, as bad as this.
    case told(Severity)
    /// It is not told: the project does not want to know.
    case dropped
    /// It is not told, for a reason that a comment gives.
    case silenced(reason: String, comment: SourceRange)
}

extension DiagnosticList {
    /// The silenced ones, in the order of `sorted`.
    package var sortedSilenced: [SilencedDiagnostic] {
        silenced.sorted { DiagnosticList.precedes($0.diagnostic, $1.diagnostic) }
    }
}
