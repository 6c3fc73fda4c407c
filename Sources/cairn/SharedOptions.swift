import CommandLineSupport
import ArgumentParser
import Bank
import Checkpoints
import Engine
import EventStream
import Foundation
import Manifests
import PlanIR
import ProtectionService
import Scheduling
import YAMLSource
import Wording

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// Where providers are found, and which is meant.
struct ProviderOptions: ParsableArguments {
    @Option(
        name: .customLong("providers"),
        help: ArgumentHelp(
            "Look for provider manifests in this directory (repeatable).",
            discussion: "Without it: 'providers/' beside the compiled plan or here, else /etc/cairn/providers.d.",
            valueName: "dir"))
    var directories: [String] = []

    func registry(beside file: String? = nil) throws -> ProviderRegistry {
        try ProviderRegistry(directories: directories, beside: file)
    }
}

/// Which provider a command is about, where the input does not say.
struct ProviderChoice: ParsableArguments {
    @OptionGroup var providers: ProviderOptions

    @Option(help: "The provider; needed when there are several.")
    var provider: String?

    /// Opens the provider and its bank; `toFree` says that room is to be freed there.
    func open(toFree: Bool = false) async throws -> OpenedProvider {
        try await OpenedProvider(try providers.registry(), provider, toFree: toFree)
    }
}

/// Which checkpoint is meant: one by its id, or the last of some.
struct CheckpointWords: ParsableArguments {
    @Option(help: "With --last: of this plan.", transform: PlanName.read)
    var plan: String?

    @Option(
        help: ArgumentHelp(
            "With --last: created before this time.",
            discussion: "A date, from its midnight UTC, or a time with its zone: 2026-11-22, 2026-11-22T13:24+01:00.",
            valueName: "time"),
        transform: Moment.read)
    var before: Timestamp?

    @Argument(help: "The checkpoint's id, or a beginning of it that no other has.")
    var checkpoint: String?

    /// Throws `ValidationError` unless there is either an id or `--last`.
    func validate(with last: Bool) throws {
        if last == (checkpoint != nil) { throw ValidationError("Name a checkpoint by its id, or say --last.") }
        if plan != nil && !last { throw ValidationError("--plan goes with --last.") }
        if before != nil && !last { throw ValidationError("--before goes with --last.") }
    }

    /// The last ones that are meant.
    func filter(_ opened: OpenedProvider) -> CheckpointCollection.Filter {
        .init(plan: plan, provider: opened.manifest.name.value, until: before)
    }
}

/// Which checkpoint a command is about.
struct CheckpointChoice: ParsableArguments {
    @Flag(name: [.long, .customLong("latest")], help: "The newest available checkpoint.")
    var last = false

    @OptionGroup var words: CheckpointWords

    func validate() throws { try words.validate(with: last) }

    /// The checkpoint that is meant; `note` takes what there is to say of that.
    func resolve(
        _ opened: OpenedProvider,
        note: (String) -> Void = { StandardStream.error.write("note: \(Words.harmless($0))\n") }
    ) async throws -> CheckpointID {
        if let checkpoint = words.checkpoint { return try await opened.collection.resolve(prefix: checkpoint) }
        let (last, failed, indices) = try await opened.collection.last(words.filter(opened))
        if let notice = indices.notice { StandardStream.error.write("warning: \(notice)\n") }
        if let before = words.before {
            note("checkpoint \(last.id) of \(last.created) is the newest that is available from before \(before)")
        }
        if let newest = failed.first {
            note(
                "checkpoint \(last.id) of \(last.created) is the last that is available; "
                    + "\(Words.count(failed.count, "newer one")) failed, the newest at \(newest.created)")
        }
        return last.id
    }
}

/// Which checkpoint a report is about.
struct ReportChoice: ParsableArguments {
    @Flag(name: [.long, .customLong("latest")], help: "The newest checkpoint, however it ended.")
    var last = false

    @OptionGroup var words: CheckpointWords

    func validate() throws { try words.validate(with: last) }

    func resolve(_ opened: OpenedProvider) async throws -> CheckpointID {
        if let checkpoint = words.checkpoint { return try await opened.collection.resolve(prefix: checkpoint) }
        // A rehearsal is made to be deleted, and is never what anyone means; what is being deleted is no night's result.
        let newest = try await opened.collection.newest(words.filter(opened)) {
            !$0.isRehearsal && $0.status != .deleting && $0.status != .errorDeleting
        }
        guard let newest else {
            throw MessageFailure("there is no such checkpoint; 'cairn checkpoints list' shows those there are")
        }
        return newest.id
    }
}

/// What commands have in common that change one checkpoint: in which bank, how they run, which one, and how the result is
/// printed.
struct OneCheckpoint: ParsableArguments {
    @OptionGroup var provider: ProviderChoice
    @OptionGroup var options: RunOptions

    @Option(help: "Print the result as text or json.")
    var output: OutputFormat = .text

    @Argument(help: "The checkpoint's id, or a beginning of it that no other has.")
    var checkpoint: String

    func validate() throws { try options.check(output) }

    /// The provider, and the checkpoint that is meant; `toFree` says that room is to be freed in the bank.
    func open(toFree: Bool = false) async throws -> (OpenedProvider, CheckpointID) {
        let opened = try await provider.open(toFree: toFree)
        return (opened, try await opened.collection.resolve(prefix: checkpoint))
    }

