internal import Glibc
internal import Synchronization

/// Programs of which each reads what the one before it prints. One that fails fails all.
package struct ProgramPipeline: Sendable, Hashable {
    package let commands: [ProgramCommand]
    /// Whether it must not wait behind others that hang while they are started: something stands still until it has run.
    package let isUrgent: Bool

    /// A pipeline of one program or more.
    package init(_ commands: [ProgramCommand]) {
        self.commands = commands
        isUrgent = false
    }

    package init(_ command: ProgramCommand, isUrgent: Bool = false) {
        commands = [command]
        self.isUrgent = isUrgent
    }

    /// What the first program is given to read: chunks until `nil`. When it throws, the programs are stopped without
    /// having seen an end.
    package typealias Source = @Sendable () async throws -> [UInt8]?
    /// Takes what the last program prints; holds it up while it works.
    package typealias Sink = @Sendable ([UInt8]) async throws -> Void

    /// How long programs may take to end when they are asked to, in nanoseconds, before they are ended; and how long what
    /// they have left behind may keep their pipes open.
    package static let usualGrace: Int64 = 5_000_000_000

    /// What came of a run.
    package struct Outcome: Sendable, Hashable {
        /// How many bytes the last program has printed into the sink.
        package var printed: Int64 = 0
        /// Whether the first program has ended without reading all that there was.
        package var leftInput = false
    }

    /// Runs the programs to their ends. All must end with the exit code 0.
    ///
    /// Without a source they read nothing; without a sink, what the last one prints counts among its errors. Throws
    /// `ProcessFault`, or what source or sink have thrown. When the task is cancelled, that is `ProcessFault.stopped`, or
    /// `CancellationError` where no program had said anything. However it returns, each program has ended before, and what
    /// was left of its process group with it; when one cannot be ended, `ProcessFault.survived` says so.
    package func run(
        from source: Source? = nil, into sink: Sink? = nil, grace: Int64 = usualGrace
    ) async throws -> Outcome {
        let started = try await ChildStarter.start(
            commands, feedsInput: source != nil, takesOutput: sink != nil, isUrgent: isUrgent, grace: grace)
        var run = PipelineRun(started, count: commands.count, grace: grace)
        if source == nil && sink == nil && started.children.count == 1 && started.fault == nil {
            await run.waitForOne()
        } else {
            await run.wait(source, sink)
        }
        return try run.finish()
    }
}

/// A pipeline that was started, until all of it has ended.
private struct PipelineRun {
    /// Something that ends by itself.
    private enum Part: Sendable {
        case child(Int, SupervisedChild.Ending)
        case fed(Result<Bool, any Error>)
        case taken(Result<Int64, any Error>)
    }

    private let started: StartedPipeline
    private let count: Int
    private let grace: Int64
    private var outcome = ProgramPipeline.Outcome()
    /// The first thing that went wrong beside the programs.
    private var failure: (any Error)?
    /// The programs that were stopped by this process.
    private var stopped: Set<Int> = []
    /// The programs that could not be stopped, and why.
    private var survivors: [Int: String] = [:]
    /// Whether something was cut off before its end.
    private var wasCutOff = false

    init(_ started: StartedPipeline, count: Int, grace: Int64) {
        self.started = started
        self.count = count
        self.grace = grace
        failure = started.fault
    }

    /// Waits for a single program without streams.
    mutating func waitForOne() async {
        note(.child(0, await started.children[0].ended(grace: grace)))
    }

    /// Waits for all programs and streams. The first that fails stops all others.
    mutating func wait(_ source: ProgramPipeline.Source?, _ sink: ProgramPipeline.Sink?) async {
        let started = started
        let grace = grace
        var parts: [Part] = []
        let known = failure != nil
        let pace = StreamPace(running: started.children.count, patience: grace)
        await withTaskGroup(of: Part.self) { group in
            for (position, child) in started.children.enumerated() {
                group.addTask {
                    let ending = await child.ended(grace: grace)
                    pace.oneHasEnded()
                    return .child(position, ending)
                }
            }
            if let source, let input = started.input {
                group.addTask { .fed(await caught { try await Self.feed(input, source, pace) }) }
            }
            if let sink, let output = started.output {
                let last = started.children.last?.name ?? ""
                group.addTask { .taken(await caught { try await Self.take(output, sink, pace, from: last) }) }
            }
            if known { group.cancelAll() }
            for await part in group {
                parts.append(part)
                if Self.isFailure(part) { group.cancelAll() }
            }
        }
        for part in parts { note(part) }
    }

    private static func isFailure(_ part: Part) -> Bool {
        switch part {
        // A program that nobody reads from any more follows from another, which is to end by itself.
        case .child(_, .ended(let status, _)): !status.isSuccess && status != .signalled(SIGPIPE)
        case .child(_, .survived): true
        case .fed(.failure), .taken(.failure): true
        case .fed(.success), .taken(.success): false
        }
    }

