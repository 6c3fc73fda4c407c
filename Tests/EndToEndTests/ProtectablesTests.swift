import CanonicalForm
import Foundation
import Testing

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
            "protectables", "list", "Host::FileSystem::Directory", "--of", "Host::FileSystem::Directory#c",
            "--property",
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
            (["list", "--of", "A::B#c"], 2, "--of"),
            (["show", "Host::FileSystem::Directory", "--property", "x"], 2, "NAME=VALUE"),
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
