import Bank
import Checkpoints
import DegradedBank
import Engine
import Synchronization
import Testing

/// Deletions and resets of one checkpoint that meet each other in the middle, in the orders that `docs/models` found.
@Suite struct SlowDeleterTests {
    private typealias Place = RetentionOperationTests.Place

    private static let day: Int64 = 86_400_000
    private static let removed = "something of it may be removed already"
    private static let weak = [ConsistencyLevel.createOnce, .listOnly]

    /// A lease that a test takes away.
    private final class Lease: WriteGuard {
        struct Lost: Error {}
        private let isLost = Mutex(false)
        func lose() { isLost.withLock { $0 = true } }
        func ensureMayWrite() throws { if isLost.withLock({ $0 }) { throw Lost() } }
    }

    /// One more process at the bank of a place, at whose requests something else may happen.
    private struct Slow {
        let bank: FaultyBank
        let environment: ExecutionEnvironment

        init(_ place: Place, _ lease: any WriteGuard = NoGuard()) {
            let bank = FaultyBank(place.bank)
            self.bank = bank
            var environment = place.environment
            environment.collection = CheckpointCollection(
                bank: bank, owner: Workbench.owner, consistency: place.level, hasEnded: { _ in false })
            environment.writeGuard = lease
            self.environment = environment
        }
    }

    @discardableResult
    private func reset(_ environment: ExecutionEnvironment, _ id: CheckpointID) async throws -> CheckpointStatus {
        try await ResetOperation(environment, checkpoint: id, isGone: { _ in true }).run()
    }

    private func isRefused(_ environment: ExecutionEnvironment, _ id: CheckpointID, _ reason: String) async throws {
        let error = await #expect(throws: CheckpointError.self) { try await reset(environment, id) }
        #expect(error?.description.contains(reason) == true, "\(error as Any)")
    }

    private func delete(_ environment: ExecutionEnvironment, _ id: CheckpointID) async throws -> DeletionReport {
        try await DeleteOperation(environment, checkpoint: id, force: false, isGone: { _ in true }).run()
    }

    /// Another deleter removes something between the look of one for a mark and its own mark.
    @Test(arguments: ConsistencyLevel.allCases)
    func aMarkTakesBackNoRemoval(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        let slow = Slow(place)
        slow.bank.atNext(.put, of: CheckpointKeys(id).tombstone) {
            let mark = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
            #expect(try await place.collection.advanceDeletion(mark) != nil)
        }
        _ = try await slow.environment.collection.beginDeletion(id, now: place.environment.now(), force: false)
        if level != .listOnly {
            #expect(try await place.collection.tombstone(id)?.stage == .removing)
        }
        try await isRefused(place.environment, id, Self.removed)
    }

    /// Another deleter removes something between the mark of one and its finding that someone uses the checkpoint.
    @Test(arguments: ConsistencyLevel.allCases)
    func aDoubtTakesBackNoRemoval(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        let collection = place.collection
        let first = try await collection.beginDeletion(id, now: place.environment.now(), force: false)
        let second = try await collection.beginDeletion(id, now: place.environment.now(), force: false)
        #expect(try await collection.advanceDeletion(second) != nil)
        try await collection.withdrawDeletion(first, because: .pinned(id))
        #expect(try await collection.tombstone(id) != nil)
        try await isRefused(place.environment, id, Self.removed)
        // And what failed of the one that is not there any more is nobody's.
        let unchanged = try await collection.tombstone(id)
        try await collection.failDeletion(first, failure: ResourceFailure(resource: "", hook: "", message: "late"))
        if level == .compareAndSwap { #expect(try await collection.tombstone(id) == unchanged) }
    }

    /// A deleter whose lease has ended behind its second look.
    @Test(arguments: ConsistencyLevel.allCases)
    func whoStoodStillBehindItsLookRemovesNothing(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        _ = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        place.clock.wall.withLock { $0 += DeleteOperation.listingMargin }
        let lease = Lease()
        let slow = Slow(place, lease)
        let uses = CheckpointKeys(id).uses
        slow.bank.behindNextListing(of: uses) { slow.bank.behindNextListing(of: uses) { lease.lose() } }
        await #expect(throws: Lease.Lost.self) { try await delete(slow.environment, id) }
        #expect(try await place.collection.tombstone(id)?.stage == .marked)
        #expect(place.plugin.allCalls.filter { $0.contains("delete") }.isEmpty)
        if level != .compareAndSwap { try await isRefused(place.environment, id, "a day later") }
        place.clock.wall.withLock { $0 += Self.day + 1000 }
        #expect(try await reset(place.environment, id) == .available)
    }

    /// A deleter that has found that its checkpoint is wanted back says so only as long as its lease lasts.
    @Test(arguments: weak)
    func whoStoodStillMarksNothingAgain(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        _ = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        let lease = Lease()
        let slow = Slow(place, lease)
        let uses = CheckpointKeys(id).uses
        slow.bank.behindNextListing(of: uses) {
            try await isRefused(place.environment, id, "a day later")
            slow.bank.atNext(.read, of: CheckpointKeys(id).tombstone) {
                place.clock.wall.withLock { $0 += Self.day + 1000 }
                let status = try await reset(place.environment, id)
                #expect(status == .available)
                lease.lose()
            }
        }
        await #expect(throws: Lease.Lost.self) { try await delete(slow.environment, id) }
        #expect(try await place.available() == [id])
    }

    /// A reset that is about to take the mark away, while another one has done so: no later deletion can be hit.
    @Test(arguments: weak)
    func aSlowResetMeetsNoLaterDeletion(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        _ = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        try await isRefused(place.environment, id, "a day later")
        place.clock.wall.withLock { $0 += Self.day + 1000 }
        let slow = Slow(place)
        slow.bank.atNext(.delete, of: CheckpointKeys(id).tombstone) {
            let status = try await reset(place.environment, id)
            #expect(status == .available)
            _ = try await GarbageCollection(place.environment, isGone: { _ in true }).run()
            await #expect(throws: CheckpointError.wantedBack(id)) { try await delete(place.environment, id) }
        }
        #expect(try await reset(slow.environment, id) == .available)
        #expect(try await place.available() == [id])
    }

    /// A reset that looks at the checkpoint before the day is over, and at the clock behind that.
    @Test(arguments: weak)
    func aResetLooksWhenTheDayIsOver(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        let mark = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        try await isRefused(place.environment, id, "a day later")
        let slow = Slow(place)
        slow.bank.atNext(.read, of: CheckpointKeys(id).tombstone) {
            let advanced = try await place.collection.advanceDeletion(mark)
            #expect(advanced != nil)
            place.clock.wall.withLock { $0 += Self.day + 1000 }
        }
        await #expect(throws: CheckpointError.self) { try await reset(slow.environment, id) }
        #expect(try await place.collection.tombstone(id) != nil)
    }
}
