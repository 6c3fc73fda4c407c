import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import Manifests
import PlanIR
import Retention
import Wording
import YAMLSource

/// `cairn retain`
struct Retain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Removes the checkpoints of a plan that its retention policy does not keep.",
        discussion: """
            Prints for each checkpoint why it stays or goes. The policy is the one in the compiled plan, or with --plan \
            the one that the plan's newest available checkpoint was made with. A plan without a policy keeps everything. \
            The newest available checkpoint is never removed, nor one that is pinned or in use, nor one that failed. \
            'cairn protect' and 'cairn resume' do the same after they have succeeded.

            EXAMPLES
              cairn retain shop.ir --dry-run
              cairn retain --plan shop
              cairn retain --plan shop --dry-run --output json | jq '.checkpoints[] | select(.decision == "remove")'
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var options: RunOptions

    @Option(
        help: ArgumentHelp("The plan, by the policy of its newest available checkpoint.", valueName: "name"),
        transform: PlanName.read)
    var plan: String?

    @Flag(help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The compiled plan, as 'cairnc compile' writes it.")
    var compiled: String?

    func validate() throws {
        if (compiled == nil) == (plan == nil) {
            throw ValidationError("Name a compiled plan, or say --plan NAME.")
        }
        try options.check(output)
    }

    func run() async throws {
        let (opened, ir) = try await planAndProvider()
        let policy = try RetentionPolicy(ir)
        let providerName = opened.manifest.name.value
        let dryRun = dryRun
        let report = try await RunSession.showing(options, opened, quiet: output == .json) { environment in
            if dryRun {
                return try await environment.retention(ir.plan, providerName, policy).decide()
            }
            return try await environment.leasedToFree(goesByAge: true) { environment in
                try await environment.retention(ir.plan, providerName, policy).run()
            }
        }
        switch output {
        case .json: StandardStream.output.write(JSONValue.object(report.json(dryRun: dryRun)).prettyText)
        case .text:
            if report.checkpoints.isEmpty {
                StandardStream.error.write("the plan '\(report.plan)' has no checkpoints\n")
            } else {
                options.results.write(report.table(dryRun: dryRun))
                StandardStream.error.write(report.summary(dryRun: dryRun))
            }
        }
        if report.failed > 0 { throw ExitCode(ExitStatus.failed) }
    }

    /// The provider, and the plan whose policy applies.
    private func planAndProvider() async throws -> (OpenedProvider, PlanIR) {
        if let compiled {
            let ir = try CompiledPlan(reading: compiled).ir
            let registry = try provider.providers.registry(beside: compiled)
            return (
                try await OpenedProvider(registry, provider.provider ?? ir.provider.name, toFree: !dryRun), ir
            )
        }
        let opened = try await provider.open(toFree: !dryRun)
        let filter = CheckpointCollection.Filter(plan: plan, provider: opened.manifest.name.value)
        let newest: CheckpointSummary
        do { newest = try await opened.collection.last(filter).checkpoint } catch CheckpointError.newestDamaged(
            _, let whole?)
        {
            // What is damaged has no policy, and takes no one's place.
            newest = whole
        }
        let index = try await opened.collection.index(newest.id)
        return (opened, try await LoadedCheckpoint.loadIR(index, from: opened.collection))
    }
}

extension Retain: BankCommandResult {
    var hasResultInBank: Bool { !dryRun && output == .text }
}

extension RetentionPolicy {
    /// The policy of a compiled plan.
    init(_ ir: PlanIR) throws(RetentionError) { try self.init(ir.retention, triggers: ir.triggers) }
}

extension ExecutionEnvironment {
    /// The application of a policy. Whoever uses a checkpoint is not waited for: what is not certainly over goes on.
    func retention(
        _ plan: String, _ provider: String, _ policy: RetentionPolicy
    ) throws -> RetentionOperation {
        var environment = self
        // Each deletion is a run by itself, and of interest only when it fails.
        environment.observer = SilentObserver()
        return try RetentionOperation(
            environment, plan: plan, provider: provider, policy: policy, isGone: ownerGlance())
    }
}
