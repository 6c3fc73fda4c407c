import Bank
import CanonicalForm
import Engine
import EventStream
import Foundation
import PlanIR
import PluginKit
import PythonSupport
import Surroundings
import Synchronization
import Testing

/// A clock that goes as a test says.
final class HandClock: RunClock {
    private let time = Mutex<(wall: Int64, monotonic: Int64)>((1_795_392_000_123, 5_000_000_000))

    func advance(milliseconds: Int64) {
        time.withLock { $0 = ($0.wall + milliseconds, $0.monotonic + milliseconds * 1_000_000) }
    }

    var wallMilliseconds: Int64 { time.withLock { $0.wall } }
    var monotonicNanoseconds: Int64 { time.withLock { $0.monotonic } }
    func sleep(nanoseconds: Int64) async throws { try await Task.sleep(nanoseconds: UInt64(nanoseconds)) }
}

/// A stream into a file, with what it complained of.
struct Recording {
    let path = NSTemporaryDirectory() + "cairn-events-" + UUID().uuidString
    let clock = HandClock()
    var target: EventTarget { .file(path) }

    /// Runs `body` with a stream beside it; returns what it complained of.
    @discardableResult
    func record(to target: EventTarget? = nil, _ body: (EventStreamWriter) async throws -> Void) async throws
        -> [String]
    {
        let complaints = Complaints()
        let stream = EventStreamWriter(to: target ?? self.target, program: "cairn test", clock: clock) {
            complaints.add($0)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await stream.write() }
            try await body(stream)
            stream.finish()
            try await group.waitForAll()
        }
        return complaints.all
    }

    var bytes: [UInt8] { (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? [] }

    var lines: [JSONObject] {
        get throws {
            try bytes.split(separator: 0x0A).map { try #require(try JSONValue(parsing: Array($0)).objectValue) }
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    private final class Complaints: Sendable {
        private let list = Mutex<[String]>([])
        func add(_ text: String) { list.withLock { $0.append(text) } }
        var all: [String] { list.withLock { $0 } }
    }
}

private let web = EventActivity(resource: 0, identity: "Host::Process::Service#web", hook: .prepareBegin)
private let data = EventActivity(resource: 1, identity: "Host::FileSystem::Directory#dä\"ta", hook: .main)

private let beginning = RunBeginning(
    operation: .protect, id: "00kqm5876mdd7vqn", checkpoint: "00kqm5876mdd7vqn", plan: "shop", provider: "local",
    epoch: 2, resources: 3, activities: 5, jobs: 4, expectedBytes: 1000, expectedNanoseconds: 7_000_000_000)

/// One of each.
private let everything: [RunEvent] = [
    .noticed("the manifest has changed"), .began(beginning),
    .activityAdopted(EventActivity(resource: 0, identity: web.identity, hook: .main)),
    .activityStarted(web, attempt: 1), .undoRegistered(identity: web.identity),
    .activityRetrying(web, attempt: 1, message: "not yet\u{1B}[2J", delay: 1_000_000_000),
    .activityStarted(web, attempt: 2), .activityFinished(web), .activityStarted(data, attempt: 1),
    .expected(resource: 1, bytes: 900), .advanced(resource: 1, bytes: 400),
    .warned(
        resource: 1, identity: data.identity,
        warning: ActivityWarning(kind: "changed-while-read", subject: "a/b\n", message: "it grew")),
    .activityFailed(data, message: "no space"), .stopping(reason: "a failure"),
    .activityCancelled(EventActivity(resource: 2, identity: "T#c", hook: .complete)), .reverting(resources: 2),
    .reverted(identity: web.identity), .undoDischarged(identity: web.identity),
    .revertFailed(identity: data.identity, message: "gone"), .recordDamaged(BankFormat.key, reason: "cut off"),
    .resourceFinished(resource: 0, identity: web.identity, contentBytes: 12),
    .ended(status: "error", failures: 1, warnings: 1),
]

@Suite("The event stream") struct EventStreamTests {
    @Test("tells a run so that it can be rebuilt") func rebuilds() async throws {
        let recording = Recording()
        defer { recording.remove() }
        let complaints = try await recording.record { stream in
            for event in everything {
                stream.observe(event)
                recording.clock.advance(milliseconds: 250)
            }
            stream.notified(target: "mail", failure: nil)
            stream.notified(target: "example.org", failure: "it answered 500")
        }
        #expect(complaints.isEmpty)
        let run = try EventReader.read(recording.bytes)
        #expect(run.program == "cairn test" && !run.isTorn && run.beginning == beginning)
        #expect(run.resources.map(\.identity) == [web.identity, data.identity, "T#c"])
        let service = try #require(run.resources.first)
        #expect(service.activity(.main)?.state == .adopted && service.activity(.main)?.duration == nil)
        let quiesced = try #require(service.activity(.prepareBegin))
        #expect(quiesced.state == .done && quiesced.attempt == 2 && quiesced.duration == 250_000)
        #expect(quiesced.message == "not yet\u{1B}[2J" && service.undoing == .undone && !service.undoIsDue)
        #expect(service.isDone && service.contentBytes == 12 && service.result == "done")
        let directory = run.resources[1]
        #expect(directory.contentBytes == 400 && directory.expectedBytes == 900 && directory.result == "failed")
        #expect(directory.activity(.main)?.state == .failed && directory.activity(.main)?.message == "no space")
        #expect(
            directory.warnings == [ActivityWarning(kind: "changed-while-read", subject: "a/b\n", message: "it grew")])
        #expect(directory.undoing == .failed("gone"))
        #expect(run.resources[2].activity(.complete)?.state == .cancelled && run.resources[2].result == "incomplete")
        #expect(run.notices == ["the manifest has changed"] && run.damaged == ["format"])
        #expect(run.stopReasons == ["a failure"])
        let end = try #require(run.end)
        #expect(end.status == "error" && end.failures == 1 && end.warnings == 1 && end.contentBytes == 412)
        #expect(run.deliveries.map(\.isDelivered) == [true, false] && run.abortion == nil)
    }

    @Test("has lines as the table of its format says, all kinds of them") func shapes() async throws {
        let recording = Recording()
        defer { recording.remove() }
        try await recording.record { stream in
            stream.abort("the bank is gone")
            for event in everything { stream.observe(event) }
            stream.notified(target: "example.org", failure: "it answered 500")
        }
        var kinds: Set<EventKind> = []
        for (number, line) in try recording.lines.enumerated() {
            let kind = try #require(line["event"]?.stringValue.flatMap(EventKind.init))
            let shape = try #require(EventShapes.shape(of: kind))
            let members = EventShapes.common + shape.members
            kinds.insert(kind)
            #expect(line["seq"] == .integer(Int64(number)))
            for member in members where member.isRequired {
                #expect(line[member.name] != nil, "\(kind): \(member.name)")
            }
            for member in line.members {
                #expect(members.contains { $0.name == member.key }, "\(kind): \(member.key)")
            }
        }
        #expect(kinds == Set(EventKind.allCases))
        #expect(EventShapes.all.map(\.kind) == EventKind.allCases)
        // The first line of a person's reading.
        let first = String(decoding: recording.bytes.prefix { $0 != 0x0A }, as: UTF8.self)
        #expect(
            first == #"{"event":"stream","seq":0,"time":"2026-11-23T00:00:00.123Z","elapsed":0,"version":1,"#
                + #""program":"cairn test"}"#)
    }

    @Test("tells progress at most once a second for each resource, and at last all") func limits() async throws {
        let recording = Recording()
        defer { recording.remove() }
        try await recording.record { stream in
            stream.observe(.began(beginning))
            stream.observe(.activityStarted(data, attempt: 1))
            for _ in 0..<1000 {
                stream.observe(.advanced(resource: 1, bytes: 10))
                recording.clock.advance(milliseconds: 3)
            }
            stream.observe(.activityFinished(data))
        }
        let told = try recording.lines.filter { $0["event"] == "progress" }
        #expect(told.count == 3)
        #expect(told.last?["contentBytes"] == 10000)
    }

    @Test("is valid by the schema, for an independent validator") func schema() async throws {
        guard Python.has("jsonschema") else { return }
        let recording = Recording()
        defer { recording.remove() }
        try await recording.record { stream in for event in everything { stream.observe(event) } }
        let said = try Python.run(
            """
            import json, sys, jsonschema
            schema, *lines = [json.loads(line) for line in sys.stdin]
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            for line in lines: validator.validate(line)
            bad = [dict(lines[0], seq=-1), {k: v for k, v in lines[2].items() if k != "plan"}, dict(lines[0], event="x")]
            for line in bad: assert not validator.is_valid(line), line
            print(len(lines))
            """, Data(EventShapes.schema.canonicalBytes + [0x0A] + recording.bytes))
        #expect(Int(said.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 > everything.count)
    }

    @Test("that cannot be written is told once, and holds nothing up", arguments: ["/dev/full", "/no/such/place", "/"])
    func trouble(_ path: String) async throws {
        let complaints = try await Recording().record(to: .file(path)) { stream in
            for _ in 0..<3 {
                for event in everything { stream.observe(event) }
                try await Task.sleep(for: .milliseconds(120))
            }
        }
        #expect(complaints.count == 1 && complaints[0].contains("'\(path)'") && complaints[0].contains("goes on"))
    }

    @Test("whose reader goes away is told once") func closedPipe() async throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let complaints = try await Recording().record(to: .descriptor(ends[1])) { stream in
            for event in everything { stream.observe(event) }
        }
        #expect(complaints.count == 1 && complaints[0].contains("file descriptor \(ends[1])"))
        #expect(!EventTarget.descriptor(9999).isWritable)
    }

    @Test("through a pipe that is read slowly loses nothing") func slowReader() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let path = NSTemporaryDirectory() + "cairn-events-copy-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = ends[1]
        async let complaints = Recording().record(to: .descriptor(writer)) { stream in
            for _ in 0..<500 { for event in everything { stream.observe(event) } }
        }
        let thread = Thread {
            var all = Data()
            while let chunk = try? reading.read(upToCount: 10000), !chunk.isEmpty {
                all += chunk
                usleep(200)
            }
            try? all.write(to: URL(fileURLWithPath: path))
        }
        thread.start()
        #expect(try await complaints.isEmpty)
        close(writer)
        while !thread.isFinished { try await Task.sleep(for: .milliseconds(10)) }
        let copied = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try EventReader.read(Array(copied)).resources.count == 3)
    }

    @Test(
        "is refused where it is not what was written, with the line",
        arguments: [
            ("", "line 1: there is no line"), ("{}\n", "line 1: the member 'seq' is missing"), ("nonsense\n", "line 1"),
            (#"{"event":"began","seq":0}"# + "\n", "no event stream"),
            (#"{"event":"stream","seq":0,"version":2,"program":"x"}"# + "\n", "version 2"),
            (
                #"{"event":"stream","seq":0,"version":1,"program":"x"}"# + "\n" + #"{"event":"notice","seq":2}"# + "\n",
                "line 2: the line has another number than 1"
            ),
            (
                #"{"event":"stream","seq":0,"version":1,"program":"x"}"# + "\n"
                    + #"{"event":"started","seq":1,"resource":"T#a","hook":"sing","attempt":1,"elapsed":0}"# + "\n",
                "'sing' is no hook"
            ),
            (
                #"{"event":"stream","seq":0,"version":1,"program":"x"}"# + "\n"
                    + #"{"event":"done","seq":1,"resource":"T#a","contentBytes":-1}"# + "\n", "no whole number from 0"
            ),
        ])
    func refusals(_ text: String, _ reason: String) {
        do {
            _ = try EventReader.read(Array(text.utf8))
            Issue.record("it was read")
        } catch { #expect("\(error)".contains(reason), "\(error)") }
    }

    @Test("that was cut off is read as far as it goes, with kinds and members that are not known") func torn() throws {
        let text =
            #"{"event":"stream","seq":0,"version":1,"program":"x","new":1}"# + "\n" + #"{"event":"sung","seq":1}"#
            + "\n"
            + #"{"event":"notice","seq":2,"message":"a"}"# + "\n" + #"{"event":"not"#
        let run = try EventReader.read(Array(text.utf8))
        #expect(run.isTorn && run.notices == ["a"])
    }
}
