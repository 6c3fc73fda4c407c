package import Diagnostics

/// What a check found, ready to be shown in any format.
package struct Report: Sendable {
    /// Every file that was read.
    package let sources: SourceMap
    /// The findings, in the order in which they are shown.
    package let diagnostics: [Diagnostic]
    /// What would be findings without an inline comment.
    package let allowed: [SilencedDiagnostic]
    /// Whether a warning counts like an error.
    package let isStrict: Bool
    /// Why nothing was checked, if the command line could not be understood.
    package let wrongUsage: WrongUsage?

    /// A report of diagnostics about `sources`, which are shown in the order given.
    package init(
        sources: SourceMap, diagnostics: [Diagnostic], allowed: [SilencedDiagnostic] = [], isStrict: Bool = false
    ) {
        self.sources = sources
        self.diagnostics = diagnostics
        self.allowed = allowed
        self.isStrict = isStrict
        wrongUsage = nil
    }

    /// A report of a command line that cannot be understood.
    package init(_ wrongUsage: WrongUsage) {
        sources = SourceMap()
        diagnostics = []
        allowed = []
        isStrict = false
        self.wrongUsage = wrongUsage
    }

    /// What is wrong with a command line. It is no fault of a file, so it has no code in the table of codes.
    package struct WrongUsage: Sendable {
        /// What stands for a code.
        static let code = "usage"
        static let name = "wrong-usage"

        package let message: String
        /// What the command line could have been; may be empty.
        package let usage: String

        package init(_ message: String, usage: String) {
            self.message = message
            self.usage = usage
        }

        var notes: [String] { usage.isEmpty ? [] : [usage] }
    }

    /// How the program ends after this report.
    package enum Outcome: Int32, Sendable {
        case clean = 0
        case findings = 1
        case wrongUsage = 2
        case internalError = 70
    }

    /// What the findings amount to.
    package var outcome: Outcome {
        if wrongUsage != nil { return .wrongUsage }
        if diagnostics.contains(where: { $0.code == .invalidIR }) { return .internalError }
        let counts = diagnostics.contains { isStrict || $0.severity == .error }
        return counts ? .findings : .clean
    }

    /// How many findings there are, and in how many files.
    package struct Counts: Sendable, Hashable {
        package let errors: Int
        package let warnings: Int
        /// Files with a finding.
        package let files: Int
    }

    package var counts: Counts {
        if wrongUsage != nil { return Counts(errors: 1, warnings: 0, files: 0) }
        let errors = diagnostics.reduce(0) { $0 + ($1.severity == .error ? 1 : 0) }
        let places = PlaceFinder(sources)
        let files = Set(diagnostics.compactMap { places.fileName(of: $0) }).count
        return Counts(errors: errors, warnings: diagnostics.count - errors, files: files)
    }

    /// The names of all files, those that were read and those that could not be, each once and in order of loading.
    /// Files of the program itself, such as `<built in>/files.plugin.yaml`, are only among them when there is a finding.
    var fileNames: [String] {
        let places = PlaceFinder(sources)
        var seen: Set<String> = []
        let read = sources.texts.map(\.name).filter { !$0.hasPrefix("<built in>/") }
        let found = diagnostics.compactMap { places.fileName(of: $0) }
        return (read + found).filter { seen.insert($0).inserted }
    }
}
