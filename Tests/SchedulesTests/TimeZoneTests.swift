import Foundation
import Schedules
import SeededRandom
import Testing

@Suite struct TimeZoneTests {
    /// Both hemispheres, half hours, summer time that goes backwards, tables without a rule, rules that have ended.
    static let zones = [
        "UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/Santiago",
        "America/Nuuk", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham",
        "Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Gaza",
        "Europe/Moscow", "Etc/GMT+5", "Antarctica/Troll", "America/Havana", "Africa/Cairo",
    ]

    @Test(
        "Python's zoneinfo knows the same offsets",
        .enabled(
            if: Python.hasZones, "python3 with a tz database is needed"
        ), arguments: zones) func offsets(_ name: String) throws
    {
        let rules = try TimeZoneDatabase.system.zone(name).get()
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let start = Int64(CivilDate(year: 1930, month: 1, day: 1).day) * 86400
        let end = Int64(CivilDate(year: 2150, month: 1, day: 1).day) * 86400
        var instants = (0..<2000).map { _ in Int64.random(in: start..<end, using: &generator) }
        for shift in rules.shifts(inYears: 2020...2100) { instants += [shift.instant - 1, shift.instant] }
        let program = """
            import sys
            from datetime import datetime, timedelta, timezone
            from zoneinfo import ZoneInfo
            zone = ZoneInfo('\(name)')
            for line in open(sys.argv[1]):
                moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=int(line))
                print(int(moment.astimezone(zone).utcoffset().total_seconds()))
            """
        let answers = try Python.run(program, instants.map { "\($0)" }.joined(separator: "\n"))
            .split(separator: "\n")
        try #require(answers.count == instants.count)
        for (instant, answer) in zip(instants, answers) {
            #expect("\(rules.offset(at: instant))" == answer, "at \(instant), seed \(seed)")
        }
    }

    @Test("Skipped times are at no instant, doubled ones at two") func skippedAndDoubled() throws {
        let berlin = try TimeZoneDatabase.system.zone("Europe/Berlin").get()
        func count(_ year: Int, _ month: Int, _ day: Int, _ minute: Int) -> Int {
            berlin.instants(of: CivilTime(CivilDate(year: year, month: month, day: day), minute: minute)).count
        }
        #expect(count(2026, 3, 29, 119) == 1 && count(2026, 3, 29, 120) == 0 && count(2026, 3, 29, 179) == 0)
        #expect(count(2026, 3, 29, 180) == 1)
        #expect(count(2026, 10, 25, 119) == 1 && count(2026, 10, 25, 120) == 2 && count(2026, 10, 25, 179) == 2)
        #expect(count(2026, 10, 25, 180) == 1)
        let lordHowe = try TimeZoneDatabase.system.zone("Australia/Lord_Howe").get()
        let shifts = lordHowe.shifts(inYears: 2060...2060)
        #expect(shifts.map { $0.after - $0.before } == [-1800, 1800])
    }

    @Test("A zone whose rules have ended is shifted no more") func ended() throws {
        for name in ["Europe/Moscow", "America/Sao_Paulo", "Asia/Kolkata", "UTC", "Etc/GMT+5"] {
            #expect(try TimeZoneDatabase.system.zone(name).get().shifts(inYears: 2026...2100).isEmpty, "\(name)")
        }
        #expect(try !TimeZoneDatabase.system.zone("Europe/Moscow").get().shifts(inYears: 2000...2014).isEmpty)
    }

    @Test("Names that are no zone", arguments: ["Europe/Berlni", "Berlin", "", "../etc/passwd", "posix/UTC", "Europe"])
    func unknown(_ name: String) {
        #expect(TimeZoneDatabase.system.zone(name) == .failure(.unknownZone))
    }

    @Test("All zones can be read") func all() throws {
        let database = TimeZoneDatabase.system
        let names = database.names
        #expect(names.count > 300 && names.contains("Europe/Berlin") && names == names.sorted())
        for name in names { #expect(throws: Never.self, "\(name)") { try database.zone(name).get() } }
    }

    @Test("A machine without a database is not one without zones") func noDatabase() {
        let database = TimeZoneDatabase(directory: "/nonexistent")
        #expect(!database.isPresent && database.names.isEmpty)
        #expect(database.zone("Europe/Berlin") == .failure(.noDatabase))
    }

    @Test("Damaged files are refused, and none of them stops the program") func damaged() throws {
        let file = URL(filePath: TimeZoneDatabase.system.directory).appending(path: "Europe/Berlin")
        let bytes = Array(try Data(contentsOf: file))
        for length in [0, 3, 44, 200, bytes.count - 1] {
            #expect(throws: TimeZoneFault.self) { try TimeZoneRules(tzif: Array(bytes[..<length])) }
        }
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var damaged = bytes
            for _ in 0..<4 {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            // Whatever it means, it is answered.
            _ = (try? TimeZoneRules(tzif: damaged))?.shifts(inYears: 2026...2030)
        }
    }

    @Test("A file of the first version has no rule") func firstVersion() throws {
        var bytes = Array("TZif".utf8) + [UInt8](repeating: 0, count: 16)
        for count in [0, 0, 0, 1, 1, 4] { bytes += [0, 0, 0, UInt8(count)] }
        bytes += [0, 0, 0, 100, 0] + [0, 0, 14, 16, 0, 0] + Array("UTC\0".utf8)
        let rules = try TimeZoneRules(tzif: bytes)
        #expect(rules.offset(at: 0) == 3600 && rules.offset(at: 1000) == 3600)
    }
}
