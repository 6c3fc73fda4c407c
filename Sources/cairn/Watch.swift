import ArgumentParser
import Checkpoints
import CommandLineSupport
import Engine
import EventStream
import RunDisplay
import Surroundings
import Synchronization
import Wording

/// `cairn watch`
struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follows a run of another process until it ends.",
        discussion: """
            Shows what has happened so far, and then what happens, by the journal in the bank. The exit code is that \
            of the run: 0 done, 1 failed, 3 cancelled. A run whose executor is gone is told so, with exit code 1. \
            Watching changes nothing, and can be ended at any time; it ends by itself when its reader has gone.

            EXAMPLES
              cairn watch --last
              cairn watch 7k3m
              cairn watch --last --output json > run.events
            """)

    @OptionGroup var provider: ProviderChoice

    @Flag(help: "The newest run that has not ended, or else the newest of all.")
    var last = false

    @Option(help: "Show text, or json: lines of the event stream.")
    var output: OutputFormat = .text

    @Argument(help: "The id of a checkpoint, a restore or a verification, or a beginning of it that no other has.")
    var id: String?

    func validate() throws {
        if last == (id != nil) { throw ValidationError("Name a run by its id, or say --last.") }
    }

    func run() async throws {
        let opened = try await provider.open()
        let subject = try await resolve(opened.collection)
        let follower = try await RunFollower(subject, opened.collection)
        let screen = WatchScreen(output, since: subject.started)
        let ending: RunFollower.Ending = try await withThrowingTaskGroup(of: RunFollower.Ending?.self) { group in
            group.addTask {
                await screen.show()
                return nil
            }
            group.addTask {
                let result: Result<RunFollower.Ending, any Error>
                do { result = .success(try await Watch.follow(follower, screen)) } catch { result = .failure(error) }
                screen.finish()
                return try result.get()
            }
            var ending = RunFollower.Ending.running
            for try await found in group { ending = found ?? ending }
            return ending
        }
        try conclude(ending, subject)
    }

    /// Looks for news, seldom while there are none.
    private static func follow(_ follower: RunFollower, _ screen: WatchScreen) async throws -> RunFollower.Ending {
        var follower = follower
        let clock = SystemClock()
        let (shortest, longest): (Int64, Int64) = (500_000_000, 5_000_000_000)
        var pause = shortest
        while true {
            let (events, ending) = try await follower.next()
            for (event, time) in events { screen.observe(event, at: time) }
            switch ending {
            case .recorded(let status, let failures, let warnings):
                screen.observe(.ended(status: status, failures: failures.count, warnings: warnings), at: nil)
                return ending
            case .abandoned(let reason):
                screen.abort(reason)
                return ending
            case .running: break
            }
            pause = events.isEmpty ? min(longest, pause * 3 / 2) : shortest
            // Whoever read this may have seen enough: then there is nobody to follow it for.
            let end = clock.monotonicNanoseconds + pause
            repeat {
                if StandardStream.output.hasNoReader { return .running }
                try await clock.sleep(nanoseconds: min(shortest, pause))
            } while clock.monotonicNanoseconds < end
        }
    }

    private func conclude(_ ending: RunFollower.Ending, _ subject: RunFollower.Subject) throws {
        switch ending {
        case .running: return
        case .recorded(let status, let failures, let warnings):
            let name = "\(subject.name) \(subject.id.text)"
            if status == "available" || status == "success" {
                let more = warnings > 0 ? ", \(Words.count(warnings, "warning"))" : ""
                StandardStream.error.write("\(name) is '\(status)'\(more)\n")
                return
            }
            StandardStream.error.write("\(name) is '\(status)':\n")
            for failure in failures { StandardStream.error.write("  \(Words.harmless(failure))\n") }
            throw ExitCode(failures.contains { $0.isCancellation } ? ExitStatus.cancelled : ExitStatus.failed)
        case .abandoned(let reason):
            StandardStream.error.write(
                ProposedCommands.naming(
                    "\(subject.name) \(subject.id.text) is not being run: \(Words.harmless(reason))\n"))
            throw ExitCode(ExitStatus.failed)
        }
    }

    private func resolve(_ collection: CheckpointCollection) async throws -> RunFollower.Subject {
        guard let id else { return try await newest(collection) }
        do {
            let found = try await collection.resolve(prefix: id)
            // The same beginning may be that of a restore.
            if id.count < found.text.count, (try? await collection.operation(prefix: id)) != nil {
                throw MessageFailure(
                    "'\(Words.harmless(id))' is the beginning of a checkpoint's id and of a restore's or verification's; "
                        + "give more of it")
            }
            return .checkpoint(try await collection.index(found))
        } catch CheckpointError.unknown {
            let found: OperationSummary
            do { found = try await collection.operation(prefix: id) } catch CheckpointError.unknownOperation {
                throw CheckpointError.unknownToResume(id)
            }
            guard let index = found.index else {
                throw MessageFailure("the record of '\(Words.harmless(id))' cannot be read")
            }
            return .operation(index)
        }
    }

    private func newest(_ collection: CheckpointCollection) async throws -> RunFollower.Subject {
        let checkpoint = try await collection.newest(.init()) {
            [.protecting, .waitCopying, .copying, .available, .error].contains($0.status)
        }
        let operation = try await collection.operations(limit: 1).first
        let unfinished = try await collection.unfinished(.init(status: .protecting)).first
        if let unfinished, operation?.status != .inProgress {
            return .checkpoint(try await collection.index(unfinished.id))
        }
        if let index = operation?.index,
            operation?.status == .inProgress || index.started >= checkpoint?.created ?? index.started
        {
            return .operation(index)
        }
        guard let checkpoint else { throw MessageFailure("nothing was run on this bank yet") }
        return .checkpoint(try await collection.index(checkpoint.id))
    }
}

