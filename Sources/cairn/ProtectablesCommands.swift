import ArgumentParser
import CanonicalForm
import CommandLineSupport
import Diagnostics
import Manifests
import PlanIR
import PluginKit
import PluginReference
import ProtectionService
import Wording

/// `cairn protectables`
struct Protectables: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists and shows what can be protected: resource types, and instances on this host.",
        discussion: """
            EXAMPLES
              cairn protectables list
              cairn protectables list Host::FileSystem::Directory
              cairn protectables show Host::FileSystem::Directory
              cairn protectables show Host::FileSystem::Directory --property path=/srv/customers
            """, subcommands: [List.self, Show.self])

    /// `cairn protectables list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the resource types of a provider, or the instances of one type.",
            discussion: """
                With --of, the instances are those that a plugin finds below that resource, as 'discover' in a plan \
                would.

                EXAMPLES
                  cairn protectables list
                  cairn protectables list Host::FileSystem::Directory
                  cairn protectables list Host::FileSystem::Directory \\
                    --of 'Host::FileSystem::Directory#customers' --property path=/srv/customers
                """)

        @OptionGroup var provider: ProviderChoice

        @Option(
            help: ArgumentHelp(
                "List what is found below this resource; its properties come with --property.", valueName: "TYPE#ID"))
        var of: String?

        @OptionGroup var given: GivenProperties

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "A resource type; without it, the types are listed.")
        var type: String?

        func validate() throws {
            if type == nil && of != nil { throw ValidationError("--of goes with a resource type.") }
            if of == nil && !given.property.isEmpty { throw ValidationError("--property goes with --of.") }
        }

        func run() async throws {
            let plugins = try provider.plugins()
            guard let type else { return printTypes(Protectable.all(of: plugins)) }
            let wanted = try Protectable.demand(type, in: plugins)
            if let of {
                let (parentType, id) = try identity(of)
                let parent = try Protectable.demand(parentType, in: plugins)
                guard parent.discovers.contains(type) else {
                    throw MessageFailure(
                        "the plugin '\(parent.plugin.manifest.name)' finds no '\(Words.harmless(type))' below "
                            + "'\(parentType)'"
                            + (parent.discovers.isEmpty ? "" : "; it finds \(parent.discovers.joined(separator: ", "))")
                    )
                }
                let found = try await parent.dependents(id: id, try given.object(for: parent))
                printFound(found.filter { $0.type == type })
                return
            }
            guard let instances = try await wanted.told({ try await wanted.instances() }) else {
                throw MessageFailure(
                    "the plugin '\(wanted.plugin.manifest.name)' cannot tell which instances of "
                        + "'\(Words.harmless(type))' there are")
            }
            if output == .json {
                let list = instances.map { instance -> JSONValue in
                    [
                        "type": .string(type), "name": .string(instance.name),
                        "properties": .object(instance.properties),
                    ]
                }
                StandardStream.output.write(JSONValue.array(list).prettyText)
            } else if instances.isEmpty {
                StandardStream.error.write("no instances\n")
            } else {
                StandardStream.output.write(
                    Words.table(
                        ["NAME", "PROPERTIES"],
                        instances.map { [$0.name, JSONValue.object($0.properties).canonicalText] }))
            }
        }

        private func printTypes(_ types: [Protectable]) {
            if output == .json {
                let list = types.map { type -> JSONValue in
                    [
                        "type": .string(type.type), "plugin": .string(type.plugin.manifest.name),
                        "description": .string(type.support.description),
                        "parents": .array(type.parents.map { .string($0) }),
                        "discovers": .array(type.discovers.map { .string($0) }),
                    ]
                }
                StandardStream.output.write(JSONValue.array(list).prettyText)
                return
            }
            StandardStream.output.write(
                Words.table(
                    ["RESOURCE TYPE", "PLUGIN", "PARENTS", "DISCOVERS"],
                    types.map {
                        [
                            $0.type == PluginManifest.anyType ? "any other" : $0.type, $0.plugin.manifest.name,
                            $0.parents.words(none: "none"), $0.discovers.words(none: "-"),
                        ]
                    }))
        }

        private func printFound(_ found: [ResourceDescription]) {
            if output == .json {
                StandardStream.output.write(JSONValue.array(found.map(\.json)).prettyText)
            } else {
                StandardStream.output.write(found.table)
            }
        }

        private func identity(_ text: String) throws -> (type: String, id: String) {
            let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, NameRules.typeFault(parts[0]) == nil, NameRules.idFault(parts[1]) == nil else {
                throw ValidationError("--of is TYPE#ID, such as 'Host::FileSystem::Directory#customers'.")
            }
            return (parts[0], parts[1])
        }
    }

    /// `cairn protectables show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a resource type; with properties, the instance that has them, with its dependents.",
            discussion: """
                EXAMPLES
                  cairn protectables show Host::FileSystem::Directory
                  cairn protectables show Host::FileSystem::Directory --property path=/srv/customers --output json
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var given: GivenProperties

        @Option(help: "The id that the instance would have in a plan; those of its dependents begin with it.")
        var id = "example"

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "The resource type.")
        var type: String

        func validate() throws {
            if NameRules.idFault(id) != nil { throw ValidationError("--id is no id of a resource.") }
        }

        func run() async throws {
            let wanted = try Protectable.demand(type, in: try provider.plugins())
            guard !given.property.isEmpty else {
                let entry = TypeEntry.all(of: [wanted.plugin.manifest]).filter { $0.type == wanted.type }
                switch output {
                case .json: StandardStream.output.write(ReferenceJSON.document(entry).prettyText)
                case .text:
                    StandardStream.output.write(
                        entry.map(
                            ReferenceText(
                                width: StandardStream.output.width, isColored: StandardStream.output.isColored
                            ).details
                        ).joined())
                }
                return
            }
            let properties = try given.object(for: wanted)
            let dependents =
                wanted.discovers.isEmpty ? nil : try await wanted.dependents(id: id, properties)
            if output == .json {
                var object: JSONObject = [
                    "type": .string(type), "plugin": .string(wanted.plugin.manifest.name),
                    "parents": .array(wanted.parents.map { .string($0) }), "properties": .object(properties),
                ]
                object["dependents"] = dependents.map { .array($0.map(\.json)) } ?? .null
                StandardStream.output.write(JSONValue.object(object).prettyText)
                return
            }
            StandardStream.output.write(
                Words.facts(
                    [
                        ("type", type), ("plugin", wanted.plugin.manifest.name),
                        ("dependent of", wanted.parents.words(none: "no other resource")),
                    ]
                        + properties.members.map { ($0.key, $0.value.stringValue ?? $0.value.canonicalText) }
                        + [("dependents", dependents.map { "\($0.count)" } ?? "cannot be discovered")]))
            if let dependents, !dependents.isEmpty { StandardStream.output.write("\n" + dependents.table) }
        }
    }
}

/// The properties that a command line gives to a resource.
struct GivenProperties: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A property of the resource (repeatable), such as path=/srv; what is no text is JSON.",
            valueName: "name=value"))
    var property: [String] = []

    func validate() throws {
        for text in property where text.first == "=" || !text.contains("=") {
            throw ValidationError("--property is NAME=VALUE, such as path=/srv.")
        }
    }

    /// The properties, checked against what the type demands.
    func object(for type: Protectable) throws -> JSONObject {
        var object = JSONObject()
        for text in property {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let known = type.support.properties.properties.first { $0.name == parts[0] }
            if object[parts[0]] != nil { throw MessageFailure("the property '\(parts[0])' is given twice") }
            let isText = known.map { $0.typeSummary.hasPrefix("string") } ?? false
            let parsed = isText ? nil : try? JSONValue(parsing: Array(parts[1].utf8))
            object[parts[0]] = parsed ?? .string(parts[1])
        }
        if let (faults, sources) = type.faults(in: object) {
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            throw ExitCode(ExitStatus.failed)
        }
        return object
    }
}

extension ProviderChoice {
    /// The plugins of the provider; its bank is left alone.
    func plugins() throws -> [ProvidedPlugin] {
        let registry = try providers.registry()
        return try registry.providedPlugins(of: try registry.provider(provider))
    }
}

extension Protectable {
    /// What the provider takes a type as; throws when it does not take it.
    static func demand(_ type: String, in plugins: [ProvidedPlugin]) throws -> Protectable {
        if let fault = NameRules.typeFault(type) {
            throw MessageFailure("'\(Words.harmless(type))' is no resource type: \(fault)")
        }
        guard let found = Protectable.of(type, in: plugins) else {
            throw MessageFailure(
                "no plugin of the provider takes '\(Words.harmless(type))'; 'cairn protectables list' shows what they "
                    + "take")
        }
        return found
    }

    /// What the plugin finds below a resource with these properties, however few.
    func dependents(id: String, _ properties: JSONObject) async throws -> [ResourceDescription] {
        var selector = support.discovery?.resolved(nil) ?? JSONObject()
        selector[Discovery.atLeast] = 0
        let resource = ResourceDescription(type: support.type, id: id, name: "", properties: properties)
        return try await told { try await plugin.dependents(of: resource, selector: selector).dependents }
    }

    /// Runs `body`; what the plugin has to complain of becomes a message.
    func told<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PluginError {
            throw MessageFailure("\(plugin.manifest.name): \(Words.harmless(error))")
        }
    }
}

extension [String] {
    /// The types of a list in words.
    fileprivate func words(none: String) -> String {
        if contains(PluginManifest.anyType) { return "any" }
        return isEmpty ? none : joined(separator: ", ")
    }
}

extension [ResourceDescription] {
    /// The resources in columns.
    fileprivate var table: String {
        Words.table(
            ["RESOURCE", "NAME", "PROPERTIES"],
            map { [$0.identity, $0.name, JSONValue.object($0.properties).canonicalText] })
    }
}
