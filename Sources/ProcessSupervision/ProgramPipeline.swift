internal import Glibc

/// Programs of which each reads what the one before it prints. One that fails fails all.
package struct ProgramPipeline: Sendable, Hashable {
    package let commands: [ProgramCommand]

    /// A pipeline of one program or more.
    package init(_ commands: [ProgramCommand]) { self.commands = commands }

    package init(_ command: ProgramCommand) { commands = [command] }

    /// What the first program is given to read: chunks until `nil`. When it throws, the programs are stopped without
    /// having seen an end.
    package typealias Source = @Sendable () async throws -> [UInt8]?
    /// Takes what the last program prints; holds it up while it works.
    package typealias Sink = @Sendable ([UInt8]) async throws -> Void

    /// How long programs may take to end when they are asked to, in nanoseconds, before they are ended.
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
    /// `ProcessFault`, what source or sink have thrown, or `CancellationError` when the task is cancelled. However it
    /// returns, each program has ended before, and what was left of its process group with it.
    package func run(
        from source: Source? = nil, into sink: Sink? = nil, grace: Int64 = usualGrace
    ) async throws -> Outcome {
        let started = try await ChildStarter.start(commands, feedsInput: source != nil, takesOutput: sink != nil)
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
        case child(Int, ProgramStatus, wasStopped: Bool)
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
        if await started.children[0].ended(grace: grace).wasStopped { stopped.insert(0) }
    }

    /// Waits for all programs and streams. The first that fails stops all others.
    mutating func wait(_ source: ProgramPipeline.Source?, _ sink: ProgramPipeline.Sink?) async {
        let started = started
        let grace = grace
        var parts: [Part] = []
        let known = failure != nil
        await withTaskGroup(of: Part.self) { group in
            for (position, child) in started.children.enumerated() {
                group.addTask {
                    let ending = await child.ended(grace: grace)
                    return .child(position, ending.status, wasStopped: ending.wasStopped)
                }
            }
            if let source, let input = started.input {
                group.addTask { .fed(await caught { try await Self.feed(input, source) }) }
            }
            if let sink, let output = started.output {
                group.addTask { .taken(await caught { try await Self.take(output, sink) }) }
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
        case .child(_, let status, _): !status.isSuccess && status != .signalled(SIGPIPE)
        case .fed(.failure), .taken(.failure): true
        case .fed(.success), .taken(.success): false
        }
    }

    private mutating func note(_ part: Part) {
        switch part {
        case .child(let position, _, let wasStopped): if wasStopped { stopped.insert(position) }
        case .fed(.success(let all)): outcome.leftInput = !all
        case .taken(.success(let count)): outcome.printed = count
        case .fed(.failure(let error)), .taken(.failure(let error)):
            // What follows from stopping the others explains nothing.
            if error is CancellationError { wasCutOff = true } else { failure = failure ?? error }
        }
    }

    /// Gives the first program all that there is; tells whether it has read it.
    private static func feed(_ input: WatchedDescriptor, _ source: ProgramPipeline.Source) async throws -> Bool {
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
                case EAGAIN: _ = try await input.wait()
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
    private static func take(_ output: WatchedDescriptor, _ sink: ProgramPipeline.Sink) async throws -> Int64 {
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
            case EAGAIN: _ = try await output.wait()
            default: throw ProcessFault.system("reading from a program", code: code)
            }
        }
    }

    /// Forgets the programs, closes the pipes, and says what came of it all.
    mutating func finish() throws -> ProgramPipeline.Outcome {
        var failures: [ProgramFailure] = []
        for (position, child) in started.children.enumerated() {
            let ending = child.finish(without: started.secrets)
            // What this process has stopped did not fail by itself, unless it had ended before.
            if ending.status.isSuccess || stopped.contains(position) { continue }
            failures.append(
                ProgramFailure(
                    program: child.name, position: position + 1, count: count, status: ending.status,
                    tail: ending.tail))
        }
        started.input?.close()
        started.output?.close()
        if let failure { throw failure }
        // A program that nobody reads from any more is ended by that; why nobody does explains it.
        if let first = failures.first(where: { $0.status != .signalled(SIGPIPE) }) ?? failures.first {
            throw ProcessFault.failed(first)
        }
        if wasCutOff || !stopped.isEmpty { throw CancellationError() }
        return outcome
    }
}

/// The value or the error of `body`.
private func caught<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
