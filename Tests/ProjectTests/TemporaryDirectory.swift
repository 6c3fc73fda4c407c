import Diagnostics
import Foundation
import PlanCompiler
import Project
import YAMLSource

/// A directory with files; gone with the value.
final class TemporaryDirectory: Sendable {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        let name = "cairn-project-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(
            atPath: NSTemporaryDirectory() + name, withIntermediateDirectories: true)
        path = SourceReader.identity(of: NSTemporaryDirectory() + name) ?? ""
        for (file, text) in files { try write(file, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws {
        let whole = path + "/" + file
        try FileManager.default.createDirectory(
            atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: whole))
    }

    /// What `arguments`, paths in the directory, find: names without the directory.
    func find(_ arguments: String..., projects: ProjectSet.Choice = .nearest) -> InputFinder {
        var found = InputFinder(projects: projects)
        found.find(arguments.map { $0.isEmpty ? path : path + "/" + $0 })
        return found
    }

    func names(_ found: InputFinder) -> [String] {
        found.inputs.map { String($0.text.name.dropFirst(path.count + 1)) }
    }

    /// What a check of everything gives.
    func check() -> Compiler {
        var compiler = Compiler(find(""), providerDirectories: [])
        compiler.run()
        return compiler
    }
}

extension Compiler {
    /// The codes of all diagnostics, in order.
    var codes: [String] { diagnostics.sorted.map(\.code.rawValue) }

    /// The diagnostics as text, for failures.
    var text: String { TextRenderer(sources: sources, color: false).render(diagnostics.sorted) }
}

/// Texts that many tests use.
enum Samples {
    static let provider = """
        apiVersion: cairn/v1
        kind: Provider
        name: local
        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
        plugins: [{name: files}, {name: noop}]

        """

    static func plan(_ name: String = "shop", provider: String = "local", _ rest: String = resources) -> String {
        "apiVersion: cairn/v1\nkind: Plan\nname: \(name)\nprovider: \(provider)\n" + rest
    }

    static let resources = """
        resources:
          - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

        """

    static func project(_ rest: String) -> String { "apiVersion: cairn/v1\nkind: Project\n" + rest }

    static func plugin(_ name: String, type: String = "Tape::Reel") -> String {
        """
        apiVersion: cairn/v1
        kind: Plugin
        name: \(name)
        version: 1
        description: A plugin of someone else
        resourceTypes:
          - type: \(type)
            operations:
              protect: {hooks: [main]}
              restore: {hooks: [main]}
              verify: {hooks: [main]}
              delete: {hooks: []}

        """
    }
}
