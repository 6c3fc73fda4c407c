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
        abstract: "Lists, shows, labels and pins the checkpoints of a bank.",
        discussion: """
            EXAMPLES
              cairn checkpoints list --plan shop
              cairn checkpoints show --last
              cairn checkpoints journal --last
              cairn checkpoints label 7k3m release=2.4
              cairn checkpoints pin 7k3m --reason "before the move"
            """,
        subcommands: [
            List.self, Show.self, Journal.self, Reset.self, Label.self, Note.self, Pin.self, Unpin.self,
        ])

    /// `cairn checkpoints list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists checkpoints, newest first.",
            discussion: """
                With --limit, a line on standard error says how to see the next page. As JSON, the listing is an array; \
                with --paged or --after it is an object with 'checkpoints' and 'next', the cursor of the next page or \
                null. A cursor is a place in time: pages stay right while checkpoints come and go.

                EXAMPLES
                  cairn checkpoints list
                  cairn checkpoints list --plan shop --status available --since 2026-11-01
                  cairn checkpoints list --label release=2.4 --output json
                  cairn checkpoints list --limit 50 --paged --output json
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var filter: ListFilter

        @Flag(help: "Begin with the oldest one.")
        var oldestFirst = false

        @Option(help: "At most so many.")
        var limit: Int?

        @Option(help: ArgumentHelp("Go on behind this place, as the page before has named it.", valueName: "cursor"))
        var after: String?

        @Flag(help: "With --output json: print an object with the cursor of the next page.")
        var paged = false

        @Option(help: "Print as text or json.")
        var output: OutputFormat = .text

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
            if let after, CheckpointCollection.Cursor(after) == nil {
                throw ValidationError("--after takes a cursor that 'cairn checkpoints list --limit' has printed.")
            }
        }

        func run() async throws {
            let opened = try await provider.open()
            let page = try await opened.collection.page(
                filter.filter(provider: opened.manifest.name.value), order: oldestFirst ? .oldestFirst : .newestFirst,
                after: after.flatMap { CheckpointCollection.Cursor($0) }, limit: limit ?? .max, annotated: true)
            for fault in page.checkpoints.flatMap(\.annotations.faults) {
                StandardStream.error.write("warning: \(Words.harmless(fault))\n")
            }
            if let notice = page.indices.notice { StandardStream.error.write("warning: \(notice)\n") }
            switch output {
            case .json:
                let list = JSONValue.array(page.checkpoints.map { .object($0.json) })
                let next = page.next.map { JSONValue.string($0.description) } ?? .null
                StandardStream.output.write(
                    (paged || after != nil ? ["checkpoints": list, "next": next] : list).prettyText)
            case .text:
                if page.checkpoints.isEmpty {
                    // Where the indices are lost, that is what there is to say.
                    if !page.indices.isLost { StandardStream.error.write("no checkpoints\n") }
                } else {
                    StandardStream.output.write(page.table)
                }
            }
            if let next = page.next { StandardStream.error.write("there are more: --after \(next)\n") }
        }
    }

    /// `cairn checkpoints show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one checkpoint, resource by resource.",
            discussion: """
                What is being protected, or was cut off, is shown as far as it came. --last is the newest checkpoint of \
                all, however it ended: after a night that failed, it is the one that failed.

                EXAMPLES
                  cairn checkpoints show 7k3m
                  cairn checkpoints show --last --output json
                  cairn checkpoints show --last --output html > last-night.html
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var choice: ReportChoice

        @Option(help: "Print as text, json, markdown or html.")
        var output: ReportFormat = .text

        func run() async throws {
            let opened = try await provider.open()
            let id = try await choice.resolve(opened)
            guard let summary = try await opened.collection.summary(id) else {
                throw CheckpointError.unknown(id.text)
            }
            var report = try await RunReport.load(summary, opened.collection)
            await report.addOrigin(summary, opened.collection)
            report.add(try await opened.collection.legibleAnnotations(id))
            report.note = ProposedCommands.naming(report.note)
            StandardStream.output.write(report.rendered(as: output))
        }
    }
}

extension CheckpointCollection.Page {
    /// The page as a table; labels have a column when there are any.
    var table: String {
        let hasLabels = checkpoints.contains { !$0.annotations.labels.isEmpty }
        return Words.table(
            ["CHECKPOINT", "PLAN", "CREATED", "STATUS", "RESOURCES", "STORED"] + (hasLabels ? ["LABELS"] : [])
                + ["NOTE"],
            checkpoints.map { checkpoint in
                let summary = checkpoint.summary
                return [
                    summary.id.text, summary.plan, summary.created.description, summary.status.rawValue,
                    "\(summary.resources)", Words.bytes(summary.storedBytes),
                ] + (hasLabels ? [checkpoint.annotations.labelWords] : []) + [checkpoint.remark]
            })
    }
}

extension ListedCheckpoint {
    var json: JSONObject {
        var object = summary.json
        for member in annotations.json.members { object[member.key] = member.value }
        return object
    }

    /// What stands in the last column: what is wrong, that it is pinned, and what people noted.
    var remark: String {
        var parts = [ProposedCommands.naming(summary.message)]
        if summary.message.isEmpty, summary.warnings > 0 { parts = [Words.count(summary.warnings, "warning")] }
        if summary.isRehearsal { parts.insert("a rehearsal", at: 0) }
        if annotations.isPinned { parts.insert("pinned", at: 0) }
        parts.append(annotations.note.split(separator: "\n").first.map(String.init) ?? "")
        return parts.filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

extension CheckpointAnnotations {
    var json: JSONObject { RunReport.json(self) }

    /// `key=value, key=value`
    var labelWords: String { texts.words }
}

extension CheckpointSummary {
    var json: JSONObject {
        [
            "checkpoint": .string(id.text), "plan": .string(plan), "provider": .string(provider),
            "created": .string(created.description), "status": .string(status.rawValue),
            "resources": .integer(resources), "storedBytes": .integer(storedBytes), "warnings": .integer(warnings),
            "message": .string(ProposedCommands.naming(message)), "rehearsal": .bool(isRehearsal),
        ]
    }
}
