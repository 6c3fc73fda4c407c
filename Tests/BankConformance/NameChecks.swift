import Bank
import SeededRandom

extension BankConformance {
    static let names: [BankConformance] = [
        BankConformance("names are those right below a prefix, each once, in byte order") { bank in
            for text in ["a/1", "a/b/2", "a/b/3/4", "a/b.c/5", "a/b-/6", "a/b0/7", "ab/8", "a.b/9", "a0", "A/x"] {
                try await bank.put(try BankKey(text), [1], if: .none)
            }
            let expected: [String?: [String]] = [
                nil: ["A", "a", "a.b", "a0", "ab"], "a": ["1", "b", "b-", "b.c", "b0"], "a/b": ["2", "3"],
                "a/b/3": ["4"], "a/b/3/4": [], "a0": [], "b": [], "a/c": [], "a/b/3/4/5": [],
            ]
            for (prefix, names) in expected {
                let found = try await bank.allNames(below: try prefix.map { try BankKey($0) })
                try expect(found == names, "below \(prefix ?? "everything") are the names \(found)")
            }
            try await bank.delete(try BankKey("a/b/2"), if: .none)
            try await bank.delete(try BankKey("a/1"), if: .none)
            try await eventually("a deleted object has a name") {
                let names = try await bank.allNames(below: try BankKey("a"))
                return try await bank.allNames(below: try BankKey("a/b")) == ["3"] && names.first == "b"
            }
        },
        BankConformance("a page of names begins behind any text") { bank in
            for text in ["p/b/x", "p/b/y", "p/d", "p/d-e", "q/r"] {
                try await bank.put(try BankKey(text), [1], if: .none)
            }
            let prefix = try BankKey("p")
            let cursors = ["": 3, "a": 3, "b": 2, "b/y": 2, "c": 2, "d": 1, "d-e": 0, "e": 0, "..": 3, "\u{e4}": 0]
            for (after, count) in cursors {
                let page = try await bank.names(below: prefix, after: after, limit: 10)
                try expect(page.names.count == count && !page.more, "behind '\(after)' come \(page.names)")
            }
            let first = try await bank.names(below: prefix, after: nil, limit: -1)
            try expect(first == BankNames(names: ["b"], more: true), "a limit of less than 1 gives \(first)")
        },
        BankConformance("pages of names are of any length, and together they are all") { bank in
            let seed = testSeed()
            var generator = SeededGenerator(seed: seed)
            let parts = ["a", "b", "a.b", "a-b", "a0", "a%2F", "A", "~", "+", "aa", "a=b", "a@b", "0", "_"]
            var keys: [BankKey] = []
            for number in 0..<60 {
                let depth = Int.random(in: 1...3, using: &generator)
                let text = (0..<depth).map { _ in parts.randomElement(using: &generator) ?? "a" }
                // The last segment is a number of its own, so that no key lies below another one.
                let key = try BankKey((text + ["n\(number)"]).joined(separator: "/"))
                keys.append(key)
                try await bank.put(key, [1], if: .none)
            }
            for prefix in [nil, try BankKey("a"), try BankKey("a.b"), try BankKey("a/b")] {
                let whole = BankNames(among: keys, below: prefix, after: nil, limit: .max).names
                for limit in [1, 2, 5, 100] {
                    var rest = whole[...]
                    repeat {
                        let after = whole[..<rest.startIndex].last
                        let page = try await bank.names(below: prefix, after: after, limit: limit)
                        let wanted = BankNames(names: Array(rest.prefix(limit)), more: rest.count > limit)
                        try expect(page == wanted, "seed \(seed): expected \(wanted), got \(page)")
                        rest = rest.dropFirst(limit)
                    } while !rest.isEmpty
                }
            }
        },
    ]

    static let times: [BankConformance] = [
        BankConformance("the time of a write is the store's, and goes on") { bank in
            let key = try BankKey("time/of/day")
            try expect(try await bank.modified(key) == nil, "what is not there has a time")
            try await bank.put(key, [1], if: .none)
            // A store that tells no time tells none of any object.
            guard let first = try await bank.modified(key) else { return }
            try expect(try await bank.modified(try BankKey("time")) == nil, "a prefix has a time")
            try expect(try await bank.modified(try BankKey("time/of/day/x")) == nil, "below an object is a time")
            try expect(try await bank.modified(key) == first, "a read changes the time")
            try await bank.put(key, stream: TestChunks([[2], [3]]), if: .none)
            let second = try await bank.modified(key) ?? 0
            try expect(second >= first, "a later write has an earlier time: \(first), then \(second)")
            let other = try BankKey("time/of/night")
            try await bank.put(other, [1], if: .none)
            let third = try await bank.modified(other) ?? 0
            try expect(third >= second, "another object's later write has an earlier time: \(second), then \(third)")
            try await bank.delete(key, if: .none)
            try expect(try await bank.modified(key) == nil, "a deleted object has a time")
        },
        BankConformance("a replacement with the same bytes is a write") { bank in
            let key = try BankKey("same")
            try await bank.put(key, [1], if: .none)
            guard let first = try await bank.modified(key) else { return }
            // Stores keep times to a second at worst; most of them to a few milliseconds.
            var last = first
            for _ in 0..<150 where last == first {
                try await Task.sleep(for: .milliseconds(10))
                try await bank.put(key, [1], if: .none)
                last = try await bank.modified(key) ?? 0
            }
            try expect(last > first, "writing the same bytes again is not seen in the time")
        },
    ]
}
