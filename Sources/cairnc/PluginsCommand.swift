import ArgumentParser
import CanonicalForm
import CommandLineSupport
import Diagnostics
import Manifests
import PlanCompiler
import PluginReference
import Project

/// `cairnc plugins`
struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Lists the resource types that there are, or tells all about one.",
        discussion: """
            A resource type is a plugin's. The plugins' manifests say which properties and parameters a type has, what \
            a plugin does in each operation, and of what the type may be a dependent. Manifests of plugins that are not \
            built in are found in --providers, and beside the file of --provider.

            EXAMPLES
              cairnc plugins
              cairnc plugins Host::FileSystem::Directory
              cairnc plugins --provider providers/local.yaml --output json | jq -r '.types[].type'
            """)

    /// How the reference is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var options: CompilerOptions

    @Option(help: "Only the plugins that the provider in this file uses.")
    var provider: String?

    @Option(help: "Print as text or json.")
    var output: Output = .text

    @Argument(help: "The resource type to tell about; '*' for that of plugins that take every type.")
    var type: String?

    func run() throws {
        var compiler = options.compile(
            provider.map { [$0] } ?? [], makesIR: false,
            pluginPlaces: provider.map { Paths.pluginPlaces(beside: $0) } ?? [])
        let plugins = try provider.map { try compiler.onlyOffer(in: $0, options).plugins } ?? compiler.knownPlugins()
        options.printFaults(of: compiler)
        if compiler.hasErrors { throw ExitCode(ExitStatus.failed) }
        var entries = TypeEntry.all(of: plugins)
        if let type {
            let found = entries.filter { $0.type == type }
            if found.isEmpty { throw unknown(type, among: entries) }
            entries = found
        }
        switch output {
        case .json: StandardStream.output.write(ReferenceJSON.document(entries).prettyText)
        case .text:
            let text = ReferenceText(width: StandardStream.output.width, isColored: options.isColored(.output))
            StandardStream.output.write(
                type == nil ? text.list(entries) : entries.map { text.details($0) }.joined(separator: "\n"))
        }
    }

    private func unknown(_ type: String, among entries: [TypeEntry]) -> MessageFailure {
        let types = entries.map(\.type)
        var message = "there is no resource type '\(DisplayWidth.harmless(type))'"
        if let close = Similar.best(for: type, among: types) {
            message += "; did you mean '\(close)'?"
        } else if let all = entries.first(where: { $0.type == "*" }) {
            message += "; the plugin '\(all.plugin.name)' takes it as it takes every type: see 'cairnc plugins \"*\"'"
        } else {
            message += "; there are \(types.joined(separator: ", "))"
        }
        return MessageFailure(message)
    }
}
