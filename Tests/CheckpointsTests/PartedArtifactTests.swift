import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import DirectoryBank
import Foundation
import PluginKit
import SeededRandom
import Synchronization
import Testing

private let partLength = PartedArtifactStore.partLength
private let place = BankKey(unchecked: "r/artifacts")

private func bytes(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        var index = 0
        while index < count {
            var word = generator.next()
            for _ in 0..<min(8, count - index) {
                buffer[index] = UInt8(truncatingIfNeeded: word)
                word >>= 8
                index += 1
            }
        }
        initialized = count
    }
}

private func read(_ reader: any ArtifactReader) async throws -> [UInt8] {
    var all: [UInt8] = []
    while let part = try await reader.next() { all += part }
    return all
}

@discardableResult
private func write(_ data: [UInt8], as name: String, to bank: any Bank, chunk: Int = 1 << 20) async throws
    -> ArtifactSummary
{
    let writer = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer(name)
    for start in stride(from: 0, to: data.count, by: chunk) {
        try await writer.write(Array(data[start..<min(data.count, start + chunk)]))
    }
    return try await writer.finish()
}

@Suite struct PartedArtifactTests {
    @Test(arguments: [0, 1, 100_000, partLength - 1, partLength, partLength + 1, 2 * partLength, 3 * partLength + 17])
    func whatIsWrittenIsRead(_ count: Int) async throws {
        let data = bytes(count)
        for chunk in [1 << 16, 3_000_001, partLength, 2 * partLength + 1] {
            let bank = InMemoryBank()
            let summary = try await write(data, as: "data", to: bank, chunk: chunk)
            #expect(summary == ArtifactSummary(name: "data", size: Int64(count), digest: SHA256Digest(of: data)))
            let store = PartedArtifactStore(bank: bank, artifacts: place, writable: false)
            let reader = try await store.reader("data")
            #expect(reader.summary == summary)
            #expect(try await read(reader) == data)
            #expect(try await reader.next() == nil)
            #expect(bank.contents.count == 1 + (count + partLength - 1) / partLength)
        }
    }

    @Test func artifactsAreListedAndRemoved() async throws {
        let bank = InMemoryBank()
        for name in ["b", "a.tar", "a", "a-1"] { try await write(bytes(1000), as: name, to: bank) }
        try await bank.put(BankKey("r/artifacts/half/parts/00000000"), [1], if: .none)
        let store = PartedArtifactStore(bank: bank, artifacts: place, writable: true)
        #expect(Set(try await store.artifacts().map(\.name)) == ["a", "a-1", "a.tar", "b"])
        #expect(try await store.artifacts().count == 4)
        await #expect(throws: ArtifactError.self) { try await store.reader("half") }
        for name in ["a", "half", "a", "nothing"] { try await store.remove(name) }
        #expect(Set(try await store.artifacts().map(\.name)) == ["a-1", "a.tar", "b"])
        #expect(bank.contents.count == 6)
    }

    @Test func aRepeatedWriterLeavesOnlyItsOwnParts() async throws {
        let bank = InMemoryBank()
        try await write(bytes(3 * partLength), as: "data", to: bank, chunk: partLength)
        let abandoned = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer("data")
        #expect(bank.contents.isEmpty)
        try await abandoned.write(bytes(partLength))
        try await write([1, 2, 3], as: "data", to: bank)
        let reader = try await PartedArtifactStore(bank: bank, artifacts: place, writable: false).reader("data")
        #expect(try await read(reader) == [1, 2, 3])
    }

    @Test func readOnlyMeansReadOnly() async throws {
        let bank = InMemoryBank()
        try await write([1], as: "data", to: bank)
        let store = PartedArtifactStore(bank: bank, artifacts: place, writable: false)
        await #expect(throws: ArtifactError.self) { try await store.writer("new") }
        await #expect(throws: ArtifactError.self) { try await store.remove("data") }
        #expect(bank.contents.count == 2)
    }

    @Test func theCommitRecordHasTheLastWord() async throws {
        let bank = InMemoryBank()
        try await write([1], as: "data", to: bank)
        let open = PartedArtifactStore(bank: bank, artifacts: place, writable: false)
        let digests = ["data": SHA256Digest(of: try await bank.get(try BankKey("r/artifacts/data/artifact.json")))]
        func committed() -> PartedArtifactStore {
            PartedArtifactStore(bank: bank, artifacts: place, writable: false, expectedRecords: digests)
        }
        #expect(try await read(committed().reader("data")) == [1])
        // A whole and consistent artifact, but another one.
        try await write([2], as: "data", to: bank)
        try await write([3], as: "uninvited", to: bank)
        #expect(try await read(open.reader("data")) == [2])
        let key = try BankKey("r/artifacts/data/artifact.json")
        let expected = try #require(digests["data"])
        let actual = SHA256Digest(of: try await bank.get(key))
        await #expect(throws: ArtifactError.otherRecord(key, expected: expected, actual: actual)) {
            try await committed().reader("data")
        }
        await #expect(throws: ArtifactError.notCommitted(try BankKey("r/artifacts/uninvited/artifact.json"))) {
            try await committed().reader("uninvited")
        }
    }
}

