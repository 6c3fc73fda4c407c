import Bank
import SeededRandom

extension BankConformance {
    static let listings: [BankConformance] = [
        BankConformance("keys are listed in byte order, in pages of any length") { bank in
            let seed = testSeed()
            do {
                try await compareWithReference(bank, seed: seed)
            } catch let failure as ConformanceFailure {
                throw ConformanceFailure("seed \(seed): \(failure.description)")
            }
        },
        BankConformance("a slash sorts between '.' and '0'") { bank in
            let keys = try ["a-/x", "a.b", "a.b1", "a/x", "a/x.y", "a/x-", "a0", "a0/b", "aa"].map {
                try BankKey($0)
            }
            // "aa" to "a-/x": the other way round than they are listed.
            for key in keys.reversed() where key.text != "a0/b" { try await bank.put(key, [1], if: .none) }
            let listed = try await bank.allKeys(below: nil)
            try expect(listed == keys.filter { $0.text != "a0/b" }.sorted(), "listed \(listed)")
        },
        BankConformance("a prefix is made of whole segments") { bank in
            for text in ["a/1", "a/b/2", "ab/3", "a.b/4", "a0/5"] {
                try await bank.put(try BankKey(text), [1], if: .none)
            }
            try expect(
                try await bank.allKeys(below: try BankKey("a")) == [try BankKey("a/1"), try BankKey("a/b/2")],
                "'a' does not list what is below it")
            try expect(try await bank.allKeys(below: try BankKey("a/b")) == [try BankKey("a/b/2")], "'a/b'")
            for text in ["a/1", "a/b/c", "b", "a/1/2"] {
                let found = try await bank.allKeys(below: try BankKey(text))
                try expect(found.isEmpty, "'\(text)' lists \(found)")
            }
        },
        BankConformance("a cursor need not exist") { bank in
            for text in ["a/1", "a/3", "b/1", "c"] { try await bank.put(try BankKey(text), [1], if: .none) }
            let cursors = [
                "0": 4, "a": 4, "a/0": 4, "a/1": 3, "a/1/x": 3, "a/2": 3, "a/3": 2, "a/4": 2, "a0": 2, "b": 2,
                "b/1": 1, "b/2/3": 1, "c": 0, "d/e": 0,
            ]
            for (text, count) in cursors {
                let page = try await bank.list(below: nil, after: try BankKey(text), limit: 10)
                try expect(page.keys.count == count && !page.more, "behind '\(text)' come \(page.keys)")
            }
            try await bank.delete(try BankKey("a/3"), if: .none)
            let page = try await bank.list(below: nil, after: try BankKey("a/3"), limit: 1)
            try expect(page.keys == [try BankKey("b/1")] && page.more, "behind a deleted key comes \(page)")
            try await eventually("a deleted key is listed") {
                try await bank.allKeys(below: try BankKey("a")) == [try BankKey("a/1")]
            }
            let outside = try await bank.list(below: try BankKey("a"), after: try BankKey("b"), limit: 9)
            try expect(outside == BankPage(keys: [], more: false), "behind the prefix comes \(outside)")
        },
        BankConformance("an empty bank lists nothing") { bank in
            try expect(try await bank.list(below: nil, after: nil, limit: 5) == BankPage(keys: [], more: false), "?")
            try await bank.put(try BankKey("x/y/z"), [1], if: .none)
            try await bank.delete(try BankKey("x/y/z"), if: .none)
            try await eventually("an emptied bank lists something") {
                try await bank.list(below: nil, after: nil, limit: 5) == BankPage(keys: [], more: false)
            }
        },
        BankConformance("a deleted key leaves the listings at once", need: .level(.createOnce)) { bank in
            for text in ["a/1", "a/2/x", "b"] {
                try await bank.put(try BankKey(text), [1], if: .none)
            }
            try await bank.delete(try BankKey("a/2/x"), if: .none)
            try expect(
                try await bank.allKeys(below: nil) == [try BankKey("a/1"), try BankKey("b")], "it is listed still")
            try expect(try await bank.allNames(below: try BankKey("a")) == ["1"], "it has a name still")
        },
    ]

    private static func compareWithReference(_ bank: any Bank, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let names = ["a", "b", "a.b", "a-b", "a0", "a%2F", "A", "~", "+", "aa", "a=b", "a@b", "0", "_"]
        var reference: [BankKey] = []
        for _ in 0..<120 {
            let depth = Int.random(in: 1...4, using: &generator)
            let text = (0..<depth).map { _ in names.randomElement(using: &generator) ?? "a" }.joined(separator: "/")
            let key = try BankKey(text)
            let conflicts = reference.contains {
                $0 == key || $0.text.hasPrefix(text + "/") || text.hasPrefix($0.text + "/")
            }
            if conflicts { continue }
            reference.append(key)
            try await bank.put(key, Array(text.utf8), if: .none)
        }
        reference.sort()
        for limit in [1, 2, 3, 7, 20, reference.count - 1, reference.count, reference.count + 1] {
            try await comparePages(bank, below: nil, limit: limit, reference)
        }
        for prefix in names + ["a/b", "b/a.b"] {
            let below = reference.filter { $0.text.hasPrefix(prefix + "/") }
            for limit in [1, 3, 100] { try await comparePages(bank, below: try BankKey(prefix), limit: limit, below) }
        }
    }

    private static func comparePages(
        _ bank: any Bank, below prefix: BankKey?, limit: Int, _ reference: [BankKey]
    ) async throws {
        var rest = reference[...]
        var last: BankKey?
        repeat {
            let page = try await bank.list(below: prefix, after: last, limit: limit)
            let expected = BankPage(keys: Array(rest.prefix(limit)), more: rest.count > limit)
            try expect(
                page == expected,
                "below \(prefix?.text ?? "everything") behind \(last?.text ?? "the start"), limit \(limit): "
                    + "expected \(expected), got \(page)")
            rest = rest.dropFirst(limit)
            last = page.keys.last
        } while !rest.isEmpty
    }
}
