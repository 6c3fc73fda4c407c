import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import Engine
import PlanIR
import PluginKit
import RunReports
import Wording

/// `cairn operations`
struct Operations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists and shows the restores and verifications that were run.",
        discussion: """
            Protect runs are checkpoints: see 'cairn checkpoints'.

            EXAMPLES
              cairn operations list
              cairn operations show 4q0n
            """, subcommands: [List.self, Show.self])

    /// `cairn operations list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists restores and verifications, newest first.",
            discussion: """
                EXAMPLES
                  cairn operations list --limit 10
                  cairn operations list --output json
                """)

        @OptionGroup var provider: ProviderChoice

        @Option(help: "At most so many.")
        var limit: Int?

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            let found = try await provider.open().collection.operations(limit: limit ?? .max)
            if output == .json {
                StandardStream.output.write(JSONValue.array(found.map { .object($0.json) }).prettyText)
                return
            }
            guard !found.isEmpty else {
                StandardStream.error.write("no restores or verifications\n")
                return
            }
            StandardStream.output.write(
                Words.table(
                    ["OPERATION", "KIND", "CHECKPOINT", "PLAN", "STARTED", "TO", "STATUS", "NOTE"],
                    found.map {
                        [
                            $0.id.text, $0.index?.kind ?? "?", $0.index?.checkpoint.text ?? "?", $0.index?.plan ?? "?",
                            $0.index?.started.description ?? "?", $0.target, $0.status.rawValue, $0.note,
                        ]
                    }))
        }
    }

    /// `cairn operations show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one restore or verification, resource by resource.",
            discussion: """
                EXAMPLES
                  cairn operations show 4q0n
                  cairn operations show 4q0n --output json
                """)

        @OptionGroup var provider: ProviderChoice

        @Option(help: "Print as text, json, markdown or html.")
        var output: ReportFormat = .text

        @Argument(help: "The operation's id, or a beginning of it that no other has.")
        var operation: String

        func run() async throws {
            let collection = try await provider.open().collection
            let report = try await RunReport.load(try await collection.operation(prefix: operation), collection)
            StandardStream.output.write(report.rendered(as: output))
        }
    }
}

extension OperationSummary {
    /// Where it restores to, in words.
    var target: String {
        guard let index, index.kind == OperationKind.restore.rawValue else { return "-" }
        guard index.saysTarget else { return "?" }
        let part = index.only.isEmpty ? "" : " (\(Words.count(index.only.count, "resource")))"
        return Words.harmless(index.target ?? "original places") + part
    }

    /// How it came out, and what goes on with it.
    var note: String {
        guard let commit, status == .fail, isResumable else {
            return isResumable ? ProposedCommands.naming("\(message); 'cairn resume \(id)' goes on") : message
        }
        let whole = commit.resources.filter { $0.status == .success }.count
        return ProposedCommands.naming(
            "\(whole) of \(commit.resources.count) whole; \(message); 'cairn resume \(id)' goes on")
    }

    var json: JSONObject {
        [
            "id": .string(id.text), "operation": index.map { .string($0.kind) } ?? .null,
            "checkpoint": index.map { .string($0.checkpoint.text) } ?? .null,
            "plan": index.map { .string($0.plan) } ?? .null,
            "started": index.map { .string($0.started.description) } ?? .null,
            "finished": commit.map { .string($0.finished.description) } ?? .null,
            "status": .string(status.rawValue), "message": .string(message),
            "target": index?.target.map { .string($0) } ?? .null, "overwrite": .bool(index?.overwrite ?? false),
            "only": .array((index?.only ?? []).map { .string($0) }),
            "parameters": .array((index?.parameters ?? []).map(\.json)),
            "beginnings": .integer(Int64(standing?.epochs.count ?? 0)),
            "resume": isResumable && index?.saysTarget == true
                ? .string(ProposedCommands.whole("cairn resume \(id)")) : .null,
            "failures": .array((commit?.failures ?? []).map(\.report)),
            "resources": .array(
                (commit?.resources ?? []).map { entry in
                    [
                        "resource": .string(entry.resource), "status": .string(entry.status.rawValue),
                        "begun": .bool(entry.isBegun),
                        "message": .string(entry.message), "warningCount": .integer(entry.warnings.count),
                        "warnings": .array(
                            entry.warnings.warnings.map {
                                [
                                    "kind": .string($0.kind), "subject": .string($0.subject),
                                    "message": .string($0.message),
                                ]
                            }),
                    ]
                }),
        ]
    }
}
