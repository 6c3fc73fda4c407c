internal import BlockingIO
internal import CLinux
internal import Glibc
internal import Synchronization

/// A pipeline that runs, with this process's ends of its pipes.
struct StartedPipeline: Sendable {
    var children: [SupervisedChild] = []
    /// Takes what the first program reads.
    var input: WatchedDescriptor?
    /// Gives what the last program prints.
    var output: WatchedDescriptor?
    /// The values of secrets that the programs know.
    var secrets: [String] = []
    /// Why not all of them could be started; then those that were must be stopped.
    var fault: ProcessFault?

    /// Ends the programs, which nobody has wanted to see. Blocks until they have ended.
    func discard() {
        for child in children { _ = child.finish(without: secrets) }
        input?.close()
        output?.close()
    }
}

/// Starts programs on threads that end with the process only: the system ends a program when the thread that started it
/// ends.
enum ChildStarter {
    /// A start may hang, as when the file of a program lies on a mount that does not answer. What is urgent, since a
    /// service stands still until it has run, never waits behind such a start.
    private static let ordinary = BlockingThreads(name: "child-starter", count: 32)
    private static let urgent = BlockingThreads(name: "urgent-starter", count: 8)

    /// Starts the programs of a pipeline, connected with each other. When the task is cancelled meanwhile, they get
    /// `grace` nanoseconds to begin; later nobody waits for them, and they are ended as soon as they have begun.
    static func start(
        _ commands: [ProgramCommand], feedsInput: Bool, takesOutput: Bool, isUrgent: Bool, grace: Int64
    ) async throws -> StartedPipeline {
        try Task.checkCancellation()
        let pending = PendingStart(name: commands.first?.name ?? "")
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard pending.wait(continuation) else { return }
                (isUrgent ? urgent : ordinary).begin {
                    pending.begin { try start(commands, feedsInput: feedsInput, takesOutput: takesOutput) }
                }
            }
        } onCancel: {
            pending.cancel(grace: grace)
        }
    }

    private static func start(
        _ commands: [ProgramCommand], feedsInput: Bool, takesOutput: Bool
    ) throws -> StartedPipeline {
        let readiness = try Readiness.shared()
        var job = StartJob(readiness: readiness)
        do throws(ProcessFault) {
            // All of them are looked at before the first is started.
            let programs = try commands.map { command throws(ProcessFault) in
                try PreparedProgram(command, secrets: &job.started.secrets)
            }
            try job.start(programs, feedsInput: feedsInput, takesOutput: takesOutput)
        } catch { job.started.fault = error }
        job.closeRest()
        return job.started
    }
}

/// A start that someone waits for, and may cease to.
private final class PendingStart: Sendable {
    private struct State {
        var waiter: CheckedContinuation<StartedPipeline, any Error>?
        var isCancelled = false
        var hasBegun = false
    }

    private let name: String
    private let state = Mutex(State())

    init(name: String) { self.name = name }

    /// Takes on who waits; gives back false when that was told already that nothing will be started.
    func wait(_ continuation: CheckedContinuation<StartedPipeline, any Error>) -> Bool {
        let isCancelled = state.withLock { state in
            if !state.isCancelled { state.waiter = continuation }
            return state.isCancelled
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
        return !isCancelled
    }

    /// Starts the programs, unless nobody wants them any more. Blocks.
    func begin(_ start: () throws -> StartedPipeline) {
        let isWanted = state.withLock { state in
            state.hasBegun = state.waiter != nil
            return state.hasBegun
        }
        guard isWanted else { return }
        let result = Result { try start() }
        if let waiter = takeWaiter() { return waiter.resume(with: result) }
        (try? result.get())?.discard()
    }

    /// Nobody wants the programs any more.
    func cancel(grace: Int64) {
        let waiter = state.withLock { state -> CheckedContinuation<StartedPipeline, any Error>? in
            state.isCancelled = true
            if state.hasBegun { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        if let waiter { return waiter.resume(throwing: CancellationError()) }
        Task.detached { [self] in
            try? await Task.sleep(nanoseconds: UInt64(max(0, grace)))
            takeWaiter()?.resume(throwing: ProcessFault.hangs(name))
        }
    }

    private func takeWaiter() -> CheckedContinuation<StartedPipeline, any Error>? {
        state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
    }
}

/// The starting of one pipeline: it knows which descriptors are open.
private struct StartJob {
    let readiness: Readiness
    var started = StartedPipeline()
    private var open: Set<Int32> = []
    /// Opened once, for all programs that read nothing.
    private static let nothing = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)

    init(readiness: Readiness) { self.readiness = readiness }

    mutating func start(_ programs: [PreparedProgram], feedsInput: Bool, takesOutput: Bool) throws(ProcessFault) {
        guard Self.nothing >= 3 else { throw .system("opening /dev/null", reason: "it is not there") }
        var reading = Self.nothing
        if feedsInput {
            let pipe = try pipe()
            reading = pipe.read
            started.input = try watch(pipe.write, .writing)
        }
        for (position, program) in programs.enumerated() {
            let errors = try pipe()
            var output = errors.write
            var next = reading
            if position + 1 < programs.count {
                let link = try pipe()
                output = link.write
                next = link.read
            } else if takesOutput {
                let end = try pipe()
                output = end.write
                started.output = try watch(end.read, .reading)
            }
            let (number, process) = try program.start(reading, output, errors.write)
            if reading != Self.nothing { close(reading) }
            if output != errors.write { close(output) }
            close(errors.write)
            reading = next
            guard clinux_set_nonblocking(errors.read) == 0 else {
                end(number, process)
                throw .system("making a pipe")
            }
            open.remove(errors.read)
            do {
                started.children.append(
                    try SupervisedChild(
                        name: program.command.name, number: number, process: process, errors: errors.read, readiness))
            } catch {
                end(number, nil)
                throw error
            }
        }
    }

    /// Closes what the programs have inherited, or would have.
    mutating func closeRest() {
        for descriptor in open.sorted() { Glibc.close(descriptor) }
        open = []
    }

    private mutating func close(_ descriptor: Int32) {
        Glibc.close(descriptor)
        open.remove(descriptor)
    }

    /// Ends a program that cannot be watched.
    private func end(_ number: pid_t, _ process: Int32?) {
        kill(-number, SIGKILL)
        GroupGuard.shared.hasEnded(number)
        while waitpid(number, nil, 0) < 0 && errno == EINTR {}
        if let process { Glibc.close(process) }
    }

    private mutating func pipe() throws(ProcessFault) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .system("making a pipe") }
        for index in ends.indices { ends[index] = moved(ends[index]) }
        open.formUnion(ends)
        guard ends[0] >= 0, ends[1] >= 0 else { throw .system("making a pipe") }
        return (ends[0], ends[1])
    }

    /// A descriptor that is none of the standard ones, which a program would lose.
    private func moved(_ descriptor: Int32) -> Int32 {
        if descriptor > 2 { return descriptor }
        let higher = clinux_duplicate_above(descriptor, 3)
        Glibc.close(descriptor)
        return higher
    }

    private mutating func watch(
        _ descriptor: Int32, _ interest: WatchedDescriptor.Interest
    ) throws(ProcessFault) -> WatchedDescriptor {
        guard clinux_set_nonblocking(descriptor) == 0 else { throw .system("making a pipe") }
        open.remove(descriptor)
        return .watching(descriptor, interest, by: readiness)
    }
}
