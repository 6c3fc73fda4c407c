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

        @OptionGroup var chosen: OneCheckpoint

        @Flag(help: "Say what would become of it, and change nothing.")
        var dryRun = false

        func run() async throws {
            let (opened, id) = try await chosen.open()
            let dryRun = dryRun
            let status = try await chosen.showing(opened) { environment in
                if dryRun {
                    return try await ResetOperation(environment, checkpoint: id, isGone: environment.ownerWatch())
                        .run(dryRun: true)
                }
                return try await environment.leased { environment in
                    try await ResetOperation(environment, checkpoint: id, isGone: environment.ownerWatch()).run()
                }
            }
            switch chosen.output {
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

extension Checkpoints.Reset: BankCommandResult {
    var hasResultInBank: Bool { !dryRun && chosen.output == .text }
}
