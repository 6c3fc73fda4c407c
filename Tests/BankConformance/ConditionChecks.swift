import Bank

extension BankConformance {
    static let conditions: [BankConformance] = [
        BankConformance("a conditional create refuses what exists", need: .level(.createOnce)) { bank in
            let key = try BankKey("once")
            try await bank.put(key, [1], if: .ifAbsent)
            try await expectError("conditionFailed", isRefused) { try await bank.put(key, [2], if: .ifAbsent) }
            try await expectError("conditionFailed", isRefused) {
                try await bank.put(key, stream: TestChunks([[2]]), if: .ifAbsent)
            }
            try expect(try await bank.get(key) == [1], "a refused create changed the object")
            try await bank.putOnce(key, [1])
            try await expectError("conditionFailed", isRefused) { try await bank.putOnce(key, [3]) }
            try await bank.delete(key, if: .none)
            try await bank.put(key, stream: TestChunks([[4], [5]]), if: .ifAbsent)
            try expect(try await bank.get(key) == [4, 5], "a removed key cannot be created")
        },
        BankConformance("of 50 racing creates exactly one wins", need: .level(.createOnce)) { bank in
            for round in 0..<5 {
                let key = try BankKey("race/deep/\(round)")
                let winners = try await race(writers: 50) { writer in
                    try await bank.put(key, [UInt8(writer)], if: .ifAbsent)
                }
                try expect(winners.count == 1, "\(winners.count) writers were told that they won: \(winners)")
                try expect(try await bank.get(key) == winners.map { UInt8($0) }, "another one's bytes are there")
            }
        },
        BankConformance("a conditional replacement needs the version", need: .level(.compareAndSwap)) { bank in
            let key = try BankKey("lease")
            let invented = WriteCondition.ifVersion(ObjectVersion(tag: "no-such-version"))
            try await expectError("conditionFailed", isRefused) { try await bank.put(key, [0], if: invented) }
            let first = try await bank.put(key, [1], if: .ifAbsent)
            try expect(try await bank.getVersioned(key).version == first, "put and get give different versions")
            try await expectError("conditionFailed", isRefused) { try await bank.put(key, [0], if: invented) }
            let second = try await bank.put(key, [2], if: .ifVersion(first))
            try expect(first != second, "another content has the same version")
            try await expectError("conditionFailed", isRefused) {
                try await bank.put(key, [3], if: .ifVersion(first))
            }
            try await bank.put(key, stream: TestChunks([[4]]), if: .ifVersion(second))
            try expect(try await bank.get(key) == [4], "the replacement is not there")
        },
        BankConformance("of 50 racing replacements exactly one wins", need: .level(.compareAndSwap)) { bank in
            let key = try BankKey("race/swap")
            var version = try await bank.put(key, [255], if: .none)
            for _ in 0..<5 {
                let expected = version
                let winners = try await race(writers: 50) { writer in
                    try await bank.put(key, [UInt8(writer)], if: .ifVersion(expected))
                }
                try expect(winners.count == 1, "\(winners.count) writers were told that they won: \(winners)")
                let now = try await bank.getVersioned(key)
                try expect(now.bytes == winners.map { UInt8($0) }, "another one's bytes are there")
                // A content that came before may have its version again, which would let two rounds look alike.
                version = try await bank.put(key, [254, UInt8(winners[0])], if: .ifVersion(now.version))
            }
        },
        BankConformance("a counter loses no increment", need: .level(.compareAndSwap)) { bank in
            let key = try BankKey("counter")
            try await bank.put(key, Array("0".utf8), if: .ifAbsent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<10 { try await increment(key, in: bank) } }
                }
                try await group.waitForAll()
            }
            try expect(try await bank.get(key) == Array("80".utf8), "increments were lost")
        },
        BankConformance("a conditional delete needs the version", need: .level(.compareAndSwap)) { bank in
            let key = try BankKey("gone/soon")
            let first = try await bank.put(key, [1], if: .none)
            let second = try await bank.put(key, [2], if: .none)
            try await expectError("conditionFailed", isRefused) { try await bank.delete(key, if: .ifVersion(first)) }
            try expect(try await bank.get(key) == [2], "a refused delete removed the object")
            try await bank.delete(key, if: .ifVersion(second))
            try expect(try await bank.size(key) == nil, "a deleted object is there")
            try await expectError("conditionFailed", isRefused) {
                try await bank.delete(key, if: .ifVersion(second))
            }
            try await bank.delete(key, if: .none)
            try await expectError("an error", { _ in true }) { try await bank.delete(key, if: .ifAbsent) }
        },
        BankConformance("creating and deleting in one place never fail") { bank in
            // The last delete in a place and the next create meet all the time.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let key = try BankKey("shared/place/deep/\(worker)")
                        for round in 0..<40 {
                            try await bank.put(key, [UInt8(round)], if: round % 2 == 0 ? .none : .ifAbsent)
                            try expect(try await bank.get(key) == [UInt8(round)], "a written object is gone")
                            try await bank.delete(key, if: .none)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("something is left") { try await bank.allKeys(below: nil).isEmpty }
        },
    ]

    /// The writers whose write was not refused.
    static func race(
        writers: Int, _ write: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    do {
                        try await write(writer)
                        return writer
                    } catch BankError.conditionFailed { return nil }
                }
            }
            var winners: [Int] = []
            for try await winner in group { if let winner { winners.append(winner) } }
            return winners
        }
    }

    private static func increment(_ key: BankKey, in bank: any Bank) async throws {
        while true {
            let (bytes, version) = try await bank.getVersioned(key)
            let next = (Int(String(decoding: bytes, as: UTF8.self)) ?? -1000) + 1
            do {
                try await bank.put(key, Array(String(next).utf8), if: .ifVersion(version))
                return
            } catch BankError.conditionFailed { continue }
        }
    }
}
