import Foundation
import Glibc
import Testing

/// What programs have started does not outlive a run that is killed, and what cannot be ended is told.
@Suite(.timeLimit(.minutes(10))) struct ProgramsOfARunTests {
    /// A plan with one artifact, whose programs run in the site's place.
    private func site(dump: String, restore: String, parameters: String = "{}") async throws -> Site {
        let site = try await Site()
        try site.write(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: \(site.bank)}}
            plugins: [{name: command}]
            """)
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            provider: local
            resources:
              - id: data
                type: Host::Command::Artifact
                parameters: \(parameters)
                properties:
                  dump: \(dump)
                  restore: \(restore)
                  workingDirectory: \(site.place)
            """)
        try await site.compile()
        return site
    }

    private func numbers(_ site: Site, _ name: String) -> [pid_t] {
        let text = (try? String(contentsOfFile: "\(site.place)/\(name)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { pid_t($0) }
    }

    /// Whether a process is there and is more than an ending that nobody has asked for.
    private func isAlive(_ number: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else { return false }
        return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
    }

    /// Runs `cairn`, kills it as soon as a program below a program has written its number, and waits until that is gone.
    private func kill(_ site: Site, _ arguments: [String], whenThereIs name: String) async throws -> pid_t {
        let ending = try await Programs.run("cairn", arguments, in: site.place) { [self] process in
            try await Programs.wait { !numbers(site, name).isEmpty }
            Glibc.kill(process, SIGKILL)
        }
        #expect(ending.code == -SIGKILL, "\(ending)")
        let number = try #require(numbers(site, name).first)
        try await Programs.wait(.seconds(60)) { !isAlive(number) }
        return number
    }

    @Test func whatProgramsHaveStartedDiesWithTheRun() async throws {
        let busy = "while test -e busy; do sleep 0.02; done"
        let site = try await site(
            dump: #"[sh, -c, "sh -c 'echo $$ >> dumping; echo content; \#(busy)'; true"]"#,
            restore: #"[sh, -c, "sh -c 'cat >> read; echo $$ >> restoring; \#(busy); echo $$ >> restoring'; true"]"#)
        try site.write("busy", "")
        let dumping = try await kill(site, ["protect", "plan.ir"], whenThereIs: "dumping")
        try FileManager.default.removeItem(atPath: site.place + "/busy")
        let resumed = try await site.cairn("resume", "--last")
        #expect(resumed.code == 0, "\(resumed)")
        #expect(numbers(site, "dumping").count == 2 && numbers(site, "dumping").first == dumping)

        try site.write("busy", "")
        let restoring = try await kill(site, ["restore", "--last"], whenThereIs: "restoring")
        try FileManager.default.removeItem(atPath: site.place + "/busy")
        let again = try await site.cairn("resume", "--last")
        #expect(again.code == 0, "\(again)")
        // The first one has never come to write its second line.
        let all = numbers(site, "restoring")
        #expect(all.count == 3 && all.filter { $0 == restoring } == [restoring] && all.first == restoring)
    }

    @Test func whatAStoppedProgramHadSaidIsTold() async throws {
        let dump = #"[sh, -c, "echo connecting >&2; touch ready; exec sleep 1000"]"#
        let late = try await site(dump: dump, restore: "[cat]", parameters: "{timeout: 1s, retry: {attempts: 1}}")
        let ending = try await late.cairn("protect", "plan.ir")
        #expect(ending.code == 1, "\(ending)")
        #expect(
            ending.errors.contains(
                "it lasted longer than its timeout of 1 s; the program 'sh' had said last: connecting"), "\(ending)")
        let cancelled = try await site(dump: dump, restore: "[cat]", parameters: "{timeout: 1h}")
        let stopped = try await Programs.run("cairn", ["protect", "plan.ir", "--grace", "1s"], in: cancelled.place) {
            process in
            try await Programs.wait { FileManager.default.fileExists(atPath: cancelled.place + "/ready") }
            Glibc.kill(process, SIGTERM)
        }
        #expect(stopped.code == 3, "\(stopped)")
        let shown = try await cancelled.cairn(
            "checkpoints", "show", stopped.output.trimmingCharacters(in: .whitespacesAndNewlines), "--output", "json")
        #expect(shown.output.contains("the program 'sh' had said last: connecting"), "\(shown)")
    }

    /// Needs the right to make a program that runs as another user.
    @Test(.enabled(if: geteuid() == 0)) func aProgramOfAnotherUserIsNotWaitedForWithoutEnd() async throws {
        let site = try await site(
            dump: "[./as-root, --reuid, \"0\", sh, -c, \"echo $$ > number; echo asking >&2; exec sleep 1000\"]",
            restore: "[cat]", parameters: "{timeout: 1s, retry: {attempts: 3, delay: 1s}}")
        let prepared = try await site.shell(
            """
            set -e
            cp "$(command -v setpriv)" as-root; chown -R 65534:65534 .; chown 0:0 as-root; chmod 4755 as-root
            chmod 755 .; cp "$CAIRN/cairn" cairn
            """)
        try #require(prepared.code == 0, "\(prepared)")
        let ending = try await site.shell(
            "exec setpriv --reuid 65534 --regid 65534 --clear-groups ./cairn protect plan.ir")
        let number = try #require(numbers(site, "number").first, "\(ending)")
        #expect(isAlive(number))
        Glibc.kill(number, SIGKILL)
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains("'./as-root' cannot be ended and still runs"), "\(ending)")
        #expect(ending.errors.contains("another user") && ending.errors.contains(": asking"), "\(ending)")
        #expect(!ending.errors.contains("trying"), "\(ending)")
    }
}
