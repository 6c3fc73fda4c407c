import CanonicalForm
import Retention
import Schedules
import Testing

@Suite("What a retention policy keeps") struct RetentionTests {
    typealias Candidate = RetentionCandidate<Int>
    static let day: Int64 = 86_400_000
    /// 2026-11-22 12:00 UTC.
    static let noon = Int64(CivilDate(year: 2026, month: 11, day: 22).day) * day + day / 2

    /// One available checkpoint a day at noon, number 0 today.
    private static func daily(_ count: Int) -> [Candidate] {
        (0..<count).map { Candidate($0, created: noon - Int64($0) * day, standing: .available) }
    }

    private static func decide(
        _ candidates: [Candidate], _ policy: JSONObject, now: Int64 = noon
    ) throws -> [RetentionDecision<Int>] {
        let policy = try RetentionPolicy(policy)
        return Retention.decide(candidates, by: policy, in: try policy.zone(), now: now)
    }

    private static func kept(
        _ candidates: [Candidate], _ policy: JSONObject, now: Int64 = noon
    ) throws -> [Int] {
        try decide(candidates, policy, now: now).filter(\.isKept).map(\.candidate.id)
    }

    @Test("An empty policy keeps everything") func empty() throws {
        #expect(try Self.kept(Self.daily(500), [:]) == Array(0..<500))
        #expect(try Self.kept(Self.daily(500), ["timezone": "Asia/Tokyo"]) == Array(0..<500))
        #expect(try Self.decide(Self.daily(2), [:]).map(\.reasons) == [[.noRules, .newest], [.noRules]])
        #expect(try Self.kept([], ["keepLast": 1]).isEmpty)
    }