extension RunFollower.Subject {
    /// What it is called.
    var name: String {
        switch self {
        case .checkpoint: "checkpoint"
        case .operation(let index): index.kind
        }
    }
}

extension ResourceFailure {
    /// Whether it says that the run was cancelled.
    var isCancellation: Bool { resource.isEmpty && hook.isEmpty && message == "cancelled" }
}

/// Where a run that is watched is shown: as text, or as an event stream, on standard output.
private final class WatchScreen: Sendable {
    private let display: RunDisplay?
    private let stream: EventStreamWriter?
    private let clock = JournalClock()
    private let wall = WallClockOnly()

    init(_ output: OutputFormat, since started: Timestamp) {
        clock.set(started)
        guard output == .json else {
            display = RunDisplay(on: .output, clock: wall)
            stream = nil
            return
        }
        display = nil
        stream = EventStreamWriter(
            to: .descriptor(StandardStream.output.descriptor), program: "cairn \(Cairn.configuration.version)",
            clock: clock
        ) { sentence in
            // A reader that wants no more is no fault.
            if !StandardStream.output.hasNoReader { StandardStream.error.write("cairn: \(sentence)\n") }
        }
    }

    func show() async {
        await display?.show()
        await stream?.write()
    }

    /// Shows what happened at a time, or just now.
    func observe(_ event: RunEvent, at time: Timestamp?) {
        if let time { clock.set(time) }
        display?.observe(event, at: time.map { $0.milliseconds * 1_000_000 } ?? wall.monotonicNanoseconds)
        stream?.observe(event)
    }

    func abort(_ reason: String) { stream?.abort(reason) }

    func finish() {
        display?.finish()
        stream?.finish()
    }
}

/// The wall clock alone, since what another process has noted down has no other time.
private struct WallClockOnly: RunClock {
    var wallMilliseconds: Int64 { SystemClock().wallMilliseconds }
    var monotonicNanoseconds: Int64 { wallMilliseconds * 1_000_000 }
    func sleep(nanoseconds: Int64) async throws { try await SystemClock().sleep(nanoseconds: nanoseconds) }
}

/// The time of what is told last from a journal.
private final class JournalClock: RunClock {
    private let time = Mutex<Int64?>(nil)

    func set(_ time: Timestamp) { self.time.withLock { $0 = max($0 ?? time.milliseconds, time.milliseconds) } }

    var wallMilliseconds: Int64 { time.withLock { $0 } ?? SystemClock().wallMilliseconds }
    var monotonicNanoseconds: Int64 { wallMilliseconds * 1_000_000 }
    func sleep(nanoseconds: Int64) async throws { try await SystemClock().sleep(nanoseconds: nanoseconds) }
}
