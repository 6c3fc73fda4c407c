package import Diagnostics
package import YAMLSource

/// Where provider manifests are looked for, and what was found.
package struct ProviderDirectory: Sendable {
    /// One provider manifest with the faults found in it.
    package struct Entry: Sendable {
        package let manifest: ProviderManifest
        /// The faults of its file; they matter when the provider is used.
        package let diagnostics: DiagnosticList
        /// The directory that it lies in, by `FileSource.identity`.
        package let directory: String?
        /// Whether every plan may name it, wherever it lies.
        package let isForAll: Bool
    }

    /// The providers, in order of directories and file names.
    package private(set) var entries: [Entry] = []
    /// The directories that were read.
    package private(set) var directories: [String] = []
    /// The faults of files in which no provider could be read.
    package private(set) var unreadable = DiagnosticList()
    /// The files in which no provider could be read, as far as they could be read at all.
    private var unreadableTexts: [SourceText] = []
    /// What the files that could not be opened are called, without `.yaml` or `.yml`.
    private var closedNames: [String] = []
    /// The manifests of plugins and banks that lie in the directories.
    package private(set) var plugins: [(document: LocatedNode, kind: DocumentKind)] = []
    /// Every file that was read, as trees.
    package private(set) var trees: [SyntaxTree] = []

    package init() {}

    /// The directory of last resort.
    package static let systemDirectory = "/etc/cairn/providers.d"

    /// The directories to look in: those given, else `providers/` beside `file`, else the system's.
    package static func places(
        given: [String], beside file: String?, files: any FileSource = HostFiles()
    ) -> [String] {
        if !given.isEmpty { return given }
        var directory = "."
        if let file, let slash = file.lastIndex(of: "/") {
            directory = slash == file.startIndex ? "/" : String(file[..<slash])
        }
        let beside = directory == "." ? "providers" : directory + "/providers"
        return files.yamlFiles(in: beside) != nil ? [beside] : [systemDirectory]
    }

    /// Reads every provider of a directory, except files that were read already, named by `FileSource.identity`. A
    /// directory that was named and is not there is reported.
    package mutating func read(
        _ directory: String, isGiven: Bool, except known: Set<String> = [], files: any FileSource = HostFiles(),
        sources: inout SourceMap, into diagnostics: inout DiagnosticList
    ) {
        if directories.contains(directory) { return }
        guard let names = files.yamlFiles(in: directory) else {
            if isGiven {
                diagnostics.add(
                    Diagnostic(.unreadableFile, "there is no provider directory '\(directory)'", file: directory))
            }
            return
        }
        directories.append(directory)
        let identity = files.identity(of: directory)
        for name in names {
            let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
            if !known.isEmpty, let file = files.identity(of: path), known.contains(file) { continue }
            var faults = DiagnosticList()
            guard let text = SourceReader.read(path, from: files, into: &faults) else {
                unreadable.merge(faults)
                closedNames.append(String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)]))
                continue
            }
            add(text, in: identity, sources: &sources)
        }
    }

    /// Takes in the manifests of plugins and banks that another one found, and nothing else of it.
    package mutating func takePlugins(of other: ProviderDirectory) { plugins += other.plugins }

    /// Takes in the manifests of a file, if it has any.
    private mutating func add(_ text: SourceText, in directory: String?, sources: inout SourceMap) {
        var faults = DiagnosticList()
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &faults)
        trees.append(tree)
        var found = false
        for document in tree.documents {
            let kind = document["kind"].flatMap { DocumentKind(rawValue: $0.text) }
            switch kind {
            case .plugin?, .bankPlugin?:
                if document.isOfCairn, let kind { plugins.append((document, kind)) }
            case .provider?:
                guard DocumentKind.read(document, into: &faults) == .provider,
                    let manifest = ProviderManifest.decode(document, into: &faults)
                else { continue }
                found = true
                entries.append(
                    Entry(manifest: manifest, diagnostics: faults, directory: directory, isForAll: false))
            // What is neither is not this reader's business.
            case .plan?, .project?, .timings?, .inventory?, nil: continue
            }
        }
        if !found && !faults.all.isEmpty {
            unreadable.merge(faults)
            addUnreadable(text)
        }
    }

    /// Takes in a file with faults that hide what it is or what it is called.
    package mutating func addUnreadable(_ text: SourceText) { unreadableTexts.append(text) }

    /// Whether a provider called `name` stands in one of the files that could not be read, by the look of them: that it
    /// is missing is then the same fault.
    package func isUnreadable(_ name: String) -> Bool {
        if closedNames.contains(name) { return true }
        return unreadableTexts.contains { text in
            let lines = text.bytes.split { $0 == 0x0A || $0 == 0x0D }.map { line in
                line.last == 0x20 ? line.dropLast() : line
            }
            if lines.contains(where: { $0.elementsEqual("name: \(name)".utf8) }) { return true }
            return lines.contains { $0.elementsEqual("kind: \(DocumentKind.provider.rawValue)".utf8) }
                && !lines.contains { $0.starts(with: "name:".utf8) }
        }
    }

    /// Takes in a provider that was read elsewhere, from a file in `directory` with these faults.
    package mutating func add(
        _ manifest: ProviderManifest, with faults: DiagnosticList, in directory: String?, isForAll: Bool
    ) {
        entries.append(Entry(manifest: manifest, diagnostics: faults, directory: directory, isForAll: isForAll))
    }

    /// The names of all providers, in order.
    package var names: [String] { entries.map(\.manifest.name.value) }

    /// The providers of a name; more than one is a fault of the directories.
    package func entries(named name: String) -> [Entry] { entries.filter { $0.manifest.name.value == name } }

    /// The providers that a plan may name which looks into `directories`, by `FileSource.identity`: those that lie there,
    /// and of those that are for all plans the ones whose names no provider there has.
    package func entries(in directories: [String]) -> [Entry] {
        let own = entries.filter { entry in entry.directory.map(directories.contains) ?? false }
        let names = Set(own.map(\.manifest.name.value))
        return own
            + entries.filter { entry in
                entry.isForAll && !names.contains(entry.manifest.name.value)
                    && !(entry.directory.map(directories.contains) ?? false)
            }
    }
}
