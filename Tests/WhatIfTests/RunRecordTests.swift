import CanonicalForm
import PlanIR
import RunRecords
import SeededRandom
import Testing

@Suite struct RunRecordTests {
    static let header =
        #"{"format":"cairn.run","version":1,"plan":"shop","operation":"protect","checkpoint":"01JD"}"# + "\n"
    static let uploads = "Host::FileSystem::Directory#uploads"

    static func read(_ lines: String, header: String = header) throws(RunRecordError) -> RunRecord {
        try RunRecord(reading: Array((header + lines).utf8))
    }

    static func event(_ second: String, _ activity: String, _ state: String, _ rest: String = "") -> String {
        #"{"time":"2026-11-22T13:24:\#(second)Z","activity":"\#(activity)","state":"\#(state)"\#(rest)}"# + "\n"
    }

    @Test func tellsWhatBecameOfEachActivity() throws {
        let record = try Self.read(
            Self.event("00.5", "main:\(Self.uploads)", "started")
                + Self.event("01.000000001", "main:Host::FileSystem::Directory#etc", "started")
                + Self.event("02.75", "main:\(Self.uploads)", "failed", #","message":"the disk is full""#)
                + Self.event("03", "main:\(Self.uploads)", "started", #","attempt":2"#)
                + Self.event("05.25", "main:\(Self.uploads)", "finished", #","message":"""#)
                + Self.event("06", "main:A::B#c", "started") + Self.event("07", "main:A::B#c", "cancelled")
                + Self.event("08", "revert:A::B#c", "reverted")
                + #"{"end":"2026-11-22T14:24:09+01:00","status":"error","warnings":3}"# + "\n")
        #expect(record.plan == "shop" && record.operation == .protect && record.checkpoint == "01JD")
        #expect(!record.isTorn && record.end?.status == "error")
        #expect(record.end?.time.description == "2026-11-22T13:24:09.000Z")
        #expect(record.activities.map(\.name.description).first == "main:\(Self.uploads)")
        #expect(record.activities.map(\.state) == [.done, .running, .cancelled, .reverted])
        let uploads = record.activities[0]
        #expect(uploads.attempts == 2 && uploads.measured == 2_250_000_000 && uploads.duration == 2_250_000_000)
        #expect(uploads.message.isEmpty)
        #expect(record.activities[1].duration == nil && record.activities[2].duration == 1_000_000_000)
        #expect(record.activities[2].measured == nil && record.activities[3].name.hook == nil)
    }

    @Test func theLatestAttemptThatFinishedCounts() throws {
        let name = "main:\(Self.uploads)"
        let record = try Self.read(
            Self.event("00", name, "started") + Self.event("04", name, "finished") + Self.event("05", name, "started")
                + Self.event("06", name, "failed", #","message":"broken""#))
        #expect(record.activities[0].state == .failed && record.activities[0].message == "broken")
        #expect(record.activities[0].measured == 4_000_000_000 && record.activities[0].duration == 1_000_000_000)
        #expect(record.end == nil)
    }

    @Test func whatHasNoStartOrAClockSetBackHasNoDuration() throws {
        let name = "main:\(Self.uploads)"
        let adopted = try Self.read(Self.event("04", name, "finished"))
        #expect(adopted.activities[0].state == .done && adopted.activities[0].measured == nil)
        let back = try Self.read(Self.event("04", name, "started") + Self.event("03", name, "finished"))
        #expect(back.activities[0].state == .done && back.activities[0].measured == nil)
        let twice = try Self.read(
            Self.event("01", name, "started") + Self.event("03", name, "finished") + Self.event("09", name, "finished"))
        #expect(twice.activities[0].measured == nil)
    }

    @Test func outcomesAreByActivityNumber() throws {
        let ir = Plans.shop
        let record = try Self.read(
            Self.event("00", "main:\(Self.uploads)", "started") + Self.event("02", "main:\(Self.uploads)", "finished")
                + Self.event("02", "main:Host::PostgreSQL::Database#shopdb", "started")
                + Self.event("02", "main:Host::Gone::Long#ago", "started"))
        let outcomes = record.outcomes(of: ir.graph(.protect), in: ir)
        #expect(outcomes.count == ir.graph(.protect).count)
        #expect(outcomes[0] == nil && outcomes[Int(ActivityOrder.number(0, .main))] == nil)
        let uploads = outcomes[Int(ActivityOrder.number(2, .main))]
        #expect(uploads?.state == .done && uploads?.duration == 2_000_000_000)
        #expect(outcomes[Int(ActivityOrder.number(1, .main))]?.state == .running)
        let etc = outcomes[Int(ActivityOrder.number(4, .main))]
        #expect(etc != nil && etc?.state == nil)
    }

    @Test func aTornLastLineIsAcceptedAndSaid() throws {
        let first = Self.event("00", "main:\(Self.uploads)", "started")
        let second = Self.event("04", "main:\(Self.uploads)", "finished")
        for length in 1..<second.utf8.count - 1 {
            let record = try Self.read(first + String(decoding: second.utf8.prefix(length), as: UTF8.self))
            #expect(record.isTorn && record.activities.map(\.state) == [.running], "\(length)")
        }
        // All but the line feed is a whole line.
        let whole = try Self.read(first + second.dropLast())
        #expect(!whole.isTorn && whole.activities.map(\.state) == [.done])
    }

    static let bad: [(text: String, message: String)] = [
        ("", "line 1: the file is empty; the first line of a run record says what it is"),
        (
            #"{"format":"cairn.run","#,
            "line 1: this is no JSON object: byte 22: expected a string, found the end"
        ),
        ("\n", "line 1: this is no JSON object: byte 0: expected a value, found the end"),
        ("[]\n", "line 1: this is no JSON object"),
        (
            #"{"format":"cairn.ir","version":1}"#,
            #"line 1: this is no run record: the first line has no "format":"cairn.run""#
        ),
        (
            #"{"format":"cairn.run","version":2,"plan":"a"}"#,
            "line 1: the record has version 2 of the format, and this program reads 1"
        ),
        (#"{"format":"cairn.run","plan":"a"}"#, "line 1: the member 'version' is missing or no whole number"),
        (
            #"{"format":"cairn.run","version":1,"plan":"a","operation":"dance","checkpoint":"c"}"#,
            "line 1: 'dance' is no operation; there are \(OperationKind.allCases.map(\.rawValue).joined(separator: ", "))"
        ),
        (
            #"{"format":"cairn.run","version":1,"plan":7,"operation":"verify","checkpoint":"c"}"#,
            "line 1: the member 'plan' is no text"
        ),
        (
            #"{"format":"cairn.run","version":1,"plan":"a","operation":"verify"}"#,
            "line 1: the member 'checkpoint' is missing"
        ),
        (header + "\n", "line 2: this is no JSON object: byte 0: expected a value, found the end"),
        (header + "{\"time\":\n{}", "line 2: this is no JSON object: byte 8: expected a value, found the end"),
        (header + "{}\n", "line 2: the member 'time' is missing"),
        (
            header + #"{"time":"yesterday","activity":"main:A::B#c","state":"started"}"# + "\n",
            "line 2: 'yesterday' is no time, such as 2026-11-22T13:24:55.123Z"
        ),
        (
            header + event("00", "mian:A::B#c", "started"),
            "line 2: 'mian:A::B#c' names no activity; one is called HOOK:TYPE#ID or revert:TYPE#ID"
        ),
        (
            header + event("00", "main:A::B", "started"),
            "line 2: 'main:A::B' names no activity; one is called HOOK:TYPE#ID or revert:TYPE#ID"
        ),
        (
            header + event("00", "main:A::B#c", "begun"),
            "line 2: 'begun' is no state of an activity; there are started, finished, failed, reverted, cancelled"
        ),
        (header + event("00", "main:A::B#c", "failed", #","message":1"#), "line 2: the member 'message' is no text"),
        (
            header + #"{"end":"2026-11-22T13:24:55Z","status":"available"}"# + "\n"
                + event("00", "main:A::B#c", "started"),
            "line 3: the run has ended in the line before"
        ),
        (header + #"{"end":"2026-11-22T13:24:55Z"}"# + "\n", "line 2: the member 'status' is missing"),
    ]

    @Test(arguments: bad.indices) func whatIsWrongIsSaidWithItsLine(_ index: Int) {
        let (text, message) = Self.bad[index]
        let error = #expect(throws: RunRecordError.self) { try RunRecord(reading: Array(text.utf8)) }
        #expect(error?.description == message)
    }

    @Test func damagedBytesNeverCrash() throws {
        let seed = testSeed()
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let whole = Array(
            (Self.header + Self.event("00", "main:\(Self.uploads)", "started")
                + Self.event("04.5", "main:\(Self.uploads)", "finished")).utf8)
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = RunRecord.isLikely(bytes)
            do throws(RunRecordError) { _ = try RunRecord(reading: bytes) } catch { #expect(error.line >= 1) }
        }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var record = RunRecord(plan: "shop", operation: .restore, checkpoint: "01JD")
        let name = RunRecord.Subject(hook: .main, resource: Self.uploads)
        let times = [0, 1_795_000_000_123_000_000, 1_795_000_000_123_456_789].map(RecordTime.init(nanoseconds:))
        let bytes =
            RunRecordWriter.header(record, further: ["host": "elsewhere"])
            + RunRecordWriter.event(.started, of: name, at: times[0])
            + RunRecordWriter.event(.failed, of: name, at: times[1], message: "\"no\" space\n", further: ["epoch": 1])
            + RunRecordWriter.event(.reverted, of: .init(hook: nil, resource: Self.uploads), at: times[2])
            + RunRecordWriter.end(.init(time: times[2], status: "fail"))
        #expect(RunRecord.isLikely(bytes))
        let read = try RunRecord(reading: bytes)
        #expect(read.end == .init(time: times[2], status: "fail") && read.activities.count == 2)
        #expect(read.activities[0].message == "\"no\" space\n" && read.activities[0].ended == times[1])
        #expect(read.activities[1].name.description == "revert:\(Self.uploads)")
        record.plan = "other"
        #expect(read.plan == "shop" && read.operation == .restore)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"format":"cairn.run","version":1,"plan":"shop","operation":"restore""#))
        #expect(text.contains(#""time":"1970-01-01T00:00:00.000Z""#))
    }

    @Test func timesAreThoseOfRFC3339() {
        let good: [(String, Int64)] = [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00.5z", 500_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1), ("1970-01-01T01:00:00+01:00", 0),
            ("1969-12-31T19:30:00-04:30", 0), ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000),
            ("1970-01-01T00:00:00.0000000019Z", 1),
        ]
        for (text, nanoseconds) in good { #expect(RecordTime(text)?.nanoseconds == nanoseconds, "\(text)") }
        let bad = [
            "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+0100", "1970-1-1T0:0:0Z",
            "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00+24:00", "１９70-01-01T00:00:00Z",
        ]
        for text in bad { #expect(RecordTime(text) == nil, "\(text)") }
        #expect(RecordTime(nanoseconds: -1).description == "1969-12-31T23:59:59.999999999Z")
    }
}
