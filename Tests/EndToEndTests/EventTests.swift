import Engine
import CanonicalForm
import EventStream
import Foundation
import PlanIR
import Testing

@Suite("Events, watching and reports of the programs") struct EventTests {
    private func run(_ text: String) throws -> RebuiltRun { try EventReader.read(Array(text.utf8)) }

    private func twoDirectories() async throws -> Site {
        let site = try await Site()
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            provider: local
            resources:
              - {id: here, type: Host::FileSystem::Directory, properties: {path: \(site.source)}}
              - {id: gone, type: Host::FileSystem::Directory, properties: {path: \(site.place)/gone}}
            """)
        try site.write("source/file", "text")
        try await site.compile()
        return site
    }

    @Test("A run can be rebuilt from its events, whatever it is") func rebuilds() async throws {
        let site = try await twoDirectories()
        let failed = try await site.cairn("protect", "plan.ir", "--events", "failed.events")
        #expect(failed.code == 1 && !failed.errors.contains("events"), "\(failed)")
        let bad = try run(String(contentsOfFile: site.place + "/failed.events", encoding: .utf8))
        #expect(bad.beginning?.checkpoint == failed.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(bad.beginning?.resources == 2 && bad.end?.status == "error" && (bad.end?.failures ?? 0) > 0)
        let gone = try #require(bad.resources.first { $0.identity.hasSuffix("#gone") })
        #expect(gone.result == "failed" && gone.activity(.main)?.state == .failed && gone.undoing == .undone)

        try site.write("gone/file", "other text")
        let done = try await site.cairn("protect", "plan.ir", "--events", "-")
        #expect(done.code == 0, "\(done)")
        let good = try run(done.output)
        let id = try #require(good.beginning?.checkpoint)
        #expect(done.errors.contains("\(id)\n") && done.errors.contains("checkpoint \(id) of plan 'shop' is available"))
        #expect(good.end?.status == "available" && good.resources.map(\.result) == ["done", "done"])
        #expect(good.end?.contentBytes == good.contentBytes && good.contentBytes > 0)
        #expect(good.resources.allSatisfy { $0.activities.allSatisfy { $0.state == .done && $0.duration != nil } })

        let verified = try await site.shell("\"$CAIRN/cairn\" verify --last --events fd:7 7> verify.events; echo $?")
        #expect(verified.output == "0\n", "\(verified)")
        let verification = try run(String(contentsOfFile: site.place + "/verify.events", encoding: .utf8))
        #expect(verification.beginning?.operation == .verify && verification.end?.status == "success")
        #expect(verification.beginning?.checkpoint == id)
    }

    @Test("A stream that cannot be written does not change how the run ends") func trouble() async throws {
        let site = try await Site()
        try await site.compile()
        for target in ["/dev/full", "/no/such/place", "."] {
            let ending = try await site.cairn("protect", "plan.ir", "--events", target)
            #expect(ending.code == 0 && ending.output.count == 17, "\(ending)")
            let said = ending.errors.components(separatedBy: "the events can no longer be written to '\(target)'")
            #expect(said.count == 2, "\(ending)")
        }
        let gone = try await site.shell(
            "(\"$CAIRN/cairn\" protect plan.ir --events -; echo code $? >&2) | head -c 1 > /dev/null")
        #expect(gone.errors.contains("code 0") && gone.errors.contains("is available"), "\(gone)")
        // A pipe that is opened by its reader a little later, and one that nobody ever opens.
        let late = try await site.shell(
            "mkfifo pipe; (sleep 0.3; cat pipe > copy) & \"$CAIRN/cairn\" protect plan.ir --events pipe; wait")
        #expect(late.code == 0, "\(late)")
        #expect(try run(String(contentsOfFile: site.place + "/copy", encoding: .utf8)).end?.status == "available")
        for arguments in [
            ["--events", ""], ["--events", "fd:"], ["--events", "fd:x"], ["--events", "fd:99"], ["--events", "fd:0"],
            ["--events", "-", "--output", "json"], ["--events", "fd:1", "--output", "json"],
        ] {
            let ending = try await site.shell(
                "\"$CAIRN/cairn\" protect plan.ir \(arguments.map { "'\($0)'" }.joined(separator: " ")) < /dev/null")
            #expect(ending.code == 2 && ending.output.isEmpty && ending.errors.contains("--events"), "\(ending)")
        }
    }

    @Test("A running protect is followed from another process, and one that was killed is told so") func watch()
        async throws
    {
        let site = try await Site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 8000000 /dev/urandom | base64 > source/large")
        try await site.compile()
        let both = try await site.shell(
            """
            "$CAIRN/cairn" protect plan.ir > id 2> /dev/null & running=$!
            until ls bank/indices/unfinished/* > /dev/null 2>&1; do sleep 0.01; done
            "$CAIRN/cairn" watch --last; echo "code $?"
            wait $running; echo "and $?"
            """)
        #expect(
            both.output == "protect: Host::FileSystem::Directory#data done, \(size(both.output)) (1/1)\ncode 0\nand 0\n"
        )
        #expect(both.errors.contains("is 'available'"), "\(both)")
        let id = try String(contentsOfFile: site.place + "/id", encoding: .utf8).trimmingCharacters(in: .newlines)
        let events = try await site.cairn("watch", String(id.prefix(6)), "--output", "json")
        let run = try run(events.output)
        #expect(events.code == 0 && run.end?.status == "available" && run.resources.map(\.result) == ["done"])
        #expect(run.contentBytes > 8_000_000 && (run.resources[0].activity(.main)?.duration ?? 0) > 0)

        let killed = try await site.shell(
            """
            "$CAIRN/cairn" protect plan.ir > id 2> /dev/null & running=$!
            until ls bank/indices/unfinished/* > /dev/null 2>&1; do sleep 0.01; done
            "$CAIRN/cairn" watch --last & watching=$!
            sleep 0.2; kill -9 $running
            wait $watching; echo "code $?"
            """)
        #expect(killed.output.hasSuffix("code 1\n"), "\(killed)")
        #expect(killed.errors.contains("is not being run") && killed.errors.contains("cairn resume"), "\(killed)")
        let shown = try await site.cairn("checkpoints", "list", "--output", "json")
        let zombie = try #require(try shown.json().arrayValue?.first?.objectValue?["checkpoint"]?.stringValue)
        let report = try await site.cairn("checkpoints", "show", zombie)
        #expect(report.output.contains("#data") && !report.output.contains("running"), "\(report)")
        let nothing = try await site.cairn("watch", "zzzzzz")
        #expect(nothing.code == 1 && nothing.errors.contains("there is neither a checkpoint nor"), "\(nothing)")
        let both2 = try await site.cairn("watch", "--last", id)
        #expect(both2.code == 2, "\(both2)")
    }

    /// The size in a line of text, which depends on what tar adds.
    private func size(_ text: String) -> String {
        text.firstMatch(of: /done, ([0-9.]+ MiB)/).map { String($0.output.1) } ?? "?"
    }

    @Test("Reports come in four formats, of checkpoints and of operations") func reports() async throws {
        let site = try await twoDirectories()
        let failed = try await site.cairn("protect", "plan.ir")
        let id = failed.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let text = try await site.cairn("checkpoints", "show", id)
        #expect(text.output.contains("status      error") && text.output.contains("TIME BY HOOK"), "\(text)")
        #expect(text.output.contains("failed      Host::FileSystem::Directory#gone, "), "\(text)")
        let json = try await site.cairn("checkpoints", "show", id, "--output", "json").json()
        let listed = json.objectValue?["resources"]?.arrayValue ?? []
        let resources = listed.compactMap { $0.objectValue }
        #expect(
            resources.count == 2 && resources[1]["status"] == "error")
        #expect(
            resources[1]["hook"]?.stringValue?.isEmpty == false
                && resources[1]["message"]?.stringValue?.isEmpty == false)
        let html = try await site.cairn("checkpoints", "show", id, "--output", "html")
        #expect(html.output.hasPrefix("<!DOCTYPE html>") && html.output.contains("#gone</td>"), "\(html)")
        let markdown = try await site.cairn("checkpoints", "show", id, "--output", "markdown")
        #expect(markdown.output.hasPrefix("# protect of shop: error\n"), "\(markdown)")

        try site.write("gone/file", "other text")
        _ = try await site.protect()
        let verified = try await site.cairn("verify", "--last", "--output", "json").json()
        let operation = try #require(verified.objectValue?["id"]?.stringValue)
        for format in ["text", "json", "markdown", "html"] {
            let shown = try await site.cairn("operations", "show", operation, "--output", format)
            #expect(shown.code == 0 && shown.output.contains(operation), "\(shown)")
        }
        let watched = try await site.cairn("watch", operation)
        #expect(watched.code == 0 && watched.errors == "verify \(operation) is 'success'\n", "\(watched)")
    }

    @Test("Those whom plan and provider name are told, and who cannot be told changes nothing") func notifications()
        async throws
    {
        let site = try await Site()
        try site.write("source/file", "text")
        var plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        plan += """

            notify:
              - {on: always, command: [/bin/sh, -c, "cat > \(site.place)/report.json; echo $CAIRN_STATUS > \(site.place)/status"]}
              - {on: failure, command: [/bin/sh, -c, "exit 9"]}
              - {on: success, url: "http://127.0.0.1:1/very-secret", headers: {X-Key: {fromEnv: CAIRN_TEST_KEY}}}
            """
        try site.write("plan.yaml", plan)
        let provider = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        try site.write(
            "providers/local.yaml",
            provider + "\nnotify:\n  - {on: always, command: [touch, \(site.place)/provider-was-here]}\n")
        try await site.compile()
        let done = try await site.cairn(
            "protect", "plan.ir", "--events", "events", environment: ["CAIRN_TEST_KEY": "hunter2-hunter2"])
        #expect(done.code == 0 && done.errors.contains("the notification by 127.0.0.1:1 failed: "), "\(done)")
        #expect(!done.errors.contains("secret") && !done.errors.contains("hunter2"), "\(done)")
        let run = try run(String(contentsOfFile: site.place + "/events", encoding: .utf8))
        #expect(run.deliveries.map(\.isDelivered) == [true, false, true] && run.end?.status == "available")
        let report = try JSONValue(parsing: Array(Data(contentsOf: URL(filePath: site.place + "/report.json"))))
        #expect(report.objectValue?["status"] == "available" && report.objectValue?["version"] == 1)
        #expect(report.objectValue?["resources"]?.arrayValue?.count == 1)
        let told = try await site.shell("cat status; ls provider-was-here; rm -r source report.json")
        #expect(told.output == "available\nprovider-was-here\n", "\(told)")

        let failed = try await site.cairn("protect", "plan.ir")
        #expect(failed.code == 1 && failed.errors.contains("the notification by /bin/sh failed: "), "\(failed)")
        let again = try await site.shell("cat status; grep -c '#data' report.json")
        #expect(again.output == "error\n1\n", "\(again)")
    }
}
