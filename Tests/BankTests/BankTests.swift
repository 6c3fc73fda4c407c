import Bank
import BankConformance
import CanonicalForm
import Testing

@Suite struct InMemoryBankTests {
    @Test(arguments: BankConformance.all)
    func conforms(_ check: BankConformance) async throws { try await check.run(InMemoryBank()) }
}

@Suite struct BankSectionTests {
    @Test(arguments: BankConformance.all)
    func conforms(_ check: BankConformance) async throws {
        let bank = InMemoryBank()
        try await bank.put(BankKey("outside"), [1], if: .none)
        try await bank.put(BankKey("in/sidelong"), [2], if: .none)
        try await check.run(BankSection(bank, below: BankKey("in/side"), writable: true))
        #expect(bank.contents[BankKey(unchecked: "outside")] == [1])
        #expect(bank.contents[BankKey(unchecked: "in/sidelong")] == [2])
    }

    @Test func aReadOnlySectionRefusesWritesForEver() async throws {
        let bank = InMemoryBank()
        try await bank.put(BankKey("s/t/k"), [1], if: .none)
        let section = BankSection(bank, below: try BankKey("s"), writable: false)
        let attempts = [section, try section.section(try BankKey("t"), writable: true)]
        for (attempt, text) in zip(attempts, ["t/k", "k"]) {
            let key = try BankKey(text)
            #expect(!attempt.isWritable)
            #expect(try await attempt.get(key) == [1])
            await #expect(throws: BankError.self) { try await attempt.put(key, [2], if: .none) }
            await #expect(throws: BankError.self) { try await attempt.putUnversioned(key, [2], if: .none) }
            await #expect(throws: BankError.self) { try await attempt.delete(key, if: .none) }
        }
        #expect(bank.contents == [try BankKey("s/t/k"): [1]])
    }

    @Test func wholeKeysOfASectionAreStillBounded() throws {
        let long = try BankKey(String(repeating: "x/", count: 490) + "y")
        let section = BankSection(InMemoryBank(), below: long, writable: true)
        #expect(throws: BankError.self) { try section.section(BankKey("abcdefghijklmnopqrstuvwxyz"), writable: true) }
    }
}

@Suite struct BankKeyTests {
    @Test(arguments: ["Host::FileSystem::Directory#up loads", "..", ".a.b", "ä/ö", "a%2Fb", "%", "plain", "x."])
    func anyTextHasOneSegment(_ text: String) throws {
        let segment = BankKey.segment(encoding: text)
        #expect(BankKey.fault(in: segment) == nil)
        #expect(!segment.contains("/"))
        #expect(BankKey.text(decoding: segment) == text)
    }

    @Test(arguments: ["%2f", "%+F", "%61", "a%", "a%4", "%FF", "a b", "a/b"])
    func otherEncodingsAreRefused(_ segment: String) { #expect(BankKey.text(decoding: segment) == nil) }
}

@Suite struct BankFormatTests {
    @Test func aBankIsMadeOnceAndOpened() async throws {
        let bank = InMemoryBank()
        await #expect(throws: BankError.noBank(place: "memory")) { try await BankFormat.open(bank: bank) }
        let made = try await BankFormat.initialize(bank: bank, created: "2026-11-22T13:24:55.123Z")
        #expect(made.consistency == .compareAndSwap)
        #expect(CrockfordBase32.isValid(made.id, length: 16))
        #expect(try await BankFormat.open(bank: bank) == made)
        #expect(try await bank.allKeys(below: nil) == [BankFormat.key])
        await #expect(throws: BankError.bankExists(place: "memory")) {
            try await BankFormat.initialize(bank: bank, created: "later")
        }
    }

    @Test func everyChangedByteIsNoticed() async throws {
        let bank = InMemoryBank()
        _ = try await BankFormat.initialize(bank: bank, created: "now")
        let whole = try await bank.get(BankFormat.key)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 1
            try await bank.put(BankFormat.key, damaged, if: .none)
            await #expect(throws: BankError.self) { try await BankFormat.open(bank: bank) }
        }
    }

    @Test func aNewerFormatIsNamed() async throws {
        let bank = InMemoryBank()
        try await bank.put(BankFormat.key, SealedRecord(format: "cairn.bank", version: 2, [:]).bytes, if: .none)
        await #expect(
            throws: BankError.unknownFormat(BankFormat.key, found: "cairn.bank 2", expected: "cairn.bank 1")
        ) { try await BankFormat.open(bank: bank) }
    }

    @Test func aStoreThatRefusesVersionsCannotReplaceUnderConditions() async throws {
        let bank = RefusingBank()
        #expect(try await ConsistencyProbe(bank: bank).run() == .createOnce)
        #expect(try await bank.allKeys(below: nil).isEmpty)
    }
}

@Suite struct SettledWriteTests {
    /// Who is told that a write has failed takes it for not written, and undoes what led to it.
    @Test func aWriteThatCannotBeReadBackStaysUnknown() async throws {
        let bank = VanishingBank()
        let key = try BankKey("k")
        for write in [{ try await bank.putOnce(key, [1]) }, { try await bank.putRight(key, [1]) }] {
            let error = await #expect(throws: BankError.self) { try await write() }
            guard case .outcomeUnknown = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(try await bank.size(key) == 1)
    }

    @Test func onlyOneContentIsRight() async throws {
        let bank = InMemoryBank()
        let key = try BankKey("k")
        try await bank.put(key, [1], if: .none)
        await #expect(throws: BankError.conditionFailed(key)) { try await bank.putOnce(key, [2]) }
        try await bank.putRight(key, [2])
        #expect(try await bank.get(key) == [2])
    }
}

/// A store that goes away behind each write: the answer is lost, and nothing can be read.
private struct VanishingBank: ForwardingBank {
    let bank: any Bank = InMemoryBank()

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try await bank.put(key, bytes, if: condition)
        throw BankError.outcomeUnknown(key, reason: "no answer came")
    }
    func get(_ key: BankKey) async throws -> [UInt8] {
        throw BankError.storeFailed(operation: "read", key: key.text, reason: "it is gone")
    }
}

/// A store that says that it cannot look at versions, as some object stores do.
private struct RefusingBank: Bank {
    private let inner = InMemoryBank()
    var place: String { inner.place }

    private func kept(_ condition: WriteCondition, _ key: BankKey) throws -> WriteCondition {
        if case .ifVersion = condition { throw BankError.conditionUnsupported(key, reason: "no If-Match here") }
        return condition
    }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        try await inner.put(key, bytes, if: try kept(condition, key))
    }
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        try await inner.put(key, stream: chunks, if: try kept(condition, key))
    }
    func get(_ key: BankKey) async throws -> [UInt8] { try await inner.get(key) }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await inner.getVersioned(key)
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await inner.stream(key)
    }
    func size(_ key: BankKey) async throws -> Int64? { try await inner.size(key) }
    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        try await inner.delete(key, if: condition)
    }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await inner.list(below: prefix, after: after, limit: limit)
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await inner.names(below: prefix, after: after, limit: limit)
    }
    func modified(_ key: BankKey) async throws -> Int64? { try await inner.modified(key) }
}
