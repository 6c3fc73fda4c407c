import ArgumentParser
import CanonicalForm
import Checkpoints
import Bank
import CommandLineSupport
import Engine
import Manifests
import ProtectionService
import Wording
import YAMLSource

/// `cairn copy`
struct Copy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copies a checkpoint into the bank of another provider.",
        discussion: """
            The copy has the same id, and restores, verifies and deletes without the bank that it came from. Every \
            part is checked against its digest on the way. A copy that was broken off goes on where it stopped when \
            the same command is run again, or by 'cairn resume'. What the other bank has already is compared, and not \
            copied again. With two providers, the one that is not named by --to is copied from.

            EXAMPLES
              cairn copy --last --to offsite --dry-run
              cairn copy --last --plan shop --to offsite
              cairn copy 7k3m --provider local --to offsite --output json
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var choice: CheckpointChoice
    @OptionGroup var options: RunOptions
    @OptionGroup var dryRun: DryRunOption

    @Option(help: "The provider whose bank takes the copy.")
    var to: String

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    func validate() throws { try options.check(output) }

    func run() async throws {
        let route = try await CopyRoute(try provider.providers.registry(), from: provider.provider, to: to)
        let id = try await choice.resolve(route.source)
        guard dryRun.dryRun else { return try await route.copy(id, options, output) }
        let jobs = options.jobs ?? 4
        let operation = CopyOperation(
            route.target.quietEnvironment(jobs: jobs), checkpoint: id, from: route.source.side,
            to: route.target.side)
        try await DryRun(plugins: route.target.plugins, jobs: jobs).copy(operation).show(output)
    }
}

extension Copy: BankCommandResult {
    var hasResultInBank: Bool { !dryRun.dryRun && output == .text }
}

/// The two providers of a copy, with their banks opened.
struct CopyRoute: Sendable {
    let source: OpenedProvider
    let target: OpenedProvider

    /// Opens both; without a name, the source is the only provider that is not the target.
    init(_ registry: ProviderRegistry, from: String?, to: String) async throws {
        var from = from
        let others = Set(registry.manifests.map(\.name.value)).subtracting([to])
        if from == nil, others.count == 1 { from = others.first }
        target = try await OpenedProvider(registry, to)
        source = try await OpenedProvider(registry, from)
    }

    /// Runs `body` under a lease on each bank, with the environment of the target and what it reads from.
    func leased<Result: Sendable>(
        _ options: RunOptions, quiet: Bool,
        _ body: @escaping @Sendable (ExecutionEnvironment, CopySide) async throws -> Result
    ) async throws -> Result {
        try await RunSession.showing(options, source, quiet: quiet) { environment in
            let target = target.environment(options, observer: environment.observer, control: environment.control)
            return try await environment.leasedIfPossible { reading in
                let side = source.side(reading.collection)
                return try await target.leased { try await body($0, side) }
            }
        }
    }

    /// Copies a checkpoint, prints how it went, and exits accordingly.
    func copy(_ id: CheckpointID, _ options: RunOptions, _ output: OutputFormat) async throws {
        let report = try await leased(options, quiet: output == .json) { environment, source in
            try await CopyOperation(
                environment, checkpoint: id, from: source, to: target.side, isGone: environment.ownerWatch()
            ).run()
        }
        switch output {
        case .json: StandardStream.output.write(JSONValue.object(report.json).prettyText)
        case .text:
            options.results.write(id.text + "\n")
            StandardStream.error.write(report.words)
        }
        if report.wasCancelled { throw ExitCode(ExitStatus.cancelled) }
        if report.outcome == .failed || report.outcome == .unfinished { throw ExitCode(ExitStatus.failed) }
    }
}

extension OpenedProvider {
    /// The bank as one of the two of a copy.
    var side: CopySide { side(collection) }

    /// The bank as one of the two of a copy, through another collection over it.
    func side(_ collection: CheckpointCollection) -> CopySide {
        CopySide(collection: collection, bankID: format.id, provider: manifest.name.value)
    }

    /// What an operation needs that nobody looks at.
    func quietEnvironment(jobs: Int) -> ExecutionEnvironment {
        ExecutionEnvironment(
            collection: collection, plugins: plugins, concurrency: concurrency(jobs), observer: SilentObserver())
    }
}

extension CopyReport {
    var json: JSONObject {
        [
            "operation": "copy", "checkpoint": .string(checkpoint.text), "plan": .string(plan), "from": .string(from),
            "to": .string(to), "outcome": .string(outcome.rawValue), "resources": .integer(Int64(resources)),
            "artifacts": .integer(Int64(artifacts)), "sentBytes": .integer(tally.sentBytes),
            "foundBytes": .integer(tally.foundBytes), "failures": .array(failures.map(\.report)),
        ]
    }

    var words: String {
        let name = "checkpoint \(checkpoint.text) of plan '\(plan)'"
        switch outcome {
        case .alreadyThere: return "\(name) is in the bank of '\(to)' already, and the same\n"
        case .copied:
            let found = tally.foundBytes > 0 ? ", \(Words.bytes(tally.foundBytes)) were there already" : ""
            return "\(name) is copied from '\(from)' to '\(to)': \(Words.count(resources, "resource")), "
                + "\(Words.count(artifacts, "artifact")), \(Words.bytes(tally.sentBytes)) sent\(found)\n"
        case .failed, .unfinished:
            var text = "\(name) was not copied to '\(to)':\n"
            for failure in failures { text += "  \(Words.harmless(failure))\n" }
            if outcome == .unfinished {
                text += "'cairn resume \(checkpoint.text) --provider \(to)' goes on where it stopped\n"
            }
            return text
        }
    }
}
