internal import CLinux
internal import Glibc
internal import Surroundings

/// A program that was started: it has a session and a process group of its own, and the group goes with it.
final class SupervisedChild: Sendable {
    /// What became of a program.
    enum Ending: Sendable {
        case ended(ProgramStatus, wasStopped: Bool)
        /// It was to be stopped, and could not be.
        case survived(reason: String)
    }

    /// How long a program that was killed may take to be gone, in nanoseconds: memory is given back, files are closed.
    private static let leaving: Int64 = 30_000_000_000

    /// Why a program of another user survives.
    static let otherUser = "it, or what it has started, runs as another user, whose programs this one must not end"

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
    /// as it has ended, or has shown that it cannot be ended.
    func ended(grace: Int64) async -> Ending {
        var wasStopped = false
        do { _ = try await process.wait() } catch {
            wasStopped = true
            // What it says to being stopped explains nothing.
            tail.takeRest(from: errors.number)
            tail.close()
            let obstacle = await uncancelled { [self] in await stop(grace: grace) }
            if let obstacle { return .survived(reason: obstacle) }
        }
        return .ended(status(forgetting: false), wasStopped: wasStopped)
    }

    /// Asks the group to end, then ends it, and waits for the program; says why when it cannot be ended.
    private func stop(grace: Int64) async -> String? {
        do {
            signalGroup(SIGTERM)
            // A program that stands still would not hear it.
            signalGroup(SIGCONT)
            if try await process.wait(until: Readiness.now + grace) { return nil }
            signalGroup(SIGKILL)
            if kill(number, 0) != 0 && errno == EPERM {
                return Self.otherUser
            }
            if try await process.wait(until: Readiness.now + Self.leaving) { return nil }
            return "the system does not end it, as when a device or a mount does not answer"
        } catch {
            // It cannot be watched any more; then it is ended in any case.
            signalGroup(SIGKILL)
            return nil
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
    /// printed, and whether something in its group could not be ended.
    func finish(without secrets: [String]) -> (status: ProgramStatus, tail: String, leavesOthers: Bool) {
        // Before the program is forgotten: afterwards its number may be another's.
        signalGroup(SIGKILL)
        GroupGuard.shared.hasEnded(number)
        let ending = status(forgetting: true)
        // The number stays the group's as long as someone is in it.
        let leavesOthers = kill(-number, 0) != 0 && errno == EPERM
        return (ending, closing(without: secrets), leavesOthers)
    }

    /// Turns away from a program that cannot be ended, and gives back the end of what it has printed. It is not forgotten,
    /// so that its number, which the guard goes on to know, does not become another's.
    func abandon(without secrets: [String]) -> String { closing(without: secrets) }

    private func closing(without secrets: [String]) -> String {
        tail.takeRest(from: errors.number)
        errors.close()
        process.close()
        return tail.text(without: secrets)
    }
}
