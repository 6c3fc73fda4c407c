import CanonicalForm
import Foundation
import Testing

/// Listing, labelling and pinning checkpoints, and checking and mending a bank, with the real program.
@Suite(.timeLimit(.minutes(10))) struct BankCommandTests {
    private func site() async throws -> Site {
        let site = try await Site()
        try await site.fillSource()
        try await site.compile()
        return site
    }

    private func ids(_ ending: Ending) throws -> [String] {
        let json = try ending.json()
        let list = json.arrayValue ?? json.objectValue?["checkpoints"]?.arrayValue ?? []
        return list.compactMap { $0.objectValue?["checkpoint"]?.stringValue }
    }

    @Test func checkpointsAreListedLabelledAndPinned() async throws {
        let site = try await site()
        for number in 1...3 {
            let made = try await site.cairn(
                "protect", "plan.ir", "--label", "run=\(number)", "--note", "number \(number)")
            #expect(made.code == 0, "\(made)")
        }
        let all = try ids(try await site.cairn("checkpoints", "list", "--output", "json"))
        #expect(all.count == 3)
        let first = try await site.cairn("checkpoints", "list", "--limit", "2", "--paged", "--output", "json")
        let next = try #require(try first.json().objectValue?["next"]?.stringValue)
        #expect(first.errors.contains("--after \(next)"), "\(first)")
        let second = try await site.cairn("checkpoints", "list", "--limit", "2", "--after", next, "--output", "json")
        #expect(try second.json().objectValue?["next"] == .null)
        #expect(try ids(first) + ids(second) == all)
        let oldest = try await site.cairn("checkpoints", "list", "--oldest-first", "--output", "json")
        #expect(try ids(oldest) == all.reversed())
        let labelled = try await site.cairn("checkpoints", "list", "--label", "run=2", "--output", "json")
        #expect(try ids(labelled) == [all[1]])
        let past = try await site.cairn("checkpoints", "list", "--until", "2020-01-01")
        #expect(past.code == 0 && past.output.isEmpty && past.errors == "no checkpoints\n", "\(past)")

        let pinned = try await site.cairn("checkpoints", "pin", all[0], "--reason", "kept")
        #expect(pinned.code == 0, "\(pinned)")
        let refused = try await site.cairn("delete", all[0])
        #expect(refused.code == 1 && refused.errors.contains("unpin"), "\(refused)")
        _ = try await site.cairn("checkpoints", "label", all[0], "a=b", "--remove", "run")
        let shown = try await site.cairn("checkpoints", "show", all[0], "--output", "json")
        let report = try #require(try shown.json().objectValue)
        #expect(report["labels"] == ["a": "b"] && report["note"] == "number 3", "\(shown)")
        #expect(report["pin"]?.objectValue?["reason"] == "kept", "\(shown)")
        for format in ["text", "markdown", "html"] {
            let text = try await site.cairn("checkpoints", "show", all[0], "--output", format).output
            #expect(text.contains("number 3") && text.contains("kept"), "\(format)")
        }
        #expect(try await site.cairn("checkpoints", "unpin", all[0]).code == 0)
        #expect(try await site.cairn("delete", all[0]).code == 0)
        let gone = try await site.cairn("checkpoints", "pin", all[0])
        #expect(gone.code == 1 && gone.errors.contains("there is no checkpoint"), "\(gone)")
    }

    @Test(arguments: [
        ["checkpoints", "list", "--after", "nonsense"], ["checkpoints", "list", "--since", "2026-02-30"],
        ["checkpoints", "list", "--since", "2026-03-02", "--until", "2026-03-01"],
        ["checkpoints", "list", "--label", "UPPER"], ["checkpoints", "list", "--limit", "0"],
        ["checkpoints", "label", "abc", "key"], ["checkpoints", "label", "abc", "--remove", "-"],
        ["protect", "plan.ir", "--label", "novalue"],
    ])
    func wrongUseIsSaidSo(_ arguments: [String]) async throws {
        let site = try await Site()
        let ending = try await Programs.run("cairn", arguments, in: site.place)
        #expect(ending.code == 2 && !ending.errors.isEmpty, "\(ending)")
    }

    @Test func aBankIsCheckedAndMended() async throws {
        let site = try await site()
        for _ in 1...2 { _ = try await site.protect() }
        let sound = try await site.cairn("bank", "check", "--read-data")
        #expect(sound.code == 0 && sound.output.isEmpty && sound.errors.contains("nothing is wrong"), "\(sound)")

        _ = try await site.shell(
            "rm -r bank/indices; echo half > bank/.tmp/1-left; touch -d '3 hours ago' bank/.tmp/1-left")
        let found = try await site.cairn("bank", "check", "--output", "json")
        #expect(found.code == 1, "\(found)")
        let kinds = try found.json().objectValue?["findings"]?.arrayValue?.compactMap {
            $0.objectValue?["kind"]?.stringValue
        }
        #expect(kinds == Array(repeating: "entry-missing", count: 6) + ["stale-temporaries"], "\(found)")
        let dry = try await site.cairn("bank", "reindex", "--dry-run")
        #expect(dry.code == 0 && dry.errors.contains("6 entries would be mended"), "\(dry)")
        #expect(try await site.cairn("checkpoints", "list").output.isEmpty)
        let mended = try await site.cairn("bank", "check", "--repair")
        #expect(mended.code == 0 && mended.errors.contains("7 mended, 0 left"), "\(mended)")
        #expect(try ids(try await site.cairn("checkpoints", "list", "--output", "json")).count == 2)
        #expect(try await site.cairn("bank", "reindex").errors.contains("as they should be"))

        // One changed byte of what was saved is found by reading it, and no repair touches it.
        _ = try await site.shell(
            "part=$(find bank -path '*/parts/*' | sort | head -1); printf X | dd of=$part bs=1 conv=notrunc status=none"
        )
        #expect(try await site.cairn("bank", "check").code == 0)
        let damaged = try await site.cairn("bank", "check", "--read-data", "--repair")
        #expect(damaged.code == 1 && damaged.output.contains("damage: part-damaged: "), "\(damaged)")
        #expect(try await site.cairn("bank", "check", "--read-data").code == 1)
    }
}
