import CanonicalForm
import Diagnostics
import Foundation
import GanttCharts
import PlanIR
import RunRecords
import Scheduling
import SeededRandom
import Testing
import Timings
import YAMLSource

@Suite struct TimingsTests {
    static let head = "apiVersion: cairn/v1\nkind: Timings\n"

    static func read(_ text: String) throws -> (content: TimingsFile.Content?, faults: String) {
        var sources = SourceMap()
        var faults = DiagnosticList()
        let source = SourceText(name: "timings.yaml", bytes: Array(text.utf8))
        let content = try TimingsFile.read(source, sources: &sources, into: &faults)
        return (content, TextRenderer(sources: sources, color: false).render(faults.sorted))
    }

    static func timings(_ durations: String) throws -> ActivityTimings {
        let (content, faults) = try read(head + "durations:\n" + durations)
        #expect(faults == "")
        return try #require(content).timings
    }

    @Test func theMostSpecificDurationCounts() throws {
        let timings = try Self.timings(
            """
              "main:Host::FileSystem::Directory": 10m
              "main:Host::FileSystem::Directory#uploads": 42.5s
              prepareFinish: 500ms
            """)
        let estimate = try EstimatedWeights(timings, of: Plans.shop, .protect)
        func weight(_ resource: Int32, _ hook: Hook) -> Int64 { estimate.weights[ActivityOrder.number(resource, hook)] }
        #expect(weight(2, .main) == 42_500_000_000 && weight(4, .main) == 600_000_000_000)
        #expect(weight(0, .prepareFinish) == 500_000_000 && weight(2, .prepareFinish) == 500_000_000)
        // The database's main has the mean of all mains, what is no hook of the file has the mean of all.
        #expect(weight(1, .main) == 321_250_000_000)
        #expect(weight(2, .complete) == (600_000_000_000 + 42_500_000_000 + 500_000_000) / 3)
        #expect(weight(0, .main) == 0 && weight(0, .complete) == 0)
        #expect(estimate.measured == 6 && estimate.guessed == 4 && estimate.unused.isEmpty)
        let origins = estimate.origins
        #expect(origins[Int(ActivityOrder.number(1, .main))] == .meanOfHook)
        #expect(origins[Int(ActivityOrder.number(2, .complete))] == .meanOfAll)
        #expect(origins[Int(ActivityOrder.number(0, .main))] == nil && origins[0] == nil)
    }

    @Test func withoutAnythingToGoByItIsASecond() throws {
        let estimate = try EstimatedWeights(try Self.timings("  {}\n"), of: Plans.shop, .protect)
        #expect(estimate.measured == 0 && estimate.guessed == 10)
        #expect(estimate.weights == .unit(Plans.shop.graph(.protect)))
        #expect(EstimatedWeights(unit: Plans.shop.graph(.protect)).origins == estimate.origins)
    }

