import Bank
import BankConformance
import CanonicalForm
import Checkpoints
import Foundation
import Synchronization
import Testing

/// A bank that remembers every write in its order, so that any beginning of them can be repeated.
final class RecordingBank: Bank {
    /// One write; without bytes it is a removal.
    struct Write: Sendable {
        let key: BankKey
        let bytes: [UInt8]?
    }

    private let base = InMemoryBank()
    private let log = Mutex<[Write]>([])
    let place = "memory"

    var writes: [Write] { log.withLock { $0 } }

    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        let version = try await base.put(key, bytes, if: condition)
        log.withLock { $0.append(Write(key: key, bytes: bytes)) }
        return version
    }

    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        _ = try await put(key, bytes, if: condition)
        return Int64(bytes.count)
    }

    func delete(_ key: BankKey, if condition: WriteCondition) async throws {
        let isThere = try await base.size(key) != nil
        try await base.delete(key, if: condition)
        // What was not there was not removed.
        guard isThere else { return }
        log.withLock { $0.append(Write(key: key, bytes: nil)) }
    }

    func get(_ key: BankKey) async throws -> [UInt8] { try await base.get(key) }
    func getVersioned(_ key: BankKey) async throws -> (bytes: [UInt8], version: ObjectVersion) {
        try await base.getVersioned(key)
    }
    func stream(_ key: BankKey) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await base.stream(key)
    }
    func size(_ key: BankKey) async throws -> Int64? { try await base.size(key) }
    func list(below prefix: BankKey?, after: BankKey?, limit: Int) async throws -> BankPage {
        try await base.list(below: prefix, after: after, limit: limit)
    }
    func names(below prefix: BankKey?, after: String?, limit: Int) async throws -> BankNames {
        try await base.names(below: prefix, after: after, limit: limit)
    }
    func modified(_ key: BankKey) async throws -> Int64? { try await base.modified(key) }
}

@Suite("The order of writes in docs/bank-format.md")
struct WriteOrderTests {
    static let id = CheckpointID.random()
    static let index = CheckpointIndex(
        id: id, plan: "shop", provider: "local", created: BankFormatTests.time, owner: BankFormatTests.owner,
        irDigest: BankFormatTests.digest, resources: 0)

    /// A whole life: created, committed, deleted.
    static func life() async throws -> [RecordingBank.Write] {
        let bank = RecordingBank()
        let collection = collection(bank, ownerHasEnded: false)
        try await collection.create(index, ir: [1])
        try await collection.commit(
            CommitRecord(
                checkpoint: id, epoch: 1, status: .available, finished: BankFormatTests.time, resources: [],
                failures: [], contentBytes: 0, journalSegments: 0, definitions: .packs([])))
        try await collection.publish(index)
        try await collection.settle(id)
        let mark = try await collection.beginDeletion(id, now: BankFormatTests.time, force: false)
        let removing = try #require(try await collection.advanceDeletion(mark))
        try await collection.failDeletion(removing, failure: BankFormatTests.failure)
        try await collection.finishDeletion(mark.summary)
        // What is removed in no particular order is put into that of the keys.
        var writes = bank.writes
        let keys = CheckpointKeys(id)
        let isUnordered = { (write: RecordingBank.Write) in
            write.bytes == nil && write.key.text.hasPrefix(keys.all.text + "/") && write.key != keys.index
                && write.key != keys.tombstone
        }
        let places = writes.indices.filter { isUnordered(writes[$0]) }
        for (place, write) in zip(places, places.map { writes[$0] }.sorted { $0.key < $1.key }) {
            writes[place] = write
        }
        return writes
    }

    static func collection(_ bank: any Bank, ownerHasEnded: Bool) -> CheckpointCollection {
        CheckpointCollection(
            bank: bank, owner: BankFormatTests.owner, consistency: .compareAndSwap, hasEnded: { _ in ownerHasEnded })
    }

