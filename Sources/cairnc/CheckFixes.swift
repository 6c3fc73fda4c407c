import ArgumentParser
import CommandLineSupport
import Diagnostics
import Glibc
import PlanCompiler
import Project
import YAMLSource

/// `cairnc check --fix`: applies the certain suggestions, round by round until there are none left, and then writes.
struct CheckFixes {
    let files: CheckedFiles
    let options: CompilerOptions
    let inventories: [String]

    /// One file with what was changed in it.
    private struct Changed {
        /// As it is printed.
        let name: String
        /// As it is written.
        let path: String
        var text: EditedText
    }

    /// How often the files are checked anew at most: a suggestion may lead to the next, but not for ever.
    private static let rounds = 10

    private var overlay = OverlayFiles()
    private var changed: [Changed] = []
    private var standardInput: EditedText?
    /// The compiler as it ran over the texts with all changes.
    private(set) var compiler: Compiler
    /// How many suggestions were applied.
    private(set) var count = 0

    init(_ files: CheckedFiles, options: CompilerOptions, inventories: [String]) {
        self.files = files
        self.options = options
        self.inventories = inventories
        standardInput = files.standardInput.map { EditedText($0.text.bytes) }
        var found = files.find()
        compiler = options.compile(found, inventories: inventories)
        for _ in 0..<Self.rounds {
            guard fix(found) else { break }
            found = files.find(in: overlay, standardInput: standardInputText)
            compiler = options.compile(found, inventories: inventories)
        }
    }

    private var standardInputText: SourceText? {
        guard let text = files.standardInput?.text, let edited = standardInput else { return nil }
        return SourceText(name: text.name, bytes: edited.bytes)
    }

    /// Applies one round of suggestions; says whether any text changed.
    private mutating func fix(_ found: InputFinder) -> Bool {
        let diagnostics = compiler.diagnostics.sorted
        // Only what was named or found is written: not the providers that were looked up.
        let named = Set(found.paths.compactMap(SourceReader.identity))
        var hasChanged = false
        for (index, text) in compiler.sources.texts.enumerated() {
            let edits = TextFixer.edits(for: SourceID(index: Int32(index)), of: diagnostics)
            guard !edits.isEmpty else { continue }
            if var edited = standardInput, found.isStandardInput(text) {
                if TextFixer.apply(edits, to: &edited) {
                    standardInput = edited
                    count += edits.count
                    hasChanged = true
                }
                continue
            }
            guard let path = SourceReader.identity(of: text.name), named.contains(path) else { continue }
            let position = changed.firstIndex { $0.path == path } ?? changed.count
            if position == changed.count {
                changed.append(Changed(name: text.name, path: path, text: EditedText(text.bytes)))
            }
            if TextFixer.apply(edits, to: &changed[position].text) {
                overlay.texts[path] = changed[position].text.bytes
                count += edits.count
                hasChanged = true
            }
        }
        return hasChanged
    }

    /// The changes as a difference for `patch`; empty when there are none.
    var difference: [UInt8] {
        var out: [UInt8] = []
        if let text = standardInput {
            out += UnifiedDiff.render(text.original, text.changes, name: files.standardInput?.text.name ?? "")
        }
        for file in changed { out += UnifiedDiff.render(file.text.original, file.text.changes, name: file.name) }
        return out
    }

    /// Writes the changed files, and what came from standard input to standard output.
    func write() throws {
        if let text = standardInput { StandardStream.output.write(text.bytes) }
        var failures: [String] = []
        for file in changed where !file.text.changes.isEmpty {
            do {
                try FileReplacement.replace(
                    file.path, shown: file.name, holding: file.text.original, with: file.text.bytes)
            } catch {
                failures.append("\(error)")
            }
        }
        for failure in failures { StandardStream.error.write("cairnc: \(failure)\n") }
        if !failures.isEmpty { throw ExitCode(ExitStatus.failed) }
    }
}
