package import Diagnostics
package import YAMLSource

/// Where provider manifests are looked for, and what was found.
package struct ProviderDirectory: Sendable {
    /// One provider manifest with the faults found in it.
    package struct Entry: Sendable {
        package let manifest: ProviderManifest
        /// The faults of its file; they matter when the provider is used.
        package let diagnostics: DiagnosticList
    }

    /// The providers, in order of directories and file names.
    package private(set) var entries: [Entry] = []
    /// The directories that were read.
    package private(set) var directories: [String] = []
    /// The faults of files in which no provider could be read.
    package private(set) var unreadable = DiagnosticList()

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
        for name in names {
            let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
            if !known.isEmpty, let identity = files.identity(of: path), known.contains(identity) { continue }
            var faults = DiagnosticList()
            guard let text = SourceReader.read(path, from: files, into: &faults) else {
                unreadable.merge(faults)
                continue
            }
            add(text, sources: &sources)
        }
    }

    /// Takes in the providers of a file, if it has any.
    package mutating func add(_ text: SourceText, sources: inout SourceMap) {
        var faults = DiagnosticList()
        let tree = YAMLParser.parse(text, as: sources.add(text), into: &faults)
        var found = false
        for document in tree.documents {
            // What is no provider at all is not this reader's business.
            guard document["kind"]?.text == DocumentKind.provider.rawValue else { continue }
            guard DocumentKind.read(document, into: &faults) == .provider,
                let manifest = ProviderManifest.decode(document, into: &faults)
            else { continue }
            found = true
            entries.append(Entry(manifest: manifest, diagnostics: faults))
        }
        if !found { unreadable.merge(faults) }
    }

    /// Takes in a provider that was read elsewhere.
    package mutating func add(_ manifest: ProviderManifest) {
        entries.append(Entry(manifest: manifest, diagnostics: DiagnosticList()))
    }

    /// The names of all providers, in order.
    package var names: [String] { entries.map(\.manifest.name.value) }

    /// The providers of a name; more than one is a fault of the directories.
    package func entries(named name: String) -> [Entry] { entries.filter { $0.manifest.name.value == name } }
}
