package import Diagnostics
import Glibc
import PathPatterns
package import YAMLSource

/// One file to check.
package struct InputFile: Sendable {
    package let text: SourceText
    /// Whether it was found in a directory or by a pattern, and not named: then what is no document of Cairn is passed
    /// over.
    package let isFound: Bool
    /// Position of its project.
    package let project: Int?

    package init(text: SourceText, isFound: Bool, project: Int?) {
        self.text = text
        self.isFound = isFound
        self.project = project
    }
}

/// Finds and reads the files that a command line names: files, directories with all below them, and patterns.
package struct InputFinder: Sendable {
    /// Everything that was read, project files included.
    package private(set) var sources = SourceMap()
    package private(set) var diagnostics = DiagnosticList()
    package private(set) var projects: ProjectSet
    /// The files, each once, in the order in which they were named and found.
    package private(set) var inputs: [InputFile] = []
    /// The directories that were read.
    package private(set) var directories: [String] = []
    /// Every file that was named or looked into, whether it is there or not.
    package private(set) var paths: [String] = []

    private var known: Set<DirectoryListing.FileKey> = []
    private var walked: Set<DirectoryListing.FileKey> = []
    private let standardInput: StandardInput?
    /// Where the content of files comes from; directories are the host's.
    package let files: any FileSource

    /// What came from standard input, in the place of the file of this name.
    package struct StandardInput: Sendable {
        package let text: SourceText
        package init(_ text: SourceText) { self.text = text }
    }

    package init(
        projects: ProjectSet.Choice, standardInput: StandardInput? = nil, files: any FileSource = HostFiles()
    ) {
        self.projects = ProjectSet(projects, files: files)
        self.files = files
        self.standardInput = standardInput
    }

    /// Finds what `arguments` name; without any, the project in which the present directory lies, and when there is
    /// none, the present directory.
    package mutating func find(_ arguments: [String]) {
        if arguments.isEmpty && standardInput == nil {
            let project = projects.project(of: "", sources: &sources, into: &diagnostics)
            let shown = project.map { projects.projects[$0].shownDirectory } ?? ""
            read(directory: shown, named: shown.isEmpty ? "." : shown)
        }
        // What is on standard input goes before the file of its name, wherever that is found.
        if let standardInput { take(standardInput.text) }
        for argument in arguments where argument != "-" {
            if let status = DirectoryListing.status(of: argument) {
                if status.kind == .directory {
                    let trimmed = argument == "." || argument == "./" ? "" : Self.trimmed(argument)
                    read(directory: trimmed, named: argument)
                } else {
                    read(file: argument, isFound: false)
                }
            } else if argument.utf8.contains(where: { "*?[".utf8.contains($0) }) {
                read(pattern: argument)
            } else {
                read(file: argument, isFound: false)
            }
        }
    }

    /// Adds what went wrong before.
    package mutating func report(_ faults: DiagnosticList) { diagnostics.merge(faults) }

    /// Whether `text` is what came from standard input.
    package func isStandardInput(_ text: SourceText) -> Bool { standardInput?.text === text }

    private static func isYAML(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    private static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    // MARK: Files

    private mutating func take(_ text: SourceText) {
        paths.append(text.name)
        if let key = DirectoryListing.status(of: text.name)?.key { known.insert(key) }
        let project = projects.project(
            of: Paths.directory(of: text.name), sources: &sources, into: &diagnostics)
        inputs.append(InputFile(text: text, isFound: false, project: project))
    }

    /// Reads a file, unless it was read already; says whether it is one of Cairn's.
    @discardableResult
    private mutating func read(file path: String, isFound: Bool) -> Bool {
        paths.append(path)
        if let key = DirectoryListing.status(of: path)?.key, !known.insert(key).inserted { return true }
        let project = projects.project(of: Paths.directory(of: path), sources: &sources, into: &diagnostics)
        // A project file that is in force has been read, and its faults are told; it is nothing to protect.
        if projects.holds(path) { return !isFound }
        guard let text = SourceReader.read(path, from: files, into: &diagnostics) else { return true }
        if isFound && !CairnMark.isIn(text.bytes) { return false }
        inputs.append(InputFile(text: text, isFound: isFound, project: project))
        return true
    }

    // MARK: Directories

    /// A directory that is still to be read.
    private struct Pending {
        /// As it is printed and opened; empty for the present one.
        let path: String
        /// Resolved, to compare with the directories of projects.
        let resolved: String
    }

    private mutating func read(directory: String, named: String) {
        let before = diagnostics.errorsMet
        let hasAny = walk(directory) { finder, path in finder.read(file: path, isFound: true) }
        if !hasAny && diagnostics.errorsMet == before {
            diagnostics.add(
                Diagnostic(
                    .unreadableFile, "there is no plan, provider or plugin manifest in '\(named)'", file: named,
                    notes: ["looked for are files that end in .yaml or .yml and say 'apiVersion: cairn/v1'"]))
        }
    }

    /// Gives every YAML file below a directory to `visit`, in byte order, and says whether `visit` said yes to any.
    ///
    /// What is hidden is passed over, and what the project leaves out. A directory that is reached twice, through a
    /// link, is walked once.
    private mutating func walk(_ top: String, _ visit: (inout InputFinder, String) -> Bool) -> Bool {
        var hasAny = false
        var stack = [(path: top, isDirectory: true)]
        while let next = stack.popLast() {
            guard next.isDirectory else {
                if visit(&self, next.path) { hasAny = true }
                continue
            }
            guard let key = DirectoryListing.status(of: next.path)?.key else { continue }
            guard walked.insert(key).inserted else {
                hasAny = true
                continue
            }
            guard let entries = DirectoryListing.entries(of: next.path) else {
                let reason = String(cString: strerror(errno))
                diagnostics.add(
                    Diagnostic(
                        .unreadableFile, "cannot read the directory '\(next.path)': \(reason)", file: next.path))
                continue
            }
            directories.append(next.path)
            let filter = filter(for: next.path)
            for entry in entries.reversed() where !entry.name.hasPrefix(".") {
                guard entry.kind == .directory || entry.kind == .file && Self.isYAML(entry.name) else { continue }
                if filter(entry.name, entry.kind == .directory) { continue }
                stack.append((Paths.join(next.path, entry.name), entry.kind == .directory))
            }
        }
        return hasAny
    }

    /// Says of the names in a directory whether its project leaves them out.
    private mutating func filter(for directory: String) -> (_ name: String, _ isDirectory: Bool) -> Bool {
        guard let position = projects.project(of: directory, sources: &sources, into: &diagnostics) else {
            return { _, _ in false }
        }
        let project = projects.projects[position]
        guard let resolved = SourceReader.identity(of: directory.isEmpty ? "." : directory),
            let below = Paths.relative(resolved, to: project.directory)
        else { return { _, _ in false } }
        return { name, isDirectory in project.excludes(Paths.join(below, name), isDirectory: isDirectory) }
    }

    // MARK: Patterns

    /// Reads what a pattern matches: files as those of a directory, and directories with all below them.
    private mutating func read(pattern text: String) {
        let before = diagnostics.errorsMet
        // The walk begins in the directory that the pattern names before its first special character.
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let fixed = parts.prefix { part in !part.utf8.contains { "*?[\\".utf8.contains($0) } }
        var root = fixed.joined(separator: "/")
        if fixed.count == 1 && fixed[0].isEmpty { root = "/" }
        let rest = parts.dropFirst(fixed.count).joined(separator: "/")
        let pattern: PathPattern
        do { pattern = try PathPattern("/" + rest) } catch {
            diagnostics.add(
                Diagnostic(.unreadableFile, error.description, file: text, notes: error.advice.map { [$0] } ?? []))
            return
        }
        var matched: [(path: String, isDirectory: Bool)] = []
        collect(root, pattern, &matched)
        var hasAny = false
        for match in matched {
            if match.isDirectory {
                if walk(match.path, { finder, path in finder.read(file: path, isFound: true) }) { hasAny = true }
            } else if !text.hasSuffix("*") || Self.isYAML(match.path), read(file: match.path, isFound: true) {
                hasAny = true
            }
        }
        if !hasAny && diagnostics.errorsMet == before {
            diagnostics.add(
                Diagnostic(
                    .unreadableFile,
                    matched.isEmpty
                        ? "nothing matches the pattern '\(text)'"
                        : "nothing that matches the pattern '\(text)' is a plan, provider or plugin manifest",
                    file: text))
        }
    }

    /// Collects what matches below a directory, without walking into what matched.
    private mutating func collect(
        _ root: String, _ pattern: PathPattern, _ matched: inout [(path: String, isDirectory: Bool)]
    ) {
        var seen: Set<DirectoryListing.FileKey> = []
        var stack = [(path: root, below: "", isDirectory: true)]
        while let next = stack.popLast() {
            if !next.below.isEmpty && pattern.matches(Array(next.below.utf8), isDirectory: next.isDirectory) {
                matched.append((next.path, next.isDirectory))
                continue
            }
            guard next.isDirectory, let key = DirectoryListing.status(of: next.path)?.key, seen.insert(key).inserted,
                let entries = DirectoryListing.entries(of: next.path)
            else { continue }
            directories.append(next.path)
            let filter = filter(for: next.path)
            for entry in entries.reversed() where !entry.name.hasPrefix(".") && entry.kind != .other {
                if filter(entry.name, entry.kind == .directory) { continue }
                stack.append(
                    (Paths.join(next.path, entry.name), Paths.join(next.below, entry.name), entry.kind == .directory))
            }
        }
    }
}

/// Tells a file that has something of Cairn from all others, by a look at its bytes: what is for other programs is not
/// parsed, and need not be YAML.
enum CairnMark {
    /// Whether `cairn/` stands at the beginning of a value.
    static func isIn(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return false }
            var offset = 0
            while offset < bytes.count, let found = memchr(base + offset, 0x2F, bytes.count - offset) {
                let slash = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                offset = slash + 1
                guard slash >= 6, memcmp(base + slash - 5, "cairn", 5) == 0 else { continue }
                if " \t\n\r\"':".utf8.contains(bytes[slash - 6]) { return true }
            }
            return false
        }
    }
}
