import CanonicalForm
import Testing

@testable import Checkpoints

@Suite struct OriginTests {
    private static let owner = Owner(
        id: "0000000000000000", host: "here", process: 1, boot: "b", processStart: 2, namespace: "n")

    private func index(_ origin: CheckpointOrigin?) -> CheckpointIndex {
        CheckpointIndex(
            id: CheckpointID.random(), plan: "shop", provider: "offsite", created: Timestamp(milliseconds: 5),
            owner: Self.owner, irDigest: SHA256Digest(of: [1]), resources: 3, origin: origin)
    }

    @Test func whatWasMadeHereIsWrittenAsBefore() throws {
        let index = index(nil)
        #expect(index.record.content["version"] == 1 && index.record.content["origin"] == nil)
        #expect(try CheckpointIndex(opening: index.record.bytes) == index)
    }

    @Test func aCopySaysWhereItCameFrom() throws {
        let origin = CheckpointOrigin(bank: "abc", provider: "local", copied: Timestamp(milliseconds: 7))
        let index = index(origin)
        #expect(index.record.content["version"] == 2)
        #expect(try CheckpointIndex(opening: index.record.bytes) == index)
    }

    private static let others: [(String, JSONValue)] = [
        ("origin", .null), ("origin", .object(["bank": "a", "provider": "b"])), ("origin", "local"),
        ("origin", .object(["bank": "a", "provider": "b", "copied": "yesterday"])), ("version", 3), ("version", 0),
        ("version", "2"), ("format", "cairn.commit"),
    ]

    @Test(arguments: others)
    func anotherSpellingIsRefused(_ member: String, _ value: JSONValue) {
        let origin = CheckpointOrigin(bank: "abc", provider: "local", copied: Timestamp(milliseconds: 7))
        var content = index(origin).record.content
        content[member] = value
        #expect(throws: SealedRecordError.self) { try CheckpointIndex(opening: SealedRecord(content).bytes) }
    }
}
