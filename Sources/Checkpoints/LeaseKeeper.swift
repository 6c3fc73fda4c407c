package import Bank
internal import CanonicalForm
internal import Synchronization
package import Surroundings

/// Keeps this process's lease on a bank: acquires it, renews it while work goes on, and ends the work when it is lost.
///
/// What the lease allows is judged by this process's monotonic clock alone, counted from before each write was sent. So
/// the owner always knows it to be lost before anyone else can: see docs/bank-format.md.
package final class LeaseKeeper: Sendable {
    private enum Phase {
        case idle
        case held
        case lost(reason: String)
        case released
    }

    private struct State {
        var phase = Phase.idle
        /// The end of the lease on the monotonic clock, in nanoseconds.
        var end: Int64 = 0
        var renewal: Int64 = 0
        /// When the last write was sent and answered, by the wall clock.
        var lastWrite: (began: Int64, ended: Int64)?
        /// Why the last renewal failed; `nil` when none has since one went well.
        var lastFailure: String?
    }

    private let bank: any Bank
    private let owner: Owner
    private let terms: LeaseTerms
    private let clock: any RunClock
    private let state = Mutex(State())
    /// Until when a write may begin, as long as nothing else is known: every activity asks, and waits for nobody.
    private let heldUntil = Atomic(Int64.min)

    /// A keeper of the lease of `owner`, which is not held yet.
    package init(bank: any Bank, owner: Owner, terms: LeaseTerms = .standard, clock: any RunClock) {
        self.bank = bank
        self.owner = owner
        self.terms = terms
        self.clock = clock
    }

    /// Throws unless so much of the lease is left that a write may begin. Cheap enough to be asked before each.
    package func ensureValid() throws(LeaseError) {
        let now = clock.monotonicNanoseconds
        if now <= heldUntil.load(ordering: .acquiring) { return }
        let phase = state.withLock { state in
            if case .held = state.phase, now > state.end - validity {
                state.phase = .lost(reason: notRenewed(state, now: now))
                heldUntil.store(.min, ordering: .releasing)
            }
            return state.phase
        }
        switch phase {
        case .held: return
        case .idle, .released: throw .notHeld(owner: owner.id)
        case .lost(let reason): throw .lost(owner: owner.id, reason: reason)
        }
    }

    /// Whether the lease was held and ran out.
    package var isLost: Bool { loss != nil }

    /// How the lease was lost, `nil` when it was not.
    private var loss: LeaseError? {
        do { try ensureValid() } catch { if case .lost = error { return error } }
        return nil
    }

    /// How far this host's clock is from the store's, by the last write of the lease; `nil` when the store does not tell
    /// its time or there was none.
    package func clockSkew() async -> ClockSkew? {
        guard let write = state.withLock({ $0.lastWrite }), let key = try? CheckpointLayout.lease(owner.id),
            let stored = try? await bank.modified(key)
        else { return nil }
        return ClockSkew(began: write.began, ended: write.ended, stored: stored)
    }

    /// Runs `body` under the lease: acquires it before, renews it meanwhile, and removes it afterwards.
    ///
    /// When the lease cannot be renewed in time, `body` is cancelled while the lease still lasts; what it returns all the
    /// same is returned, and `LeaseError.lost` stands for its `CancellationError`.
    package func run<Result: Sendable>(
        while body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await acquire()
        return try await hold(while: body)
    }

    /// Runs `body` under the lease that was acquired, as `run` does.
    package func hold<Result: Sendable>(
        while body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await renewing(body)
            await release()
            return result
        } catch {
            // A body that was cancelled from outside has lost nothing.
            let loss = loss
            await release()
            if error is CancellationError, let loss { throw loss }
            throw error
        }
    }

    // MARK: The parts of a run

    private enum Ending<Result: Sendable>: Sendable {
        case body(Result)
        case renewals
    }

    private func renewing<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // What is cancelled has still to undo what it began and to record that, for which it needs its lease: only the end
        // of the body ends the renewals.
        let renewals = TaskPlace.task { await self.keepUntilLost() }
        return try await withThrowingTaskGroup(of: Ending<Result>.self) { group in
            defer { renewals.cancel() }
            group.addTask { .body(try await body()) }
            group.addTask {
                await renewals.value
                return .renewals
            }
            var result: Result?
            while let ending = try await group.next() {
                if case .body(let value) = ending { result = value }
                renewals.cancel()
                group.cancelAll()
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// Renews the lease until it is lost, or the task cancelled.
    private func keepUntilLost() async {
        await withTaskGroup(of: Void.self) { group in
            // A write that hangs must not keep anyone from noticing the end: it is watched by another task.
            group.addTask { await self.renewUntilLost() }
            group.addTask { await self.watchUntilLost() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Writes the lease for the first time.
    package func acquire() async throws {
        try Task.checkCancellation()
        let sent = clock.monotonicNanoseconds
        try await uncancelled { try await self.write(1) }
        state.withLock { state in
            state.phase = .held
            state.renewal = 1
            state.end = sent + lifetime
            heldUntil.store(state.end - validity, ordering: .releasing)
        }
        try ensureValid()
    }

    /// Removes the lease: its owner writes nothing more under it. A lease that stays runs out by itself.
    package func release() async {
        let wasHeld = state.withLock { state in
            switch state.phase {
            case .idle, .released: return false
            case .held, .lost:
                state.phase = .released
                heldUntil.store(.min, ordering: .releasing)
                return true
            }
        }
        guard wasHeld, let key = try? CheckpointLayout.lease(owner.id) else { return }
        let bank = bank
        await uncancelled { try? await bank.delete(key, if: .none) }
    }

    /// Renews whenever it is due, and again soon after a failure; returns when the lease is lost or the task cancelled.
    private func renewUntilLost() async {
        var pause = terms.renewWindow * 1_000_000
        while true {
            do { try await clock.sleep(nanoseconds: pause) } catch { return }
            do {
                try await renew()
                pause = terms.renewWindow * 1_000_000
            } catch is LeaseError {
                return
            } catch {
                if Task.isCancelled { return }
                let failure = String(describing: error)
                state.withLock { $0.lastFailure = failure }
                pause = max(1, terms.renewWindow * 1_000_000 / 10)
            }
        }
    }

    /// Returns when less is left of the lease than a write needs, or the task is cancelled.
    private func watchUntilLost() async {
        while true {
            do { try ensureValid() } catch { return }
            let left = state.withLock { $0.end } - validity - clock.monotonicNanoseconds
            do { try await clock.sleep(nanoseconds: max(0, left) + 1) } catch { return }
        }
    }

    /// Writes the lease anew. A lease that has run out is never renewed, and an answer that comes too late renews
    /// nothing: others may have seen it run out meanwhile.
    private func renew() async throws {
        try ensureValid()
        let sent = clock.monotonicNanoseconds
        let renewal = state.withLock { state in
            state.renewal += 1
            return state.renewal
        }
        try await write(renewal)
        try ensureValid()
        state.withLock { state in
            if case .held = state.phase {
                state.end = max(state.end, sent + lifetime)
                heldUntil.store(state.end - validity, ordering: .releasing)
            }
            state.lastFailure = nil
        }
    }

    private func write(_ renewal: Int64) async throws {
        let record = LeaseRecord(
            owner: owner, renewal: renewal, renewed: Timestamp(milliseconds: clock.wallMilliseconds),
            expireWindow: terms.expireWindow)
        let key = try CheckpointLayout.lease(owner.id)
        let began = clock.wallMilliseconds
        defer {
            let ended = clock.wallMilliseconds
            state.withLock { $0.lastWrite = (began, ended) }
        }
        do {
            try await bank.putUnversioned(key, record.record.bytes, if: .none)
        } catch BankError.outcomeUnknown(let key, let reason) {
            guard try await bank.get(key, longest: ObjectLimit.record) == record.record.bytes else {
                throw BankError.outcomeUnknown(key, reason: reason)
            }
        }
    }

    /// Why a lease has ended whose time is over.
    private func notRenewed(_ state: State, now: Int64) -> String {
        if let failure = state.lastFailure {
            return "it could not be renewed in time, the last time because: \(failure)"
        }
        if now > state.end {
            return "it was not renewed in time: this process stood still, or the host slept"
        }
        return "it was not renewed in time: the bank gave no answer, or this process stood still"
    }

    private var lifetime: Int64 { terms.expireWindow * 1_000_000 }
    private var validity: Int64 { terms.validityWindow * 1_000_000 }
}

extension LeaseKeeper: WriteGuard {
    package func ensureMayWrite() throws { try ensureValid() }
}
