import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import Engine
import Glibc
import PlanIR
import PluginKit
import Wording

/// `cairn restore`
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restores a checkpoint, to the original places or below a directory.",
        discussion: """
            Nothing that exists is overwritten unless --overwrite says so. Every artifact is checked before it is \
            used, and at the end what was restored is compared with what was saved. With --to DIR, /srv/shop goes to \
            DIR/srv/shop.

            EXAMPLES
              cairn restore --last --to /tmp/restored --dry-run
              cairn restore --last --to /tmp/restored
              cairn restore 7k3m --overwrite
              cairn restore --last --plan shop
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var choice: CheckpointChoice
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
        if dryRun.dryRun {
            let (checkpoint, opened) = try await openCheckpoint(provider, choice)
            let dryRun = DryRun(plugins: opened.plugins, jobs: options.jobs ?? 4)
            return try await dryRun.restore(checkpoint, to: target, from: opened.collection).show(output)
        }
        try await runOperation(provider, choice, options, output) { checkpoint, environment in
            try await environment.leasedIfPossible {
                try await RestoreOperation.restore(checkpoint, to: target, $0).run()
            }
        }
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
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var choice: CheckpointChoice
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    func validate() throws { try options.check(output) }

    func run() async throws {
        if dryRun.dryRun {
            let (checkpoint, opened) = try await openCheckpoint(provider, choice)
            let dryRun = DryRun(plugins: opened.plugins, jobs: options.jobs ?? 4)
            return try await dryRun.verify(checkpoint, from: opened.collection).show(output)
        }
        try await runOperation(provider, choice, options, output) { checkpoint, environment in
            try await environment.leasedIfPossible { try await RestoreOperation.verify(checkpoint, $0).run() }
        }
    }
}

/// Opens a checkpoint that can be restored; throws with its status when it cannot.
private func openCheckpoint(
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

/// Opens the checkpoint, runs a restore or a verification on it, prints how it went, and exits accordingly.
private func runOperation(
    _ provider: ProviderChoice, _ choice: CheckpointChoice, _ options: RunOptions, _ output: OutputFormat,
    _ operation: @escaping @Sendable (LoadedCheckpoint, ExecutionEnvironment) async throws -> OperationReport
) async throws {
    let (checkpoint, opened) = try await openCheckpoint(provider, choice)
    let report = try await ProgressDisplay.showing(options, opened, quiet: output == .json) { environment in
        try await operation(checkpoint, environment)
    }
    switch output {
    case .json: StandardStream.output.write(JSONValue.object(report.json).prettyText)
    case .text: StandardStream.error.write(report.words)
    }
    if report.wasCancelled { throw ExitCode(ExitStatus.cancelled) }
    if report.commit.status != .success { throw ExitCode(ExitStatus.failed) }
}

extension OperationReport {
    var json: JSONObject {
        [
            "operation": .string(kind.rawValue), "id": .string(commit.id.text),
            "checkpoint": .string(checkpoint.text), "plan": .string(plan), "status": .string(commit.status.rawValue),
            "contentBytes": .integer(contentBytes), "failures": .array(commit.failures.map(\.report)),
            "damaged": .array(
                damaged.map { ["object": .string($0.key.text), "reason": .string($0.reason)] }),
            "resources": .array(
                commit.resources.map {
                    [
                        "resource": .string($0.resource), "status": .string($0.status.rawValue),
                        "message": .string($0.message), "warnings": .integer($0.warnings.count),
                    ]
                }),
        ]
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
        return text
    }
}
