import CanonicalForm
import Foundation
import Testing

/// A bank that was made when commit records and journals had version 1: what is in it must not be lost.
@Suite(.timeLimit(.minutes(10))) struct OlderBankTests {
    private static let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/banks/version-1").path

    @Test func whatIsInItIsVerifiedRestoredAndDeleted() async throws {
        let site = try await Site(initialize: false)
        let copied = try await site.shell("cp -r \(Self.fixture) bank")
        try #require(copied.code == 0, "\(copied)")
        let verified = try await site.cairn("verify", "--last")
        #expect(verified.code == 0, "\(verified)")
        let restored = try await site.cairn("restore", "--last", "--to", "back")
        #expect(restored.code == 0, "\(restored)")
        let text = try String(contentsOfFile: site.place + "/back/tmp/v1/data/a.txt", encoding: .utf8)
        #expect(text == "hello\n")
        let shown = try await site.cairn("checkpoints", "show", "--last", "--output", "json")
        #expect(shown.code == 0, "\(shown)")
        let journal = try await site.cairn("checkpoints", "journal", "--last")
        #expect(journal.output.contains("main:Host::FileSystem::Directory#data"), "\(journal)")
        // One more of its bytes that is not what it was is noticed.
        let damaged = try await site.shell(
            "for file in bank/checkpoints/*/e1/resources/Host*/definition.json; do printf x >> \"$file\"; done")
        try #require(damaged.code == 0, "\(damaged)")
        let noticed = try await site.cairn("verify", "--last")
        #expect(noticed.code == 1 && noticed.errors.contains("definition.json"), "\(noticed)")
        let id = try #require(try shown.json().objectValue?["checkpoint"]?.stringValue)
        let deleted = try await site.cairn("delete", id, "--force")
        #expect(deleted.code == 0, "\(deleted)")
    }
}
