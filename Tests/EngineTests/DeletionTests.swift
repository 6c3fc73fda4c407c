import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import PluginKit
import Scheduling
import Surroundings
import Synchronization
import Testing

@testable import Engine

/// Several who delete one checkpoint, one of them slowly.
@Suite struct DeletionTests {
    private typealias Place = RetentionOperationTests.Place

    /// What happens while the first one asks the plugin to delete; once.
    private final class Meanwhile: Sendable {
        private let act = Mutex<(@Sendable () async throws -> Void)?>(nil)

        func set(_ body: @escaping @Sendable () async throws -> Void) { act.withLock { $0 = body } }
        func run() async throws {
            let body = act.withLock { act in
                defer { act = nil }
                return act
            }
            try await body?()
        }
    }

    private static let other = Owner(
        id: "1111111111111111", host: "there", process: 2, boot: "c", processStart: 1, namespace: "n")

    private func environment(_ place: Place, _ owner: Owner) -> ExecutionEnvironment {
        ExecutionEnvironment(
            collection: CheckpointCollection(
                bank: place.bank, owner: owner, consistency: place.level, hasEnded: { _ in false }),
            plugins: ["scripted": LoadedPlugin(plugin: place.plugin, version: 1, digest: Workbench.digest)],
            concurrency: Concurrency(jobs: 1), observer: SilentObserver(), clock: place.clock)
    }

    private func delete(_ environment: ExecutionEnvironment, _ id: CheckpointID, isGone: Bool) async throws
        -> DeletionReport
    {
        try await DeleteOperation(environment, checkpoint: id, force: false, isGone: { _ in isGone }).run()
    }

    /// Everything of a checkpoint and its entries.
    private func objects(_ place: Place, _ id: CheckpointID) async throws -> [(BankKey, [UInt8])] {
        var objects: [(BankKey, [UInt8])] = []
        for key in try await place.bank.allKeys(below: nil) where key.text.contains(id.text) {
            objects.append((key, try await place.bank.get(key)))
        }
        return objects
    }

    private func bench(_ level: ConsistencyLevel) async throws -> (Place, Meanwhile, CheckpointID) {
        let meanwhile = Meanwhile()
        let place = Place(level) { call in if call == "delete main r0" { try await meanwhile.run() } }
        return (place, meanwhile, try await place.protect(1)[0])
    }

    /// While one sleeps in a hook, another one deletes the checkpoint, and it is copied here again: what the first one has
    /// to say is not about that.
    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce], [true, false])
    func aSlowDeleterMarksNothingThatCameMeanwhile(_ level: ConsistencyLevel, _ fails: Bool) async throws {
        let (place, meanwhile, id) = try await bench(level)
        let objects = try await objects(place, id)
        meanwhile.set { [self] in
            let report = try await delete(environment(place, Self.other), id, isGone: true)
            #expect(report.status == .deleted)
            for (key, bytes) in objects { try await place.bank.put(key, bytes, if: .none) }
            if fails { throw PluginError("the tape is stuck") }
        }
        let report = await Result { try await delete(place.environment, id, isGone: true) }
        if fails {
            guard case .failure(CheckpointError.deletionTakenOver(id)) = report else {
                Issue.record("\(report)")
                return
            }
        }
        #expect(try await place.bank.size(CheckpointKeys(id).tombstone) == nil)
        #expect(try await place.available() == [id])
        _ = try await GarbageCollection(place.environment, isGone: { _ in true }).run()
        #expect(try await place.available() == [id])
    }

    /// The same where the copy is being deleted, too: that is somebody else's mark.
    @Test(arguments: [ConsistencyLevel.compareAndSwap, .createOnce])
    func aSlowDeleterTouchesNoOtherMark(_ level: ConsistencyLevel) async throws {
        let (place, meanwhile, id) = try await bench(level)
        let objects = try await objects(place, id)
        let third = environment(
            place,
            Owner(id: "2222222222222222", host: "there", process: 3, boot: "c", processStart: 1, namespace: "n"))
        meanwhile.set { [self] in
            _ = try await delete(environment(place, Self.other), id, isGone: true)
            for (key, bytes) in objects { try await place.bank.put(key, bytes, if: .none) }
            _ = try await third.collection.beginDeletion(id, now: third.now(), force: false)
        }
        await #expect(throws: CheckpointError.deletionTakenOver(id)) {
            try await delete(place.environment, id, isGone: true)
        }
        let mark = try #require(try await place.collection.tombstone(id))
        #expect(mark.owner == third.collection.owner && mark.stage == .marked && mark.failure == nil)
        #expect(try await place.bank.size(CheckpointKeys(id).index) != nil)
    }

    /// As long as the one who deletes lives, nobody else asks the plugins.
    @Test(arguments: ConsistencyLevel.allCases)
    func nobodyDeletesBesideALivingDeleter(_ level: ConsistencyLevel) async throws {
        let (place, meanwhile, id) = try await bench(level)
        let refusals = Mutex<[String]>([])
        meanwhile.set { [self] in
            do {
                let report = try await delete(environment(place, Self.other), id, isGone: false)
                refusals.withLock { $0.append("\(report)") }
            } catch CheckpointError.beingDeleted(id, by: Workbench.owner) {
                refusals.withLock { $0.append("refused") }
            }
            let items = try await GarbageCollection(environment(place, Self.other), isGone: { _ in false }).run()
            refusals.withLock { $0.append(contentsOf: items.map(\.action.rawValue)) }
        }
        if level == .listOnly {
            // The mark must be old first.
            #expect(try await delete(place.environment, id, isGone: false).status == .deleting)
            place.clock.wall.withLock { $0 += 86_400_000 }
        }
        #expect(try await delete(place.environment, id, isGone: false).status == .deleted)
        #expect(refusals.withLock { $0 } == ["refused", "left"])
        #expect(place.plugin.allCalls.filter { $0 == "delete main r0" }.count == 1)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
