import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import Engine
import Glibc
import PlanIR
import PluginKit
import ProtectionService
import Wording

/// Which resources of a checkpoint an operation is about, and with what parameters.
struct RequestOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only this resource, with its dependents: its id, or TYPE#ID (repeatable).", valueName: "resource"))
    var only: [String] = []

    @Option(
        help: ArgumentHelp(
            "Set a parameter of the operation: KEY=VALUE, TYPE.KEY=VALUE or TYPE#ID.KEY=VALUE (repeatable).",
            discussion: "The value is YAML or JSON. It goes before what plan and provider say.", valueName: "assignment"
        ),
        transform: ParameterAssignment.argument)
    var set: [ParameterAssignment] = []

    /// What is asked for of a checkpoint; throws `RequestError` before anything is begun.
    func request(
        _ kind: OperationKind, of checkpoint: LoadedCheckpoint, _ opened: OpenedProvider,
        target: RestoreTarget = RestoreTarget(directory: nil, overwrite: false)
    ) throws -> OperationRequest {
        let resources = try checkpoint.ir.resources(named: only)
        return OperationRequest(
            target: target, resources: resources,
            parameters: try ParameterAssignments.check(
                set, for: kind, of: checkpoint.ir, resources: resources, opened.provided))
    }
}

extension ParameterAssignment {
    static func argument(_ text: String) throws -> ParameterAssignment {
        do { return try ParameterAssignment(argument: text) } catch { throw ValidationError("\(error).") }
    }
}

/// `cairn restore`
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restores a checkpoint, to the original places or below a directory.",
        discussion: """
            Nothing that exists is overwritten unless --overwrite says so. Every artifact is checked before it is \
            used, and at the end what was restored is compared with what was saved. With --to DIR, /srv/shop goes to \
            DIR/srv/shop. A restore that failed or was cut off goes on with 'cairn resume OPERATION'.

            EXAMPLES
              cairn restore --last --to /tmp/restored --dry-run
              cairn restore --last --to /tmp/restored
              cairn restore 7k3m --overwrite
              cairn restore --latest --plan shop --before 2026-11-22T13:24+01:00
              cairn restore 7k3m --only uploads --only Host::PostgreSQL::Database#shopdb
              cairn restore 7k3m --set restart=false
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var choice: CheckpointChoice
    @OptionGroup var wanted: RequestOptions
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption

    @Option(help: "Restore below this directory instead of to the original places.")
    var to: String?

    @Flag(help: "Replace what exists.")
    var overwrite = false

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    func validate() throws { try options.check(output) }

    func run() async throws {
        let target = RestoreTarget(directory: try to.map(absolute), overwrite: overwrite)
        let (checkpoint, opened) = try await openCheckpoint(provider, choice)
        let request = try wanted.request(.restore, of: checkpoint, opened, target: target)
        if dryRun.dryRun {
            let dryRun = DryRun(plugins: opened.plugins, jobs: options.jobs ?? 4)
            return try await dryRun.restore(checkpoint, request, from: opened.collection).show(output)
        }
        let report = try await ProgressDisplay.showing(options, opened, quiet: output == .json) { environment in
            try await environment.leasedIfPossible {
                try await RestoreOperation.restore(checkpoint, request, $0).run()
            }
        }
        try report.finish(output)
    }

    private func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return path }
        guard !path.isEmpty, let current = getcwd(nil, 0) else {
            throw MessageFailure("--to needs a directory")
        }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}

/// `cairn verify`
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads a checkpoint back from the bank and checks that it could be restored.",
        discussion: """
            Every record and every byte of every artifact is read and checked against its digest, and each plugin \
            checks what it saved. Nothing is changed; the bank keeps a record of how it went.

            EXAMPLES
              cairn verify --last
              cairn verify 7k3m --output json
              cairn verify --last --only uploads --set level=digests
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var choice: CheckpointChoice
    @OptionGroup var wanted: RequestOptions
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    func validate() throws { try options.check(output) }

    func run() async throws {
        let (checkpoint, opened) = try await openCheckpoint(provider, choice)
        let request = try wanted.request(.verify, of: checkpoint, opened)
        if dryRun.dryRun {
            let dryRun = DryRun(plugins: opened.plugins, jobs: options.jobs ?? 4)
            return try await dryRun.verify(checkpoint, request, from: opened.collection).show(output)
        }
        let report = try await ProgressDisplay.showing(options, opened, quiet: output == .json) { environment in
            try await environment.leasedIfPossible {
                try await RestoreOperation.verify(checkpoint, request, $0).run()
            }
        }
        try report.finish(output)
    }
}

