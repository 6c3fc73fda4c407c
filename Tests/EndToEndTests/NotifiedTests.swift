import CanonicalForm
import EventStream
import Foundation
import Testing

/// Whoever is to be told of failures is told of those that matter most, too.
@Suite("Who is told of what", .timeLimit(.minutes(10))) struct NotifiedTests {
    /// A site whose plan and provider each note down what they are told: in `plan` and in `provider` one line for each
    /// run, and in `report` the last report.
    private func site(parameters: String = "{}") async throws -> Site {
        let site = try await Site(parameters: parameters)
        let line = #"echo "$CAIRN_OPERATION $CAIRN_STATUS $CAIRN_PLAN $CAIRN_ID $CAIRN_CHECKPOINT""#
        for (file, name) in [("plan.yaml", "plan"), ("providers/local.yaml", "provider")] {
            let text = try String(contentsOfFile: site.place + "/" + file, encoding: .utf8)
            try site.write("\(name).sh", "cat > \(site.place)/report; \(line) >> \(site.place)/\(name)\n")
            try site.write(
                file, text + "\nnotify:\n  - {on: always, command: [/bin/sh, \(site.place)/\(name).sh]}\n")
        }
        try site.write("source/file", "text")
        try await site.compile()
        return site
    }

    private func told(_ site: Site, _ name: String) -> [[String]] {
        let text = (try? String(contentsOfFile: site.place + "/" + name, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func report(_ site: Site) throws -> JSONObject {
        let bytes = try Data(contentsOf: URL(filePath: site.place + "/report"))
        return try #require(try JSONValue(parsing: Array(bytes)).objectValue)
    }

    @Test("A bank that is not there is told of, and is in the event stream") func noBank() async throws {
        let site = try await site()
        try FileManager.default.moveItem(atPath: site.bank, toPath: site.place + "/elsewhere")
        let ending = try await site.cairn("protect", "plan.ir", "--events", "events")
        #expect(ending.code == 1 && ending.errors.contains("there is no bank"), "\(ending)")
        #expect(told(site, "plan") == [["protect", "error", "shop", "", ""]])
        #expect(told(site, "provider") == told(site, "plan"))
        #expect(try report(site)["message"]?.stringValue?.contains("there is no bank") == true)
        let events = try String(contentsOfFile: site.place + "/events", encoding: .utf8)
        let kinds = events.matches(of: /^\{"event":"(\w+)"/.anchorsMatchLineEndings()).map { String($0.output.1) }
        #expect(kinds == ["stream", "aborted", "notified", "notified"], "\(events)")
        // Those of the plan are told when the provider cannot be read, too.
        try site.write("providers/local.yaml", "kind: [nonsense\n")
        let faulty = try await site.cairn("protect", "plan.ir")
        #expect(faulty.code == 1 && told(site, "plan").count == 2 && told(site, "provider").count == 1, "\(faulty)")
    }

    @Test("A run whose outcome cannot be recorded is told of with its id and what became of its resources")
    func notRecorded() async throws {
        let site = try await site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 8000000 /dev/urandom | base64 > source/large")
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { _ in
                try await Programs.wait {
                    try site.objects(below: "checkpoints/").contains { $0.contains("/journal/") }
                }
                // What is still written while it is removed keeps nothing of it alive.
                _ = try await site.shell("mv bank gone; until rm -rf gone; do :; done")
            })
        #expect(ending.code == 1, "\(ending)")
        let line = try #require(told(site, "plan").first)
        #expect(line[0] == "protect" && line[1] == "error" && line[3].count == 16 && line[3] == line[4], "\(line)")
        let report = try report(site)
        #expect(report["id"] == .string(line[3]) && report["checkpoint"] == .string(line[3]))
        let resource = try #require(report["resources"]?.arrayValue?.first?.objectValue)
        #expect(resource["resource"] == "Host::FileSystem::Directory#data" && resource["status"] != "waiting")
    }

    @Test("Restores, verifications and rehearsals are told of, and so is what the garbage collector gives up")
    func others() async throws {
        let site = try await site()
        let id = try await site.protect()
        for arguments in [
            ["verify", "--last"], ["restore", "--last", "--to", "restored"],
            ["rehearse", "plan.ir", "--scratch", site.place],
        ] {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 0, "\(ending)")
        }
        let lines = told(site, "plan")
        #expect(lines.map { $0[0] } == ["protect", "verify", "restore", "rehearse"], "\(lines)")
        #expect(lines.map { $0[1] } == ["available", "success", "success", "proven"], "\(lines)")
        #expect(lines.prefix(3).allSatisfy { $0[4] == id } && told(site, "provider") == lines, "\(lines)")
        #expect(lines[1][3] != id && lines[1][3].count == 16)
        #expect(try report(site)["operation"] == "rehearse")
        // A slip at the keyboard is nobody else's business.
        let slip = try await site.cairn("verify", "zzzz")
        #expect(slip.code == 1 && told(site, "plan").count == 4, "\(slip)")

        _ = try await site.shell("head -c 50000000 /dev/urandom | base64 > source/large")
        let killed = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { process in
                try await Programs.wait {
                    try site.objects(below: "indices/unfinished").count > 0
                        && site.objects(below: "checkpoints/").contains { $0.contains("/journal/") && !$0.contains(id) }
                }
                kill(process, SIGKILL)
            })
        #expect(killed.code == -SIGKILL && told(site, "plan").count == 4)
        let dry = try await site.cairn("gc", "--dry-run")
        #expect(dry.code == 0 && told(site, "plan").count == 4, "\(dry)")
        let collected = try await site.cairn("gc")
        let last = try #require(told(site, "plan").last)
        #expect(collected.code == 0 && collected.output.contains(last[3]), "\(collected)")
        #expect(told(site, "plan").count == 5 && last[0] == "protect" && last[1] == "error" && last[3] != id)
        let again = try await site.cairn("gc")
        #expect(again.code == 0 && told(site, "plan").count == 5, "\(again)")
    }

    @Test("A signal while someone is told of a run says that the run has ended") func signal() async throws {
        let site = try await Site()
        let plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        try site.write(
            "plan.yaml", plan + "\nnotify:\n  - {on: always, command: [/bin/sh, -c, 'touch telling; sleep 1']}\n")
        try site.write("source/file", "text")
        try await site.compile()
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { process in
                try await Programs.wait { FileManager.default.fileExists(atPath: site.place + "/telling") }
                kill(process, SIGTERM)
            })
        #expect(ending.code == 0 && ending.errors.contains("the run has ended"), "\(ending)")
        #expect(!ending.errors.contains("stopping"), "\(ending)")
    }

    @Test("A dry run and the doctor see who could not be told") func checks() async throws {
        let site = try await Site()
        let notify = """

            notify:
              - {on: always, command: [no-such-pager]}
              - {url: {fromEnv: CAIRN_TEST_HOOK}}
            """
        for file in ["plan.yaml", "providers/local.yaml"] {
            let text = try String(contentsOfFile: site.place + "/" + file, encoding: .utf8)
            try site.write(file, text + notify)
        }
        try await site.compile()
        for arguments in [["protect", "plan.ir", "--dry-run"], ["doctor"]] {
            let ending = try await Programs.run(
                "cairn", arguments, in: site.place, environment: ["CAIRN_TEST_HOOK": nil])
            #expect(ending.code == 1, "\(ending)")
            #expect(ending.output.contains("no-such-pager of a notification cannot be run"), "\(ending)")
            #expect(ending.output.contains("'CAIRN_TEST_HOOK'"), "\(ending)")
            let set = try await Programs.run(
                "cairn", arguments + ["--output", "json"], in: site.place,
                environment: ["CAIRN_TEST_HOOK": "http://example.org/secret"])
            #expect(set.output.contains("the notification to example.org") && !set.output.contains("/secret"), "\(set)")
        }
    }
}
