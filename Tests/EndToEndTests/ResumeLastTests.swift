import CanonicalForm
import Foundation
import Glibc
import Testing

/// `cairn resume --last`: whatever was cut off last.
@Suite(.timeLimit(.minutes(10))) struct ResumeLastTests {
    /// Runs a command that ends itself at a crash point.
    private func cut(_ site: Site, at point: String, _ arguments: String...) async throws {
        let ending = try await Programs.run(
            "cairn", arguments, in: site.place, environment: ["CAIRN_CRASH_AT": point])
        #expect(ending.code == -SIGKILL, "\(arguments): \(ending)")
    }

    @Test func theNewestOfAllThatWasCutOffIsTakenAndNamed() async throws {
        let site = try await Site()
        try await site.fillSource()
        try await site.addOffsite()
        try await site.compile()
        let id = try await site.protectLocally()
        let nothing = try await site.cairn("resume", "--last", "--provider", "local")
        #expect(nothing.code == 1 && nothing.errors.contains("nothing was cut off"), "\(nothing)")

        try await cut(site, at: "before-put-commit", "protect", "plan.ir")
        try await cut(site, at: "after-put-operation:2", "restore", id, "--to", "restored", "--provider", "local")
        try await cut(site, at: "after-put-operation:1", "verify", id, "--provider", "local")
        try await cut(site, at: "before-put-commit", "copy", id, "--to", "offsite", "--provider", "local")

        let other = try await site.cairn("resume", "--last", "--plan", "other", "--provider", "local")
        #expect(other.code == 1 && other.errors.contains("nothing was cut off"), "\(other)")
        func resume(_ provider: String, _ words: String, others: [String]) async throws {
            let ending = try await site.cairn("resume", "--last", "--plan", "shop", "--provider", provider)
            #expect(ending.code == 0, "\(ending)")
            let note = ending.errors.split(separator: "\n").first { $0.hasPrefix("note: going on with the ") } ?? ""
            #expect(note.hasPrefix("note: going on with the \(words)"), "\(ending)")
            #expect(note.components(separatedBy: ", begun ").count == others.count + 2, "\(note)")
            for other in others { #expect(note.contains(other), "\(note)") }
        }
        // Each bank has its own.
        try await resume("offsite", "copy \(id) of plan 'shop'", others: [])
        try await resume("local", "verification", others: ["restore", "protect run"])
        try await resume("local", "restore", others: ["protect run"])
        #expect(try await site.picture(of: site.restored + site.source) == site.picture(of: site.source))
        try await resume("local", "protect run", others: [])
        let over = try await site.cairn("resume", "--last", "--provider", "local")
        #expect(over.code == 1 && over.errors.contains("nothing was cut off"), "\(over)")
        #expect(try await site.listed("local").map(\.status) == ["available", "available"])
        #expect(try await site.listed("offsite").map(\.status) == ["available"])
        // A verification that has ended is no more to be resumed.
        let listed = try await site.cairn("operations", "list", "--provider", "local", "--output", "json")
        let operations = (try listed.json().arrayValue ?? []).compactMap(\.objectValue)
        #expect(operations.allSatisfy { $0["status"] == "success" && $0["beginnings"] == 2 }, "\(listed)")
        let verification = operations.first { $0["operation"] == "verify" }?["id"]?.stringValue ?? ""
        let again = try await site.cairn("resume", verification, "--provider", "local")
        let proposed = "'cairn verify \(id) --provider local' begins anew"
        #expect(again.code == 1 && again.errors.contains(proposed), "\(again)")
    }
}
