package import Diagnostics
import YAMLSource

/// What a project makes of a lint.
package enum LintLevel: String, Sendable, CaseIterable {
    case off, warn, error
}

/// What is made of each lint that someone has said something about.
package struct LintLevels: Sendable {
    private var levels: [DiagnosticCode: LintLevel] = [:]

    package init() {}

    /// The level of a code; `nil` when it has its own severity.
    package subscript(code: DiagnosticCode) -> LintLevel? {
        get { levels[code] }
        set { levels[code] = newValue }
    }

    /// How bad a diagnostic of `code` is; `nil` when it is not told.
    package func severity(of code: DiagnosticCode) -> Severity? {
        switch levels[code] {
        case .off: nil
        case .warn: .warning
        case .error: .error
        case nil: code.severity
        }
    }

    /// Reads a mapping of lints, by code or name, to levels.
    static func read(_ node: LocatedNode, into diagnostics: inout DiagnosticList) -> LintLevels {
        var read = LintLevels()
        var places: [DiagnosticCode: LocatedNode] = [:]
        for (key, value) in node.entries {
            let code = LintNames.lint(key.text, at: key.range, into: &diagnostics)
            let level = level(value, of: key, into: &diagnostics)
            guard let code, let level else { continue }
            if let first = places[code] {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, "the lint \(code.rawValue) (\(code.name)) has a level twice", at: key.range,
                        related: [RelatedPlace(first.range, "it has one here already")]))
                continue
            }
            places[code] = key
            read[code] = level
        }
        return read
    }

    private static func level(
        _ value: LocatedNode, of key: LocatedNode, into diagnostics: inout DiagnosticList
    ) -> LintLevel? {
        if value.isFaulty { return nil }
        let text = value.text
        if value.kind == .scalar, let level = LintLevel(rawValue: text) { return level }
        let levels = LintLevel.allCases.map(\.rawValue)
        let synonym = ["warning": "warn", "deny": "error", "allow": "off", "ignore": "off", "false": "off"]
        let close = value.kind == .scalar ? synonym[text] ?? Similar.best(for: text, among: levels) : nil
        let isEmpty = value.range.start == value.range.end
        let shown = value.kind == .scalar && !isEmpty ? "'\(text)'" : value.shapeWords
        diagnostics.add(
            Diagnostic(
                .invalidValue, "the level of a lint is off, warn or error, not \(shown)",
                at: isEmpty ? key.range : value.headRange,
                suggestions: close.map {
                    [
                        Suggestion(
                            "did you mean '\($0)'?", replacing: value.range, with: $0,
                            isCertain: text == "warning" || levels.contains(text.lowercased()))
                    ]
                } ?? []))
        return nil
    }
}

/// Finds lints by their codes and names.
package enum LintNames {
    /// The code that `text` is, or is the name of.
    package static func code(_ text: String) -> DiagnosticCode? {
        DiagnosticCode(rawValue: text) ?? DiagnosticCode.allCases.first { $0.name == text }
    }

    /// The lint called `text`; reports what is none, and errors, about which nobody has a choice.
    static func lint(
        _ text: String, at range: SourceRange, into diagnostics: inout DiagnosticList
    ) -> DiagnosticCode? {
        guard let code = code(text) else {
            let close = similar(to: text)
            diagnostics.add(
                Diagnostic(
                    .unknownLint, "there is no lint '\(text)'", at: range,
                    notes: close == nil ? ["'cairnc explain --list' lists all codes; those with W are lints"] : [],
                    suggestions: close.map { [Suggestion("did you mean '\($0)'?", replacing: range, with: $0)] } ?? []))
            return nil
        }
        guard isLint(code) else {
            diagnostics.add(
                Diagnostic(
                    .errorNotSilenced, "\(code.rawValue) (\(code.name)) is an error and stays one", at: range,
                    notes: ["only lints, whose codes begin with W, can be allowed or given a level"]))
            return nil
        }
        return code
    }

    /// Whether a code is a lint's: errors are no matter of taste.
    package static func isLint(_ code: DiagnosticCode) -> Bool { code.rawValue.hasPrefix("W") }

    /// The lint that `text` was probably meant for.
    package static func similar(to text: String) -> String? {
        let lints = DiagnosticCode.allCases.filter(isLint)
        return Similar.best(for: text, among: lints.map(\.name))
            ?? (text.count == 5 ? Similar.best(for: text.uppercased(), among: lints.map(\.rawValue)) : nil)
            ?? lints.first { $0.rawValue == text.uppercased() }?.rawValue
    }
}
