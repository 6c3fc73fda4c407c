import CanonicalForm
import Foundation
import Glibc
import SeededRandom
import Testing

extension Site {
    /// Where the second provider keeps its bank.
    var otherBank: String { place + "/other-bank" }

    /// Adds a provider `offsite` with a bank of its own.
    func addOffsite(plugins: String = "[{name: files}, {name: noop}]") async throws {
        try write(
            "providers/offsite.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: offsite
            description: Another directory for a test
            bank: {plugin: directory, config: {path: \(otherBank)}}
            plugins: \(plugins)
            """)
        let made = try await cairn("bank", "init", "--provider", "offsite")
        try #require(made.code == 0, "\(made)")
    }

    /// Compiles the plan with a retention policy.
    func compile(retention: String, to file: String) async throws {
        let plan = try String(contentsOfFile: place + "/plan.yaml", encoding: .utf8)
        try write("with-retention.yaml", plan + "\nretention: \(retention)\n")
        let ending = try await cairnc("compile", "with-retention.yaml", "-o", file)
        try #require(ending.code == 0, "\(ending)")
    }

    /// What a bank says of its checkpoints, newest first.
    func listed(_ provider: String) async throws -> [(id: String, status: String)] {
        let ending = try await cairn("checkpoints", "list", "--provider", provider, "--output", "json")
        try #require(ending.code == 0, "\(ending)")
        return (try ending.json().arrayValue ?? []).compactMap(\.objectValue).map {
            ($0["checkpoint"]?.stringValue ?? "", $0["status"]?.stringValue ?? "")
        }
    }

    /// Protects with the provider `local`, and returns the checkpoint's id.
    func protectLocally() async throws -> String {
        let ending = try await cairn("protect", "plan.ir")
        try #require(ending.code == 0, "\(ending)")
        return ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

@Suite(.timeLimit(.minutes(10))) struct CopyTests {
    private func site(bytes: Int = 3_000_000) async throws -> Site {
        let site = try await Site()
        try await site.fillSource()
        let filled = try await site.shell("head -c \(bytes) /dev/urandom > source/more")
        try #require(filled.code == 0)
        try await site.addOffsite()
        try await site.compile()
        return site
    }

    /// Restores from the provider `offsite` and compares with the source.
    private func expectRestored(_ site: Site, _ id: String, _ place: Comment? = nil) async throws {
        _ = try await site.shell("rm -rf restored")
        let restored = try await site.cairn("restore", id, "--provider", "offsite", "--to", "restored")
        #expect(restored.code == 0, "\(restored)")
        let (here, there) = (
            try await site.picture(of: site.source), try await site.picture(of: site.restored + site.source)
        )
        #expect(here == there, place)
    }

    @Test func aCopyRestoresVerifiesAndIsDeletedWithTheOriginMovedAway() async throws {
        let site = try await site()
        let id = try await site.protectLocally()
        let preview = try await site.cairn("copy", "--last", "--to", "offsite", "--dry-run")
        #expect(preview.code == 0 && preview.output.contains("would copy checkpoint \(id)"), "\(preview)")
        #expect(try await site.listed("offsite").isEmpty)
        let copied = try await site.cairn("copy", "--last", "--to", "offsite")
        #expect(copied.code == 0 && copied.output == id + "\n", "\(copied)")
        #expect(copied.errors.contains("is copied from 'local' to 'offsite': 1 resource, 2 artifacts"), "\(copied)")
        let again = try await site.cairn("copy", id, "--to", "offsite", "--output", "json")
        #expect(again.code == 0, "\(again)")
        #expect(try again.json().objectValue?["outcome"]?.stringValue == "already-there")
        rename(site.bank, site.bank + ".away")
        let verified = try await site.cairn("verify", "--last", "--provider", "offsite")
        #expect(verified.code == 0, "\(verified)")
        try await expectRestored(site, id)
        let shown = try await site.cairn("checkpoints", "show", id, "--provider", "offsite", "--output", "json")
        #expect(shown.code == 0 && shown.output.contains("\"provider\": \"offsite\""), "\(shown)")
        let journal = try await site.cairn("checkpoints", "journal", id, "--provider", "offsite")
        #expect(journal.code == 0 && journal.output.contains("finished"), "\(journal)")
        let deleted = try await site.cairn("delete", id, "--provider", "offsite")
        #expect(deleted.code == 0, "\(deleted)")
        #expect(try await site.listed("offsite").isEmpty)
        rename(site.bank + ".away", site.bank)
        let whole = try await site.cairn("verify", id, "--provider", "local")
        #expect(whole.code == 0, "\(whole)")
    }

    @Test func eventsAndMessagesTellOfACopyAsOfAnyRun() async throws {
        let site = try await site()
        let id = try await site.protectLocally()
        let copied = try await site.cairn("copy", id, "--to", "offsite", "--events", "-", "--jobs", "2")
        #expect(copied.code == 0, "\(copied)")
        let kinds = copied.output.split(separator: "\n").compactMap {
            try? JSONValue(parsing: Array($0.utf8)).objectValue
        }
        #expect(kinds.contains { $0["operation"]?.stringValue == "copy" }, "\(copied)")
        #expect(kinds.contains { $0["status"]?.stringValue == "available" }, "\(copied)")
    }

    @Test func badInputIsRefusedWithAdvice() async throws {
        let site = try await site(bytes: 10)
        let id = try await site.protectLocally()
        try site.write(
            "providers/third.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: third
            description: The same bank once more, and less that it can do
            bank: {plugin: directory, config: {path: \(site.bank)}}
            plugins: [{name: noop}]
            """)
        func expect(_ arguments: [String], _ code: Int32, _ text: String) async throws {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == code && ending.errors.contains(text), "\(arguments): \(ending)")
        }
        try await expect(["copy", id], 2, "--to")
        try await expect(["copy", "--to", "offsite"], 2, "Name a checkpoint by its id, or say --last.")
        try await expect(["copy", id, "--to", "offsite"], 1, "--provider NAME")
        try await expect(
            ["copy", id, "--provider", "local", "--to", "nowhere"], 1, "there is no provider 'nowhere'")
        try await expect(["copy", id, "--provider", "local", "--to", "local"], 1, "both providers have the same bank")
        try await expect(["copy", id, "--provider", "local", "--to", "third"], 1, "both providers have the same bank")
        try await expect(
            ["copy", "0000", "--provider", "local", "--to", "offsite"], 1, "there is no checkpoint '0000'")
        try await expect(["bank", "sync", "--to", "offsite"], 2, "<plan>")
        try await expect(
            ["bank", "sync", "shop", "--provider", "local", "--to", "offsite", "--limit", "0"], 2, "--limit")
        _ = try await site.shell("rm -r other-bank providers/third.yaml")
        try await expect(["copy", id, "--to", "offsite"], 1, "there is no bank at")
        try site.write(
            "providers/offsite.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: offsite
            description: A bank that could not restore what it takes
            bank: {plugin: directory, config: {path: \(site.otherBank)}}
            plugins: [{name: noop}]
            """)
        let made = try await site.cairn("bank", "init", "--provider", "offsite")
        #expect(made.code == 0, "\(made)")
        try await expect(["copy", id, "--to", "offsite"], 1, "provider 'offsite' has no plugin 'files'")
        let preview = try await site.cairn("copy", id, "--to", "offsite", "--dry-run")
        #expect(preview.code == 1 && preview.output.contains("no plugin 'files'"), "\(preview)")
        #expect(try await site.listed("offsite").isEmpty)
    }

    @Test func damageInTheSourceIsFoundAndNeverCopied() async throws {
        let site = try await site(bytes: 20_000_000)
        let id = try await site.protectLocally()
        let part = try #require(
            try site.objects(below: "checkpoints/\(id)").last { $0.contains("/archive/parts/") })
        let spoilt = try await site.shell(
            """
            cp 'bank/\(part)' kept
            byte=$(dd if='bank/\(part)' bs=1 skip=77 count=1 status=none | od -An -tu1)
            printf "\\$(printf %o $((byte ^ 1)))" | dd of='bank/\(part)' bs=1 seek=77 conv=notrunc status=none
            """)
        #expect(spoilt.code == 0)
        let copied = try await site.cairn("copy", id, "--to", "offsite")
        #expect(copied.code == 1 && copied.namedObjects == [part], "\(copied)")
        #expect(copied.errors.contains("in the bank at \(site.bank)"), "\(copied)")
        #expect(try await site.listed("offsite").map(\.status) == ["error"])
        let advice = "cairn copy \(id) --provider local --to offsite"
        let reset = try await site.cairn("checkpoints", "reset", id, "--provider", "offsite")
        #expect(reset.code == 1 && reset.errors.contains("'\(advice)' copies it again"), "\(reset)")
        let shown = try await site.cairn("checkpoints", "show", id, "--provider", "offsite")
        #expect(shown.code == 0 && shown.output.contains(advice) && shown.output.contains("copied from"), "\(shown)")
        let synced = try await site.cairn("bank", "sync", "shop", "--to", "offsite")
        #expect(synced.code == 1 && synced.output.contains("failed"), "\(synced)")
        _ = try await site.shell("cp kept 'bank/\(part)'")
        let again = try await site.cairn("bank", "sync", "shop", "--to", "offsite")
        #expect(again.code == 0 && again.errors.contains("1 checkpoint copied to 'offsite'"), "\(again)")
        try await expectRestored(site, id)
        let collected = try await site.cairn("gc", "--provider", "offsite")
        #expect(collected.code == 0, "\(collected)")
    }

    /// Whatever point of a copy the process is killed at: a copy or a resume goes on, and then it is as if nothing had
    /// happened.
    @Test(arguments: ["compareAndSwap", "createOnce", "listOnly"])
    func aCopyKilledAtAnyPointGoesOn(_ level: String) async throws {
        let site = try await site(bytes: 10)
        let id = try await site.protectLocally()
        let log = site.place + "/points"
        let environment: [String: String?] = ["CAIRN_DEGRADED_BANK": level]
        func cairn(_ arguments: [String], _ more: [String: String?] = [:]) async throws -> Ending {
            try await Programs.run(
                "cairn", arguments, in: site.place, environment: environment.merging(more) { _, new in new })
        }
        let whole = try await cairn(["copy", id, "--to", "offsite"], ["CAIRN_CRASH_LOG": log])
        #expect(whole.code == 0, "\(whole)")
        let points = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(points.count >= 30, "\(points)")
        for name in [
            "use", "marker", "index", "ir", "epoch", "copying", "part", "artifact", "definitions", "commit", "entry",
        ] {
            #expect(points.contains { $0.hasPrefix("after-put-\(name):") }, "\(name): \(points)")
        }
        // Deleting from a bank whose listings are behind takes ten minutes.
        func clear() throws { try FileManager.default.removeItem(atPath: site.otherBank) }
        // Another choice each time, which the name of the point tells.
        let stride = level == "compareAndSwap" ? 3 : 9
        let first = Int(testSeed() % UInt64(stride))
        for (number, point) in points.enumerated() where number % stride == first {
            try clear()
            let made = try await site.cairn("bank", "init", "--provider", "offsite")
            try #require(made.code == 0, "\(made)")
            let killed = try await cairn(["copy", id, "--to", "offsite"], ["CAIRN_CRASH_AT": point])
            if killed.code != -SIGKILL { #expect(killed.code == 0 && point.contains("copying"), "\(point): \(killed)") }
            let left = try await site.listed("offsite")
            if left.contains(where: { $0.status == "available" }) {
                let verified = try await cairn(["verify", id, "--provider", "offsite"])
                #expect(verified.code == 0, "\(point): \(verified)")
            }
            let canResume = left.contains { $0.status == "error" }
            let again = try await cairn(
                canResume && number % 2 == 0
                    ? ["resume", id, "--provider", "offsite"] : ["copy", id, "--to", "offsite"])
            #expect(again.code == 0, "\(point): \(again)")
            let verified = try await cairn(["verify", id, "--provider", "offsite"])
            #expect(verified.code == 0, "\(point): \(verified)")
            #expect(try await site.listed("offsite").map(\.status) == ["available"], "\(point)")
        }
        try await expectRestored(site, id)
        // What the killed ones used is not used any more, and can be deleted.
        let deleted = try await site.cairn("delete", id, "--provider", "local")
        #expect(deleted.code == 0, "\(deleted)")
    }

    @Test func aFullOrReadOnlyTargetTakesNothingThatSeemsWhole() async throws {
        let site = try await site(bytes: 9_000_000)
        let id = try await site.protectLocally()
        let ending = try await Programs.run(
            "/usr/bin/unshare",
            [
                "--mount", "/bin/sh", "-euc",
                """
                set +e
                mv other-bank small; mkdir other-bank; mount -t tmpfs -o size=6m tmpfs other-bank
                cp -a small/. other-bank/
                "$CAIRN/cairn" copy \(id) --to offsite >out 2>err; echo "full $?"
                "$CAIRN/cairn" checkpoints list --provider offsite --output json >list 2>>err; echo "list $?"
                mount -o remount,size=64m other-bank
                "$CAIRN/cairn" resume \(id) --provider offsite >>out 2>>err; echo "resume $?"
                "$CAIRN/cairn" verify \(id) --provider offsite >>out 2>>err; echo "verify $?"
                umount other-bank; rmdir other-bank; mv small other-bank
                mount --bind other-bank other-bank; mount -o remount,bind,ro other-bank
                "$CAIRN/cairn" copy \(id) --to offsite >>out 2>>err; echo "read-only $?"
                umount other-bank
                mount --bind bank bank; mount -o remount,bind,ro bank
                "$CAIRN/cairn" copy \(id) --to offsite >>out 2>>err; echo "from read-only $?"
                cat err >&2
                """,
            ], in: site.place, environment: ["CAIRN": Programs.directory])
        #expect(
            ending.output == "full 1\nlist 0\nresume 0\nverify 0\nread-only 1\nfrom read-only 0\n", "\(ending)")
        #expect(ending.errors.contains("No space left on device"), "\(ending)")
        #expect(ending.errors.contains("Read-only file system"), "\(ending)")
        let list = try String(contentsOfFile: site.place + "/list", encoding: .utf8)
        #expect(!list.contains("\"available\""), "\(list)")
        try await expectRestored(site, id)
    }

    @Test func aSyncBringsEverythingOverOldestFirst() async throws {
        let site = try await site(bytes: 10)
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await site.protectLocally()) }
        let dry = try await site.cairn("bank", "sync", "shop", "--to", "offsite", "--limit", "2", "--dry-run")
        #expect(dry.code == 0 && dry.errors.contains("2 checkpoints would be copied"), "\(dry)")
        #expect(try await site.listed("offsite").isEmpty)
        let first = try await site.cairn(
            "bank", "sync", "shop", "--to", "offsite", "--limit", "1", "--output", "json")
        #expect(first.code == 0, "\(first)")
        #expect(try await site.listed("offsite").map(\.id) == [ids[0]])
        let rest = try await site.cairn("bank", "sync", "shop", "--to", "offsite")
        #expect(rest.code == 0 && rest.errors.contains("2 checkpoints copied to 'offsite', 1 already there"), "\(rest)")
        #expect(try await site.listed("offsite").map(\.id) == ids.reversed())
        try await expectRestored(site, ids[1])
    }

    /// What retention removes there does not come back with the next sync, which says so.
    @Test func aSyncPassesOverWhatRetentionWouldRemoveThere() async throws {
        let site = try await site(bytes: 10)
        try await site.compile(retention: "{keepLast: 1}", to: "plan.ir")
        try await site.compile(retention: "{keepLast: 2}", to: "offsite.ir")
        var ids: [String] = []
        for _ in 0..<3 {
            let made = try await site.cairn("protect", "plan.ir", "--no-retain")
            try #require(made.code == 0, "\(made)")
            ids.append(made.output.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let dry = try await site.cairn("bank", "sync", "shop", "--to", "offsite", "--dry-run")
        #expect(dry.code == 0 && dry.errors.contains("1 checkpoint would be copied to 'offsite'"), "\(dry)")
        #expect(dry.errors.contains("0 already there, 2 not kept there"), "\(dry)")
        #expect(dry.output.contains("not-kept") && dry.output.contains("no rule keeps it"), "\(dry)")
        let synced = try await site.cairn(
            "bank", "sync", "shop", "--to", "offsite", "--policy", "offsite.ir", "--output", "json")
        #expect(synced.code == 0, "\(synced)")
        let object = try #require(try synced.json().objectValue)
        #expect(object["retention"]?.objectValue?["status"] == "applied")
        let items = (object["checkpoints"]?.arrayValue ?? []).compactMap(\.objectValue)
        #expect(items.map { $0["action"]?.stringValue } == ["not-kept", "copied", "copied"])
        #expect(items[0]["reasons"]?.arrayValue?.first?.objectValue?["code"] == "unneeded", "\(synced)")
        for _ in 0..<2 {
            let retained = try await site.cairn("retain", "--plan", "shop", "--provider", "offsite")
            #expect(retained.code == 0, "\(retained)")
            #expect(try await site.listed("offsite").map(\.id) == [ids[2]])
            let again = try await site.cairn("bank", "sync", "shop", "--to", "offsite")
            #expect(again.code == 0 && again.errors.contains("0 checkpoints copied"), "\(again)")
        }
        let all = try await site.cairn("bank", "sync", "shop", "--to", "offsite", "--all")
        #expect(all.code == 0 && all.errors.contains("2 checkpoints copied"), "\(all)")
        let both = try await site.cairn("bank", "sync", "shop", "--to", "offsite", "--all", "--policy", "plan.ir")
        #expect(both.code == 2 && both.errors.contains("--policy"), "\(both)")
        let other = try await site.cairn("bank", "sync", "other", "--to", "offsite", "--policy", "plan.ir")
        #expect(other.code == 1 && other.errors.contains("is the plan 'shop', and not 'other'"), "\(other)")
    }
}
