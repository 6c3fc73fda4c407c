import Bank
import BankConformance
import DegradedBank
import SeededRandom
import Surroundings
import Synchronization
import Testing

/// Random numbers that a seed fixes.
private final class SeededRun: RunRandom {
    private let generator: Mutex<SeededGenerator>
    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }
    func next() -> UInt64 { generator.withLock { $0.next() } }
}

/// A clock that a test turns; who waits for it waits for nothing.
private final class HandClock: RunClock {
    private let time = Mutex<Int64>(0)
    var wallMilliseconds: Int64 { monotonicNanoseconds / 1_000_000 }
    var monotonicNanoseconds: Int64 { time.withLock { $0 } }
    func sleep(nanoseconds: Int64) async throws { for _ in 0..<3 { await Task.yield() } }
    func advance(_ nanoseconds: Int64) { time.withLock { $0 += nanoseconds } }
}

@Suite struct DegradedBankTests {
    private static let checks = ConsistencyLevel.allCases.flatMap { level in
        BankConformance.promised(at: level).map { (level, $0) }
    }

    @Test(arguments: checks) func conforms(_ level: ConsistencyLevel, _ check: BankConformance) async throws {
        try await check.run(DegradedBank(InMemoryBank(), to: level))
    }

    @Test(arguments: checks) func aSectionConforms(_ level: ConsistencyLevel, _ check: BankConformance) async throws {
        let bank = DegradedBank(InMemoryBank(), to: level)
        try await check.run(BankSection(bank, below: BankKey("in/side"), writable: true))
    }

    @Test func aWeakerLevelPromisesLess() {
        let counts = ConsistencyLevel.allCases.map { BankConformance.promised(at: $0).count }
        #expect(counts == counts.sorted(by: >) && Set(counts).count == counts.count, "\(counts)")
        #expect(counts[0] == BankConformance.all.count)
        let blind = BankConformance.promised(at: .compareAndSwap, seesConflicts: false)
        #expect(blind.count < counts[0])
    }

    /// Luck may let a weak store pass, so it is asked more than once.
    @Test(arguments: ConsistencyLevel.allCases) func theProbeFindsTheLevel(_ level: ConsistencyLevel) async throws {
        let seed = testSeed()
        let bank = DegradedBank(InMemoryBank(), to: level, random: SeededRun(seed: seed))
        for _ in 0..<5 {
            #expect(try await ConsistencyProbe(bank: bank).run() == level, "seed \(seed)")
        }
    }

    @Test(arguments: ConsistencyLevel.allCases) func versionsCountWhereTheyDo(_ level: ConsistencyLevel) async throws {
        let bank = DegradedBank(InMemoryBank(), to: level)
        let key = try BankKey("k")
        let old = try await bank.put(key, [1], if: .none)
        try await bank.put(key, [2], if: .none)
        let isChecked = level == .compareAndSwap
        for attempt in [0, 1] {
            do {
                if attempt == 0 {
                    try await bank.put(key, [3], if: .ifVersion(old))
                } else {
                    try await bank.delete(key, if: .ifVersion(old))
                }
                #expect(!isChecked)
            } catch BankError.conditionFailed {
                #expect(isChecked)
            }
        }
        #expect(try await bank.size(key) == (isChecked ? 1 : nil))
        await #expect(throws: BankError.self) { try await bank.delete(key, if: .ifAbsent) }
    }