/// Both banks, each with one artifact of two whole parts and a rest.
private func damagedBanks() async throws -> [any Bank] {
    let directory = try DirectoryBank(path: "/tmp/cairn-test-\(CheckpointID.random())")
    try await directory.createRoot()
    let banks: [any Bank] = [InMemoryBank(), directory]
    for bank in banks { try await write(bytes(2 * partLength + 5000), as: "data", to: bank, chunk: partLength) }
    return banks
}

private func discard(_ banks: [any Bank]) {
    for bank in banks where bank is DirectoryBank { try? FileManager.default.removeItem(atPath: bank.place) }
}

@Suite struct DamagedArtifactTests {
    /// The error that reading gives, and how many bytes came before.
    private func failure(_ bank: any Bank) async throws -> (ArtifactError, Int) {
        var count = 0
        do {
            let reader = try await PartedArtifactStore(bank: bank, artifacts: place, writable: false).reader("data")
            do {
                while let part = try await reader.next() { count += part.count }
            } catch {
                await #expect(throws: ArtifactError.self, "an error stays") { try await reader.next() }
                throw error
            }
        } catch let error as ArtifactError {
            return (error, count)
        }
        let unnoticed: ArtifactError? = nil
        return (try #require(unnoticed, "the damage was not noticed"), count)
    }

    @Test func oneFlippedByteIsNamed() async throws {
        let banks = try await damagedBanks()
        defer { discard(banks) }
        for bank in banks {
            for key in try await bank.allKeys(below: nil) {
                let whole = try await bank.get(key)
                for index in [0, whole.count / 2, whole.count - 1] {
                    var damaged = whole
                    damaged[index] ^= 0x10
                    try await bank.put(key, damaged, if: .none)
                    let (error, _) = try await failure(bank)
                    #expect(error.description.contains("'\(key)'"), "\(key) byte \(index): \(error)")
                }
                try await bank.put(key, whole, if: .none)
            }
        }
    }

    @Test func aMissingOrTruncatedPartIsNamedAndNothingBehindItHandedOut() async throws {
        let banks = try await damagedBanks()
        defer { discard(banks) }
        for bank in banks {
            for number in 0...2 {
                let key = try BankKey("r/artifacts/data/parts/0000000\(number)")
                let whole = try await bank.get(key)
                try await bank.put(key, whole.dropLast(), if: .none)
                var (error, count) = try await failure(bank)
                #expect(
                    error
                        == .wrongSize(key, expected: Int64(whole.count), actual: Int64(whole.count - 1)))
                #expect(count == number * partLength)
                try await bank.delete(key, if: .none)
                (error, count) = try await failure(bank)
                guard case .missing(key, _) = error else { throw error }
                #expect(count == number * partLength)
                try await bank.put(key, whole, if: .none)
            }
        }
    }

    @Test func swappedPartsAreNamed() async throws {
        let banks = try await damagedBanks()
        defer { discard(banks) }
        for bank in banks {
            let (first, second) = (
                try BankKey("r/artifacts/data/parts/00000000"), try BankKey("r/artifacts/data/parts/00000001")
            )
            let (a, b) = (try await bank.get(first), try await bank.get(second))
            try await bank.put(first, b, if: .none)
            try await bank.put(second, a, if: .none)
            let (error, count) = try await failure(bank)
            #expect(
                error == .wrongDigest(first, expected: SHA256Digest(of: a), actual: SHA256Digest(of: b)))
            #expect(count == 0)
        }
    }

    @Test func aMissingRecordIsNamed() async throws {
        let key = try BankKey("r/artifacts/data/artifact.json")
        await #expect(throws: ArtifactError.missing(key, expected: "the record of the artifact 'data'")) {
            try await PartedArtifactStore(bank: InMemoryBank(), artifacts: place, writable: false).reader("data")
        }
    }
}

@Suite struct ArtifactFlowTests {
    @Test func aSlowBankHoldsTheWriterBack() async throws {
        let bank = GatedBank(open: false)
        let writer = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer("data")
        let taken = Mutex(0)
        let writing = Task {
            for _ in 0..<20 {
                try await writer.write(Array(repeating: 1, count: partLength))
                taken.withLock { $0 += 1 }
            }
            return try await writer.finish()
        }
        while bank.waiting < 3 { await Task.yield() }
        try await Task.sleep(for: .milliseconds(100))
        #expect(taken.withLock { $0 } == 3)
        #expect(bank.waiting == 3)
        bank.openGate()
        #expect(try await writing.value.size == 20 * Int64(partLength))
        #expect(bank.mostAtOnce == 3)
    }

