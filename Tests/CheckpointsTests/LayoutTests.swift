import Bank
import BankConformance
import Checkpoints
import SeededRandom
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_353_895_123, "2026-11-22T13:24:55.123Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-11_676_096_000_000, "1600-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func knownValues(_ milliseconds: Int64, _ text: String) throws {
        #expect(Timestamp(milliseconds: milliseconds).text == text)
        #expect(Timestamp(text: text)?.milliseconds == milliseconds)
        let stamp = text.filter { $0 != "-" && $0 != ":" }
        #expect(Timestamp(milliseconds: milliseconds).stamp == stamp)
        #expect(Timestamp(stamp: stamp)?.milliseconds == milliseconds)
        #expect(BankKey.fault(in: stamp) == nil)
    }

    @Test(arguments: [
        "", "2026-02-29T00:00:00.000Z", "1900-02-29T00:00:00.000Z", "2026-13-01T00:00:00.000Z",
        "2026-00-10T00:00:00.000Z", "2026-01-00T00:00:00.000Z", "2026-04-31T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:60.000Z",
        "2026-01-01T00:00:00.000", "2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00,000Z", "+026-01-01T00:00:00.000Z",
    ])
    func otherTextsAreRefused(_ text: String) {
        #expect(Timestamp(text: text) == nil)
        #expect(Timestamp(stamp: text.filter { $0 != "-" && $0 != ":" }) == nil)
    }

    @Test func everyDayComesBackAndStampsSortInTime() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        var all: [Timestamp] = []
        for _ in 0..<20_000 {
            let stamp = Timestamp(milliseconds: Int64.random(in: Timestamp.range, using: &generator))
            #expect(Timestamp(text: stamp.text) == stamp, "seed \(seed)")
            all.append(stamp)
        }
        #expect(all.sorted().map(\.stamp) == all.map(\.stamp).sorted(), "seed \(seed)")
    }
}

@Suite struct CheckpointLayoutTests {
    @Test func idsAreValid() {
        let id = CheckpointID.random()
        #expect(CheckpointID(id.text) == id)
        #expect(CheckpointID.random() != id)
        for text in [
            "", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdei", "../..//////////",
        ] {
            #expect(CheckpointID(text) == nil)
        }
    }

    @Test func keysAreWhereTheFormatSays() throws {
        let id = try #require(CheckpointID("0123456789abcdef"))
        let keys = CheckpointKeys(id)
        let operation = OperationKeys(id)
        let resource = "Host::FileSystem::Directory#uploads"
        let artifacts = try keys.artifacts(resource, epoch: 2)
        let artifact = try ArtifactKeys("data.tar", in: artifacts)
        let created = try #require(Timestamp(text: "2026-11-22T13:24:55.123Z"))
        let entry = IndexEntry(created: created, id: id)
        let base = "checkpoints/0123456789abcdef"
        let encoded = "Host%3A%3AFileSystem%3A%3ADirectory%23uploads"
        let stamp = "20261122T132455.123Z@0123456789abcdef"
        let expected: [(BankKey, String)] = [
            (keys.index, "\(base)/index.json"), (keys.ir, "\(base)/ir.json"),
            (keys.commit(ofEpoch: 3), "\(base)/commits/3.json"), (keys.onlyCommit, "\(base)/commit.json"),
            (try keys.use("host.4711"), "\(base)/uses/host.4711.json"), (keys.pin, "\(base)/pin.json"),
            (keys.labels, "\(base)/labels.json"), (keys.tombstone, "\(base)/tombstone.json"),
            (keys.epoch(2), "\(base)/epochs/2.json"),
            (keys.journal(ofEpoch: 2, page: 17), "\(base)/e2/journal/00000017.json"),
            (try keys.definition(resource, epoch: 2), "\(base)/e2/resources/\(encoded)/definition.json"),
            (artifact.record, "\(base)/e2/resources/\(encoded)/artifacts/data.tar/artifact.json"),
            (artifact.part(3), "\(base)/e2/resources/\(encoded)/artifacts/data.tar/parts/00000003"),
            (try entry.key(in: CheckpointLayout.byPlan("shop")), "indices/by-plan/shop/20261122/\(stamp)"),
            (try entry.key(in: CheckpointLayout.byProvider("local")), "indices/by-provider/local/20261122/\(stamp)"),
            (try entry.key(in: CheckpointLayout.byDate), "indices/by-date/20261122/\(stamp)"),
            (try entry.undatedKey(in: CheckpointLayout.byDate), "indices/by-date/\(stamp)"),
            (CheckpointLayout.unfinished(id), "indices/unfinished/0123456789abcdef"),
            (try CheckpointLayout.lease("host.4711"), "leases/host.4711"),
            (operation.index, "operations/0123456789abcdef/index.json"),
            (operation.epoch(1_048_577), "operations/0123456789abcdef/epochs/1048577.json"),
            (operation.commit(ofEpoch: 1), "operations/0123456789abcdef/commits/1.json"),
            (operation.journal(ofEpoch: 1, page: 2), "operations/0123456789abcdef/e1/journal/00000002.json"),
            (try operation.place(resource), "operations/0123456789abcdef/places/\(encoded)"),
            (operation.onlyCommit, "operations/0123456789abcdef/commit.json"),
            (operation.onlyJournal(page: 2), "operations/0123456789abcdef/journal/00000002.json"),
        ]
        for (key, text) in expected {
            #expect(key.text == text)
            #expect(BankKey.fault(in: key.text) == nil)
        }
        #expect(IndexEntry(try entry.key(in: CheckpointLayout.byDate)) == entry)
        #expect(IndexEntry(try BankKey("indices/by-date/x@0123456789abcdef")) == nil)
        #expect(CheckpointLayout.unfinishedID(of: CheckpointLayout.unfinished(id)) == id)
        #expect(CheckpointLayout.unfinishedID(of: keys.index) == nil)
    }

    @Test(arguments: ["", ".hidden", "..", "Upper", "a/b", "a b", "ä", String(repeating: "x", count: 65)])
    func artifactNamesAreChecked(_ name: String) {
        #expect(throws: ArtifactError.invalidName(name)) { try ArtifactKeys(name, in: BankKey("a")) }
    }
}
