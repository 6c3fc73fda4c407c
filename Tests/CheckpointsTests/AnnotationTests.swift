import Bank
import BankConformance
import Checkpoints
import Testing

/// Labels, notes and pins.
@Suite struct AnnotationTests {
    private let now = Timestamp(milliseconds: BankShelf.start)

    @Test(arguments: ConsistencyLevel.allCases)
    func labelsAreSetChangedAndRemoved(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let id = try await shelf.add(BankShelf.start).id
        #expect(try await shelf.collection.annotations(id) == CheckpointAnnotations())
        try await shelf.collection.annotate(id, now: now) { texts in
            try texts.set("b", "2")
            try texts.set("a/b.c-d_e", "ä = ö")
            try texts.setNote("two\nlines")
        }
        try await shelf.collection.annotate(id, now: now) { texts in
            try texts.remove("b")
            try texts.remove("never-there")
            try texts.set("a/b.c-d_e", "new")
        }
        let annotations = try await shelf.collection.annotations(id)
        #expect(annotations.labels == ["a/b.c-d_e": "new"])
        #expect(annotations.note == "two\nlines" && !annotations.isPinned)
    }

    @Test(arguments: [
        "", "A", "-a", "a-", ".a", "a b", "ä", "a=b", String(repeating: "a", count: 64),
    ])
    func otherKeysAreRefused(_ key: String) {
        var texts = CheckpointLabels()
        #expect(throws: AnnotationError.invalidKey(key)) { try texts.set(key, "x") }
        #expect(texts.isEmpty)
    }

    @Test func whatIsTooMuchIsRefused() throws {
        var texts = CheckpointLabels()
        #expect(throws: AnnotationError.self) { try texts.set("a", String(repeating: "x", count: 257)) }
        #expect(throws: AnnotationError.self) { try texts.set("a", "x\u{1B}[2J") }
        #expect(throws: AnnotationError.self) { try texts.setNote(String(repeating: "x", count: 4097)) }
        #expect(throws: AnnotationError.self) { try texts.setNote("\u{7}") }
        for number in 0..<CheckpointLabels.mostLabels { try texts.set("k\(number)", "") }
        #expect(throws: AnnotationError.tooManyLabels(65)) { try texts.set("one-more", "") }
    }

    @Test func labelsThatAreChangedAtTheSameTimeAreAllKept() async throws {
        let shelf = BankShelf()
        let id = try await shelf.add(BankShelf.start).id
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try await shelf.collection.annotate(id, now: Timestamp(milliseconds: Int64(number))) {
                        try $0.set("k\(number)", "\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await shelf.collection.annotations(id).labels.count == 8)
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func aPinIsThereOrNot(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let id = try await shelf.add(BankShelf.start).id
        #expect(try await !shelf.collection.isPinned(id))
        #expect(try await !shelf.collection.unpin(id))
        try await shelf.collection.pin(id, by: "ada@host", reason: "before the move", now: now)
        try await shelf.collection.pin(id, by: "bob@host", reason: "", now: now)
        #expect(try await shelf.collection.isPinned(id))
        #expect(try await shelf.collection.annotations(id).pin?.by == "bob@host")
        await #expect(throws: CheckpointError.pinned(id)) {
            try await shelf.collection.ensureDeletable(id) { _ in true }
        }
        #expect(try await shelf.collection.unpin(id))
        #expect(try await !shelf.collection.isPinned(id))
        await #expect(throws: AnnotationError.self) {
            try await shelf.collection.pin(id, by: "ada", reason: "\u{1B}", now: now)
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func whatIsBeingDeletedTakesNothing(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let id = try await shelf.add(BankShelf.start).id
        let mark = try await shelf.collection.beginDeletion(id, now: now, force: false)
        await #expect(throws: AnnotationError.beingDeleted(id)) {
            try await shelf.collection.pin(id, by: "ada", reason: "", now: now)
        }
        await #expect(throws: AnnotationError.beingDeleted(id)) {
            try await shelf.collection.annotate(id, now: now) { try $0.set("a", "b") }
        }
        try await shelf.collection.finishDeletion(mark)
        await #expect(throws: CheckpointError.unknown(id.text)) {
            try await shelf.collection.pin(id, by: "ada", reason: "", now: now)
        }
        #expect(shelf.memory.contents.isEmpty)
    }

