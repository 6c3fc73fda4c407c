import Bank
import Checkpoints
import Engine
import ProtectionService
import Surroundings

extension OpenedProvider {
    /// Runs `body` while this process keeps a lease on the bank, and ends it when that is lost.
    ///
    /// A bank that takes no lease takes nothing else either, and can be restored from all the same: then `body` runs
    /// without, and every write that needs one is refused for the reason why there is none.
    func underLease<Result: Sendable>(
        _ environment: ExecutionEnvironment, _ body: @escaping @Sendable (ExecutionEnvironment) async throws -> Result
    ) async throws -> Result {
        let keeper = LeaseKeeper(bank: collection.bank, owner: collection.owner, clock: environment.clock)
        var environment = environment
        environment.writeGuard = keeper
        do { try await keeper.acquire() } catch let error as BankError {
            environment.writeGuard = LackingLease(reason: error)
            return try await body(environment)
        }
        let leased = environment
        return try await keeper.hold { try await body(leased) }
    }

    /// Whether the owner of unfinished work has certainly ended: on this host the process is looked for, and else its
    /// lease is watched, which may last a minute.
    var isGone: @Sendable (Owner) async throws -> Bool {
        let view = LeaseView(bank: collection.bank, clock: SystemClock())
        return { owner in
            if OwnerProcess.hasEnded(owner) { return true }
            return try await view.waitUntilGone(owner.id)
        }
    }
}

/// The guard of a process that could not get a lease.
private struct LackingLease: WriteGuard {
    let reason: BankError
    func ensureMayWrite() throws { throw reason }
}
