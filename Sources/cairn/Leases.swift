import Bank
import Checkpoints
import Engine
import ProtectionService
import Surroundings

extension ExecutionEnvironment {
    /// Runs an operation under this process's lease on the bank: others see that its owner lives, and it ends before the
    /// lease does when that cannot be renewed.
    ///
    /// A clock that is far from the bank's is told of; what `goesByAge` throws `ClockSkewError` instead.
    func leased<Result: Sendable>(
        goesByAge: Bool = false, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let keeper = LeaseKeeper(bank: bank, owner: collection.owner, terms: leaseTerms, clock: clock)
        try await keeper.acquire()
        if let skew = await keeper.clockSkew(), skew.isTooGreat {
            if goesByAge {
                await keeper.release()
                throw ClockSkewError(skew)
            }
            observer.observe(.noticed("\(skew.words); the times of its checkpoints will be wrong"))
        }
        return try await holding(keeper, body)
    }

    /// Runs what frees room in the bank, under a lease as `leased` does, and sets room aside for the next time.
    func leasedToFree<Result: Sendable>(
        goesByAge: Bool = false, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        try await leased(goesByAge: goesByAge) { environment in
            let result = try await body(environment)
            // A bank that is too full for it is none the worse.
            _ = try? await environment.bank.makeReserve()
            return result
        }
    }

    /// Runs what only reads a checkpoint: under a lease where the bank takes one, and without where it takes no writes at
    /// all. Then nothing keeps others from deleting the checkpoint, which is told where it is used.
    func leasedIfPossible<Result: Sendable>(
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let keeper = LeaseKeeper(bank: bank, owner: collection.owner, terms: leaseTerms, clock: clock)
        do { try await keeper.acquire() } catch let error as BankError where error.refusesWrites {
            var environment = self
            environment.collection.leaseRefusal = error
            return try await body(environment)
        }
        return try await holding(keeper, body)
    }

    private func holding<Result: Sendable>(
        _ keeper: LeaseKeeper, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        var environment = self
        environment.writeGuard = keeper
        environment.hasOwnerEnded = ownerWatch()
        let guarded = environment
        return try await keeper.hold { try await body(guarded) }
    }

    /// Tells at once whether an owner has certainly ended: this host knows it, or there is no lease of it. Nobody waits.
    func ownerGlance() -> @Sendable (Owner) async throws -> Bool {
        let view = LeaseView(bank: bank, clock: clock)
        return { owner in
            if OwnerProcess.hasEnded(owner) { return true }
            if OwnerProcess.isRunning(owner) { return false }
            return try await view.isGone(owner.id)
        }
    }

    /// Tells whether an owner has certainly ended: at once where this host knows it, else by watching its lease.
    func ownerWatch() -> @Sendable (Owner) async throws -> Bool {
        let view = LeaseView(bank: bank, clock: clock)
        let observer = observer
        return { owner in
            if OwnerProcess.hasEnded(owner) { return true }
            if OwnerProcess.isRunning(owner) { return false }
            if try await view.isGone(owner.id) { return true }
            let window = await view.window(of: owner.id) ?? LeaseTerms.standard.expireWindow
            let seconds = (window + 999) / 1000
            observer.observe(
                .noticed(
                    "looking for up to \(seconds) s whether process \(owner.process) on \(owner.host) still lives"))
            return try await view.waitUntilGone(owner.id)
        }
    }
}