    @Test func aRunRecordGivesTheLatestAttempts() throws {
        let type = "Host::FileSystem::Directory"
        let record = try RunRecordTests.read(
            RunRecordTests.event("00", "main:\(type)#uploads", "started")
                + RunRecordTests.event("04", "main:\(type)#uploads", "finished")
                + RunRecordTests.event("10", "main:\(type)#gone", "started")
                + RunRecordTests.event("12", "main:\(type)#gone", "finished")
                + RunRecordTests.event("12", "main:\(type)#etc", "started")
                + RunRecordTests.event("59", "main:\(type)#etc", "failed")
                + RunRecordTests.event("59", "revert:\(type)#etc", "reverted"))
        let timings = ActivityTimings(record)
        #expect(timings.targets.count == 2 && timings.operation == .protect)
        let estimate = try EstimatedWeights(timings, of: Plans.shop, .protect)
        #expect(estimate.weights[ActivityOrder.number(2, .main)] == 4_000_000_000)
        // The mean of its type, of a resource that is gone too; what failed does not count.
        #expect(estimate.weights[ActivityOrder.number(4, .main)] == 3_000_000_000)
        #expect(estimate.origins[Int(ActivityOrder.number(4, .main))] == .meanOfType)
        #expect(estimate.unused.map(\.description) == ["main:\(type)#gone"])
        let error = #expect(throws: TimingsMismatch.self) { try EstimatedWeights(timings, of: Plans.shop, .restore) }
        #expect(
            error?.description.hasPrefix("the run record is one of 'protect' and says nothing of 'restore'") == true)
    }

    @Test func eitherKindOfFileIsRecognised() throws {
        let record = RunRecordTests.header + RunRecordTests.event("00", "main:A::B#c", "started")
        guard case .record = try Self.read(record).content else {
            Issue.record("no run record")
            return
        }
        guard case .durations = try Self.read("{apiVersion: cairn/v1, kind: Timings, durations: {main: 1s}}").content
        else {
            Issue.record("no durations")
            return
        }
        let error = #expect(throws: RunRecordError.self) { try Self.read(record + "no\n") }
        #expect(error?.line == 3)
    }

    static let bad: [(text: String, code: String, place: String, says: String)] = [
        ("", "E0010", "1:1", "there is no document in this file"),
        ("a: [", "E0003", "1:5", "did not find expected node content"),
        ("apiVersion: cairn/v1\nkind: Timing\ndurations: {}\n", "E0101", "2:7", "did you mean 'Timings'?"),
        ("apiVersion: cairn/v1\nkind: Plan\n", "E0101", "2:7", "it holds a Plan"),
        (head, "E0102", "1:1", "a file of timings needs the key 'durations'"),
        (head + "durations: 10m\n", "E0104", "3:12", "'durations' of a file of timings is a mapping, not text"),
        (head + "duration: {}\n", "E0103", "3:1", "did you mean 'durations'?"),
        (head + "durations: {main: 10}\n", "E0104", "3:19", "write '10s' for seconds"),
        (head + "durations: {main: -1s}\n", "E0105", "3:19", "'-1s' is not a duration"),
        (head + "durations: {main: 1w}\n", "E0105", "3:19", "a duration is a number with ms, s, m, h or d"),
        (head + "durations: {main: 101000d}\n", "E0105", "3:19", "the longest is a hundred years"),
        (head + "durations: {main: }\n", "E0104", "3:13", "not nothing"),
        (head + "durations: {main: [1s]}\n", "E0104", "3:19", "not a sequence"),
        (head + "durations: {mian: 1s}\n", "E0105", "3:13", "did you mean 'main'?"),
        (
            head + "durations: {\"Host::FileSystem::Directory\": 1s}\n", "E0105", "3:13",
            "write 'main:Host::FileSystem::Directory'"
        ),
        (head + "durations: {\"main:Host\": 1s}\n", "E0105", "3:13", "a resource type is words joined by '::'"),
        (head + "durations: {\"main:A::B#\": 1s}\n", "E0105", "3:13", "an id has 1 to 64"),
        (head + "durations: {main: 1s, main: 2s}\n", "E0007", "3:23", "main"),
        (head + "durations: {}\n---\n" + head, "E0105", "5:1", "holds one document"),
        ("hello\n", "E0101", "1:1", "a document is a mapping"),
    ]

    @Test(arguments: bad.indices) func whatIsWrongIsSaidOnceWithItsPlace(_ index: Int) throws {
        let (text, code, place, says) = Self.bad[index]
        let (content, faults) = try Self.read(text)
        #expect(content == nil)
        #expect(faults.components(separatedBy: "[E0").count == 2, "\(faults)")
        #expect(faults.contains(code) && faults.contains("timings.yaml:\(place)"), "\(faults)")
        #expect(faults.contains(says), "\(faults)")
    }

    @Test func durationsAreExact() {
        let good: [(String, Int64)] = [
            ("0s", 0), ("1ms", 1_000_000), ("0.000001ms", 1), ("0.0000001ms", 0), ("42.5s", 42_500_000_000),
            ("1.000000001s", 1_000_000_001), ("10m", 600_000_000_000), ("0.1h", 360_000_000_000),
            ("1.5d", 129_600_000_000_000), ("36600d", ExactDuration.longest), ("0010s", 10_000_000_000),
            ("0.123456789012345678901234567890d", 10_666_666_570_666),
        ]
        for (text, nanoseconds) in good { #expect(ExactDuration.nanoseconds(text) == nanoseconds, "\(text)") }
        let bad = [
            "", "s", "1", "1.s", ".5s", "1 s", "+1s", "-1s", "1S", "1us", "1w", "1e3s", "1,5s", "36600.1d",
            "99999999999999999999s", "１s", "1s ",
        ]
        for text in bad { #expect(ExactDuration.nanoseconds(text) == nil, "\(text)") }
    }

    @Test func damagedFilesNeverCrash() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let whole = Array((Self.head + "durations:\n  main: 42.5s\n  \"main:A::B#c\": 10m\n").utf8)
        let pieces = Array(":#.{}[]-\"'\n s9m&*!".utf8)
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = pieces.randomElement(using: &generator) ?? 0
            }
            _ = try? Self.read(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// docs/what-if.md shows what is true.
@Suite struct WhatIfPageTests {
    static func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/what-if.md"), encoding: .utf8)
    }

    @Test func itsFileOfTimingsIsRead() throws {
        let block = try #require(try Self.page().components(separatedBy: "```yaml\n").dropFirst().first)
        let (content, faults) = try TimingsTests.read(block.components(separatedBy: "```")[0])
        #expect(faults == "" && content?.timings.targets.count == 3)
    }

    @Test func itsTablesHaveEveryKeyAndMember() throws {
        let page = try Self.page()
        for row in TimingsFields.timings.rows { #expect(page.contains("| `\(row.name)` |"), "\(row.name)") }
        let whatIf = try WhatIf(Plans.shop, .protect, jobs: 1)
        let object = try #require(try JSONValue(parsing: whatIf.json).objectValue)
        let activity = try #require(object["activities"]?.arrayValue?.last?.objectValue)
        for member in object.members + activity.members { #expect(page.contains("`\(member.key)`"), "\(member.key)") }
        for origin in DurationOrigin.allCases { #expect(page.contains("`\(origin.rawValue)`")) }
    }
}
