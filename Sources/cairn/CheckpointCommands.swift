import CommandLineSupport
import ArgumentParser
import CanonicalForm
import Manifests
import Checkpoints
import Engine
import RunReports
import YAMLSource
import Wording

/// `cairn checkpoints`
struct Checkpoints: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists and shows the checkpoints of a bank, and how they came about.",
        discussion: """
            EXAMPLES
              cairn checkpoints list --plan shop
              cairn checkpoints show --last
              cairn checkpoints journal --last
            """, subcommands: [List.self, Show.self, Journal.self])

    /// `cairn checkpoints list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists checkpoints, newest first.",
            discussion: """
                EXAMPLES
                  cairn checkpoints list
                  cairn checkpoints list --plan shop --status available --output json
                """)

        @OptionGroup var provider: ProviderChoice

        @Option(help: "Only those of this plan.")
        var plan: String?

        @Option(help: "Only those of this status: protecting, available, error, deleting, error-deleting, damaged.")
        var status: CheckpointStatus?

        @Option(help: "At most so many.")
        var limit: Int?

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            let opened = try await provider.open()
            let found = try await opened.collection.list(
                .init(plan: plan, provider: opened.manifest.name.value, status: status), limit: limit ?? .max)
            if output == .json {
                StandardStream.output.write(JSONValue.array(found.map { .object($0.json) }).prettyText)
                return
            }
            guard !found.isEmpty else {
                StandardStream.error.write("no checkpoints\n")
                return
            }
            StandardStream.output.write(
                Words.table(
                    ["CHECKPOINT", "PLAN", "CREATED", "STATUS", "RESOURCES", "STORED", "NOTE"],
                    found.map { summary in
                        let note =
                            !summary.message.isEmpty
                            ? summary.message
                            : summary.isRehearsal
                                ? "a rehearsal" : summary.warnings > 0 ? Words.count(summary.warnings, "warning") : ""
                        return [
                            summary.id.text, summary.plan, summary.created.description, summary.status.rawValue,
                            "\(summary.resources)", Words.bytes(summary.storedBytes), note,
                        ]
                    }))
        }
    }

    /// `cairn checkpoints show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one checkpoint, resource by resource.",
            discussion: """
                What is being protected, or was cut off, is shown as far as it came.

                EXAMPLES
                  cairn checkpoints show 7k3m
                  cairn checkpoints show --last --output json
                  cairn checkpoints show --last --output html > last-night.html
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var choice: CheckpointChoice

        @Option(help: "Print as text, json, markdown or html.")
        var output: ReportFormat = .text

        func run() async throws {
            let opened = try await provider.open()
            let id = try await choice.resolve(opened)
            guard let summary = try await opened.collection.summary(id) else {
                throw CheckpointError.unknown(id.text)
            }
            let report = try await RunReport.load(summary, opened.collection)
            StandardStream.output.write(report.rendered(as: output))
        }
    }
}

extension CheckpointStatus: ExpressibleByArgument {}

extension CheckpointSummary {
    var json: JSONObject {
        [
            "checkpoint": .string(id.text), "plan": .string(plan), "provider": .string(provider),
            "created": .string(created.description), "status": .string(status.rawValue),
            "resources": .integer(resources), "storedBytes": .integer(storedBytes), "warnings": .integer(warnings),
            "message": .string(message), "rehearsal": .bool(isRehearsal),
        ]
    }
}
