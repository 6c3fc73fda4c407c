import CanonicalForm
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct RoundTripTests {
    @Test func compileProtectVerifyRestoreAndDelete() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let before = try await site.picture(of: site.source)

        let protected = try await site.cairn("protect", "plan.ir", "--output", "json")
        #expect(protected.code == 0, "\(protected)")
        let report = try #require(try protected.json().objectValue)
        let id = try #require(report["checkpoint"]?.stringValue)
        #expect(id.count == 16)
        #expect(report["plan"] == "shop" && report["status"] == "available")
        #expect(report["failures"] == .array([]) && report["warnings"] == 0)
        #expect((report["contentBytes"]?.integerValue ?? 0) > 3_000_000)
        #expect(report["resources"]?.arrayValue?.count == 1)

        let list = try await site.cairn("checkpoints", "list", "--output", "json")
        let rows = try #require(try list.json().arrayValue)
        #expect(rows.count == 1)
        let row = try #require(rows.first?.objectValue)
        #expect(
            row.members.map(\.key) == [
                "checkpoint", "created", "labels", "message", "note", "pin", "plan", "provider", "rehearsal",
                "resources",
                "status", "storedBytes", "warnings",
            ])
        #expect(row["checkpoint"] == .string(id) && row["provider"] == "local")

        let table = try await site.cairn("checkpoints", "list")
        #expect(table.code == 0 && table.errors.isEmpty)
        #expect(table.output.hasPrefix("CHECKPOINT") && table.output.contains(id))

        let shown = try await site.cairn("checkpoints", "show", String(id.prefix(5)), "--output", "json")
        let resource = try #require(
            try shown.json().objectValue?["resources"]?.arrayValue?.first?.objectValue)
        #expect(resource["plugin"] == "files" && resource["status"] == "available")
        #expect(resource["artifacts"]?.arrayValue?.count == 2)

        let verified = try await site.cairn("verify", "--last", "--output", "json")
        #expect(verified.code == 0, "\(verified)")
        let verification = try #require(try verified.json().objectValue)
        #expect(verification["operation"] == "verify" && verification["status"] == "success")
        #expect(verification["damaged"] == .array([]) && verification["checkpoint"] == .string(id))

        _ = try await site.shell("rm -rf source")
        let restored = try await site.cairn("restore", id)
        #expect(restored.code == 0 && restored.output.isEmpty, "\(restored)")
        #expect(try await site.picture(of: site.source) == before)

        let elsewhere = try await site.cairn("restore", "--last", "--to", "restored", "--output", "json")
        #expect(elsewhere.code == 0, "\(elsewhere)")
        #expect(try elsewhere.json().objectValue?["operation"] == "restore")
        #expect(try await site.picture(of: site.restored + site.source) == before)

        let dryRun = try await site.cairn("delete", id, "--dry-run", "--output", "json")
        #expect(try dryRun.json().objectValue?["dryRun"] == true)
        #expect(try !site.objects(below: "checkpoints/").isEmpty)
        let deleted = try await site.cairn("delete", id, "--output", "json")
        #expect(deleted.code == 0, "\(deleted)")
        #expect(try deleted.json().objectValue?["status"] == "deleted")
        #expect(try site.objects(below: "checkpoints/").isEmpty)
        #expect(try site.objects(below: "indices/").isEmpty)
        let none = try await site.cairn("verify", "--last")
        #expect(none.code == 1 && none.errors == "cairn: there is no available checkpoint\n")
    }

    @Test func whatExistsIsNotOverwrittenUnlessAsked() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        _ = try await site.protect()
        _ = try await site.shell("echo changed > source/a/hello; rm source/sparse; touch source/new")
        let changed = try await site.picture(of: site.source)
        let refused = try await site.cairn("restore", "--last")
        #expect(refused.code == 1 && refused.errors.contains("--overwrite"), "\(refused)")
        #expect(try await site.picture(of: site.source) == changed)
        let done = try await site.cairn("restore", "--last", "--overwrite")
        #expect(done.code == 0, "\(done)")
        _ = try await site.shell("rm -f source/new")
        #expect(try await site.picture(of: site.source).contains("./sparse"))
        #expect(try String(contentsOfFile: site.source + "/a/hello", encoding: .utf8) == "hello\n")
    }

    @Test func aBankWithinItsOwnSourceIsNoticed() async throws {
        let site = try await Site(initialize: false)
        let manifest = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        try site.write("providers/local.yaml", manifest.replacing(site.bank, with: site.source + "/bank"))
        try await site.compile()
        let made = try await site.cairn("bank", "init")
        #expect(made.code == 0, "\(made)")
        let ending = try await site.cairn("protect", "plan.ir")
        #expect(
            ending.errors.contains(
                "note: the bank at \(site.source)/bank lies within 'Host::FileSystem::Directory#data'"),
            "\(ending)")
    }

    @Test func compilingTwiceGivesTheSameBytes() async throws {
        let site = try await Site(initialize: false)
        let first = try await site.cairnc("compile", "plan.yaml")
        let second = try await site.cairnc("compile", "plan.yaml")
        #expect(first.code == 0 && first.errors.isEmpty && !first.output.isEmpty)
        #expect(first.output == second.output)
    }

    @Test func severalProtectsIntoOneBankAtATime() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        let endings = try await withThrowingTaskGroup(of: Ending.self) { group in
            for _ in 0..<5 { group.addTask { try await site.cairn("protect", "plan.ir") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(endings.allSatisfy { $0.code == 0 }, "\(endings)")
        #expect(Set(endings.map(\.output)).count == 5)
        let rows = try await site.cairn("checkpoints", "list", "--status", "available", "--output", "json")
        #expect(try rows.json().arrayValue?.count == 5)
        #expect(try site.objects(below: "indices/unfinished").isEmpty)
        let verified = try await site.cairn("verify", "--last")
        #expect(verified.code == 0, "\(verified)")
    }
}
