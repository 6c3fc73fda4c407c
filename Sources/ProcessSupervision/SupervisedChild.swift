internal import CLinux
internal import Glibc
internal import Surroundings

/// A program that was started: it has a process group of its own, which goes with it.
final class SupervisedChild: Sendable {
    let name: String
    private let number: pid_t
    /// Becomes readable when the program has ended.
    private let process: WatchedDescriptor
    /// Where its error output comes out.
    private let errors: WatchedDescriptor
    private let tail = OutputTail()

    /// Takes over a process and the end of the pipe of its error output.
    init(name: String, number: pid_t, process: Int32, errors: Int32, _ readiness: Readiness) throws(ProcessFault) {
        self.name = name
        self.number = number
        self.process = .watching(process, .reading, by: readiness)
        self.errors = .watching(errors, .reading, by: readiness)
        let tail = tail
        try self.errors.empty { tail.take(from: $0) }
    }

    /// Waits until the program has ended, and tells how; it is not forgotten yet, so its number stands for it still.
    /// When the task is cancelled it is asked to end, after `grace` nanoseconds it is ended, and the answer comes as soon
    /// as it has ended.
    func ended(grace: Int64) async -> (status: ProgramStatus, wasStopped: Bool) {
        var wasStopped = false
        do { _ = try await process.wait() } catch {
            wasStopped = true
            await uncancelled { [self] in await stop(grace: grace) }
        }
        return (status(forgetting: false), wasStopped)
    }

    /// Asks the group to end, then ends it, and waits for the program.
    private func stop(grace: Int64) async {
        do {
            signalGroup(SIGTERM)
            // A program that stands still would not hear it.
            signalGroup(SIGCONT)
            if try await process.wait(until: Readiness.now + grace) { return }
            signalGroup(SIGKILL)
            _ = try await process.wait()
        } catch {
            // It cannot be watched any more; then it is ended in any case.
            signalGroup(SIGKILL)
        }
    }

    private func signalGroup(_ signal: Int32) { _ = kill(-number, signal) }

    private func status(forgetting: Bool) -> ProgramStatus {
        var wasSignal: Int32 = 0
        var status: Int32 = 0
        guard clinux_ending(process.number, forgetting ? 1 : 0, &wasSignal, &status) == 0 else {
            // Someone else has taken its ending, which only a fault in this process can do.
            return .signalled(SIGKILL)
        }
        return wasSignal != 0 ? .signalled(status) : .exited(status)
    }

    /// Ends what is left of the group, forgets the program, which must have ended, and gives back the end of what it
    /// printed.
    func finish(without secrets: [String]) -> (status: ProgramStatus, tail: String) {
        // Before the program is forgotten: afterwards its number may be another's.
        signalGroup(SIGKILL)
        let ending = status(forgetting: true)
        tail.takeRest(from: errors.number)
        errors.close()
        process.close()
        return (ending, tail.text(without: secrets))
    }
}