    /// Runs `body` as people and programs look at it.
    func showing<Result: Sendable>(
        _ opened: OpenedProvider, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        try await RunSession.showing(options, opened, quiet: output == .json, body)
    }
}

/// A point in time on the command line.
enum Moment {
    static func read(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(moment: text) else {
            throw ValidationError("'\(text)' is no time: write \(Timestamp.momentRule).")
        }
        return time
    }
}

/// The name of a plan on the command line.
enum PlanName {
    static func read(_ text: String) throws -> String {
        if let fault = NameRules.planFault(text) { throw ValidationError("'\(text)' is no plan's name: \(fault).") }
        return text
    }
}

/// A provider with its bank opened.
struct OpenedProvider: Sendable {
    let manifest: ProviderManifest
    let format: BankFormat
    let collection: CheckpointCollection
    let plugins: [String: LoadedPlugin]
    /// The same plugins with their manifests.
    let provided: [ProvidedPlugin]

    /// The provider of a name, or the only one. With `toFree`, writes for which the bank has no room take its reserve.
    init(_ registry: ProviderRegistry, _ name: String?, toFree: Bool = false) async throws {
        manifest = try registry.provider(name)
        if registry.manifests.count > 1 { ProposedCommands.areAbout(manifest.name.value) }
        provided = try registry.providedPlugins(of: manifest)
        plugins = Dictionary(
            provided.map { ($0.manifest.name, $0.loaded) }, uniquingKeysWith: { first, _ in first })
        let opened = try await registry.bank(of: manifest).open(toFree: toFree)
        format = opened.format
        collection = CheckpointCollection(
            bank: opened.bank, owner: OwnerProcess.current(), consistency: opened.format.consistency,
            hasEnded: OwnerProcess.hasEnded)
    }

    /// The limits of the provider's manifest; `jobs` of the command line goes before them.
    func concurrency(_ jobs: Int?) -> Concurrency {
        let limits = manifest.concurrency
        func table(_ limits: [ConcurrencyLimits.Limit]) -> [String: Int] {
            Dictionary(limits.map { ($0.name.value, $0.count) }, uniquingKeysWith: { _, last in last })
        }
        return Concurrency(
            jobs: jobs ?? limits.jobs ?? 4, plugins: table(limits.plugins), types: table(limits.types))
    }

    /// What an operation needs, with the limits of the provider's manifest and of the command line.
    func environment(_ options: RunOptions, observer: any RunObserver, control: RunControl) -> ExecutionEnvironment {
        var environment = ExecutionEnvironment(
            collection: collection, plugins: plugins, concurrency: concurrency(options.jobs), observer: observer,
            control: control, onFailure: options.onFailure,
            grace: options.grace.nanoseconds)
        environment.leaseTerms = leaseTerms
        #if DEBUG
            environment.listingMargin = WeakerBank.listingMargin ?? environment.listingMargin
        #endif
        return environment
    }

    /// The windows of the provider's manifest. The manifest is checked by the same rules.
    var leaseTerms: LeaseTerms {
        let windows = manifest.leases
        let terms = try? LeaseTerms(
            expireWindow: windows.expireWindow, renewWindow: windows.renewWindow,
            validityWindow: windows.validityWindow)
        return terms ?? .standard
    }
}

/// How an operation runs and what it says meanwhile.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: "How many activities run at a time; by default what the provider says, or 4.")
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "What a failure means for the rest: stop, or continue with what does not wait for it.",
            discussion: "By default what the plan says, or stop."))
    var onFailure: FailurePolicy?

    @Option(
        help: ArgumentHelp(
            "How long running activities may take to finish when a run stops, such as 30s or 5m.",
            valueName: "duration"))
    var grace = GraceDuration(nanoseconds: 30_000_000_000)

    @Option(
        help: ArgumentHelp(
            "Log the run to standard error, with times, instead of showing progress.",
            valueName: "level"))
    var log: LogLevel?

    @Option(
        help: ArgumentHelp(
            "Write all that happens as lines of JSON: to a file, to fd:N, or with '-' to standard output.",
            discussion:
                "A file is replaced, unless it is no event stream. With '-', the result is printed on standard error.",
            valueName: "file|fd:N|-"))
    var events: EventTarget?

    func validate() throws {
        guard (1...1024).contains(jobs ?? 1) else { throw ValidationError("--jobs is 1 to 1024.") }
        if let events, !events.isWritable {
            throw ValidationError("--events: \(events) is not open for writing.")
        }
        if let events, events.wouldReplaceOther {
            throw ValidationError(
                "--events: \(events) is there and is no event stream, and would be replaced; name another file.")
        }
    }

    /// Refuses two things on standard output.
    func check(_ output: OutputFormat) throws {
        if output != .text, events?.isStandardOutput == true {
            throw ValidationError("'--events -' and '--output \(output.rawValue)' both want standard output.")
        }
    }

    /// Where the result goes.
    var results: StandardStream { events?.isStandardOutput == true ? .error : .output }
}

extension EventTarget: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}

extension FailurePolicy: ExpressibleByArgument {}

/// A duration on the command line.
struct GraceDuration: ExpressibleByArgument {
    let nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init?(argument: String) {
        if argument == "0" {
            nanoseconds = 0
            return
        }
        guard let nanoseconds = AttemptRules.nanoseconds(ofDuration: argument) else { return nil }
        self.nanoseconds = nanoseconds
    }

    var defaultValueDescription: String { "30s" }
}
