import CommandLineSupport
import ArgumentParser
import Explanations

/// `cairnc explain`
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explains the code of a diagnostic, with a wrong and a right example.",
        discussion: """
            What is printed for the wrong example is found by compiling it. Needs no network and no files.

            EXAMPLES
              cairnc explain E0208
              cairnc explain dependency-cycle
              cairnc explain --list
            """)

    /// The language of the output.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Flag(help: "List all codes.")
    var list = false

    @Option(help: "Print text or json.")
    var output: Output = .text

    @Argument(help: "Codes such as E0208, or their names.")
    var codes: [String] = []

    func validate() throws {
        if list && !codes.isEmpty { throw ValidationError("--list lists all codes; name none with it") }
        if !list && codes.isEmpty { throw ValidationError("name a code, such as E0208, or use --list") }
        for code in codes where Explanation.of(code) == nil {
            let similar = Explanation.similar(to: code).map { "'\($0)'" }.joined(separator: ", ")
            throw ValidationError(
                "there is no code '\(code)'; "
                    + (similar.isEmpty ? "'cairnc explain --list' lists all" : "similar are \(similar)"))
        }
    }

    func run() throws {
        let explanations = list ? Explanation.all : codes.compactMap { Explanation.of($0) }
        switch (output, list) {
        case (.text, true): StandardStream.output.write(ExplanationText.list(explanations))
        case (.text, false):
            let texts = explanations.map { ExplanationText.text(of: $0, color: StandardStream.output.isColored) }
            StandardStream.output.write(texts.joined(separator: "\n"))
        case (.json, true): StandardStream.output.write(ExplanationJSON.list(explanations))
        case (.json, false): StandardStream.output.write(ExplanationJSON.text(of: explanations))
        }
    }
}
