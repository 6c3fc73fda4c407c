import CanonicalForm
import FilesTestSupport
import Foundation
import PlanIR
import PluginKit
import ServicePlugin
import Surroundings
import Synchronization
import Testing

/// A clock that does not wait.
private final class HandClock: RunClock {
    private let time = Atomic<Int64>(0)
    var wallMilliseconds: Int64 { 0 }
    var monotonicNanoseconds: Int64 { time.load(ordering: .relaxed) }
    func sleep(nanoseconds: Int64) async throws {
        try Task.checkCancellation()
        // What is waited for runs meanwhile.
        try await Task.sleep(for: .milliseconds(nanoseconds > 1_000_000_000 ? 60_000 : 1))
        time.add(nanoseconds, ordering: .relaxed)
    }
}

@Suite(.timeLimit(.minutes(10))) struct ServicePluginTests {
    private static let type = "Host::Process::Service"
    private let plugin = ServicePlugin(clock: HandClock())

    private func properties(
        _ shop: Workshop, quiesce: String = "echo quiesce >> log", resume: String = "echo resume >> log",
        health: String? = nil
    ) -> JSONObject {
        var properties: JSONObject = [
            "quiesce": script(quiesce), "resume": script(resume), "workingDirectory": .string(shop.path),
        ]
        properties["health"] = health.map { script($0) }
        return properties
    }

    @Test func theNoteComesFirstAndGoesLast() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes(registering: { #expect(!shop.has("log")) })
        let context = shop.context(Self.type, properties(shop), undo: notes)
        for hook in Hook.allCases {
            _ = try await plugin.protect(hook, context)
            #expect((notes.due != nil) == (hook == .prepareBegin))
        }
        #expect(shop.read("log") == "quiesce\nresume\n" && notes.log == ["register", "discharge"])
        try await plugin.revert(.protect, context)
        #expect(shop.read("log") == "quiesce\nresume\n")
    }

    @Test func withoutANoteNothingStops() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes(registering: { throw MemoryNotes.Refused() })
        await #expect(throws: MemoryNotes.Refused.self) {
            _ = try await plugin.protect(.prepareBegin, shop.context(Self.type, properties(shop), undo: notes))
        }
        #expect(!shop.has("log"))
    }

    @Test func whatFailedToStopIsResumed() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes()
        let context = shop.context(
            Self.type, properties(shop, quiesce: "echo quiesce >> log; echo 'will not' >&2; exit 1"), undo: notes)
        let error = await pluginError { _ = try await plugin.protect(.prepareBegin, context) }
        #expect(
            error?.description
                == "the service cannot be brought to a standstill: the program '/bin/sh' failed with exit code 1: will not"
        )
        try await plugin.revert(.protect, context)
        try await plugin.revert(.protect, context)
        #expect(shop.read("log") == "quiesce\nresume\n")
    }

    @Test func theNoteIsEnough() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes()
        var before = properties(shop, health: "echo health >> log")
        before["environment"] = ["WORD": "kept", "SECRET": ["fromFile": .string(shop.path + "/secret")]]
        before["resume"] = script("echo \"resume $WORD $SECRET\" >> log")
        try shop.write("secret", "hunter2")
        _ = try await plugin.protect(.prepareBegin, shop.context(Self.type, before, undo: notes))
        let note = try #require(notes.due)
        let text = JSONValue.object(note).canonicalText
        #expect(!text.contains("hunter2"))
        // Another process, which knows the note and nothing else.
        let kept = try #require(try JSONValue(parsing: Array(text.utf8)).objectValue)
        let later = MemoryNotes(due: kept)
        let context = shop.context(Self.type, [:], undo: later)
        try await ServicePlugin(clock: HandClock()).revert(.protect, context)
        #expect(shop.read("log") == "quiesce\nresume kept hunter2\nhealth\n")
        #expect(later.due == nil && shop.reporter.warnings.isEmpty)
    }

    @Test func onAnotherHostItIsDoneAndTold() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes()
        _ = try await plugin.protect(.prepareBegin, shop.context(Self.type, properties(shop), undo: notes))
        var note = try #require(notes.due)
        note["host"] = "elsewhere"
        try await plugin.revert(.protect, shop.context(Self.type, [:], undo: MemoryNotes(due: note)))
        #expect(shop.read("log") == "quiesce\nresume\n")
        #expect(shop.reporter.warnings.map(\.kind) == ["resumed-elsewhere"])
    }

    @Test func resumingInsists() async throws {
        let shop = try Workshop()
        let notes = MemoryNotes()
        let resume = "echo resume >> log; test $(wc -l < log) -ge 4"
        let context = shop.context(Self.type, properties(shop, resume: resume), undo: notes)
        _ = try await plugin.protect(.prepareBegin, context)
        try await plugin.revert(.protect, context)
        #expect(shop.read("log") == "quiesce\nresume\nresume\nresume\n")
        // What cannot be done stays due.
        let broken = MemoryNotes()
        let never = shop.context(Self.type, properties(shop, resume: "exit 1"), undo: broken)
        _ = try await plugin.protect(.prepareBegin, never)
        #expect(await pluginError { try await plugin.revert(.protect, never) } != nil)
        #expect(broken.due != nil)
        // A note that nobody can read stays, too.
        let strange = MemoryNotes(due: ["version": 2])
        let error = await pluginError { try await plugin.revert(.protect, shop.context(Self.type, [:], undo: strange)) }
        #expect(error?.advice?.contains("by hand") == true && strange.due != nil)
    }

    @Test func healthIsWaitedFor() async throws {
        let shop = try Workshop()
        let context = shop.context(
            Self.type, properties(shop, health: "echo health >> log; test $(wc -l < log) -ge 4"),
            ["healthTimeout": "10m"], undo: MemoryNotes())
        _ = try await plugin.protect(.prepareFinish, context)
        #expect(shop.read("log") == "resume\nhealth\nhealth\nhealth\n")
        let sick = MemoryNotes(due: ["version": 1])
        let error = await pluginError {
            _ = try await plugin.protect(
                .prepareFinish,
                shop.context(
                    Self.type, properties(shop, health: "echo 'no answer' >&2; exit 1"), ["healthTimeout": "2s"],
                    undo: sick))
        }
        #expect(
            error?.description
                == "the service was resumed and does not work after 2s: it is not healthy: the program '/bin/sh' failed "
                + "with exit code 1: no answer")
        #expect(sick.due != nil)
        let stuck = await pluginError {
            _ = try await plugin.protect(
                .prepareFinish,
                shop.context(Self.type, properties(shop, health: "sleep 1000"), ["healthTimeout": "1s"]))
        }
        #expect(stuck?.description.hasSuffix("the program of 'health' does not end") == true)
    }

    @Test func aRestoreStopsTheServiceUnlessItGoesElsewhere() async throws {
        for (parameters, target, log) in [
            ([:], original, "quiesce\nresume\n"), (["restart": true], original, "quiesce\nresume\n"),
            (["restart": false], original, nil),
            ([:], RestoreTarget(directory: "/elsewhere", overwrite: false), nil),
        ] as [(JSONObject, RestoreTarget, String?)] {
            let shop = try Workshop()
            let notes = MemoryNotes()
            let context = shop.context(Self.type, properties(shop), parameters, undo: notes)
            for hook in Hook.allCases {
                try await plugin.restore(hook, context, to: target)
                if log != nil { #expect((notes.due != nil) == (hook != .complete)) }
            }
            #expect(shop.read("log") == log)
        }
    }

    @Test func verifyLooksAtTheHealthWhenAsked() async throws {
        let shop = try Workshop()
        let sick = properties(shop, health: "exit 1")
        try await plugin.verify(.main, shop.context(Self.type, sick))
        let asked: JSONObject = ["checkHealth": true]
        #expect(await pluginError { try await plugin.verify(.main, shop.context(Self.type, sick, asked)) } != nil)
        let none = await pluginError {
            try await plugin.verify(.main, shop.context(Self.type, properties(shop), asked))
        }
        #expect(none?.advice?.contains("'health'") == true)
        try await plugin.verify(.main, shop.context(Self.type, properties(shop, health: "true"), asked))
    }

    @Test func preconditionsNameEachProgram() async throws {
        let shop = try Workshop()
        let found = await plugin.preconditions(
            of: .protect,
            shop.precondition(Self.type, ["quiesce": ["true"], "resume": ["no-such-program"], "health": ["true"]]))
        #expect(found.map(\.state) == [.met, .unmet])
        let checked = await plugin.preconditions(
            of: .protect,
            shop.precondition(
                Self.type, ["quiesce": ["true"], "resume": ["true"], "check": script("echo 'no unit' >&2; exit 4")]))
        #expect(checked.map(\.state) == [.met, .unmet] && checked.last?.finding.hasSuffix(": no unit") == true)
        let faulty = await plugin.preconditions(of: .protect, shop.precondition(Self.type, ["quiesce": ["true"]]))
        #expect(faulty.map(\.state) == [.unmet])
        let left = await plugin.preconditions(
            of: .restore, shop.precondition(Self.type, ["quiesce": ["x"], "resume": ["x"]], ["restart": false]))
        #expect(left.isEmpty)
    }
}
