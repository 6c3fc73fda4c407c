import Bank
import CanonicalForm
import Checkpoints
import SimulatedWorld
import Surroundings
import Testing

@Suite struct LeaseTests {
    @Test func termsMustLeaveTimeForARenewalThatFails() throws {
        #expect(throws: LeaseError.self) {
            try LeaseTerms(expireWindow: 60_000, renewWindow: 26_000, validityWindow: 10_000)
        }
        #expect(throws: LeaseError.self) { try LeaseTerms(expireWindow: 60, renewWindow: 0, validityWindow: 10) }
        #expect(throws: LeaseError.self) { try LeaseTerms(expireWindow: 60, renewWindow: 10, validityWindow: -1) }
        #expect(throws: LeaseError.self) {
            try LeaseTerms(expireWindow: 90_000_000, renewWindow: 10, validityWindow: 10)
        }
        let terms = try LeaseTerms(expireWindow: 60_000, renewWindow: 20_000, validityWindow: 10_000)
        #expect(terms == .standard)
    }

    @Test func aRecordIsReadAsItWasWritten() throws {
        let world = World(seed: 1)
        let record = LeaseRecord(
            owner: world.process("a").owner, renewal: 3, renewed: Timestamp(milliseconds: 5), expireWindow: 60_000)
        #expect(try LeaseRecord(opening: record.record.bytes) == record)
        var bytes = record.record.bytes
        bytes[10] ^= 1
        #expect(throws: (any Error).self) { try LeaseRecord(opening: bytes) }
        let endless = LeaseRecord(
            owner: record.owner, renewal: 1, renewed: record.renewed, expireWindow: 86_400_001)
        #expect(throws: (any Error).self) { try LeaseRecord(opening: endless.record.bytes) }
        let now = Timestamp(milliseconds: 5 + 60_000 + 600_000)
        #expect(!LeaseView.looksGone(record, now: now))
        #expect(LeaseView.looksGone(record, now: Timestamp(milliseconds: now.milliseconds + 1)))
    }

    /// A process with a keeper, and another that watches it.
    private struct Pair {
        let world: World
        let worker: SimulatedProcess
        let observer: SimulatedProcess
        let bank: SimulatedBank
        let keeper: LeaseKeeper
        let view: LeaseView

        init(_ world: World) {
            self.world = world
            let store = SimulatedStore(world)
            worker = world.process("worker")
            observer = world.process("observer")
            bank = SimulatedBank(store, worker)
            keeper = LeaseKeeper(bank: bank, owner: worker.owner, clock: worker)
            view = LeaseView(bank: SimulatedBank(store, observer), clock: observer)
        }
    }

    @Test func aLeaseIsRenewedWhileWorkGoesOnAndRemovedAtItsEnd() throws {
        let world = World(seed: 2)
        try world.run { world in
            let pair = Pair(world)
            #expect(throws: LeaseError.notHeld(owner: pair.worker.owner.id)) { try pair.keeper.ensureValid() }
            let work = pair.worker.launch {
                let answer = try? await pair.keeper.run {
                    try await pair.worker.sleep(nanoseconds: 600_000_000_000)
                    try pair.keeper.ensureValid()
                    return 42
                }
                #expect(answer == 42)
            }
            try await pair.observer.sleep(nanoseconds: 30_000_000_000)
            let isGone = await pair.observer.perform { try await pair.view.waitUntilGone(pair.worker.owner.id) }
            #expect(try isGone?.get() == false)
            await work.value
            let isGoneNow = await pair.observer.perform { try await pair.view.isGone(pair.worker.owner.id) }
            #expect(try isGoneNow?.get() == true)
            #expect(throws: LeaseError.self) { try pair.keeper.ensureValid() }
            #expect(!pair.keeper.isLost)
        }
        #expect(world.violations.isEmpty)
    }

    /// What is cancelled undoes what it began, however long that takes, and records it under its lease.
    @Test func aLeaseIsRenewedUntilWhatWasCancelledHasEnded() throws {
        let world = World(seed: 5)
        try world.run { world in
            let pair = Pair(world)
            let work = pair.worker.launch {
                let answer = try? await pair.keeper.run {
                    try? await pair.worker.sleep(nanoseconds: 1_000_000_000_000)
                    #expect(Task.isCancelled && world.now < 20_000_000_000)
                    await uncancelled { try? await pair.worker.sleep(nanoseconds: 600_000_000_000) }
                    try pair.keeper.ensureMayWrite()
                    return 42
                }
                #expect(answer == 42)
            }
            try await pair.observer.sleep(nanoseconds: 10_000_000_000)
            work.cancel()
            try await pair.observer.sleep(nanoseconds: 300_000_000_000)
            let isGone = await pair.observer.perform { try await pair.view.isGone(pair.worker.owner.id) }
            #expect(try isGone?.get() == false)
            await work.value
            let isGoneNow = await pair.observer.perform { try await pair.view.isGone(pair.worker.owner.id) }
            #expect(try isGoneNow?.get() == true)
        }
        #expect(world.violations.isEmpty)
    }

    @Test func theLeaseOfACrashedProcessIsGoneAfterItsTimeAndNotBefore() throws {
        let world = World(seed: 3)
        try world.run { world in
            let pair = Pair(world)
            pair.worker.launch {
                _ = try? await pair.keeper.run { try await pair.worker.sleep(nanoseconds: 1_000_000_000_000) }
            }
            try await pair.observer.sleep(nanoseconds: 10_000_000_000)
            pair.worker.crash()
            let before = world.now
            let isGone = await pair.observer.perform { try await pair.view.waitUntilGone(pair.worker.owner.id) }
            #expect(try isGone?.get() == true)
            #expect(world.now - before > 60_000_000_000 && world.now - before < 70_000_000_000)
        }
    }

    @Test func workIsCancelledBeforeALeaseThatCannotBeRenewedRunsOut() throws {
        let world = World(seed: 4)
        try world.run { world in
            let pair = Pair(world)
            await pair.worker.launch {
                do {
                    try await pair.keeper.run {
                        pair.bank.fortune.refused = 1000
                        do { try await pair.worker.sleep(nanoseconds: 1_000_000_000_000) } catch {
                            #expect(world.now < 60_000_000_000 && world.now > 40_000_000_000)
                            throw error
                        }
                    }
                    Issue.record("the lease was lost, and nobody was told")
                } catch {
                    #expect(error as? LeaseError != nil, "\(error)")
                }
                #expect(throws: LeaseError.self) { try pair.keeper.ensureMayWrite() }
            }.value
        }
    }

    /// Whatever the bank does, and however long its owner stands still: who is told that the lease is gone is told so
    /// after the owner knows it.
    @Test func anOwnerKnowsFirstThatItsLeaseIsGone() throws {
        var gone = 0
        for seed in UInt64(0)..<150 {
            let world = World(seed: seed)
            let lost = Told()
            try world.run { world in
                let pair = Pair(world)
                pair.bank.fortune.refused = world.number(0...300)
                pair.bank.fortune.lostAfter = world.number(0...300)
                pair.bank.fortune.late = world.number(0...100)
                pair.bank.fortune.slow = world.number(0...300)
                let work = pair.worker.launch {
                    _ = try? await pair.keeper.run {
                        for _ in 0..<300 {
                            try await pair.worker.sleep(nanoseconds: Int64(world.number(0...4000)) * 1_000_000)
                            if lost.isTold, (try? pair.keeper.ensureValid()) != nil {
                                world.violated("the owner still believes in its lease")
                            }
                        }
                    }
                }
                let watch = pair.observer.launch {
                    while !Task.isCancelled, !lost.isTold {
                        // What was never acquired is gone from the beginning.
                        if (try? await pair.view.isGone(pair.worker.owner.id)) == true, pair.bank.writes > 1 {
                            lost.isTold = true
                        }
                        try? await pair.observer.sleep(nanoseconds: Int64(world.number(1...20_000)) * 1_000_000)
                    }
                }
                for _ in 0..<3 {
                    try await world.process("fate").sleep(nanoseconds: Int64(world.number(0...100_000)) * 1_000_000)
                    pair.worker.pause(nanoseconds: Int64(world.number(0...120_000)) * 1_000_000)
                }
                await work.value
                watch.cancel()
                await watch.value
            }
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            gone += lost.isTold ? 1 : 0
        }
        #expect(gone > 20)
    }

    private final class Told: @unchecked Sendable {
        var isTold = false
    }
}
