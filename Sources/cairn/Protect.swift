import CommandLineSupport
import ArgumentParser
import Bank
import CanonicalForm
import Manifests
import Notifications
import Checkpoints
import Engine
import PlanIR
import ProtectionService
import YAMLSource
import Wording

/// `cairn protect`
struct Protect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Protects what a compiled plan names, and records a checkpoint.",
        discussion: """
            Prints the checkpoint's id. When anything fails, what was begun is undone, the checkpoint is recorded as \
            failed, and the exit code is 1. When all has succeeded, the plan's retention policy is applied, as by \
            'cairn retain'; when that fails, a notice says so, and the exit code stays 0.

            EXAMPLES
              cairn protect shop.ir
              cairn protect shop.ir --dry-run
              cairn protect shop.ir --label release=2.4 --note "before the move"
              cairn protect shop.ir --providers /etc/cairn/providers.d --jobs 8
              cairn protect shop.ir --output json | jq .checkpoint
            """)

    @OptionGroup var providers: ProviderOptions
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption
    @OptionGroup var retention: RetentionOption

    @Option(help: ArgumentHelp("Give the checkpoint this label (repeatable).", valueName: "key=value"))
    var label: [LabelArgument] = []

    @Option(help: ArgumentHelp("Give the checkpoint a note.", valueName: "text"))
    var note = ""

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The compiled plan, as 'cairnc compile' writes it.")
    var plan: String

    func validate() throws {
        try options.check(output)
        _ = try labels
    }

    /// Labels and note of the checkpoint to be made.
    private var labels: CheckpointLabels {
        get throws {
            var labels = CheckpointLabels()
            do {
                for label in label {
                    guard let value = label.value else {
                        throw ValidationError("--label \(label.key) has no value: write \(label.key)=VALUE.")
                    }
                    try labels.set(label.key, value)
                }
                try labels.setNote(note)
            } catch let error as AnnotationError {
                throw ValidationError("\(error).")
            }
            return labels
        }
    }

    func run() async throws {
        let labels = try labels
        let compiled = try CompiledPlan(reading: plan)
        if dryRun.dryRun { return try await preview(compiled) }
        let ir = compiled.ir
        let (providers, plan, retention) = (providers, plan, retention)
        let (report, retained) = try await RunSession.showing(options, quiet: output == .json) { session in
            let audience = Audience(.protect)
            audience.add(ir)
            let (report, environment) = try await session.telling(audience) {
                if ir.needsInventory { throw ExecutionError.needsInventory(plan: ir.plan) }
                let registry = try providers.registry(beside: plan)
                audience.add(try registry.provider(ir.provider.name))
                let opened = try await OpenedProvider(registry, ir.provider.name)
                for notice in opened.notices(for: ir) { session.note(notice) }
                let environment = session.environment(opened)
                let earlier = await opened.earlierCommit(of: ir.plan)
                let report = try await environment.leased {
                    try await ProtectOperation($0, ir: ir, irBytes: compiled.bytes).run(
                        earlier: earlier, labels: labels)
                }
                return (report, environment)
            } content: { report, environment in
                await NotificationContent(
                    report.commit, plan: ir.plan, provider: ir.provider.name, started: audience.started,
                    environment.collection)
            }
            return (
                report,
                await RetentionAfterRun.apply(
                    retention, ir, provider: ir.provider.name, after: report, environment)
            )
        }
        try report.finish(plan: ir.plan, retained, output, on: options.results)
    }
}

extension Protect: BankCommandResult {
    var hasResultInBank: Bool { !dryRun.dryRun && output == .text }
}

extension OpenedProvider {
    /// How the last good run of a plan ended, for its durations; a bank in which that cannot be found takes a new
    /// checkpoint all the same.
    func earlierCommit(of plan: String) async -> CommitRecord? {
        let filter = CheckpointCollection.Filter(plan: plan, provider: manifest.name.value)
        guard let last = try? await collection.last(filter, thorough: false).checkpoint else { return nil }
        return try? await collection.commit(last.id)
    }

    /// What to say before a plan is run: when the provider's manifest is not the one that it was compiled against, and
    /// when it saves the bank into itself.
    func notices(for ir: PlanIR) -> [String] {
        var notices: [String] = []
        if manifest.digest != ir.provider.digest {
            notices.append(
                "the manifest of the provider '\(ir.provider.name)' has changed since the plan was compiled; "
                    + "its bank is used, its parameters are those of the compiled plan")
        }
        let place = collection.bank.place
        for resource in ir.resources {
            guard let path = resource.properties["path"]?.stringValue, path.hasPrefix("/") else { continue }
            let directory = path.hasSuffix("/") ? path : path + "/"
            if (place + "/").hasPrefix(directory) {
                notices.append(
                    "the bank at \(place) lies within '\(resource.identity)': unless the plan excludes it, "
                        + "each checkpoint saves all those before it")
            }
        }
        return notices
    }
}

extension ProtectReport {
    func json(plan: String) -> JSONObject {
        [
            "checkpoint": .string(checkpoint.text), "plan": .string(plan), "status": .string(commit.status.rawValue),
            "contentBytes": .integer(commit.contentBytes), "storedBytes": .integer(commit.storedBytes),
            "warnings": .integer(commit.warningCount), "failures": .array(commit.failures.map(\.report)),
            "resources": .array(
                commit.resources.map {
                    [
                        "resource": .string($0.resource), "status": .string($0.status.rawValue),
                        "storedBytes": .integer($0.bytes), "warnings": .integer($0.warnings),
                    ]
                }),
        ]
    }

    func words(plan: String) -> String {
        if commit.status == .available {
            return
                "checkpoint \(checkpoint.text) of plan '\(plan)' is available: \(Words.count(commit.resources.count, "resource")), \(Words.bytes(commit.contentBytes)) protected in \(Words.bytes(commit.storedBytes))\(commit.warningCount > 0 ? ", \(Words.count(commit.warningCount, "warning"))" : "")\n"
        }
        var text = "checkpoint \(checkpoint.text) of plan '\(plan)' failed:\n"
        for failure in commit.failures { text += "  \(Words.harmless(failure))\n" }
        return text
    }
}

extension ResourceFailure {
    var report: JSONValue {
        ["resource": .string(resource), "hook": .string(hook), "message": .string(message)]
    }
}