    @Test("Rules are taken together, and each says so") func rules() throws {
        let decisions = try Self.decide(Self.daily(100), ["keepLast": 2, "keepWeekly": 2, "keepMonthly": 2])
        #expect(decisions.filter(\.isKept).map(\.candidate.id) == [0, 1, 7, 22])
        #expect(
            decisions[0].reasons == [
                .last(number: 1, of: 2), .period(.week, number: 1, of: 2), .period(.month, number: 1, of: 2), .newest,
            ])
        #expect(decisions[7].reasons == [.period(.week, number: 2, of: 2)])
        #expect(decisions[22].reasons == [.period(.month, number: 2, of: 2)])
        #expect(decisions[2].reasons == [.unneeded])
    }

    @Test("A period keeps its newest, and one without any takes no turn") func periods() throws {
        let hours = [0, 1, 2, 30, 31, 400, 401].map { hour in
            Candidate(hour, created: Self.noon - Int64(hour) * 3_600_000, standing: .available)
        }
        #expect(try Self.kept(hours, ["keepDaily": 3]) == [0, 30, 400])
        #expect(try Self.kept(hours, ["keepHourly": 6]) == [0, 1, 2, 30, 31, 400])
    }

    @Test("Limits go before rules, and the newest stays") func limits() throws {
        #expect(try Self.kept(Self.daily(30), ["keepLast": 20, "maxCheckpoints": 3]) == [0, 1, 2])
        #expect(try Self.kept(Self.daily(30), ["keepDaily": 20, "maxAge": "4d"]) == [0, 1, 2, 3, 4])
        #expect(try Self.kept(Self.daily(30), ["maxAge": "4d", "maxCheckpoints": 3]) == [0, 1, 2])
        #expect(try Self.kept(Self.daily(30), ["maxAge": "4d"], now: Self.noon + 100 * Self.day) == [0])
        let decisions = try Self.decide(Self.daily(6), ["keepLast": 5, "maxAge": "2d", "maxCheckpoints": 2])
        #expect(
            decisions.map(\.reasons).dropFirst() == [
                [.last(number: 2, of: 5)], [.tooMany], [.tooOld], [.tooOld], [.unneeded, .tooOld],
            ])
        let late = try Self.decide(Self.daily(1), ["maxAge": "1h"], now: Self.noon + Self.day)
        #expect(late.map(\.reasons) == [[.newest]])
    }

    @Test("What is pinned or in use stays, and moves nothing else") func protected() throws {
        let policy: JSONObject = ["keepLast": 4, "keepWeekly": 3, "maxCheckpoints": 5]
        let plain = try Self.kept(Self.daily(60), policy)
        for marked in 0..<60 {
            let one = Self.daily(60).map { candidate in
                Candidate(
                    candidate.id, created: candidate.created, standing: .available,
                    isPinned: candidate.id == marked && marked % 2 == 0,
                    isInUse: candidate.id == marked && marked % 2 == 1)
            }
            #expect(try Set(Self.kept(one, policy)) == Set(plain + [marked]))
        }
        let pinned = try Self.decide(
            [
                Candidate(0, created: Self.noon, standing: .available, isPinned: true, isInUse: true),
                Candidate(1, created: 0, standing: .available, isPinned: true),
            ], ["keepLast": 1])
        #expect(pinned.map(\.reasons) == [[.last(number: 1, of: 1), .newest, .pinned, .inUse], [.pinned]])
    }

    @Test("What failed displaces nothing, is not removed, and stops the clock of ages") func failures() throws {
        var history = Self.daily(10)
        for id in 100..<150 {
            history.append(
                Candidate(id, created: Self.noon + Int64(id - 99) * Self.day, standing: .notAvailable))
        }
        let now = Self.noon + 60 * Self.day
        #expect(try Self.kept(history, ["keepLast": 3], now: now).filter { $0 < 100 } == [0, 1, 2])
        // All would be too old by now, but since the newest one nothing has succeeded.
        #expect(try Self.kept(history, ["maxAge": "5d"], now: now).filter { $0 < 100 } == [0, 1, 2, 3, 4])
        #expect(try Self.decide(history, ["maxAge": "5d"], now: now)[0].reasons == [.notAvailable])
        // Without a failure time simply goes on.
        #expect(try Self.kept(Self.daily(10), ["maxAge": "5d"], now: now) == [0])
        // What is being deleted says nothing, neither good nor bad.
        let deleting = Self.daily(3) + [Candidate(9, created: Self.noon + 1, standing: .deleting)]
        #expect(try Self.kept(deleting, ["maxAge": "36h"], now: Self.noon + Self.day) == [9, 0])
    }

    @Test("Nothing goes because of a clock that was set back, or of checkpoints from the future") func future() throws {
        let policies: [JSONObject] = [
            ["keepLast": 3], ["keepDaily": 3], ["maxAge": "1h"], ["maxCheckpoints": 2],
        ]
        for policy in policies {
            #expect(try Self.kept(Self.daily(20), policy, now: Self.noon - 100 * Self.day) == Array(0..<20))
            // Those from the future take no one's place.
            let future = (100..<110).map {
                Candidate($0, created: Self.noon + Int64($0) * Self.day, standing: .available)
            }
            let alone = try Self.kept(Self.daily(20), policy)
            #expect(try Self.kept(Self.daily(20) + future, policy).filter { $0 < 100 } == alone)
            #expect(try Self.kept(Self.daily(20) + future, policy).filter { $0 >= 100 }.count == 10)
        }
        let decision = try Self.decide([Candidate(1, created: Self.noon + 1, standing: .available)], ["keepLast": 1])
        #expect(decision[0].reasons == [.fromTheFuture])
    }

    @Test("Nothing that is decided depends on how often it was decided") func idempotent() throws {
        let policy: JSONObject = [
            "keepLast": 3, "keepWeekly": 5, "keepYearly": 2, "maxAge": "300d", "maxCheckpoints": 7,
        ]
        let first = try Self.decide(Self.daily(700), policy).filter(\.isKept).map(\.candidate)
        #expect(try Self.kept(first, policy) == first.map(\.id))
    }

    // MARK: Periods

    @Test(
        "Names of periods",
        arguments: [
            ("2026-12-31T23:30", "UTC", ["2026-12-31 23:00", "2026-12-31", "2026-W53", "2026-12", "2026"]),
            ("2027-01-03T12:00", "UTC", ["2027-01-03 12:00", "2027-01-03", "2026-W53", "2027-01", "2027"]),
            ("2027-01-04T00:00", "UTC", ["2027-01-04 00:00", "2027-01-04", "2027-W01", "2027-01", "2027"]),
            ("2024-12-30T00:00", "UTC", ["2024-12-30 00:00", "2024-12-30", "2025-W01", "2024-12", "2024"]),
            (
                "2026-12-31T23:30", "Europe/Berlin",
                ["2027-01-01 00:00", "2027-01-01", "2026-W53", "2027-01", "2027"]
            ),
            (
                "2024-04-06T15:10", "Australia/Lord_Howe",
                ["2024-04-07 01:00", "2024-04-07", "2024-W14", "2024-04", "2024"]
            ),
        ])
    func names(_ text: String, _ zone: String, _ names: [String]) throws {
        let moment = RetentionMoment(milliseconds: try Self.moment(text), in: try Self.zone(zone))
        #expect(RetentionPeriod.allCases.map(moment.name) == names)
    }

    @Test("An hour that clocks show twice is two") func doubledHour() throws {
        // 02:30 in summer time, 02:30 in standard time, and 02:59 before and 02:00 after the shift.
        let times = try ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T00:59", "2026-10-25T01:00"].map(
            Self.moment)
        let candidates = times.enumerated().map { Candidate($0, created: $1, standing: .available) }
        let policy: JSONObject = ["keepHourly": 9, "timezone": "Europe/Berlin"]
        #expect(try Self.kept(candidates, policy) == [1, 2])
    }

    @Test("The day that was skipped has no checkpoint, and takes no turn") func lostDay() throws {
        let times = try ["2011-12-29T20:00", "2011-12-30T09:59", "2011-12-30T10:00", "2011-12-31T12:00"].map(
            Self.moment)
        let candidates = times.enumerated().map { Candidate($0, created: $1, standing: .available) }
        let policy: JSONObject = ["keepDaily": 9, "timezone": "Pacific/Apia"]
        #expect(try Self.kept(candidates, policy) == [3, 2, 1])
    }

    @Test("A day that clocks leave after a minute has its checkpoint, though the day before goes on after it")
    func shortDay() throws {
        // Goose Bay set its clocks from 00:01 back to 23:01: on the 6th, in the first minute of the 7th, on the 6th again.
        let times = try ["2010-11-07T02:50", "2010-11-07T03:00", "2010-11-07T03:20", "2010-11-08T15:00"].map(
            Self.moment)
        let candidates = times.enumerated().map { Candidate($0, created: $1, standing: .available) }
        func kept(_ count: Int64, of ids: [Int]) throws -> [Int] {
            try Self.kept(ids.map { candidates[$0] }, ["keepDaily": .integer(count), "timezone": "America/Goose_Bay"])
        }
        #expect(try kept(9, of: [0, 1, 2, 3]) == [3, 2, 1])
        // Two days back is the 7th, which had a minute before, and an hour later than, the end of the 6th.
        #expect(try kept(2, of: [0, 1, 2, 3]) == [3, 1])
        // The newest stays in any case; the newest day is the other one.
        #expect(try kept(1, of: [0, 1, 2]) == [2, 1])
        #expect(try kept(2, of: [0, 1, 2]) == [2, 1])
        #expect(try kept(9, of: [0, 2]) == [2])
        let decisions = try Self.decide(
            candidates, ["keepDaily": 3, "timezone": "America/Goose_Bay"])
        #expect(
            decisions.map(\.reasons) == [
                [.period(.day, number: 1, of: 3), .newest], [.period(.day, number: 3, of: 3)],
                [.period(.day, number: 2, of: 3)], [.unneeded],
            ])
    }

    private static func zone(_ name: String) throws -> TimeZoneRules { try TimeZoneDatabase.system.zone(name).get() }

    /// Milliseconds of `2026-10-25T01:30` in UTC.
    private static func moment(_ text: String) throws -> Int64 {
        let numbers = text.split { "-T:".contains($0) }.compactMap { Int($0) }
        try #require(numbers.count == 5)
        let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
        return Int64(CivilTime(date, minute: numbers[3] * 60 + numbers[4]).minutes) * 60_000
    }
}
