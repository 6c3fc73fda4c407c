import CanonicalForm
import Foundation
import Testing

/// A plan that discovers, from its compilation without an inventory to the comparison of what was restored.
@Suite struct DiscoveryRoundTripTests {
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
