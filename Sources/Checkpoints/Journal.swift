package import Bank
package import CanonicalForm

/// One change of an activity's state.
package struct JournalEvent: Sendable, Hashable {
    /// The states that are journalled.
    package enum State: String, Sendable, CaseIterable {
        case started, finished, failed, reverted
    }

    /// The message of a failure that was none: the activity was stopped because another one had failed, or all were.
    package static let cancelledMessage = "cancelled"

    /// `hook:TYPE#ID`
    package let activity: String
    package let state: State
    package let time: Timestamp
    /// The reason of a failure, else empty.
    package let message: String

    package init(activity: String, state: State, time: Timestamp, message: String = "") {
        self.activity = activity
        self.state = state
        self.time = time
        self.message = message
    }

    init(_ object: JSONObject) throws(SealedRecordError) {
        activity = try object.string("activity")
        guard let state = State(rawValue: try object.string("state")) else {
            throw .malformed(member: "state", expected: "an activity state")
        }
        self.state = state
        time = try object.timestamp("time")
        message = try object.string("message")
    }

    var json: JSONValue {
        [
            "activity": .string(activity), "state": .string(state.rawValue), "time": .string(time.description),
            "message": .string(message),
        ]
    }
}

/// One object of a journal: the events that became durable together.
package struct JournalSegment: Sendable, Hashable {
    package static let format = "cairn.journal"

    package let number: UInt32
    package let events: [JournalEvent]

    package init(number: UInt32, events: [JournalEvent]) {
        self.number = number
        self.events = events
    }

    package init(opening bytes: [UInt8]) throws(SealedRecordError) {
        let content = try SealedRecord(opening: bytes, format: Self.format, version: 1).content
        number = try content.uint32("segment")
        var list: [JournalEvent] = []
        for value in try content.array("events") {
            guard let object = value.objectValue else { throw .malformed(member: "events", expected: "objects") }
            list.append(try JournalEvent(object))
        }
        events = list
    }

    package var record: SealedRecord {
        SealedRecord(
            format: Self.format, version: 1,
            ["segment": .integer(Int64(number)), "events": .array(events.map(\.json))])
    }
}

/// Appends to the journal of one epoch: an event is durable when `append` returns, and events that come while a
/// segment is being written go together into the next one.
///
/// Segments are written by a task of the writer's own, so that cancelling who appends leaves no gap.
package actor JournalWriter {
    private let bank: any Bank
    private let layout: CheckpointKeys
    private let epoch: UInt32
    private var pending: [JournalEvent] = []
    private var waiting: [CheckedContinuation<Void, any Error>] = []
    private var isWriting = false
    /// The first failure; nothing is written behind a gap.
    private var failure: (any Error)?
    /// How many segments are durable: the number of the next one.
    package private(set) var segments: UInt32 = 0

    /// A writer of a new journal.
    package init(bank: any Bank, layout: CheckpointKeys, epoch: UInt32) {
        self.bank = bank
        self.layout = layout
        self.epoch = epoch
    }

    /// Appends an event and waits until it is durable; throws what the bank threw, then and ever after.
    package func append(_ event: JournalEvent) async throws {
        if let failure { throw failure }
        pending.append(event)
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(continuation)
            guard !isWriting else { return }
            isWriting = true
            Task { await writeAll() }
        }
    }

    /// Writes until nobody waits; each segment takes all that came while the one before was being written.
    private func writeAll() async {
        while !waiting.isEmpty {
            let (events, served) = (pending, waiting)
            (pending, waiting) = ([], [])
            let result = await write(events)
            for waiter in served { waiter.resume(with: result) }
        }
        isWriting = false
    }

    private func write(_ events: [JournalEvent]) async -> Result<Void, any Error> {
        if let failure { return .failure(failure) }
        do {
            let segment = JournalSegment(number: segments, events: events)
            try await bank.putOnce(layout.journal(ofEpoch: epoch, page: segments), segment.record.bytes)
            segments += 1
            return .success(())
        } catch {
            failure = error
            return .failure(error)
        }
    }
}
