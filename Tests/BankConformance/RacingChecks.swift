import Bank
internal import SeededRandom

extension BankConformance {
    /// What several writers of one key leave behind.
    static let racing: [BankConformance] = [
        BankConformance("of racing creates one wins at least, and what stays is a winner's") { bank in
            for round in 0..<3 {
                let key = try BankKey("race/\(round)")
                let winners = try await race(writers: 20) { writer in
                    try await bank.put(key, [UInt8(writer)], if: .ifAbsent)
                }
                try expect(!winners.isEmpty, "every writer was told that another one had won")
                try expect(winners.contains(Int(try await bank.get(key)[0])), "what stays was refused")
                try await expectRefusedOrReplaced(bank, key)
            }
        },
        BankConformance("a key that was removed is created again by one writer", need: .level(.createOnce)) { bank in
            let key = try BankKey("again/and/again")
            for round in 0..<10 {
                let winners = try await race(writers: 12) { writer in
                    let bytes = [UInt8(round), UInt8(writer)]
                    if writer % 2 == 0 {
                        try await bank.put(key, bytes, if: .ifAbsent)
                    } else {
                        try await bank.put(key, stream: TestChunks([[bytes[0]], [bytes[1]]]), if: .ifAbsent)
                    }
                }
                try expect(winners.count == 1, "\(winners.count) writers were told that they won: \(winners)")
                let expected = [UInt8(round), UInt8(winners[0])]
                try expect(try await bank.get(key) == expected, "another one's bytes are there")
                try await bank.delete(key, if: .none)
            }
        },
        BankConformance("a reader sees all of one write, whoever else writes") { bank in
            let key = try BankKey("whole")
            // Long enough to be written and read in several pieces, and each of a length of its own.
            @Sendable func content(_ writer: Int) -> [UInt8] {
                Array(repeating: UInt8(writer), count: (1 << 20) + 4000 + writer)
            }
            try await bank.put(key, content(0), if: .none)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 1...3 {
                    group.addTask {
                        for round in 0..<4 {
                            if round % 2 == 0 {
                                try await bank.put(key, content(writer), if: .none)
                            } else {
                                let bytes = content(writer)
                                let chunks = TestChunks([Array(bytes.prefix(1 << 20)), Array(bytes.dropFirst(1 << 20))])
                                try await bank.put(key, stream: chunks, if: .none)
                            }
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<8 {
                            let bytes = try await bank.get(key)
                            try expect(bytes == content(Int(bytes[0])), "a read mixes two writes")
                            let streamed = try await collect(try await bank.stream(key))
                            try expect(streamed == content(Int(streamed[0])), "a stream mixes two writes")
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
        BankConformance("every version is followed by one other at most", need: .level(.compareAndSwap)) { bank in
            let seed = testSeed()
            do {
                try await auditVersions(bank, seed: seed)
            } catch let failure as ConformanceFailure {
                throw ConformanceFailure("seed \(seed): \(failure.description)")
            }
        },
        BankConformance("streams that fail or are cancelled among others leave nothing") { bank in
            let key = try BankKey("torn/among/others")
            try await bank.put(key, [1], if: .none)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<6 {
                    group.addTask {
                        for round in 0..<4 {
                            let chunks = TestChunks([pattern(1 << 20), pattern(700_000)], thenThrow: true)
                            let other = try BankKey("torn/new/\(writer)-\(round)")
                            for (key, condition) in [(key, WriteCondition.none), (other, .none), (other, .ifAbsent)] {
                                do {
                                    try await bank.put(key, stream: chunks, if: condition)
                                    throw ConformanceFailure("a torn stream was taken for a whole one")
                                } catch is TestChunks.Torn {}
                            }
                            try await cancelledStream(to: round % 2 == 0 ? key : other, in: bank)
                        }
                    }
                }
                group.addTask {
                    for round in 0..<10 {
                        try await bank.put(key, stream: TestChunks([[2], [UInt8(round)]]), if: .none)
                        try expect(try await bank.size(key) == 2, "a torn stream took the place of a whole one")
                    }
                }
                try await group.waitForAll()
            }
            try expect(try await bank.get(key) == [2, 9], "a torn stream took the place of a whole one")
            try expect(try await bank.allKeys(below: nil) == [key], "a torn stream left something in the listing")
        },
    ]

    /// Begins to write a stream that has no end, and cancels it.
    private static func cancelledStream(to key: BankKey, in bank: any Bank) async throws {
        let (chunks, feed) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let writing = Task { _ = try await bank.put(key, stream: chunks, if: .none) }
        feed.yield(pattern(1_200_000))
        await Task.yield()
        writing.cancel()
        // A stream ends when its reader is cancelled: what it had so far must not pass for the whole.
        if case .success = await writing.result { throw ConformanceFailure("a cancelled stream was taken for a whole") }
    }

    private static func expectRefusedOrReplaced(_ bank: any Bank, _ key: BankKey) async throws {
        let before = try await bank.get(key)
        do {
            try await bank.put(key, [99], if: .ifAbsent)
            try expect(try await bank.get(key) == [99], "a write that was done is not there")
        } catch BankError.conditionFailed {
            try expect(try await bank.get(key) == before, "a refused create changed the object")
        }
    }

    /// What a writer was told of one conditional write.
    private struct Change: Sendable {
        var consumed: ObjectVersion?
        var produced: ObjectVersion?
    }

    /// Lets writers create, replace and delete one key under conditions, and looks whether what they were told can
    /// have happened one after the other.
    private static func auditVersions(_ bank: any Bank, seed: UInt64) async throws {
        let key = try BankKey("audit/deep/key")
        let told = try await withThrowingTaskGroup(of: [Change].self) { group in
            for worker in 0..<8 {
                group.addTask { try await changes(of: key, in: bank, by: worker, seed: seed &+ UInt64(worker)) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let produced = told.compactMap(\.produced)
        let consumed = told.compactMap(\.consumed)
        try expect(Set(produced).count == produced.count, "two writes made the same version")
        try expect(Set(consumed).count == consumed.count, "a version was replaced or removed twice")
        try expect(Set(consumed).isSubset(of: produced), "a version was replaced that nobody made")
        let left = Set(produced).subtracting(consumed)
        let now = try await version(of: key, in: bank)
        try expect(
            Array(left) == (now.map { [$0] } ?? []), "\(left) should be there, and there is \(now?.tag ?? "nothing")")
        let made = told.filter { $0.consumed == nil }.count
        let removed = told.filter { $0.produced == nil }.count
        try expect(made - removed == left.count, "\(made) creates and \(removed) deletes leave \(left.count) objects")
    }

    /// What one writer was told of its changes; a refused one it is not told of.
    private static func changes(
        of key: BankKey, in bank: any Bank, by worker: Int, seed: UInt64
    ) async throws -> [Change] {
        var generator = SeededGenerator(seed: seed)
        var changes: [Change] = []
        for round in 0..<25 {
            // Every content is new, since the same content may have the same version.
            let bytes = Array("\(worker) \(round)".utf8)
            do {
                guard let seen = try await version(of: key, in: bank) else {
                    let made = try await bank.put(key, bytes, if: .ifAbsent)
                    changes.append(Change(consumed: nil, produced: made))
                    continue
                }
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    try await bank.delete(key, if: .ifVersion(seen))
                    changes.append(Change(consumed: seen, produced: nil))
                } else {
                    let made = try await bank.put(key, bytes, if: .ifVersion(seen))
                    changes.append(Change(consumed: seen, produced: made))
                }
            } catch BankError.conditionFailed { continue }
        }
        return changes
    }

    private static func version(of key: BankKey, in bank: any Bank) async throws -> ObjectVersion? {
        do { return try await bank.getVersioned(key).version } catch BankError.notFound { return nil }
    }
}
