import CanonicalForm
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
    @Test func withoutATerminalThereAreNoEscapeCodes() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        for environment: [String: String?] in [[:], ["NO_COLOR": "1"], ["TERM": "xterm-256color"]] {
            let ending = try await site.cairn("protect", "plan.ir", environment: environment)
            #expect(ending.code == 0)
            #expect(!(ending.output + ending.errors).contains("\u{1B}"), "\(ending)")
            #expect(!(ending.output + ending.errors).contains("\r"))
        }
        try site.write("bad.yaml", "apiVersion: cairn/v1\nkind: Plan\nname: [x]\n")
        let faults = try await site.cairnc("check", "bad.yaml")
        #expect(faults.code == 1 && faults.output.isEmpty && !faults.errors.contains("\u{1B}"), "\(faults)")
    }

    @Test func aLogHasATimeAndALevelOnEachLine() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let ending = try await site.cairn("protect", "plan.ir", "--log", "debug")
        #expect(ending.code == 0, "\(ending)")
        let lines = ending.errors.split(separator: "\n").dropLast()
        #expect(lines.count >= 4)
        for line in lines {
            #expect(line.wholeMatch(of: /\d{4}-\d\d-\d\dT\S+ (debug|info|notice) cairn: .+/) != nil, "\(line)")
        }
        #expect(lines.contains { $0.contains("hook=main") && $0.hasSuffix("started") })
        let quiet = try await site.cairn("verify", "--last", "--log", "error")
        #expect(quiet.code == 0 && quiet.errors.split(separator: "\n").count == 1, "\(quiet)")
    }

    @Test func whatIsStoppedBecauseAnotherFailedIsNotCalledAFailure() async throws {
        let site = try await Site()
        try await site.fillSource()
        let plan = """
            apiVersion: cairn/v1
            kind: Plan
            name: two
            provider: local
            resources:
              - {id: gone, type: Host::FileSystem::Directory, properties: {path: /no/such/place}}
              - {id: here, type: Host::FileSystem::Directory, properties: {path: \(site.source)}}
            """
        try site.write("two.yaml", plan)
        let compiled = try await site.cairnc("compile", "two.yaml", "-o", "two.ir")
        #expect(compiled.code == 0, "\(compiled)")
        let ending = try await site.cairn("protect", "two.ir")
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains("failed: Host::FileSystem::Directory#gone, main: "), "\(ending)")
        #expect(!ending.errors.contains("failed: Host::FileSystem::Directory#here"), "\(ending)")
        #expect(!ending.errors.contains("CancellationError"), "\(ending)")
    }

    @Test func onATerminalProgressIsDrawnAndCleared() async throws {
        // Slow enough to be drawn more than once.
        let site = try await Site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 8000000 /dev/urandom | base64 > source/large")
        try await site.compile()
        let ending = try await site.shell("TERM=xterm script -qec \"$CAIRN/cairn protect plan.ir\" /dev/null")
        #expect(ending.code == 0, "\(ending)")
        #expect(ending.output.contains("\r") && ending.output.contains("\u{1B}[K"), "\(ending)")
        #expect(ending.output.contains("protect shop") && ending.output.contains("0/1 resources"), "\(ending)")
        #expect(ending.output.contains("is available: 1 resource"), "\(ending)")
        let colored = try await site.shell(
            "echo 'kind: Plan' > bad.yaml; unset NO_COLOR; script -qec \"$CAIRN/cairnc check bad.yaml\" /dev/null")
        #expect(colored.output.contains("\u{1B}["), "\(colored)")
        let plain = try await site.shell("NO_COLOR=1 script -qec \"$CAIRN/cairnc check bad.yaml\" /dev/null")
        #expect(!plain.output.contains("\u{1B}["), "\(plain)")
    }

    @Test func aClosedOrFullStandardOutputDoesNotHarmTheRun() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let closed = try await site.shell("\"$CAIRN/cairn\" protect plan.ir >&-; echo code $?")
        #expect(closed.output == "code 0\n" && closed.errors.contains("standard output"), "\(closed)")
        let full = try await site.shell("\"$CAIRN/cairn\" protect plan.ir >/dev/full; echo code $?")
        #expect(full.output == "code 0\n" && full.errors.contains("standard output"), "\(full)")
        let gone = try await site.shell("(\"$CAIRN/cairn\" checkpoints list; echo code $? >&2) | true")
        #expect(gone.errors == "code 0\n", "\(gone)")
        let mute = try await site.shell("\"$CAIRN/cairn\" protect plan.ir 2>&- >/dev/null; echo code $?")
        #expect(mute.output == "code 0\n", "\(mute)")
        let rows = try await site.cairn("checkpoints", "list", "--status", "available", "--output", "json")
        #expect(try rows.json().arrayValue?.count == 3)
    }

    @Test func namesWithControlCharactersCannotSteerTheTerminal() async throws {
        let site = try await Site()
        _ = try await site.shell(
            "printf x > \"source/$(printf 'evil\\033[2Jname')\"; mkfifo \"source/$(printf 'p\\033[31mq')\"")
        try await site.compile()
        let ending = try await site.cairn("protect", "plan.ir")
        #expect(!ending.errors.contains("\u{1B}"), "\(ending)")
        let restored = try await site.cairn("restore", "--last")
        #expect(!restored.errors.contains("\u{1B}"), "\(restored)")
        let shown = try await site.cairn("checkpoints", "show", "--last")
        #expect(!shown.output.contains("\u{1B}"), "\(shown)")
    }
}
