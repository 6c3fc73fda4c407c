import Diagnostics
import Foundation
import PlanCompiler
import YAMLSource

/// A page of `docs/`, with the examples in it.
struct Page {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A fenced block.
    struct Block {
        /// What stands behind the opening fence.
        let language: String
        let text: String
        /// The line of the opening fence, counted from 1.
        let line: Int
    }

    let blocks: [Block]

    init(_ name: String) throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/\(name)"), encoding: .utf8)
        var blocks: [Block] = []
        var open: (language: String, lines: [Substring], line: Int)?
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let block = open {
                if line == "```" {
                    let text = block.lines.map { $0 + "\n" }.joined()
                    blocks.append(Block(language: block.language, text: text, line: block.line))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if line.hasPrefix("```") {
                open = (String(line.dropFirst(3)), [], number + 1)
            }
        }
        self.blocks = blocks
    }

    /// The blocks of a language.
    func blocks(_ language: String) -> [Block] { blocks.filter { $0.language == language } }
}

/// Compiles examples as `cairnc check` would.
func compile(_ texts: [(name: String, text: String)]) -> Compiler {
    let inputs = texts.map { SourceText(name: $0.name, bytes: Array($0.text.utf8)) }
    var compiler = Compiler(inputs: inputs, providerDirectories: [])
    compiler.run()
    return compiler
}

/// What is printed for a compiler's diagnostics.
func printed(_ compiler: Compiler) -> String {
    TextRenderer(sources: compiler.sources, color: false).render(compiler.diagnostics.sorted)
}
