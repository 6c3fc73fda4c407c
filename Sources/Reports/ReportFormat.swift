/// In which form findings are printed.
package enum ReportFormat: String, Sendable, Hashable, CaseIterable {
    /// For people: the source lines with the places underlined.
    case text
    /// One JSON object with all findings.
    case json
    /// One JSON object in each line, one line for each finding.
    case ndjson
    /// The Static Analysis Results Interchange Format, version 2.1.0.
    case sarif
    /// Workflow commands, which GitHub shows as annotations, and then the text.
    case github
    /// A file of test results, as CI systems show them.
    case junit

    /// The format that is meant when none is chosen.
    package static func standard(environment: (String) -> String?) -> ReportFormat {
        environment("GITHUB_ACTIONS") == "true" ? .github : .text
    }

    /// The format that a command line chooses, whether or not the rest of it can be understood; `nil` when it names none
    /// of these.
    package static func chosen(by arguments: [String]) -> ReportFormat? {
        var format: ReportFormat?
        var index = 0
        while index < arguments.count, arguments[index] != "--" {
            let argument = arguments[index]
            index += 1
            if argument == "--format", index < arguments.count {
                format = ReportFormat(rawValue: arguments[index])
                index += 1
            } else if argument.hasPrefix("--format=") {
                format = ReportFormat(rawValue: String(argument.dropFirst("--format=".count)))
            }
        }
        return format
    }
}

extension Report {
    /// What is printed in a format; `paths` says how files are named where a program looks for them, `color` whether the
    /// text may be coloured.
    package func rendered(as format: ReportFormat, paths: ReportPaths = ReportPaths(), color: Bool = false) -> String {
        switch format {
        case .text: text(color: color)
        case .json: JSONRenderer.document(self)
        case .ndjson: JSONRenderer.lines(self)
        case .sarif: SARIFRenderer(self, paths).document
        case .github: GitHubRenderer(self, paths).output(color: color)
        case .junit: JUnitRenderer(self).document
        }
    }
}
