package import Diagnostics
import Manifests
import PathPatterns
package import YAMLSource

/// What a project says to the compiler, in its `cairn.yaml`.
package struct ProjectFile: Sendable {
    /// What such a file is called.
    package static let fileName = "cairn.yaml"

    /// The directory of the file, resolved, and as a path to print and to open files by: empty for the present one.
    package let directory: String
    package let shownDirectory: String
    /// The directories in which providers are looked for; `nil` when the project does not say.
    package let providerDirectories: [String]?
    /// Whether it names directories that are not there.
    package let missesProviders: Bool
    package let levels: LintLevels
    /// Whether warnings count as findings.
    package let isStrict: Bool
    let exclude: [PathPattern]

    private static let fields = [
        Field("apiVersion", .text, required: true), Field("kind", .text, required: true), Field("name", .text),
        Field("description", .text), Field("providers", .sequence), Field("lints", .mapping),
        Field("strict", .boolean), Field("exclude", .sequence),
    ]

    /// The file that says nothing, for what follows after a fault.
    init(saysNothingIn directory: String, shown: String) {
        self.directory = directory
        shownDirectory = shown
        providerDirectories = nil
        missesProviders = false
        levels = LintLevels()
        isStrict = false
        exclude = []
    }

    /// Decodes the project in `node`; what has a fault is reported and passed over.
    package init(
        _ node: LocatedNode, in directory: String, shown: String, files: any FileSource,
        into diagnostics: inout DiagnosticList
    ) {
        self.directory = directory
        shownDirectory = shown
        let fields = FieldReader(node, as: "a project", Self.fields, allowsExtensions: true, into: &diagnostics)
        providerDirectories = fields[4].map { Self.directories($0, below: shown, files, into: &diagnostics) }
        missesProviders = providerDirectories.map { $0.count < fields[4]?.count ?? 0 } ?? false
        levels = fields[5].map { LintLevels.read($0, into: &diagnostics) } ?? LintLevels()
        isStrict = fields[6]?.scalarValue == .bool(true)
        exclude = fields[7].map { Self.patterns($0, into: &diagnostics) } ?? []
    }

    /// Whether the project leaves out what lies at `path`, which is relative to the project's directory, by itself: who
    /// walks down has asked about the directories above it.
    package func excludes(_ path: String, isDirectory: Bool) -> Bool {
        !exclude.isEmpty && exclude.contains { $0.matches(Array(path.utf8), isDirectory: isDirectory) }
    }

    private static func directories(
        _ list: LocatedNode, below shown: String, _ files: any FileSource, into diagnostics: inout DiagnosticList
    ) -> [String] {
        var directories: [String] = []
        for (text, range) in texts(list, "'providers' names directories", into: &diagnostics) {
            let path = Paths.join(shown, text)
            if text.isEmpty || files.yamlFiles(in: path) == nil {
                diagnostics.add(Diagnostic(.invalidValue, "there is no directory '\(text)' here", at: range))
                continue
            }
            directories.append(path)
        }
        return directories
    }

    private static func patterns(_ list: LocatedNode, into diagnostics: inout DiagnosticList) -> [PathPattern] {
        var patterns: [PathPattern] = []
        for (text, range) in texts(list, "'exclude' is a list of patterns", into: &diagnostics) {
            do { patterns.append(try PathPattern(text)) } catch {
                diagnostics.add(
                    Diagnostic(
                        .invalidValue, error.description, at: range, notes: error.advice.map { [$0] } ?? []))
            }
        }
        return patterns
    }

    private static func texts(
        _ list: LocatedNode, _ rule: String, into diagnostics: inout DiagnosticList
    ) -> [(text: String, range: SourceRange)] {
        var texts: [(text: String, range: SourceRange)] = []
        for element in list.elements where !element.isFaulty {
            if element.kind == .scalar, case .string(let text) = element.scalarValue {
                texts.append((text, element.range))
                continue
            }
            let isEmpty = element.range.start == element.range.end
            diagnostics.add(
                Diagnostic(
                    .wrongType, "\(rule), not \(element.shapeWords)",
                    at: isEmpty ? list.headRange : element.headRange))
        }
        return texts
    }
}

/// Paths as text.
package enum Paths {
    /// `path` as seen from `directory`; the empty directory is the present one.
    package static func join(_ directory: String, _ path: String) -> String {
        if directory.isEmpty || path.hasPrefix("/") { return path }
        return directory.hasSuffix("/") ? directory + path : directory + "/" + path
    }

    /// The directory in which `path` lies, empty for the present one.
    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What `path` ends in.
    package static func name(of path: String) -> Substring {
        path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    }

    /// The rest of `path` below `directory`, both resolved; `nil` when it does not lie there.
    package static func relative(_ path: String, to directory: String) -> String? {
        if path == directory { return "" }
        if directory.isEmpty { return path.hasPrefix("/") ? nil : path }
        let prefix = directory == "/" ? directory : directory + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
    }

    /// How to write the directory `path` in the directory `present`, both resolved; empty for the present one.
    static func shown(_ path: String, from present: String) -> String {
        if let below = relative(path, to: present) { return below }
        guard let above = relative(present, to: path) else { return path }
        return above.split(separator: "/").map { _ in ".." }.joined(separator: "/")
    }
}