    @Test func memoryDoesNotGrowWithTheArtifact() async throws {
        // In a process of its own, where nothing else takes memory.
        await #expect(processExitsWith: .success) {
            let bank = GatedBank(open: true)
            let writer = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer("data")
            let before = mostResidentBytes()
            for number in 0..<128 { try await writer.write(Array(repeating: UInt8(number), count: partLength)) }
            #expect(try await writer.finish().size == 128 * Int64(partLength))
            #expect(bank.mostAtOnce <= 3)
            #expect(before > 1 << 20)
            // 1 GiB has passed; held at once are three parts under way, the caller's, and what the allocator keeps.
            #expect(mostResidentBytes() - before < 16 * partLength)
        }
    }

    @Test func theFirstErrorStays() async throws {
        let bank = GatedBank(open: true, failing: "parts/00000002")
        let writer = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer("data")
        let error = BankError.storeFailed(
            operation: "write", key: "r/artifacts/data/parts/00000002", reason: "told to fail")
        await #expect(throws: error) {
            for _ in 0..<20 { try await writer.write(Array(repeating: 1, count: partLength)) }
        }
        await #expect(throws: error) { try await writer.write([1]) }
        await #expect(throws: error) { try await writer.finish() }
        #expect(bank.waiting == 0)
        #expect(!bank.written.contains { $0.hasSuffix("artifact.json") })
    }

    @Test func aFinishedWriterTakesNothingMore() async throws {
        let bank = InMemoryBank()
        let writer = try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).writer("data")
        _ = try await writer.finish()
        await #expect(throws: ArtifactError.closed(try BankKey("r/artifacts/data"))) { try await writer.write([1]) }
        await #expect(throws: ArtifactError.self) { try await writer.finish() }
    }

    @Test func theRecordComesLastAndGoesFirst() async throws {
        let bank = GatedBank(open: true)
        try await write(bytes(2 * partLength + 1), as: "data", to: bank, chunk: partLength)
        #expect(bank.written.count == 4)
        #expect(bank.written.last == "r/artifacts/data/artifact.json")
        try await PartedArtifactStore(bank: bank, artifacts: place, writable: true).remove("data")
        // The writer removed what might have been there before it began.
        #expect(bank.deleted.dropFirst().first == "r/artifacts/data/artifact.json")
        #expect(bank.deleted.count == 5)
    }
}

/// The most memory that this process has had at once, in bytes.
private func mostResidentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (line.split(separator: " ").dropFirst().first.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
}

/// A store that keeps nothing but names, counts what is under way, and can be held shut.
private final class GatedBank: Bank {
    private struct State {
        var open: Bool
        var waiting: [CheckedContinuation<Void, Never>] = []
        var underWay = 0
        var mostAtOnce = 0
        var written: [String] = []
        var deleted: [String] = []
    }

    private let state: Mutex<State>
    private let failing: String?
    let place = "a gate"

    init(open: Bool, failing: String? = nil) {
        state = Mutex(State(open: open))
        self.failing = failing
    }

    var waiting: Int { state.withLock { $0.underWay } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    var written: [String] { state.withLock { $0.written } }
    var deleted: [String] { state.withLock { $0.deleted } }

    func openGate() {
        let waiting = state.withLock { state in
            state.open = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        state.withLock { state in
            state.underWay += 1
            state.mostAtOnce = max(state.mostAtOnce, state.underWay)
        }
        defer { state.withLock { $0.underWay -= 1 } }
        await withCheckedContinuation { continuation in
            let open = state.withLock { state in
                if !state.open { state.waiting.append(continuation) }
                return state.open
            }
            if open { continuation.resume() }
        }
        if let failing, key.text.hasSuffix(failing) {
            throw BankError.storeFailed(operation: "write", key: key.text, reason: "told to fail")
        }
        state.withLock { $0.written.append(key.text) }
        return ObjectVersion(tag: "")
    }

    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 { throw BankError.notFound(key) }
    func get(_ key: BankKey) async throws -> [UInt8] { throw BankError.notFound(key) }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        throw BankError.notFound(key)
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        throw BankError.notFound(key)
    }
    func size(_ key: BankKey) async throws -> Int64? { nil }
    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        state.withLock { $0.deleted.append(key.text) }
    }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        let start = prefix.map { $0.text + "/" } ?? ""
        let keys = state.withLock { state in
            state.written.filter { $0.hasPrefix(start) && !state.deleted.contains($0) }
        }
        return BankPage(keys: try keys.sorted().map { try BankKey($0) }, more: false)
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        throw BankError.storeFailed(operation: "list", key: prefix?.text ?? "", reason: "a gate knows no names")
    }
    func modified(_ key: BankKey) async throws -> Int64? { nil }
}
