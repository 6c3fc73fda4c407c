import ArgumentParser
import Bank
import CanonicalForm
import CommandLineSupport
import Engine
import PlanIR
import Checkpoints
import ProtectionService
import Wording

/// `cairn gc`
struct Collect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Brings to an end what executors have left behind that are gone, and removes what nothing needs.",
        discussion: """
            Runs that were cut off are undone where they left something behind, such as a service that stands still, \
            and recorded as failed; 'cairn resume' finishes them instead. Deletions that were broken off are finished. \
            The artifacts of failed runs go after a while, and so does what belongs to no checkpoint. What someone still \
            works on is left alone, and nothing of an available checkpoint is ever removed. Of rehearsals that were killed, \
            the checkpoint and the scratch directory are removed. It may run beside everything.

            EXAMPLES
              cairn gc --dry-run
              cairn gc
              cairn gc --keep-failed 7d
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var options: RunOptions

    @Option(
        help: ArgumentHelp(
            "How long the artifacts of failed runs are kept, such as 12h, 7d, or 0s.", valueName: "duration"))
    var keepFailed = Duration(milliseconds: GarbageTerms.standard.failed)

    @Option(
        help: ArgumentHelp(
            "Look below this directory, too, for what rehearsals have left; besides TMPDIR, or /tmp, and where they are "
                + "recorded to have been.", valueName: "dir"))
    var scratch: String?

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    func validate() throws { try options.check(output) }

    func run() async throws {
        let opened = try await provider.open()
        let dryRun = dryRun
        var terms = GarbageTerms.standard
        terms.failed = keepFailed.milliseconds
        let chosen = terms
        let scratch = scratch
        let collect: @Sendable (ExecutionEnvironment) async throws -> [CollectedItem] = { environment in
            let isGone = environment.ownerWatch()
            let items = try await GarbageCollection(environment, terms: chosen, dryRun: dryRun, isGone: isGone).run()
            let sweep = ScratchSweep(bank: opened.format.id, dryRun: dryRun, isGone: isGone)
            return items + (try await sweep.run(in: opened.scratchPlaces(scratch)).map(\.item))
        }
        let items = try await ProgressDisplay.showing(options, opened, quiet: output == .json) { environment in
            if dryRun { return try await collect(environment) }
            return try await environment.leased(goesByAge: true) { try await collect($0) }
        }
        switch output {
        case .json:
            StandardStream.output.write(
                JSONValue.array(
                    items.map {
                        [
                            "id": .string($0.id), "action": .string($0.action.rawValue), "message": .string($0.message),
                        ]
                    }
                ).prettyText)
        case .text:
            if items.isEmpty {
                options.results.write("nothing is left behind\n")
            } else {
                options.results.write(
                    Words.table(
                        ["ID", dryRun ? "WOULD" : "DONE", "REASON"],
                        items.map {
                            [$0.id, dryRun ? $0.action.intention : $0.action.rawValue, Words.harmless($0.message)]
                        }))
            }
        }
        if items.contains(where: { $0.action == .failed }) { throw ExitCode(ExitStatus.failed) }
    }

    /// A duration on the command line.
    struct Duration: ExpressibleByArgument {
        let milliseconds: Int64

        init(milliseconds: Int64) { self.milliseconds = milliseconds }

        init?(argument: String) {
            // Without any number but 0, whatever its unit: at once.
            if ["0", "0ms", "0s", "0m", "0h", "0d"].contains(argument) {
                milliseconds = 0
                return
            }
            guard let duration = GraceDuration(argument: argument) else { return nil }
            milliseconds = duration.nanoseconds / 1_000_000
        }

        var defaultValueDescription: String { "\(milliseconds / 3_600_000)h" }
    }
}

extension OpenedProvider {
    /// Where rehearsals may have left something on this host: what was asked for, the usual place, and where records of
    /// restores say that they were.
    fileprivate func scratchPlaces(_ asked: String?) async throws -> [String] {
        let recorded = try await collection.operations().compactMap { operation in
            operation.index?.target.flatMap { ScratchSweep.place(ofContent: $0) }
        }
        return [asked, ScratchDirectory.place(nil)].compactMap { $0 } + recorded
    }
}

extension SweptScratch {
    fileprivate var item: CollectedItem {
        switch outcome {
        case .removed: CollectedItem(path, .removed, words)
        case .left(let reason): CollectedItem(path, .left, "\(words); \(reason)")
        case .failed(let reason): CollectedItem(path, .failed, reason)
        }
    }
}

extension CollectedItem.Action {
    /// What a dry run says that would be done.
    fileprivate var intention: String {
        switch self {
        case .gaveUp: "give up"
        case .undone: "undo"
        case .deleted: "delete"
        case .published: "finish"
        case .swept: "sweep"
        case .removed: "remove"
        case .ended: "end"
        case .left: "leave"
        case .failed: "fail"
        }
    }
}
