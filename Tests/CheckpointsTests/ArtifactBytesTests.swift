import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DegradedBank
import PluginKit
import SeededRandom
import Testing

/// What a plugin has saved comes back byte for byte, whatever the bank is worth and however it was cut.
@Suite struct ArtifactBytesTests {
    @Test(arguments: ConsistencyLevel.allCases) func anyLengthAroundTheBordersOfParts(_ level: ConsistencyLevel)
        async throws
    {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        var troubles = BankTroubles()
        troubles.lostAnswers = 100
        let bank = DegradedBank(InMemoryBank(), to: level, troubles: troubles)
        let store = PartedArtifactStore(bank: bank, artifacts: BankKey(unchecked: "r/artifacts"), writable: true)
        for parts in 0...2 {
            let count = max(0, parts * PartedArtifactStore.partLength + Int.random(in: -2...2, using: &generator))
            let block = (0..<4099).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            var data: [UInt8] = []
            while data.count < count { data += block }
            data.removeLast(data.count - count)

            let writer = try await Self.repeated { try await store.writer("data") }
            var start = 0
            while start < count {
                let end = min(count, start + Int.random(in: 1...(9 << 20), using: &generator))
                try await writer.write(Array(data[start..<end]))
                start = end
            }
            let summary = try await writer.finish()
            #expect(summary.size == Int64(count) && summary.digest == SHA256Digest(of: data), "seed \(seed)")
            let reader = try await store.reader("data")
            var back: [UInt8] = []
            while let part = try await reader.next() { back += part }
            #expect(back == data, "seed \(seed): \(count) bytes came back changed")
        }
    }

    /// Removing what was there before is repeated by whoever wanted it, when its answer got lost.
    private static func repeated<Result>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do { return try await body() } catch BankError.outcomeUnknown { continue }
        }
    }
}
