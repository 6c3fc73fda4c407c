import BankConformance
import Checkpoints
import Surroundings
import Testing

/// Leases on the clock and the threads of this host: the simulated ones are lived by one thread.
@Suite struct LeaseThreadTests {
    private static let owner = Owner(
        id: "0000000000000000", host: "here", process: 1, boot: "b", processStart: 1, namespace: "n")

    @Test func manyMayAskWhileTheLeaseIsRenewed() async throws {
        let bank = InMemoryBank()
        let keeper = LeaseKeeper(
            bank: bank, owner: Self.owner,
            terms: try LeaseTerms(expireWindow: 3_600_000, renewWindow: 1, validityWindow: 1000), clock: SystemClock())
        let key = try CheckpointLayout.lease(Self.owner.id)
        try await keeper.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var record = try LeaseRecord(opening: try await bank.get(key))
                        while record.renewal < 20 {
                            for _ in 0..<50 { try keeper.ensureMayWrite() }
                            #expect(!keeper.isLost)
                            #expect(await keeper.clockSkew()?.isTooGreat == false)
                            // Whoever renews must come to its turn.
                            try await Task.sleep(for: .milliseconds(1))
                            record = try LeaseRecord(opening: try await bank.get(key))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(throws: LeaseError.notHeld(owner: Self.owner.id)) { try keeper.ensureValid() }
        #expect(try await bank.size(key) == nil)
    }

    @Test func allWhoAskAreToldOfALoss() async throws {
        let bank = FaultyBank(InMemoryBank())
        // The first write is the lease, and there is no other.
        bank.fail(at: 1, .goneBefore)
        let keeper = LeaseKeeper(
            bank: bank, owner: Self.owner,
            terms: try LeaseTerms(expireWindow: 4000, renewWindow: 100, validityWindow: 3000), clock: SystemClock())
        await #expect(throws: LeaseError.self) {
            try await keeper.run {
                let told = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            while (try? keeper.ensureValid()) != nil { try? await Task.sleep(for: .milliseconds(1)) }
                            return keeper.isLost
                        }
                    }
                    return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
                }
                #expect(told == 6)
                try Task.checkCancellation()
                try await Task.sleep(for: .seconds(60))
            }
        }
    }
}
