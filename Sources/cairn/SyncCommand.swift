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

extension BankCommand {
    /// `cairn bank sync`
    struct Sync: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies what another provider's bank lacks of a plan's checkpoints.",
            discussion: """
                All available checkpoints of the plan are copied that are not there, the oldest first; copies that \
                were broken off are finished. One that retention would remove there at once is not copied, by the \
                policy that the plan's newest available checkpoint was made with, or by that of --policy; --all copies \
                it, too. One that cannot be copied, as it is damaged here, does not keep the others from it: the exit code \
                is 1 then. What is gone of a copy is sent again. Nothing is removed from either bank.

                EXAMPLES
                  cairn bank sync shop --to offsite --dry-run
                  cairn bank sync shop --provider local --to offsite
                  cairn bank sync shop --to offsite --policy shop-offsite.ir
                  cairn bank sync shop --to offsite --all
                  cairn bank sync shop --to offsite --limit 1 --output json
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var options: RunOptions

        @Option(help: "The provider whose bank takes the copies.")
        var to: String

        @Option(help: "Copy at most so many checkpoints.")
        var limit: Int?

        @Option(
            help: ArgumentHelp(
                "The compiled plan by whose retention policy the copies are kept there.", valueName: "file"))
        var policy: String?

        @Flag(help: "Copy also what retention would remove there at once.")
        var all = false

        @Flag(help: "Say what would be copied, and copy nothing.")
        var dryRun = false

        @Option(help: "Print the result as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "The plan's name.", transform: PlanName.read)
        var plan: String

        func validate() throws {
            try options.check(output)
            if all && policy != nil { throw ValidationError("--all asks no policy, so --policy does not go with it.") }
            if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            let route = try await CopyRoute(try provider.providers.registry(), from: provider.provider, to: to)
            let report = try await sync(route, try rule())
            if case .failed(let reason) = report.retention {
                StandardStream.error.write(
                    "notice: all is copied, since the retention policy could not be asked: \(Words.harmless(reason))\n")
            }
            switch output {
            case .json: StandardStream.output.write(JSONValue.object(report.json(plan, route, dryRun)).prettyText)
            case .text: report.print(plan, to, dryRun, on: options.results)
            }
            if report.wasCancelled { throw ExitCode(ExitStatus.cancelled) }
            if report.count(.failed) > 0 { throw ExitCode(ExitStatus.failed) }
        }

        /// Which checkpoints are worth a copy.
        private func rule() throws -> SyncRule {
            if all { return .all }
            guard let policy else { return .newestPolicy }
            let ir = try CompiledPlan(reading: policy).ir
            guard ir.plan == plan else {
                throw MessageFailure(
                    "'\(policy)' is the plan '\(ir.plan)', and not '\(plan)'; name a compiled plan of that name")
            }
            return .policy(try RetentionPolicy(ir))
        }

        private func sync(_ route: CopyRoute, _ rule: SyncRule) async throws -> SyncReport {
            let (plan, limit) = (plan, limit ?? .max)
            if dryRun {
                return try await BankSync(
                    route.target.quietEnvironment(jobs: 1), plan: plan, from: route.source.side,
                    to: route.target.side, rule: rule, limit: limit
                ).run(dryRun: true)
            }
            return try await route.leased(options, quiet: output == .json) { environment, source in
                try await BankSync(
                    environment, plan: plan, from: source, to: route.target.side, rule: rule, limit: limit,
                    isGone: environment.ownerWatch()
                ).run()
            }
        }
    }
}

extension BankCommand.Sync: BankCommandResult {
    var hasResultInBank: Bool { !dryRun && output == .text }
}

extension SyncReport {
    /// Why an item was not copied, or what there is to say else.
    private func note(_ item: SyncItem) -> String {
        guard let decision = item.decision, case .applied(let policy, let zone) = retention else { return item.message }
        return decision.words(policy, in: zone).joined(separator: "; ")
    }

    private var retentionJSON: JSONValue {
        switch retention {
        case .off: ["status": "off"]
        case .none: ["status": "none"]
        case .applied(let policy, _): ["status": "applied", "timezone": .string(policy.timeZone)]
        case .failed(let reason): ["status": "failed", "message": .string(reason)]
        }
    }

    private func json(_ item: SyncItem) -> JSONValue {
        var object: JSONObject = [
            "checkpoint": .string(item.checkpoint.id.text),
            "created": .string(item.checkpoint.created.description),
            "action": .string(item.action.rawValue), "message": .string(note(item)),
            "sentBytes": .integer(item.tally.sentBytes), "foundBytes": .integer(item.tally.foundBytes),
        ]
        if let decision = item.decision, case .applied(let policy, let zone) = retention {
            object["reasons"] = decision.json(policy, in: zone)
        }
        return .object(object)
    }

    fileprivate func json(_ plan: String, _ route: CopyRoute, _ dryRun: Bool) -> JSONObject {
        [
            "operation": "sync", "dryRun": .bool(dryRun), "plan": .string(plan),
            "from": .string(route.source.manifest.name.value), "to": .string(route.target.manifest.name.value),
            "retention": retentionJSON, "checkpoints": .array(items.map { json($0) }),
        ]
    }

    /// Prints what was done; what was there already is counted only.
    fileprivate func print(_ plan: String, _ to: String, _ dryRun: Bool, on stream: StandardStream) {
        let told = items.filter { $0.action != .alreadyThere }
        if !told.isEmpty {
            stream.write(
                Words.table(
                    ["CHECKPOINT", "CREATED", dryRun ? "WOULD BE" : "ACTION", "STORED", "NOTE"],
                    told.map { item in
                        [
                            item.checkpoint.id.text, item.checkpoint.created.description, item.action.rawValue,
                            Words.bytes(item.checkpoint.storedBytes), Words.harmless(note(item)),
                        ]
                    }))
        }
        let done = dryRun ? "would be copied" : "copied"
        StandardStream.error.write(
            "plan '\(Words.harmless(plan))': \(Words.count(count(.copied), "checkpoint")) \(done) to '\(to)', "
                + "\(count(.alreadyThere)) already there, \(count(.notKept)) not kept there, \(count(.left)) left, "
                + "\(count(.failed)) failed\n")
    }
}
