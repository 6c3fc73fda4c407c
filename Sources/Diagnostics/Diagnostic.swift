/// How bad a diagnostic is.
package enum Severity: String, Sendable, Hashable, Comparable {
    case error, warning

    package static func < (a: Severity, b: Severity) -> Bool { a == .error && b == .warning }
}

/// A further place that a diagnostic is about, with what it has to do with it.
package struct RelatedPlace: Sendable, Hashable {
    package let range: SourceRange
    package let message: String

    package init(_ range: SourceRange, _ message: String) {
        self.range = range
        self.message = message
    }
}

/// A change to the source that would mend the fault.
package struct Suggestion: Sendable, Hashable {
    /// What to do, such as `did you mean 'path'?`.
    package let message: String
    /// The bytes to replace.
    package let range: SourceRange
    /// What to put in their place.
    package let replacement: String
    /// Whether the change is surely what the author means, so that a program may apply it unasked.
    package let isCertain: Bool

    package init(_ message: String, replacing range: SourceRange, with replacement: String, isCertain: Bool = false) {
        self.message = message
        self.range = range
        self.replacement = replacement
        self.isCertain = isCertain
    }
}

/// One fault in a source, with all that a reader needs to find and mend it.
package struct Diagnostic: Sendable, Hashable {
    package let code: DiagnosticCode
    /// The code's own severity, unless the project gives its lint another one.
    package var severity: Severity
    /// One line, in lower case, naming the thing.
    package let message: String
    /// The exact characters; `nil` when the fault is with a file as a whole and none of it could be read.
    package let range: SourceRange?
    /// The name of the file when there is no range.
    package let file: String?
    /// What to write under the carets.
    package var label: String?
    package var related: [RelatedPlace]
    package var notes: [String]
    package var suggestions: [Suggestion]

    /// A fault at a place.
    package init(
        _ code: DiagnosticCode, _ message: String, at range: SourceRange, label: String? = nil,
        related: [RelatedPlace] = [], notes: [String] = [], suggestions: [Suggestion] = []
    ) {
        self.code = code
        self.severity = code.severity
        self.message = message
        self.range = range
        self.file = nil
        self.label = label
        self.related = related
        self.notes = notes
        self.suggestions = suggestions
    }

    /// A fault with a file as a whole.
    package init(_ code: DiagnosticCode, _ message: String, file: String, notes: [String] = []) {
        self.code = code
        self.severity = code.severity
        self.message = message
        self.range = nil
        self.file = file
        self.label = nil
        self.related = []
        self.notes = notes
        self.suggestions = []
    }
}

/// The diagnostics of one run; passes add to it and go on.
package struct DiagnosticList: Sendable {
    package private(set) var all: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []
    /// Whether there is any error.
    package private(set) var hasErrors = false
    /// How many errors were added, those included that were there already: who asks before and after a piece of work
    /// learns whether it found any.
    package private(set) var errorsMet = 0
    /// What comments keep quiet.
    package private(set) var silenced: [SilencedDiagnostic] = []

    package init() {}

    /// Adds a diagnostic, unless the very same one is there: a fault is reported once, however many ways lead to it.
    package mutating func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errorsMet += 1 }
        guard seen.insert(diagnostic).inserted else { return }
        all.append(diagnostic)
        if diagnostic.severity == .error { hasErrors = true }
    }

    /// Sorted by file in order of loading, place, code and message; files that could not be read come first.
    package var sorted: [Diagnostic] {
        all.sorted(by: Self.precedes)
    }

    static func precedes(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
        let left = (a.range?.source.index ?? -1, a.range?.start ?? -1, a.range?.end ?? -1)
        let right = (b.range?.source.index ?? -1, b.range?.start ?? -1, b.range?.end ?? -1)
        if left != right { return left < right }
        return (a.code.rawValue, a.file ?? "", a.message) < (b.code.rawValue, b.file ?? "", b.message)
    }

    /// Lets `judge` say of each diagnostic what becomes of it.
    package mutating func settle(_ judge: (Diagnostic) -> Judgement) {
        let before = all
        all = []
        hasErrors = false
        for var diagnostic in before {
            switch judge(diagnostic) {
            case .told(let severity):
                diagnostic.severity = severity
                if severity == .error { hasErrors = true }
                all.append(diagnostic)
            case .dropped: break
            case .silenced(let reason, let comment):
                silenced.append(SilencedDiagnostic(diagnostic, reason: reason, comment: comment))
            }
        }
    }
}

extension DiagnosticList {
    /// Adds all diagnostics of another list.
    package mutating func merge(_ other: DiagnosticList) {
        for diagnostic in other.all { add(diagnostic) }
        silenced += other.silenced
    }
}
