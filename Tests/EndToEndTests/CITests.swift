import Foundation
import Testing

/// The examples of docs/ci.md, run as they stand there, and the hook for pre-commit.
@Suite(.timeLimit(.minutes(10))) struct CITests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The shell lines of the page's YAML: what stands behind `run:` and in a `script:`.
    private static func scripts() throws -> [String] {
        let lines = try read("docs/ci.md").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var scripts: [String] = []
        var block: [String]?
        for line in lines {
            if block != nil {
                if line.hasPrefix("          ") {
                    block?.append(line)
                    continue
                }
                scripts.append(block?.joined(separator: "\n") ?? "")
                block = nil
            }
            let text = line.trimmingCharacters(in: .whitespaces)
            if text == "- run: |" {
                block = []
            } else if text.hasPrefix("- run: ") {
                scripts.append(String(text.dropFirst(7)))
            } else if text.hasPrefix("- cairnc ") {
                scripts.append(String(text.dropFirst(2)))
            }
        }
        return scripts
    }

    private func repository() async throws -> Site {
        let site = try await Site(initialize: false)
        let made = try await site.shell(
            """
            set -e
            mkdir -p plans && mv providers plans/providers && mv plan.yaml plans/shop.yaml
            sed -i '/name: noop/d' plans/providers/local.yaml
            git init -q -b main . && git config user.name Test && git config user.email test@example.org
            git add -A && git commit -qm first
            git update-ref refs/remotes/origin/main HEAD
            sed -i 's/name: The data/name: All data/' plans/shop.yaml && git commit -qam second
            """)
        try #require(made.code == 0, "\(made)")
        return site
    }

    @Test func everyCommandOfThePageWorks() async throws {
        let scripts = try Self.scripts()
        #expect(scripts.count >= 6 && scripts.allSatisfy { $0.contains("cairnc ") }, "\(scripts)")
        let site = try await repository()
        for script in scripts {
            let ending = try await Programs.run(
                "/bin/bash", ["-e", "-o", "pipefail", "-c", "export PATH=\"$CAIRN:$PATH\"\n" + script], in: site.place,
                environment: [
                    "CAIRN": Programs.directory, "GITHUB_BASE_REF": "main", "GITHUB_STEP_SUMMARY": "summary.md",
                    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main",
                ])
            #expect(ending.code == 0, "\(script): \(ending)")
        }
        let written = try await site.shell("cat summary.md changes.md && test -s cairnc.sarif && test -s cairnc.xml")
        #expect(written.code == 0, "\(written)")
        #expect(written.output.matches(of: /### Plan `shop`: 1 resource changed/).count == 2, "\(written)")
    }

    /// A repository with the hook in it, as pre-commit would clone it.
    private func hook(_ site: Site) async throws -> String {
        try site.write("hook/.pre-commit-hooks.yaml", try Self.read(".pre-commit-hooks.yaml"))
        let made = try await site.shell(
            """
            cd hook && git init -q . && git config user.name Test \
              && git config user.email test@example.org && git add -A && git commit -qm hook
            """)
        try #require(made.code == 0, "\(made)")
        return site.place + "/hook"
    }

    private static let hasPreCommit =
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: $0 + "/pre-commit")
        }

    @Test(.enabled(if: hasPreCommit, "pre-commit is needed")) func preCommitRunsTheHook() async throws {
        let site = try await repository()
        let hook = try await hook(site)
        let start = "export PRE_COMMIT_HOME=\"$PWD/home\" PATH=\"$CAIRN:$PATH\"; "
        let command = "pre-commit try-repo '\(hook)' cairnc-check --files"
        try site.write("other.yaml", "services: [a]\n")
        _ = try await site.shell("git add other.yaml")
        let good = try await site.shell(start + command + " plans/shop.yaml other.yaml")
        #expect(good.code == 0 && good.output.contains("Passed"), "\(good)")
        try site.write("plans/bad.yaml", "apiVersion: cairn/v1\nkind: Plan\nname: bad\n")
        let bad = try await site.shell(start + "git add plans; " + command + " plans/bad.yaml")
        #expect(bad.code == 1 && bad.output.contains("plans/bad.yaml:1:1: error[E0102]"), "\(bad)")
    }
}
