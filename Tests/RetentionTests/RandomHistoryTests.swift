import CanonicalForm
import Foundation
import Retention
import Schedules
import SeededRandom
import Testing

@Suite("Retention beside a naive reference") struct RandomHistoryTests {
    /// Zones, and a date around which something happens to their clocks.
    static let places: [(zone: String, year: Int, month: Int, day: Int)] = [
        ("UTC", 2026, 12, 31), ("UTC", 2021, 1, 2), ("UTC", 1970, 1, 1),
        ("Europe/Berlin", 2025, 3, 30), ("Europe/Berlin", 2025, 10, 26), ("Europe/Berlin", 2020, 12, 31),
        ("America/New_York", 2024, 11, 3), ("America/New_York", 2016, 1, 1),
        // Half an hour forth and back.
        ("Australia/Lord_Howe", 2024, 4, 7), ("Australia/Lord_Howe", 2024, 10, 6),
        // A day that never was.
        ("Pacific/Apia", 2011, 12, 30),
        // Over midnight, so that a day is left and entered again.
        ("America/Goose_Bay", 2010, 11, 7), ("America/Havana", 2024, 11, 3), ("America/Asuncion", 2023, 3, 26),
        ("Asia/Kathmandu", 2024, 1, 1), ("Asia/Tehran", 2021, 9, 22), ("Pacific/Chatham", 2024, 4, 7),
    ]

    @Test("Random histories around shifts of clocks and ends of years", arguments: places.indices)
    func histories(_ number: Int) throws {
        try forEachHistory(Self.places[number]) { history, random, note in
            let decisions = history.decide(history.candidates)
            #expect(kept(decisions) == history.naive.kept(history.candidates, now: history.now), note)
            expectWhole(decisions, of: history.candidates, note)
            #expect(history.decide(history.candidates.shuffled(using: &random)) == decisions, note)
        }
    }

    /// What a sync rests on: what is kept of all that two banks have is kept, too, when the second gets only that. So what
    /// was copied does not go at the next retention, and what has gone is not copied again.
    @Test("What is kept of two banks together is kept of what is copied", arguments: places.indices)
    func unions(_ number: Int) throws {
        try forEachHistory(Self.places[number]) { history, random, note in
            let all = history.candidates
            // Only what is available is copied; all else is there already, and some of what is available.
            let there = Set(all.filter { $0.standing != .available || Bool.random(using: &random) }.map(\.id))
            let kept = kept(history.decide(all))
            let after = all.filter { there.contains($0.id) || kept.contains($0.id) }
            #expect(self.kept(history.decide(after)) == kept, note)
        }
    }

    /// Checkpoints of a plan, and what judges them.
    private struct History {
        let candidates: [RetentionCandidate<Int>]
        let now: Int64
        let policy: RetentionPolicy
        let naive: NaiveRetention
        let rules: TimeZoneRules

        func decide(_ candidates: [RetentionCandidate<Int>]) -> [RetentionDecision<Int>] {
            Retention.decide(candidates, by: policy, in: rules, now: now)
        }
    }

    private func kept(_ decisions: [RetentionDecision<Int>]) -> Set<Int> {
        Set(decisions.filter(\.isKept).map(\.candidate.id))
    }

    /// Sixty random histories around the date of a place, each with a note of how it is repeated.
    private func forEachHistory(
        _ place: (zone: String, year: Int, month: Int, day: Int), function: String = #function,
        _ judge: (History, inout SeededGenerator, Comment) throws -> Void
    ) throws {
        let rules = try TimeZoneDatabase.system.zone(place.zone).get()
        let middle = Int64(CivilDate(year: place.year, month: place.month, day: place.day).day) * 86_400_000
        let seed = testSeed(function: "\(function) \(place)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            let (policy, naive) = try policies(zone: place.zone, &random)
            let (candidates, now) = history(around: middle, &random)
            let history = History(candidates: candidates, now: now, policy: policy, naive: naive, rules: rules)
            try judge(history, &random, "\(place.zone), seed \(seed), round \(round), \(policy)")
        }
    }

