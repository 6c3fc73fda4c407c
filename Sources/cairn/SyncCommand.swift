import ArgumentParser
import CanonicalForm
import Checkpoints
import CommandLineSupport
import Engine
import Manifests
import Wording
import YAMLSource

extension BankCommand {
    /// `cairn bank sync`
    struct Sync: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies what another provider's bank lacks of a plan's checkpoints.",
            discussion: """
                All available checkpoints of the plan are copied that are not there, the oldest first; copies that \
                were broken off are finished. One that cannot be copied does not keep the others from it: the exit \
                code is 1 then. Nothing is removed from either bank.

                EXAMPLES
                  cairn bank sync shop --to offsite --dry-run
                  cairn bank sync shop --provider local --to offsite
                  cairn bank sync shop --to offsite --limit 1 --output json
                """)

        @OptionGroup var provider: ProviderChoice
        @OptionGroup var options: RunOptions

        @Option(help: "The provider whose bank takes the copies.")
        var to: String

        @Option(help: "Copy at most so many checkpoints.")
        var limit: Int?

        @Flag(help: "Say what would be copied, and copy nothing.")
        var dryRun = false

        @Option(help: "Print the result as text or json.")
        var output: OutputFormat = .text

        @Argument(help: "The plan's name.")
        var plan: String

        func validate() throws {
            try options.check(output)
            if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
        }

        func run() async throws {
            let route = try await CopyRoute(try provider.providers.registry(), from: provider.provider, to: to)
            let report = try await sync(route)
            switch output {
            case .json: StandardStream.output.write(JSONValue.object(report.json(plan, route, dryRun)).prettyText)
            case .text: report.print(plan, to, dryRun, on: options.results)
            }
            if report.wasCancelled { throw ExitCode(ExitStatus.cancelled) }
            if report.count(.failed) > 0 { throw ExitCode(ExitStatus.failed) }
        }

        private func sync(_ route: CopyRoute) async throws -> SyncReport {
            let (plan, limit) = (plan, limit ?? .max)
            if dryRun {
                return try await BankSync(
                    route.target.quietEnvironment(jobs: 1), plan: plan, from: route.source.side,
                    to: route.target.side, limit: limit
                ).run(dryRun: true)
            }
            return try await route.leased(options, quiet: output == .json) { environment in
                try await BankSync(
                    environment, plan: plan, from: route.source.side, to: route.target.side, limit: limit,
                    isGone: environment.ownerWatch()
                ).run()
            }
        }
    }
}

extension SyncReport {
    fileprivate func json(_ plan: String, _ route: CopyRoute, _ dryRun: Bool) -> JSONObject {
        [
            "operation": "sync", "dryRun": .bool(dryRun), "plan": .string(plan),
            "from": .string(route.source.manifest.name.value), "to": .string(route.target.manifest.name.value),
            "checkpoints": .array(
                items.map { item in
                    [
                        "checkpoint": .string(item.checkpoint.id.text),
                        "created": .string(item.checkpoint.created.description),
                        "action": .string(item.action.rawValue), "message": .string(item.message),
                        "sentBytes": .integer(item.tally.sentBytes), "foundBytes": .integer(item.tally.foundBytes),
                    ]
                }),
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
                            Words.bytes(item.checkpoint.storedBytes), Words.harmless(item.message),
                        ]
                    }))
        }
        let done = dryRun ? "would be copied" : "copied"
        StandardStream.error.write(
            "plan '\(Words.harmless(plan))': \(Words.count(count(.copied), "checkpoint")) \(done) to '\(to)', "
                + "\(count(.alreadyThere)) already there, \(count(.left)) left, \(count(.failed)) failed\n")
    }
}
