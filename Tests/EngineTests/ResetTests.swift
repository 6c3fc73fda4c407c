import Bank
import CanonicalForm
import Checkpoints
import DegradedBank
import Engine
import Synchronization
import Testing

/// Taking a checkpoint back whose deletion was broken off, in banks of every consistency level.
@Suite struct ResetTests {
    private typealias Place = RetentionOperationTests.Place

    private func reset(_ place: Place, _ id: CheckpointID) async throws -> CheckpointStatus {
        try await ResetOperation(place.environment, checkpoint: id, isGone: { _ in true }).run()
    }

    private func delete(_ place: Place, _ id: CheckpointID) async throws -> DeletionReport {
        try await DeleteOperation(place.environment, checkpoint: id, force: true, isGone: { _ in true }).run()
    }

    private func collect(_ place: Place) async throws -> [CollectedItem.Action] {
        try await GarbageCollection(place.environment, isGone: { _ in true }).run().map(\.action)
    }

    /// A checkpoint whose deleter has ended behind its mark.
    private func marked(_ level: ConsistencyLevel) async throws -> (Place, CheckpointID) {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        _ = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        return (place, id)
    }

    private static let day: Int64 = 86_400_000

    /// While another reset may be about to take the mark away, nobody begins to delete the checkpoint.
    private func isDeletableADayLater(_ place: Place, _ id: CheckpointID) async throws {
        for _ in 0..<2 {
            #expect(try await !collect(place).contains(.failed))
            await #expect(throws: CheckpointError.wantedBack(id)) { try await delete(place, id) }
            place.clock.wall.withLock { $0 += Self.day / 2 + 1000 }
        }
        #expect(try await !collect(place).contains(.failed))
        #expect(try await place.bank.size(CheckpointKeys(id).reset) == nil)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aMarkIsTakenAway(_ level: ConsistencyLevel) async throws {
        let (place, id) = try await marked(level)
        if level != .compareAndSwap {
            // A deleter that has looked already might go on: so it is announced first, and a day later nobody can.
            for _ in 0..<2 {
                await #expect(throws: CheckpointError.self) { try await reset(place, id) }
                await #expect(throws: CheckpointError.wantedBack(id)) { try await delete(place, id) }
                #expect(try await place.collection.summary(id)?.message.contains("wanted back") == true)
                #expect(try await collect(place) == [.left])
                place.clock.wall.withLock { $0 += Self.day / 3 }
            }
            place.clock.wall.withLock { $0 += Self.day }
        }
        #expect(try await reset(place, id) == .available)
        #expect(try await place.available() == [id])
        if level != .compareAndSwap { try await isDeletableADayLater(place, id) }
        // And it can be deleted again.
        #expect(try await delete(place, id).status != .errorDeleting)
        place.clock.wall.withLock { $0 += Self.day }
        _ = try await collect(place)
        // Listings may still show what was removed.
        #expect(try await place.bank.size(CheckpointKeys(id).index) == nil)
        #expect(try await place.bank.size(CheckpointKeys(id).ir) == nil)
    }

    /// Behind a later claim nobody knows yet what the checkpoint will be; only the marker tells that.
    @Test func aResetLeavesALaterClaimOpen() async throws {
        let (place, id) = try await marked(.compareAndSwap)
        let claim = EpochRecord(id, epoch: 2, owner: Workbench.owner, started: place.environment.now())
        try await place.bank.put(CheckpointKeys(id).epoch(2), claim.record.bytes, if: .none)
        #expect(try await reset(place, id) == .protecting)
        #expect(try await place.bank.size(CheckpointLayout.unfinished(id)) != nil)
        #expect(try await collect(place) == [.published])
        #expect(try await place.available() == [id])
    }

    /// A marker that was there before tells that something else is to be done: entries to be written, for one.
    @Test(arguments: [false, true])
    func aDeletionThatIsWithdrawnLeavesAnEarlierMarker(_ wasMarked: Bool) async throws {
        let place = Place(.compareAndSwap)
        let id = try await place.protect(1)[0]
        let marker = CheckpointLayout.unfinished(id)
        if wasMarked { try await place.bank.put(marker, place.collection.marker(id), if: .none) }
        let mark = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        try await place.collection.withdrawDeletion(mark, because: .pinned(id))
        #expect(try await place.available() == [id])
        #expect(try await (place.bank.size(marker) != nil) == wasMarked)
    }

    @Test(arguments: [ConsistencyLevel.createOnce, .listOnly])
    func garbageCollectionFinishesAnAnnouncedReset(_ level: ConsistencyLevel) async throws {
        let (place, id) = try await marked(level)
        await #expect(throws: CheckpointError.self) { try await reset(place, id) }
        place.clock.wall.withLock { $0 += Self.day + 1000 }
        #expect(try await collect(place) == [.published])
        #expect(try await place.available() == [id])
        try await isDeletableADayLater(place, id)
    }

    @Test(arguments: [ConsistencyLevel.createOnce, .listOnly])
    func aDeleterThatHadLookedBeforeGoesOn(_ level: ConsistencyLevel) async throws {
        let (place, id) = try await marked(level)
        let mark = try await place.collection.beginDeletion(id, now: place.environment.now(), force: false)
        await #expect(throws: CheckpointError.self) { try await reset(place, id) }
        #expect(try await place.collection.advanceDeletion(mark) != nil)
        place.clock.wall.withLock { $0 += Self.day + 1000 }
        let error = await #expect(throws: CheckpointError.self) { try await reset(place, id) }
        #expect(error?.description.contains("something of it may be removed already") == true)
        #expect(try await collect(place) == [.deleted])
        // Listings may still show what was removed.
        #expect(try await place.bank.size(CheckpointKeys(id).index) == nil)
        #expect(try await place.bank.size(CheckpointKeys(id).ir) == nil)
    }

    /// A crash between the two last steps leaves an announcement of something that has been done.
    @Test(arguments: [ConsistencyLevel.createOnce, .listOnly])
    func anAnnouncementThatIsLeftOverIsCollected(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        try await place.collection.noteReset(id, .announced, now: place.environment.now())
        try await isDeletableADayLater(place, id)
        #expect(try await place.available() == [id])
        #expect(try await delete(place, id).status != .errorDeleting)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatHasNoMarkOrNeverBeganIsRefused(_ level: ConsistencyLevel) async throws {
        let place = Place(level)
        let id = try await place.protect(1)[0]
        let whole = await #expect(throws: CheckpointError.self) { try await reset(place, id) }
        #expect(whole?.description.contains("nothing is wrong with it") == true)
        // Another bank, where its executor has come no further than to its name.
        let other = Place(level)
        try await other.bank.put(CheckpointLayout.unfinished(id), place.collection.marker(id), if: .none)
        let index = try await place.bank.get(CheckpointKeys(id).index)
        try await other.bank.put(CheckpointKeys(id).index, index, if: .none)
        let never = await #expect(throws: CheckpointError.self) { try await reset(other, id) }
        #expect(never?.description.contains("'cairn gc' removes it") == true, "\(never as Any)")
        let resumed = await #expect(throws: CheckpointError.self) {
            try await ResumeOperation(other.environment, checkpoint: id, isGone: { _ in true }).run()
        }
        #expect(resumed?.description.contains("'cairn gc' removes it") == true, "\(resumed as Any)")
    }
}
