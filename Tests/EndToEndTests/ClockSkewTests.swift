import Foundation
import Testing

/// What goes by the age of checkpoints, while the clocks of host and bank are apart.
@Suite(.timeLimit(.minutes(10))) struct ClockSkewTests {
    /// The environment in which the bank's clock is so many seconds ahead.
    private static func ahead(_ seconds: Int) -> [String: String?] {
        ["CAIRN_DEGRADED_BANK": "compareAndSwap:0:\(seconds)"]
    }

    /// A site whose plan keeps one checkpoint, and which has two and a crashed run: there is something to remove.
    private static func site() async throws -> Site {
        let site = try await Site()
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: shop
            provider: local
            resources: [{id: a, type: Test::Thing}]
            retention: {keepLast: 1}
            """)
        try await site.compile()
        for _ in 0..<2 {
            let made = try await site.cairn("protect", "plan.ir", "--no-retain")
            try #require(made.code == 0, "\(made)")
        }
        let crashed = try await site.cairn(
            "protect", "plan.ir", "--no-retain", environment: ["CAIRN_CRASH_AT": "before-put-commit"])
        try #require(crashed.code < 0, "\(crashed)")
        return site
    }

    /// `3660` is an hour and a minute, so that what a run takes does not round it to 59 minutes.
    @Test(arguments: [(3660, "behind"), (-3660, "ahead of"), (301, "behind"), (-400, "ahead of")])
    func nothingIsRemovedByItsAge(_ seconds: Int, _ words: String) async throws {
        let site = try await Self.site()
        let before = try site.objects()
        for arguments in [["gc"], ["retain", "plan.ir"], ["retain", "--plan", "shop", "--output", "json"]] {
            let ending = try await Programs.run(
                "cairn", arguments, in: site.place, environment: Self.ahead(seconds))
            #expect(ending.code == 1 && ending.output.isEmpty, "\(arguments): \(ending)")
            #expect(ending.errors.contains(" \(words) the bank's"), "\(arguments): \(ending)")
            #expect(
                ending.errors.contains("so that nothing can be removed by its age; set the clocks"),
                "\(arguments): \(ending)")
        }
        #expect(try site.objects() == before)
        let leases = try FileManager.default.contentsOfDirectory(atPath: site.bank + "/leases")
        // That of the run that crashed.
        #expect(leases.count == 1, "\(leases)")
        // Looking is allowed, and says what would go.
        let looked = try await site.cairn("retain", "plan.ir", "--dry-run", environment: Self.ahead(seconds))
        #expect(looked.code == 0 && looked.errors.contains("1 checkpoint of plan 'shop' would be removed"), "\(looked)")
        #expect(try site.objects() == before)
    }

    @Test func aRunSucceedsAndLeavesWhatIsOld() async throws {
        let site = try await Self.site()
        let ending = try await site.cairn("protect", "plan.ir", environment: Self.ahead(3660))
        #expect(ending.code == 0, "\(ending)")
        #expect(ending.errors.contains("this host's clock is 1 h behind the bank's"), "\(ending)")
        #expect(ending.errors.contains("the times of its checkpoints will be wrong"), "\(ending)")
        #expect(ending.errors.contains("so that nothing can be removed by its age"), "\(ending)")
        let listed = try await site.listed("local").filter { $0.status == "available" }
        #expect(listed.count == 3, "\(listed)")
    }

    @Test(arguments: [-290, 0, 290]) func clocksThatNearlyAgreeDoNoHarm(_ seconds: Int) async throws {
        let site = try await Self.site()
        for arguments in [["gc"], ["retain", "plan.ir"]] {
            let ending = try await Programs.run(
                "cairn", arguments, in: site.place, environment: Self.ahead(seconds))
            #expect(ending.code == 0 && !ending.errors.contains("clock"), "\(arguments): \(ending)")
        }
        let listed = try await site.listed("local")
        #expect(listed.map(\.status).sorted() == ["available", "error"], "\(listed)")
    }
}
