import Checkpoints
import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Manifests
import ProtectionService
import YAMLSource

/// `cairn bank`
struct BankCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bank", abstract: "Makes a provider's bank, looks at it and mends it.",
        discussion: """
            EXAMPLES
              cairn bank init --provider local
              cairn bank check --read-data
              cairn bank reindex --dry-run
              cairn bank sync shop --to offsite
            """, subcommands: [Initialize.self, Check.self, Reindex.self, Sync.self])

    /// `cairn bank init`
    struct Initialize: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Makes the bank of a provider.",
            discussion: """
                A bank is never made by itself: a bank that is not there may be a disk that is not mounted.

                EXAMPLES
                  cairn bank init --provider local
                """)

        @OptionGroup var provider: ProviderChoice

        @Option(help: "Print the result as text or json.")
        var output: OutputFormat = .text

        func run() async throws {
            let registry = try provider.providers.registry()
            let manifest = try registry.provider(provider.provider)
            let location = try registry.bank(of: manifest)
            let format = try await location.initialize(now: Timestamp.now())
            if output == .json {
                StandardStream.output.write(
                    JSONValue.object([
                        "provider": .string(manifest.name.value), "place": .string(location.place),
                        "id": .string(format.id), "consistency": .string(format.consistency.rawValue),
                    ]).prettyText)
            } else {
                StandardStream.error.write(
                    "bank \(format.id) made at \(location.place) (consistency: \(format.consistency.rawValue))\n")
            }
        }
    }
}
