import CanonicalForm
import Foundation
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct CheckTests {
    /// A directory without anything.
    private func emptySite() async throws -> Site {
        let site = try await Site(initialize: false)
        let provider = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        // A whole project is told what no plan of it needs.
        try site.write("providers/local.yaml", provider.replacing("  - {name: noop}", with: ""))
        return site
    }

    private func cairnc(
        _ site: Site, _ arguments: [String], meanwhile: @escaping @Sendable (pid_t) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await Programs.run(
            "cairnc", arguments, in: site.place, environment: ["GITHUB_ACTIONS": nil, "NO_COLOR": "1"],
            meanwhile: meanwhile)
    }

    @Test func theExamplesOfThePageAreTrue() async throws {
        let site = try await emptySite()
        try FileManager.default.removeItem(atPath: site.place + "/plan.yaml")
        try FileManager.default.removeItem(atPath: site.place + "/providers")
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/checking.md"), encoding: .utf8)
        var files = 0
        for match in page.matches(of: /```yaml\n# ([a-z\/.]+)\n((?s).*?)```\n/) {
            // The line with the name stays, so that lines are those of the page.
            try site.write(String(match.1), "# \(match.1)\n\(match.2)")
            files += 1
        }
        #expect(files == 4)
        var commands = 0
        for match in page.matches(of: /```console\n\$ cairnc ([^\n]+)\n((?s).*?)```\n/) {
            let ending = try await cairnc(site, match.1.split(separator: " ").map(String.init))
            #expect(ending.output + ending.errors == String(match.2), "\(match.1)")
            commands += 1
        }
        #expect(commands == 3)
    }

    @Test func aProjectIsCheckedFromAnywhereInIt() async throws {
        let site = try await emptySite()
        try site.write("cairn.yaml", "apiVersion: cairn/v1\nkind: Project\n")
        try site.write("deep/er/none.txt", "")
        let ending = try await Programs.run(
            "cairnc", ["check"], in: site.place + "/deep/er", environment: ["GITHUB_ACTIONS": nil])
        #expect(ending.code == 0 && ending.errors.hasPrefix("2 files checked: 1 plan, 1 resource"), "\(ending)")
        try site.write("plan.yaml", "apiVersion: cairn/v1\nkind: Plan\n")
        let faulty = try await Programs.run(
            "cairnc", ["check"], in: site.place + "/deep/er", environment: ["GITHUB_ACTIONS": nil])
        #expect(faulty.code == 1 && faulty.errors.hasPrefix("../../plan.yaml:1:1: error[E0102]"), "\(faulty)")
        let nothing = try await cairnc(site, ["check", "deep"])
        #expect(nothing.code == 1 && nothing.errors.contains("error[E0001]"), "\(nothing)")
    }

    @Test func strictnessAndLevelsOfTheCommandLineGoBeforeTheProject() async throws {
        let site = try await emptySite()
        let plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        try site.write(
            "plan.yaml", plan.replacing("Host::FileSystem::Directory: {}", with: "Host::FileSystem::Directory#no: {}"))
        func code(_ arguments: String...) async throws -> Int32 { try await cairnc(site, ["check"] + arguments).code }
        #expect(try await code() == 0)
        #expect(try await code("--strict") == 1)
        #expect(try await code("--lint", "W0211=error") == 1)
        try site.write("cairn.yaml", "apiVersion: cairn/v1\nkind: Project\nstrict: true\n")
        #expect(try await code() == 1)
        #expect(try await code("--no-strict") == 0)
        #expect(try await code("--lint", "unknown-parameter-target=off") == 0)
        #expect(try await code("--no-config") == 0)
        #expect(try await code("--config", "cairn.yaml", "plan.yaml") == 1)
        #expect(try await code("--config", "cairn.yaml", "--no-config") == 2)
        #expect(try await code("--lint", "E0208=off") == 2)
        #expect(try await code("--lint", "W0211=of") == 2)
        #expect(try await code("--dry-run") == 2)
        #expect(try await code("--watch", "--fix") == 2)
        #expect(try await code("--watch", "-") == 2)
        // What the project makes an error is not compiled either.
        try site.write("cairn.yaml", "apiVersion: cairn/v1\nkind: Project\nlints: {W0211: error}\n")
        #expect(try await cairnc(site, ["compile", "plan.yaml"]).code == 1)
        #expect(try await cairnc(site, ["compile", "plan.yaml", "--no-config"]).code == 0)
    }

    @Test func standardInputStandsForAFile() async throws {
        let site = try await emptySite()
        let ending = try await site.shell(
            "sed 's/provider: local/provider: locl/' plan.yaml | env -u GITHUB_ACTIONS $CAIRN/cairnc check - --stdin-name plan.yaml ."
        )
        #expect(ending.code == 1 && ending.errors.hasPrefix("plan.yaml:5:11: error[E0201]"), "\(ending)")
        #expect(ending.errors.contains("1 error in 1 file"))
        let fixed = try await site.shell(
            "sed 's/description:/descripton:/' plan.yaml | env -u GITHUB_ACTIONS $CAIRN/cairnc check --fix - --stdin-name plan.yaml"
        )
        #expect(fixed.code == 0, "\(fixed)")
        #expect(fixed.output == (try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)))
        #expect(fixed.errors.hasPrefix("1 fault mended\n"), "\(fixed)")
    }

    @Test func fixingWritesNothingElse() async throws {
        let site = try await emptySite()
        let plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        let wrong = plan.replacing("description:", with: "# é\r\ndescripton:")
        try site.write("plan.yaml", wrong)
        _ = try await site.shell(
            "chmod 600 plan.yaml; ln -s plan.yaml link.yaml; touch -d '2001-01-01' providers/local.yaml")
        let dry = try await cairnc(site, ["check", "--fix", "--dry-run", "link.yaml"])
        #expect(dry.code == 1 && dry.output.hasPrefix("--- a/link.yaml\n+++ b/link.yaml\n@@ "), "\(dry)")
        #expect(try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8) == wrong)
        let ending = try await cairnc(site, ["check", "--fix", "link.yaml"])
        #expect(ending.code == 0, "\(ending)")
        #expect(
            try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
                == wrong.replacing("descripton", with: "description"))
        let look = try await site.shell(
            "stat -c '%a %F' plan.yaml link.yaml; ls -A; stat -c %y providers/local.yaml | cut -c1-4")
        #expect(
            look.output == "600 regular file\n777 symbolic link\nlink.yaml\nplan.yaml\nproviders\nsource\n2001\n",
            "\(look)")
        let again = try await cairnc(site, ["check", "--fix", "--dry-run", "link.yaml"])
        #expect(again.code == 0 && again.output.isEmpty, "\(again)")
    }

    @Test func aPlanForAPluginOfElsewhereIsCheckedAndNotRun() async throws {
        let site = try await Site()
        let provider = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        try site.write("providers/local.yaml", provider.replacing("{name: noop}", with: "{name: tapes}"))
        try site.write(
            "providers/tapes.yaml",
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: tapes
            version: 1
            description: Reels
            resourceTypes:
              - type: Tape::Reel
                operations:
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: []}
            """)
        let plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        try site.write("plan.yaml", plan + "\n  - {id: reel, type: Tape::Reel}\n")
        try await site.compile()
        let ending = try await site.cairn("protect", "plan.ir")
        #expect(ending.code == 1 && ending.errors.contains("there is no plugin 'tapes'"), "\(ending)")
        #expect(try site.objects(below: "checkpoints").isEmpty)
    }

    @Test func watchingTellsEachChangeOnce() async throws {
        let site = try await emptySite()
        let plan = try String(contentsOfFile: site.place + "/plan.yaml", encoding: .utf8)
        let provider = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        let place = site.place
        let log = place + "/log.txt"
        @Sendable func write(_ name: String, _ text: String) throws {
            // As editors do: a new file in the place of the old one.
            try Data(text.utf8).write(to: URL(fileURLWithPath: place + "/new~"))
            #expect(rename(place + "/new~", place + "/" + name) == 0)
        }
        @Sendable func reports() -> [Substring] {
            ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").filter {
                $0.contains(" checked: ")
                    || $0.contains(" error")
                        && !$0.contains("error[")
            }
        }
        @Sendable func expect(_ count: Int, _ text: String) async throws {
            try await Programs.wait(.seconds(300)) { reports().count >= count }
            #expect(reports().count == count && reports().last?.contains(text) == true, "\(reports())")
        }
        let ending = try await Programs.run(
            "/bin/sh", ["-c", "exec \"$CAIRN/cairnc\" check --watch . 2>log.txt"], in: place,
            environment: ["CAIRN": Programs.directory, "GITHUB_ACTIONS": nil, "NO_COLOR": "1"]
        ) { process in
            try await expect(1, "2 files checked: 1 plan")
            try write("plan.yaml", plan.replacing("provider: local", with: "provider: none"))
            try await expect(2, "1 error in 1 file")
            // Saved without a change, and a file that is none of Cairn's: nothing to tell.
            try write("plan.yaml", plan.replacing("provider: local", with: "provider: none"))
            try Data("x".utf8).write(to: URL(fileURLWithPath: place + "/other.txt"))
            try await Task.sleep(for: .milliseconds(400))
            #expect(reports().count == 2)
            try write("plan.yaml", plan)
            try await expect(3, "2 files checked: 1 plan")
            try FileManager.default.createDirectory(atPath: place + "/deep/er", withIntermediateDirectories: true)
            try Data(plan.replacing("name: shop", with: "name: more").utf8)
                .write(to: URL(fileURLWithPath: place + "/deep/er/more.yaml"))
            try await expect(4, "1 error in 1 file")
            try FileManager.default.removeItem(atPath: place + "/deep")
            try await expect(5, "2 files checked: 1 plan")
            try write("providers/local.yaml", provider.replacing("plugin: directory", with: "plugin: directry"))
            try await expect(6, "1 error in 1 file")
            try write("cairn.yaml", "apiVersion: cairn/v1\nkind: Project\nexclude: [plan.yaml, providers/]\n")
            try await expect(7, "1 error")
            kill(process, SIGINT)
        }
        #expect(ending.code == 3, "\(ending)")
        let text = try String(contentsOfFile: log, encoding: .utf8)
        #expect(!text.contains("\u{1B}"))
    }
}