    private func expectWhole(
        _ decisions: [RetentionDecision<Int>], of candidates: [RetentionCandidate<Int>], _ note: Comment
    ) {
        #expect(decisions.map(\.candidate.id).sorted() == candidates.map(\.id).sorted(), note)
        for decision in decisions {
            #expect(!decision.reasons.isEmpty && Set(decision.reasons.map(\.keeps)).count == 1, note)
        }
        #expect(
            zip(decisions, decisions.dropFirst()).allSatisfy {
                ($0.candidate.created, $0.candidate.id) > ($1.candidate.created, $1.candidate.id)
            }, note)
    }

    private func policies(
        zone: String, _ random: inout SeededGenerator
    ) throws -> (RetentionPolicy, NaiveRetention) {
        var object: JSONObject = ["timezone": .string(zone)]
        var naive = try NaiveRetention(zone: zone)
        if Int.random(in: 0..<3, using: &random) == 0 {
            let count = Int.random(in: 1...8, using: &random)
            object["keepLast"] = .integer(Int64(count))
            naive.keepLast = count
        }
        for rule in ["keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly"]
        where Int.random(in: 0..<3, using: &random) == 0 {
            let count = Int.random(in: 1...12, using: &random)
            object[rule] = .integer(Int64(count))
            naive.rules.append((rule, count))
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            let hours = Int64.random(in: 1...2000, using: &random)
            object["maxAge"] = .string("\(hours)h")
            naive.maxAge = hours * 3_600_000
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            let count = Int.random(in: 1...20, using: &random)
            object["maxCheckpoints"] = .integer(Int64(count))
            naive.maxCheckpoints = count
        }
        return (try RetentionPolicy(object), naive)
    }

    /// Some close together and some far apart, of all kinds, and now somewhere near the end.
    private func history(
        around middle: Int64, _ random: inout SeededGenerator
    ) -> ([RetentionCandidate<Int>], now: Int64) {
        let step = [1_800_000, 7_200_000, 86_400_000, 700_000_000][Int.random(in: 0..<4, using: &random)] as Int64
        let count = Int.random(in: 0...90, using: &random)
        var candidates: [RetentionCandidate<Int>] = []
        for id in 0..<count {
            let offset = Int64.random(in: -Int64(count) * step / 2...Int64(count) * step / 2, using: &random)
            func isOne(in parts: Int) -> Bool { Int.random(in: 0..<parts, using: &random) == 0 }
            let standing: RetentionCandidate<Int>.Standing =
                isOne(in: 8) ? .notAvailable : isOne(in: 20) ? .deleting : .available
            candidates.append(
                RetentionCandidate(
                    id, created: middle + offset, standing: standing, isPinned: isOne(in: 15), isInUse: isOne(in: 15)))
        }
        // Some at the very same moment.
        if let one = candidates.last { candidates.append(.init(count, created: one.created, standing: .available)) }
        return (candidates, middle + Int64.random(in: 0...Int64(count + 1) * step / 2, using: &random))
    }

    @Test("A hundred thousand checkpoints, in an order of their own") func many() throws {
        let policy = try RetentionPolicy([
            "keepLast": 10, "keepHourly": 48, "keepDaily": 60, "keepWeekly": 52, "keepMonthly": 120, "keepYearly": 50,
            "maxAge": "4000d", "maxCheckpoints": 300, "timezone": "Europe/Berlin",
        ])
        let seed = testSeed()
        var random = SeededGenerator(seed: seed)
        let candidates = (0..<100_000).map { number in
            RetentionCandidate(number, created: Int64(number) * 3_600_000, standing: .available)
        }
        let decisions = Retention.decide(
            candidates.shuffled(using: &random), by: policy, in: try policy.zone(), now: 100_000 * 3_600_000)
        #expect(decisions.map(\.candidate.id) == (0..<100_000).reversed(), "seed \(seed)")
        let kept = decisions.filter(\.isKept).count
        #expect(kept > 150 && kept <= 300)
    }
}