    /// What is written, as the page calls it, with the status behind it while the owner lives and when it has ended.
    static let steps: [(write: String, status: CheckpointStatus?, ended: CheckpointStatus?)] = [
        ("indices/unfinished/<id>", nil, nil),
        ("index.json", .protecting, .error),
        ("ir.json", .protecting, .error),
        ("epochs/1.json", .protecting, .error),
        ("commits/1.json", .available, .available),
        ("by-plan", .available, .available),
        ("by-provider", .available, .available),
        ("by-date", .available, .available),
        ("-indices/unfinished/<id>", .available, .available),
        ("indices/unfinished/<id>", .available, .available),
        ("tombstone.json", .deleting, .deleting),
        ("tombstone.json", .deleting, .deleting),
        ("tombstone.json", .errorDeleting, .errorDeleting),
        ("-by-plan", .errorDeleting, .errorDeleting),
        ("-by-provider", .errorDeleting, .errorDeleting),
        ("-by-date", .errorDeleting, .errorDeleting),
        ("-index.json", .errorDeleting, .errorDeleting),
        ("-commits/1.json", .errorDeleting, .errorDeleting),
        ("-epochs/1.json", .errorDeleting, .errorDeleting),
        ("-ir.json", .errorDeleting, .errorDeleting),
        ("-tombstone.json", nil, nil),
        ("-indices/unfinished/<id>", nil, nil),
    ]

    private func name(_ write: RecordingBank.Write) -> String {
        var name = write.key.text.replacing("checkpoints/\(Self.id)/", with: "").replacing(Self.id.text, with: "<id>")
        if let match = name.firstMatch(of: /indices\/(by-[a-z]+)\//) { name = String(match.1) }
        return (write.bytes == nil ? "-" : "") + name
    }

    @Test("The program writes in this order") func order() async throws {
        #expect(try await Self.life().map(name) == Self.steps.map(\.write))
    }

    @Test("Behind each write the status is what the page says", arguments: [false, true])
    func statuses(_ ownerHasEnded: Bool) async throws {
        let bank = InMemoryBank()
        let collection = Self.collection(bank, ownerHasEnded: ownerHasEnded)
        for (write, step) in zip(try await Self.life(), Self.steps) {
            if let bytes = write.bytes {
                _ = try await bank.put(write.key, bytes, if: .none)
            } else {
                try await bank.delete(write.key, if: .none)
            }
            let status = try await collection.summary(Self.id)?.status
            #expect(status == (ownerHasEnded ? step.ended : step.status), "behind \(step.write)")
            // Whatever the status, a listing shows it.
            #expect(try await collection.list(.init()).map(\.status) == (status.map { [$0] } ?? []))
        }
        #expect(bank.contents.isEmpty)
    }

    @Test("The page's tables name these writes in this order") func page() throws {
        let text = try String(contentsOf: Page.root.appending(path: "docs/bank-format.md"), encoding: .utf8)
        let cells = text.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^\| [1-9] \| ([^|]*) \|/).map { String($0.1) }
        }
        let creating = [
            "`indices/unfinished/<id>`", "`index.json`", "`ir.json`", "`epochs/1.json`", "journal", "`commits/1.json`",
            "entries by plan, by provider, by date", "the marker is removed",
        ]
        let copying = [
            "`indices/unfinished/<id>`", "`index.json`", "`ir.json`", "`epochs/<n>.json`", "`e<n>/copying/`",
            "the definitions", "`commits/<n>.json`", "entries",
        ]
        let deleting = [
            "`indices/unfinished/<id>`", "`tombstone.json`", "`tombstone.json` again", "the plugins'",
            "entries by plan, by provider, by date", "`index.json` is removed", "the tombstone is removed",
            "the marker is removed",
        ]
        let expected = creating + copying + deleting
        #expect(cells.count == expected.count)
        for (cell, start) in zip(cells, expected) { #expect(cell.hasPrefix(start)) }
    }
}
