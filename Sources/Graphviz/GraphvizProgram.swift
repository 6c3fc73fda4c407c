internal import ChildProcesses

/// Why Graphviz could not draw.
package enum GraphvizError: Error, Sendable, Hashable, CustomStringConvertible {
    case notInstalled
    case failed(reason: String)

    package var description: String {
        switch self {
        case .notInstalled:
            "Graphviz is not installed, or 'dot' is not in PATH: install it (Debian: apt-get install graphviz), or take "
                + "--format html, mermaid or text, which need nothing"
        case .failed(let reason): "Graphviz could not draw the graph: \(reason)"
        }
    }
}

/// Graphviz's `dot`, run as a program.
package enum GraphvizProgram {
    /// What it can draw for us.
    package enum Output: String, Sendable {
        case svg, png
    }

    /// The most bytes that a picture may have.
    private static let limit = 1 << 30

    /// Draws a graph in Graphviz's language.
    package static func draw(_ graph: [UInt8], as output: Output) throws(GraphvizError) -> [UInt8] {
        let ending: ChildProcess.Ending
        do {
            // The time and place of the machine are in no picture.
            ending = try ChildProcess.run(
                ["dot", "-T" + output.rawValue], input: graph, adding: ["LC_ALL=C.UTF-8"], limit: limit)
        } catch {
            switch error {
            case .notFound: throw .notInstalled
            case .system(let reason): throw .failed(reason: reason)
            case .tooMuchOutput: throw .failed(reason: "the picture has more than \(limit >> 20) MiB")
            }
        }
        guard ending.status == 0, !ending.output.isEmpty else {
            throw .failed(
                reason: ending.errorText.isEmpty ? "dot ended with status \(ending.status)" : ending.errorText)
        }
        return ending.output
    }
}
