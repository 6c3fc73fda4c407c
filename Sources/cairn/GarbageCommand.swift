import ArgumentParser
import Bank
import CanonicalForm
import CommandLineSupport
import Engine
import Notifications
import PlanIR
import Checkpoints
import ProtectionService
import RunReports
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
            the checkpoint and the scratch directory are removed. It may run beside everything. Whoever is to be told of a \
            failed run is told of those that it gives up.

            EXAMPLES
              cairn gc --dry-run
              cairn gc
              cairn gc --keep-failed 7d
            """)

    @OptionGroup var provider: ProviderChoice
    @OptionGroup var options: RunOptions

    @Option(
        help: ArgumentHelp(
            "How long the artifacts of failed runs are kept, and rehearsals that proved nothing, such as 12h, 7d, or 0s.",
            valueName: "duration"))
    var keepFailed = Duration(milliseconds: GarbageTerms.standard.failed)

    @Option(
        help: ArgumentHelp(
            "How long the records of restores and verifications are kept whose checkpoint is gone, such as 30d.",
            valueName: "duration"))
    var keepOperations = Duration(milliseconds: GarbageTerms.standard.operations)

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
        let opened = try await provider.open(toFree: !dryRun)
        let dryRun = dryRun
        var terms = GarbageTerms.standard
        terms.failed = keepFailed.milliseconds
        terms.operations = keepOperations.milliseconds
        let chosen = terms
        let scratch = scratch
        let collect: @Sendable (ExecutionEnvironment) async throws -> [CollectedItem] = { environment in
            let isGone = environment.ownerWatch()
            let items = try await GarbageCollection(environment, terms: chosen, dryRun: dryRun, isGone: isGone).run()
            let sweep = ScratchSweep(bank: opened.format.id, dryRun: dryRun, isGone: isGone)
            return items + (try await sweep.run(in: opened.scratchPlaces(scratch)).map(\.item))
        }
        let items = try await RunSession.showing(options, quiet: output == .json) { session in
            let environment = session.environment(opened)
            if dryRun { return try await collect(environment) }
            let items = try await environment.leasedToFree(goesByAge: true) { try await collect($0) }
            await session.tell(ofGivenUp: items, opened)
            return items
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

extension Collect: BankCommandResult {
    var hasResultInBank: Bool { !dryRun && output == .text }
}

extension RunSession {
    /// Tells those of the plans and of the provider which runs were given up: nobody was there to do so when they ended.
    fileprivate func tell(ofGivenUp items: [CollectedItem], _ opened: OpenedProvider) async {
        for item in items where item.action == .gaveUp || item.action == .ended {
            guard let id = CheckpointID(item.id), !control.wasInterrupted else { continue }
            do { try await tell(ofGivenUp: id, isOperation: item.action == .ended, opened) } catch {
                note("nobody was told that \(id) was given up: \(error)")
            }
        }
    }

    private func tell(ofGivenUp id: CheckpointID, isOperation: Bool, _ opened: OpenedProvider) async throws {
        let collection = opened.collection
        let operation = isOperation ? try await collection.operation(prefix: id.text) : nil
        let index = try await collection.index(operation?.index?.checkpoint ?? id)
        // Copies tell nobody, and what a rehearsal was about is told by its next one.
        guard isOperation || index.origin == nil, !index.isRehearsal else { return }
        let audience = Audience(operation.flatMap { $0.index?.kind }.flatMap(OperationKind.init) ?? .protect)
        audience.add(try await LoadedCheckpoint.loadIR(index, from: collection))
        audience.add(opened.manifest)
        if let operation {
            await deliver(audience, NotificationContent(try await RunReport.load(operation, collection)))
        } else if let summary = try await collection.summary(id) {
            await deliver(audience, NotificationContent(try await RunReport.load(summary, collection)))
        }
    }
}

extension OpenedProvider {
    /// Where rehearsals may have left something on this host: what was asked for, the usual place, and where records of
    /// restores say that they were.
    fileprivate func scratchPlaces(_ asked: String?) async throws -> [String] {
        let operations: [OperationSummary]
        // That they cannot be listed is told where they are collected.
        do { operations = try await collection.operations() } catch let error as BankError
            where error.unreadable != nil
        {
            operations = []
        }
        let recorded = operations.compactMap { operation in
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