/// Opens a checkpoint that can be restored; throws with its status when it cannot.
func openCheckpoint(
    _ provider: ProviderChoice, _ choice: CheckpointChoice
) async throws -> (LoadedCheckpoint, OpenedProvider) {
    let opened = try await provider.open()
    let id = try await choice.resolve(opened)
    guard let summary = try await opened.collection.summary(id) else {
        throw CheckpointError.unknown(id.text)
    }
    guard summary.status == .available else {
        if summary.status == .damaged { throw MessageFailure(summary.message) }
        throw CheckpointError.wrongStatus(id, summary.status, wanted: "available", reason: summary.message)
    }
    return (try await LoadedCheckpoint.load(id, from: opened.collection), opened)
}

extension OperationReport {
    /// Prints how it went, and exits accordingly.
    func finish(_ output: OutputFormat) throws {
        switch output {
        case .json: StandardStream.output.write(JSONValue.object(json).prettyText)
        case .text: StandardStream.error.write(words)
        }
        if wasCancelled { throw ExitCode(ExitStatus.cancelled) }
        if commit.status != .success { throw ExitCode(ExitStatus.failed) }
    }

    var json: JSONObject {
        [
            "operation": .string(kind.rawValue), "id": .string(commit.id.text),
            "checkpoint": .string(checkpoint.text), "plan": .string(plan), "status": .string(commit.status.rawValue),
            "contentBytes": .integer(contentBytes), "milliseconds": .integer(milliseconds),
            "target": target.directory.map { .string($0) } ?? .null, "recorded": .bool(isRecorded),
            "resume": resumeCommand.map { .string($0) } ?? .null,
            "failures": .array(commit.failures.map(\.report)),
            "damaged": .array(
                damaged.map { ["object": .string($0.key.text), "reason": .string($0.reason)] }),
            "resources": .array(
                commit.resources.map {
                    [
                        "resource": .string($0.resource), "status": .string($0.status.rawValue),
                        "state": .string($0.state(kind).rawValue), "contentBytes": .integer($0.contentBytes),
                        "message": .string($0.message), "warnings": .integer($0.warnings.count),
                    ]
                }),
        ]
    }

    /// What goes on with it, where something does.
    var resumeCommand: String? {
        kind == .restore && isRecorded && commit.status == .fail ? "cairn resume \(commit.id.text)" : nil
    }

    /// What is not among the failures, which are told before.
    private func note(on entry: OperationCommit.ResourceEntry) -> String {
        if entry.status == .success { return "" }
        let isFailure = commit.failures.contains { $0.resource == entry.resource }
        return isFailure ? "failed, see above" : Words.harmless(entry.message)
    }

    var words: String {
        let done = kind == .restore ? "restored and compared" : "verified"
        if commit.status == .success {
            let warnings = commit.resources.reduce(0) { $0 + $1.warnings.count }
            return
                "checkpoint \(checkpoint.text) of plan '\(plan)' \(done): \(Words.count(commit.resources.count, "resource")), \(Words.bytes(contentBytes))\(warnings > 0 ? ", \(Words.count(warnings, "warning"))" : "")\n"
        }
        var text = "\(kind.rawValue) of checkpoint \(checkpoint.text) failed:\n"
        for failure in commit.failures { text += "  \(Words.harmless(failure))\n" }
        let whole = commit.resources.filter { $0.status == .success }.count
        text += "\(whole) of \(Words.count(commit.resources.count, "resource")) \(done)\n"
        guard kind == .restore else { return text }
        text += Words.table(
            ["RESOURCE", "NOW", "NOTE"],
            commit.resources.map {
                [$0.resource, $0.state(kind).words, note(on: $0)]
            })
        if let resumeCommand {
            text += "mend what failed, then: \(resumeCommand)\n"
            text += "it goes on where this restore stopped, and needs no --overwrite\n"
        } else {
            text +=
                "the bank has no record of this restore, so it cannot be resumed: mend what failed, and restore again\n"
        }
        return text
    }
}

/// What is known of a resource after a restore or a verification.
enum ResourceCondition: String {
    /// It is as it was saved.
    case whole
    /// It was begun and is not whole.
    case partial
    /// Nothing of it was begun: its place is as it was.
    case untouched
    /// A verification found it not to be restorable.
    case unsound

    var words: String {
        switch self {
        case .whole: "whole"
        case .partial: "NOT whole"
        case .untouched: "untouched"
        case .unsound: "unsound"
        }
    }
}

extension OperationCommit.ResourceEntry {
    func state(_ kind: OperationKind) -> ResourceCondition {
        if status == .success { return .whole }
        if kind != .restore { return .unsound }
        return isBegun ? .partial : .untouched
    }
}
