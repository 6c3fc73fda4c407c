import Bank
import BankConformance
import Checkpoints
import SeededRandom
import Surroundings
import Testing

/// Listings of checkpoints: filters, orders, pages, and indices that are not as they should be.
@Suite struct ListingTests {
    @Test(arguments: ConsistencyLevel.allCases)
    func pagesTogetherAreTheListing(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        var made = try await shelf.fill(23)
        // Two that were made in the same millisecond, and one that is unfinished.
        made.append(try await shelf.add(made[4].created.milliseconds))
        made.append(try await shelf.add(made[9].created.milliseconds + 1, status: nil))
        let newest = made.sorted { ($0.created, $0.id) > ($1.created, $1.id) }.map(\.id)
        for order in ListingOrder.allCases {
            let expected = order == .newestFirst ? newest : newest.reversed()
            #expect(try await shelf.ids(order: order) == expected)
            for limit in [1, 2, 7, 24, 25, 100] {
                var pages: [CheckpointID] = []
                var cursor: CheckpointCollection.Cursor?
                repeat {
                    let page = try await shelf.collection.page(
                        .init(plan: "shop"), order: order, after: cursor, limit: limit)
                    #expect(page.checkpoints.count == limit || page.next == nil)
                    pages += page.checkpoints.map(\.summary.id)
                    cursor = page.next
                    // What is printed is read again.
                    if let next = cursor { #expect(CheckpointCollection.Cursor(next.description) == next) }
                } while cursor != nil
                #expect(pages == expected, "\(order), pages of \(limit)")
            }
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func filtersNarrow(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let shop = try await shelf.fill(6, every: 24)
        let blog = try await shelf.add(BankShelf.start + 1, plan: "blog")
        let failed = try await shelf.add(BankShelf.start + 2, status: .error)
        let away = try await shelf.add(BankShelf.start + 3, provider: "cloud")
        try await shelf.collection.annotate(shop[2].id, now: shop[2].created) {
            try $0.set("release", "2.4")
            try $0.set("kept", "")
        }
        #expect(try await shelf.ids(.init(plan: "blog")) == [blog.id])
        #expect(try await shelf.ids(.init(provider: "cloud")) == [away.id])
        #expect(try await shelf.ids(.init(plan: "shop", provider: "cloud")) == [away.id])
        #expect(try await shelf.ids(.init(status: .error)) == [failed.id])
        #expect(try await shelf.ids(.init(plan: "nothing")).isEmpty)
        // From a time on, and up to one that is left out.
        #expect(
            try await shelf.ids(.init(plan: "shop", since: shop[2].created, until: shop[4].created)) == [
                shop[3].id, shop[2].id,
            ])
        for (key, value, isThere) in [
            ("release", "2.4", true), ("release", nil, true), ("release", "2.5", false), ("kept", "", true),
            ("other", nil, false),
        ] {
            let found = try await shelf.ids(.init(labels: [LabelRequirement(key: key, value: value)]))
            #expect(found == (isThere ? [shop[2].id] : []), "\(key)=\(value ?? "*")")
        }
        let both = [LabelRequirement(key: "release", value: nil), LabelRequirement(key: "other", value: nil)]
        #expect(try await shelf.ids(.init(labels: both)).isEmpty)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aCursorStaysRightWhileCheckpointsComeAndGo(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let made = try await shelf.fill(10)
        let page = try await shelf.collection.page(.init(plan: "shop"), limit: 3)
        #expect(page.checkpoints.map(\.summary.id) == made.suffix(3).reversed().map(\.id))
        // The one that the cursor names goes, and so does one of the next page; a newer one comes.
        for gone in [made[7], made[5]] {
            let mark = try await shelf.collection.beginDeletion(gone.id, now: gone.created, force: false)
            try await shelf.collection.finishDeletion(mark)
        }
        try await shelf.add(made[9].created.milliseconds + 1)
        let left = [made[6]] + made[0..<5].reversed()
        #expect(try await shelf.ids(.init(plan: "shop"), after: page.next) == left.map(\.id))
    }

    @Test func noCursorIsMadeOfOtherTexts() {
        for text in [
            "", "x", "20260301T000000.000Z", "20260301T000000.000Z@short", "20261301T000000.000Z@0123456789abcdef",
        ] {
            #expect(CheckpointCollection.Cursor(text) == nil, "\(text)")
        }
    }

    @Test func aPageCostsWhatThePageCosts() async throws {
        var costs: [Int] = []
        for count in [80, 480] {
            let shelf = BankShelf()
            _ = try await shelf.fill(count)
            let counting = CountingBank(shelf.memory)
            let collection = CheckpointCollection(
                bank: counting, owner: BankShelf.owner, consistency: .compareAndSwap, hasEnded: { _ in true })
            let page = try await collection.page(.init(plan: "shop"), limit: 10, annotated: true)
            #expect(page.checkpoints.count == 10)
            costs.append(counting.reads)
            counting.forget()
            _ = try await collection.last(.init(plan: "shop"))
            #expect(counting.reads < 40)
        }
        #expect(costs[1] * 4 <= costs[0] * 5, "\(costs)")
        #expect(costs[1] < 40, "\(costs)")
    }

    // MARK: Indices that are not as they should be

    /// Whoever has claimed a later epoch may commit something else; as long as that is open, nobody relies on the record.
    @Test(arguments: ConsistencyLevel.allCases)
    func aCommitRecordBehindWhichSomeoneHasClaimedDecidesNothing(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let made = try await shelf.fill(3)
        let claimed = made[1].id
        try await shelf.bank.put(CheckpointLayout.unfinished(claimed), shelf.collection.marker(claimed), if: .none)
        let epoch = try await shelf.collection.claim(claimed, after: 1, now: made[1].created, random: SystemRandom())
        #expect(epoch > 1)
        func available() async throws -> [[CheckpointID]] {
            let surveyed = try await shelf.collection.survey(plan: "shop", provider: "local")
            return [
                try await shelf.ids(.init(plan: "shop", status: .available), order: .oldestFirst),
                surveyed.filter { $0.status == .available }.sorted { $0.created < $1.created }.map(\.id),
            ]
        }
        let others = [made[0].id, made[2].id]
        #expect(try await available() == [others, others])
        #expect(try await shelf.ids(.init(plan: "shop")).count == 3)
        // Whoever removes the marker has seen to it that nothing else will be committed.
        try await shelf.collection.settle(claimed)
        let all = made.map(\.id)
        #expect(try await available() == [all, all])
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func anEntryWithoutCheckpointIsPassedOver(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let made = try await shelf.fill(4)
        let ghost = CheckpointID.random()
        let other = Timestamp(milliseconds: made[3].created.milliseconds + 5)
        let index = try CheckpointLayout.byPlan("shop")
        var strays = [
            try IndexEntry(created: other, id: ghost).key(in: index),
            // Of a checkpoint that was made at another time, and of one of another plan.
            try IndexEntry(created: other, id: made[1].id).key(in: index),
            try IndexEntry(created: made[0].created, id: made[0].id).key(in: CheckpointLayout.byPlan("blog")),
            try index.appending("nonsense"), try index.appending("20261122/nonsense"),
        ]
        strays.append(try IndexEntry(created: other, id: ghost).undatedKey(in: index))
        for key in strays { try await shelf.bank.put(key, Array("nonsense".utf8), if: .none) }
        #expect(try await shelf.ids(.init(plan: "shop")) == made.reversed().map(\.id))
        #expect(try await shelf.ids(.init(plan: "blog")).isEmpty)
        #expect(try await shelf.collection.last(.init(plan: "shop")).checkpoint.id == made[3].id)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func oneLostEntryHidesNothing(_ level: ConsistencyLevel) async throws {
        for number in 0..<3 {
            let shelf = BankShelf(level)
            let made = try await shelf.fill(9)
            for index in [made[8], made[4], made[0]] {
                let keys = try shelf.collection.indexKeys(
                    plan: index.plan, provider: index.provider, index.created, index.id)
                try await shelf.bank.delete(keys[number], if: .none)
            }
            for filter in [CheckpointCollection.Filter(), .init(plan: "shop"), .init(provider: "local")] {
                #expect(try await shelf.ids(filter) == made.reversed().map(\.id), "index \(number), \(filter)")
            }
            #expect(try await shelf.collection.last(.init(plan: "shop")).checkpoint.id == made[8].id)
        }
    }

    /// In a bank of many plans, comparing indices costs more than a page: then that is said, and who asks for the last, or
    /// for all, gets what the index has lost.
    @Test func aLostEntryInABusyBankHidesNothingSilently() async throws {
        let shelf = BankShelf()
        let one = try await shelf.fill(2, plan: "one")
        for number in 0..<70 { try await shelf.add(one[1].created.milliseconds + Int64(number) + 1, plan: "other") }
        let filter = CheckpointCollection.Filter(plan: "one")
        func standing(_ filter: CheckpointCollection.Filter, limit: Int = .max) async throws -> IndexStanding {
            try await shelf.collection.page(filter, limit: limit).indices
        }
        #expect(try await standing(filter) == IndexStanding())
        #expect(try await shelf.collection.last(filter).indices == IndexStanding())
        let key = try IndexEntry(created: one[1].created, id: one[1].id).key(in: CheckpointLayout.byPlan("one"))
        try await shelf.bank.delete(key, if: .none)
        let last = try await shelf.collection.last(filter)
        #expect(last.checkpoint.id == one[1].id && last.indices.isIncomplete)
        #expect(try await shelf.ids(filter) == one.reversed().map(\.id))
        #expect(try await standing(filter).notice?.contains("'cairn bank reindex'") == true)
        // A page says that it has not looked.
        #expect(try await !standing(filter, limit: 5).isCompared)
        #expect(try await standing(.init(), limit: 5) == IndexStanding())
        // The same where the index by date has lost it.
        try await shelf.bank.put(key, shelf.collection.marker(one[1].id), if: .none)
        #expect(try await standing(filter) == IndexStanding())
        let byDate = try IndexEntry(created: one[1].created, id: one[1].id).key(in: CheckpointLayout.byDate)
        try await shelf.bank.delete(byDate, if: .none)
        let again = try await shelf.collection.last(filter)
        #expect(again.checkpoint.id == one[1].id && again.indices.isIncomplete)
    }

    /// Nothing says that there is nothing because all indices are gone.
    @Test(arguments: ConsistencyLevel.allCases)
    func lostIndicesAreNoEmptyBank(_ level: ConsistencyLevel) async throws {
        // As long as markers linger that were removed, they lead to what the indices have lost.
        let shelf = BankShelf(level, lingers: false)
        for filter in [CheckpointCollection.Filter(), .init(plan: "shop"), .init(provider: "local")] {
            #expect(try await shelf.collection.page(filter).indices.notice == nil)
            #expect(try await shelf.collection.list(filter).isEmpty)
        }
        // What is unfinished has no entries yet.
        let unfinished = try await shelf.add(BankShelf.start, status: nil)
        #expect(try await shelf.collection.list(.init()).map(\.id) == [unfinished.id])
        _ = try await shelf.fill(3)
        #expect(try await shelf.collection.page(.init(plan: "none")).indices.notice == nil)
        for key in shelf.memory.contents.keys
        where key.text.hasPrefix("indices/") && CheckpointLayout.unfinishedID(of: key) == nil {
            try await shelf.memory.delete(key, if: .none)
        }
        for filter in [CheckpointCollection.Filter(), .init(plan: "shop"), .init(provider: "local")] {
            let page = try await shelf.collection.page(filter)
            #expect(page.indices.isLost && page.checkpoints.map(\.summary.id) == [unfinished.id])
            await #expect(throws: CheckpointError.indicesLost) { try await shelf.collection.list(filter) }
            await #expect(throws: CheckpointError.indicesLost) { try await shelf.collection.last(filter) }
        }
        #expect(CheckpointError.indicesLost.description.contains("'cairn bank reindex'"))
    }

    /// What an entry or a marker must say is known; so one that is torn keeps nobody from going on.
    @Test(arguments: ConsistencyLevel.allCases)
    func tornEntriesAndMarkersAreWrittenAnew(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let index = try await shelf.add(BankShelf.start)
        let marker = CheckpointLayout.unfinished(index.id)
        let keys = try shelf.collection.indexKeys(
            plan: index.plan, provider: index.provider, index.created, index.id)
        for key in keys + [marker] { try await shelf.bank.put(key, Array("torn".utf8), if: .none) }
        #expect(try await shelf.ids() == [index.id])
        try await shelf.collection.publish(index)
        _ = try await shelf.collection.beginDeletion(index.id, now: index.created, force: false)
        for key in keys + [marker] {
            #expect(try await shelf.bank.get(key) == shelf.collection.marker(index.id), "\(key)")
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func entriesOfEarlierProgramsAreRead(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let made = try await shelf.fill(12)
        for index in made.prefix(7) {
            let keys = try shelf.collection.everyIndexKey(
                plan: index.plan, provider: index.provider, index.created, index.id)
            for (key, earlier) in zip(keys.prefix(3), keys.dropFirst(3)) {
                try await shelf.bank.put(earlier, shelf.collection.marker(index.id), if: .none)
                // Some have both.
                if index.id != made[3].id { try await shelf.bank.delete(key, if: .none) }
            }
        }
        #expect(try await shelf.ids(.init(plan: "shop")) == made.reversed().map(\.id))
        #expect(try await shelf.ids(order: .oldestFirst, limit: 8) == made.prefix(8).map(\.id))
        // What is deleted takes them along.
        let mark = try await shelf.collection.beginDeletion(made[3].id, now: made[3].created, force: false)
        try await shelf.collection.finishDeletion(mark)
        #expect(shelf.memory.contents.keys.allSatisfy { !$0.text.contains(made[3].id.text) })
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aDamagedCheckpointIsListedWithItsPlace(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let made = try await shelf.fill(5)
        let blog = try await shelf.add(made[4].created.milliseconds + 1, plan: "blog")
        try await shelf.bank.put(CheckpointKeys(made[4].id).index, Array("torn".utf8), if: .none)
        let page = try await shelf.collection.page(.init(plan: "shop"), annotated: true)
        #expect(page.checkpoints.map(\.summary.id) == made.reversed().map(\.id))
        let damaged = try #require(page.checkpoints.first?.summary)
        #expect(damaged.status == .damaged && damaged.plan == "shop" && damaged.created == made[4].created)
        await #expect(throws: CheckpointError.self) { try await shelf.collection.last(.init(plan: "shop")) }
        #expect(try await shelf.collection.last(.init(plan: "blog")).checkpoint.id == blog.id)
    }

    @Test func anIDIsFoundByItsBeginningWithoutAnyIndex() async throws {
        let shelf = BankShelf()
        for text in ["7k3m000000000000", "7k3m111111111111", "7k3n000000000000", "zzzz000000000000"] {
            try await shelf.add(BankShelf.start, id: try #require(CheckpointID(text)))
        }
        for key in try await shelf.bank.allKeys(below: CheckpointLayout.indices) {
            try await shelf.bank.delete(key, if: .none)
        }
        #expect(try await shelf.collection.resolve(prefix: "7k3n").text == "7k3n000000000000")
        #expect(try await shelf.collection.resolve(prefix: "7K3M1").text == "7k3m111111111111")
        #expect(try await shelf.collection.resolve(prefix: "zzzz000000000000").text == "zzzz000000000000")
        await #expect(throws: CheckpointError.self) { try await shelf.collection.resolve(prefix: "7k3m") }
        for text in ["8", "", "7k3m2", "7k3m0000000000001", "../.."] {
            await #expect(throws: CheckpointError.unknown(text)) { try await shelf.collection.resolve(prefix: text) }
        }
    }

    /// Random banks, with entries lost at random but never all of one checkpoint: against a listing that sorts all.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func randomBanksAreListedAsASortWould(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let shelf = BankShelf(ConsistencyLevel.allCases.randomElement(using: &random) ?? .listOnly)
        var made: [CheckpointIndex] = []
        for _ in 0..<40 {
            let created = BankShelf.start + Int64.random(in: 0..<(30 * 24), using: &random) * BankShelf.hour
            let plan = ["shop", "blog"].randomElement(using: &random) ?? "shop"
            made.append(
                try await shelf.add(
                    created, plan: plan,
                    status: [.available, .available, .error, nil].randomElement(using: &random) ?? nil,
                    id: .random(using: &random)))
        }
        made.sort { ($0.created, $0.id) > ($1.created, $1.id) }
        for plan in [nil, "shop", "blog"] {
            let wanted = made.filter { plan == nil || $0.plan == plan }
            let cut = wanted[Int.random(in: wanted.indices, using: &random)].created
            let expected = wanted.filter { $0.created >= cut }.map(\.id)
            let found = try await shelf.ids(.init(plan: plan, since: cut), limit: 1000)
            #expect(found == expected, "seed \(seed), \(plan ?? "all")")
            let oldest = try await shelf.ids(.init(plan: plan, until: cut), order: .oldestFirst)
            #expect(oldest == wanted.filter { $0.created < cut }.reversed().map(\.id), "seed \(seed), \(plan ?? "all")")
        }
    }
}
