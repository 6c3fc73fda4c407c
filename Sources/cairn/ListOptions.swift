import ArgumentParser
import Checkpoints

/// A point in time on the command line, as `Moment` reads it, for which a day has an end, too.
struct TimeArgument {
    let time: Timestamp
    /// Whether only a day was given.
    let isDay: Bool

    static func read(_ text: String) throws -> TimeArgument {
        TimeArgument(time: try Moment.read(text), isDay: text.utf8.count == 10)
    }

    /// The beginning of what was given.
    var beginning: Timestamp { time }
    /// Where what was given has ended: the day behind, or the millisecond behind.
    var end: Timestamp { Timestamp(milliseconds: time.milliseconds + (isDay ? 86_400_000 : 1)) }
}

/// `key` or `key=value` on the command line.
struct LabelArgument: ExpressibleByArgument {
    let key: String
    let value: String?

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first else { return nil }
        self.key = String(key)
        value = parts.count == 2 ? String(parts[1]) : nil
    }

    /// Refuses what is no key of a label.
    func validate() throws {
        do { try CheckpointLabels.check(key: key) } catch { throw ValidationError("\(error).") }
    }

    /// What a checkpoint must have.
    var requirement: LabelRequirement { LabelRequirement(key: key, value: value) }
}

extension CheckpointStatus: ExpressibleByArgument {}

/// Which checkpoints are listed.
struct ListFilter: ParsableArguments {
    @Option(help: "Only those of this plan.", transform: PlanName.read)
    var plan: String?

    @Option(help: "Only those of this status.")
    var status: CheckpointStatus?

    @Option(
        help: ArgumentHelp(
            "Only those made then or later.",
            discussion: "A date, from its midnight UTC, or a time with its zone: 2026-11-22, 2026-11-22T13:24+01:00.",
            valueName: "time"),
        transform: TimeArgument.read)
    var since: TimeArgument?

    @Option(
        help: ArgumentHelp("Only those made before the end of that day in UTC, or by that time.", valueName: "time"),
        transform: TimeArgument.read)
    var until: TimeArgument?

    @Option(help: ArgumentHelp("Only those with this label (repeatable).", valueName: "key[=value]"))
    var label: [LabelArgument] = []

    func validate() throws {
        for label in label { try label.validate() }
        if let since, let until, until.end <= since.beginning {
            throw ValidationError("--until lies before --since.")
        }
    }

    func filter(provider: String) -> CheckpointCollection.Filter {
        CheckpointCollection.Filter(
            plan: plan, provider: provider, status: status, since: since?.beginning, until: until?.end,
            labels: label.map(\.requirement))
    }
}
