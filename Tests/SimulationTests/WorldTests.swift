import Bank
import SimulatedWorld
import Surroundings
import Synchronization
import Testing

/// The world itself: without these, nothing that it shows would mean anything.
@Suite struct WorldTests {
    /// Some tasks of two processes that sleep, write and wait for each other.
    private func history(seed: UInt64) throws -> (history: UInt64, order: [Int]) {
        let world = World(seed: seed)
        let order = Order()
        try world.run { world in
            let store = SimulatedStore(world)
            let processes = [world.process("a"), world.process("b")]
            for (number, process) in processes.enumerated() {
                process.launch {
                    let bank = SimulatedBank(store, process)
                    await withTaskGroup(of: Void.self) { group in
                        for task in 0..<5 {
                            group.addTask {
                                let written = await uncancelled { () -> Bool in
                                    (try? await bank.put(BankKey("k/\(number)/\(task)"), [1], if: .ifAbsent)) != nil
                                }
                                if written { order.add(number * 10 + task) }
                            }
                        }
                    }
                }
            }
            try await world.process("c").sleep(nanoseconds: 1_000_000_000)
        }
        return (world.history, order.numbers.withLock { $0 })
    }

    private final class Order: Sendable {
        let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    @Test func aSeedFixesEverything() throws {
        var orders: Set<[Int]> = []
        for seed in UInt64(0)..<20 {
            let first = try history(seed: seed)
            let second = try history(seed: seed)
            #expect(first == second, "seed \(seed)")
            #expect(first.order.count == 10)
            orders.insert(first.order)
        }
        #expect(orders.count > 10)
    }

    @Test func aCrashedProcessReachesNothingAnyMore() throws {
        let world = World(seed: 1)
        let cuts = Order()
        try world.run { world in
            let store = SimulatedStore(world)
            let process = world.process("a")
            let bank = SimulatedBank(store, process)
            process.launch {
                do {
                    for number in 0..<1000 { try await bank.put(BankKey("k\(number)"), [], if: .none) }
                } catch {
                    cuts.add(1)
                }
            }
            try await world.process("fate").sleep(nanoseconds: 20_000_000)
            process.crash()
            let count = store.contents.count
            #expect(count > 0 && count < 1000)
            try await world.process("fate").sleep(nanoseconds: 1_000_000_000)
            #expect(store.contents.count == count)
            let late = await process.perform { 1 }
            #expect(late == nil)
        }
        #expect(cuts.numbers.withLock { $0 } == [1])
    }

    @Test func aProcessCrashesAtTheWriteThatWasAskedFor() throws {
        for isBefore in [true, false] {
            let world = World(seed: 1)
            try world.run { world in
                let store = SimulatedStore(world)
                let process = world.process("a")
                let bank = SimulatedBank(store, process)
                bank.crashPoint = CrashPoint(write: 3, isBefore: isBefore)
                await process.launch {
                    for number in 0..<10 { _ = try? await bank.put(BankKey("k\(number)"), [], if: .none) }
                }.value
                #expect(store.contents.count == (isBefore ? 2 : 3))
            }
        }
    }

    @Test func whatWaitsForNothingIsNoticed() {
        let world = World(seed: 1)
        #expect(throws: Violation.self) {
            try world.run { _ in
                // Nobody will ever finish this stream.
                let (stream, continuation) = AsyncStream<Int>.makeStream()
                for await _ in stream {}
                continuation.finish()
            }
        }
    }

    @Test func aPromisedWriteIsLostInACrash() throws {
        let world = World(seed: 1)
        try world.run { world in
            let store = SimulatedStore(world)
            let process = world.process("a")
            let bank = SimulatedBank(store, process)
            bank.isOnlyPromised = { $0.text == "b" }
            await process.launch {
                for name in ["a", "b", "c"] { _ = try? await bank.put(BankKey(unchecked: name), [], if: .none) }
            }.value
            #expect(store.contents.count == 3)
            process.crash()
            store.loseUnsynced(of: process)
            #expect(store.contents.keys.map(\.text).sorted() == ["a", "c"])
        }
    }
}
