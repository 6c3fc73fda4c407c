import CommandLineSupport
import Diagnostics
import PlanCompiler
import Project
import YAMLSource

/// `cairnc check --watch`: checks again whenever something is saved, until it is told to stop.
struct CheckWatch {
    let files: CheckedFiles
    let options: CompilerOptions
    let inventories: [String]

    /// What a report depends on: it is printed again when this differs.
    private struct Picture: Equatable {
        let files: [String]
        let texts: [[UInt8]]
        let diagnostics: [Diagnostic]

        init(_ compiler: Compiler) {
            files = compiler.sources.texts.map(\.name)
            texts = compiler.sources.texts.map(\.bytes)
            diagnostics = compiler.diagnostics.sorted
        }
    }

    /// Checks, gives the result to `report`, and waits for the next change, for ever.
    func run(_ report: (Compiler) throws -> Void) throws -> Never {
        var watcher = try DirectoryWatcher()
        var last: Picture?
        while true {
            // The directories are watched before the files are read, so that no change goes by unseen.
            var found = files.find()
            while try watch(found, &watcher) { found = files.find() }
            let compiler = options.compile(found, inventories: inventories)
            let picture = Picture(compiler)
            if try watch(compiler, &watcher) { continue }
            if picture != last {
                if StandardStream.error.isTerminal { StandardStream.error.write("\u{1B}[H\u{1B}[2J\u{1B}[3J") }
                try report(compiler)
                last = picture
            }
            try watcher.wait()
        }
    }

    /// Watches where the files lie; says whether that is new.
    private func watch(_ found: InputFinder, _ watcher: inout DirectoryWatcher) throws -> Bool {
        let paths = found.paths + inventories
        watcher.names = Set(paths.map { String(Paths.name(of: $0)) })
        watcher.names.insert(ProjectFile.fileName)
        var directories = found.directories + found.projects.searched
        for path in paths {
            directories.append(Paths.directory(of: path))
            // A link may point into another directory.
            if let resolved = SourceReader.identity(of: path) {
                directories.append(Paths.directory(of: resolved))
                watcher.names.insert(String(Paths.name(of: resolved)))
            }
        }
        if case .file(let path) = files.projects {
            directories.append(Paths.directory(of: path))
            watcher.names.insert(String(Paths.name(of: path)))
        }
        return try watch(directories, &watcher)
    }

    /// Watches where providers are looked for; says whether that is new.
    private func watch(_ compiler: Compiler, _ watcher: inout DirectoryWatcher) throws -> Bool {
        try watch(compiler.searchedProviderDirectories, &watcher)
    }

    private func watch(_ directories: [String], _ watcher: inout DirectoryWatcher) throws -> Bool {
        var isNew = false
        var seen: Set<String> = []
        for directory in directories where seen.insert(directory).inserted {
            if try watcher.watch(directory) { isNew = true }
        }
        return isNew
    }
}
