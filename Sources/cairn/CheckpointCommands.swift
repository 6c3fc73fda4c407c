import CommandLineSupport
import ArgumentParser
import CanonicalForm
import Manifests
import Checkpoints
import Engine
import PluginKit
import YAMLSource

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
                            summary.message.isEmpty && summary.warnings > 0
                            ? Words.count(summary.warnings, "warning") : summary.message
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
                EXAMPLES
                  cairn checkpoints show 7k3m
                  cairn checkpoints show --last --output json
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var choice: CheckpointChoice

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func run() async throws {
            let opened = try await provider.open()
            let id = try await choice.resolve(opened)
            guard let summary = try await opened.collection.summary(id) else {
                throw CheckpointError.unknown(id.text)
            }
            let report = try await CheckpointReport.load(summary, opened)
            switch output {
            case .json: StandardStream.output.write(JSONValue.object(report.json).prettyText)
            case .text: StandardStream.output.write(report.words)
            }
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
            "message": .string(message),
        ]
    }
}

/// What is shown of one checkpoint.
struct CheckpointReport {
    let summary: CheckpointSummary
    let commit: CommitRecord?
    /// The definitions that could be read, by resource.
    var definitions: [String: DefinitionRecord] = [:]
    /// The faults of those that could not.
    var faults: [String] = []

    static func load(_ summary: CheckpointSummary, _ opened: OpenedProvider) async throws -> Self {
        guard summary.status == .available || summary.status == .error,
            let commit = try await opened.collection.commit(summary.id)
        else { return CheckpointReport(summary: summary, commit: nil) }
        var report = CheckpointReport(summary: summary, commit: commit)
        let packs = DefinitionPacks(summary.id, commit, opened.collection)
        for (position, entry) in commit.resources.enumerated() {
            do {
                report.definitions[entry.resource] = try await packs.definitionIfSaved(position)
            } catch let error as ExecutionError {
                // Resources share a pack, and its fault is told once.
                if report.faults.last != error.description { report.faults.append(error.description) }
            }
        }
        return report
    }

    var json: JSONObject {
        var object = summary.json
        object["contentBytes"] = .integer(commit?.contentBytes ?? 0)
        object["finished"] = commit.map { .string($0.finished.description) } ?? .null
        object["failures"] = .array((commit?.failures ?? []).map(\.report))
        object["faults"] = .array(faults.map { .string($0) })
        object["resources"] = .array(
            (commit?.resources ?? []).map { entry in
                let definition = definitions[entry.resource]
                return [
                    "resource": .string(entry.resource), "status": .string(entry.status.rawValue),
                    "storedBytes": .integer(entry.bytes), "plugin": definition.map { .string($0.plugin) } ?? .null,
                    "definition": definition.map { .object($0.definition) } ?? .null,
                    "artifacts": .array(
                        (definition?.artifacts ?? []).map {
                            [
                                "name": .string($0.summary.name), "size": .integer($0.summary.size),
                                "digest": .string($0.summary.digest.description),
                            ]
                        }),
                    "warnings": .array(
                        (definition?.warnings.warnings ?? []).map {
                            [
                                "kind": .string($0.kind), "subject": .string($0.subject),
                                "message": .string($0.message),
                            ]
                        }), "warningCount": .integer(entry.warnings),
                ]
            })
        return object
    }

    var words: String {
        var facts = [
            ("checkpoint", summary.id.text), ("plan", summary.plan), ("provider", summary.provider),
            ("created", summary.created.description), ("finished", commit?.finished.description ?? "-"),
            ("status", summary.status.rawValue),
            ("content", "\(Words.bytes(commit?.contentBytes ?? 0)), stored in \(Words.bytes(summary.storedBytes))"),
        ]
        if !summary.message.isEmpty && commit == nil { facts.append(("note", summary.message)) }
        for failure in commit?.failures ?? [] { facts.append(("failed", failure.description)) }
        for fault in faults { facts.append(("damaged", fault)) }
        var text = Words.facts(facts)
        guard let commit else { return text }
        text += "\n"
        text += Words.table(
            ["RESOURCE", "STATUS", "PLUGIN", "STORED", "WARNINGS"],
            commit.resources.map {
                [
                    $0.resource, $0.status.rawValue, definitions[$0.resource]?.plugin ?? "-", Words.bytes($0.bytes),
                    "\($0.warnings)",
                ]
            })
        for entry in commit.resources {
            for warning in definitions[entry.resource]?.warnings.warnings ?? [] {
                text += Words.warning(entry.resource, warning) + "\n"
            }
        }
        return text
    }
}
