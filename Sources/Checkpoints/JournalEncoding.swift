import CanonicalForm
import PlanIR

/// The rows of a segment that is being filled, as the bytes that will be written: nothing is kept twice.
struct JournalRows: Sendable {
    /// The time that the rows' times are told from: that of the first one.
    private var base: Timestamp?
    private var writer = JSONWriter()
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    /// How many bytes the rows take.
    var byteCount: Int { writer.bytes.count }

    /// Appends an event as `[resource, hook, word, milliseconds since base, detail]`.
    mutating func append(_ event: JournalEvent) {
        let base = self.base ?? event.time
        self.base = base
        if count > 0 { writer.raw(0x2C) }
        count += 1
        writer.raw(0x5B)
        writer.integer(Int64(event.resource))
        switch event.hook {
        case .prepareBegin?: writer.raw(",\"prepareBegin\",\"")
        case .prepareFinish?: writer.raw(",\"prepareFinish\",\"")
        case .main?: writer.raw(",\"main\",\"")
        case .complete?: writer.raw(",\"complete\",\"")
        case nil: writer.raw(",null,\"")
        }
        let detail = word(of: event.change)
        writer.integer(event.time.milliseconds - base.milliseconds)
        if let detail, detail != .null {
            writer.raw(0x2C)
            writer.value(detail)
        }
        writer.raw(0x5D)
    }

    /// Appends the word for what happened, with the quote and comma behind it; returns what else there is to say.
    private mutating func word(of change: JournalEvent.Change) -> JSONValue? {
        switch change {
        case .started(let attempt):
            writer.raw("started\",")
            return attempt == 1 ? nil : .integer(Int64(attempt))
        case .finished(let result):
            writer.raw("finished\",")
            return result.json
        case .adopted(let result):
            writer.raw("adopted\",")
            return result.json
        case .retrying(let message):
            writer.raw("retrying\",")
            return .string(message)
        case .failed(let message, let warnings):
            writer.raw("failed\",")
            return warnings.count == 0 ? .string(message) : ["message": .string(message), "warnings": warnings.json]
        case .cancelled:
            writer.raw("cancelled\",")
            return nil
        case .undo(let note):
            writer.raw("undo\",")
            return .object(note)
        case .undone:
            writer.raw("undone\",")
            return nil
        case .reverted:
            writer.raw("reverted\",")
            return nil
        case .revertFailed(let message):
            writer.raw("revertFailed\",")
            return .string(message)
        case .progress(let bytes):
            writer.raw("progress\",")
            return .integer(bytes)
        }
    }

    /// The bytes of the sealed record of these rows as segment `number` (see `SealedRecord`).
    func sealed(number: UInt32) -> [UInt8] {
        var record = JSONWriter(capacity: writer.bytes.count + 256)
        record.raw("{\"base\":")
        record.value(.string((base ?? Timestamp(milliseconds: 0)).text))
        let beforeDigest = record.bytes.count
        record.raw(",\"digest\":\"")
        let digestPlace = record.bytes.count
        record.bytes.append(contentsOf: SHA256Digest.blank.utf8)
        record.raw(0x22)
        let behindDigest = record.bytes.count
        record.raw(",\"events\":[")
        record.bytes.append(contentsOf: writer.bytes)
        record.raw("],\"format\":\"cairn.journal\",\"segment\":")
        record.integer(Int64(number))
        record.raw(",\"version\":2}")
        let digest = SHA256Digest(of: [0..<beforeDigest, behindDigest..<record.bytes.count], in: record.bytes)
        record.bytes.replaceSubrange(digestPlace..<behindDigest - 1, with: digest.description.utf8)
        record.raw(0x0A)
        return record.bytes
    }
}
