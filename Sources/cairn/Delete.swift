import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import Engine
import PluginKit
import Wording

/// `cairn delete`
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deletes a checkpoint and everything of it in the bank.",
        discussion: """
            A deletion that failed or was interrupted is finished by deleting again.

            EXAMPLES
              cairn delete 7k3m --dry-run
              cairn delete 7k3m
            """)

    @OptionGroup var chosen: OneCheckpoint

    @Flag(help: "Say what would be deleted, and delete nothing.")
    var dryRun = false

    @Flag(help: "Delete also what is damaged or still protecting, and go on when a plugin fails.")
    var force = false

    func run() async throws {
        let (opened, id) = try await chosen.open(toFree: !dryRun)
        let output = chosen.output
        if dryRun {
            try await describe(id, opened)
            return
        }
        let force = force
        let report = try await chosen.showing(opened) { environment in
            try await environment.leasedToFree { environment in
                try await DeleteOperation(environment, checkpoint: id, force: force, isGone: environment.ownerWatch())
                    .run()
            }
        }
        let failures = report.failures
        if output == .json {
            StandardStream.output.write(
                JSONValue.object([
                    "checkpoint": .string(id.text), "status": .string(report.status.rawValue),
                    "failures": .array(failures.map(\.report)),
                ]).prettyText)
        }
        guard failures.isEmpty else {
            if output == .text {
                StandardStream.error.write("checkpoint \(id.text) could not be deleted:\n")
                for failure in failures { StandardStream.error.write("  \(Words.harmless(failure))\n") }
                StandardStream.error.write("delete it again, or use --force\n")
            }
            throw ExitCode(ExitStatus.failed)
        }
        guard output == .text else { return }
        let minutes = DeleteOperation.listingMargin / 60_000
        StandardStream.error.write(
            report.status == .deleted
                ? "checkpoint \(id.text) is deleted\n"
                : ProposedCommands.naming(
                    "checkpoint \(id.text) is marked and counts no more; 'cairn gc' removes it in \(minutes) minutes, "
                        + "when every listing of the bank shows the mark\n"))
    }

    private func describe(_ id: CheckpointID, _ opened: OpenedProvider) async throws {
        guard let summary = try await opened.collection.summary(id) else {
            throw CheckpointError.unknown(id.text)
        }
        let report = await DryRun(plugins: opened.plugins, jobs: chosen.options.jobs ?? 4).delete(
            summary, force: force, from: opened.collection,
            isGone: opened.quietEnvironment(jobs: 1).ownerGlance())
        let objects = try await opened.collection.bank.allKeys(below: CheckpointKeys(id).all).count
        if chosen.output == .json {
            var object = summary.json
            for member in report.json.members where member.key != "resources" { object[member.key] = member.value }
            object["objects"] = .integer(Int64(objects))
            StandardStream.output.write(JSONValue.object(object).prettyText)
            if report.count(.unmet) > 0 { throw ExitCode(ExitStatus.failed) }
            return
        }
        StandardStream.error.write(
            "would delete checkpoint \(id.text) of plan '\(summary.plan)', \(summary.status.rawValue), made \(summary.created): \(Words.count(objects, "object")), \(Words.bytes(summary.storedBytes))\n"
        )
        try report.show(.text)
    }
}

extension Delete: BankCommandResult {
    var hasResultInBank: Bool { !dryRun && chosen.output == .text }
}
