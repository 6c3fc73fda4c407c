import CanonicalForm
import Foundation
import Testing

/// A plan that discovers, from its compilation without an inventory to the comparison of what was restored.
@Suite struct InventoryTests {
    private func site() async throws -> Site {
        let site = try await Site(plan: "customers")
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: customers
            description: A directory for each customer
            provider: local
            resources:
              - id: customers
                type: Host::FileSystem::Directory
                properties: {path: \(site.source)}
                discover: {exclude: ["lost*"]}
            """)
        let made = try await site.shell(
            """
            cd source; mkdir -p alice/mail 'bob & co' 'c*' lost+found; echo a > alice/mail/1; echo b > 'bob & co/2'
            echo c > 'c*/3'; echo l > lost+found/4; echo t > top; ln -s alice link
            chmod 0700 alice; touch -d '2001-02-03 04:05:06.5' alice 'c*' .
            """)
        try #require(made.code == 0, "\(made)")
        return site
    }

    @Test func fromThePlanToTheRestore() async throws {
        let site = try await site()
        let refused = try await site.cairnc("compile", "plan.yaml", "-o", "plan.ir")
        #expect(refused.code == 1 && refused.errors.contains("--without-inventory"), "\(refused)")
        let sketch = try await site.cairnc("compile", "plan.yaml", "--without-inventory", "-o", "sketch.ir")
        #expect(sketch.code == 0, "\(sketch)")
        let early = try await site.cairn("protect", "sketch.ir")
        #expect(early.code == 1 && early.errors.contains("cairn inventory"), "\(early)")
        #expect(try site.objects(below: "checkpoints/").isEmpty)

        let asked = try await site.cairn("inventory", "sketch.ir", "-o", "inventory.yaml")
        #expect(asked.code == 0 && asked.errors.contains("3 dependents found below 1 resource"), "\(asked)")
        let text = try String(contentsOfFile: site.place + "/inventory.yaml", encoding: .utf8)
        #expect(text.contains("id: \"customers/bob+20+26+20co\"") && text.contains("\"/c\\\\*/\""), "\(text)")
        let compiled = try await site.cairnc("compile", "plan.yaml", "--inventory", "inventory.yaml", "-o", "plan.ir")
        try #require(compiled.code == 0, "\(compiled)")

        // The same again: from the complete plan, to standard output, as JSON.
        let again = try await site.cairn("inventory", "plan.ir", "--jobs", "1")
        #expect(again.code == 0 && again.output == text, "\(again)")
        let json = try await site.cairn("inventory", "plan.ir", "--output", "json")
        #expect(try json.json().objectValue?["discovered"]?.arrayValue?.count == 1, "\(json)")

        let before = try await site.picture(of: site.source)
        let first = try await site.protect()
        let report = try await site.cairn("checkpoints", "show", first, "--output", "json")
        #expect(try report.json().objectValue?["resources"]?.arrayValue?.count == 4, "\(report)")

        // What is made later is the outer one's, with the same inventory.
        _ = try await site.shell("mkdir source/dora; echo d > source/dora/5; touch -d '2001-02-03 04:05:06.5' source")
        let later = try await site.picture(of: site.source)
        let second = try await site.protect()

        for (checkpoint, expected) in [(first, before), (second, later)] {
            let out = "\(site.restored)-\(checkpoint)"
            let done = try await site.cairn("restore", checkpoint, "--to", out)
            #expect(done.code == 0 && !done.errors.contains("warning"), "\(done)")
            #expect(try await site.picture(of: out + site.source) == expected)
        }
        // And the next inventory makes it one of its own.
        let next = try await site.cairn("inventory", "plan.ir", "-o", "inventory.yaml")
        #expect(next.code == 0 && next.errors.contains("4 dependents"), "\(next)")
    }

    @Test func whatCannotBeToldLeavesTheOldInventory() async throws {
        let site = try await site()
        let sketch = try await site.cairnc("compile", "plan.yaml", "--without-inventory", "-o", "sketch.ir")
        try #require(sketch.code == 0, "\(sketch)")
        try site.write("inventory.yaml", "old\n")
        for (script, reason) in [
            ("mkdir source/$(printf 'bad\\377')", "not UTF-8"),
            ("rmdir source/bad*; mkdir source/\(String(repeating: "n", count: 60))", "64"),
            ("rm -rf source; mkdir source", "at least 1"), ("rmdir source", "does not exist"),
            ("echo > source", "is not a directory"),
        ] {
            _ = try await site.shell(script)
            let ending = try await site.cairn("inventory", "sketch.ir", "-o", "inventory.yaml")
            #expect(ending.code == 1 && ending.errors.contains(reason), "\(script) \(ending)")
            #expect(ending.errors.contains("Host::FileSystem::Directory#customers: "))
            #expect(ending.errors.contains("no inventory was written"))
            #expect(try String(contentsOfFile: site.place + "/inventory.yaml", encoding: .utf8) == "old\n")
        }
        let missing = try await site.cairn("inventory", "nowhere.ir")
        #expect(missing.code == 1 && missing.errors.contains("cannot read 'nowhere.ir'"), "\(missing)")
        let noPlan = try await site.cairn("inventory", "plan.yaml")
        #expect(noPlan.code == 1 && noPlan.errors.contains("not a compiled plan"), "\(noPlan)")
        let noPlace = try await site.cairn("inventory", "sketch.ir", "-o", "no/such/place")
        #expect(noPlace.code == 1, "\(noPlace)")
        #expect(try await site.cairn("inventory", "sketch.ir", "--jobs", "0").code == 2)
    }
}

@Suite struct ProtectablesTests {
    @Test func typesAndInstances() async throws {
        let site = try await Site(initialize: false)
        _ = try await site.shell("mkdir -p source/alice source/bob")
        let types = try await site.cairn("protectables", "list")
        #expect(types.code == 0 && types.output.contains("Host::FileSystem::Directory  files"), "\(types)")
        let list = try await site.cairn("protectables", "list", "--output", "json")
        let first = try list.json().arrayValue?.first?.objectValue
        #expect(first?["discovers"] == ["Host::FileSystem::Directory"], "\(list)")

        let instances = try await site.cairn("protectables", "list", "Host::FileSystem::Directory", "--output", "json")
        let paths = try instances.json().arrayValue?.compactMap {
            $0.objectValue?["properties"]?.objectValue?["path"]?.stringValue
        }
        #expect(paths?.contains("/etc") == true && paths?.contains("/proc") == false, "\(instances)")

        let below = [
            "protectables", "list", "Host::FileSystem::Directory", "--of", "Host::FileSystem::Directory#c", "--property",
        ]
        let found = try await Programs.run("cairn", below + ["path=\(site.source)"], in: site.place)
        #expect(found.code == 0 && found.output.contains("Host::FileSystem::Directory#c/alice  alice"), "\(found)")
        let wrong = try await Programs.run("cairn", below + ["pth=\(site.source)"], in: site.place)
        #expect(wrong.code == 1 && wrong.errors.contains("'pth'") && wrong.errors.contains("path"), "\(wrong)")
        let nowhere = try await Programs.run("cairn", below + ["path=/no/such/place"], in: site.place)
        #expect(nowhere.code == 1 && nowhere.errors.contains("does not exist"), "\(nowhere)")

        let shown = try await site.cairn("protectables", "show", "Host::FileSystem::Directory")
        for word in ["exclude", "Restore", "level", "a resource of any type", "finds"] {
            #expect(shown.output.contains(word), "\(shown)")
        }
        let instance = try await site.cairn(
            "protectables", "show", "Host::FileSystem::Directory", "--property", "path=\(site.source)", "--id", "x",
            "--output", "json")
        let dependents = try instance.json().objectValue?["dependents"]?.arrayValue
        #expect(
            dependents?.compactMap { $0.objectValue?["id"]?.stringValue } == ["x/alice", "x/bob"], "\(instance)")

        for (arguments, code, reason) in [
            (["list", "No::Such"], 1, "cannot tell"), (["list", "nonsense"], 1, "is no resource type"),
            (["list", "--of", "A::B#c"], 2, "--of"), (["show", "Host::FileSystem::Directory", "--property", "x"], 2, "NAME=VALUE"),
            (["list", "Host::FileSystem::Directory", "--of", "nonsense", "--property", "a=b"], 2, "TYPE#ID"),
            (["list", "A::B", "--of", "Host::FileSystem::Directory#c", "--property", "path=/"], 1, "finds no 'A::B'"),
        ] as [([String], Int32, String)] {
            let ending = try await Programs.run("cairn", ["protectables"] + arguments, in: site.place)
            #expect(ending.code == code && ending.errors.contains(reason), "\(arguments) \(ending)")
        }
    }
}

@Suite struct JournalCommandTests {
    @Test func aRunRecord() async throws {
        let site = try await Site()
        _ = try await site.shell("echo 1 > source/f")
        try await site.compile()
        let checkpoint = try await site.protect()
        let ending = try await site.cairn("checkpoints", "journal", "--last")
        let lines = try ending.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let objects = lines.compactMap(\.objectValue)
        try #require(objects.count == 4, "\(ending)")
        #expect(objects[0]["format"] == "cairn.run" && objects[0]["checkpoint"]?.stringValue == checkpoint)
        #expect(objects[0]["operation"] == "protect" && objects[0]["plan"] == "shop" && objects[0]["version"] == 1)
        #expect(objects[1]["activity"] == "main:Host::FileSystem::Directory#data" && objects[1]["state"] == "started")
        #expect(objects[2]["state"] == "finished")
        #expect(objects[2]["time"]?.stringValue?.contains(".") == true)
        #expect(objects[3]["status"] == "available" && objects[3]["end"] != nil)
        let written = try await site.cairn("checkpoints", "journal", checkpoint, "-o", "run.ndjson")
        #expect(written.code == 0, "\(written)")
        #expect(try String(contentsOfFile: site.place + "/run.ndjson", encoding: .utf8) == ending.output)
    }

    @Test func aRunThatFailed() async throws {
        let site = try await Site()
        try await site.compile()
        _ = try await site.shell("rmdir source")
        #expect(try await site.cairn("protect", "plan.ir").code == 1)
        let list = try await site.cairn("checkpoints", "list", "--output", "json")
        let id = try #require(try list.json().arrayValue?.first?.objectValue?["checkpoint"]?.stringValue)
        let ending = try await site.cairn("checkpoints", "journal", id)
        #expect(ending.output.contains("\"state\":\"failed\"") && ending.output.contains("does not exist"), "\(ending)")
        #expect(ending.output.contains("revert:Host::FileSystem::Directory#data"))
        #expect(ending.output.contains("\"status\":\"error\""))

        // A segment that is gone is told, not passed over.
        let segment = try #require(try site.objects(below: "checkpoints/\(id)/e1/journal/").first)
        try FileManager.default.removeItem(atPath: site.bank + "/" + segment)
        let damaged = try await site.cairn("checkpoints", "journal", id)
        #expect(damaged.code == 1 && damaged.namedObjects == [segment] && damaged.output.isEmpty, "\(damaged)")
    }
}
