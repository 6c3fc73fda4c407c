package import Bank
import CanonicalForm
package import PlanIR

/// What a journal says, as far as it goes.
package struct JournalHistory: Sendable {
    /// The epoch whose journal it is.
    package let epoch: UInt32
    /// The events in the order in which they became durable.
    package let events: [JournalEvent]
    /// How many segments they came in.
    package let segments: UInt32
}

extension CheckpointCollection {
    /// The IR of a checkpoint, as bytes whose digest is the one in its index record.
    ///
    /// Throws `CheckpointError.damaged`.
    package func irBytes(_ index: CheckpointIndex) async throws -> [UInt8] {
        let key = CheckpointKeys(index.id).ir
        let bytes = try await read(key, longest: ObjectLimit.bulk) { $0 }
        guard SHA256Digest(of: bytes) == index.irDigest else {
            throw CheckpointError.damaged(
                key, reason: "its digest is not the one in \(CheckpointKeys(index.id).index)")
        }
        return bytes
    }

    /// What happened in the run of a checkpoint: the journal of its newest epoch that has begun one, which tells what
    /// it took over from those before.
    ///
    /// Throws `CheckpointError.damaged` when a segment cannot be read, or when there are fewer than the commit record
    /// counted.
    package func journal(_ id: CheckpointID, _ ir: PlanIR) async throws -> JournalHistory {
        guard let commit = try await commit(id) else {
            return try await journal(of: try await epochs(id), id, ir)
        }
        let keys = CheckpointKeys(id)
        let (events, segments) = try await segments(ir, count: commit.journalSegments) {
            keys.journal(ofEpoch: commit.epoch, page: $0)
        }
        return JournalHistory(epoch: commit.epoch, events: events, segments: segments)
    }

    /// What happened in some epochs: the journal of the last of them that has begun one. An epoch that was claimed and
    /// has not begun its journal has done nothing.
    package func journal(of epochs: [UInt32], _ id: CheckpointID, _ ir: PlanIR) async throws -> JournalHistory {
        let keys = CheckpointKeys(id)
        for epoch in epochs.reversed() {
            let (events, segments) = try await segments(ir, count: nil) { keys.journal(ofEpoch: epoch, page: $0) }
            if segments > 0 { return JournalHistory(epoch: epoch, events: events, segments: segments) }
        }
        return JournalHistory(epoch: epochs.first ?? 1, events: [], segments: 0)
    }

    /// The events of the segments from `first` on that are there; for those who watch a run.
    package func segments(
        _ ir: PlanIR, from first: UInt32 = 0, count: UInt32?, key: (UInt32) -> BankKey
    ) async throws -> (events: [JournalEvent], segments: UInt32) {
        var events: [JournalEvent] = []
        var number = first
        while true {
            let key = key(number)
            if let count {
                if number >= count { break }
            } else if try await bank.size(key) == nil {
                break
            }
            let segment = try await read(key, longest: ObjectLimit.bulk) {
                try JournalSegment(opening: $0, number: number, of: ir)
            }
            events += segment.events
            number += 1
        }
        return (events, number)
    }

    // MARK: What can be read of one that is damaged

    /// What some epochs of a checkpoint have noted, as far as it can be read, and what cannot be.
    ///
    /// As `journal(of:_:_:)`. The first segment of an epoch says what is due from those before; where it cannot be read,
    /// they do. Throws `CheckpointError.unreadable` for what may well be whole.
    package func legibleJournal(
        of epochs: [UInt32], _ ir: PlanIR, below prefix: (UInt32) -> BankKey
    ) async throws -> (events: [JournalEvent], faults: [CheckpointError]) {
        var events: [JournalEvent] = []
        var faults: [CheckpointError] = []
        for epoch in epochs.reversed() {
            let journal = prefix(epoch)
            var numbers = JournalSegments.numbers(upTo: try await bank.allKeys(below: journal), of: journal)
            // A listing may be behind.
            while let next = try await segment(behind: numbers.last, of: journal) { numbers.append(next) }
            var found: [JournalEvent] = []
            var isWhole = !numbers.isEmpty
            for number in numbers {
                do {
                    let key = try JournalSegments.key(number, of: journal)
                    found += try await read(key, longest: ObjectLimit.bulk) {
                        try JournalSegment(opening: $0, number: number, of: ir)
                    }.events
                } catch let fault as CheckpointError {
                    // What this user may not read another one may, and what is due must not be forgotten for that.
                    if case .unreadable = fault { throw fault }
                    faults.append(fault)
                    isWhole = isWhole && number > 0
                }
            }
            events = found + events
            if isWhole { break }
        }
        return (events, faults)
    }

    private func segment(behind number: UInt32?, of journal: BankKey) async throws -> UInt32? {
        guard number != .max else { return nil }
        let next = number.map { $0 + 1 } ?? 0
        return try await bank.size(JournalSegments.key(next, of: journal)) == nil ? nil : next
    }
}

/// The keys of a journal's segments.
package enum JournalSegments {
    /// How many segments are looked for where some are missing: a key that nobody has written may have any number.
    private static let longestGap: UInt32 = 1000

    /// The key of a segment, counted from 0.
    package static func key(_ number: UInt32, of journal: BankKey) throws -> BankKey {
        try journal.appending("\(eightDigits(number)).json")
    }

    /// The segment that a key names right below that of a journal; `nil` when it names none.
    package static func number(of key: BankKey, in journal: BankKey) -> UInt32? {
        guard let name = key.segments.last, name.hasSuffix(".json"), let number = UInt32(name.dropLast(5)),
            (try? Self.key(number, of: journal)) == key
        else { return nil }
        return number
    }

    /// The numbers of those that keys name, ascending, and of those that are missing before them.
    package static func numbers(upTo keys: [BankKey], of journal: BankKey) -> [UInt32] {
        var numbers: [UInt32] = []
        for number in keys.compactMap({ number(of: $0, in: journal) }).sorted() {
            let next = numbers.last.map { $0 + 1 } ?? 0
            if next < number { numbers += next..<min(number, next + longestGap) }
            numbers.append(number)
        }
        return numbers
    }
}
