import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Diagnostics
import Checkpoints
import Engine
import PluginKit
import ProtectionService
import Wording

/// `cairn doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks whether all is there that a provider needs, and what crashes have left.",
        discussion: """
            Reads the provider's manifest, asks its plugins for what they need of this host, and looks at the bank: \
            rights, room, clocks, indices, and checkpoints that nobody works on any more, with the command that mends \
            each. It changes nothing. The exit code is 1 when something is unmet.

            EXAMPLES
              cairn doctor local
              cairn doctor --output json
            """)

    @OptionGroup var providers: ProviderOptions

    @Option(help: "Print as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The provider; needed when there are several.")
    var name: String?

    func run() async throws {
        let registry = try providers.registry()
        let (faults, sources) = registry.unreadable
        if !faults.all.isEmpty {
            StandardStream.error.write(
                TextRenderer(sources: sources, color: StandardStream.error.isColored).render(faults.sorted))
        }
        let report = await Doctor(
            registry, owner: OwnerProcess.current(), hasEnded: OwnerProcess.hasEnded, now: Timestamp.now()
        ).examine(name)
        if let name = report.provider, registry.manifests.count > 1 { ProposedCommands.areAbout(name) }
        switch output {
        case .json: StandardStream.output.write(JSONValue.object(report.json).prettyText)
        case .text: StandardStream.output.write(report.words)
        }
        if report.count(.unmet) > 0 { throw ExitCode(ExitStatus.failed) }
    }
}

extension DoctorReport {
    var json: JSONObject {
        [
            "provider": provider.map { .string($0) } ?? .null, "unmet": .integer(Int64(count(.unmet))),
            "doubtful": .integer(Int64(count(.doubtful))),
            "findings": .array(
                findings.map { finding in
                    var object = finding.precondition.json
                    object["bankBytes"] = nil
                    object["area"] = .string(finding.area.words)
                    object["advice"] = .string(ProposedCommands.naming(finding.precondition.advice))
                    return .object(object)
                }),
        ]
    }

    var words: String {
        Words.table(
            ["STATE", "ABOUT", "FINDING"],
            findings.map {
                [$0.precondition.state.rawValue, $0.area.words, ProposedCommands.naming($0.precondition.words)]
            })
            + Precondition.tally(met: count(.met), doubtful: count(.doubtful), unmet: count(.unmet)) + "\n"
    }
}
