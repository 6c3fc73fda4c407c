import CanonicalForm
import Foundation
import Glibc
import Testing

/// Runs of the real program that bring one service to a standstill; what it is shows in the file `state`.
@Suite(.timeLimit(.minutes(10))) struct QuietWindowTests {
    /// A service over one dump, which waits as long as there is a file `hold`, among some that last longer.
    private func makeSite(strangers: Int = 0) async throws -> Site {
        let site = try await Site(plan: "quiet")
        try site.write(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            description: A directory for a test
            bank: {plugin: directory, config: {path: \(site.bank)}}
            plugins: [{name: command}, {name: service}]
            """)
        let others = (0..<strangers).map { number in
            """
              - id: stranger\(number)
                type: Host::Command::Artifact
                parameters: {consistency: live}
                properties:
                  dump: [sh, -c, "sleep 0.3; echo stranger >> \(site.place)/order; echo data"]
                  restore: [cat]
            """
        }
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: quiet
            provider: local
            resources:
            \(others.joined(separator: "\n"))
              - id: web
                type: Host::Process::Service
                properties:
                  quiesce: [sh, -c, "echo stopped | tee -a order > state"]
                  resume: [sh, -c, "echo running | tee -a order > state"]
                  workingDirectory: \(site.place)
                resources:
                  - id: saved
                    type: Host::Command::Artifact
                    parameters: {consistency: quiesced}
                    properties:
                      dump: [sh, -c, "touch dumping; while test -e hold; do sleep 0.05; done; echo saved >> order; cat state"]
                      restore: [sh, -c, "cat > restored"]
                      workingDirectory: \(site.place)
            """)
        try site.write("state", "running\n")
        try await site.compile()
        return site
    }

    private func read(_ site: Site, _ name: String) -> String {
        (try? String(contentsOfFile: site.place + "/" + name, encoding: .utf8)) ?? ""
    }

    private func remove(_ site: Site, _ name: String) throws {
        try FileManager.default.removeItem(atPath: site.place + "/" + name)
    }

    /// Runs a protect; `meanwhile` is done while it saves.
    private func protect(_ site: Site, _ meanwhile: @escaping @Sendable (pid_t) async throws -> Void) async throws
        -> Ending
    {
        try site.write("hold", "")
        return try await Programs.run("cairn", ["protect", "plan.ir"], in: site.place) { number in
            try await Programs.wait { FileManager.default.fileExists(atPath: site.place + "/dumping") }
            try await meanwhile(number)
        }
    }

    private func restored(_ site: Site, _ checkpoint: String) async throws -> String {
        let ending = try await site.cairn("restore", checkpoint, "--only", "Host::Command::Artifact#saved")
        #expect(ending.code == 0, "\(ending)")
        return read(site, "restored")
    }

    @Test func ofTwoRunsAtOnceOneIsRefused() async throws {
        let site = try await makeSite()
        let first = try await protect(site) { number in
            let second = try await site.cairn("protect", "plan.ir")
            #expect(second.code == 1 && second.errors.contains("(process \(number) on "), "\(second)")
            #expect(second.errors.contains("'Host::Process::Service#web'"), "\(second)")
            let collected = try await site.cairn("gc")
            #expect(collected.code == 0, "\(collected)")
            #expect(read(site, "state") == "stopped\n")
            try remove(site, "hold")
        }
        #expect(first.code == 0, "\(first)")
        #expect(read(site, "state") == "running\n" && read(site, "order") == "stopped\nsaved\nrunning\n")
        let checkpoint = first.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await restored(site, checkpoint) == "stopped\n")
        let again = try await site.protect()
        #expect(try await restored(site, again) == "stopped\n")
    }

    @Test func behindARunThatWasKilledTheServiceIsSetGoingFirst() async throws {
        let site = try await makeSite()
        let killed = try await protect(site) { kill($0, SIGKILL) }
        #expect(killed.code == -SIGKILL && read(site, "state") == "stopped\n", "\(killed)")
        try remove(site, "dumping")
        let next = try await protect(site) { _ in
            let collected = try await site.cairn("gc")
            #expect(collected.code == 0 && read(site, "state") == "stopped\n", "\(collected)")
            try remove(site, "hold")
        }
        #expect(next.code == 0 && next.errors.contains("was cut off and has left"), "\(next)")
        #expect(read(site, "order") == "stopped\nrunning\nstopped\nsaved\nrunning\n")
        #expect(try await restored(site, next.output.trimmingCharacters(in: .whitespacesAndNewlines)) == "stopped\n")
        let listed = try await site.cairn("checkpoints", "list", "--output", "json")
        let statuses = try listed.json().arrayValue?.compactMap { $0.objectValue?["status"]?.stringValue }
        #expect(statuses?.sorted() == ["available", "error"], "\(listed)")
    }

    /// Also when it is known that the strangers last longer.
    @Test func noStrangerKeepsTheServiceWaiting() async throws {
        let site = try await makeSite(strangers: 3)
        for _ in 0..<2 {
            try? remove(site, "order")
            let ending = try await site.cairn("protect", "plan.ir", "--jobs", "1")
            #expect(ending.code == 0, "\(ending)")
            let order = read(site, "order")
            #expect(order == "stopped\nsaved\nrunning\n" + String(repeating: "stranger\n", count: 3), "\(order)")
        }
    }
}
