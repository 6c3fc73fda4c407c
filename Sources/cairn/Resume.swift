import ArgumentParser
import Bank
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import Manifests
import Notifications
import PlanIR
import ProtectionService
import Wording
import YAMLSource

/// `cairn resume`
struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finishes a protect run, a copy, a restore or a verification that was cut off.",
        discussion: """
            What was finished is not done again. What was cut off is, after what it had left behind, such as a service \
            that stands still, was undone. A service whose quiet time was cut off is quieted again, and everything \
            below it is saved again, so that it is all of one moment. Works on any host that reaches the bank and what \
            is protected. When all has succeeded, the plan's retention policy is applied. A copy goes on from the bank \
            that it was begun from. A restore that failed is gone on with, too: what it has restored is not restored \
            again, and what it has left half done itself is replaced, without --overwrite. --last takes the newest of all \
            that was cut off, and says what that is; what belongs to a rehearsal is not among it.

            EXAMPLES
              cairn resume 7k3m
              cairn resume 4q0n
              cairn resume --last
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var options: RunOptions
    @OptionGroup var retention: RetentionOption

    @Flag(help: "The newest protect run, copy, restore or verification that was cut off.")
    var last = false

    @Option(help: "With --last: of this plan.", transform: PlanName.read)
    var plan: String?

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The id of a checkpoint, a restore or a verification, or a beginning of it that no other has.")
    var checkpoint: String?

    func validate() throws {
        if last == (checkpoint != nil) { throw ValidationError("Name a checkpoint by its id, or say --last.") }
        if plan != nil && !last { throw ValidationError("--plan goes with --last.") }
        try options.check(output)
    }

    func run() async throws {
        let opened = try await provider.open()
        let id: CheckpointID
        switch try await resolve(opened) {
        case .checkpoint(let checkpoint): id = checkpoint
        case .operation(let operation): return try await resumeRestore(operation, opened)
        }
        let index = try await opened.collection.index(id)
        if let origin = index.origin { return try await copy(id, from: origin) }
        let earlier = await opened.earlierCommit(of: index.plan)
        let ir = try await LoadedCheckpoint.loadIR(index, from: opened.collection)
        let retention = retention
        let (report, retained) = try await RunSession.showing(options, quiet: output == .json) { session in
            let audience = Audience(.protect)
            audience.add(ir)
            audience.add(opened.manifest)
            audience.add(id)
            let environment = session.environment(opened)
            let report = try await session.telling(audience) {
                try await environment.leased { environment in
                    try await ResumeOperation(environment, checkpoint: id, isGone: environment.ownerWatch())
                        .run(earlier: earlier)
                }
            } content: { report in
                await NotificationContent(
                    report.commit, plan: ir.plan, provider: index.provider, started: index.created, opened.collection)
            }
            return (
                report,
                await RetentionAfterRun.apply(retention, ir, provider: index.provider, after: report, environment)
            )
        }
        try report.finish(plan: index.plan, retained, output, on: options.results)
    }

    /// Goes on with a copy that was broken off.
    private func copy(_ id: CheckpointID, from origin: CheckpointOrigin) async throws {
        let registry = try provider.providers.registry()
        let manifest = try registry.provider(provider.provider)
        let route = try await CopyRoute(registry, from: origin.provider, to: manifest.name.value)
        guard route.source.format.id == origin.bank else {
            throw CopyError.otherOrigin(
                id, provider: origin.provider, expected: origin.bank, actual: route.source.format.id)
        }
        try await route.copy(id, options, output)
    }

    /// What is meant: with `--last`, the newest thing that was cut off.
    private func resolve(_ opened: OpenedProvider) async throws -> Resumable {
        if let checkpoint { return try await Resumable.named(checkpoint, in: opened.collection) }
        let found = try await opened.collection.interruptions(
            plan: plan, provider: opened.manifest.name.value, isRunning: OwnerProcess.isRunning)
        guard let newest = found.first else {
            throw MessageFailure(
                "nothing was cut off; 'cairn checkpoints list' and 'cairn operations list' show what there is")
        }
        var note = "note: going on with the \(newest.words)"
        if found.count > 1 {
            note += "; cut off, too: " + found.dropFirst().prefix(5).map(\.words).joined(separator: ", ")
            if found.count > 6 { note += " and \(found.count - 6) more" }
        }
        StandardStream.error.write(Words.harmless(note) + "\n")
        switch newest.kind {
        case .restore, .verify: return .operation(newest.id)
        case .protect, .copy, .delete: return .checkpoint(newest.id)
        }
    }
}

extension Resume: BankCommandResult {
    var hasResultInBank: Bool { output == .text }
}

extension Interruption {
    /// `restore 4q0n… of plan 'shop', begun 2026-11-22T13:24:55.123Z`
    fileprivate var words: String {
        let what =
            switch kind {
            case .protect: "protect run"
            case .copy: "copy"
            case .restore: "restore"
            case .verify: "verification"
            case .delete: "deletion"
            }
        return "\(what) \(id) of plan '\(plan)', begun \(began)"
    }
}

extension ProtectReport {
    /// Prints how a run ended, and exits accordingly.
    func finish(
        plan: String, _ retained: RetentionAfterRun, _ output: OutputFormat, on stream: StandardStream
    ) throws {
        switch output {
        case .json:
            var object = json(plan: plan)
            object["retention"] = retained.json
            StandardStream.output.write(JSONValue.object(object).prettyText)
        case .text:
            stream.write(checkpoint.text + "\n")
            StandardStream.error.write(words(plan: plan) + retained.words(plan: plan))
        }
        if wasCancelled { throw ExitCode(ExitStatus.cancelled) }
        if commit.status != .available { throw ExitCode(ExitStatus.failed) }
    }
}
