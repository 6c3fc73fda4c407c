internal import CLinux
internal import Glibc
internal import Synchronization

/// Another process that ends the process groups of programs when this one has ended, however that has happened.
///
/// A signal at the death of the parent, which programs have as well, reaches no further than the program itself: what that
/// has started would go on beside the run that takes over. Each program tells the guard of its group before it begins, so
/// that nothing lies between; this process tells it when a group has gone, before the number can be another's.
final class GroupGuard: Sendable {
    private struct State {
        var process: pid_t = 0
        /// How many guards there were.
        var generation = 0
        /// The groups that are there, for the guard that follows on one that has died.
        var groups: Set<pid_t> = []
        /// What the guard could not be told, because it stood still.
        var owed: [pid_t] = []
    }

    /// The one of this process; it begins with the first program.
    static let shared = GroupGuard()

    /// Where it is told. Once there is one, the number stays the same: the program that is being started has it.
    private let notes = Atomic<Int32>(-1)
    private let state = Mutex(State())

    private init() {}

    /// What a program that is to be started needs: where to tell the guard, and which guard that is.
    func ready() throws(ProcessFault) -> (notes: Int32, generation: Int) {
        let result = state.withLock { state -> Result<Int, ProcessFault> in
            Result { () throws(ProcessFault) in
                if state.process == 0 { try begin(&state) }
                while let group = state.owed.last {
                    guard tell(-group) else {
                        // One that has died owes nothing, and is replaced when a program has met with it.
                        if errno == EPIPE { state.owed = [] } else { throw Self.deaf }
                        break
                    }
                    state.owed.removeLast()
                }
                return state.generation
            }
        }
        return (notes.load(ordering: .acquiring), try result.get())
    }

    /// Replaces a guard that has died, unless that was done already.
    func renew(after generation: Int) throws(ProcessFault) {
        let result = state.withLock { state -> Result<Void, ProcessFault> in
            Result { () throws(ProcessFault) in if state.generation == generation { try begin(&state) } }
        }
        try result.get()
    }

    /// Takes note of a group that has begun and has told a guard so.
    func hasBegun(_ group: pid_t, generation: Int) {
        state.withLock { state in
            state.groups.insert(group)
            // Another one has begun meanwhile, and knows of those only that were noted here.
            if state.generation != generation { _ = tell(group) }
        }
    }

    /// Takes note of a group that was ended, while its number is still its own.
    func hasEnded(_ group: pid_t) {
        state.withLock { state in
            state.groups.remove(group)
            if !tell(-group) && errno == EAGAIN { state.owed.append(group) }
        }
    }

    /// What a program cannot be started after: it would go on if this process were killed.
    static let deaf = ProcessFault.system(
        "starting a program", reason: "the process that guards programs does not listen")

    /// Lets the guard end with this process, and waits for it: else it would be a zombie wherever nobody looks after
    /// processes that have lost their parent.
    private func end() {
        state.withLock { state in
            if state.process == 0 { return }
            close(notes.load(ordering: .relaxed))
            notes.store(-1, ordering: .releasing)
            // One that was made to stand still must not hold this process up.
            for _ in 0..<1000 where waitpid(state.process, nil, WNOHANG) == 0 { usleep(100) }
            state.process = 0
        }
    }

    private func begin(_ state: inout State) throws(ProcessFault) {
        var new: Int32 = -1
        let number = clinux_start_guard(&new)
        guard number > 0 else { throw .system("starting the process that guards programs") }
        let place = notes.load(ordering: .relaxed)
        if place < 0 {
            notes.store(new, ordering: .releasing)
            if state.generation == 0 { atexit { GroupGuard.shared.end() } }
        } else {
            clinux_replace(new, place)
            close(new)
            // The one before has ended: nobody reads from its pipe.
            waitpid(state.process, nil, WNOHANG)
        }
        state.process = number
        state.generation += 1
        state.owed = []
        for group in state.groups.sorted() { _ = tell(group) }
    }

    private func tell(_ note: pid_t) -> Bool { clinux_tell_guard(notes.load(ordering: .relaxed), note) == 0 }
}
