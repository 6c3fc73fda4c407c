import Bank
import Checkpoints
import Engine
import ProtectionService
import Surroundings

extension ExecutionEnvironment {
    /// Runs an operation under this process's lease on the bank: others see that its owner lives, and it ends before the
    /// lease does when that cannot be renewed.
    func leased<Result: Sendable>(
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let keeper = LeaseKeeper(bank: bank, owner: collection.owner, clock: clock)
        try await keeper.acquire()
        return try await holding(keeper, body)
    }

    /// Runs what only reads a checkpoint: under a lease where the bank takes one, and without where it is read-only.
    func leasedIfPossible<Result: Sendable>(
        _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let keeper = LeaseKeeper(bank: bank, owner: collection.owner, clock: clock)
        do { try await keeper.acquire() } catch is BankError { return try await body(self) }
        return try await holding(keeper, body)
    }

    private func holding<Result: Sendable>(
        _ keeper: LeaseKeeper, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        var environment = self
        environment.writeGuard = keeper
        let guarded = environment
        return try await keeper.hold { try await body(guarded) }
    }

    /// Tells whether an owner has certainly ended: at once where this host knows it, else by watching its lease.
    func ownerWatch() -> @Sendable (Owner) async throws -> Bool {
        let view = LeaseView(bank: bank, clock: clock)
        let observer = observer
        let seconds = LeaseTerms.standard.expireWindow / 1000
        return { owner in
            if OwnerProcess.hasEnded(owner) { return true }
            if OwnerProcess.isRunning(owner) { return false }
            if try await view.isGone(owner.id) { return true }
            observer.observe(
                .noticed(
                    "looking for up to \(seconds) s whether process \(owner.process) on \(owner.host) still lives"))
            return try await view.waitUntilGone(owner.id)
        }
    }
}
