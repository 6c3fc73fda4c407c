package import Diagnostics
import Manifests
package import YAMLSource

/// The project files of one run: each directory has the nearest `cairn.yaml`, in itself or above it.
///
/// The look upwards ends with the directory that holds a `.git`, so that a checkout is judged alike on every machine,
/// and else at the root of the file system.
package struct ProjectSet: Sendable {
    /// Which project files count.
    package enum Choice: Sendable, Hashable {
        /// The nearest one upwards.
        case nearest
        /// This one, for everything.
        case file(String)
        case none
    }

    private let choice: Choice
    private let files: any FileSource
    /// The projects found, in the order in which they were asked for.
    package private(set) var projects: [ProjectFile] = []
    /// The position of each directory's project, by resolved directory.
    private var byDirectory: [String: Int?] = [:]
    /// What was read, by `FileSource.identity`.
    private var read: [String: Int] = [:]
    /// The directories in which a project file was looked for, for those who wait for changes.
    package private(set) var searched: [String] = []
    private var chosen: Int??

    package init(_ choice: Choice, files: any FileSource = HostFiles()) {
        self.choice = choice
        self.files = files
    }

    /// The position of the project that `directory` belongs to, a path as someone wrote it.
    package mutating func project(
        of directory: String, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) -> Int? {
        switch choice {
        case .none: return nil
        case .file(let path):
            if let chosen { return chosen }
            let directory = Paths.directory(of: path)
            let resolved = files.identity(of: directory.isEmpty ? "." : directory) ?? directory
            let found = load(path, in: resolved, shown: directory, sources: &sources, into: &diagnostics)
            chosen = .some(found)
            return found
        case .nearest:
            // A directory that is not there, as an editor may name one, belongs to what is above it.
            var place = directory.isEmpty ? "." : directory
            while true {
                if let resolved = files.identity(of: place) {
                    return nearest(resolved, sources: &sources, into: &diagnostics)
                }
                if place == "." || place == "/" { return nil }
                let above = Paths.directory(of: place)
                place = above.isEmpty ? "." : above
            }
        }
    }

    /// Whether the file at `path` is one of the projects, so that it has been read.
    package func holds(_ path: String) -> Bool { files.identity(of: path).map { read[$0] != nil } ?? false }

    private mutating func nearest(
        _ resolved: String, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) -> Int? {
        var visited: [String] = []
        var found: Int?
        var directory = resolved
        while true {
            if let known = byDirectory[directory] {
                found = known
                break
            }
            visited.append(directory)
            if let project = look(in: directory, sources: &sources, into: &diagnostics) {
                found = project
                break
            }
            let isRoot = directory == "/" || directory.isEmpty
            if isRoot || files.identity(of: Paths.join(directory, ".git")) != nil { break }
            directory = Paths.directory(of: directory)
        }
        for directory in visited { byDirectory[directory] = .some(found) }
        searched += visited
        return found
    }

    private mutating func look(
        in directory: String, sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) -> Int? {
        let path = Paths.join(directory, ProjectFile.fileName)
        guard files.identity(of: path) != nil else { return nil }
        let shown = Paths.shown(directory, from: files.identity(of: ".") ?? "")
        return load(
            Paths.join(shown, ProjectFile.fileName), in: directory, shown: shown, sources: &sources, into: &diagnostics)
    }

    /// Reads a project file. One with faults counts for what it says rightly, and as the nearest in any case.
    private mutating func load(
        _ path: String, in directory: String, shown: String, sources: inout SourceMap,
        into diagnostics: inout DiagnosticList
    ) -> Int {
        if let identity = files.identity(of: path) {
            if let known = read[identity] { return known }
            read[identity] = projects.count
        }
        let position = projects.count
        projects.append(ProjectFile(saysNothingIn: directory, shown: shown))
        guard let text = SourceReader.read(path, from: files, into: &diagnostics) else { return position }
        let before = diagnostics.errorsMet
        let source = sources.add(text)
        let tree = YAMLParser.parse(text, as: source, into: &diagnostics)
        let documents = tree.documents.filter { !$0.isNull || tree.documents.count == 1 }
        guard let document = documents.first else {
            if diagnostics.errorsMet == before {
                diagnostics.add(
                    Diagnostic(
                        .emptyDocument, "there is no document in this file",
                        at: SourceRange(source: source, start: 0, end: 0)))
            }
            return position
        }
        if documents.count > 1 {
            diagnostics.add(
                Diagnostic(
                    .invalidValue, "a project file holds one document", at: documents[1].headRange,
                    related: [RelatedPlace(document.headRange, "the project is here")]))
        }
        switch DocumentKind.read(document, into: &diagnostics) {
        case .project:
            projects[position] = ProjectFile(
                document, in: directory, shown: shown, files: files, into: &diagnostics)
        case .some(let kind):
            diagnostics.add(
                Diagnostic(
                    .unknownKind, "'\(path)' is where a project is configured, and holds a \(kind.rawValue)",
                    at: document["kind"]?.headRange ?? document.headRange,
                    notes: ["give the file another name; 'kind: Project' makes it the project's"]))
        case nil: break
        }
        return position
    }
}
