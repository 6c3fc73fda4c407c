import Schedules
import SeededRandom
import Testing

@Suite struct CronScheduleTests {
    private static func time(_ year: Int, _ month: Int, _ day: Int, _ minute: Int = 0) -> CivilTime {
        CivilTime(CivilDate(year: year, month: month, day: day), minute: minute)
    }

    @Test(
        "Texts that are no schedule",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
            "* * * * 8", "*/0 * * * *", "*/60 * * * *", "5/2 * * * *", "1-2-3 * * * *", "2-1 * * * *", "a * * * *",
            "@daily", ", * * * *", "1, * * * *", "-1 * * * *", "+1 * * * *", "* * * janu *", "1/2/3 * * * *",
        ])
    func faults(_ text: String) {
        #expect(throws: CronFault.self) { try CronSchedule(text) }
    }

    /// A schedule, a time, and the next firing as `date clock`.
    @Test(
        "Next firings that are known",
        arguments: [
            ("15 2 * * *", time(2026, 3, 1), "2026-03-01 02:15"),
            ("15 2 * * *", time(2026, 3, 1, 135), "2026-03-02 02:15"),
            ("0 0 29 2 *", time(2096, 3, 1), "2104-02-29 00:00"),
            ("0 0 1 1 *", time(2026, 1, 1), "2027-01-01 00:00"),
            ("*/20 23 31 12 *", time(2026, 12, 31, 1420), "2027-12-31 23:00"),
            // Both days restricted: either is enough.
            ("0 5 13 * fri", time(2026, 3, 1), "2026-03-06 05:00"),
            // One of them begins with a star: both must fit.
            ("0 5 13 * */5", time(2026, 3, 1), "2026-03-13 05:00"),
            ("0 5 */31 * sun", time(2026, 3, 2), "2026-11-01 05:00"),
            ("0 5 * * 7", time(2026, 3, 2), "2026-03-08 05:00"),
            ("0 5 * * 6-7", time(2026, 3, 8), "2026-03-08 05:00"),
            ("0 0 * FEB-apr MON", time(2026, 5, 1), "2027-02-01 00:00"),
        ])
    func next(_ text: String, _ after: CivilTime, _ expected: String) throws {
        let next = try #require(try CronSchedule(text).next(after: after))
        #expect("\(next.date) \(CivilTime.clock(next.minute))" == expected)
    }

    @Test("Schedules that never fire", arguments: ["0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *"])
    func never(_ text: String) throws {
        let schedule = try CronSchedule(text)
        #expect(schedule.neverFires)
        #expect(schedule.next(after: Self.time(2026, 1, 1)) == nil)
        #expect(schedule.shortestGap == nil && CronSchedule.longestGap(of: [schedule]) == nil)
    }

    @Test("Schedules that seem never to fire and do", arguments: ["0 0 29 2 *", "0 0 31 2 1", "0 0 29 2 */7"])
    func rarely(_ text: String) throws { #expect(try !CronSchedule(text).neverFires) }

    @Test(
        "Gaps in minutes",
        arguments: [
            ("15 2 * * *", 1440, 1440), ("*/15 * * * *", 15, 15), ("0 1,5 * * *", 240, 1200),
            ("50 23 * * *", 1440, 1440), ("0,59 * * * *", 1, 59), ("0 2 * * 1-5", 1440, 4320),
            ("0 0 * * 0", 10080, 10080), ("0 0 1 * *", 28 * 1440, 31 * 1440), ("30 0,23 * * 1", 1380, 8700),
            ("0 0 29 2 *", 1461 * 1440, 1461 * 1440), ("0 0 1,2 1 *", 1440, 365 * 1440),
        ])
    func gaps(_ text: String, _ shortest: Int, _ longest: Int) throws {
        let schedule = try CronSchedule(text)
        #expect(schedule.shortestGap == shortest)
        #expect(CronSchedule.longestGap(of: [schedule]) == longest)
    }

    @Test("The longest gap of several schedules is that of all their firings") func severalGaps() throws {
        let weekly = try CronSchedule("0 0 * * 0")
        let midweek = try CronSchedule("0 12 * * 3")
        let never = try CronSchedule("0 0 31 2 *")
        #expect(CronSchedule.longestGap(of: [weekly, midweek, never]) == 84 * 60)
    }

    @Test("Days and dates", arguments: [(1970, 1, 1, 0, 4), (2000, 2, 29, 11016, 2), (2026, 11, 22, 20779, 0)])
    func dates(_ year: Int, _ month: Int, _ day: Int, _ number: Int, _ weekday: Int) {
        let date = CivilDate(year: year, month: month, day: day)
        #expect(date.day == number && date.weekday == weekday)
        #expect(date.parts == (year, month, day))
    }

    @Test("Every day of a thousand years comes back") func calendar() {
        var expected = CivilDate(year: 1600, month: 1, day: 1).day
        for year in 1600..<2600 {
            for month in 1...12 {
                #expect(CivilDate(day: expected).parts == (year, month, 1))
                let next = CivilDate(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
                #expect((28...31).contains(next.day - expected))
                expected = next.day
            }
        }
    }

    // MARK: Against another implementation

    /// A field of a random schedule.
    private static func field(_ range: ClosedRange<Int>, _ generator: inout SeededGenerator) -> String {
        func item() -> String {
            let value = Int.random(in: range, using: &generator)
            // croniter takes a range of one value, and one that ends with 7, for something else.
            let end = range.upperBound == 7 ? 6 : range.upperBound
            let low = min(value, end - 1)
            let high = Int.random(in: low + 1...end, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1: return "\(value)"
            case 2: return "\(low)-\(high)"
            default:
                return "\(low)-\(high)/\(Int.random(in: 1...max(1, range.upperBound / 2), using: &generator))"
            }
        }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0, 1: return "*"
        case 2: return "*/\(Int.random(in: 1...range.upperBound / 2, using: &generator))"
        default: return (0..<Int.random(in: 1...3, using: &generator)).map { _ in item() }.joined(separator: ",")
        }
    }

    @Test("croniter finds the same firings", .enabled(if: Python.hasCroniter, "python3 with croniter is needed"))
    func croniter() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        var lines: [String] = []
        for _ in 0..<400 {
            let fields = [0...59, 0...23, 1...31, 1...12, 0...7].map { Self.field($0, &generator) }
            let start = Self.time(
                Int.random(in: 1999...2090, using: &generator), Int.random(in: 1...12, using: &generator),
                Int.random(in: 1...28, using: &generator), Int.random(in: 0..<1440, using: &generator))
            lines.append("\(start.minutes);\(fields.joined(separator: " "))")
        }
        let program = """
            import sys
            from datetime import datetime, timedelta
            from croniter import croniter
            for line in open(sys.argv[1]):
                start, text = line.strip().split(';')
                origin = datetime(1970, 1, 1)
                out = []
                try:
                    it = croniter(text, origin + timedelta(minutes=int(start)), implement_cron_bug=True,
                                  max_years_between_matches=41)
                    for _ in range(5):
                        out.append(str(int((it.get_next(datetime) - origin).total_seconds()) // 60))
                except Exception as fault:
                    out.append(type(fault).__name__)
                print(','.join(out))
            """
        let answers = try Python.run(program, lines.joined(separator: "\n")).split(separator: "\n")
        try #require(answers.count == lines.count)
        var compared = 0
        for (line, answer) in zip(lines, answers) {
            let parts = line.split(separator: ";")
            let schedule = try CronSchedule(parts[1])
            var time = CivilTime(minutes: try #require(Int(parts[0])))
            var found: [String] = []
            while found.count < 5, let next = schedule.next(after: time) {
                found.append("\(next.minutes)")
                time = next
            }
            if answer.hasSuffix("BadDateError") {
                #expect(found.isEmpty, "\(line), seed \(seed)")
            } else {
                #expect(found.joined(separator: ",") == answer, "\(line), seed \(seed)")
                compared += 1
            }
        }
        #expect(compared > 300)
    }

    @Test("Going from minute to minute finds the same gaps and firings") func naive() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let text = [0...59, 0...23, 1...31, 1...12, 0...7].map { Self.field($0, &generator) }
                .joined(separator: " ")
            let schedule = try CronSchedule(text)
            let start = Self.time(2001, 1, 1)
            let end = Self.time(2003, 1, 1)
            var naive: [Int] = []
            for day in start.date.day..<end.date.day where schedule.fires(on: CivilDate(day: day)) {
                naive += (0..<1440).filter(schedule.fires(atMinute:)).map { day * 1440 + $0 }
            }
            var walked: [Int] = []
            var time = CivilTime(minutes: start.minutes - 1)
            while let next = schedule.next(after: time), next < end {
                walked.append(next.minutes)
                time = next
            }
            #expect(walked == naive, "\(text), seed \(seed)")
            let gaps = zip(naive, naive.dropFirst()).map { $1 - $0 }
            if let shortest = gaps.min() { #expect(schedule.shortestGap ?? .max <= shortest, "\(text), seed \(seed)") }
            if let longest = gaps.max() {
                #expect(CronSchedule.longestGap(of: [schedule]) ?? 0 >= longest, "\(text), seed \(seed)")
            }
        }
    }
}