    /// A deletion that marks the checkpoint between the look and the write leaves no pin behind.
    @Test(arguments: ConsistencyLevel.allCases, ["pin.json", "labels.json"])
    func aDeletionThatComesBetweenIsSeen(_ level: ConsistencyLevel, _ name: String) async throws {
        let shelf = BankShelf(level)
        let index = try await shelf.add(BankShelf.start)
        let racing = MeddlingBank(shelf.bank, at: name) {
            let mark = try await shelf.collection.beginDeletion(index.id, now: index.created, force: false)
            try await shelf.collection.finishDeletion(mark)
        }
        let collection = CheckpointCollection(
            bank: racing, owner: BankShelf.owner, consistency: level, hasEnded: { _ in true })
        await #expect(throws: AnnotationError.beingDeleted(index.id)) {
            if name == "pin.json" {
                try await collection.pin(index.id, by: "ada", reason: "", now: now)
            } else {
                try await collection.annotate(index.id, now: now) { try $0.set("a", "b") }
            }
        }
        #expect(shelf.memory.contents.isEmpty)
    }

    /// Who comes too late takes nothing away from who came in time and was told so.
    @Test(arguments: ConsistencyLevel.allCases)
    func aPinThatCameInTimeOutlivesOneThatCameTooLate(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let (index, now) = (try await shelf.add(BankShelf.start), now)
        let racing = MeddlingBank(shelf.bank, at: "pin.json") {
            try await shelf.collection.pin(index.id, by: "ada@host", reason: "mine", now: now)
            _ = try await shelf.collection.beginDeletion(index.id, now: now, force: false)
        }
        let late = CheckpointCollection(
            bank: racing, owner: BankShelf.owner, consistency: level, hasEnded: { _ in true })
        await #expect(throws: AnnotationError.beingDeleted(index.id)) {
            try await late.pin(index.id, by: "bob@host", reason: "", now: now)
        }
        await #expect(throws: CheckpointError.pinned(index.id)) {
            try await shelf.collection.ensureDeletable(index.id) { _ in true }
        }
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func labelsThatWereSetInTimeOutliveThoseThatCameTooLate(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let (index, now) = (try await shelf.add(BankShelf.start), now)
        try await shelf.collection.annotate(index.id, now: now) { try $0.set("first", "1") }
        let racing = MeddlingBank(shelf.bank, at: "labels.json") {
            _ = try await shelf.collection.beginDeletion(index.id, now: now, force: false)
        }
        let late = CheckpointCollection(
            bank: racing, owner: BankShelf.owner, consistency: level, hasEnded: { _ in true })
        await #expect(throws: AnnotationError.beingDeleted(index.id)) {
            try await late.annotate(index.id, now: now) { try $0.set("second", "2") }
        }
        #expect(try await shelf.collection.annotations(index.id).labels["first"] == "1")
    }

    /// Behind the point of no return the deletion may have listed already what it removes.
    @Test(arguments: ConsistencyLevel.allCases)
    func nothingIsLeftInACheckpointThatGoesForGood(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let (index, now) = (try await shelf.add(BankShelf.start), now)
        let racing = MeddlingBank(shelf.bank, at: "pin.json") {
            let mark = try await shelf.collection.beginDeletion(index.id, now: now, force: false)
            #expect(try await shelf.collection.advanceDeletion(mark) != nil)
        }
        let late = CheckpointCollection(
            bank: racing, owner: BankShelf.owner, consistency: level, hasEnded: { _ in true })
        await #expect(throws: AnnotationError.beingDeleted(index.id)) {
            try await late.pin(index.id, by: "bob@host", reason: "", now: now)
        }
        #expect(try await !shelf.collection.isPinned(index.id))
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func labelsThatCannotBeReadAreReplacedOnlyWhenThatIsAskedFor(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let id = try await shelf.add(BankShelf.start).id
        let key = CheckpointKeys(id).labels
        try await shelf.bank.put(key, Array("torn".utf8), if: .none)
        do {
            try await shelf.collection.annotate(id, now: now) { try $0.set("a", "b") }
            Issue.record("replaced unasked")
        } catch let error as AnnotationError {
            #expect("\(error)".contains("--replace-damaged") && "\(error)".contains("\(key)"))
        }
        #expect(try await shelf.bank.get(key) == Array("torn".utf8))
        // Also where nothing is to be said any more.
        try await shelf.collection.annotate(id, now: now, replacesDamaged: true) { _ in }
        #expect(try await shelf.collection.annotations(id) == CheckpointAnnotations())
        try await shelf.collection.annotate(id, now: now, replacesDamaged: true) { try $0.set("a", "b") }
        #expect(try await shelf.collection.annotations(id).labels == ["a": "b"])
    }

    @Test(arguments: ConsistencyLevel.allCases)
    func damagedRecordsAreNamedAndHideNothing(_ level: ConsistencyLevel) async throws {
        let shelf = BankShelf(level)
        let id = try await shelf.add(BankShelf.start).id
        for key in [CheckpointKeys(id).labels, CheckpointKeys(id).pin] {
            try await shelf.bank.put(key, Array("torn".utf8), if: .none)
        }
        await #expect(throws: CheckpointError.self) { try await shelf.collection.annotations(id) }
        let page = try await shelf.collection.page(.init(), annotated: true)
        let annotations = try #require(page.checkpoints.first?.annotations)
        #expect(annotations.isPinned && annotations.pin == nil && annotations.faults.count == 2)
        #expect(try await shelf.collection.isPinned(id))
        await #expect(throws: AnnotationError.self) {
            try await shelf.collection.annotate(id, now: now) { try $0.set("a", "b") }
        }
    }
}

/// A bank in which something happens right before the first write of an object of some name.
private actor Meddler {
    private var isDue = true
    func take() -> Bool {
        defer { isDue = false }
        return isDue
    }
}

private struct MeddlingBank: Bank {
    let inner: any Bank
    let name: String
    let meddle: @Sendable () async throws -> Void
    private let meddler = Meddler()

    init(_ inner: any Bank, at name: String, _ meddle: @escaping @Sendable () async throws -> Void) {
        self.inner = inner
        self.name = name
        self.meddle = meddle
    }

    var place: String { inner.place }

    @discardableResult
    func put(_ key: BankKey, _ bytes: [UInt8], if condition: WriteCondition) async throws -> ObjectVersion {
        if key.text.hasSuffix(name), await meddler.take() { try await meddle() }
        return try await inner.put(key, bytes, if: condition)
    }
    @discardableResult
    func put(
        _ key: BankKey, stream chunks: any AsyncSequence<[UInt8], any Error> & Sendable, if condition: WriteCondition
    ) async throws -> Int64 { try await inner.put(key, stream: chunks, if: condition) }
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
