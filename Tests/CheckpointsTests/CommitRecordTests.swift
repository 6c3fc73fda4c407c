import PluginKit
import CanonicalForm
import SeededRandom
import Testing

@testable import Checkpoints

@Suite struct CommitRecordTests {
    private static func record(_ generator: inout SeededGenerator) -> CommitRecord {
        func text() -> String {
            ["", "plain", "with \"quotes\"", "läng\n\u{1}", "漢字 🙂"].randomElement(using: &generator) ?? ""
        }
        func number() -> Int64 { Int64.random(in: 0...1 << 40, using: &generator) }
        let isGood = Bool.random(using: &generator)
        return CommitRecord(
            checkpoint: CheckpointID.random(), epoch: UInt32.random(in: 1...9, using: &generator),
            status: isGood ? .available : .error, finished: Timestamp(milliseconds: number()),
            resources: (0..<Int.random(in: 0...20, using: &generator)).map { place in
                CommitRecord.ResourceEntry(
                    resource: "Type#\(place)\(text())",
                    status: [.available, .error, .incomplete].randomElement(using: &generator) ?? .error, hook: text(),
                    message: text(), bytes: number(), contentBytes: number(), warnings: number(),
                    milliseconds: Bool.random(using: &generator) ? [] : [number(), -1, 0, number()])
            },
            failures: isGood ? [] : [ResourceFailure(resource: text(), hook: text(), message: text())],
            contentBytes: number(), journalSegments: UInt32.random(in: 0...99, using: &generator),
            definitions: .packs(
                (0..<Int.random(in: 0...3, using: &generator)).map { SHA256Digest(of: [UInt8($0)]) }))
    }

    @Test func whatIsWrittenIsReadWithoutATree() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let record = Self.record(&generator)
            #expect(CommitRecord(spelledAsWritten: record.bytes) == record, "seed \(seed)")
            #expect(try CommitRecord(opening: record.bytes) == record, "seed \(seed)")
            // Its bytes are those of the sealed record that they say they are.
            #expect(try SealedRecord(opening: record.bytes).bytes == record.bytes, "seed \(seed)")
        }
    }

    @Test func everyChangedByteIsNoticedAndTold() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let bytes = Self.record(&generator).bytes
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= [0x01, 0x20, 0x80].randomElement(using: &generator) ?? 1
            #expect(CommitRecord(spelledAsWritten: damaged) == nil, "seed \(seed), byte \(position)")
            #expect(throws: SealedRecordError.self, "seed \(seed), byte \(position)") {
                try CommitRecord(opening: damaged)
            }
        }
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(CommitRecord(spelledAsWritten: Array(bytes.prefix(length))) == nil)
        }
        #expect(CommitRecord(spelledAsWritten: bytes + [0x0A]) == nil)
    }

    @Test func otherVersionsAreLeftToTheGeneralWay() throws {
        let bytes = SealedRecord(format: "cairn.commit", version: 3, [:]).bytes
        #expect(CommitRecord(spelledAsWritten: bytes) == nil)
        #expect(throws: SealedRecordError.unknownFormat(found: "cairn.commit 3", expected: "cairn.commit 2")) {
            try CommitRecord(opening: bytes)
        }
    }

    @Test func packsAreReadAsTheyWereWritten() throws {
        var warnings = WarningList()
        warnings.add(.init(kind: "changed", subject: "a \"b\"", message: "läng"))
        let digest = SHA256Digest(of: [1])
        let other = SHA256Digest(of: [2])
        let definitions = [digest, digest, other, digest].enumerated().map { place, digest in
            DefinitionRecord(
                resource: "Type#\(place)", plugin: "files", pluginDigest: digest,
                definition: ["size": .integer(Int64(place)), "inner": ["a": [1, 2]]],
                artifacts: [
                    .init(summary: .init(name: "data", size: 5, digest: other), epoch: 2, record: digest)
                ], warnings: place == 1 ? warnings : WarningList())
        }
        let pack = DefinitionPack(checkpoint: CheckpointID.random(), number: 7, definitions: definitions)
        #expect(try DefinitionPack(opening: pack.bytes) == pack)
        #expect(try SealedRecord(opening: pack.bytes).bytes == pack.bytes)
    }
}
