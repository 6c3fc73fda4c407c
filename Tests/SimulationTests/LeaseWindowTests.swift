import Bank
import Checkpoints
import SimulatedWorld
import Surroundings
import Testing

@Suite("Leases with windows of their own, and clocks that differ") struct LeaseWindowTests {
    /// In seconds: how long the lease lasts, when it is renewed, how much must be left.
    static let windows: [(expire: Int64, renew: Int64, validity: Int64)] = [
        (3, 1, 1), (60, 20, 10), (45, 5, 30), (600, 120, 100), (86_400, 3600, 60),
    ]

    private static let second: Int64 = 1_000_000_000

    private static func terms(_ windows: (expire: Int64, renew: Int64, validity: Int64)) throws -> LeaseTerms {
        try LeaseTerms(
            expireWindow: windows.expire * 1000, renewWindow: windows.renew * 1000,
            validityWindow: windows.validity * 1000)
    }

    @Test("Who cannot renew stops before the lease runs out, and says why", arguments: windows.indices)
    func stopsInTime(_ number: Int) throws {
        let windows = Self.windows[number]
        let terms = try Self.terms(windows)
        let world = World(seed: UInt64(number) + 1)
        try world.run { world in
            let store = SimulatedStore(world)
            let worker = world.process("worker")
            let bank = SimulatedBank(store, worker)
            let keeper = LeaseKeeper(bank: bank, owner: worker.owner, terms: terms, clock: worker)
            await worker.launch {
                do {
                    try await keeper.run {
                        // Two renewals go well, then none.
                        try await worker.sleep(nanoseconds: windows.renew * Self.second * 5 / 2)
                        try keeper.ensureMayWrite()
                        bank.fortune.refused = 1000
                        let refusedSince = world.now
                        do { try await worker.sleep(nanoseconds: 10 * windows.expire * Self.second) } catch {
                            // Before the lease that was renewed last has ended, and not long before it must be.
                            let lasted = world.now - refusedSince
                            #expect(lasted < (windows.expire - windows.validity + 1) * Self.second)
                            #expect(lasted > (windows.expire - windows.validity - windows.renew - 1) * Self.second)
                            throw error
                        }
                    }
                    Issue.record("the lease was lost, and nobody was told")
                } catch {
                    let told = "\(error)"
                    #expect(error is LeaseError && told.contains("the store had a bad moment"), "\(told)")
                }
            }.value
        }
        #expect(world.violations.isEmpty)
    }

    @Test("Others wait as long as the record says, whatever their own windows", arguments: windows.indices.dropLast())
    func othersWait(_ number: Int) throws {
        let windows = Self.windows[number]
        let terms = try Self.terms(windows)
        let world = World(seed: UInt64(number) + 1)
        try world.run { world in
            let store = SimulatedStore(world)
            let (worker, observer) = (world.process("worker"), world.process("observer"))
            let keeper = LeaseKeeper(
                bank: SimulatedBank(store, worker), owner: worker.owner, terms: terms, clock: worker)
            worker.launch {
                _ = try? await keeper.run { try await worker.sleep(nanoseconds: 100_000 * Self.second) }
            }
            try await observer.sleep(nanoseconds: windows.renew * Self.second * 3 / 2)
            worker.crash()
            let view = LeaseView(bank: SimulatedBank(store, observer), clock: observer)
            let before = world.now
            let isGone = await observer.perform { try await view.waitUntilGone(worker.owner.id) }
            #expect(try isGone?.get() == true)
            let waited = world.now - before
            #expect(waited > windows.expire * Self.second && waited < (windows.expire + 10) * Self.second)
            #expect(await view.window(of: worker.owner.id) == windows.expire * 1000)
            #expect(await view.window(of: "0000000000000000") == nil)
        }
    }

    @Test("A process that stood still is told so") func stoodStill() throws {
        let world = World(seed: 5)
        try world.run { world in
            let worker = world.process("worker")
            let keeper = LeaseKeeper(
                bank: SimulatedBank(SimulatedStore(world), worker), owner: worker.owner, clock: worker)
            let work = worker.launch {
                do {
                    try await keeper.run { try await worker.sleep(nanoseconds: 1000 * Self.second) }
                    Issue.record("the lease was lost, and nobody was told")
                } catch { #expect("\(error)".contains("this process stood still"), "\(error)") }
            }
            try await world.process("fate").sleep(nanoseconds: 30 * Self.second)
            worker.pause(nanoseconds: 200 * Self.second)
            await work.value
        }
    }

    @Test(
        "How far the clocks are apart is seen when the lease is acquired",
        arguments: [
            (0, 0, 0), (60_000, 0, 60_000), (0, 60_000, -60_000), (7_200_000, 0, 7_200_000),
            (-86_400_000, 0, -86_400_000), (5_000_000, 5_000_000, 0),
        ] as [(Int64, Int64, Int64)])
    func skew(_ process: Int64, _ store: Int64, _ expected: Int64) throws {
        let world = World(seed: 7)
        try world.run { world in
            let simulated = SimulatedStore(world)
            simulated.clockOffset = store
            let worker = world.process("worker")
            worker.wallOffset = process
            let keeper = LeaseKeeper(bank: SimulatedBank(simulated, worker), owner: worker.owner, clock: worker)
            let found = await worker.perform {
                #expect(await keeper.clockSkew() == nil)
                try await keeper.acquire()
                return await keeper.clockSkew()
            }
            let skew = try #require(try found?.get())
            // A write takes its time, and so long the clocks may differ unseen.
            #expect(abs(skew.milliseconds - expected) < 5000, "\(skew.milliseconds)")
            #expect(skew.isTooGreat == (abs(expected) > ClockSkew.bound))
        }
    }

    @Test("What a write tells of two clocks") func bracket() {
        func skew(_ stored: Int64) -> Int64 { ClockSkew(began: 1000, ended: 2000, stored: stored).milliseconds }
        #expect([500, 1000, 1500, 2000, 2500].map(skew) == [500, 0, 0, 0, -500])
        #expect(ClockSkew(began: 2000, ended: 1000, stored: 1500).milliseconds == 500)
        #expect(ClockSkew(began: .max, ended: .max, stored: .min).milliseconds == .max)
        #expect(ClockSkew(began: .min, ended: .min, stored: .max).milliseconds == -.max)
        func words(_ milliseconds: Int64) -> String {
            ClockSkew(began: 0, ended: 0, stored: -milliseconds).words
        }
        #expect(words(7_500_000) == "this host's clock is 2 h 5 min ahead of the bank's")
        #expect(words(-90_000_000) == "this host's clock is 1 d 1 h behind the bank's")
        #expect(words(360_000) == "this host's clock is 6 min ahead of the bank's")
        let error = ClockSkewError(ClockSkew(began: 0, ended: 0, stored: 7_200_000))
        #expect(error.description.contains("2 h behind") && error.description.contains("timedatectl"))
    }
}
