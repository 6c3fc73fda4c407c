import Bank
internal import SeededRandom

extension BankConformance {
    static let limits: [BankConformance] = [
        BankConformance("the longest and deepest keys can be used") { bank in
            let room = BankKey.maximumLength - own(bank)
            let segment = String(repeating: "s", count: BankKey.maximumSegmentLength)
            var longest = Array(repeating: "l" + segment.dropFirst(), count: room / (segment.utf8.count + 1))
            longest.append(String(repeating: "~", count: room - longest.joined(separator: "/").utf8.count - 1))
            let deepest = Array(repeating: "d", count: (room + 1) / 2)
            let keys = try [deepest.joined(separator: "/"), longest.joined(separator: "/"), segment].map {
                try BankKey($0)
            }
            try expect(keys[1].text.utf8.count == room, "the longest key has \(keys[1].text.utf8.count) bytes")
            for key in keys {
                try await bank.put(key, Array(key.text.utf8), if: .ifAbsent)
                try expect(try await bank.get(key) == Array(key.text.utf8), "a long key has other bytes")
                try expect(try await bank.size(key) == Int64(key.text.utf8.count), "a long key has no size")
                _ = try await bank.modified(key)
                try await bank.put(key, stream: TestChunks([[1]]), if: .none)
            }
            try expect(try await bank.allKeys(below: nil) == keys, "long keys are not listed")
            let above = try BankKey(longest.dropLast().joined(separator: "/"))
            try expect(try await bank.allNames(below: above) == longest.suffix(1), "a long key has no name")
            try expect(try await bank.allKeys(below: above) == [keys[1]], "below a long prefix is nothing")
            try expect(try await bank.allNames(below: keys[1]).isEmpty, "below the longest key is something")
            try expect(try await bank.allKeys(below: keys[1]).isEmpty, "below the longest key is something")
            for key in keys { try await bank.delete(key, if: .none) }
            try await eventually("long keys stay") { try await bank.allKeys(below: nil).isEmpty }
        },
        BankConformance("a key that is one byte too long is refused, and the error says so") { bank in
            let room = BankKey.maximumLength - own(bank)
            let long = String(repeating: "x/", count: room / 2) + String(repeating: "y", count: room % 2 + 1)
            try expect(long.utf8.count == room + 1, "the test is wrong")
            let attempts: [() async throws -> Void] = [
                { try await bank.put(try BankKey(long), [1], if: .none) },
                { try await bank.put(try BankKey(long), stream: TestChunks([[1]]), if: .none) },
                { _ = try await bank.get(try BankKey(long)) },
                { _ = try await bank.modified(try BankKey(long)) },
                { try await bank.delete(try BankKey(long), if: .none) },
                { _ = try BankKey(String(repeating: "s", count: BankKey.maximumSegmentLength + 1)) },
            ]
            for attempt in attempts {
                try await expectError("invalidKey", { $0.description.contains("at most") }, attempt)
            }
            try expect(try await bank.allKeys(below: nil).isEmpty, "a refused key left something")
        },
        BankConformance("bytes of any length come back as they were put") { bank in
            let seed = testSeed()
            var generator = SeededGenerator(seed: seed)
            let borders = [0, 1, 4096, 65_536, 1 << 20, 2 << 20, 3 << 20]
            for _ in 0..<12 {
                let border = borders.randomElement(using: &generator) ?? 0
                let count = max(0, border + Int.random(in: -3...3, using: &generator))
                let bytes = pattern(count, seed: generator.next())
                let key = try BankKey("sizes/\(count)")
                var rest = bytes[...]
                var chunks: [[UInt8]] = []
                while !rest.isEmpty {
                    let length = Int.random(in: 1...max(1, count), using: &generator)
                    chunks.append(Array(rest.prefix(length)))
                    rest = rest.dropFirst(length)
                }
                for isStreamed in [false, true] {
                    if isStreamed {
                        let size = try await bank.put(key, stream: TestChunks(chunks), if: .none)
                        try expect(size == Int64(count), "seed \(seed): a stream of \(count) counted \(size)")
                    } else {
                        try await bank.put(key, bytes, if: .none)
                    }
                    try expect(try await bank.get(key) == bytes, "seed \(seed): \(count) bytes came back changed")
                    let streamed = try await collect(try await bank.stream(key))
                    try expect(streamed == bytes, "seed \(seed): \(count) bytes came back changed as a stream")
                }
            }
        },
    ]

    /// How many bytes of each whole key a section takes for itself.
    private static func own(_ bank: any Bank) -> Int {
        (bank as? BankSection).map { $0.prefix.text.utf8.count + 1 } ?? 0
    }
}