    private mutating func note(_ part: Part) {
        switch part {
        case .child(let position, .ended(_, let wasStopped)): if wasStopped { stopped.insert(position) }
        case .child(let position, .survived(let reason)): survivors[position] = reason
        case .fed(.success(let all)): outcome.leftInput = !all
        case .taken(.success(let count)): outcome.printed = count
        case .fed(.failure(let error)), .taken(.failure(let error)):
            // What follows from stopping the others explains nothing.
            if error is CancellationError { wasCutOff = true } else { failure = failure ?? error }
        }
    }

    /// Gives the first program all that there is; tells whether it has read it.
    private static func feed(
        _ input: WatchedDescriptor, _ source: ProgramPipeline.Source, _ pace: StreamPace
    ) async throws -> Bool {
        while let chunk = try await source() {
            var position = 0
            while position < chunk.count {
                let written = chunk.withUnsafeBytes { bytes in
                    write(input.number, bytes.baseAddress?.advanced(by: position), bytes.count - position)
                }
                if written >= 0 {
                    position += written
                    continue
                }
                switch errno {
                case EAGAIN: if try await !pace.wait(for: input) { return false }
                case EINTR: break
                case EPIPE: return false
                default: throw ProcessFault.system("writing to a program")
                }
            }
        }
        // Only now, when all went well, does the program see the end.
        input.close()
        return true
    }

    /// How much is read from a pipe at a time, in bytes.
    private static let chunkLength = 1 << 18

    /// Takes what the last program prints, to its end; gives back how many bytes those were.
    private static func take(
        _ output: WatchedDescriptor, _ sink: ProgramPipeline.Sink, _ pace: StreamPace, from program: String
    ) async throws -> Int64 {
        var total: Int64 = 0
        while true {
            var code: Int32 = 0
            var isAtEnd = false
            let chunk = [UInt8](unsafeUninitializedCapacity: chunkLength) { buffer, filled in
                // A pipe gives little at a time; the sink is better served with much.
                while filled < buffer.count {
                    let count = read(output.number, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
                    if count <= 0 {
                        code = count < 0 ? errno : 0
                        isAtEnd = count == 0
                        return
                    }
                    filled += count
                }
            }
            if !chunk.isEmpty {
                total += Int64(chunk.count)
                try await sink(chunk)
            }
            if isAtEnd { return total }
            switch code {
            case 0, EINTR: try Task.checkCancellation()
            case EAGAIN: if try await !pace.wait(for: output) { throw ProcessFault.heldOpen(program) }
            default: throw ProcessFault.system("reading from a program", code: code)
            }
        }
    }

    /// Forgets the programs, closes the pipes, and says what came of it all.
    func finish() throws -> ProgramPipeline.Outcome {
        var failures: [ProgramFailure] = []
        var last: [ProgramFailure] = []
        var survived: ProcessFault?
        for (position, child) in started.children.enumerated() {
            if let reason = survivors[position] {
                let tail = child.abandon(without: started.secrets)
                survived = survived ?? .survived(words(position, .signalled(SIGKILL), tail), reason: reason)
                continue
            }
            let ending = child.finish(without: started.secrets)
            let words = words(position, ending.status, ending.tail)
            // What this process has stopped did not fail by itself, unless it had ended before.
            if stopped.contains(position) {
                if ending.leavesOthers {
                    survived = survived ?? .survived(words, reason: SupervisedChild.otherUser)
                }
                if !ending.tail.isEmpty { last.append(words) }
            } else if !ending.status.isSuccess {
                failures.append(words)
            }
        }
        started.input?.close()
        started.output?.close()
        // Whatever else there is to tell: a person must see to it.
        if let survived { throw survived }
        if let failure { throw failure }
        // A program that nobody reads from any more is ended by that; why nobody does explains it.
        if let first = failures.first(where: { $0.status != .signalled(SIGPIPE) }) ?? failures.first {
            throw ProcessFault.failed(first)
        }
        if wasCutOff || !stopped.isEmpty { throw last.isEmpty ? CancellationError() : ProcessFault.stopped(last) }
        return outcome
    }

    private func words(_ position: Int, _ status: ProgramStatus, _ tail: String) -> ProgramFailure {
        ProgramFailure(
            program: started.children[position].name, position: position + 1, count: count, status: status, tail: tail)
    }
}

/// How long streams wait: as long as a program runs without limit, and then a short while only. A process that a program
/// has left behind may keep a pipe open for as long as it likes.
private final class StreamPace: Sendable {
    private let running: Atomic<Int>
    private let patience: Int64

    init(running: Int, patience: Int64) {
        self.running = Atomic(running)
        self.patience = patience
    }

    func oneHasEnded() { running.subtract(1, ordering: .releasing) }

    /// Waits until a descriptor is ready; gives back false when all programs have ended and nothing has happened since.
    func wait(for descriptor: WatchedDescriptor) async throws -> Bool {
        while true {
            // Looked at before, so that there was nothing for the whole time after the end.
            let hadEnded = running.load(ordering: .acquiring) == 0
            if try await descriptor.wait(until: Readiness.now + patience) { return true }
            if hadEnded { return false }
        }
    }
}

/// The value or the error of `body`.
private func caught<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
