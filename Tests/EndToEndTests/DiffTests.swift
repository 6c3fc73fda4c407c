import CanonicalForm
import Foundation
import Testing

/// `cairnc diff` as it is run, on files and on real git repositories.
@Suite(.timeLimit(.minutes(10))) struct DiffTests {
    /// A directory with a plan in a git repository, gone with the value.
    private final class Repository: Sendable {
        let place: String

        init(isGit: Bool = true) async throws {
            place = NSTemporaryDirectory() + "cairn-diff-" + UUID().uuidString.prefix(8).lowercased()
            try FileManager.default.createDirectory(
                atPath: place + "/plans/providers", withIntermediateDirectories: true)
            try provider("level: 3")
            try plan(["a", "b"])
            guard isGit else { return }
            try await git("init", "-q", "-b", "main", ".")
            try await commit("first")
        }

        deinit { try? FileManager.default.removeItem(atPath: place) }

        func write(_ path: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: place + "/" + path))
        }

        func provider(_ parameters: String) throws {
            try write(
                "plans/providers/local.yaml",
                """
                apiVersion: cairn/v1
                kind: Provider
                name: local
                bank: {plugin: directory, config: {path: /bank}}
                plugins: [{name: files, parameters: {Host::FileSystem::Directory: {\(parameters)}}}]

                """)
        }

        func plan(_ directories: [String], extra: String = "") throws {
            try write("plans/shop.yaml", Self.text(directories) + extra)
        }

        static func text(_ directories: [String]) -> String {
            "apiVersion: cairn/v1\nkind: Plan\nname: shop\nprovider: local\nresources:\n"
                + directories.map {
                    "  - {id: \($0), type: Host::FileSystem::Directory, properties: {path: /\($0)}}\n"
                }.joined()
        }

        @discardableResult
        func git(_ arguments: String...) async throws -> String {
            let settings = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
            let ending = try await Programs.run(
                "/usr/bin/git", settings + arguments, in: place,
                environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"])
            try #require(ending.code == 0, "git \(arguments): \(ending)")
            return ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func commit(_ message: String) async throws {
            try await git("add", "-A")
            try await git("commit", "-q", "-m", message)
        }

        func diff(
            _ arguments: String..., in directory: String = "", environment: [String: String?] = [:]
        ) async throws -> Ending {
            try await Programs.run(
                "cairnc", ["diff"] + arguments, in: place + directory, environment: environment)
        }
    }

    @Test func filesAndCompiledPlansInAnyCombination() async throws {
        let place = try await Repository(isGit: false)
        try place.write("plans/new.yaml", Repository.text(["a", "c"]))
        for name in ["shop", "new"] {
            let made = try await Programs.run(
                "cairnc", ["compile", "plans/\(name).yaml", "-o", "\(name).ir"], in: place.place)
            #expect(made.code == 0, "\(made)")
        }
        var outputs: Set<String> = []
        for old in ["plans/shop.yaml", "shop.ir"] {
            #expect(try await place.diff(old, "shop.ir").code == 0)
            for new in ["plans/new.yaml", "new.ir"] {
                let ending = try await place.diff(old, new, "--format", "json")
                #expect(ending.code == 1 && ending.errors.isEmpty, "\(ending)")
                outputs.insert(ending.output)
            }
        }
        #expect(outputs.count == 1)
        let piped = try await Programs.run(
            "/bin/sh", ["-c", "\"$CAIRN/cairnc\" diff - plans/shop.yaml --providers plans/providers < plans/new.yaml"],
            in: place.place, environment: ["CAIRN": Programs.directory])
        #expect(piped.code == 1 && piped.output.contains("#c is no longer protected"), "\(piped)")
    }

    @Test func aRevisionIsReadWithItsOwnProviders() async throws {
        let place = try await Repository()
        try place.plan(["a", "c"])
        try place.provider("level: 9")
        for (directory, path) in [
            ("", "plans/shop.yaml"), ("/plans", "shop.yaml"), ("/plans/providers", "../shop.yaml"),
        ] {
            let ending = try await place.diff("--git", "HEAD", path, in: directory)
            #expect(ending.code == 1 && ending.errors.isEmpty, "\(ending)")
            #expect(ending.output.contains("  ! Host::FileSystem::Directory#b is no longer protected: \"/b\"\n"))
            #expect(ending.output.contains("      protect level: 3 -> 9\n"), "\(ending)")
        }
        let absolute = try await Programs.run(
            "cairnc", ["diff", "--git", "HEAD", place.place + "/plans/shop.yaml"], in: "/")
        #expect(absolute.code == 1 && absolute.output.contains("protect level: 3 -> 9"), "\(absolute)")
        let given = try await place.diff("--git", "HEAD", "plans/shop.yaml", "--providers", "plans/providers")
        #expect(given.code == 1 && given.output.contains("protect level: 3 -> 9"), "\(given)")

        try await place.commit("second")
        #expect(try await place.diff("--git", "HEAD", "plans/shop.yaml").code == 0)
        let two = try await place.diff("--git", "HEAD~1..HEAD", "plans/shop.yaml", "--format", "json")
        #expect(two.code == 1, "\(two)")
        #expect(try two.json().objectValue?["isChanged"] == true)
        let back = try await place.diff("--git", "HEAD..HEAD~1", "plans/shop.yaml")
        #expect(back.code == 1 && back.output.contains("protect level: 9 -> 3"), "\(back)")
        // Nothing is written: the work tree is as it was.
        #expect(try await place.git("status", "--porcelain") == "")
    }

    @Test func aPullRequestIsComparedWithItsCommonAncestor() async throws {
        let place = try await Repository()
        try await place.git("checkout", "-q", "-b", "change")
        try place.plan(["a", "b", "c"])
        try await place.commit("add c")
        try await place.git("checkout", "-q", "main")
        try place.plan(["a"])
        try await place.commit("remove b")
        let three = try await place.diff("--git", "main...change", "plans/shop.yaml")
        #expect(three.code == 1 && !three.output.contains("LESS IS PROTECTED"), "\(three)")
        #expect(three.output.hasPrefix("plan 'shop': 1 resource added\n"), "\(three)")
        let left = try await place.diff("--git", "change...", "plans/shop.yaml")
        #expect(left.output.contains("#b is no longer protected"), "\(left)")
    }

    @Test func whatIsGoneOrNewIsCompared() async throws {
        let place = try await Repository()
        try FileManager.default.removeItem(atPath: place.place + "/plans")
        let gone = try await place.diff("--git", "HEAD", "plans/shop.yaml")
        #expect(gone.code == 1 && gone.output.contains("the plan 'shop' is gone"), "\(gone)")
        let two = try await place.diff("--git", "HEAD..HEAD", "plans/shop.yaml")
        #expect(two.code == 0, "\(two)")
        let nowhere = try await place.diff("--git", "HEAD", "plans/other.yaml")
        #expect(nowhere.code == 2 && nowhere.errors.contains("neither 'HEAD' nor"), "\(nowhere)")
        try await place.git("checkout", "-q", ".")
        try place.write("plans/fresh.yaml", Repository.text(["x"]))
        let new = try await place.diff("--git", "HEAD", "plans/fresh.yaml")
        #expect(new.code == 1 && new.output.contains("  + Host::FileSystem::Directory#x"), "\(new)")
    }

    @Test func troubleIsNeverAChange() async throws {
        let place = try await Repository()
        let outside = try await Repository(isGit: false)
        try place.write("broken.yaml", Repository.text(["a"]).replacingOccurrences(of: "path", with: "pth"))
        try FileManager.default.createSymbolicLink(
            atPath: place.place + "/plans/link.yaml", withDestinationPath: "shop.yaml")
        try place.write("damaged.ir", #"{"description":"","digest":"sha256:00","format":"cairn.ir"}"#)
        try await place.commit("more")
        let cases: [(arguments: [String], message: String)] = [
            (["broken.yaml", "plans/shop.yaml", "--providers", "plans/providers"], "error[E03"),
            (["plans/shop.yaml", "missing.yaml"], "cannot read 'missing.yaml'"),
            (["plans/shop.yaml", "damaged.ir"], "damaged.ir: this is not a compiled plan"),
            (["plans/shop.yaml"], "OLD and NEW are needed"),
            (["-", "-"], "Only one side can be standard input"),
            (["--git", "HEAD", "-"], "is a file and not standard input"),
            (["--git", "nosuch", "plans/shop.yaml"], "the repository has no commit 'nosuch'"),
            (["--git", "HEAD..nosuch", "plans/shop.yaml"], "the repository has no commit 'nosuch'"),
            (["--git", "HEAD:plans", "plans/shop.yaml"], "the repository has no commit 'HEAD:plans'"),
            (["--git=--output=x", "plans/shop.yaml"], "'--output=x' is not a revision"),
            (["--git=HEAD..--all", "plans/shop.yaml"], "'HEAD..--all' is not a revision"),
            (["--git", "a..b..c", "plans/shop.yaml"], "'a..b..c' is not a revision"),
            (["--git", "..", "plans/shop.yaml"], "'..' is not a revision"),
            (["--git", "", "plans/shop.yaml"], "'' is not a revision"),
            (["--git", "HEAD", "plans"], "cannot read 'plans': it is a directory"),
            (["--git", "HEAD..HEAD", "plans/link.yaml"], "cannot read 'plans/link.yaml': it is a symbolic link"),
            (["--git", "HEAD", "plans/shop.yaml", "--providers", "none"], "there is no provider directory 'none'"),
            (["--git", "HEAD", outside.place + "/plans/shop.yaml"], "is not in a git repository"),
        ]
        for (arguments, message) in cases {
            let ending = try await Programs.run("cairnc", ["diff"] + arguments, in: place.place)
            #expect(ending.code == 2 && ending.output.isEmpty, "\(arguments): \(ending)")
            #expect(ending.errors.contains(message), "\(arguments): \(ending)")
        }
        let withoutGit = try await place.diff("--git", "HEAD", "plans/shop.yaml", environment: ["PATH": "/nonexistent"])
        #expect(withoutGit.code == 2 && withoutGit.errors.contains("git is not installed"), "\(withoutGit)")
    }

    @Test func aFaultyRevisionIsToldWithItsName() async throws {
        let place = try await Repository()
        try place.write("plans/shop.yaml", Repository.text(["a"]) + "nonsense: 1\n")
        try await place.commit("broken")
        try place.plan(["a"])
        let ending = try await place.diff("--git", "HEAD", "plans/shop.yaml")
        #expect(ending.code == 2 && ending.output.isEmpty, "\(ending)")
        #expect(ending.errors.hasPrefix("plans/shop.yaml:7:1: error[E0103]"), "\(ending)")
        #expect(ending.errors.hasSuffix("these are faults of 'plans/shop.yaml' in 'HEAD'\n"), "\(ending)")
    }

    @Test func aShallowCloneSaysWhatItLacks() async throws {
        let place = try await Repository()
        let first = try await place.git("rev-parse", "HEAD")
        try place.plan(["a"])
        try await place.commit("second")
        try await place.git("clone", "-q", "--depth", "1", "file://" + place.place, "shallow")
        let ending = try await place.diff("--git", first, "plans/shop.yaml", in: "/shallow")
        #expect(ending.code == 2 && ending.errors.contains("this clone is shallow"), "\(ending)")
        #expect(ending.errors.contains("fetch-depth: 0"), "\(ending)")
    }

    /// A hook of git has these in its environment, and they speak of another place.
    @Test func gitsOwnVariablesDoNotMislead() async throws {
        let place = try await Repository()
        let ending = try await place.diff(
            "--git", "HEAD", "shop.yaml", in: "/plans",
            environment: ["GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": "x/"])
        #expect(ending.code == 0, "\(ending)")
    }

    @Test func pathsArePathsAndNotPatterns() async throws {
        let place = try await Repository()
        for name in ["plans/a[b]*.yaml", "plans/:(top)x.yaml", "plans/-v.yaml", "plans/ä ö.yaml"] {
            try place.write(name, Repository.text(["a"]))
        }
        try await place.commit("odd names")
        for name in ["plans/a[b]*.yaml", "plans/:(top)x.yaml", "plans/-v.yaml", "plans/ä ö.yaml"] {
            let ending = try await place.diff("--git", "HEAD", name)
            #expect(ending.code == 0 && ending.output == "plan 'shop': no change\n", "\(ending)")
        }
        let option = try await place.diff("--git", "HEAD", "--", "-v.yaml", in: "/plans")
        #expect(option.code == 0, "\(option)")
    }

    @Test func everyFormatIsTheSameInEveryRun() async throws {
        let place = try await Repository()
        try place.plan(["c", "a"], extra: "retention: {keepLast: 3, keepDaily: 2, maxAge: 3d}\n")
        for format in ["text", "json", "markdown"] {
            var outputs: Set<String> = []
            for _ in 0..<10 {
                outputs.insert(try await place.diff("--git", "HEAD", "plans/shop.yaml", "--format", format).output)
            }
            #expect(outputs.count == 1, "\(format)")
        }
        let colored = try await place.diff("--git", "HEAD", "plans/shop.yaml", "--color", "always")
        #expect(colored.output.contains("\u{1B}[1;31mLESS IS PROTECTED\u{1B}[0m\n"))
        let lost = try await Programs.run(
            "/bin/sh", ["-c", "\"$CAIRN/cairnc\" diff --git HEAD plans/shop.yaml > /dev/full"], in: place.place,
            environment: ["CAIRN": Programs.directory])
        #expect(lost.code == 2, "\(lost)")
    }
}
