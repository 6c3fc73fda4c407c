import CanonicalForm
import Foundation
import Testing

/// The real program on banks that are as weak as a level allows, where answers of writes get lost, too.
@Suite(.timeLimit(.minutes(10))) struct BankLevelTests {
    private func site() async throws -> Site {
        let site = try await Site(initialize: false)
        let filled = try await site.shell("mkdir -p source/a && echo one > source/a/one && seq 20000 > source/many")
        try #require(filled.code == 0, "\(filled)")
        return site
    }

    @Test(arguments: ["compareAndSwap", "createOnce", "listOnly"])
    func aBankIsMadeFilledAndRestoredFrom(_ level: String) async throws {
        let site = try await site()
        let environment: [String: String?] = ["CAIRN_DEGRADED_BANK": level]
        let made = try await site.cairn("bank", "init", environment: environment)
        #expect(made.code == 0, "\(made)")
        let format = try String(contentsOfFile: site.bank + "/format", encoding: .utf8)
        #expect(format.contains("\"consistency\":\"\(level)\""), "\(format)")
        try await site.compile()
        for arguments in [
            ["protect", "plan.ir"], ["verify", "--last"], ["restore", "--last", "--to", site.restored], ["gc"],
        ] {
            let ending = try await Programs.run("cairn", arguments, in: site.place, environment: environment)
            #expect(ending.code == 0, "\(level), \(arguments): \(ending)")
        }
        let same = try await site.shell("diff -r source 'restored/\(site.source)'")
        #expect(same.code == 0, "\(same)")
        // Where listings may be behind, deleting is only begun.
        let listed = try await site.cairn("checkpoints", "list", "--output", "json", environment: environment)
        let id = try #require(try listed.json().arrayValue?.first?.objectValue?["checkpoint"]?.stringValue)
        let deleted = try await site.cairn("delete", id, environment: environment)
        #expect(deleted.code == 0 || level == "listOnly", "\(deleted)")
        let early = try await site.cairn("gc", environment: environment)
        #expect(early.code == 0, "\(early)")
        #expect(try site.objects(below: "checkpoints/").isEmpty == (level != "listOnly"), "\(early)")
        let late = try await site.cairn(
            "gc", environment: environment.merging(["CAIRN_LISTING_MARGIN": "0"]) { $1 })
        #expect(late.code == 0, "\(late)")
        #expect(try site.objects(below: "checkpoints/").isEmpty && site.objects(below: "indices/").isEmpty, "\(late)")
    }

    @Test func aLevelThatThereIsNotIsRefused() async throws {
        let site = try await site()
        for text in ["strong", "listOnly:many", "listOnly:1:soon", "listOnly:1:2:3", ":"] {
            let ending = try await site.cairn("bank", "init", environment: ["CAIRN_DEGRADED_BANK": text])
            #expect(ending.code == 1 && ending.errors.contains("LEVEL[:LOST[:AHEAD]]"), "\(text): \(ending)")
        }
    }
}
