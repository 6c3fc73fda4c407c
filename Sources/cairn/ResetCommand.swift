import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine

extension Checkpoints {
    /// `cairn checkpoints reset`
    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Leads a checkpoint out of a state in which someone has left it.",
            discussion: """
                A checkpoint whose deletion broke off before anything was removed is available again. One whose executor is \
                gone is given up: what it left behind is undone, and it is recorded as failed. Everything is checked before; \
                what cannot be reset says why, and which command helps.

                EXAMPLES
                  cairn checkpoints reset 7k3m --dry-run
                  cairn checkpoints reset 7k3m
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var options: RunOptions

        @Flag(help: "Say what would become of it, and change nothing.")
        var dryRun = false

        @Option(help: "Print the result as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "The checkpoint's id, or a beginning of it that no other has.")
        var checkpoint: String

        func validate() throws { try options.check(output) }

        func run() async throws {
            let opened = try await provider.open()
            let id = try await opened.collection.resolve(prefix: checkpoint)
            let dryRun = dryRun
            let status = try await ProgressDisplay.showing(options, opened, quiet: output == .json) { environment in
                if dryRun {
                    return try await ResetOperation(environment, checkpoint: id, isGone: environment.ownerWatch())
                        .run(dryRun: true)
                }
                return try await environment.leased { environment in
                    try await ResetOperation(environment, checkpoint: id, isGone: environment.ownerWatch()).run()
                }
            }
            switch output {
            case .json:
                StandardStream.output.write(
                    JSONValue.object([
                        "checkpoint": .string(id.text), "status": .string(status.rawValue), "dryRun": .bool(dryRun),
                    ]).prettyText)
            case .text:
                StandardStream.error.write(
                    "checkpoint \(id.text) \(dryRun ? "would be" : "is") '\(status.rawValue)'\(dryRun ? "" : " again")\n"
                )
            }
        }
    }
}