    @Test func deletedKeysLingerInListingsAndNowhereElse() async throws {
        let clock = HandClock()
        let inner = InMemoryBank()
        let bank = DegradedBank(inner, to: .listOnly, random: SeededRun(seed: 7), clock: clock)
        let keys = try ["a/1", "a/2/x", "a/3", "b"].map { try BankKey($0) }
        for key in keys { try await bank.put(key, [1], if: .ifAbsent) }
        try await bank.delete(keys[0], if: .none)
        try await bank.delete(keys[1], if: .none)
        // What never was does not linger.
        try await bank.delete(BankKey("a/9"), if: .none)
        #expect(try await bank.allKeys(below: nil) == keys)
        for limit in 1...5 {
            var listed: [BankKey] = []
            var names: [String] = []
            while true {
                let page = try await bank.list(below: nil, after: listed.last, limit: limit)
                listed += page.keys
                if !page.more { break }
            }
            while true {
                let page = try await bank.names(below: BankKey("a"), after: names.last, limit: limit)
                names += page.names
                if !page.more { break }
            }
            #expect(listed == keys && names == ["1", "2", "3"], "limit \(limit)")
        }
        #expect(try await bank.list(below: BankKey("a"), after: BankKey("a/1"), limit: 9).keys == [keys[1], keys[2]])
        for key in keys.prefix(2) {
            #expect(try await bank.size(key) == nil)
            #expect(try await bank.modified(key) == nil)
            await #expect(throws: BankError.notFound(key)) { try await bank.get(key) }
        }
        // A key that comes back is listed once.
        try await bank.put(keys[0], [2], if: .ifAbsent)
        #expect(try await bank.allKeys(below: nil) == keys)
        clock.advance(BankTroubles().lingering)
        #expect(try await bank.allKeys(below: nil) == [keys[0], keys[2], keys[3]])
        #expect(try await bank.allNames(below: BankKey("a")) == ["1", "3"])
    }

    @Test func theStoresClockIsAsWrongAsItShouldBe() async throws {
        var troubles = BankTroubles()
        troubles.clockAhead = -3_600_000
        let bank = DegradedBank(InMemoryBank(now: { 5_000_000 }), to: .compareAndSwap, troubles: troubles)
        try await bank.put(BankKey("k"), [1], if: .none)
        #expect(try await bank.modified(BankKey("k")) == 1_400_000)
        #expect(try await bank.modified(BankKey("other")) == nil)
    }

    @Test func thoseWhoShareAStoreSeeTheSameDeletedKeys() async throws {
        let clock = HandClock()
        let (inner, deleted) = (InMemoryBank(), LingeringKeys(clock: clock))
        let banks = (0..<2).map { seed in
            DegradedBank(inner, to: .listOnly, random: SeededRun(seed: seed), clock: clock, deleted: deleted)
        }
        try await banks[0].put(BankKey("a"), [1], if: .none)
        try await banks[0].delete(BankKey("a"), if: .none)
        #expect(try await banks[1].allKeys(below: nil) == [BankKey("a")])
    }

    @Test(arguments: ConsistencyLevel.allCases) func lostAnswersAreOfWritesThatTookEffect(_ level: ConsistencyLevel)
        async throws
    {
        let seed = testSeed()
        var troubles = BankTroubles()
        troubles.lostAnswers = 500
        let inner = InMemoryBank()
        let bank = DegradedBank(inner, to: level, troubles: troubles, random: SeededRun(seed: seed), clock: HandClock())
        var lost = 0
        for number in 0..<100 {
            let key = try BankKey("k/\(number)")
            do { try await bank.put(key, [1], if: .ifAbsent) } catch BankError.outcomeUnknown { lost += 1 }
            #expect(inner.contents[key] == [1], "seed \(seed)")
            do { try await bank.putOnce(key, [1]) } catch { Issue.record("seed \(seed): \(error)") }
            await #expect(throws: BankError.conditionFailed(key), "seed \(seed)") { try await bank.putOnce(key, [2]) }
            do { try await bank.delete(key, if: .none) } catch BankError.outcomeUnknown { lost += 1 }
            #expect(inner.contents[key] == nil, "seed \(seed)")
        }
        #expect(lost > 50 && lost < 150, "seed \(seed): \(lost)")
    }

    @Test(arguments: ConsistencyLevel.allCases) func aSeedFixesAllThatHappens(_ level: ConsistencyLevel) async throws {
        var outcomes: [[String]] = []
        for _ in 0..<2 {
            var troubles = BankTroubles()
            troubles.lostAnswers = 300
            let bank = DegradedBank(
                InMemoryBank(), to: level, troubles: troubles, random: SeededRun(seed: 11), clock: HandClock())
            var told: [String] = []
            for number in 0..<40 {
                let key = try BankKey("k/\(number % 7)")
                do {
                    if number % 3 == 2 {
                        try await bank.delete(key, if: .none)
                    } else {
                        try await bank.put(key, [UInt8(number)], if: number % 2 == 0 ? .ifAbsent : .none)
                    }
                    told.append("done \(try await bank.allKeys(below: nil))")
                } catch { told.append("\(error)") }
            }
            outcomes.append(told)
        }
        #expect(outcomes[0] == outcomes[1])
    }
}
