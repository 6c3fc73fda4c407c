import CanonicalForm
import Foundation
import Glibc
import Testing

/// Retention with the real programs.
@Suite(.timeLimit(.minutes(10))) struct RetentionTests {
    /// A site whose plan has a retention policy and nothing to save, so that runs are quick.
    private static func site(
        _ retention: String, leases: String = "{}", resource: String = "{id: a, type: Test::Thing}"
    ) async throws -> Site {
        let site = try await Site(initialize: false)
        try site.write(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: \(site.bank)}}
            plugins: [{name: command}, {name: noop}]
            leases: \(leases)
            """)
        try await compile(site, retention, resource: resource)
        let made = try await site.cairn("bank", "init")
        try #require(made.code == 0, "\(made)")
        return site
    }

    private static func compile(
        _ site: Site, _ retention: String, resource: String = "{id: a, type: Test::Thing}"
    ) async throws {
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            provider: local
            resources: [\(resource)]
            retention: \(retention)
            """)
        try await site.compile()
    }

    private static func run(_ site: Site, _ arguments: String...) async throws -> Ending {
        try await Programs.run("cairn", arguments, in: site.place)
    }

    /// Makes checkpoints and removes none; their ids, newest first.
    private static func protect(_ site: Site, _ count: Int) async throws -> [String] {
        var ids: [String] = []
        for _ in 0..<count {
            let ending = try await run(site, "protect", "plan.ir", "--no-retain")
            try #require(ending.code == 0, "\(ending)")
            ids.append(ending.output.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return ids.reversed()
    }

    private static func listed(_ site: Site) async throws -> [String] {
        let ending = try await run(site, "checkpoints", "list", "--output", "json")
        return try #require(try ending.json().arrayValue).compactMap { $0.objectValue?["checkpoint"]?.stringValue }
    }

    @Test func sayingWhatWouldGoRemovesNothing() async throws {
        let site = try await Self.site("{keepLast: 2}")
        let ids = try await Self.protect(site, 4)
        for arguments in [["retain", "plan.ir", "--dry-run"], ["retain", "--plan", "shop", "--dry-run"]] {
            let ending = try await Programs.run("cairn", arguments, in: site.place)
            #expect(ending.code == 0, "\(ending)")
            let lines = ending.output.split(separator: "\n").map(String.init)
            #expect(lines.first?.hasPrefix("CHECKPOINT") == true && lines.count == 5, "\(ending)")
            for (line, (id, word)) in zip(lines.dropFirst(), zip(ids, ["stay", "stay", "go", "go"])) {
                #expect(line.hasPrefix(id) && line.contains("  \(word)  "), "\(line)")
            }
            #expect(lines[1].hasSuffix("keepLast: 1 of 2; the newest that can be restored"))
            #expect(lines[3].hasSuffix("no rule keeps it"))
            #expect(ending.errors == "2 checkpoints of plan 'shop' would be removed, 2 stay\n")
        }
        #expect(try await Self.listed(site) == ids)
    }

    @Test func whatGoesIsRemovedAndWhatIsPinnedStays() async throws {
        let site = try await Self.site("{keepLast: 1, timezone: Asia/Tokyo}")
        let ids = try await Self.protect(site, 4)
        let pinned = try await Self.run(site, "checkpoints", "pin", ids[3], "--reason", "before the move")
        #expect(pinned.code == 0, "\(pinned)")
        let ending = try await Self.run(site, "retain", "--plan", "shop", "--output", "json")
        #expect(ending.code == 0 && ending.errors.isEmpty, "\(ending)")
        let report = try #require(try ending.json().objectValue)
        #expect(report["plan"] == "shop" && report["timezone"] == "Asia/Tokyo" && report["dryRun"] == .bool(false))
        #expect(report["removed"] == 2 && report["failed"] == 0)
        let checkpoints = try #require(report["checkpoints"]?.arrayValue).compactMap(\.objectValue)
        #expect(checkpoints.compactMap { $0["checkpoint"]?.stringValue } == ids)
        #expect(checkpoints.map { $0["outcome"] } == ["kept", "removed", "removed", "kept"])
        #expect(checkpoints.map { $0["decision"] } == ["keep", "remove", "remove", "keep"])
        #expect(checkpoints[3]["reasons"] == [["code": "pinned", "words": "pinned"]])
        #expect(try await Self.listed(site) == [ids[0], ids[3]])
        let again = try await Self.run(site, "retain", "plan.ir")
        #expect(again.code == 0 && again.errors == "0 checkpoints of plan 'shop' were removed, 2 stay\n", "\(again)")
    }

    @Test func aRunThatSucceededAppliesThePolicy() async throws {
        let site = try await Self.site("{keepLast: 2}")
        let ids = try await Self.protect(site, 3)
        let ending = try await Self.run(site, "protect", "plan.ir")
        #expect(ending.code == 0, "\(ending)")
        #expect(ending.errors.contains("retention: 2 checkpoints of plan 'shop' were removed, 2 stay\n"), "\(ending)")
        let newest = ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await Self.listed(site) == [newest, ids[0]])
        let told = try await Self.run(site, "protect", "plan.ir", "--output", "json")
        let retention = try #require(try told.json().objectValue?["retention"]?.objectValue)
        #expect(retention == ["status": "applied", "removed": 1, "kept": 2, "failed": 0])
        let off = try await Self.run(site, "protect", "plan.ir", "--output", "json", "--no-retain")
        #expect(try off.json().objectValue?["retention"] == ["status": "off"])
        #expect(try await Self.listed(site).count == 3)
    }

    @Test func aPlanWithoutPolicyKeepsEverything() async throws {
        let site = try await Self.site("{}")
        let ids = try await Self.protect(site, 3)
        let told = try await Self.run(site, "protect", "plan.ir", "--output", "json")
        #expect(try told.json().objectValue?["retention"] == ["status": "none"])
        let ending = try await Self.run(site, "retain", "--plan", "shop")
        #expect(ending.code == 0 && ending.errors.contains("has no retention policy"), "\(ending)")
        #expect(try await Array(Self.listed(site).dropFirst()) == ids)
    }

    @Test func aRunThatFailedRemovesNothing() async throws {
        let site = try await Self.site("{keepLast: 1, maxAge: 1s}")
        let ids = try await Self.protect(site, 3)
        try await Self.compile(
            site, "{keepLast: 1, maxAge: 1s}",
            resource: "{id: a, type: Host::Command::Artifact, properties: {dump: [\"false\"], restore: [cat]}}")
        let ending = try await Self.run(site, "protect", "plan.ir", "--output", "json")
        #expect(ending.code == 1, "\(ending)")
        #expect(try ending.json().objectValue?["retention"] == ["status": "skipped"])
        #expect(try await Array(Self.listed(site).dropFirst()) == ids)
    }

    @Test func whatCannotBeAppliedIsNoFailureOfTheBackup() async throws {
        let site = try await Self.site("{keepDaily: 1, timezone: Mars/Olympus}")
        let ids = try await Self.protect(site, 2)
        let ending = try await Self.run(site, "protect", "plan.ir")
        #expect(ending.code == 0, "\(ending)")
        #expect(ending.errors.contains("notice: the retention policy was not applied"), "\(ending)")
        #expect(
            ending.errors.contains("no time zone 'Mars/Olympus'") && ending.errors.contains("cairn retain --plan shop"))
        let told = try await Self.run(site, "protect", "plan.ir", "--output", "json")
        #expect(told.code == 0)
        #expect(try told.json().objectValue?["retention"]?.objectValue?["status"] == "failed")
        let retained = try await Self.run(site, "retain", "plan.ir")
        #expect(retained.code == 1 && retained.errors.contains("Mars/Olympus"), "\(retained)")
        #expect(try await Array(Self.listed(site).dropFirst(2)) == ids)
    }

    @Test func whatIsAskedWrongly() async throws {
        let site = try await Self.site("{keepLast: 1}")
        #expect(try await Self.run(site, "retain").code == 2)
        #expect(try await Self.run(site, "retain", "plan.ir", "--plan", "shop").code == 2)
        let unknown = try await Self.run(site, "retain", "--plan", "nope")
        #expect(unknown.code == 1 && unknown.errors.contains("no available checkpoint"), "\(unknown)")
        let missing = try await Self.run(site, "retain", "nope.ir")
        #expect(missing.code == 1 && missing.errors.contains("nope.ir"), "\(missing)")
        let none = try await Self.run(site, "retain", "plan.ir")
        #expect(none.code == 0 && none.errors.contains("has no checkpoints"), "\(none)")
    }

    // MARK: Leases

    /// A run that stands still for longer than its lease lasts does nothing more, and says what happened.
    @Test func aRunThatSleptPastItsLeaseStopsItself() async throws {
        let site = try await Self.site(
            "{}", leases: "{expireWindow: 6s, renewWindow: 2s, validityWindow: 2s}",
            resource:
                "{id: a, type: Host::Command::Artifact, properties: {dump: [sh, -c, \"touch began; until test -e go; do sleep 0.1; done; echo done\"], restore: [cat]}}"
        )
        let place = site.place
        let ending = try await Programs.run("cairn", ["protect", "plan.ir"], in: place) { process in
            try await Programs.wait { FileManager.default.fileExists(atPath: place + "/began") }
            kill(process, SIGSTOP)
            try await Task.sleep(for: .seconds(7))
            kill(process, SIGCONT)
        }
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains("lease") && ending.errors.contains("stood still"), "\(ending)")
        #expect(ending.errors.contains("cairn resume"), "\(ending)")
        try Data().write(to: URL(fileURLWithPath: place + "/go"))
        let resumed = try await Self.run(site, "resume", "--last")
        #expect(resumed.code == 0, "\(resumed)")
    }
}
