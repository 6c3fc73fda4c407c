import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Diagnostics
import Manifests
import ProtectionService
import YAMLSource
import Wording

/// `cairn providers`
struct Providers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists and shows the providers that are found.",
        discussion: """
            EXAMPLES
              cairn providers list
              cairn providers show local
            """, subcommands: [List.self, Show.self])

    /// `cairn providers list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the providers with their banks and plugins.",
            discussion: """
                EXAMPLES
                  cairn providers list
                  cairn providers list --providers /etc/cairn/providers.d --output json
                """)

        @OptionGroup var providers: ProviderOptions

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func run() async throws {
            let registry = try providers.registry()
            let (faults, sources) = registry.unreadable
            if !faults.all.isEmpty {
                StandardStream.error.write(
                    TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
            }
            var rows: [ProviderRow] = []
            for manifest in registry.manifests { rows.append(await ProviderRow(manifest, registry)) }
            if output == .json {
                StandardStream.output.write(JSONValue.array(rows.map { .object($0.json) }).prettyText)
            } else if rows.isEmpty {
                StandardStream.error.write("no providers\n")
            } else {
                StandardStream.output.write(
                    Words.table(
                        ["PROVIDER", "BANK", "STATE", "PLUGINS", "DESCRIPTION"],
                        rows.map {
                            [
                                $0.manifest.name.value, "\($0.manifest.bankPlugin.value):\($0.place)", $0.state,
                                $0.plugins.joined(separator: ","), $0.manifest.description,
                            ]
                        }))
            }
            for row in rows { row.printFaults() }
            let isFaulty = faults.hasErrors || rows.contains { $0.faults != nil }
            if isFaulty { throw ExitCode(ExitStatus.failed) }
        }
    }

    /// `cairn providers show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one provider: its bank, and the resource types that its plugins take.",
            discussion: """
                EXAMPLES
                  cairn providers show local
                """)

        @OptionGroup var providers: ProviderOptions

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "The provider; needed when there are several.")
        var name: String?

        func run() async throws {
            let registry = try providers.registry()
            let manifest = try registry.provider(name)
            let row = await ProviderRow(manifest, registry)
            row.printFaults()
            let types = registry.resourceTypes(of: manifest)
            if output == .json {
                var object = row.json
                object["resourceTypes"] = .array(
                    types.map { ["type": .string($0.type), "plugin": .string($0.plugin)] })
                StandardStream.output.write(JSONValue.object(object).prettyText)
                if row.faults != nil { throw ExitCode(ExitStatus.failed) }
                return
            }
            var text = Words.facts([
                ("provider", manifest.name.value), ("description", manifest.description),
                ("bank", "\(manifest.bankPlugin.value) at \(row.place), \(row.state)"),
                ("bank id", row.format?.id ?? "-"), ("consistency", row.format?.consistency.rawValue ?? "-"),
                ("manifest", manifest.digest.description),
            ])
            text +=
                "\n"
                + Words.table(
                    ["RESOURCE TYPE", "PLUGIN"], types.map { [$0.type == "*" ? "any other" : $0.type, $0.plugin] })
            StandardStream.output.write(text)
            if row.faults != nil { throw ExitCode(ExitStatus.failed) }
        }
    }
}

/// What is shown of a provider.
struct ProviderRow {
    let manifest: ProviderManifest
    let place: String
    /// `ready`, or why the bank cannot be used.
    let state: String
    let format: BankFormat?
    /// The faults of the manifest that only using it brings to light.
    let faults: (list: DiagnosticList, sources: SourceMap)?

    init(_ manifest: ProviderManifest, _ registry: ProviderRegistry) async {
        self.manifest = manifest
        do {
            let location = try registry.bank(of: manifest)
            _ = try registry.plugins(of: manifest)
            place = location.place
            faults = nil
            do {
                format = try await location.open().format
                state = "ready"
            } catch BankError.noBank {
                format = nil
                state = "no bank yet"
            } catch {
                format = nil
                state = "\(error)"
            }
        } catch {
            if case ProviderError.faulty(let list, let sources) = error {
                faults = (list, sources)
            } else {
                faults = nil
            }
            place = "?"
            format = nil
            state = "faulty manifest"
        }
    }

    func printFaults() {
        guard let faults else { return }
        let renderer = TextRenderer(sources: faults.sources, color: StandardStream.error.isColored)
        StandardStream.error.write(renderer.render(faults.list.sorted))
    }

    var plugins: [String] { manifest.plugins.map(\.name.value) }

    var json: JSONObject {
        [
            "name": .string(manifest.name.value), "description": .string(manifest.description),
            "bank": [
                "plugin": .string(manifest.bankPlugin.value), "place": .string(place), "state": .string(state),
                "id": format.map { .string($0.id) } ?? .null,
                "consistency": format.map { .string($0.consistency.rawValue) } ?? .null,
            ],
            "plugins": .array(plugins.map { .string($0) }), "digest": .string(manifest.digest.description),
        ]
    }
}
