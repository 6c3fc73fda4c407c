package import Bank
import CanonicalForm
package import Surroundings
import Synchronization

/// Appends to one journal: events are gathered, and all that wait become durable together in one object.
///
/// `append` only takes note; its events are written soon, in the order in which they came, so that a crash loses the
/// newest ones at most and never one before another. `appendDurably` and `flush` wait until everything so far is
/// durable. Nothing is written behind a gap: the first failure is the last word, and everyone who waits then or later
/// is told of it.
///
/// The tasks that write are the writer's own; its owner ends with `close`, which waits for them.
package final class JournalWriter: Sendable {
    /// How long an event may lie before it is written, in nanoseconds.
    package static let linger: Int64 = 200_000_000
    /// How many bytes of events are written without waiting any longer.
    static let fullBytes = 1 << 20

    private struct State {
        var rows = JournalRows()
        var waiting: [CheckedContinuation<Void, any Error>] = []
        var isWriting = false
        var isTimed = false
        var tasks: [Int: (task: Task<Void, Never>, isTimer: Bool)] = [:]
        var nextTask = 0
        var failure: (any Error)?
        var segments: UInt32 = 0
    }

    private let bank: any Bank
    private let key: @Sendable (UInt32) -> BankKey
    private let clock: any RunClock
    private let writeGuard: any WriteGuard
    private let state: Mutex<State>
    /// Whether there is a failure: every activity asks, and must not wait for those who append.
    private let hasFailed = Atomic(false)

    /// A writer of a new journal whose segments lie where `key` says; or of one that has `segments` already.
    package init(
        bank: any Bank, clock: any RunClock, guard writeGuard: any WriteGuard, segments: UInt32 = 0,
        key: @escaping @Sendable (UInt32) -> BankKey
    ) {
        state = Mutex(State(segments: segments))
        self.bank = bank
        self.clock = clock
        self.writeGuard = writeGuard
        self.key = key
    }

    /// How many segments are durable.
    package var segments: UInt32 { state.withLock { $0.segments } }
    /// Why nothing can be written any more; `nil` while all is well.
    package var failure: (any Error)? {
        hasFailed.load(ordering: .acquiring) ? state.withLock { $0.failure } : nil
    }

    /// Takes note of an event; it becomes durable soon, unless the bank fails.
    package func append(_ event: JournalEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.rows.append(event)
            if state.rows.byteCount >= Self.fullBytes { startWriting(&state) } else { startTimer(&state) }
        }
    }

    /// Takes note of an event and waits until it is durable; throws what the bank threw, then and ever after.
    package func appendDurably(_ event: JournalEvent) async throws { try await appendDurably([event]) }

    /// Takes note of events and waits until they are durable, all of them in one object.
    package func appendDurably(_ events: [JournalEvent]) async throws {
        try await wait { state in for event in events { state.rows.append(event) } }
    }

    /// Waits until everything so far is durable.
    package func flush() async throws { try await wait { _ in } }

    /// Waits until everything so far is durable or has failed, and until no task of the writer runs any more.
    package func close() async {
        // A failure is told by `failure` to whoever wants to know.
        try? await flush()
        while let (task, isTimer) = state.withLock({ $0.tasks.min { $0.key < $1.key }?.value }) {
            if isTimer { task.cancel() }
            await task.value
        }
    }

    private func wait(_ change: (inout State) -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let answer: Result<Void, any Error>? = state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                change(&state)
                if state.rows.isEmpty && !state.isWriting { return .success(()) }
                state.waiting.append(continuation)
                startWriting(&state)
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    // MARK: Tasks

    private func startTimer(_ state: inout State) {
        guard !state.isTimed && !state.isWriting else { return }
        state.isTimed = true
        start(&state, isTimer: true) { [self] in
            // Cancelled means that everything was written meanwhile.
            try? await clock.sleep(nanoseconds: Self.linger)
            self.state.withLock { state in
                state.isTimed = false
                if !state.rows.isEmpty { startWriting(&state) }
            }
        }
    }

    private func startWriting(_ state: inout State) {
        guard !state.isWriting else { return }
        state.isWriting = true
        start(&state, isTimer: false) { [self] in await writeAll() }
    }

    private func start(_ state: inout State, isTimer: Bool, _ body: @escaping @Sendable () async -> Void) {
        let number = state.nextTask
        state.nextTask += 1
        let task = TaskPlace.task { [self] in
            await body()
            self.state.withLock { state in state.tasks[number] = nil }
        }
        state.tasks[number] = (task, isTimer)
    }

    /// Writes until nobody waits and little is left; each segment takes all that came while the one before was being
    /// written.
    private func writeAll() async {
        while true {
            let (rows, served, number) = state.withLock { state in
                let taken = (state.rows, state.waiting, state.segments)
                state.rows = JournalRows()
                state.waiting = []
                return taken
            }
            let result = await write(rows, number)
            state.withLock { state in
                switch result {
                case .success: if !rows.isEmpty { state.segments += 1 }
                case .failure(let error):
                    state.failure = state.failure ?? error
                    hasFailed.store(true, ordering: .releasing)
                }
            }
            for waiter in served { waiter.resume(with: result) }
            let isDone = state.withLock { state in
                if state.failure != nil { state.rows = JournalRows() }
                guard state.waiting.isEmpty, state.rows.byteCount < Self.fullBytes else { return false }
                state.isWriting = false
                if !state.rows.isEmpty { startTimer(&state) }
                return true
            }
            if isDone { return }
        }
    }

    private func write(_ rows: JournalRows, _ number: UInt32) async -> Result<Void, any Error> {
        if let failure { return .failure(failure) }
        guard !rows.isEmpty else { return .success(()) }
        let bytes = rows.sealed(number: number)
        do {
            for _ in 1...2 {
                try writeGuard.ensureMayWrite()
                // Nobody else writes this key, so that repeating is right where the outcome is unknown.
                do { return .success(try await bank.putOnce(key(number), bytes)) } catch BankError.outcomeUnknown {}
            }
            try writeGuard.ensureMayWrite()
            return .success(try await bank.putOnce(key(number), bytes))
        } catch {
            return .failure(error)
        }
    }
}
