import CanonicalForm
import EventStream
import Foundation
import Glibc
import SeededRandom
import Testing

/// Restores of real directories by the real program: parts of them, cut off, and gone on with.
@Suite(.timeLimit(.minutes(10))) struct RestoreTests {
    /// Two directories and a third one that both hang on, with their pictures.
    private struct Scene {
        let site: Site
        let trees: [String]
        let before: [String]
        let id: String

        init(largeBytes: Int = 200_000) async throws {
            site = try await Site()
            let place = site.place
            let filled = try await site.shell(
                """
                set -e
                mkdir -p source/a/b more/c shared
                echo one > source/a/one; ln source/a/one source/a/b/two; ln -s ../one source/a/b/link
                head -c \(largeBytes) /dev/urandom > source/large
                head -c \(largeBytes) /dev/urandom > more/c/three; echo four > shared/four
                """)
            try #require(filled.code == 0, "\(filled)")
            try site.write(
                "plan.yaml",
                """
                apiVersion: cairn/v1
                kind: Plan
                name: shop
                description: A plan for restores
                provider: local
                resources:
                  - id: data
                    type: Host::FileSystem::Directory
                    name: The data
                    properties: {path: \(place)/source}
                    dependsOn: [shared]
                  - id: more
                    type: Host::FileSystem::Directory
                    name: More data
                    properties: {path: \(place)/more}
                    dependsOn: [shared]
                  - id: shared
                    type: Host::FileSystem::Directory
                    name: What both need
                    properties: {path: \(place)/shared}
                """)
            try await site.compile()
            trees = ["source", "more", "shared"].map { place + "/" + $0 }
            var pictures: [String] = []
            for tree in trees { pictures.append(try await site.picture(of: tree)) }
            before = pictures
            id = try await site.protect()
        }

        /// Compares what was restored below `target`.
        func compare(_ target: String, _ words: String, of wanted: [Int] = [0, 1, 2]) async throws {
            for number in wanted {
                #expect(try await site.picture(of: target + trees[number]) == before[number], "\(words)")
            }
        }

        /// The newest restore.
        func operation() async throws -> JSONObject? {
            let listed = try await site.cairn("operations", "list", "--limit", "1", "--output", "json")
            try #require(listed.code == 0, "\(listed)")
            return try listed.json().arrayValue?.first?.objectValue
        }
    }

    @Test func aRestoreKilledAtAnyPointIsResumed() async throws {
        let scene = try await Scene()
        let site = scene.site
        let log = site.place + "/points"
        let whole = try await Programs.run(
            "cairn", ["restore", scene.id, "--to", "whole", "--jobs", "1"], in: site.place,
            environment: ["CAIRN_CRASH_LOG": log])
        try #require(whole.code == 0, "\(whole)")
        let points = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.contains("operation") }
        #expect(points.count >= 10, "\(points)")
        var resumed = 0
        for (number, point) in points.enumerated() {
            let target = site.place + "/restored-\(number)"
            let killed = try await Programs.run(
                "cairn", ["restore", scene.id, "--to", target, "--jobs", "1"], in: site.place,
                environment: ["CAIRN_CRASH_AT": point])
            // How many pages the journal has depends on the time that it takes.
            if killed.code == 0 {
                try await scene.compare(target, point)
                continue
            }
            #expect(killed.code == -SIGKILL, "\(point): \(killed)")
            let operation = try await scene.operation()
            guard let operation, operation["target"]?.stringValue == target else {
                // Nothing of it came into the bank, and so nothing was written.
                #expect(!FileManager.default.fileExists(atPath: target), "\(point)")
                continue
            }
            if operation["status"] == "success" {
                try await scene.compare(target, point)
                continue
            }
            let id = operation["id"]?.stringValue ?? ""
            #expect(operation["resume"] == .string("cairn resume \(id)"), "\(point)")
            let again = try await site.cairn("resume", id, "--output", "json")
            #expect(again.code == 0, "\(point): \(again)")
            #expect(try again.json().objectValue?["status"] == "success")
            try await scene.compare(target, point)
            resumed += 1
            let third = try await site.cairn("resume", id)
            #expect(third.code == 1 && third.errors.contains("nothing is left to do"), "\(third)")
            _ = try await site.shell("rm -rf '\(target)'")
        }
        #expect(resumed > 6)
    }

    @Test func aRestoreKilledAnywhereIsResumed() async throws {
        let scene = try await Scene(largeBytes: 12_000_000)
        let site = scene.site
        let seed = testSeed()
        var random = SeededGenerator(seed: seed)
        var cut = 0
        for round in 0..<6 {
            let target = site.place + "/restored-\(round)"
            let milliseconds = Int.random(in: 5...160, using: &random)
            _ = try await Programs.run(
                "cairn", ["restore", scene.id, "--to", target, "--jobs", "2"], in: site.place
            ) { process in
                try await Programs.wait { FileManager.default.fileExists(atPath: target) || kill(process, 0) != 0 }
                try await Task.sleep(for: .milliseconds(milliseconds))
                kill(process, SIGKILL)
            }
            let words = "seed \(seed), round \(round)"
            guard let operation = try await scene.operation(), operation["target"] == .string(target) else { continue }
            if operation["status"] != "success" {
                cut += 1
                let again = try await site.cairn("resume", operation["id"]?.stringValue ?? "")
                #expect(again.code == 0, "\(words): \(again)")
            }
            try await scene.compare(target, words)
            _ = try await site.shell("rm -rf '\(target)'")
        }
        #expect(cut > 0, "seed \(seed)")
    }

    @Test func whatAUserHadStaysUntilItIsMovedAway() async throws {
        let scene = try await Scene()
        let site = scene.site
        let target = site.place + "/out"
        let mine = target + scene.trees[1]
        _ = try await site.shell("mkdir -p '\(mine)/c'; echo mine > '\(mine)/c/three'; echo mine > '\(mine)/mine'")
        let failed = try await site.cairn(
            "restore", scene.id, "--to", target, "--jobs", "1", "--on-failure", "continue", "--output", "json")
        #expect(failed.code == 1, "\(failed)")
        let report = try #require(try failed.json().objectValue)
        let states = (report["resources"]?.arrayValue ?? []).map { $0.objectValue?["state"]?.stringValue ?? "" }
        #expect(states == ["whole", "untouched", "whole"])
        let id = try #require(report["id"]?.stringValue)
        #expect(report["resume"] == .string("cairn resume \(id)"))
        let shown = try await site.cairn("operations", "show", id)
        for word in ["cairn resume \(id)", "untouched", "whole", target, "overwrites"] {
            #expect(shown.output.contains(word), "\(shown)")
        }
        let again = try await site.cairn("resume", id)
        #expect(again.code == 1 && again.errors.contains("exists and is not empty"), "\(again)")
        #expect(try String(contentsOfFile: mine + "/c/three", encoding: .utf8) == "mine\n")
        _ = try await site.shell("mv '\(mine)' '\(site.place)/moved'")
        let last = try await site.cairn("resume", id)
        #expect(last.code == 0, "\(last)")
        try await scene.compare(target, "moved away")
        #expect(try String(contentsOfFile: site.place + "/moved/mine", encoding: .utf8) == "mine\n")
    }

    @Test func onlyRestoresWhatIsAskedForWithItsDependents() async throws {
        let scene = try await Scene()
        let site = scene.site
        let only = try await site.cairn("restore", scene.id, "--to", "some", "--only", "data")
        #expect(only.code == 0, "\(only)")
        try await scene.compare(site.place + "/some", "only", of: [0, 2])
        #expect(!FileManager.default.fileExists(atPath: site.place + "/some" + scene.trees[1]))
        // The shared dependent alone, in a second step, is in the way of nothing but itself.
        let shared = try await site.cairn("restore", scene.id, "--to", "some", "--only", "shared")
        #expect(shared.code == 1 && shared.errors.contains("untouched"), "\(shared)")
        let more = try await site.cairn(
            "verify", scene.id, "--only", "Host::FileSystem::Directory#more", "--set", "level=digests", "--output",
            "json")
        #expect(more.code == 0, "\(more)")
        #expect(try more.json().objectValue?["resources"]?.arrayValue?.count == 2)
        for (arguments, words) in [
            (["--only", "dada"], "did you mean 'data'?"), (["--set", "levl=digests"], "no resource that is asked for"),
            (["--set", "timeout=soon"], "timeout"), (["--set", "Host::X::Y.timeout=1s"], "Host::X::Y"),
        ] {
            let refused = try await Programs.run(
                "cairn", ["restore", scene.id, "--to", "never"] + arguments, in: site.place)
            #expect(refused.code == 1 && refused.errors.contains(words), "\(refused)")
        }
        let usage = try await site.cairn("restore", scene.id, "--set", "level")
        #expect(usage.code == 2, "\(usage)")
        #expect(!FileManager.default.fileExists(atPath: site.place + "/never"))
    }

    @Test func aDryRunSaysWhatWouldGoWhere() async throws {
        let scene = try await Scene()
        let site = scene.site
        _ = try await site.shell("mkdir -p 'out\(scene.trees[2])'; mkdir -p 'out\(scene.trees[1])/x'")
        let ending = try await site.cairn("restore", scene.id, "--to", "out", "--dry-run", "--output", "json")
        #expect(ending.code == 1, "\(ending)")
        let places = try ending.json().objectValue?["places"]?.arrayValue?.compactMap(\.objectValue) ?? []
        let found = Dictionary(
            uniqueKeysWithValues: places.map {
                ($0["place"]?.stringValue ?? "", $0["content"]?.stringValue ?? "")
            })
        let out = site.place + "/out"
        #expect(
            found == [
                out + scene.trees[0]: "absent", out + scene.trees[1]: "occupied", out + scene.trees[2]: "empty",
            ])
        #expect(places.allSatisfy { $0["bytes"]?.integerValue ?? 0 > 0 && $0["room"]?.integerValue ?? 0 > 0 })
        let text = try await site.cairn(
            "restore", "--latest", "--plan", "shop", "--only", "shared", "--to", "out", "--dry-run")
        #expect(text.code == 0 && text.output.contains("WOULD GO TO") && text.output.contains("1 resource"), "\(text)")
    }

    @Test func beforeFindsTheNewestOlderOne() async throws {
        let scene = try await Scene()
        let site = scene.site
        let listed = try await site.cairn("checkpoints", "list", "--output", "json")
        let created = try #require(try listed.json().arrayValue?.first?.objectValue?["created"]?.stringValue)
        let second = try await site.protect()
        func choose(_ before: String) async throws -> Ending {
            try await site.cairn(
                "verify", "--latest", "--plan", "shop", "--before", before, "--output", "json", "--set",
                "level=digests")
        }
        func id(_ ending: Ending) throws -> String? { try ending.json().objectValue?["checkpoint"]?.stringValue }
        // Its own moment is not before it.
        #expect(try await choose(created).code == 1)
        let later = created.replacing("Z", with: "9Z")
        #expect(try await id(choose("9999-01-01")) == second)
        let first = try await choose(later)
        // The text has milliseconds, and more digits are cut: the boundary is the same moment.
        #expect(first.code == 1, "\(first)")
        let shown = try await site.cairn("checkpoints", "show", second, "--output", "json")
        let secondCreated = try #require(try shown.json().objectValue?["created"]?.stringValue)
        #expect(try await id(choose(secondCreated)) == scene.id)
        let vague = try await choose("2026-11-22T13:24")
        #expect(vague.code == 2 && vague.errors.contains("zone"), "\(vague)")
        #expect(try await site.cairn("verify", scene.id, "--before", "2026-11-22").code == 2)
    }

    @Test func aReadOnlyBankRestoresAndSaysThatItCannotBeResumed() async throws {
        guard getuid() == 0 else { return }
        let scene = try await Scene()
        let site = scene.site
        let mine = site.place + "/out" + scene.trees[1]
        let ending = try await Programs.run(
            "/usr/bin/unshare",
            [
                "-m", "--propagation", "private", "/bin/sh", "-c",
                """
                mount --bind '\(site.bank)' '\(site.bank)' && mount -o remount,bind,ro '\(site.bank)' || exit 99
                '\(Programs.directory)/cairn' restore \(scene.id) --to '\(site.place)/whole' || exit 98
                mkdir -p '\(mine)/x'
                exec '\(Programs.directory)/cairn' restore \(scene.id) --to '\(site.place)/out'
                """,
            ], in: site.place)
        // A container may not allow mounts.
        if ending.code == 99 || ending.errors.contains("unshare") { return }
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains("cannot be resumed"), "\(ending)")
        #expect(!ending.errors.contains("cairn resume"), "\(ending)")
        try await scene.compare(site.place + "/whole", "read-only")
    }
}
