import CanonicalForm
import Foundation
import Testing

/// What the program says is what can be done next, and what it is given means what was meant.
@Suite("Words on the command line", .timeLimit(.minutes(10))) struct WordingTests {
    private func site() async throws -> Site {
        let site = try await Site()
        try site.write("source/file", "text")
        try await site.compile()
        return site
    }

    @Test("The last report is that of the last night, also of one that failed") func lastReport() async throws {
        let site = try await site()
        let good = try await site.protect()
        _ = try await site.shell("rm -r source")
        let failed = try await site.cairn("protect", "plan.ir")
        let bad = failed.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let shown = try await site.cairn("checkpoints", "show", "--last", "--output", "json")
        #expect(try shown.json().objectValue?["checkpoint"] == .string(bad), "\(shown)")
        let verified = try await site.cairn("verify", "--last", "--output", "json")
        #expect(try verified.json().objectValue?["checkpoint"] == .string(good), "\(verified)")
    }

    @Test("An event stream replaces an event stream, and nothing else") func events() async throws {
        let site = try await site()
        let plan = try Data(contentsOf: URL(filePath: site.place + "/plan.ir"))
        for file in ["plan.ir", "plan.yaml", "providers/local.yaml", "source/file"] {
            let ending = try await site.cairn("protect", "plan.ir", "--events", file)
            #expect(ending.code == 2 && ending.errors.contains("is no event stream"), "\(ending)")
        }
        #expect(try Data(contentsOf: URL(filePath: site.place + "/plan.ir")) == plan)
        try site.write("night", "")
        for _ in 0..<2 {
            let ending = try await site.cairn("protect", "plan.ir", "--events", "night", "-j4")
            #expect(ending.code == 0, "\(ending)")
        }
        let text = try String(contentsOfFile: site.place + "/night", encoding: .utf8)
        #expect(text.hasPrefix(#"{"event":"stream","seq":0,"#) && text.components(separatedBy: "\"began\"").count == 2)
    }

    @Test("A checkpoint that was deleted while it was made is not to be resumed") func deletedMeanwhile() async throws {
        let site = try await Site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 8000000 /dev/urandom | base64 > source/large")
        try await site.compile()
        let ending = try await Programs.run(
            "cairn", ["protect", "plan.ir"], in: site.place,
            meanwhile: { _ in
                try await Programs.wait {
                    try site.objects(below: "checkpoints/").contains { $0.contains("/journal/") }
                }
                let name = try FileManager.default.contentsOfDirectory(atPath: site.bank + "/checkpoints").first
                let deleted = try await site.cairn("delete", "--force", name ?? "")
                #expect(deleted.code == 0, "\(deleted)")
            })
        #expect(ending.code == 1 && !ending.errors.contains("resume"), "\(ending)")
    }

    @Test("With several providers, what is proposed says which") func proposals() async throws {
        let site = try await site()
        let local = try String(contentsOfFile: site.place + "/providers/local.yaml", encoding: .utf8)
        try site.write(
            "providers/other.yaml",
            local.replacing("name: local", with: "name: other").replacing(site.bank, with: site.place + "/bank2"))
        let id = try await site.protect()
        let pinned = try await site.cairn("checkpoints", "pin", id, "--provider", "local")
        #expect(pinned.code == 0, "\(pinned)")
        let refused = try await site.cairn("delete", id, "--provider", "local")
        #expect(refused.errors.contains("'cairn checkpoints unpin \(id) --provider local'"), "\(refused)")
        let proposed = try await site.shell(
            "\"$CAIRN/cairn\" checkpoints unpin \(id) --provider local && \"$CAIRN/cairn\" delete \(id) --provider local"
        )
        #expect(proposed.code == 0, "\(proposed)")
        let unknown = try await site.cairn("resume", "zzzz", "--provider", "local")
        #expect(unknown.errors.contains("'cairn checkpoints list --provider local'"), "\(unknown)")
        let none = try await site.cairn("verify", "--last", "--provider", "other")
        #expect(none.errors.contains("'cairn bank init --provider other'"), "\(none)")
    }

    @Test("Nothing is restored into a bank, nor over it") func intoTheBank() async throws {
        let site = try await site()
        _ = try await site.protect()
        _ = try await site.shell("ln -s bank/checkpoints link; mkdir bank.d")
        for place in ["bank", "bank/inside", "bank/checkpoints/../x", "link", "./bank//deep/er", site.bank] {
            let ending = try await site.cairn("restore", "--last", "--to", place)
            #expect(ending.code == 1 && ending.errors.contains("lies within the bank"), "\(place): \(ending)")
            let dry = try await site.cairn("restore", "--last", "--to", place, "--dry-run")
            #expect(dry.code == 1 && dry.errors.contains("lies within the bank"), "\(place): \(dry)")
        }
        let rehearsed = try await site.cairn("rehearse", "plan.ir", "--scratch", "bank")
        #expect(rehearsed.code == 1 && rehearsed.errors.contains("lies within the bank"), "\(rehearsed)")
        let beside = try await site.cairn("restore", "--last", "--to", "bank.d")
        #expect(beside.code == 0, "\(beside)")
        let checked = try await site.cairn("bank", "check")
        #expect(checked.code == 0, "\(checked)")
    }

    @Test("A tree is not restored over the bank in it, unless the bank was left out", arguments: [false, true])
    func overTheBank(_ isExcluded: Bool) async throws {
        let site = try await Site(parameters: isExcluded ? "{exclude: [/bank/]}" : "{}", initialize: false)
        for file in ["plan.yaml", "providers/local.yaml"] {
            let text = try String(contentsOfFile: site.place + "/" + file, encoding: .utf8)
            try site.write(file, text.replacing("path: \(site.bank)", with: "path: \(site.source)/bank"))
        }
        try site.write("source/file", "text")
        try await site.compile()
        _ = try await site.cairn("bank", "init")
        _ = try await site.protect()
        let ending = try await site.cairn("restore", "--last", "--overwrite")
        #expect(ending.code == (isExcluded ? 0 : 1), "\(ending)")
        #expect(ending.errors.contains("in which the bank") == !isExcluded, "\(ending)")
    }

    @Test("What is no name, no time or no text is refused before anything is done") func refusals() async throws {
        let site = try await site()
        let id = try await site.protect()
        let bytes = try await site.shell(
            "\"$CAIRN/cairn\" restore --last --to \"$(printf 'a\\377b')\"; echo code $?; ls -d a*b 2>/dev/null")
        #expect(bytes.output == "code 2\n" && bytes.errors.contains("Argument 4 is not UTF-8"), "\(bytes)")
        for arguments in [
            ["checkpoints", "list", "--plan", ""], ["bank", "sync", "", "--to", "local"],
            ["checkpoints", "list", "--plan", "Shop"], ["verify", "--last", "--plan", ""],
            ["retain", "--plan", ""],
        ] {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 2 && ending.errors.contains("is no plan's name"), "\(ending)")
        }
        let pinned = try await site.cairn("checkpoints", "pin", id, "--reason", "one\ntwo")
        #expect(
            pinned.code == 1 && pinned.errors.contains("the reason of the pin") && pinned.errors.contains("one line"))
        for (option, time, count) in [
            ("--since", "2001-01-01T00:00+01:00", 1), ("--until", "2001-01-01T00:00:00Z", 0),
            ("--since", "2999-01-01", 0),
            ("--until", "2999-01-01", 1),
        ] {
            let ending = try await site.cairn("checkpoints", "list", option, time, "--output", "json")
            #expect(try ending.json().arrayValue?.count == count, "\(ending)")
        }
        let zoneless = try await site.cairn("checkpoints", "list", "--since", "2026-11-22T13:24")
        #expect(zoneless.code == 2 && zoneless.errors.contains("a time with its zone"), "\(zoneless)")
    }
}
